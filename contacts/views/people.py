"""Deleting a contact, and bringing it back."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.http import require_POST

from accounts.access import MemberRequest, actor, role_required
from accounts.models import Role
from contacts.models import Contact
from contacts.services import undoing
from contacts.services.people import IsRestricted
from emailconcert.lib.htmx import redirect_to
from emailconcert.shell import toasts


@require_POST
@role_required(Role.EDITOR)
def delete(request: MemberRequest, pk: int) -> HttpResponse:
    """Delete a contact, in a way that can be undone."""
    contact = get_object_or_404(Contact, account=request.account, pk=pk)
    try:
        secret = undoing.delete_contacts(contacts=[contact], now=now(), actor=actor(request))
    except IsRestricted as error:
        messages.error(request, str(error))
        return redirect_to(request, "contacts:detail", pk=pk)
    say_deleted(request, 1, secret)
    return redirect_to(request, "contacts:list")


@require_POST
@role_required(Role.EDITOR)
def undo_delete(request: MemberRequest, secret: str) -> HttpResponse:
    """Bring deleted contacts back."""
    try:
        count = undoing.restore(account_id=request.account.pk, secret=secret, now=now())
        messages.success(request, "1 contact is back." if count == 1 else f"{count:,} contacts are back.")
    except undoing.TooLate as error:
        messages.error(request, str(error))
    return redirect_to(request, "contacts:list")


def say_deleted(request: MemberRequest, count: int, secret: str, *, left_out: int = 0) -> None:
    """Show the toast, with Undo where it can be undone."""
    text = "1 contact was deleted." if count == 1 else f"{count:,} contacts were deleted."
    if left_out:
        text += f" {left_out:,} asked to be left as they are."
    undo_url = reverse("contacts:undo-delete", args=[secret]) if secret else ""
    toasts.done(
        request, text if secret or not count else f"{text} Opt-outs are kept, so they stay unmailed.", undo_url=undo_url
    )
