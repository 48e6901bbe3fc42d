"""Making one person's HTML: a program compiled once, beside a template rendered each time."""

from bench.measure import Comparison, figure

COUNT = 2_000
SOURCE = "# Hi {{ contact.first_name | default: 'friend' }}\n\n" + "\n\n".join(
    f"Paragraph {number} for {{{{ contact.city }}}} with a [link](https://shop.example/{number}) and **words**, "
    + "enough of them to fill a line or two. " * 4
    for number in range(8)
)
CONSTANTS = {"account": {"name": "Shop", "postal_address": "1 High Street"}}
TOKEN = "T" * 32


def values(number):
    return {"contact": {"first_name": f"Name{number}", "city": "Springfield", "email": f"p{number}@example.com"}}


def sources():
    from delivery.content.compiling import compile_content

    return compile_content(kind="markdown", source=SOURCE, subject="News for {{ contact.first_name }}").sources()


def program():
    from delivery.content.program import Program, Urls

    return Program.load(sources(), urls=Urls("https://t.example", "https://c.example"), constants=CONSTANTS)


def django_templates():
    from django.template import Context, Engine

    engine = Engine()
    found = {}
    for name, source in sources().items():
        text = source.replace("| default: 'friend'", '|default:"friend"').replace("| newline_to_br", "|linebreaksbr")
        found[name] = engine.from_string(text)

    def render(number):
        context = Context({**values(number), **CONSTANTS, "ec_click": "https://t.example/c/" + TOKEN})
        return {name: template.render(context) for name, template in found.items()}

    return render


def compare():
    """Compare filling, and show what compiling itself costs."""
    ours, theirs = program(), django_templates()

    def fill():
        for number in range(COUNT):
            ours.html.render(values(number), TOKEN)
            ours.text.render(values(number), TOKEN)

    def render():
        for number in range(COUNT):
            theirs(number)

    def inline_each():
        for _ in range(20):
            sources()

    return [
        Comparison(
            "Filling HTML and text for one person",
            "person",
            (figure("compiled program", fill, units=COUNT), figure("Django template", render, units=COUNT)),
        ),
        Comparison(
            "Compiling: Markdown, cleaning, links, inlined styles, text part",
            "mailing",
            (figure("compile_content", inline_each, units=20),),
            "Once per mailing, never per person.",
        ),
    ]
