"""Addresses of links in mails, on the content host. What they post to is not under /u/: that is the edge's alone."""

from django.urls import path

from tracking.views import opting_out, viewing

app_name = "tracking_public"

urlpatterns = [
    path("u/<str:token>", opting_out.unsubscribe, name="unsubscribe"),
    path("leave/<str:token>", opting_out.leave, name="leave"),
    path("leave/<str:token>/undo", opting_out.take_back, name="take-back"),
    path("p/<str:token>", opting_out.preferences, name="preferences"),
    path("v/<str:token>", viewing.view_in_browser, name="view"),
]
