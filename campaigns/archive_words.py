"""The words of archives, in the languages that the product has."""

from collections.abc import Mapping

_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "title": "Newsletters",
        "subscribe": "Subscribe",
        "feed": "Feed",
        "empty": "Nothing here yet",
        "empty_why": "The next mail that is sent to everybody will appear here.",
        "newer": "Newer",
        "older": "Older",
        "pages": "Pages",
        "all": "All mails",
        "the_mail": "The mail",
        "languages": "In another language",
    },
    "de": {
        "title": "Newsletter",
        "subscribe": "Anmelden",
        "feed": "Feed",
        "empty": "Hier ist noch nichts",
        "empty_why": "Die nächste E-Mail, die an alle geht, erscheint hier.",
        "newer": "Neuere",
        "older": "Ältere",
        "pages": "Seiten",
        "all": "Alle E-Mails",
        "the_mail": "Die E-Mail",
        "languages": "In einer anderen Sprache",
    },
    "fr": {
        "title": "Lettres d’information",
        "subscribe": "S’inscrire",
        "feed": "Flux",
        "empty": "Rien pour le moment",
        "empty_why": "Le prochain courriel envoyé à tous paraîtra ici.",
        "newer": "Plus récents",
        "older": "Plus anciens",
        "pages": "Pages",
        "all": "Tous les courriels",
        "the_mail": "Le courriel",
        "languages": "Dans une autre langue",
    },
    "es": {
        "title": "Boletines",
        "subscribe": "Suscribirme",
        "feed": "Canal",
        "empty": "Aún no hay nada",
        "empty_why": "El próximo correo que se envíe a todos aparecerá aquí.",
        "newer": "Más recientes",
        "older": "Más antiguos",
        "pages": "Páginas",
        "all": "Todos los correos",
        "the_mail": "El correo",
        "languages": "En otro idioma",
    },
}


def words(language: str) -> Mapping[str, str]:
    """Return the words of a page in a language."""
    return _WORDS.get(language, _WORDS["en"])
