"""Where a person fetches their data: by the mailed link and a fresh code."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from privacy.forms import CodeForm
from privacy.services import packages


@never_cache
@require_safe
def show(request: HttpRequest, secret: str) -> HttpResponse:
    """Show the offer; nothing is sent or counted yet."""
    return _offer(request, secret, CodeForm())


@never_cache
@require_POST
def send_code(request: HttpRequest, secret: str) -> HttpResponse:
    """Mail a fresh code."""
    try:
        packages.send_code(secret=secret, now=now())
    except packages.Gone as error:
        return _gone(request, error)
    return redirect("privacy:package", secret=secret)


@never_cache
@require_POST
def download(request: HttpRequest, secret: str) -> HttpResponse:
    """Hand the ZIP over for the right code."""
    form = CodeForm(request.POST)
    if not form.is_valid():
        return _offer(request, secret, form, status=422)
    try:
        name, content = packages.fetch(secret=secret, code=form.cleaned_data["code"], now=now())
    except packages.Gone as error:
        return _gone(request, error)
    except packages.WrongCode as error:
        form.add_error("code", str(error))
        return _offer(request, secret, form, status=422)
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(content, content_type="application/zip", headers=headers)


def _offer(request: HttpRequest, secret: str, form: CodeForm, *, status: int = 200) -> HttpResponse:
    try:
        offer = packages.look(secret=secret, now=now())
    except packages.Gone as error:
        return _gone(request, error)
    context = {"brand": {"name": settings.PLATFORM_NAME}, "offer": offer, "form": form, "secret": secret}
    return render(request, "privacy/package.html", context, status=status)


def _gone(request: HttpRequest, error: packages.Gone) -> HttpResponse:
    context = {"brand": {"name": settings.PLATFORM_NAME}, "dpo": settings.DPO_ADDRESS, "error": error}
    return render(request, "privacy/bad_link.html", context, status=410)
