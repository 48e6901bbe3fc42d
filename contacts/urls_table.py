"""Addresses of the table of contacts, and of what is done to many of them."""

from django.urls import path

from contacts.views import bulk, exports, merging, organising, suppressions, table

urlpatterns = [
    path("contacts/", table.index, name="list"),
    path("contacts/count/", table.count, name="count"),
    path("contacts/columns/", table.choose_columns, name="columns"),
    path("contacts/views/save/", table.save_view, name="view-save"),
    path("contacts/views/<int:pk>/", table.change_view, name="view"),
    path("contacts/views/<int:pk>/delete/", table.delete_view, name="view-delete"),
    path("contacts/bulk/", bulk.ask, name="bulk"),
    path("contacts/bulk/start/", bulk.start, name="bulk-start"),
    path("contacts/bulk/actions/", bulk.actions, name="bulk-actions"),
    path("contacts/bulk/<int:pk>/", bulk.detail, name="bulk-action"),
    path("contacts/bulk/<int:pk>/stop/", bulk.stop, name="bulk-stop"),
    path("contacts/bulk/<int:pk>/undo/", bulk.undo, name="bulk-undo"),
    path("contacts/<int:pk>/merge/", merging.choose, name="merge-choose"),
    path("contacts/<int:pk>/merge/now/", merging.merge, name="merge"),
    path("contacts/exports/", exports.exports, name="exports"),
    path("contacts/exports/new/", exports.new, name="export-new"),
    path("contacts/exports/start/", exports.start, name="export-start"),
    path("contacts/exports/<int:pk>/", exports.detail, name="export"),
    path("contacts/exports/<int:pk>/file/", exports.download, name="export-file"),
    path("contacts/exports/<int:pk>/withdraw/", exports.withdraw, name="export-withdraw"),
    path("contacts/tags/<int:pk>/merge/", organising.merge_tag, name="tag-merge"),
    path("contacts/suppressions/export.csv", suppressions.export, name="suppressions-export"),
    path("contacts/suppressions/domains/<int:pk>/lift/", suppressions.lift_domain, name="domain-lift"),
]
