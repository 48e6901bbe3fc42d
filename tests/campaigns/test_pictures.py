"""Where campaigns show pictures of the media library."""

from io import BytesIO

import pytest

from accounts.services.auditing import SYSTEM
from accounts.services.media import keeping, storing, uses
from campaigns.services import drafting, templating
from emailconcert.lib.tenancy import account_scope
from tests.accounts.pictures import picture
from tests.campaigns.test_drafting import make_draft
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def test_campaigns_that_show_a_picture_are_named(alice, settings, tmp_path):
    settings.MEDIA_DIR = tmp_path
    with account_scope(alice.account):
        shown, other = (
            keeping.keep(account=alice.account, file=BytesIO(picture(colour=colour)), name="x", now=NOW).media
            for colour in ("red", "blue")
        )
        draft, trash = make_draft(alice), make_draft(alice, name="Old")
        make_draft(alice, name="Without")
        address = storing.address(account_key=alice.account.public_id, file_name=shown.file_name())
        for campaign in (draft, trash):
            campaign.variants.update(source=f'<img src="{address}">')
        drafting.delete_draft(campaign=trash, actor=SYSTEM, now=NOW)

        template = templating.create_template(account=alice.account, name="Look", start=draft.variants.get(), now=NOW)

        found = uses.uses_of(account_id=alice.account.pk, digest=shown.digest)

        assert [each.what for each in found] == [
            "the deleted campaign “Old”",
            "the campaign “Spring”",
            "the template “Look”",
        ]
        drafting.save_content(campaign=draft, kind="html", source="<p>no picture any more</p>", now=NOW)
        assert [each.what for each in uses.uses_of(account_id=alice.account.pk, digest=shown.digest)][1] == (
            "an earlier version of the campaign “Spring”"
        )
        assert found[1].url == f"/campaigns/{draft.pk}/"
        assert found[2].url == f"/content/templates/{template.pk}/"
        assert uses.uses_of(account_id=alice.account.pk, digest=other.digest) == []
