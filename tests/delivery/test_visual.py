"""MJML made ready for the visual editor, and the editor's document made MJML again."""

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.content import visual
from delivery.content.compiling import compile_content
from delivery.content.problems import CannotCompile

BODY = "<mjml><mj-body>{}</mj-body></mjml>"
ONE = "<mj-section><mj-column>{}</mj-column></mj-section>"
SHOWN = BODY.format(
    "<mj-raw>{% if contact.country == \"IE\" %}</mj-raw>" + ONE.format("<mj-text>Fáilte</mj-text>") + "<mj-raw>{% endif %}</mj-raw>"
)  # fmt: skip


def in_column(text):
    return BODY.format(ONE.format(text))


def compiled(source):
    return compile_content(kind="visual", source=source, subject="Hello", tracks_clicks=False, tracks_opens=False).html


# What people and other programs write: loose tags, entities, bare signs, and Liquid with all of it inside.
words = st.text("ab \n&;\"'>{}%é\u00a0", max_size=12).filter(lambda text: "{{" not in text and "{%" not in text)
liquid = st.sampled_from(
    [
        '{{ contact.first_name | default: "<b>A & B</b>" }}',
        "{{ 'x &lt; y' }}",
        "{% if contact.points < 3 and contact.points > 1 %}few{% endif %}",
    ]
)
inline = st.one_of(
    words, liquid, st.sampled_from(["<br>", "&nbsp;", "&amp;", "&lt;p&gt;", "<b class=x>bold</b>", "<!-- a -->"])
)
texts = st.lists(inline, max_size=5).map("".join)
blocks = st.one_of(
    texts.map(lambda text: f"<mj-text color='red'>{text}</mj-text>"),
    texts.map(lambda text: f'<mj-button href="https://example.com/?a=1&b={{{{ contact.email }}}}">{text}</mj-button>'),
    st.sampled_from(
        ["<mj-divider/>", "<mj-image src=https://example.com/a.png alt='' />", "<mj-raw><p>raw<br></p></mj-raw>"]
    ),
)
sections = st.lists(blocks, max_size=3).map(lambda found: ONE.format("\n ".join(found)))
shown = sections.map(lambda one: f"<mj-raw>{{% if contact.points < 3 %}}</mj-raw>{one}<mj-raw>{{% endif %}}</mj-raw>")
documents = st.lists(st.one_of(sections, shown, st.just("<mj-raw>{% assign a = 1 %}</mj-raw>")), max_size=3).map(
    lambda found: BODY.format("\n".join(found))
)


@given(documents)
def test_a_document_is_well_formed_and_the_same_mail_on_its_way_back(source):
    try:
        before = compiled(source)
    except CannotCompile:
        return  # what can't be sent may be refused
    opened = visual.opened(source)
    ET.fromstring(opened)
    stored = visual.stored(opened)
    assert compiled(stored) == before or "".join(compiled(stored).split()) == "".join(before.split())
    assert visual.stored(visual.opened(stored)) == stored


def test_a_bare_ampersand_may_stand_before_any_letter():
    assert "Tea &amp;éclairs" in compiled(in_column("<mj-text>Tea &éclairs</mj-text>"))


def test_a_condition_is_one_attribute_in_the_editor_and_liquid_in_the_source():
    opened = visual.opened(SHOWN)
    assert '<mj-section data-ec-if="contact.country == &quot;IE&quot;">' in opened
    stored = visual.stored(opened)
    assert '<mj-raw>{% if contact.country == "IE" %}</mj-raw>\n    <mj-section>' in stored
    assert visual.CONDITION not in stored
    assert "{% if contact.country" in compiled(stored)


def test_a_block_in_a_column_is_shown_to_some():
    edited = visual.opened(in_column("<mj-text>All</mj-text><mj-text>Some</mj-text>")).replace(
        "<mj-text>Some", '<mj-text data-ec-if="contact.points &lt; 3">Some'
    )
    stored = visual.stored(edited)
    assert "<mj-raw>{% if contact.points < 3 %}</mj-raw>\n        <mj-text>Some" in stored
    assert visual.opened(stored) == edited
    assert "{% if contact.points < 3 %}" in compiled(stored)


def test_a_condition_ends_where_its_tag_ends():
    edited = visual.opened(in_column("")).replace("<mj-section>", '<mj-section data-ec-if="a %}{{ b }}{% if c">')
    assert "{% if a {{ b }}{% if c %}" in visual.stored(edited)


def test_other_liquid_around_elements_stays_as_it_is():
    twice = BODY.format(f"<mj-raw>{{% if a %}}</mj-raw>{ONE.format('')}{ONE.format('')}<mj-raw>{{% endif %}}</mj-raw>")
    assert visual.CONDITION not in visual.opened(twice)
    assert visual.stored(visual.opened(twice)).count("mj-raw") == 4


def test_nothing_opens_as_a_mail_to_begin_with():
    assert "look forward to" in compiled(visual.stored(visual.opened("  ")))


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (in_column("<mj-txt>a</mj-txt>"), "Did you mean <mj-text>"),
        ("<p>Hello</p>", "MJML begins with <mjml>"),
        (in_column("<mj-text><script>alert(1)</script></mj-text>"), "<script> outside <mj-raw>"),
        (in_column("<mj-text><svg onload=a></svg></mj-text>"), "<svg>"),
        (in_column("<mj-text><o:p>x</o:p></mj-text>"), "hold o:p"),
        (in_column("<mj-text>a<!-- b -- c --></mj-text>"), "can't be read"),
        (in_column("<mj-text>" + "<i>" * 100 + "</i>" * 100 + "</mj-text>"), "deep"),
        ("<mjml></mjml>", "one <mj-body>"),
    ],
)
def test_what_the_editor_would_lose_is_refused_with_a_sentence(source, said):
    with pytest.raises(CannotCompile) as caught:
        visual.opened(source)
    assert said in str(caught.value)


@pytest.mark.parametrize("sent", ["", "no markup", "<mjml><mj-body>", "<mjml>" * 50_000, "<mjml></mj-body></mjml>"])
def test_what_can_not_be_read_is_kept_as_it_was_sent(sent):
    assert visual.stored(sent) == sent
