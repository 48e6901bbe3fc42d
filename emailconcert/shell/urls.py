"""Addresses of the component gallery."""

from django.urls import path

from emailconcert.shell import gallery

app_name = "shell"
urlpatterns = [
    path("", gallery.components, name="components"),
    path("part/", gallery.part, name="part"),
    path("act/", gallery.act, name="act"),
    path("frame/<slug:frame>/", gallery.frame, name="frame"),
]
