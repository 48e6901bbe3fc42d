"""Addresses of templates on the members' host."""

from django.urls import path

from campaigns.views import blocks, own_templates, templates

app_name = "templates"
urlpatterns = [
    path("content/templates/", templates.index, name="list"),
    path("content/templates/gallery/<slug:slug>/", templates.sample, name="sample"),
    path("content/templates/use/", templates.use, name="use"),
    path("content/templates/keep/", own_templates.keep, name="keep"),
    path("content/templates/from/<int:pk>/", own_templates.save, name="save"),
    path("content/blocks/", blocks.index, name="blocks"),
    path("content/blocks/keep/", blocks.keep, name="keep-block"),
    path("content/blocks/<int:pk>/name/", blocks.rename, name="rename-block"),
    path("content/blocks/<int:pk>/delete/", blocks.delete, name="delete-block"),
    path("content/blocks/<int:pk>/restore/", blocks.restore, name="restore-block"),
    path("content/templates/<int:pk>/", templates.detail, name="detail"),
    path("content/templates/<int:pk>/edit/", own_templates.edit, name="edit"),
    path("content/templates/<int:pk>/name/", own_templates.rename, name="rename"),
    path("content/templates/<int:pk>/duplicate/", own_templates.duplicate, name="duplicate"),
    path("content/templates/<int:pk>/delete/", own_templates.delete, name="delete"),
    path("content/templates/<int:pk>/restore/", own_templates.restore, name="restore"),
]
