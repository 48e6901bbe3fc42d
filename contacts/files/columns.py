"""Which column holds what: guessed from heads in several languages, from known products, and from the cells."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from contacts import fields
from contacts.fields import STANDARD, BadValue
from contacts.fields.kinds import Kind, Reader, reader
from contacts.files import products
from contacts.files.reading import ADDRESS
from contacts.files.standings import read_standing

IGNORE = ""
NEW = "new"
FIELD = fields.FIELD
NEW_OF = "new:"  # followed by the type of the field to be made
_SPECIAL: Mapping[str, str] = {
    "name": "Full name",
    "tags": "Tags",
    "status": "Status there (subscribed, unsubscribed, bounced …)",
    "opted_out": "Unsubscribed (yes, or when)",
    "bounced": "Bounced (yes, or when)",
}
FIXED: Mapping[str, str] = {**{field.name: field.label for field in STANDARD}, **_SPECIAL}
NEW_TYPES: Mapping[str, str] = {
    "text": "text",
    "long_text": "long text",
    "number": "number",
    "date": "date",
    "datetime": "date and time",
    "boolean": "yes or no",
    "url": "web address",
}
# Several columns may say that somebody said no; the worst of them counts.
MANY = frozenset({"status", "opted_out", "bounced"})
_KINDS = {field.name: field.kind for field in STANDARD}
_HEADS: Mapping[str, str] = {
    "email": "email emailaddress emailadres emailadresse mail mailadresse mailaddress eposta epost correo correoelectronico"
    " direcciondecorreo adresseemail adressemail courriel adressedemessagerie indirizzoemail posta sahkoposti adresemail"
    " email1 email1value primaryemail contactemail subscriberemail личнаяпочта почта электроннаяпочта メールアドレス 电子邮件 邮箱",
    "first_name": "firstname givenname forename fname first vorname prenom nombre nombredepila nome primonome voornaam fornamn"
    " fornavn etunimi imie jmeno имя 名",
    "last_name": "lastname surname familyname lname last nachname familienname nom nomdefamille apellido apellidos cognome"
    " sobrenome achternaam efternamn efternavn sukunimi nazwisko prijmeni фамилия 姓",
    "name": "name fullname displayname contactname vollername nomcomplet nombrecompleto nomecompleto volledigenaam",
    "date_of_birth": "dateofbirth birthdate birthday dob geburtsdatum geburtstag datedenaissance fechadenacimiento"
    " datadinascita geboortedatum datadenascimento dataurodzenia fodelsedatum",
    "gender": "gender sex geschlecht sexe genero sesso geslacht plec kon",
    "language": "language lang locale sprache langue idioma lingua taal sprak preferredlanguage preferredlocale",
    "country": "country countrycode cc countryregion land laenderkennzeichen landercode pays pais paese kraj",
    "time_zone": "timezone tz zeitzone fuseauhoraire zonahoraria tijdzone fusoorario",
    "phone": "phone phonenumber telephone tel mobile mobilephone mobilenumber cell sms telefon telefonnummer handy mobil"
    " mobiltelefon portable telefono telefonomovil movil cellulare telefoon telefoonnummer telefone telemovel",
    "tags": "tags tag labels label groups schlagworte schlagwoerter etiquettes etiquetas",
    "status": "status subscriptionstatus emailstatus subscriberstatus optinstatus marketingstatus abostatus statut estado stato",
    "opted_out": "unsubscribed unsubscribedat unsubscribedate unsubtime optout optedout emailoptout emailoptedout donotemail"
    " donotcontact dnc blacklisted blocklisted emailblacklisted unsubscribedfromallemail abgemeldet abgemeldetam desabonne"
    " desinscrit disiscritto uitgeschreven",
    "bounced": "bounced bouncedat hardbounced hardbounce cleaned cleantime bounce",
}  # fmt: skip
_BY_HEAD = {word: field for field, words in _HEADS.items() for word in words.split()}
_MOSTLY = 0.6
_PHONE = re.compile(r"\s*(?:\+|00)[1-9][\d\s()./-]{6,18}\Z")
_CODE_NUMBER = re.compile(r"[+-]?0\d")
_DAY_MONTH = re.compile(r"\s*(\d{1,2})[/-](\d{1,2})[/-](?:19|20)\d\d\b")
_TYPES: tuple[tuple[str, Reader], ...] = tuple(
    (kind.value, reader(kind)) for kind in (Kind.NUMBER, Kind.BOOLEAN, Kind.DATE, Kind.DATETIME, Kind.URL)
)


@dataclass(frozen=True)
class Column:
    """One column as the preview shows it."""

    number: int
    head: str
    samples: tuple[str, ...]
    guess: str


def guess(heads: Sequence[str], rows: Sequence[Sequence[str]], *, own: Mapping[str, str]) -> list[Column]:
    """Return the columns with a guess each; `own` gives the label of the account's fields by key.

    No target is guessed twice; a column of addresses is the address whatever its head says. What has values and is not
    known becomes a new field of the type that fits.
    """
    width = max([len(heads), *(len(row) for row in rows)])
    cells = [[row[number].strip() for row in rows if number < len(row)] for number in range(width)]
    filled = [[cell for cell in column if cell] for column in cells]
    named = [heads[number].strip() if number < len(heads) else "" for number in range(width)]
    keys = [head_key(each) for each in named]
    product = products.recognise(keys)
    meant = product.targets if product else {}
    guesses = [_target(keys[number], filled[number], own, meant) for number in range(width)]
    if "email" not in guesses:
        full = [sum(bool(ADDRESS.match(cell)) for cell in column) for column in cells]
        most = max(full, default=0)
        if most:
            guesses[full.index(most)] = "email"
    if "phone" not in guesses:
        guesses = _with_phone(guesses, filled)
    columns, taken = [], set[str]()
    for number in range(width):
        found = guesses[number]
        if found and found in taken and found not in MANY and not found.startswith(NEW_OF):
            found = new_field(filled[number])
        taken.add(found)
        shown = tuple(cell[:80] for cell in filled[number])[:3]
        columns.append(Column(number, named[number] or f"Column {number + 1}", shown, found))
    return columns


def product_of(heads: Sequence[str]) -> str:
    """Return the name of the product whose export has these heads, or an empty text."""
    found = products.recognise([head_key(head) for head in heads])
    return found.name if found else ""


def new_field(cells: Sequence[str]) -> str:
    """Return the target that makes a field of the type that all of these cells have; a column without any is left out."""
    if not cells:
        return IGNORE
    if any(len(cell) > 200 or "\n" in cell for cell in cells):
        return f"{NEW_OF}long_text"
    for name, read in _TYPES:
        if name == "number" and any(_CODE_NUMBER.match(cell) or len(cell) > 15 for cell in cells):
            continue  # postal codes and numbers of customers are names, not numbers
        if name == "date" and any(":" in cell for cell in cells):
            continue
        if name == "url" and not all("://" in cell or cell.startswith("www.") for cell in cells):
            continue
        if all(_reads(read, cell) for cell in cells):
            return f"{NEW_OF}{name}"
    return f"{NEW_OF}text"


def says_day_first(rows: Sequence[Sequence[str]], *, default: bool) -> bool:
    """Tell from dates such as 11/30/2026 which of the two is the day; `default` where none of them tells."""
    found = [match for row in rows for cell in row if (match := _DAY_MONTH.match(cell))]
    if any(int(match[2]) > 12 for match in found):
        return False
    return default or any(int(match[1]) > 12 for match in found)


def head_key(head: str) -> str:
    """Return a head without case, accents, blanks and punctuation: "E-Mail Address" is "emailaddress"."""
    plain = unicodedata.normalize("NFKD", head.casefold().replace("ß", "ss"))
    return "".join(letter for letter in plain if letter.isalnum())


def _target(key: str, cells: Sequence[str], own: Mapping[str, str], meant: Mapping[str, str]) -> str:
    field = meant.get(key, _BY_HEAD.get(key))
    if field and _holds(field, cells):
        return field
    if field == IGNORE:
        return IGNORE
    for name, label in own.items():
        if key and key in {head_key(name), head_key(label)}:
            return FIELD + name
    return new_field(cells)


def _holds(field: str, cells: Sequence[str]) -> bool:
    """Tell whether the cells bear out what the head says."""
    if field == "status":
        return bool(cells) and all(read_standing(cell) for cell in cells)
    kind = _KINDS.get(field)
    if kind not in {Kind.BIRTH, Kind.LANGUAGE, Kind.COUNTRY, Kind.ZONE} or not cells:
        return True
    read = reader(kind)
    return sum(_reads(read, cell) for cell in cells) >= _MOSTLY * len(cells)


def _with_phone(guesses: list[str], filled: Sequence[Sequence[str]]) -> list[str]:
    for number, cells in enumerate(filled):
        if guesses[number].startswith(NEW_OF) and cells and all(_PHONE.match(cell) for cell in cells):
            return [*guesses[:number], "phone", *guesses[number + 1 :]]
    return guesses


def _reads(read: Reader, cell: str) -> bool:
    try:
        read(cell)
    except BadValue:
        return False
    return True
