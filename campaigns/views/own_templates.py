"""Own templates: keeping what a campaign or the gallery says, editing, renaming, deleting and bringing back."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import MemberRequest, actor, role_required
from accounts.models import Role
from campaigns.forms_templates import SaveForm, TemplateForm
from campaigns.models import Template
from campaigns.services import starting_points, templating
from campaigns.template_queries import edited_in, templates_of
from campaigns.views.common import campaign_or_404
from emailconcert.lib.htmx import redirect_to
from emailconcert.shell import toasts


@require_POST
@role_required(Role.EDITOR)
def keep(request: MemberRequest) -> HttpResponse:
    """Make an own template of one of the gallery, or an empty one, which opens to be written."""
    key = request.POST.get("start", "")
    start = starting_points.find_start(key, account=request.account)
    if key and start is None:
        raise Http404
    name, occasion = getattr(start, "name", "New template"), getattr(start, "occasion", "")
    made = templating.create_template(account=request.account, name=name, occasion=occasion, start=start, now=now())
    if start is None:
        draft = templating.open_draft(template=made, created_by=request.user, now=now())
        toasts.done(request, "Write it here, then choose “Save as template” in the campaign’s menu.")
        return redirect_to(request, "campaigns:content", pk=draft.pk)
    toasts.done(request, f"“{made.name}” is among your templates.")
    return redirect_to(request, "templates:detail", pk=made.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.EDITOR)
def save(request: MemberRequest, pk: int) -> HttpResponse:
    """Keep what a campaign says as a template."""
    campaign = campaign_or_404(request, pk)
    into = edited_in(request.account, pk)
    said = {"into": into, "name": into.name if into else campaign.name, "occasion": into.occasion if into else ""}
    form = SaveForm(request.POST or None, initial=said, account=request.account)
    if form.is_valid():
        saved = templating.save_campaign(campaign=campaign, **form.cleaned_data, actor=actor(request), now=now())
        undo_url = reverse("templates:restore", args=[saved.former.pk]) if saved.former else ""
        toasts.done(request, f"Saved as the template “{saved.template.name}”.", undo_url=undo_url)
        return redirect_to(request, "templates:detail", pk=saved.template.pk)
    back = {"back": reverse("campaigns:detail", args=[pk]), "back_label": campaign.name, "title": "Save as template"}
    return render(request, "campaigns/template_form.html", back | {"form": form}, status=422 if form.is_bound else 200)


@require_POST
@role_required(Role.EDITOR)
def edit(request: MemberRequest, pk: int) -> HttpResponse:
    """Open the draft in which a template is edited."""
    template = get_object_or_404(templates_of(request.account).select_related("account"), pk=pk)
    draft = templating.open_draft(template=template, created_by=request.user, now=now())
    toasts.done(request, "When you are done, choose “Save as template” in the campaign’s menu.")
    return redirect_to(request, "campaigns:content", pk=draft.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.EDITOR)
def rename(request: MemberRequest, pk: int) -> HttpResponse:
    """Give a template another name and occasion."""
    template = get_object_or_404(templates_of(request.account), pk=pk)
    form = TemplateForm(request.POST or None, initial={"name": template.name, "occasion": template.occasion})
    if form.is_valid():
        templating.rename_template(template=template, **form.cleaned_data, now=now())
        return redirect_to(request, "templates:detail", pk=pk)
    back = {"back": reverse("templates:detail", args=[pk]), "back_label": template.name, "title": "Rename"}
    return render(request, "campaigns/template_form.html", back | {"form": form}, status=422 if form.is_bound else 200)


@require_POST
@role_required(Role.EDITOR)
def duplicate(request: MemberRequest, pk: int) -> HttpResponse:
    """Make a template that says the same."""
    template = get_object_or_404(templates_of(request.account).select_related("account"), pk=pk)
    copy = templating.duplicate_template(template=template, now=now())
    toasts.done(request, f"Made “{copy.name}”.")
    return redirect_to(request, "templates:detail", pk=copy.pk)


@require_POST
@role_required(Role.EDITOR)
def delete(request: MemberRequest, pk: int) -> HttpResponse:
    """Put a template away, with a way back."""
    template = get_object_or_404(templates_of(request.account), pk=pk)
    templating.delete_template(template=template, actor=actor(request), now=now())
    toasts.done(request, f"“{template.name}” is deleted.", undo_url=reverse("templates:restore", args=[pk]))
    return redirect_to(request, "templates:list")


@require_POST
@role_required(Role.EDITOR)
def restore(request: MemberRequest, pk: int) -> HttpResponse:
    """Bring a deleted template back."""
    template = get_object_or_404(Template, account=request.account, pk=pk)
    templating.restore_template(template=template, actor=actor(request), now=now())
    messages.success(request, f"“{template.name}” is back.")
    return redirect_to(request, "templates:detail", pk=pk)
