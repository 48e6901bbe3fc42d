"""One action per view, one call into the domain per action."""
