"""A mailbox for one's own machine: a real SMTP server, and a web page and an API that show what arrived."""
