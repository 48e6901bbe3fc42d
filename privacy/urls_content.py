"""Addresses of privacy that exist on both hosts."""

from django.urls import path
from django.views.generic import RedirectView

from privacy.views import packages, public

app_name = "privacy"
urlpatterns = [
    path("privacy/", public.notice, name="notice"),
    path("privacy/terms/", public.terms, name="terms"),
    path("terms/", RedirectView.as_view(pattern_name="privacy:terms")),
    path("privacy/request/", public.ask, name="request"),
    path("privacy/request/send/", public.submit, name="submit"),
    path("privacy/request/sent/", public.sent, name="sent"),
    path("privacy/verify/<str:secret>/", public.link, name="verify"),
    path("privacy/verify/<str:secret>/confirm/", public.confirm, name="confirm"),
    path("privacy/verify/<str:secret>/withdraw/", public.withdraw, name="withdraw"),
    path("privacy/package/<str:secret>/", packages.show, name="package"),
    path("privacy/package/<str:secret>/code/", packages.send_code, name="package-code"),
    path("privacy/package/<str:secret>/download/", packages.download, name="package-download"),
]
