"""Addresses under /settings/sending/."""

from django.urls import path

from delivery.views import domains, sending, verifying

app_name = "delivery"
urlpatterns = [
    path("", sending.overview, name="sending"),
    path("domains/", sending.add_domain, name="add-domain"),
    path("domains/<int:pk>/", domains.detail, name="domain"),
    path("domains/<int:pk>/check/", domains.check, name="check-domain"),
    path("domains/<int:pk>/rotate/", domains.rotate, name="rotate-domain"),
    path("domains/<int:pk>/remove/", domains.remove, name="remove-domain"),
    path("senders/", sending.add_sender, name="add-sender"),
    path("senders/<int:pk>/ask-again/", sending.ask_sender_again, name="ask-sender-again"),
    path("senders/verify/<str:token>/", verifying.verify_sender, name="verify-sender"),
]
