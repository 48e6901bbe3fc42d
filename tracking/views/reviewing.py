"""Mail that came back and was not understood, in the admin site."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.access import actor
from tracking.models import ReviewMail
from tracking.services import reviewing

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def staff_required(view: View[P]) -> View[P]:
    """Let the platform's people in whose session passed the admin site's second factor."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not getattr(request.user, "platform_role", ""):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return admin.site.admin_view(guarded)  # type: ignore[return-value]  # the stubs know no parameters


@never_cache
@require_safe
@staff_required
def queue(request: HttpRequest) -> HttpResponse:
    """List the mails that wait."""
    rows, count = reviewing.waiting()
    context = _context(request, "Mail to review", rows=rows, count=count, decided=reviewing.decided_counts())
    return render(request, "admin/tracking/review.html", context)


@never_cache
@require_safe
@staff_required
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one mail; that is audited."""
    opened = reviewing.open_mail(pk=pk, actor=actor(request), now=now())
    if opened is None:
        raise Http404
    return render(request, "admin/tracking/review_mail.html", _context(request, "Mail to review", mail=opened))


@require_POST
@staff_required
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what a mail means."""
    try:
        decision = ReviewMail.Decision(request.POST.get("decision", ""))
        reviewing.decide(pk=pk, decision=decision, actor=actor(request), now=now())
    except ValueError:
        raise Http404 from None
    except reviewing.CannotDecide as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "Decided. The mail's text is gone.")
    return redirect("admin:tracking_reviewmail_changelist")


def _context(request: HttpRequest, title: str, **more: Any) -> dict[str, Any]:
    return {**admin.site.each_context(request), "title": title, **more}
