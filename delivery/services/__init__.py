"""What delivery does: compile, materialise, claim, send, settle, recover, hold. Neither HTTP nor Celery is known here."""
