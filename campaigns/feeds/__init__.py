"""Feeds of news: reading what somebody else's server sent, and filling a mail with it."""
