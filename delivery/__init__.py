"""How a message reaches a mailbox, exactly once."""
