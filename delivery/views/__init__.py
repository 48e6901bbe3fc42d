"""Pages of delivery: sending domains and sender addresses."""
