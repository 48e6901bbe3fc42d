"""What campaigns can be asked to do. Services know neither HTTP nor Celery."""
