"""Tenants, login profiles, roles, two-factor, audit, outbox."""
