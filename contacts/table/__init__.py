"""The table of contacts: what it is narrowed to, how that is found, paged by key, and which columns it shows."""
