"""The current account: which one it is, its settings, its log."""

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts import access, audit_words, queries
from accounts.access import MemberRequest, member_required, role_required
from accounts.forms.team import AuditFilterForm, BusinessForm
from accounts.middleware import SESSION_KEY
from accounts.models import Role, User
from accounts.services import businesses


@require_safe
@member_required
def settings(request: MemberRequest) -> HttpResponse:
    """Lead to the first settings page that this member may open."""
    may_manage = access.has_role(request.membership, Role.ADMIN)
    return redirect("accounts:business" if may_manage else "accounts:team")


@role_required(Role.ADMIN)
def business(request: MemberRequest) -> HttpResponse:
    """Keep the account's settings right."""
    form = BusinessForm(request.POST) if request.method == "POST" else BusinessForm.of(request.account)
    if request.method == "POST" and form.is_valid():
        try:
            businesses.update(
                account=request.account,
                business=form.business(),
                has_second_factor=access.is_verified(request),
                actor=access.actor(request),
                now=timezone.now(),
            )
            messages.success(request, "Saved.")
            return redirect("accounts:business")
        except businesses.SecondFactorFirst as error:
            form.add_error("requires_second_factor", str(error))
    return render(request, "accounts/business.html", {"form": form}, status=422 if form.errors else 200)


@require_safe
@role_required(Role.OWNER)
def audit(request: MemberRequest) -> HttpResponse:
    """Show what members did, the latest first."""
    actions = [(action, audit_words.words_for(action)) for action in queries.audit_actions(request.account)]
    members = queries.team_of(request.account)
    form = AuditFilterForm(request.GET, actions=actions, members=members)
    wanted = queries.AuditFilter()
    if form.is_valid():
        found = form.cleaned_data
        wanted = queries.AuditFilter(
            action=found["action"],
            user_id=found["person"],
            since=found["since"],
            until=found["until"],
            before=found["before"],
            after=found["after"],
        )
    page = queries.audit_page(account=request.account, wanted=wanted, members=members, zone=request.user.time_zone)
    is_filtered = any((wanted.action, wanted.user_id, wanted.since, wanted.until))
    return render(request, "accounts/audit.html", {"form": form, "page": page, "is_filtered": is_filtered})


@require_POST
@login_required
def switch(request: HttpRequest) -> HttpResponse:
    """Go over to another account of the same person."""
    user = cast("User", request.user)
    wanted = request.POST.get("account", "")
    account = next((each for each in queries.accounts_of(user) if str(each.public_id) == wanted), None)
    if account is None:
        raise Http404
    request.session[SESSION_KEY] = account.pk
    User.objects.filter(pk=user.pk).update(last_account=account)
    return redirect("home")


@require_safe
@login_required
def no_account(request: HttpRequest) -> HttpResponse:
    """Say what can be done without an account."""
    if getattr(request, "membership", None) is not None:
        return redirect("home")
    return render(request, "accounts/no_account.html")
