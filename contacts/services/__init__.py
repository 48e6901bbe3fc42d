"""What contacts can be asked to do. Services know neither HTTP nor Celery."""
