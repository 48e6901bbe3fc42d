"""The guard over special categories: names, values, the register and its decisions."""

import pytest
from django.conf import settings

from emailconcert.lib.tenancy import account_scope
from privacy.models import SpecialCategoryFinding
from privacy.services import findings, guard, lexicon
from tests.accounts.helpers import ACTOR, code_at, give_device, give_password, now, sign_in
from tests.factories import NOW, UserFactory, make_cast, make_member
from tests.privacy.mails import mails_to

HOST = {"headers": {"host": "localhost:8000"}}

ASKING = {
    "ethnic": [
        "Race",
        "your race",
        "Ethnicity/Race",
        "skin_colour",
        "Hautfarbe",
        "Origine raciale",
        "Etnia",
        "Huidskleur",
    ],
    "political": [
        "Political party",
        "politicalViews",
        "Politische Gesinnung",
        "Parteizugehörigkeit",
        "Opinión política",
    ],
    "belief": ["Religion", "RELIGIÖSE Zugehörigkeit", "Konfession", "Foi", "Creencias", "Geloofsovertuiging", "Fede"],
    "union": [
        "Trade union",
        "trade_union_member",
        "Gewerkschaftsmitglied",
        "Syndicat",
        "Afiliación sindical",
        "Vakbondslid",
    ],
    "health": [
        "Chronische Krankheiten",
        "État de santé",
        "Discapacidad",
        "Gruppo sanguigno",
        "Ziekteverzuim",
        "Allergies",
    ],
    "sex": ["Sexual orientation", "sexuelle Ausrichtung", "Vie sexuelle", "Orientamento sessuale", "Seksuele voorkeur"],
    "genetic": ["Genetic test result", "Gentest", "ADN", "Datos genéticos", "Genoom"],
    "biometric": ["Fingerprint", "Fingerabdruck", "Empreinte digitale", "Huella dactilar", "Vingerafdruk"],
}
INNOCENT = [
    "Race results", "Union Street", "Health food club member", "European Union", "Credit union member", "Party size",
    "Gender", "Geschlecht", "Genre", "Embrace", "Terrace", "Hautnah", "Dénomination sociale", "Golf handicap", "Raza del perro",
    "Partner", "DNS name", "Church Street", "Fête", "Syndicat de copropriété", "Kirchstraße", "First name", "Black Friday",
    "Email disabled", "Jewish Museum friends", "Politics", "Skin type", "Favourite colour", "Members", "", "The",
    "Color", "Favourite color", "Hive", "Hives near you", "DNAme", "Sourdough", "Blinds", "Baptiste",
]  # fmt: skip


OTHER_WORDS = [
    "Sourdough", "Sourdough Thursday", "Sordid", "Window blinds", "Blinds", "Baptiste", "Jean-Baptiste", "Judías verdes",
    "Addictive", "Christian", "Rose Black", "Depressed cake", "White", "Celia", "Ateolo", "Baptism gown", "Autisme-friendly hours", "Color", "Colour",
    "Hive", "Hives", "DNAme", "Muslimov", "Mormont", "Disabled", "Asma",
]  # fmt: skip


@pytest.fixture
def alice(db):
    return make_cast()[0]


@pytest.mark.parametrize(("key", "name"), [(key, name) for key, names in ASKING.items() for name in names])
def test_names_that_ask_for_a_special_category_are_refused_with_the_category(key, name):
    with pytest.raises(guard.SpecialCategory) as refused:
        guard.refuse_name(name)

    assert refused.value.category.key == key
    assert lexicon.title_of(key) in str(refused.value)
    assert "otherwise ask the Data Protection Officer" in str(refused.value)


@pytest.mark.parametrize("text", OTHER_WORDS)
def test_a_value_that_only_begins_like_such_a_word_passes(text):
    assert guard.suspicious([text]) is None


@pytest.mark.parametrize("name", INNOCENT)
def test_innocent_lookalikes_pass(name):
    guard.refuse_name(name)


def test_a_list_may_be_called_by_a_subject_and_not_by_what_people_are():
    guard.refuse_name("Health", place="list")
    guard.refuse_name("Church", place="tag")
    with pytest.raises(guard.SpecialCategory):
        guard.refuse_name("Catholics", place="tag")
    with pytest.raises(guard.SpecialCategory):
        guard.refuse_name("HIV positive customers", place="segment")


