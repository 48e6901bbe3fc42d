"""The people and words of the demo account. All of it is made up; the domains are reserved for examples."""

OWNER = {"name": "Nora Byrne", "email": "demo@harbour-bakery.example", "password": "fresh bread at seven"}
OFFICER = {"name": "Priya Shah", "email": "dpo@emailconcert.example", "password": "answers within thirty days"}
# Fixed, so that a newcomer can put it into an app once; it opens nothing but this demo on this machine.
OFFICER_SEED = bytes.fromhex("8d1c3b6f0a5e97c24d81f2b6e3907a5c14d8e6f9")

BUSINESS = {
    "business_name": "Harbour Bakery",
    "postal_address": "12 Quay Street\nGalway H91 X0XX\nIreland",
    "country": "IE",
    "time_zone": "Europe/Dublin",
    "language": "en",
}
SENDER = {"name": "Harbour Bakery", "email": "hello@harbour-bakery.example"}

FIRST_NAMES = (
    "Aoife", "Brendan", "Ciara", "Declan", "Eimear", "Fiona", "Grainne", "Hugh", "Isolde", "Jack", "Katie", "Liam",
    "Maeve", "Niall", "Orla", "Padraig", "Quinn", "Roisin", "Sean", "Tara", "Una", "Victor", "Wendy", "Zoë",
    "Agnieszka", "Bartosz", "Chiara", "Davide", "Elena", "Farid",
)  # fmt: skip
LAST_NAMES = (
    "Walsh", "Kelly", "O’Sullivan", "Murphy", "Doyle", "McCarthy", "Gallagher", "Nolan", "Fitzgerald", "Keane",
    "Kowalska", "Rossi", "Haddad", "Lindqvist", "Müller",
)  # fmt: skip
DOMAINS = ("example.com", "example.org", "example.net", "mail.example")
PEOPLE = 60

BREADS = ("Sourdough", "Rye and caraway", "Soda bread", "Walnut and fig")
FIELDS = (
    {"label": "Favourite bread", "type": "choice", "choices": BREADS},
    {"label": "Loaves a week", "type": "number"},
)
TAG = "Regular"
SEGMENT = "Rye lovers"
SEGMENT_TREE = {
    "match": "all",
    "rules": [{"condition": "field:favourite_bread", "operator": "any_of", "values": {"choices": ["Rye and caraway"]}}],
}

LISTS = (("Weekly bread", "What comes out of the oven this week."), ("Evenings", "Tastings and courses, once a month."))
FORM_NAME = "Sign-up on the counter"
FORM_TEXTS = {
    "title": "Fresh bread news",
    "intro": "One mail a week: what we bake, and when it is warm.",
    "consent": "Yes, Harbour Bakery may mail me once a week. I can stop at any time.",
    "button": "Count me in",
    "thanks": "Thank you. See you at the counter.",
}
FORM = {"questions": [{"field": "first_name"}], "texts": {"en": FORM_TEXTS}}
FORM_SLUG = "harbour-bakery"

SENT = {
    "name": "Sourdough week",
    "subject": "{{ contact.first_name | default: 'Good morning' }}, it is sourdough week",
    "preheader": "Four loaves, one oven, from Thursday on.",
    "source": """# Sourdough week

Hello {{ contact.first_name | default: "there" }},

from Thursday on we bake **four sourdoughs** that we usually keep for the holidays:

- Rye and caraway
- Seaweed and oats
- Walnut and fig
- The plain one, that needs nothing

[See when they are warm](https://harbour-bakery.example/sourdough) or
[put one aside](https://harbour-bakery.example/order).

The [recipe of the plain one](https://harbour-bakery.example/recipes/plain) is on our site. It takes three days and no skill.

Nora and everybody at the bakery
""",
}
DRAFT = {
    "name": "Evening course: your first loaf",
    "subject": "Learn to bake your first loaf",
    "preheader": "Eight places, one evening, all the flour you can carry.",
    "source": """# Your first loaf

Hello {{ contact.first_name | default: "there" }},

on the last Friday of the month we keep the ovens on and teach **eight people** to bake.

[Take a place](https://harbour-bakery.example/evenings)
""",
}

AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Thunderbird/140.1.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)",
    "Mozilla/5.0 (X11; Linux x64; rv:141.0) Gecko/20100101 Firefox/141.0",
)
PROXY = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
GATEWAY = "Mozilla/5.0 (compatible; Barracuda Sentinel)"
