"""Addresses of feeds on the members' host."""

from django.urls import path

from campaigns.views import feeds

app_name = "feeds"
urlpatterns = [
    path("campaigns/feeds/", feeds.index, name="list"),
    path("campaigns/feeds/new/", feeds.create, name="create"),
    path("campaigns/feeds/<int:pk>/", feeds.detail, name="detail"),
    path("campaigns/feeds/<int:pk>/edit/", feeds.edit, name="edit"),
    path("campaigns/feeds/<int:pk>/look/", feeds.look, name="look"),
    path("campaigns/feeds/<int:pk>/start/", feeds.start, name="start"),
    path("campaigns/feeds/<int:pk>/pause/", feeds.pause, name="pause"),
    path("campaigns/feeds/<int:pk>/delete/", feeds.delete, name="delete"),
]
