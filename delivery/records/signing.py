"""The DKIM key record (RFC 6376 §3.6.1, RFC 8463 §4.2)."""

from delivery.records import tags
from delivery.records.finding import Finding, State


def judge(texts: tuple[str, ...], *, expected: str) -> Finding:
    """Compare key records by what they mean: order, blanks and the case of names say nothing."""
    wanted = tags.parse(expected)
    if not texts:
        return Finding(State.MISSING, words="Publish this record.")
    if len(texts) > 1:
        return Finding(State.DIFFERS, texts, "Only one record may stand under this name: delete the others.")
    try:
        found = tags.parse(texts[0])
    except tags.BadTags as error:
        return Finding(State.DIFFERS, texts, str(error))
    problem = _problem(found, wanted)
    return Finding(State.DIFFERS, texts, problem) if problem else Finding(State.MATCHES, texts, _note(found))


def _problem(found: dict[str, str], wanted: dict[str, str]) -> str:
    key, expected = "".join(found.get("p", "").split()), wanted["p"]
    kinds = {word.strip().lower() for word in found.get("s", "*").split(":")}
    problems = (
        ("v" in found and (found["v"] != "DKIM1" or next(iter(found)) != "v"), "It must begin with v=DKIM1."),
        ("p" not in found, "It has no key (p=)."),
        (not key, "Its key was taken back (p= is empty)."),
        (found.get("k", "rsa").lower() != wanted["k"], f"It is for another kind of key; ours is {wanted['k']}."),
        (key != expected and expected.startswith(key), "The key was cut off, so it was not stored whole."),
        (key != expected, "It holds another key."),
        ("sha256" not in found.get("h", "sha256").lower(), "Its h= leaves out sha256, which we sign with."),
        (not {"*", "email"} & kinds, "Its s= leaves out mail."),
    )
    words = next((words for is_so, words in problems if is_so), "")
    return f"{words} Replace it by the value that is expected." if words else ""


def _note(found: dict[str, str]) -> str:
    flags = {flag.strip().lower() for flag in found.get("t", "").split(":")}
    return "It says that you are testing (t=y): remove that once mail arrives." if "y" in flags else ""
