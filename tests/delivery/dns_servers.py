"""A real DNS server on loopback, over UDP, that says what a test puts into it."""

import socket
import threading
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rrset


class Zone:
    """Names and what they say; `broken` names are answered by SERVFAIL, `silent` ones not at all."""

    def __init__(self):
        self.records = {}
        self.broken = set()
        self.silent = set()
        self.asked = []

    def put(self, name, kind, *texts):
        """Say this from now on; nothing takes it away."""
        self.records.pop((name, kind), None)
        if texts:
            self.records[name, kind] = [_quoted(text) if kind == "TXT" else text for text in texts]

    def publish(self, records):
        """Say what a domain's records ask for."""
        for record in records:
            value = record.value + "." if record.kind in ("CNAME", "MX") else record.value
            self.put(record.name, record.kind, value)


def _quoted(text):
    """Return a text in chunks of 200, as name servers keep long ones."""
    chunks = [text[start : start + 200] for start in range(0, len(text), 200)] or [""]
    return " ".join('"{}"'.format(chunk.replace("\\", "\\\\").replace('"', '\\"')) for chunk in chunks)


def _answer(zone, query):
    question = query.question[0]
    name = question.name.to_text(omit_final_dot=True).lower()
    kind = dns.rdatatype.to_text(question.rdtype)
    zone.asked.append((name, kind))
    if name in zone.silent:
        return None
    reply = dns.message.make_response(query)
    reply.flags |= dns.flags.RA
    if name in zone.broken:
        reply.set_rcode(dns.rcode.SERVFAIL)
        return reply
    while (name, "CNAME") in zone.records and kind != "CNAME":
        [target] = zone.records[name, "CNAME"]
        reply.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", "CNAME", target))
        name = target.rstrip(".").lower()
    if found := zone.records.get((name, kind)):
        reply.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", kind, *found))
    elif not any(known == name or known.endswith(f".{name}") for known, _ in zone.records):
        reply.set_rcode(dns.rcode.NXDOMAIN)
    return reply


@contextmanager
def running(zone):
    """Serve a zone; yield ADDRESS:PORT."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))

    def serve():
        while True:
            data, peer = server.recvfrom(4096)
            if not data:
                return
            reply = _answer(zone, dns.message.from_wire(data))
            if reply is not None:
                server.sendto(reply.to_wire(), peer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.getsockname()[1]}"
    finally:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", server.getsockname())
        thread.join(5)
        server.close()