@pytest.mark.parametrize(
    ("values", "key"),
    [
        (["Catholic", "Muslim", "Jewish"], "belief"),
        (["", "katholisch", "", "evangelisch", "konfessionslos"], "belief"),
        (["Christian", "Muslim", "none"], "belief"),
        (["Green", "Labour", "Conservative Party"], "political"),
        (["IG Metall", "–", "–"], "union"),
        (["HIV positive"], "health"),
        (["Ich bin schwanger"], "health"),
        (["Regular. She was diagnosed with asthma in 2019 and prefers the morning course, not the evening one; call first."], "health"),
        (["red; gay", "blue"], "sex"),
        (["Christian", "Anna", "Jude"], None),
        (["black", "white", "blue"], None),
        (["Union Street 5", "Race results"], None),
        (["gold", *["silver"] * 8, "Muslim"], None),
        ([], None),
        (["", ""], None),
    ],
)  # fmt: skip
def test_a_column_of_values_is_known_by_what_a_fifth_of_them_says(values, key):
    found = guard.suspicious(values)

    assert (found.key if found else None) == key


def test_values_are_refused_written_down_once_and_told(alice):
    with account_scope(alice.account):
        for _ in range(2):
            with pytest.raises(guard.SpecialCategory, match="religious or philosophical beliefs"):
                guard.refuse_values(["Muslim", "Catholic"], place="import", name="Notes", now=NOW)
        [finding] = SpecialCategoryFinding.objects.all()
        assert (finding.name, finding.place, finding.category, finding.state, finding.times) == (
            "Notes", "import", "belief", "open", 2,
        )  # fmt: skip
        assert b"Muslim" not in bytes(finding.sealed_sample)

    [told] = mails_to("alice@example.org", "special_category_found")
    assert (told["name"], told["category"]) == ("Notes", "religious or philosophical beliefs")
    assert len(mails_to(settings.DPO_ADDRESS, "special_category_register")) == 1


def test_what_the_officer_allows_passes_in_this_account_only(alice, db):
    charlie = make_member(name="Dan", email="dan@example.com")
    with account_scope(alice.account):
        with pytest.raises(guard.SpecialCategory):
            guard.refuse_name("Allergies", place="field", now=NOW)
        pk = SpecialCategoryFinding.objects.get().pk
    [row] = findings.rows()
    assert (row.name, row.sample, row.state) == ("Allergies", "", "open")

    findings.decide(pk=pk, allow=True, actor=ACTOR, now=NOW)

    with account_scope(alice.account):
        guard.refuse_name("allergies", place="column", now=NOW)
        guard.refuse_values(["peanut allergy"], place="form", name="Allergies", now=NOW)
        with pytest.raises(guard.SpecialCategory):
            guard.refuse_name("Blood type", place="field", now=NOW)
    with account_scope(charlie.account), pytest.raises(guard.SpecialCategory):
        guard.refuse_name("Allergies", place="field", now=NOW)
    [told] = mails_to("alice@example.org", "special_category_decided")
    assert told["allowed"] is True


def test_the_officer_decides_on_the_register_and_the_sample_goes(client, alice):
    with account_scope(alice.account), pytest.raises(guard.SpecialCategory):
        guard.refuse_values(["Hindu"], place="member", name="Notes", now=NOW)
    dora = give_password(UserFactory(is_staff=True, platform_role="dpo", name="Dora"))
    give_device(dora)
    sign_in(client, dora)
    client.post("/sign-in/code/", {"code": code_at(now())})
    register = "/admin/privacy/specialcategoryfinding/"
    [row] = findings.rows()

    shown = client.get(register, **HOST).content.decode()
    assert "Notes" in shown
    assert "“Hindu”" in shown
    client.post(f"{register}{row.pk}/decide/", {"decision": "uphold"}, **HOST)

    [row] = findings.rows(state="upheld")
    assert (row.state, row.sample) == ("upheld", "")
    assert "Hindu" not in client.get(register, **HOST).content.decode()
    with pytest.raises(findings.NothingToDecide):
        findings.decide(pk=row.pk, allow=False, actor=ACTOR, now=NOW)


def test_the_register_is_closed_to_members(client, alice):
    client.force_login(alice.user)

    assert client.get("/admin/privacy/specialcategoryfinding/", **HOST).status_code in (302, 403)
    assert client.post("/admin/privacy/specialcategoryfinding/1/decide/", **HOST).status_code in (302, 403)


def test_the_mails_render(alice):
    from django.template.loader import render_to_string

    context = {
        "name": "Notes", "category": "health", "place": "import", "account": "Acme", "url": "https://x.example/",
        "dpo": "dpo@x.example", "platform": "EC", "allowed": False,
    }  # fmt: skip
    for template in ("special_category_found", "special_category_register", "special_category_decided"):
        for end in ("subject.txt", "txt", "html"):
            text = render_to_string(f"mail/{template}.{end}", context)
            assert "Acme" in text or "Notes" in text
