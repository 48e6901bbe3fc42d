"""Doing something to many contacts at once."""
