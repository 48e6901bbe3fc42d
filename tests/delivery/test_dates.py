"""Dates in the reader's language and zone, what a mail may say of its campaign, and what stays the same for many."""

import time

import pytest
from liquid.exceptions import LiquidError

from delivery.content.compiling import CannotCompile, compile_content, known_names
from delivery.content.dates import House, manner_of
from delivery.content.pieces import Dated, Fragment, Shared
from delivery.content.program import Program, Urls
from delivery.content.rehearsal import Rehearsal

HOUSE = House(language="de", country="AT", time_zone="Europe/Vienna")
URLS = Urls("https://t.example", "https://c.example")
IRISH = {"language": "en", "country": "IE", "time_zone": "Europe/Dublin"}
LATE = "2026-05-07T22:30:00+00:00"
CAMPAIGN = {"name": "Spring", "subject": "Hi {{ contact.first_name }}", "preheader": "Loaves", "date": LATE}


def written(value, form, contact=None):
    return manner_of({"contact": contact or {}}, HOUSE).write(value, form)


def program(html, **campaign):
    constants = {"campaign": CAMPAIGN | campaign, "account": {"name": "A & B"}}
    sources = {"subject": "s", "html": html, "text": "t"}
    return Program.load(sources, urls=URLS, constants=constants, house=HOUSE)


def shown(html, contact=None, **campaign):
    return program(html, **campaign).html.render({"contact": contact or {}}, "T" * 32)


def problems(source, **kwargs):
    with pytest.raises(CannotCompile) as caught:
        compile_content(**{"kind": "markdown", "subject": "s"} | kwargs, source=source)
    return [(each.message, each.line, each.column, each.part) for each in caught.value.problems]


@pytest.mark.parametrize(
    ("contact", "long", "full", "clock"),
    [
        ({}, "8. Mai 2026", "Freitag, 8. Mai 2026", "00:30"),
        (IRISH, "7 May 2026", "Thursday 7 May 2026", "23:30"),
        ({"language": "en", "country": "US", "time_zone": "America/New_York"}, "May 7, 2026", "Thursday, May 7, 2026", "6:30\u202fPM"),
        ({"language": "pt-br", "time_zone": "Asia/Tokyo"}, "8 de maio de 2026", "sexta-feira, 8 de maio de 2026", "07:30"),
        ({"language": "pl", "country": "PL", "time_zone": "../../etc/passwd"}, "8 maja 2026", "piątek, 8 maja 2026", "00:30"),
        ({"language": "xx-yy", "country": "??", "time_zone": "No/Where"}, "8. Mai 2026", "Freitag, 8. Mai 2026", "00:30"),
        ({"language": None, "country": 7, "time_zone": ["a"]}, "8. Mai 2026", "Freitag, 8. Mai 2026", "00:30"),
    ],
)  # fmt: skip
def test_dates_are_written_in_the_readers_language_and_zone_or_else_the_accounts(contact, long, full, clock):
    assert [written(LATE, form, contact) for form in ("long", "full", "time")] == [long, full, clock]


@pytest.mark.parametrize(
    ("form", "german", "polish"),
    [
        ("%-d. %B %Y", "7. Mai 2026", "7. maja 2026"),  # after a day, Polish months stand in the genitive
        ("%B %Y", "Mai 2026", "maj 2026"),
        ("%A, %a %b 100%%", "Donnerstag, Do. Mai 100%", "czwartek, czw. maj 100%"),
        ("%x", "07.05.26", "7.05.2026"),
        ("%c", "07.05.2026 18:05", "7 maj 2026 18:05"),
        ("%I:%M %p|%P|%r|%D", "06:05 PM|pm|06:05:00 PM|05/07/26", "06:05 PM|pm|06:05:00 PM|05/07/26"),
    ],
)
def test_formats_of_strftime_say_names_in_the_readers_language(form, german, polish):
    naive = "2026-05-07T18:05:00"  # no zone: everybody's own clock
    assert written(naive, form, {"time_zone": "Asia/Tokyo"}) == german
    assert written(naive, form, {"language": "pl", "country": "PL"}) == polish


@pytest.mark.parametrize(
    "value", ["nonsense", "²", "9" * 20, "2026-13-45", "x" * 500, "0001-01-01T00:00:00+14:00", "inf", True, [1], 1e400]
)
def test_what_is_no_date_stays_as_it_is(value):
    assert [written(value, form) for form in ("long", "%d %B")] == [str(value)] * 2
    assert written(None, "long") == written("", "%d") == ""


def test_days_are_never_turned_to_another_zone_and_other_ways_to_write_them_are_read():
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        assert written("2026-05-07", "long", {"time_zone": zone}) == "7. Mai 2026"
    assert written("1778193000", "long") == written("May 8 2026", "long") == "8. Mai 2026"


def test_no_language_lends_its_names_to_another():
    assert written("2026-05-07", "%B %Y", {"language": "ja"}) == "5月 2026"
    assert written("2026-05-07", "%B %Y", {"language": "fr", "country": "CA"}) == "mai 2026"
    assert written("2026-05-07", "%b", {"language": "ja"}) == "5月"


