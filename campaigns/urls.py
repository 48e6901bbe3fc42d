"""Addresses of campaigns on the members' host."""

from django.urls import path, register_converter

from campaigns.models import Variant
from campaigns.views import (
    archive,
    drafting,
    following_up,
    listing,
    planning,
    reporting,
    reviewing,
    scheduling,
    searching,
    sending,
    sharing,
    variants,
    versions,
    writing,
)

app_name = "campaigns"


class ContentConverter:
    """The content of a variant, by its name: "content" of the first, "content/B" of another."""

    regex = "content(?:/[BCD])?"

    def to_python(self, value: str) -> str:
        """Return the variant's name."""
        return value.partition("/")[2] or Variant.FIRST

    def to_url(self, value: str) -> str:
        """Return what stands in the address."""
        return "content" if value == Variant.FIRST else f"content/{value}"


register_converter(ContentConverter, "content")
urlpatterns = [
    path("campaigns/", listing.index, name="list"),
    path("campaigns/calendar/", planning.index, name="calendar"),
    path("campaigns/new/", listing.create, name="create"),
    path("campaigns/archive/", archive.index, name="archive"),
    path("settings/archive/", archive.settings, name="archive-settings"),
    path("campaigns/<int:pk>/archive/add/", archive.add, name="archive-add"),
    path("campaigns/<int:pk>/archive/take-out/", archive.take_out, name="archive-take-out"),
    path("campaigns/<int:pk>/", sending.detail, name="detail"),
    path("campaigns/<int:pk>/name/", listing.rename, name="rename"),
    path("campaigns/<int:pk>/duplicate/", listing.duplicate, name="duplicate"),
    path("campaigns/<int:pk>/delete/", listing.delete, name="delete"),
    path("campaigns/<int:pk>/restore/", listing.restore, name="restore"),
    path("campaigns/<int:pk>/audience/", drafting.audience, name="audience"),
    path("campaigns/<int:pk>/envelope/", drafting.envelope, name="envelope"),
    path("campaigns/<int:pk>/content/", writing.content, name="content"),
    path("campaigns/<int:pk>/<content:name>/", writing.content, name="content"),
    path("campaigns/<int:pk>/<content:name>/presence/", writing.presence, name="presence"),
    path("campaigns/<int:pk>/<content:name>/versions/", versions.index, name="versions"),
    path("campaigns/<int:pk>/<content:name>/versions/<int:number>/", versions.detail, name="version"),
    path("campaigns/<int:pk>/<content:name>/versions/<int:number>/restore/", versions.restore, name="restore-version"),
    path("campaigns/<int:pk>/variants/", variants.index, name="variants"),
    path("campaigns/<int:pk>/variants/add/", variants.add, name="add-variant"),
    path("campaigns/<int:pk>/variants/<str:name>/", variants.edit, name="variant"),
    path("campaigns/<int:pk>/variants/<str:name>/own/", variants.begin_own_content, name="own-content"),
    path("campaigns/<int:pk>/variants/<str:name>/same/", variants.drop_own_content, name="same-content"),
    path("campaigns/<int:pk>/variants/<str:name>/remove/", variants.remove, name="remove-variant"),
    path("campaigns/<int:pk>/variants/<str:name>/restore/", variants.restore, name="restore-variant"),
    path("campaigns/<int:pk>/variants/<str:name>/choose/", variants.choose, name="choose-variant"),
    path("campaigns/<int:pk>/test/", drafting.trial, name="trial"),
    path("campaigns/<int:pk>/when/", scheduling.when, name="when"),
    path("campaigns/<int:pk>/unschedule/", scheduling.unschedule, name="unschedule"),
    path("campaigns/<int:pk>/send-now/", scheduling.send_now, name="send-now"),
    path("campaigns/<int:pk>/review/", reviewing.review, name="review"),
    path("campaigns/<int:pk>/review/<slug:what>/", reviewing.live_check, name="live-check"),
    path("campaigns/<int:pk>/send/", sending.send, name="send"),
    path("campaigns/<int:pk>/undo/", sending.undo, name="undo"),
    path("campaigns/<int:pk>/pause/", sending.pause, name="pause"),
    path("campaigns/<int:pk>/resume/", sending.resume, name="resume"),
    path("campaigns/<int:pk>/cancel/", sending.cancel, name="cancel"),
    path("campaigns/<int:pk>/resend/", sending.resend, name="resend"),
    path("campaigns/<int:pk>/leave/", sending.leave, name="leave"),
    path("campaigns/<int:pk>/follow-ups/", following_up.index, name="follow-ups"),
    path("campaigns/<int:pk>/follow-ups/<slug:kind>/", following_up.begin, name="follow-up"),
    path("campaigns/<int:pk>/report/", reporting.report, name="report"),
    path("campaigns/<int:pk>/report/links/", sharing.index, name="report-links"),
    path("campaigns/<int:pk>/report/links/make/", sharing.make, name="make-report-link"),
    path("campaigns/<int:pk>/report/links/<int:link>/take-back/", sharing.take_back, name="take-back-report-link"),
    path("campaigns/<int:pk>/report/numbers.csv", reporting.export, name="export"),
    path("reports/", reporting.overview, name="reports"),
    path("search/", searching.index, name="search"),
]
