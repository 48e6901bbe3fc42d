"""`manage.py compile_content`: no test here may touch the database, which pytest-django sees to."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from delivery.content.converting import convert
from tests.delivery.test_content import compiled, rendered
from tests.delivery.test_mjml import TEXT


def run(tmp_path, source, **options):
    path = tmp_path / "mail"
    path.write_bytes(source if isinstance(source, bytes) else source.encode())
    out = io.StringIO()
    code = 0
    try:
        call_command("compile_content", str(path), json=True, stdout=out, **options)
    except SystemExit as end:
        code = end.code
    return code, json.loads(out.getvalue())


def test_it_prints_html_text_and_links_filled_for_a_contact(tmp_path):
    source = "# Hi {{ contact.first_name }}\n\n{{ contact.shoe }} [Bread](https://example.com/bread)\n"
    code, made = run(tmp_path, source, kind="markdown", contact='{"first_name": "Bo"}', field=["shoe"])

    assert (code, made["problems"], made["links"]) == (0, [], ["https://example.com/bread"])
    assert "Hi Bo</h1>" in made["html"]
    assert "Hi Bo" in made["text"]


@pytest.mark.parametrize("kind", ["markdown", "html", "mjml"])
def test_problems_have_line_and_column_and_end_it_with_1(tmp_path, kind):
    source = TEXT.format("\nHi {{ contact.frist_name }}") if kind == "mjml" else "<p>\nHi {{ contact.frist_name }}</p>"
    code, made = run(tmp_path, source, kind=kind)

    said = {"message": "There is no field “contact.frist_name”. Did you mean contact.first_name?"}
    assert (code, made["problems"]) == (1, [said | {"line": 2, "column": 7, "part": "body"}])


def test_what_is_no_utf_8_or_no_json_is_said(tmp_path):
    for source, contact, said in (
        (b"\xff", "{}", "is not UTF-8"),
        (b"Hi", "[", "is not JSON"),
        (b"Hi", "[]", "object"),
    ):
        with pytest.raises(CommandError, match=said):
            run(tmp_path, source, kind="html", contact=contact)


MARKDOWN = "# Hi {{ contact.first_name | default: 'friend' }}\n\n**Bold** [Bread](https://example.com/bread)\n"


@pytest.mark.parametrize("to", ["rich", "html", "mjml"])
@pytest.mark.parametrize("was", ["markdown", "rich", "html", "mjml"])
def test_what_was_written_in_one_way_says_the_same_in_another(was, to):
    source = convert(MARKDOWN, was="markdown", to=was)
    made = convert(source, was=was, to=to)

    assert compiled(made, kind=to).links == ("https://example.com/bread",)
    text = " ".join(rendered(made, {"first_name": "Bo"}, kind=to, part="text").split())
    assert text.startswith("Hi Bo Bold [Bread](")


def test_html_becomes_markdown_with_its_links():
    made = convert(convert(MARKDOWN, was="markdown", to="html"), was="html", to="markdown")

    assert made.split("\n\n")[0] == "Hi {{ contact.first_name | default: 'friend' }}"
    assert "[Bread](https://example.com/bread)" in made
