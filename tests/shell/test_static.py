import re

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.template.loader import get_template

BUILD = settings.BASE_DIR / "static" / "build"
FOLDER = settings.BASE_DIR / "templates"
# Files and mails that leave the site carry their own styles: no policy of ours reaches them.
LEAVES = {"privacy/report.html"}
TEMPLATES = sorted(path.relative_to(FOLDER) for path in FOLDER.rglob("*.html"))


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


@pytest.mark.parametrize("name", TEMPLATES, ids=str)
def test_template_compiles_and_keeps_to_the_content_security_policy(name):
    source = (FOLDER / name).read_text()
    get_template(str(name))
    if str(name) not in LEAVES and not {"mail", "mails"} & set(name.parts):
        assert not re.search(r"\sstyle=|<style|\son[a-z]+=\"|javascript:|hx-on", source)
    assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)", source)
    assert len(source.splitlines()) <= 120
