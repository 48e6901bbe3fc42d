"""The team of the current account."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts import access, queries
from accounts.access import MemberRequest, member_required, role_required
from accounts.forms.team import InviteForm, RoleForm, TransferForm, role_choices
from accounts.models import Membership, Role
from accounts.services import inviting, teams


@require_safe
@member_required
def team(request: MemberRequest) -> HttpResponse:
    """Show who is in the team and who is invited."""
    return _page(request)


@require_POST
@role_required(Role.ADMIN)
def invite(request: MemberRequest) -> HttpResponse:
    """Mail an invitation."""
    form = InviteForm(request.POST, by=request.membership)
    if form.is_valid():
        email, role = form.cleaned_data["email"], Role(form.cleaned_data["role"])
        try:
            inviting.invite(
                account=request.account,
                email=email,
                role=role,
                by=request.membership,
                actor=access.actor(request),
                now=timezone.now(),
            )
        except inviting.CannotInvite as error:
            form.add_error("email", str(error))
        else:
            messages.success(request, f"An invitation to {email} is on its way.")
            return redirect("accounts:team")
    return _page(request, invite_form=form)


@require_POST
@role_required(Role.ADMIN)
def withdraw(request: MemberRequest, pk: int) -> HttpResponse:
    """Take an open invitation back."""
    invitation = get_object_or_404(request.account.invitation_set, pk=pk, accepted_at=None)
    inviting.withdraw(invitation=invitation, actor=access.actor(request), now=timezone.now())
    messages.success(request, "The invitation was taken back; its link does not work any more.")
    return redirect("accounts:team")


@require_POST
@role_required(Role.ADMIN)
def change_role(request: MemberRequest, pk: int) -> HttpResponse:
    """Give a member another role."""
    membership = get_object_or_404(request.account.membership_set.select_related("user"), pk=pk)
    form = RoleForm(request.POST)
    if form.is_valid():
        try:
            teams.change_role(
                membership=membership,
                role=Role(form.cleaned_data["role"]),
                by=request.membership,
                actor=access.actor(request),
                now=timezone.now(),
            )
            messages.success(request, f"{membership.user} is now {membership.get_role_display().lower()}.")
        except (teams.NotAllowed, teams.LastOwner) as error:
            messages.error(request, str(error))
    return redirect("accounts:team")


@require_POST
@role_required(Role.ADMIN)
def remove(request: MemberRequest, pk: int) -> HttpResponse:
    """Take a member out of the team."""
    membership = get_object_or_404(request.account.membership_set.select_related("user"), pk=pk)
    try:
        teams.remove(membership=membership, by=request.membership, actor=access.actor(request), now=timezone.now())
        messages.success(request, f"{membership.user} is not in the team any more.")
    except (teams.NotAllowed, teams.LastOwner) as error:
        messages.error(request, str(error))
    return redirect("accounts:team")


@require_POST
@member_required
def leave(request: MemberRequest) -> HttpResponse:
    """Leave the team oneself."""
    try:
        teams.leave(membership=request.membership, actor=access.actor(request), now=timezone.now())
    except teams.LastOwner as error:
        messages.error(request, str(error))
        return redirect("accounts:team")
    messages.success(request, f"You left {request.account.name}.")
    return redirect("home")


@require_POST
@role_required(Role.OWNER)
def transfer(request: MemberRequest) -> HttpResponse:
    """Hand the account over."""
    form = TransferForm(request.POST, others=_others(request))
    if form.is_valid():
        to = get_object_or_404(request.account.membership_set.select_related("user"), pk=form.cleaned_data["to"])
        try:
            teams.transfer_ownership(to=to, by=request.membership, actor=access.actor(request), now=timezone.now())
            messages.success(request, f"{to.user} owns {request.account.name} now; you are an admin.")
            return redirect("accounts:team")
        except teams.NotAllowed as error:
            form.add_error("to", str(error))
    return _page(request, transfer_form=form)


def _others(request: MemberRequest) -> list[Membership]:
    return [each for each in queries.team_of(request.account) if each.pk != request.membership.pk]


def _page(request: MemberRequest, **forms: object) -> HttpResponse:
    members = queries.team_of(request.account)
    context = {
        "members": members,
        "invitations": queries.open_invitations(request.account),
        "may_manage": access.has_role(request.membership, Role.ADMIN),
        "is_owner": access.has_role(request.membership, Role.OWNER),
        "roles": role_choices(request.membership),
        "invite_form": InviteForm(by=request.membership),
        "transfer_form": TransferForm(others=[each for each in members if each.pk != request.membership.pk]),
        **forms,
    }
    return render(request, "accounts/team.html", context, status=422 if forms else 200)
