import time
from contextlib import suppress

import pytest

from delivery.content import liquid, visual
from delivery.content.compiling import CannotCompile, compile_content, known_names
from delivery.content.converting import convert
from delivery.content.program import Program, Urls

URLS = Urls(tracking="https://t.example", content="https://c.example")
ACCOUNT = {"account": {"name": "A & B", "postal_address": "1 High St\nTown"}}
TOKEN = "T" * 32


def compiled(source, *, kind="markdown", subject="Hello", **kwargs):
    return compile_content(kind=kind, source=source, subject=subject, **kwargs)


def rendered(source, contact, *, part="html", **kwargs):
    program = Program.load(compiled(source, **kwargs).sources(), urls=URLS, constants=ACCOUNT)
    return getattr(program, part).render({"contact": contact}, TOKEN)


def problems(source, **kwargs):
    with pytest.raises(CannotCompile) as caught:
        compiled(source, **kwargs)
    return [(problem.message, problem.line, problem.column, problem.part) for problem in caught.value.problems]


def test_markdown_becomes_a_document_with_inlined_styles():
    html = rendered("# Hi\n\nA **bold** word.", {})

    assert html.startswith("<!DOCTYPE html>")
    assert '<h1 style="' in html
    assert "<strong>bold</strong>" in html
    assert "prefers-color-scheme: dark" in html


def test_values_are_escaped_in_html_and_plain_in_text_and_subject():
    contact = {"first_name": "<Bob & Co>"}
    source = "Hi {{ contact.first_name }}"

    assert "Hi &lt;Bob &amp; Co&gt;" in rendered(source, contact)
    assert "Hi <Bob & Co>" in rendered(source, contact, part="text")
    assert rendered(source, contact, part="subject", subject="Dear {{ contact.first_name }}") == "Dear <Bob & Co>"


def test_filters_that_write_html_write_none_where_it_would_be_read():
    source = "{{ account.postal_address | newline_to_br }} {{ contact.n | escape }}"

    assert "1 High St<br />\nTown a &amp; b" in rendered(source, {"n": "a & b"})
    assert "1 High St\nTown a & b" in rendered(source, {"n": "a & b"}, part="text")
    assert rendered("x", {"n": "a & b"}, subject="{{ contact.n | escape }}", part="subject") == "a & b"


@pytest.mark.parametrize("value", [None, "", False])
def test_default_stands_for_an_empty_value(value):
    text = rendered('Hi {{ contact.first_name | default: "friend" }}!', {"first_name": value}, part="text")

    assert "Hi friend!" in text


def test_field_a_contact_lacks_is_empty_not_an_error():
    assert "Hi !" in rendered("Hi {{ contact.city }}!", {}, part="text")


def test_condition_on_a_field_a_contact_lacks_is_not_met():
    source = "{% if contact.vip %}Very important{% elsif contact.age > 3 %}Old{% else %}Hi{% endif %}"

    assert rendered(source, {}, part="text").startswith("Hi")


def test_conditions_and_loops_hold_across_markdown_blocks():
    source = "{% if contact.vip %}\n## Very important\n{% else %}\n## Hello\n{% endif %}\n\nEnd"

    assert "Very important" in rendered(source, {"vip": True})
    assert "Very important" not in rendered(source, {"vip": False})
    assert "Hello" in rendered(source, {"vip": False}, part="text")


def test_loop_around_table_rows_keeps_its_place():
    source = "<table>{% for item in contact.items %}<tr><td>{{ item }}</td></tr>{% endfor %}</table>"

    html = rendered(source, {"items": ["one", "two"]}, kind="html")

    assert html.index("<table>") < html.index("one") < html.index("two") < html.index("</table>")


def test_assigned_names_live_through_the_whole_part():
    source = "{% assign greeting = 'Hey' %}\n\n{{ greeting }} {{ contact.first_name }}"

    assert "Hey Ann" in rendered(source, {"first_name": "Ann"})


def test_web_links_are_numbered_and_the_same_address_has_one_number():
    made = compiled(
        "[a](https://x.example/?p=1&q=2) [b](https://y.example) [c](https://x.example/?p=1&q=2) [m](mailto:a@b.c)"
    )

    assert made.links == ("https://x.example/?p=1&q=2", "https://y.example")
    html = rendered("[a](https://x.example/?p=1&q=2) [m](mailto:a@b.c)", {})
    assert f'href="https://t.example/c/{TOKEN}/1"' in html
    assert 'href="mailto:a@b.c"' in html


