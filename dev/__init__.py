"""What a bare machine needs to run and test EmailConcert; nothing here is used in production."""
