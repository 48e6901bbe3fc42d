"""The campaigns app."""

from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    """Wires the app's registrations."""

    name = "campaigns"