def test_link_that_differs_per_recipient_is_left_as_it_is():
    source = "[a](https://x.example/?e={{ contact.email | url_encode }})"

    assert compiled(source).links == ()
    assert 'href="https://x.example/?e=a%40b.c"' in rendered(source, {"email": "a@b.c"})


def test_pixel_footer_and_addresses_of_the_message():
    html = rendered("Hi", {})

    assert f'src="https://t.example/o/{TOKEN}"' in html
    assert f'href="https://c.example/u/{TOKEN}"' in html
    assert f'href="https://c.example/p/{TOKEN}"' in html
    assert "A &amp; B<br>1 High St<br" in html
    assert f"Unsubscribe: https://c.example/u/{TOKEN}" in rendered("Hi", {}, part="text")


def test_own_footer_is_not_doubled():
    html = rendered("Bye [out]({{ unsubscribe_url }}) {{ account.postal_address }}", {})

    assert html.count(f"https://c.example/u/{TOKEN}") == 1


def test_untracked_mail_has_neither_pixel_nor_numbered_links():
    made = compiled("[a](https://x.example)", tracks_clicks=False, tracks_opens=False)

    assert made.links == ()
    assert "ec_open" not in made.html
    assert 'href="https://x.example"' in made.html


def test_preheader_stands_first_in_the_body_and_is_escaped():
    html = rendered("Hi", {"city": "<Ulm>"}, preheader="News & more for {{ contact.city }}")

    assert "News &amp; more for &lt;Ulm&gt;</div>" in html


@pytest.mark.parametrize(
    ("source", "gone", "kept"),
    [
        ("<p>a</p><script>alert('x</p>')</script><p>b</p>", "alert", "b"),
        ('<p onclick="x()">a</p>', "onclick", "a"),
        ('<a href="java&#115;cript:x()">a</a>', "x()", "a"),
        ('<a href=" jav\tascript:x()">a</a>', "x()", "a"),
        ('<iframe src="https://x.example">q</iframe>b', "iframe", "b"),
        ('<link rel="stylesheet" href="https://x.example/s.css">b', "s.css", "b"),
        ('<meta http-equiv="refresh" content="0;url=x">b', "refresh", "b"),
        ("<form action='https://x.example'><input name=q>b</form>", "<form", "b"),
    ],
)
def test_what_mail_programs_never_run_is_left_out(source, gone, kept):
    html = rendered(source, {}, kind="html")

    assert gone not in html
    assert kept in html


def test_owners_own_html_is_kept():
    source = '<table bgcolor="#fff"><tr><td width="10" style="color:red">x</td></tr></table><!--[if mso]><p>o</p><![endif]-->'

    html = rendered(source, {}, kind="html")

    assert 'bgcolor="#fff"' in html
    assert "<!--[if mso]><p>o</p><![endif]-->" in html


@pytest.mark.parametrize(
    ("source", "message", "line", "column"),
    [
        ("Hi\n\nyou {{ contact.name ", "This is not closed", 3, 5),
        ("Hi\n{% if contact.a %}x", "Liquid can't be read here", 0, 0),
        ("a {% raw %}<script>{% endraw %}", "The tag “raw” can't be used", 1, 3),
        ("{{ contact.a | safe }}", "There is no filter “safe”", 1, 4),
        ("{% include 'x' %}", "Liquid can't be read here", 1, 4),
        ("\n{% for i in (1..100000000) %}{% endfor %}", "A range needs whole numbers up to 1,000", 2, 13),
        ("{% for i in (1..contact.n) %}{% endfor %}", "A range needs whole numbers", 1, 13),
        ("x" * 500_001, "longer than 500,000", 0, 0),
        ("{{a}}" * 2001, "more than 2,000", 0, 0),
    ],
)
def test_mistakes_are_said_with_their_place(source, message, line, column):
    found = problems(source)

    assert found[0][0].startswith(message) or message in found[0][0]
    assert len(found) >= 1
    if line:
        assert found[0][1:3] == (line, column)


def test_unknown_field_is_a_mistake_where_the_fields_are_known():
    known = known_names(frozenset({"first_name", "email"}))

    assert problems("Hi\n{{ contact.frist_name }}", known_fields=known) == [
        ("There is no field “contact.frist_name”. Did you mean contact.first_name?", 2, 4, "body")
    ]
    compiled(
        "{{ contact.first_name }} {{ account.name }} {{ unsubscribe_url }} {% for i in (1..3) %}{{ i }}{% endfor %}",
        known_fields=known,
    )


