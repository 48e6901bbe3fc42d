"""DNS records of sending domains: what is expected, what is found, and what to do about the difference. No database."""