def test_dates_of_contacts_and_campaigns_need_no_liquid_per_recipient():
    source = (
        '{{ contact.born | date: "%-d %B" | default: "soon" }}|{{ contact.born | date }}|'
        '{{ campaign.date | date: "%A" | upcase }}|{% if campaign.name == "Spring" %}{{ campaign.date | date }}{% endif %}|'
        "{{ contact.seen | date: contact.form }}|{{ account.name }}"
    )
    part = program(source).html

    assert [type(each) for each in part.pieces if not isinstance(each, str)] == [Dated, Dated, Shared, Shared, Fragment]
    ann = IRISH | {"born": "1990-02-03", "seen": LATE, "form": "%H<b>"}
    for _ in range(2):  # the second time from what was kept
        assert (
            part.render({"contact": ann}, "T") == "3 February|3 February 1990|THURSDAY|7 May 2026|23&lt;b&gt;|A &amp; B"
        )
        assert part.render({"contact": {"seen": LATE}}, "T") == "soon||FREITAG|8. Mai 2026|8. Mai 2026|A &amp; B"
    assert not Rehearsal(program('{{ campaign.date | date: "%B" }} {{ contact.born | date }}'), {}).can_fail


def test_what_is_kept_for_others_stays_small_and_now_stays_now():
    part = program('{{ "now" | date: "%s" }}{{ campaign.date | date: "%H" }}').html
    timely, shared = (each for each in part.pieces if isinstance(each, Shared))
    assert (timely.is_timely, shared.is_timely) == (True, False)
    assert abs(int(part.show(timely, {})) - time.time()) < 100
    for number in range(1_200):
        part.show(shared, {"contact": {"language": f"a{number}"}})
    assert len(part._kept) <= 500


def test_a_mail_says_what_its_campaign_is_called_and_what_its_subject_says_to_each():
    source = "{{ campaign.name }}|{{ campaign.subject }}|{{ campaign.preheader | upcase }}|{{ campaign.missing }}"

    assert shown(source, {"first_name": "<Bo>"}) == "Spring|Hi &lt;Bo&gt;|LOAVES|"
    assert shown(source, subject="Plain", preheader="{{ contact.first_name }}!") == "Spring|Plain|!|"
    assert shown('{% if campaign.subject contains "Bo" %}yes{% endif %}', {"first_name": "Bo"}) == "yes"
    assert program(source).html.fixed is None
    assert program("{{ campaign.name }} {{ campaign.preheader }}").html.fixed == "Spring Loaves"


def test_a_mailing_without_a_campaign_says_nothing_of_one():
    bare = Program.load({"subject": "s", "html": "[{{ campaign.name }}]", "text": "t"}, urls=URLS, constants={})
    assert bare.html.render({"contact": {}}, "T") == "[]"


def test_mistakes_in_campaign_names_and_dates_are_said_with_what_was_meant():
    known = known_names(frozenset({"first_name"}))
    assert problems('x {{ campaign.dat | date: "lng" }}\n{{ campain.name }} {{ campaign.date | date: "%Q" }}', known_fields=known) == [
        ("There is no way “lng” to write dates. Did you mean long?", 1, 6, "body"),
        ("This date format can't be used here.", 2, 23, "body"),
        ("There is no field “campaign.dat”. Did you mean campaign.date?", 1, 6, "body"),
        ("There is no field “campain.name”. Did you mean campaign.name?", 2, 4, "body"),
    ]  # fmt: skip
    (found,) = problems("x", subject="{{ campaign.subject }}", known_fields=known)
    assert found[0].startswith("There is no field “campaign.subject”.")
    assert found[3] == "subject"


@pytest.mark.parametrize(
    "source",
    [
        "{% if contact.a %}A{{ contact.b }}{% elsif contact.b == 'x' %}B{% else %}C{% endif %}",
        "{% if contact.n > 3 and contact.a != blank %}<b>{{ contact.b | upcase }}</b>{% endif %}",
        "{% if contact.a contains 'x' %}{% if contact.b %}{{ view_url }}{% else %}-{% endif %}{% endif %}",
        "{% if contact.b %}  {% endif %}|{% unless contact.a %}u{% endunless %}",
        "{% if account.name == 'A & B' %}{{ contact.b | default: 'd' }}{{ campaign.date | date: '%B' }}{% endif %}",
        "{% if contact.a == empty %}e{% elsif contact.a == blank %}b{% else %}{{ account.name }}{% endif %}",
        "{% if contact.n %}{% for i in (1..3) %}{{ i }}{% if i == 2 %}{% break %}{% endif %}{% endfor %}{% endif %}",
    ],
)
def test_conditions_print_what_liquid_itself_prints(source):
    """Branches are split as all else; what comes out is what python-liquid prints alone."""
    part = program(source).html
    for contact in ({}, {"a": "x", "b": "<x>", "n": 4}, {"a": "", "b": "x", "n": 3}, {"a": " ", "n": True, "b": False}):
        values = {"contact": contact}
        filling = part.filling(values, "T")
        assert part.render(values, "T") == "".join(filling.run(node) for node in part._template.nodes)


def test_a_condition_that_can_not_be_asked_fails_its_own_message_only():
    part = program("{% if contact.n > 3 %}x{% endif %}").html
    assert part.render({"contact": {"n": 4}}, "T") == "x"
    with pytest.raises(LiquidError):
        part.render({"contact": {"n": "many"}}, "T")


def test_what_was_written_as_entities_is_read_and_never_run():
    hidden = "&#123;&#123; contact.first_name }} &#x7b;% raw %}"
    made = compile_content(kind="html", source=f'<p title="{hidden}">{hidden}</p>', subject="s")
    for part in (made.html, made.text):
        shown = program(part).html.render({"contact": {"first_name": "Bo"}}, "T")
        assert "Bo" not in shown
        assert "contact.first_name" in shown


def test_liquid_that_the_text_part_would_lose_is_said():
    source = '<p title="{% if contact.a %}">x</p><p>{% endif %}</p>'
    assert problems(source, kind="html")[0][0].startswith("The text part can't be made from this mail")
    compile_content(kind="html", source=source, subject="s", text="My own")