def test_a_typo_is_answered_with_what_was_probably_meant():
    known = known_names(frozenset({"first_name", "city"}))
    found = problems(
        "Hi {{ contact.frist_name | upcas }}\n{{ first_name }} {{ zzz }}",
        subject="{{ contact.cty }}",
        known_fields=known,
    )

    assert found == [
        ("There is no field “contact.cty”. Did you mean contact.city?", 1, 4, "subject"),
        ("There is no filter “upcas” in mails. Did you mean upcase?", 1, 7, "body"),
        ("There is no field “contact.frist_name”. Did you mean contact.first_name?", 1, 7, "body"),
        ("There is no field “first_name”. Did you mean contact.first_name?", 2, 4, "body"),
        ("There is no field “zzz”.", 2, 21, "body"),
    ]


def test_liquid_inside_a_tag_needs_quotes():
    (problem,) = problems('<td {% if contact.a %}class="x"{% endif %}>a</td>', kind="html")[:1]

    assert "needs quotes" in problem[0]


def test_notes_have_their_place_where_the_html_is_the_owners_own():
    source = "<p>{{ contact.first_name }}</p>\n{% if contact.city %}\n{% endif %}<form>x</form>"
    assert [(each.line, each.column) for each in compiled(source, kind="html").notes] == [(3, 12)]
    assert [(each.line, each.column) for each in compiled(source, kind="markdown").notes] == [(0, 0)]


def test_a_placeholder_in_elements_that_are_closed_crosswise_is_a_mistake_with_its_place():
    found = problems('<p>x</p>\n<p><b title="{{ contact.city }}">a</p><p>b</b></p>', kind="html")
    assert [each[1:3] for each in found] == [(2, 14)]


@pytest.mark.parametrize("depth", [201, 20_000])
def test_deep_html_is_refused_before_it_can_crash_the_inliner(depth):
    assert "200 deep" in problems("<div>" * depth + "</div>" * depth, kind="html")[0][0]


@pytest.mark.parametrize("kind", ["html", "markdown"])
@pytest.mark.parametrize(
    "source",
    [
        "> " * 5_000 + "a",
        "<!--" * 100_000,
        "<a " * 100_000,
        "<a\"" * 100_000,
        "<style>" * 60_000,
        "<" * 200_000,
        "&" * 200_000,
        "{% comment %}" * 1_900,
        "{{ 'x' | append: 'y' }}" * 1_900,
        "[" * 20_000,
    ],
)  # fmt: skip
def test_hostile_source_takes_no_time(source, kind):
    started = time.process_time()
    with suppress(CannotCompile):
        compiled(source, kind=kind)
    assert time.process_time() - started < 30  # bounded; a second or so on an idle machine


def test_what_tools_take_minutes_on_is_refused_before_they_begin():
    mail = "<mjml><mj-body>{}</mj-body></mjml>"
    unclosed = "{% if a" + " " * 100_000 + "b"
    raw, cells = "<mj-raw>{}</mj-raw>", "|a" * 1_000 + "\n"
    known = frozenset(f"contact.field_nr_{n}" for n in range(200))
    work = {
        "unclosed braces": lambda: compiled("{" * 200_000, kind="rich"),
        "nested rich text": lambda: compiled("<div>" * 90_000, kind="rich"),
        "rules for elements": lambda: compiled(f"<style>{'b{color:red}' * 20_000}</style>{'<b></b>' * 9_000}", kind="html"),
        "wide rules": lambda: compiled(f"<style>{'b,' * 500}b{{{'a:b;' * 5_000}}}</style>{'<b></b>' * 9_000}", kind="html"),
        "cells": lambda: compiled("<table><tr>" + "<td>x" * 40_000, kind="html"),
        "cells in Markdown": lambda: compiled(cells + "|-" * 1_000 + "\n" + cells * 200),
        "definitions": lambda: compiled("[a]: b\n" * 60_000),
        "unknown fields": lambda: compiled("".join(f"{{{{ contact.fild_nr_{n}x }}}}" for n in range(2_000)), known_fields=known),
        "long placeholders": lambda: compiled(("{{ a" + " | upcase" * 20 + " }}") * 2_000),
        "bodies": lambda: convert("<body " * 80_000, was="html", to="rich"),
        "styles": lambda: convert("<style>" * 60_000, was="html", to="mjml"),
        "nested": lambda: convert("<div>" * 90_000, was="html", to="markdown"),
        "many loops": lambda: compiled(
            ("{% for i in (1..1000) %}" + "{% if 1 == 0 %}{% endif %}" * 60 + "{% endfor %}") * 15, kind="html"
        ),
        "lost pieces": lambda: convert(mail.format("{{}}" * 20_000), was="mjml", to="html"),
        "condition": lambda: visual.opened(mail.format(raw.format(unclosed) + "<mj-section></mj-section>" + raw.format("x"))),
        "braces": lambda: visual.stored(mail.format(raw.format("{" * 200_000))),
    }  # fmt: skip
    slow = {}
    for name, task in work.items():
        started = time.process_time()
        with suppress(CannotCompile):
            task()
        slow[name] = time.process_time() - started
    assert {name: seconds for name, seconds in slow.items() if seconds > 5} == {}  # half a second each, idle


