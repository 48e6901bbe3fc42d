"""Bytes on the wire: MIME filled per recipient, DKIM, an SMTP client that pipelines, and the journal of what was sent."""
