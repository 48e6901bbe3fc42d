"""Making one person's mail: a program compiled once, beside templates that others render each time."""

from bench.measure import Comparison, Figure, figure

COUNT = 2_000
FIELDS = ("first_name", "last_name", "city", "country", "email", "plan", "points", "shop", "phone", "language")
PARAGRAPH = "enough words of bread and butter to fill a line or two of the letter, as people write them. " * 4
CONSTANTS = {
    "account": {"name": "Shop", "postal_address": "1 High Street"},
    "campaign": {"name": "May", "subject": "News", "preheader": "", "date": "2026-05-07T09:00:00+00:00"},
}
DATES = '<p>{{ contact.born | date: "%-d %B" }}, {{ campaign.date | date: "full" }}</p>'
TOKEN = "T" * 32
LANGUAGES = ("en", "de", "fr", "pl")


def values(number):
    found = {name: f"{name} {number}" for name in FIELDS}
    return {
        "contact": found
        | {"language": LANGUAGES[number % 4], "born": f"1990-{number % 12 + 1:02}-03", "points": number}
    }


def body(kind, size):
    """Return a newsletter of about `size` bytes with ten variables and two conditions."""
    named = " ".join(f"{{{{ contact.{name} }}}}" for name in FIELDS)
    asked = (
        "{% if contact.points > 1000 %}<strong>Thank you</strong>{% else %}Hello{% endif %}"
        '{% if contact.language == "de" %} und viele Gruesse{% endif %}'
    )
    filler = (
        f'<p style="margin:0 0 12px">{PARAGRAPH}<a href="https://shop.example/{n}">More</a></p>' for n in range(999)
    )
    made = [f"<p>{named}</p>", f"<p>{asked}</p>"]
    while sum(map(len, made)) < size:
        made.append(next(filler))
    if kind == "mjml":
        inside = "".join(f"<mj-section><mj-column><mj-text>{each}</mj-text></mj-column></mj-section>" for each in made)
        return f"<mjml><mj-body>{inside}</mj-body></mjml>"
    if kind == "markdown":
        return "\n\n".join(each.replace("<p>", "").replace("</p>", "") for each in made)
    style = "<style>p { color: #223344; font-size: 16px } a { color: #2f55d4 } @media (max-width: 600px) { p { font-size: 15px } }</style>"
    return f"<html><head>{style}</head><body>{''.join(made)}</body></html>"


def sources(source, kind="html"):
    from delivery.content.compiling import compile_content

    return compile_content(kind=kind, source=source, subject="News for {{ contact.first_name }}").sources()


def program(made):
    from delivery.content.program import Program, Urls

    urls = Urls("https://t.example", "https://c.example")
    return Program.load(made, urls=urls, constants=CONSTANTS)


def _outside(number):
    return {
        **values(number),
        **CONSTANTS,
        "ec_click": f"https://t.example/c/{TOKEN}",
        "ec_open": "",
        "unsubscribe_url": "",
    }


def _as_others_write(source):
    """Liquid's own filters in the words of Django and Jinja2."""
    return source.replace(" | newline_to_br", "")


def django_templates(source):
    from django.template import Context, Engine

    found = Engine().from_string(_as_others_write(source))
    return lambda number: found.render(Context(_outside(number)))


def jinja_sandbox(source):
    from jinja2.sandbox import SandboxedEnvironment

    found = SandboxedEnvironment(autoescape=True).from_string(_as_others_write(source))
    return lambda number: found.render(_outside(number))


def liquid_alone(source):
    from delivery.content import liquid

    found = liquid.parse(source, html=True)
    return lambda number: found.render(**_outside(number))


def _for_each(render):
    def work():
        for number in range(COUNT):
            render(number)

    return work


def _copying(html):
    """Do what any way has to: join as many bytes."""
    pieces = [html[at : at + 2_000] for at in range(0, len(html), 2_000)]

    def render(_number):
        values(0)
        "".join(pieces)

    return render


def filling(size=60_000):
    """Compare filling HTML with ten variables and two conditions."""
    html = sources(body("html", size))["html"]
    ours, dated = program({"subject": "x", "html": html, "text": "x"}).html, html.replace("<p>", DATES + "<p>", 1)
    with_dates = program({"subject": "x", "html": dated, "text": "x"}).html
    ways = {
        "compiled program": lambda number: ours.render(values(number), TOKEN),
        "the same with two dates in each one's language": lambda number: with_dates.render(values(number), TOKEN),
        "Jinja2, SandboxedEnvironment": jinja_sandbox(html),
        "Django template": django_templates(html),
        "python-liquid as it comes, dates as well": liquid_alone(dated),
    }
    copying = figure("", _for_each(_copying(html)), units=COUNT).microseconds
    figures = [(name, figure(name, _for_each(work), units=COUNT).microseconds) for name, work in ways.items()]
    return Comparison(
        f"Filling {len(html) // 1000} KB of HTML, ten variables and two conditions, beyond copying",
        "person",
        tuple(Figure(name, found - copying) for name, found in figures),
        f"Copying, taken off each: {copying:.1f} µs.",
    )


def compiling():
    """Show what compiling a mail of 60 KB costs, by way of writing; each source is as long as that takes."""
    figures = []
    for kind, size in (("html", 53_000), ("mjml", 12_500), ("markdown", 55_000)):
        source = body(kind, size)
        made = len(sources(source, kind)["html"])
        work = lambda source=source, kind=kind: [sources(source, kind) for _ in range(5)]  # noqa: E731
        figures.append(
            figure(f"{kind}, {len(source) // 1000} KB, which makes {made // 1000} KB of HTML", work, units=5, runs=7)
        )
    return Comparison(
        "Compiling a newsletter: cleaning, links, inlined styles, text part",
        "mailing",
        tuple(figures),
        "Once per mailing, never per person.",
    )


def compare():
    """Compare filling, small and large, and show what compiling itself costs."""
    return [filling(), filling(6_000), compiling()]
