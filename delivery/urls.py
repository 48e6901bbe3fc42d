"""Addresses under /settings/sending/."""

from django.urls import path, re_path

from delivery.views import connections, domains, limits, reputation, sending, verifying

app_name = "delivery"
urlpatterns = [
    path("", sending.overview, name="sending"),
    path("domains/", sending.add_domain, name="add-domain"),
    path("domains/<int:pk>/", domains.detail, name="domain"),
    path("domains/<int:pk>/check/", domains.check, name="check-domain"),
    path("domains/<int:pk>/rotate/", domains.rotate, name="rotate-domain"),
    path("domains/<int:pk>/remove/", domains.remove, name="remove-domain"),
    path("limits/", limits.overview, name="limits"),
    path("limits/change/", limits.change, name="change-limits"),
    re_path(r"^limits/(?P<pk>\d+)/(?P<act>start|stop|skip)/$", limits.warm_up, name="warm-up"),
    path("reputation/", reputation.overview, name="reputation"),
    path("senders/", sending.add_sender, name="add-sender"),
    path("senders/<int:pk>/ask-again/", sending.ask_sender_again, name="ask-sender-again"),
    path("senders/verify/<str:token>/", verifying.verify_sender, name="verify-sender"),
    path("connections/add/", connections.choose, name="choose-connection"),
    path("connections/add/<slug:provider>/", connections.add, name="add-connection"),
    path("connections/<int:pk>/", connections.detail, name="connection"),
    path("connections/<int:pk>/edit/", connections.edit, name="edit-connection"),
    path("connections/<int:pk>/test/", connections.test, name="test-connection"),
    path("connections/<int:pk>/remove/", connections.remove, name="remove-connection"),
]
