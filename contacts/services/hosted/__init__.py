"""Hosted forms: kept by members, filled in by people, and what is kept as evidence."""
