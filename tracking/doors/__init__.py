"""The doors that mail comes in by: a server of our own (SMTP and LMTP), and mailboxes that are looked into."""
