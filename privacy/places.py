"""Where privacy stands in the navigation."""
