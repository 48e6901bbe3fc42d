"""What happened to a message."""