@pytest.mark.parametrize(
    "source",
    [
        "{{ (1..1000) | join: contact.long | replace: '1', contact.long }}",
        "{% assign a = 'xxxxxxxxxx' %}" + "{% assign a = a | append: a %}" * 60 + "{{ a }}",
        "{% assign a = 'xxxxxxxxxx' %}" + "{% assign a = a | replace: 'x', 'xxxxxxxxxx' %}" * 20 + "{{ a }}",
        "{% for i in (1..1000) %}{% for j in (1..1000) %}{% for k in (1..1000) %}{% endfor %}{% endfor %}{% endfor %}",
        "{% for i in (1..1000) %}{{ contact.long }}{% endfor %}",
        "{{ 'now' | date: '%999999999d' }}",
        "{% assign a = 9 %}" + "{% assign a = a | times: a %}" * 40 + "{{ a }}",
        "{% for i in (1..1000) %}" + "{% if i == 0 %}{% endif %}" * 900 + "{% endfor %}" + "{{ contact.long }}" * 100,
        "{% for i in (1..1000) %}" + "{% assign a = i %}" * 1_900 + "{% endfor %}",
        "{% capture a %}" + "{{ contact.long }}" * 300 + "{% endcapture %}{{ a | split: '' | join: 'xxxxx' }}",
    ],
)
def test_hostile_liquid_is_stopped_while_it_runs(source):
    program = Program.load({"subject": "s", "html": source, "text": "t"}, urls=URLS, constants={})
    started = time.process_time()
    with pytest.raises(liquid.LiquidError):
        program.html.render({"contact": {"long": "x" * 10_000}}, TOKEN)
    assert time.process_time() - started < 20  # bounded; under two seconds on an idle machine


@pytest.mark.parametrize("typed", ["9" * 20, "²", "Infinity", "nan"])
@pytest.mark.parametrize("used", ["date: '%d %B'", "ceil", "modulo: 0", "sum"])
def test_value_that_a_filter_breaks_on_stops_its_own_message_only(typed, used):
    program = Program.load(
        {"subject": "s", "html": "{{ contact.typed | " + used + " }}", "text": "t"}, urls=URLS, constants={}
    )
    with suppress(liquid.LiquidError):
        program.html.render({"contact": {"typed": typed}}, TOKEN)


def test_what_can_never_be_filled_is_said_when_compiling():
    assert (
        "loop iteration limit"
        in problems("{% for i in (1..999) %}{% for j in (1..999) %}{% endfor %}{% endfor %}")[0][0]
    )


def test_text_part_has_the_links_and_no_markup():
    text = rendered("# Title\n\nSee [this](https://x.example).\n\n- one\n- two", {}, part="text")

    assert "Title" in text
    assert f"[this](https://t.example/c/{TOKEN}/1)" in text
    assert "<" not in text
    assert "* one" in text


def test_centred_words_begin_their_line_in_the_text_part():
    made = compile_content(
        kind="html",
        subject="x",
        source='<table><tr><td align="center"><div style="text-align:center">Short</div></td></tr>'
        "<tr><td>A line that is much longer than the other</td></tr></table>",
    )
    assert made.text.splitlines()[0] == "Short"


def test_an_own_text_part_is_filled_and_its_links_are_counted_with_those_of_the_mail():
    source = "[Bread](https://example.com/bread)"
    text = "Hi {{ contact.first_name }}\nhttps://example.com/bread. And https://example.com/more\n"
    made = compiled(source, text=text)
    shown = rendered(source, {"first_name": "Bo"}, part="text", text=text)

    assert made.links == ("https://example.com/bread", "https://example.com/more")
    assert shown.startswith(f"Hi Bo\nhttps://t.example/c/{TOKEN}/1. And https://t.example/c/{TOKEN}/2\n")
    assert f"Unsubscribe: https://c.example/u/{TOKEN}" in shown
    assert problems(source, text="Hi\n{{ contact. }}")[0][1:] == (2, 1, "text")
