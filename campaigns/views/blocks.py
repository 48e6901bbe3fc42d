"""Saved blocks in the visual editor's panel; every answer is the panel as it is now."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.timezone import now
from django.views.decorators.http import require_POST, require_safe

from accounts.access import MemberRequest, actor, role_required
from accounts.models import Role
from campaigns.block_models import SavedBlock
from campaigns.forms_templates import BlockForm, BlockNameForm
from campaigns.services import blocks
from emailconcert.lib.errors import ExpectedError


@require_safe
@role_required(Role.EDITOR)
def index(request: MemberRequest) -> HttpResponse:
    """Show what the account keeps; the editor asks for it once it is there."""
    return _panel(request)


@require_POST
@role_required(Role.EDITOR)
def keep(request: MemberRequest) -> HttpResponse:
    """Keep a part of the mail; what stands against it is said in the dialog that asked for a name."""
    form = BlockForm(request.POST)
    if form.is_valid():
        given = form.cleaned_data
        try:
            made = blocks.keep(
                account=request.account, name=given["name"], element=given["element"], actor=actor(request), now=now()
            )
        except ExpectedError as error:
            form.add_error(None, str(error))
        else:
            return _panel(request, said=f"“{made.name}” is among your blocks.")
    response = render(request, "campaigns/_visual_block_problem.html", {"form": form}, status=422)
    response["HX-Retarget"], response["HX-Reswap"] = "#block-problem", "innerHTML"
    return response


@require_POST
@role_required(Role.EDITOR)
def rename(request: MemberRequest, pk: int) -> HttpResponse:
    """Give a block another name."""
    block = get_object_or_404(SavedBlock, account=request.account, pk=pk, deleted_at=None)
    form = BlockNameForm(request.POST)
    if not form.is_valid():
        return _panel(request, problem="A name has 1 to 80 characters.")
    blocks.rename(block=block, name=form.cleaned_data["name"])
    return _panel(request, said=f"It is called “{form.cleaned_data['name']}” now.")


@require_POST
@role_required(Role.EDITOR)
def delete(request: MemberRequest, pk: int) -> HttpResponse:
    """Put a block away, with a way back."""
    block = get_object_or_404(SavedBlock, account=request.account, pk=pk)
    blocks.delete(block=block, actor=actor(request), now=now())
    return _panel(request, deleted=block)


@require_POST
@role_required(Role.EDITOR)
def restore(request: MemberRequest, pk: int) -> HttpResponse:
    """Bring a deleted block back."""
    block = get_object_or_404(SavedBlock.objects.select_related("account"), account=request.account, pk=pk)
    try:
        blocks.restore(block=block, actor=actor(request), now=now())
    except ExpectedError as error:
        return _panel(request, problem=str(error))
    return _panel(request, said=f"“{block.name}” is back.")


def _panel(request: MemberRequest, **context: Any) -> HttpResponse:
    context["blocks"] = blocks.blocks_of(request.account)
    return render(request, "campaigns/_visual_own_blocks.html", context)
