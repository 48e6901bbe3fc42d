"""Pages of contacts: one action each, one call of a service each."""
