"""Addresses of privacy on the members' host."""

from django.urls import path

from privacy import urls_content
from privacy.views import owner, profile

app_name = "privacy"
urlpatterns = [
    *urls_content.urlpatterns,
    path("settings/privacy/", owner.index, name="owner"),
    path("settings/privacy/<str:reference>/", owner.detail, name="owner-detail"),
    path("settings/privacy/<str:reference>/answer/", owner.answer, name="owner-answer"),
    path("settings/profile/privacy/", profile.index, name="profile"),
    path("settings/profile/privacy/ask/", profile.ask, name="profile-ask"),
    path("settings/profile/privacy/<str:reference>/withdraw/", profile.withdraw, name="profile-withdraw"),
]
