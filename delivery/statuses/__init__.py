"""What a mail server's words about a recipient mean: pure functions, for replies while sending and for reports later."""
