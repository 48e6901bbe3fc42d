"""Feeds whose news become campaigns: the list, one feed with its runs, making, changing, starting and pausing."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.timezone import now
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import MemberRequest, actor, has_role, member_required, role_required
from accounts.models import Role
from campaigns import feed_queries, tasks
from campaigns.feed_models import Feed
from campaigns.feeds import patterns
from campaigns.forms_feeds import FeedForm, NewFeedForm, PageForm
from campaigns.services import checking, feeding, previewing
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.htmx import redirect_to, render_part
from emailconcert.shell import toasts

FORM = ["GET", "HEAD", "POST"]


@require_safe
@member_required
def index(request: MemberRequest) -> HttpResponse:
    """Show the feeds, with when they run next."""
    context = {"feeds": list(feed_queries.feeds_of(request.account)), "may_edit": _may_edit(request)}
    return render(request, "campaigns/feeds.html", context)


@require_http_methods(FORM)
@role_required(Role.EDITOR)
def create(request: MemberRequest) -> HttpResponse:
    """Make a feed, which a worker then looks at."""
    known = {"every": "week", "clock": "09:00", "zone": request.account.time_zone, "most_items": 5}
    known |= {"only_if_new": True, "by_itself": "no", "weekday": 0, "month_day": 1}
    form = NewFeedForm(request.POST if request.method == "POST" else None, initial=known)
    if form.is_valid():
        try:
            begin_with = form.cleaned_data["begin_with"]
            feed = feeding.create_feed(
                account=request.account, plan=form.plan(), begin_with=begin_with, created_by=request.user, now=now()
            )
            tasks.wake_feed_after_commit(account_id=feed.account_id, feed_id=feed.pk)
            return redirect_to(request, "feeds:detail", pk=feed.pk)
        except feeding.BadFeed as error:
            form.add_error("url", str(error))
    return render(request, "campaigns/feed_form.html", {"form": form}, status=422 if form.errors else 200)


@require_safe
@member_required
def detail(request: MemberRequest, pk: int) -> HttpResponse:
    """Show a feed: what the next mail would be like, and what it did."""
    feed = _feed_or_404(request, pk)
    chosen = PageForm(request.GET)
    context = {"feed": feed, "may_edit": _may_edit(request), "new": patterns.new_items(feed)}
    context["runs"] = feed_queries.run_page(feed, **(chosen.cleaned_data if chosen.is_valid() else {}))
    context["review"] = checking.review(campaign=feed.pattern, now=now(), rehearse=checking.Rehearse.SKIP)
    context |= previewing.preview_context(campaign=feed.pattern, now=now())
    return render_part(request, "campaigns/feed.html", "feed", context)


@require_http_methods(FORM)
@role_required(Role.EDITOR)
def edit(request: MemberRequest, pk: int) -> HttpResponse:
    """Change a feed's address, and when and how its news are mailed."""
    feed = _feed_or_404(request, pk)
    known = vars(feed) | {"by_itself": "yes" if feed.by_itself else "no"}
    form = FeedForm(request.POST if request.method == "POST" else None, initial=known)
    if form.is_valid():
        try:
            feeding.change_feed(feed=feed, plan=form.plan(), actor=actor(request), now=now())
            tasks.wake_feed_after_commit(account_id=feed.account_id, feed_id=pk)
            return redirect_to(request, "feeds:detail", pk=pk)
        except feeding.BadFeed as error:
            form.add_error("url", str(error))
    context = {"form": form, "feed": feed}
    return render(request, "campaigns/feed_form.html", context, status=422 if form.errors else 200)


@require_POST
@role_required(Role.EDITOR)
def look(request: MemberRequest, pk: int) -> HttpResponse:
    """Have the address looked at once more."""

    def look_again(*, feed: Feed, **_: object) -> None:
        feeding.look_again(feed=feed, now=now())
        tasks.wake_feed_after_commit(account_id=feed.account_id, feed_id=feed.pk)

    return _do(request, pk, look_again, "The feed is being read.")


@require_POST
@role_required(Role.EDITOR)
def start(request: MemberRequest, pk: int) -> HttpResponse:
    """Let it run."""
    return _do(request, pk, feeding.start_feed, "It runs from its next time on.")


@require_POST
@role_required(Role.EDITOR)
def pause(request: MemberRequest, pk: int) -> HttpResponse:
    """Let it run no more."""
    return _do(request, pk, feeding.pause_feed, "Paused. Nothing is made of it until you start it again.")


@require_http_methods(FORM)
@role_required(Role.EDITOR)
def delete(request: MemberRequest, pk: int) -> HttpResponse:
    """Ask, then remove a feed for good."""
    feed = _feed_or_404(request, pk)
    if request.method != "POST":
        return render(request, "campaigns/feed_delete.html", {"feed": feed})
    feeding.delete_feed(feed=feed, actor=actor(request), now=now())
    toasts.done(request, f"“{feed.name}” is deleted. Campaigns that it made are still there.")
    return redirect_to(request, "feeds:list")


def _do(request: MemberRequest, pk: int, action: Callable[..., None], words: str) -> HttpResponse:
    feed = _feed_or_404(request, pk)
    try:
        action(feed=feed, actor=actor(request), now=now())
    except ExpectedError as error:
        messages.error(request, str(error))
    else:
        toasts.done(request, words)
    return redirect_to(request, "feeds:detail", pk=pk)


def _feed_or_404(request: MemberRequest, pk: int) -> Feed:
    mine = Feed.objects.filter(account=request.account).select_related("pattern__account", "pattern__sender")
    return get_object_or_404(mine, pk=pk)


def _may_edit(request: MemberRequest) -> bool:
    return has_role(request.membership, Role.EDITOR)
