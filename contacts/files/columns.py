"""Which column holds what: guessed from heads in several languages, and from the cells below them."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from contacts.files.reading import ADDRESS

IGNORE = ""
NEW = "new"
FIELD = "field:"  # followed by the key of a custom field
FIXED: Mapping[str, str] = {
    "email": "Email address",
    "first_name": "First name",
    "last_name": "Last name",
    "name": "Full name",
    "language": "Language (code)",
    "country": "Country (code)",
    "time_zone": "Time zone",
    "tags": "Tags",
}
_HEADS: Mapping[str, str] = {
    "email": "email emailaddress emailadres emailadresse mail mailadresse mailaddress eposta epost correo correoelectronico"
    " direcciondecorreo adresseemail adressemail courriel adressedemessagerie indirizzoemail posta sahkoposti adresemail"
    " email1 email1value primaryemail contactemail subscriberemail личнаяпочта почта электроннаяпочта メールアドレス 电子邮件 邮箱",
    "first_name": "firstname givenname forename fname first vorname prenom nombre nombredepila nome primonome voornaam fornamn"
    " fornavn etunimi imie jmeno имя 名",
    "last_name": "lastname surname familyname lname last nachname familienname nom nomdefamille apellido apellidos cognome"
    " sobrenome achternaam efternamn efternavn sukunimi nazwisko prijmeni фамилия 姓",
    "name": "name fullname displayname contactname vollername nomcomplet nombrecompleto nomecompleto volledigenaam",
    "language": "language lang locale sprache langue idioma lingua taal sprak",
    "country": "country countrycode cc land laenderkennzeichen pays pais paese kraj",
    "time_zone": "timezone tz zeitzone fuseauhoraire zonahoraria",
    "tags": "tags tag labels label groups schlagworte schlagwoerter etiquettes etiquetas",
}
_BY_HEAD = {word: field for field, words in _HEADS.items() for word in words.split()}
_CODE = re.compile(r"\s*[A-Za-z]{2}\s*\Z")


@dataclass(frozen=True)
class Column:
    """One column as the preview shows it."""

    number: int
    head: str
    samples: tuple[str, ...]
    guess: str


def guess(heads: Sequence[str], rows: Sequence[Sequence[str]], *, own: Mapping[str, str]) -> list[Column]:
    """Return the columns with a guess each; `own` gives the label of the account's fields by key.

    No target is guessed twice; a column of addresses is the address whatever its head says.
    """
    width = max([len(heads), *(len(row) for row in rows)])
    cells = [[row[number].strip() for row in rows if number < len(row)] for number in range(width)]
    named = [heads[number].strip() if number < len(heads) else "" for number in range(width)]
    guesses = [_by_head(named[number], cells[number], own) for number in range(width)]
    if "email" not in guesses:
        full = [sum(bool(ADDRESS.match(cell)) for cell in column) for column in cells]
        most = max(full, default=0)
        if most:
            guesses[full.index(most)] = "email"
    columns, taken = [], set[str]()
    for number in range(width):
        found = guesses[number]
        if found in taken and found != IGNORE:
            found = IGNORE
        taken.add(found)
        shown = tuple(cell[:80] for cell in cells[number] if cell)[:3]
        columns.append(Column(number, named[number] or f"Column {number + 1}", shown, found))
    return columns


def head_key(head: str) -> str:
    """Return a head without case, accents, blanks and punctuation: "E-Mail Address" is "emailaddress"."""
    plain = unicodedata.normalize("NFKD", head.casefold().replace("ß", "ss"))
    return "".join(letter for letter in plain if letter.isalnum())


def _by_head(head: str, cells: Sequence[str], own: Mapping[str, str]) -> str:
    key = head_key(head)
    field = _BY_HEAD.get(key, IGNORE)
    if field == "country" and not all(_CODE.match(cell) for cell in cells if cell):
        field = IGNORE
    if field:
        return field
    for name, label in own.items():
        if key and key in {head_key(name), head_key(label)}:
            return FIELD + name
    return IGNORE
