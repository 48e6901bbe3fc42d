"""The media library: looking, uploading, describing, deleting and bringing back."""

from dataclasses import dataclass
from typing import IO, Any, cast

from django.conf import settings
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import MemberRequest, actor, has_role, member_required, role_required
from accounts.forms.media import MediaForm
from accounts.models import Media, Role
from accounts.services.media import keeping, library, uses
from emailconcert.lib import limits
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.htmx import is_htmx, redirect_to, render_part
from emailconcert.shell import toasts

AT_ONCE = 20
_UPLOADS, _WINDOW = 500, 600


@dataclass(frozen=True)
class Uploaded:
    """What became of one uploaded file."""

    name: str
    media: Media | None = None
    is_new: bool = False
    problem: str = ""


@require_safe
@member_required
def index(request: MemberRequest) -> HttpResponse:
    """Show the library."""
    return _page(request)


@require_POST
@role_required(Role.EDITOR)
def upload(request: MemberRequest) -> HttpResponse:
    """Take files in; a script sends them one by one, a browser without one all together."""
    done = take(request)
    if is_htmx(request):
        return render_part(request, "accounts/media.html", "uploaded", {"uploaded": done})
    if any(each.problem for each in done):
        return _page(request, uploaded=done, status=422)
    new = sum(each.is_new for each in done)
    there = len(done) - new
    said = f"{new} {'picture is' if new == 1 else 'pictures are'} new in your library." if new else ""
    also = f"{there} {'was' if there == 1 else 'were'} there already." if there else ""
    messages.success(request, f"{said} {also}".strip())
    return redirect("accounts:media")


def take(request: MemberRequest) -> list[Uploaded]:
    """Take the posted files into the library, and tell what became of each."""
    files = request.FILES.getlist("files")
    if not files:
        return [Uploaded("", problem="Choose a picture first.")]
    done = [_take_one(request, each) for each in files[:AT_ONCE]]
    left = [Uploaded(each.name or "", problem=f"At most {AT_ONCE} at once; send it again.") for each in files[AT_ONCE:]]
    return done + left


def _take_one(request: MemberRequest, file: UploadedFile[Any]) -> Uploaded:
    name = file.name or ""
    if not limits.hit("media upload", request.account.pk, _UPLOADS, _WINDOW):
        return Uploaded(name, problem="That is a lot of pictures. Go on in ten minutes.")
    try:
        body = cast("IO[bytes]", file)
        kept = keeping.keep(
            account=request.account, file=body, name=name, now=now(), by=request.user, actor=actor(request)
        )
    except ExpectedError as error:
        return Uploaded(name, problem=str(error))
    return Uploaded(name, kept.media, kept.is_new)


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def detail(request: MemberRequest, pk: int) -> HttpResponse:
    """Show a picture with its sizes and uses, or take what is said about it."""
    media = get_object_or_404(Media.objects.select_related("created_by"), account=request.account, pk=pk)
    may_edit = has_role(request.membership, Role.EDITOR)
    said = {"name": media.name, "alt_text": media.alt_text}
    form = MediaForm(request.POST if request.method == "POST" and may_edit else None, initial=said)
    if form.is_valid():
        said = form.cleaned_data
        keeping.change(media=media, name=said["name"], alt_text=said["alt_text"], now=now(), actor=actor(request))
        messages.success(request, "Saved.")
        return redirect_to(request, "accounts:media-detail", pk=pk)
    context = {
        "media": media,
        "form": form,
        "may_edit": may_edit,
        "uses": uses.uses_of(account_id=request.account.pk, digest=media.digest),
        "may_remove": has_role(request.membership, Role.ADMIN),
        "whole": media.file_name(media.fitting(1200)),
        "sizes": [(width, media.height_at(width), media.file_name(width)) for width in (*media.widths, media.width)],
    }
    return render_part(request, "accounts/media_detail.html", "form", context, status=422 if form.errors else None)


@require_POST
@role_required(Role.EDITOR)
def delete(request: MemberRequest, pk: int) -> HttpResponse:
    """Take a picture out of the library."""
    media = get_object_or_404(Media, account=request.account, pk=pk)
    keeping.delete(media=media, now=now(), actor=actor(request))
    toasts.done(request, f"“{media.name}” is deleted.", undo_url=reverse("accounts:media-restore", args=[pk]))
    return redirect("accounts:media")


@require_POST
@role_required(Role.EDITOR)
def restore(request: MemberRequest, pk: int) -> HttpResponse:
    """Bring a deleted picture back."""
    media = get_object_or_404(Media, account=request.account, pk=pk)
    keeping.restore(media=media, now=now(), actor=actor(request))
    messages.success(request, f"“{media.name}” is back.")
    return redirect("accounts:media-detail", pk=pk)


@require_POST
@role_required(Role.ADMIN)
def remove(request: MemberRequest, pk: int) -> HttpResponse:
    """Remove a deleted picture for good, from mails that were sent, too."""
    media = get_object_or_404(Media.objects.exclude(deleted_at=None), account=request.account, pk=pk)
    if request.POST.get("confirm", "").strip().lower() != "remove":
        messages.error(request, "Write “remove” to remove the picture for good.")
        return redirect("accounts:media-detail", pk=pk)
    keeping.remove(media=media, now=now(), actor=actor(request))
    messages.success(request, f"“{media.name}” is removed for good.")
    return redirect(f"{reverse('accounts:media')}?show=deleted")


def _page(request: MemberRequest, *, uploaded: list[Uploaded] | None = None, status: int | None = None) -> HttpResponse:
    asked, account_id = request.GET, request.account.pk
    context = {
        "page": found(request),
        "sorts": [(key, label) for key, (label, _) in library.SORTS.items()],
        "sort": asked.get("sort", "-added"),
        "filtered": bool(asked.get("q", "").strip() or asked.get("show")),
        "used": keeping.used_bytes(account_id),
        "quota": settings.MEDIA_QUOTA_MB * keeping.MEGABYTE,
        "largest": settings.MEDIA_UPLOAD_MB,
        "may_edit": has_role(request.membership, Role.EDITOR),
        "uploaded": uploaded or [],
    }
    return render_part(request, "accounts/media.html", "results", context, status=status)


def found(request: MemberRequest, *, size: int = library.PAGE) -> library.Page:
    """Return the page of pictures that the address asks for."""
    asked = request.GET
    keys = {
        name: int(key) for name in ("after", "before") if (key := asked.get(name, "")).isdecimal() and len(key) < 18
    }
    return library.find(
        account_id=request.account.pk, text=asked.get("q", "")[:100], shown=asked.get("show", ""),
        sort=asked.get("sort", ""), size=size, after=keys.get("after"), before=keys.get("before"),
    )  # fmt: skip
