"""Addresses of imports."""

from django.urls import path

from contacts.views import import_steps, imports

urlpatterns = [
    path("contacts/imports/", imports.imports, name="imports"),
    path("contacts/import/", import_steps.upload, name="import"),
    path("contacts/import/<int:pk>/", imports.detail, name="import-detail"),
    path("contacts/import/<int:pk>/columns/", import_steps.match, name="import-columns"),
    path("contacts/import/<int:pk>/terms/", import_steps.terms, name="import-terms"),
    path("contacts/import/<int:pk>/start/", import_steps.start, name="import-start"),
    path("contacts/import/<int:pk>/pause/", imports.pause, name="import-pause"),
    path("contacts/import/<int:pk>/resume/", imports.resume, name="import-resume"),
    path("contacts/import/<int:pk>/cancel/", imports.cancel, name="import-cancel"),
    path("contacts/import/<int:pk>/undo/", imports.undo, name="import-undo"),
    path("contacts/import/<int:pk>/refused.csv", imports.refused, name="import-refused"),
]
