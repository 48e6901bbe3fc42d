"""What tracking does. Services know neither HTTP nor Celery."""
