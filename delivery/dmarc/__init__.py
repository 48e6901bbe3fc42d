"""DMARC aggregate reports: from a mail's attachment to rows, with no database."""
