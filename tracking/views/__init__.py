"""Contacts' pages on the content host: no sign-in, no script, no cookie."""
