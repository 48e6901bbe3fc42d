"""Who may be written to, and what is known of them."""
