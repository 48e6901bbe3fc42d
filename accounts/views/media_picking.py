"""Choosing a picture inside another page: what `templates/accounts/_media_dialog.html` is filled with."""

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.access import MemberRequest, role_required
from accounts.models import Media, Role
from accounts.services.media import storing
from accounts.services.media.pictures import WIDEST
from accounts.views import media
from emailconcert.lib.htmx import is_htmx

AT_ONCE = 24


@dataclass(frozen=True)
class Choice:
    """A picture in the size that the page wants, with what it puts into its own fields."""

    media: Media
    file_name: str
    url: str
    width: int
    height: int


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.EDITOR)
def pick(request: MemberRequest) -> HttpResponse:
    """Show pictures to choose from, and take a new one in; `?width=` is how wide the page will show it."""
    if not is_htmx(request):
        return redirect("accounts:media")
    uploaded = media.take(request) if request.method == "POST" else []
    asked = request.GET.get("width", "")
    width = int(asked) if asked.isdecimal() and len(asked) < 6 else WIDEST
    page = media.found(request, size=AT_ONCE)
    context = {
        "choices": [choice(request, each, width) for each in page.rows],
        "page": page,
        "text": request.GET.get("q", ""),
        "width": width,
        "uploaded": uploaded,
    }
    return render(request, "accounts/media_picker.html", context)


def choice(request: MemberRequest, picture: Media, width: int) -> Choice:
    """Return a picture as something to choose."""
    fit = picture.width if picture.is_animated else picture.fitting(width)
    name = picture.file_name(fit)
    url = storing.address(account_key=request.account.public_id, file_name=name)
    return Choice(picture, name, url, fit, picture.height_at(fit))
