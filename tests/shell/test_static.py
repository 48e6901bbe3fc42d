import re

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.template.loader import get_template

BUILD = settings.BASE_DIR / "static" / "build"
TEMPLATES = sorted((settings.BASE_DIR / "templates").rglob("*.html"))


@pytest.mark.skipif(not BUILD.is_dir(), reason="The front end is not built: npm run build.")
def test_collectstatic_resolves_every_address_in_the_stylesheets(tmp_path, settings):
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
    }
    call_command("collectstatic", interactive=False, verbosity=0)
    css = next((tmp_path / "build").glob("app.*.css")).read_text()
    assert re.search(r"url\([\"']?(?:\./)?assets/inter-latin-wght-normal-\w+\.\w{12}\.woff2", css)
    assert finders.find("django_htmx/htmx-2.min.js")


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(settings.BASE_DIR / "templates")))
def test_template_compiles_and_keeps_to_the_content_security_policy(path):
    source = path.read_text()
    get_template(str(path.relative_to(settings.BASE_DIR / "templates")))
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=\"|javascript:|hx-on", source)
    assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)", source)
    assert len(source.splitlines()) <= 120
