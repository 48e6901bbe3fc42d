"""Addresses of links in mails, on the content host. What they post to is not under /u/: that is the edge's alone."""

from django.urls import path

from tracking.views import opting_out, own_data, viewing, webhooks

app_name = "tracking_public"

urlpatterns = [
    path("u/<str:token>", opting_out.unsubscribe, name="unsubscribe"),
    path("leave/<str:token>", opting_out.leave, name="leave"),
    path("leave/<str:token>/undo", opting_out.take_back, name="take-back"),
    path("p/<str:token>", opting_out.preferences, name="preferences"),
    path("p/<str:token>/code", own_data.code, name="code"),
    path("p/<str:token>/me", own_data.stored, name="own-data"),
    path("p/<str:token>/ask", own_data.ask, name="ask"),
    path("p/<str:token>/close", own_data.close, name="close"),
    path("hooks/<str:token>", webhooks.report, name="webhook"),
    path("v/<str:token>", viewing.view_in_browser, name="view"),
]
