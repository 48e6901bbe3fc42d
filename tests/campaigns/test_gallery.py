"""The templates that come with the product."""

import re
from pathlib import Path

import pytest

from campaigns import gallery
from campaigns.checks.reading import read
from delivery.content.compiling import compile_content, known_names
from delivery.content.program import Program, Urls

CLIPPED = 102 * 1024  # what Gmail shows of a mail
KNOWN = known_names(frozenset({"first_name"}))  # no template asks for more of a contact
ACCOUNT = {"account": {"name": "Harbour Bakery", "postal_address": "1 Quay Street\nGalway"}}


def compiled(sample):
    return compile_content(
        kind=sample.kind,
        source=sample.source,
        subject=sample.subject,
        preheader=sample.preheader,
        known_fields=KNOWN,
    )


def filled(sample, contact):
    program = Program.load(
        compiled(sample).sources(), urls=Urls("https://t.example", "https://c.example"), constants=ACCOUNT
    )
    return {name: getattr(program, name).render({"contact": contact}, "token") for name in ("subject", "html", "text")}


def test_there_is_a_file_for_each_and_each_is_in_the_gallery():
    files = {path.stem for path in Path(gallery.__file__).parent.glob("*.mjml")}

    assert files == {each.slug for each in gallery.SAMPLES}
    assert len(files) == len(gallery.SAMPLES) == 14
    assert {each.occasion for each in gallery.SAMPLES} == set(gallery.OCCASIONS)


@pytest.mark.parametrize("sample", gallery.SAMPLES, ids=lambda each: each.slug)
def test_templates_are_ready_to_be_sent(sample):
    made = compiled(sample)
    mail = filled(sample, {"first_name": "Maeve"})
    seen = read(mail["html"])

    assert made.notes == ()
    assert len(mail["html"].encode()) < CLIPPED / 2
    assert all(link.startswith("https://example.com/") for link in made.links)
    assert not re.search(r"<img (?!src=\"https://t\.example)|url\(|<link|@import", mail["html"])
    assert seen.faint == []
    assert seen.without_alt == 0
    for part in (mail["html"], mail["text"]):
        assert "https://c.example/u/token" in part
        assert "https://c.example/p/token" in part
        assert "1 Quay Street" in part
    assert mail["html"].count("1 Quay Street") == 1  # no second footer was added
    assert '<meta name="color-scheme" content="light dark">' in mail["html"]
    assert "prefers-color-scheme: dark" in mail["html"]
    assert "<br" not in mail["text"]


@pytest.mark.parametrize("sample", gallery.SAMPLES, ids=lambda each: each.slug)
def test_templates_read_well_to_somebody_without_a_name(sample):
    mail = filled(sample, {})

    assert not re.search(r"\s[,!.](\s|$)|,,|\{\{|Hello,|Dear,|None", mail["text"])


@pytest.mark.parametrize(
    ("wanted", "found"),
    [({"text": "birthday"}, ["birthday"]), ({"text": "HOURS hol"}, ["holiday-closing"]), ({"text": "zebra"}, [])],
)
def test_templates_are_found_by_words(wanted, found):
    assert [each.slug for each in gallery.find(**wanted)] == found


def test_templates_are_found_by_occasion():
    assert [each.slug for each in gallery.find(occasion="offers")] == ["product-launch", "sale"]
    assert gallery.find() == list(gallery.SAMPLES)
