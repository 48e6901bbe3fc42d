"""Lists, tags, standing on lists, and the addresses that are never mailed."""
