"""What the DNS says of any name, ours or not: for operators."""

from dataclasses import asdict, dataclass
from typing import Any

from delivery import queries
from delivery.records import checking, spf
from delivery.records.finding import Finding, Record, State
from delivery.records.lookup import LookupFailed, Resolver
from delivery.services import domains
from emailconcert.lib.tenancy import account_scope

_OWN_SPF = "spf"


@dataclass(frozen=True)
class Report:
    """A name's records for one account that has it, or for nobody (`account` is None: no keys are known then)."""

    name: str
    zone: str
    account: int | None
    verified: bool
    records: list[tuple[Record, Finding]]

    @property
    def state(self) -> State:
        """Return how the needed records stand together: missing or wrong before unknown."""
        states = {finding.state for record, finding in self.records if record.needed}
        order = (State.MISSING, State.DIFFERS, State.FAILED)
        return next((state for state in order if state in states), State.MATCHES)

    def as_json(self) -> dict[str, Any]:
        """Return it for printing."""
        rows = [
            {**asdict(record), "relative": record.relative(self.zone), "expected": record.value} | finding.as_json()
            for record, finding in self.records
        ]
        for row in rows:
            del row["value"]
        head = {"name": self.name, "zone": self.zone, "account": self.account, "verified": self.verified}
        return {**head, "state": self.state, "ok": self.state == State.MATCHES, "records": rows}


def report(*, name: str, resolver: Resolver, account_id: int | None = None) -> list[Report]:
    """Look a name up, once for each account that has it, or once for nobody; nothing is written."""
    name = name.strip().strip(".").lower()
    try:
        zone = resolver.zone_of(name)
    except LookupFailed:
        zone = name
    own = [found for found in queries.domains_named(name) if account_id in (None, found[0])]
    return [_of_account(name, zone, *found, resolver=resolver) for found in own] or [_of_nobody(name, zone, resolver)]


def _of_account(name: str, zone: str, account_id: int, pk: int, *, resolver: Resolver) -> Report:
    with account_scope(account_id):
        domain = queries.domain(pk)
        wanted = [row.record for row in domains.rows(domain) if row.may_go_at is None]
    findings = checking.check(wanted, domain=name, zone=zone, resolver=resolver)
    return Report(name, zone, account_id, bool(domain.verified_at), [(each, findings[each.key]) for each in wanted])


def _of_nobody(name: str, zone: str, resolver: Resolver) -> Report:
    wanted = checking.records_for(name, (), domains.platform())
    findings = checking.check(wanted, domain=name, zone=zone, resolver=resolver)
    own = Record(_OWN_SPF, "TXT", name, "", "SPF of the name itself", needed=False)
    try:
        said = spf.judge(resolver.find(name, "TXT").texts, name=name, target="", resolver=resolver)
    except LookupFailed as error:
        said = Finding(State.FAILED, words=f"We could not look: {error}.")
    return Report(name, zone, None, False, [*((each, findings[each.key]) for each in wanted), (own, said)])
