"""MJML and rich text: compiled, mistakes said at their place, hostile input refused before it can crash the process."""

import threading
import time

import pytest

from tests.delivery.test_content import compiled, problems, rendered

TEXT = "<mjml><mj-body><mj-section><mj-column><mj-text>{}</mj-text></mj-column></mj-section></mj-body></mjml>"


def test_mjml_becomes_a_mail_with_counted_links_and_filled_names():
    source = TEXT.format(
        "Hi {{ contact.first_name }}{% if contact.age < 3 %}, little one{% endif %}<br>a & b &nbsp;"
        "<a href=https://example.com/bread>Bread</a>"
    )

    assert compiled(source, kind="mjml").links == ("https://example.com/bread",)
    assert "Hi Bo, little one" in rendered(source, {"first_name": "Bo", "age": 2}, kind="mjml")
    assert "Hi Bo\n" in rendered(source, {"first_name": "Bo", "age": 4}, kind="mjml", part="text")


def test_a_condition_around_a_section_stands_in_mj_raw():
    source = (
        "<mjml><mj-body><mj-raw>{% if contact.vip %}</mj-raw><mj-section><mj-column><mj-text>Very important"
        "</mj-text></mj-column></mj-section><mj-raw>{% endif %}</mj-raw></mj-body></mjml>"
    )

    assert "Very important" in rendered(source, {"vip": True}, kind="mjml")
    assert "Very important" not in rendered(source, {}, kind="mjml")


def test_icons_that_mjml_borrows_elsewhere_are_noted():
    mail = '<mjml><mj-body><mj-section><mj-column><mj-social><mj-social-element name="x"{}>X</mj-social-element>{}'
    end = "</mj-social></mj-column></mj-section></mj-body></mjml>"
    borrowed, own = (
        compiled(mail.format(src, end), kind="mjml").notes for src in ("", ' src="https://example.com/x.png"')
    )

    assert ["www.mailjet.com" in each.message for each in borrowed] == [True]
    assert own == ()


def test_what_a_style_of_mjml_says_is_inlined():
    source = TEXT.format("<p class='x'>Hi</p>").replace(
        "<mj-body>", '<mj-head><mj-style inline="inline">.x { color: #123456 }</mj-style></mj-head><mj-body>'
    )

    assert "color: #123456" in rendered(source, {}, kind="mjml").partition("<body")[2]


@pytest.mark.parametrize(
    ("source", "message", "line", "column"),
    [
        ("<p>Hi</p>", "MJML begins with <mjml>; for a mail of HTML, choose HTML as the way of writing.", 1, 1),
        (
            "<mjml>\n<mj-body>{% if contact.vip %}\n<mj-section></mj-section>{% endif %}</mj-body></mjml>",
            "Liquid is lost directly in <mj-body>: write <mj-raw>…</mj-raw> around it.",
            2,
            10,
        ),
        (
            "<mjml><mj-body>\n  <mj-sektion></mj-sektion></mj-body></mjml>",
            "There is no <mj-sektion> in MJML. Did you mean <mj-section>?",
            2,
            3,
        ),
        (
            "<mjml><mj-body>\nHello<mj-section></mj-section></mj-body></mjml>",
            "Text can't stand directly in <mj-body>: put it into <mj-text>.",
            2,
            1,
        ),
        (TEXT.format("{{ contact.first_name }} <b>x"), "<b> is not closed before </mj-text>.", 1, 73),
        (TEXT.format("\na < b"), "“<” begins an element here. Write &lt; for the sign itself.", 2, 3),
        (TEXT.format("</i>"), "</i> closes nothing.", 1, 48),
        ("<mjml><mj-body>", "<mjml> is not closed: write </mjml> where it ends.", 1, 1),
        (TEXT.format("<mj-include path='/etc/passwd' />"), "<mj-include> can't be used", 1, 48),
    ],
)
def test_mistakes_in_mjml_are_said_with_their_place(source, message, line, column):
    found = problems(source, kind="mjml")[0]

    assert found[0].startswith(message)
    assert found[1:] == (line, column, "body")


@pytest.mark.parametrize(
    "source",
    [
        TEXT.format("<div>" * 20_000),
        TEXT.format("<div>" * 20_000 + "</div>" * 20_000),
        TEXT.format("<![CDATA[></x>]]><x>" * 4_000),
        TEXT.format("<!--></x>--><x>" * 10_000),
        TEXT.format("<x a='</x></x>'>" * 10_000),
        TEXT.format("<style>" + "<x>" * 10_000),
        "<mjml><mj-body>" + "<mj-wrapper>" * 10_000,
        TEXT.format("<p a=" * 50_000),
        TEXT.format("<br>" * 90_000),
        "<" * 300_000,
    ],
)
def test_hostile_mjml_is_refused_quickly_on_a_small_stack(source):
    """The compiler runs on threads with small stacks, too; a crash would end this process."""
    found = []
    before = time.perf_counter()
    size = threading.stack_size(1024 * 1024)
    thread = threading.Thread(target=lambda: found.append(problems(source, kind="mjml")))
    thread.start()
    threading.stack_size(size)
    thread.join()

    assert found[0]
    assert time.perf_counter() - before < 3


def test_mjml_as_deep_as_allowed_is_compiled_on_a_small_stack():
    made = []
    size = threading.stack_size(512 * 1024)
    source = TEXT.format("<div>" * 50 + "x" + "</div>" * 50)
    thread = threading.Thread(target=lambda: made.append(compiled(source, kind="mjml")))
    thread.start()
    threading.stack_size(size)
    thread.join()

    assert "x" in made[0].html


def test_rich_text_stands_cleaned_in_the_layout_with_liquid_as_it_was_typed():
    source = (
        '<h1 onclick="x()">Hi {{ contact.first_name | default: &quot;friend&quot; }}</h1><script>alert(1)</script>'
        '<div style="color:red">{% if contact.age &lt;&nbsp;3 %}Small<br>{% endif %}<a href="https://example.com/">x</a></div>'
        '<a href="javascript:alert(1)">y</a><iframe src="https://example.com/"></iframe>'
    )
    html = rendered(source, {"age": 2}, kind="rich")

    assert compiled(source, kind="rich").links == ("https://example.com/",)
    assert ("ec-card" in html, "Hi friend</h1>" in html, "Small<br>" in html) == (True, True, True)
    assert not any(each in html for each in ("alert", "onclick", "color:red", "javascript", "iframe"))


def test_mistakes_in_rich_text_have_no_line_as_none_is_seen():
    assert problems("<div>{{ contact.frist }}</div>", kind="rich", known_fields=frozenset({"contact.first"})) == [
        ("There is no field “contact.frist”. Did you mean contact.first?", 0, 0, "body")
    ]
