"""Addresses under /settings/sending/."""

from django.urls import path

from delivery.views import sending, verifying

app_name = "delivery"
urlpatterns = [
    path("", sending.overview, name="sending"),
    path("domains/", sending.add_domain, name="add-domain"),
    path("domains/<int:pk>/", sending.domain, name="domain"),
    path("domains/<int:pk>/check/", sending.check_domain, name="check-domain"),
    path("senders/", sending.add_sender, name="add-sender"),
    path("senders/<int:pk>/ask-again/", sending.ask_sender_again, name="ask-sender-again"),
    path("senders/verify/<str:token>/", verifying.verify_sender, name="verify-sender"),
]
