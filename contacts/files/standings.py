"""What other products call people who said no, or whose mail came back: such rows are never subscribed."""

import re
import unicodedata
from collections.abc import Mapping
from enum import StrEnum


class Standing(StrEnum):
    """How a person stood where the file comes from."""

    SUBSCRIBED = "subscribed"
    ASIDE = "aside"
    """Never agreed, or not yet: not brought in, not suppressed either."""
    BOUNCED = "bounced"
    UNSUBSCRIBED = "unsubscribed"
    COMPLAINED = "complained"


NO = (Standing.BOUNCED, Standing.UNSUBSCRIBED, Standing.COMPLAINED)
_SEVERITY = tuple(Standing)
_WORDS: Mapping[Standing, str] = {
    Standing.SUBSCRIBED: "subscribed subscriber active enabled confirmed optedin optin yes true 1 valid verified delivered ok marketingcontact"
    " marketing angemeldet abonniert aktiv bestatigt abonne actif inscrit suscrito activo iscritto attivo ingeschreven actief",
    Standing.ASIDE: "pending unconfirmed nonsubscribed notsubscribed neversubscribed transactional nonmarketingcontact nonmarketing inactive"
    " disabled archived draft deleted unknown nostatus unbestatigt ausstehend inaktiv inactif enattente pendiente inactivo inattivo",
    Standing.BOUNCED: "bounced bounce hardbounced hardbounce softbounced cleaned invalid undeliverable emailinvalid badaddress rejected"
    " unzustellbar ungultig invalide rebotado nonvalido",
    Standing.UNSUBSCRIBED: "unsubscribed unsubscribe optedout optout out blocklisted blacklisted blacklist blocked suppressed removed donotcontact"
    " donotemail dnc no false 0 withdrawn abgemeldet abbestellt gesperrt widerrufen desabonne desinscrit desinscrite baja cancelado disiscritto"
    " uitgeschreven",
    Standing.COMPLAINED: "complained complaint spam spamcomplaint markedasspam abuse abusecomplaint reported junk beschwerde plainte queja",
}
_BY_WORD = {word: standing for standing, words in _WORDS.items() for word in words.split()}
# A flag or a moment: anything but these means that it happened.
_DID_NOT = frozenset(
    [
        "no",
        "n",
        "false",
        "f",
        "0",
        "off",
        "nein",
        "non",
        "nee",
        "não",
        "nie",
        "-",
        "–",
        "none",
        "null",
        "never",
        "nan",
        "n/a",
        "nil",
        "0000-00-00",
    ]
)
_LETTERS = re.compile(r"[\W_]+")


def read_standing(text: str) -> Standing | None:
    """Return what a status means; None where the word is not known."""
    plain = unicodedata.normalize("NFKD", text.casefold().replace("ß", "ss"))
    return _BY_WORD.get(_LETTERS.sub("", "".join(each for each in plain if not unicodedata.combining(each))))


def happened(text: str) -> bool:
    """Tell whether a cell of "unsubscribed" or "bounced" (yes, a moment, a reason) says that it happened."""
    text = text.strip().casefold()
    return bool(text) and text not in _DID_NOT


def worse(one: Standing, other: Standing) -> Standing:
    """Return the one that weighs more."""
    return max(one, other, key=_SEVERITY.index)
