"""Feeds as strangers write them: read as plain text, and filled in as text that is never markup and never Liquid."""

import time
from html.parser import HTMLParser

import pytest

from campaigns.feeds import filling, reading
from campaigns.feeds.patterns import SOURCE
from delivery.content.compiling import compile_content
from delivery.content.problems import CannotCompile
from delivery.content.program import Program, Urls
from delivery.services.compiling import Content
from tests.campaigns.feed_server import rss

BASE = "https://blog.test/feed.xml"
EVIL = "1. {{ contact.email }} {% if true %}&lt;b&gt;&amp;lt;script&amp;gt;x()&amp;lt;/script&amp;gt;&lt;/b&gt; *b* {{"
ATOM = b"""<?xml version="1.0" encoding="iso-8859-1"?><feed xmlns="http://www.w3.org/2005/Atom"><title>B\xe4cker</title>
<entry><id>tag:1</id><title type="html">&lt;b&gt;Bread&lt;/b&gt; &amp;amp; butter</title><link href="/a b?{{x}}"/>
<updated>2027-03-07T23:30:00Z</updated><author><name>Jo</name></author>
<content type="html">&lt;p&gt;One&lt;/p&gt;&lt;p&gt;two&lt;/p&gt;&lt;script&gt;x()&lt;/script&gt;&lt;img onerror=x src='/p.png'&gt;</content>
</entry></feed>"""


def test_an_items_parts_are_plain_text():
    news = reading.read(ATOM, base=BASE)

    assert (news.title, len(news.items)) == ("Bäcker", 1)
    assert news.items[0].as_row() == {
        "key": "tag:1",
        "title": "Bread & butter",
        "url": "https://blog.test/a%20b?%7B%7Bx%7D%7D",
        "summary": "One two",
        "picture": "https://blog.test/p.png",
        "author": "Jo",
        "published": "2027-03-07T23:30:00+00:00",
    }


def test_the_newest_comes_first_and_each_once():
    news = reading.read(rss("b", "a", "a"), base=BASE)

    assert [each.key for each in news.items] == ["b", "a"]


@pytest.mark.parametrize(
    "body",
    [
        b"<!doctype html><html><body><p>Hello</p></body></html>",
        b"",
        b"\x00\xff" * 100,
        b'{"version": "https://jsonfeed.org/version/1", "items": []}',
        b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "' + b"a" * 1000 + b'">]><rss version="2.0"><channel/></rss>',
        b'<!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/passwd">]><rss><channel><title>&a;</title></channel></rss>',
        b'<rss version="2.0"><channel>' + b"<a>" * 600_000,
    ],
)
def test_what_is_no_feed_or_is_a_trap_is_refused(body):
    began = time.monotonic()
    with pytest.raises(reading.NotAFeed):
        reading.read(body, base=BASE)
    assert time.monotonic() - began < 5


def test_what_is_nearly_xml_is_read_and_addresses_that_are_no_webs_are_left_out():
    body = rss(("a", "Tea&nbsp;time", "x")).replace(b"https://blog.test/a", b"javascript:alert(1)")
    item = reading.read(body, base=BASE).items[0]

    assert (item.title, item.url) == ("Tea time", "")


def fill(source, *items, kind="html", **more):
    rows = [each.as_row() for each in reading.read(rss(*items), base=BASE).items]
    given = filling.values(title="The <oven>", url="https://blog.test/", items=rows, zone="Europe/Berlin")
    return filling.fill(Content(subject="{{ feed.items.first.title }}", source=source, kind=kind, **more), given)


def elements(html):
    found = set()
    parser = HTMLParser()
    parser.handle_starttag = lambda name, attributes: found.add(name)
    parser.feed(html)
    return found


@pytest.mark.parametrize("kind", ["markdown", "html", "mjml", "rich"])
def test_a_feeds_text_is_never_markup_and_never_liquid(kind):
    source = {
        "markdown": SOURCE,
        "mjml": "<mjml><mj-body><mj-raw>{% for item in feed.items %}</mj-raw><mj-section><mj-column>"
        '<mj-image src="https://x.test/p.png" alt="{{ item.title }}"/><mj-text>{{ item.title }}</mj-text>'
        "</mj-column></mj-section><mj-raw>{% endfor %}</mj-raw></mj-body></mjml>",
    }.get(
        kind,
        '<p>{% for item in feed.items %}<a href="{{ item.url }}" title="{{ item.title }}">{{ item.title }}</a>{% endfor %}</p>',
    )
    filled = fill(source, ("evil", EVIL, "x"), kind=kind, preheader="{{ feed.items.first.title }}")

    made = compile_content(kind=kind, source=filled.source, subject=filled.subject, preheader=filled.preheader)
    program = Program.load(made.sources(), urls=Urls("https://t.test", "https://c.test"), constants={})
    values = {"contact": {"email": "secret@example.com"}}
    said = {name: getattr(program, name).render(values, "t") for name in ("subject", "html", "text")}
    assert "secret" not in str(said)
    assert said["subject"].startswith("1. {{ contact.email }} {% if true %}")
    assert said["subject"].endswith("*b* {{")
    assert elements(said["html"]).isdisjoint({"script", "b", "em"})
    for part in ("html", "text"):
        assert "{{ contact.email }} {% if true %}" in said[part]
        assert "*b* {{" in said[part]


def test_what_is_filled_for_each_contact_stays_as_it_is_written():
    source = (
        "{{ contact.first_name }}{% for item in feed.items %}{{ forloop.index }}{{ item.title }} {{ item.date }},"
        "{% if contact.vip %}VIP{% else %}{{ item.author }}{% endif %}{% if item.picture %}!{% endif %}"
        "{% else %}none{% endfor %}"
        "{% for x in contact.tags %}{{ forloop.index }}{% break %}{% endfor %}"
        "{% assign n = feed.items.size %}{% if n > 1 %}{{ n }} in {{ feed.title | upcase }}{% endif %}"
    )
    contact = "{% if contact.vip %}VIP{% else %}{% endif %}"

    assert fill(source, "a", "b").source == (
        f"{{{{ contact.first_name }}}}1News a 1 March 2027,{contact}2News b 1 March 2027,{contact}"
        "{% for x in contact.tags %}{{ forloop.index }}{% break %}{% endfor %}"
        "2 in THE &lt;OVEN&gt;"
    )


def test_a_condition_that_is_about_both_is_refused():
    with pytest.raises(CannotCompile, match="can't name both"):
        fill("{% if contact.vip and feed.title %}x{% endif %}", "a")
    with pytest.raises(CannotCompile, match="can't be read"):
        fill("{% for item in feed.items %}x", "a")
