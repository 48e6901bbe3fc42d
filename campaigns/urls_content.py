"""Addresses of campaigns on the content host."""

from django.urls import path

from campaigns.views import archive_public, previewing, sharing

urlpatterns = [
    path("preview/<str:token>/", previewing.show, name="campaign-preview"),
    path("preview/template/<str:token>/", previewing.template, name="template-picture"),
    path("r/<str:token>", sharing.shared, name="shared-report"),
    path("a/<slug:slug>/", archive_public.index, name="archive"),
    path("a/<slug:slug>/feed.atom", archive_public.feed, name="archive-feed"),
    path("a/<slug:slug>/<int:pk>/", archive_public.mail, name="archive-mail"),
    path("a/<slug:slug>/<int:pk>/mail", archive_public.frame, name="archive-frame"),
]
