"""Which rows of a file have an address that stood in an earlier one: exact, in little memory whatever the file's size.

Addresses' hashes are sorted into buckets on disk while the file is read once; each bucket is then small enough to be
looked at as a whole. What is kept is one bit per row. A row that was added twice, by a worker that was killed and the next,
counts once.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

SAID_NO, KNOWN, KEPT_OUT = 1, 2, 4
_FLAGS = 3
_MASK = (1 << _FLAGS) - 1
_DIGEST = 12
_ROW = 6
_ENTRY = _DIGEST + _ROW
_NAMES = tuple(
    "opted_out" if flags & SAID_NO else "kept_out" if flags & KEPT_OUT else "known" if flags & KNOWN else "new"
    for flags in range(1 << _FLAGS)
)
_BUCKET = 2 * 1024 * 1024  # of the file, which is at most about 40,000 rows


class Twins:
    """Collects the rows of one file; everything lies beside it, named after it."""

    def __init__(self, path: Path, *, size: int) -> None:
        self._count = min(max(1, size // _BUCKET), 256)
        self._paths = [path.with_suffix(f".bucket{number}") for number in range(self._count)]
        self._waiting = [bytearray() for _ in range(self._count)]

    def add(
        self, rows: Sequence[int], digests: Sequence[bytes], *, known: Mapping[bytes, int], said_no: Collection[int]
    ) -> None:
        """Remember which rows have the address of which hash.

        `known` says by hash what the account knows of it (`KNOWN`, `KEPT_OUT`), `said_no` which rows say no.
        """
        count, waiting = self._count, self._waiting
        for row, digest in zip(rows, digests, strict=True):
            flags = SAID_NO if row in said_no else known.get(digest, 0)
            waiting[digest[0] % count] += digest[:_DIGEST] + (row << _FLAGS | flags).to_bytes(_ROW, "little")

    def flush(self) -> None:
        """Write down what waits; call before the position is committed."""
        for number in range(self._count):
            self._write(number)

    def find(self, target: Path, *, rows: int) -> Counter[str]:
        """Write one bit per row, set where another row of the same address counts, and count what the others are.

        The first row of an address counts, or the first that says no where there is one.
        """
        bits = bytearray(rows // 8 + 1)
        counts: Counter[str] = Counter()
        for path in self._paths:
            for row in _sorted_out(path.read_bytes() if path.exists() else b"", counts):
                bits[row >> 3] |= 1 << (row & 7)
        part = target.with_suffix(".part")
        part.write_bytes(bits)
        part.replace(target)
        self.clear()
        return counts

    def clear(self) -> None:
        """Remove the buckets."""
        for path in self._paths:
            path.unlink(missing_ok=True)

    def _write(self, number: int) -> None:
        if waiting := self._waiting[number]:
            with self._paths[number].open("ab") as file:
                file.write(waiting)
            self._waiting[number] = bytearray()


def _sorted_out(entries: bytes, counts: Counter[str]) -> Iterator[int]:
    """Yield the rows of a bucket that are twins, and count the rest by what is known of them."""
    entries = entries[: len(entries) // _ENTRY * _ENTRY]
    digests = [entries[at : at + _DIGEST] for at in range(0, len(entries), _ENTRY)]
    times = Counter(digests)
    counted: dict[bytes, int] = {}
    others: list[tuple[bytes, int]] = []
    # Nearly all addresses stand there once; their flags are the lowest bits of the lowest byte of the number.
    flags = Counter(entries[_DIGEST::_ENTRY])
    for number, digest in enumerate(digests if len(times) < len(digests) else ()):
        if times[digest] > 1:
            value = int.from_bytes(entries[number * _ENTRY + _DIGEST : (number + 1) * _ENTRY], "little")
            flags[value & 0xFF] -= 1
            others.append((digest, value))
            known = counted.get(digest)
            if known is None or _weight(value) < _weight(known):
                counted[digest] = value
    twins = {value >> _FLAGS for digest, value in others if counted[digest] >> _FLAGS != value >> _FLAGS}
    counts["twice"] += len(twins)
    for low, number in flags.items():
        counts[_NAMES[low & _MASK]] += number
    counts.update(_NAMES[value & _MASK] for value in counted.values())
    yield from twins


def _weight(value: int) -> tuple[bool, int]:
    return not value & SAID_NO, value >> _FLAGS
