"""Addresses of contacts, lists, segments, forms, imports, tags and suppressions."""

from django.urls import path

from contacts import urls_forms, urls_imports, urls_profile, urls_table
from contacts.views import (
    organising,
    people,
    segments,
    standing,
    suppressions,
)

app_name = "contacts"

urlpatterns = [
    *urls_table.urlpatterns,
    *urls_profile.urlpatterns,
    path("contacts/undo/<str:secret>/", people.undo_delete, name="undo-delete"),
    path("contacts/<int:pk>/delete/", people.delete, name="delete"),
    path("contacts/<int:pk>/subscribe/", standing.subscribe, name="subscribe"),
    path("contacts/<int:pk>/unsubscribe/", standing.unsubscribe, name="unsubscribe"),
    path("contacts/<int:pk>/tag/", standing.tag, name="tag"),
    path("contacts/<int:pk>/untag/<int:tag_pk>/", standing.untag, name="untag"),
    path("contacts/lists/", organising.lists, name="lists"),
    path("contacts/lists/add/", organising.add_list, name="list-add"),
    path("contacts/lists/<int:pk>/", organising.edit_list, name="list-edit"),
    path("contacts/lists/<int:pk>/delete/", organising.delete_list, name="list-delete"),
    path("contacts/tags/", organising.tags, name="tags"),
    path("contacts/tags/add/", organising.add_tag, name="tag-add"),
    path("contacts/tags/<int:pk>/rename/", organising.rename_tag, name="tag-rename"),
    path("contacts/tags/<int:pk>/delete/", organising.delete_tag, name="tag-delete"),
    path("contacts/segments/", segments.segments, name="segments"),
    path("contacts/segments/new/", segments.build, name="segment-new"),
    path("contacts/segments/<int:pk>/", segments.build, name="segment"),
    path("contacts/segments/count/", segments.count, name="segment-count"),
    path("contacts/segments/<int:pk>/count/", segments.count_again, name="segment-count-again"),
    path("contacts/segments/<int:pk>/duplicate/", segments.duplicate, name="segment-duplicate"),
    path("contacts/segments/<int:pk>/delete/", segments.delete, name="segment-delete"),
    path("contacts/suppressions/", suppressions.suppressions, name="suppressions"),
    path("contacts/suppressions/add/", suppressions.add, name="suppression-add"),
    path("contacts/suppressions/<int:pk>/lift/", suppressions.lift, name="suppression-lift"),
    *urls_imports.urlpatterns,
    *urls_forms.urlpatterns,
]
