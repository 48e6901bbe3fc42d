"""Addresses of hosted forms, as their owner keeps them."""

from django.urls import path

from contacts.views import form_building, form_sharing, forms, public_parts

urlpatterns = [
    path("contacts/forms/", forms.forms, name="forms"),
    path("contacts/forms/add/", forms.add, name="form-add"),
    path("contacts/forms/<int:pk>/", form_building.edit, name="form-edit"),
    path("contacts/forms/<int:pk>/share/", form_sharing.share, name="form-share"),
    path("contacts/forms/<int:pk>/results/", form_sharing.results, name="form-results"),
    path("contacts/forms/<int:pk>/versions/", form_sharing.versions, name="form-versions"),
    path("contacts/forms/<int:pk>/settings/", form_sharing.settings_page, name="form-settings"),
    path("contacts/forms/<int:pk>/change/", forms.change, name="form-change"),
    path("contacts/forms/<int:pk>/duplicate/", forms.duplicate, name="form-duplicate"),
    path("contacts/forms/<int:pk>/delete/", forms.delete, name="form-delete"),
    path("f/look.css", public_parts.look, name="form-look"),
]
