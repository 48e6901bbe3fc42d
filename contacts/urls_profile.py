"""Addresses of one contact's pages, and of the account's own fields."""

from django.urls import path

from contacts.views import fields, profile

urlpatterns = [
    path("contacts/add/", profile.add, name="add"),
    path("contacts/<int:pk>/", profile.detail, name="detail"),
    path("contacts/<int:pk>/edit/", profile.edit, name="edit"),
    path("contacts/<int:pk>/timeline/", profile.older, name="timeline"),
    path("contacts/<int:pk>/value/<str:name>/", profile.value, name="value"),
    path("contacts/<int:pk>/value/<str:name>/show/", profile.reveal, name="value-show"),
    path("contacts/<int:pk>/consents.json", profile.consents, {"kind": "json"}, name="consents-json"),
    path("contacts/<int:pk>/consents.csv", profile.consents, {"kind": "csv"}, name="consents-csv"),
    path("contacts/fields/", fields.fields, name="fields"),
    path("contacts/fields/add/", fields.add, name="field-add"),
    path("contacts/fields/<int:pk>/", fields.edit, name="field-edit"),
    path("contacts/fields/<int:pk>/move/", fields.move, name="field-move"),
    path("contacts/fields/<int:pk>/delete/", fields.delete, name="field-delete"),
]
