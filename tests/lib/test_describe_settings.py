from pathlib import Path

from django.conf import settings

from emailconcert.lib.management.commands.describe_settings import configuration_page


def test_the_configuration_page_is_what_the_settings_declare():
    written = Path(settings.BASE_DIR, "docs/configuration.md").read_text(encoding="utf-8")

    assert written == configuration_page(), "run: manage.py describe_settings > docs/configuration.md"
