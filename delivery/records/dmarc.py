"""DMARC (RFC 9989): found by walking up the tree, read by its tags; an owner's own, stricter one is kept."""

from delivery.records import tags
from delivery.records.finding import Finding, State
from delivery.records.lookup import Resolver

_POLICIES = {"none": "only watches", "quarantine": "sends what fails to spam", "reject": "refuses what fails"}
_DEEPEST = 8  # RFC 9989 §4.10


def judge(domain: str, *, resolver: Resolver) -> Finding:
    """Find and read the record that holds for mail from a domain. Raises `LookupFailed`."""
    for name in _names(domain):
        texts = resolver.find(f"_dmarc.{name}", "TXT").texts
        found = tuple(text for text in texts if "".join(text.lower().split()).lstrip('"').startswith("v=dmarc1"))
        if len(found) > 1:
            return Finding(
                State.DIFFERS, found, f"_dmarc.{name} has several DMARC records, which counts as none: keep one."
            )
        if found:
            return _read(found, name, domain)
        if texts and name == domain:
            return Finding(State.DIFFERS, texts, "What stands there is not DMARC: it must begin with v=DMARC1.")
    return Finding(State.MISSING, words="Publish this record.")


def _names(domain: str) -> list[str]:
    labels = domain.split(".")
    names = [".".join(labels[start:]) for start in range(len(labels) - 1)]
    return names if len(names) <= _DEEPEST else [names[0], *names[-_DEEPEST + 1 :]]


def _read(found: tuple[str, ...], name: str, domain: str) -> Finding:
    try:
        said = tags.parse(found[0])
    except tags.BadTags as error:
        return Finding(State.DIFFERS, found, str(error))
    problem = _problem(said)
    if problem:
        return Finding(State.DIFFERS, found, problem)
    policy = said.get("p", "none").lower()
    if name != domain:
        policy = said.get("sp", policy).lower()
    own = "" if name == domain else f"It is inherited from {name}. "
    return Finding(State.MATCHES, found, f"{own}It {_POLICIES[policy]}; it stays as it is.{_alignment(said, domain)}")


def _problem(said: dict[str, str]) -> str:
    if next(iter(said)) != "v" or said["v"] != "DMARC1":
        return "It must begin with v=DMARC1, in capitals."
    if "p" not in said and "rua" not in said:
        return "It says no policy: add p=none, or a stricter one."
    for tag in ("p", "sp", "np"):
        if tag in said and said[tag].lower() not in _POLICIES:
            return f"{tag}={said[tag][:20]} is no policy: write none, quarantine or reject."
    for tag in ("adkim", "aspf"):
        if said.get(tag, "r").lower() not in ("r", "s"):
            return f"{tag}={said[tag][:20]} is neither r nor s."
    for tag in ("rua", "ruf"):
        if any(
            not uri.strip().lower().startswith(("mailto:", "https:")) for uri in said.get(tag, "mailto:").split(",")
        ):
            return f"{tag}= needs addresses as mailto:name@example.com, separated by commas."
    return ""


def _alignment(said: dict[str, str], domain: str) -> str:
    if said.get("adkim", "r").lower() == "s":
        return f" It asks for strict alignment, so send from addresses at exactly {domain}."
    return ""
