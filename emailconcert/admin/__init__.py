"""The admin site: the Data Protection Officer's and the platform's door."""

from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig


class AdminConfig(DjangoAdminConfig):
    """Puts our site in the place of Django's."""

    default_site = "emailconcert.admin.site.PlatformAdminSite"
