"""Reading the XML of a workbook's sheets and shared texts, a piece at a time. Source: ECMA-376, part 1, 18.3 and 18.4."""

from collections.abc import Iterator
from typing import IO
from xml.parsers import expat

_PIECE = 64 * 1024
_MAX_TEXT = 1024 * 1024
_DIGITS = "0123456789"

Cell = tuple[int, str, str, str]
"""Column from 0, type ("n", "s", "str", "inlineStr", "b", "d", "e"), style, what stands there."""


class NotXml(Exception):
    """What should be XML is none, or has what a workbook never has."""


def texts_of(source: IO[bytes]) -> Iterator[str]:
    """Yield the texts that cells share, in their order. Raises `NotXml`."""
    handler = _Texts()
    for _ in _parsed(source, handler):
        found, handler.found = handler.found, []
        yield from found


def cells_of(source: IO[bytes], *, columns: int) -> Iterator[tuple[int, list[Cell]]]:
    """Yield each row's number, from 1, and its cells that hold something, from left to right; at most `columns` + 1.

    Raises `NotXml`.
    """
    handler = _Rows(columns)
    for _ in _parsed(source, handler):
        found, handler.found = handler.found, []
        yield from found


class _Handler:
    """Collects what is between the tags that matter; what tells how a name is read aloud is left out."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self.size = 0
        self.is_open = False
        self.is_aside = False

    def data(self, text: str) -> None:
        if self.is_open:
            self.size += len(text)
            if self.size > _MAX_TEXT:
                raise NotXml
            self.text.append(text)

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        raise NotImplementedError

    def end(self, name: str) -> None:
        raise NotImplementedError

    def taken(self) -> str:
        text = self.text[0] if len(self.text) == 1 else "".join(self.text)
        self.text, self.size = [], 0
        return text


class _Texts(_Handler):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def begin(self, name: str, attributes: dict[str, str]) -> None:  # noqa: ARG002  # expat's shape
        name = name.rpartition(":")[2]
        if name == "t":
            self.is_open = not self.is_aside
        elif name == "rPh":
            self.is_aside = True

    def end(self, name: str) -> None:
        name = name.rpartition(":")[2]
        if name == "t":
            self.is_open = False
        elif name == "rPh":
            self.is_aside = False
        elif name == "si":
            self.found.append(self.taken())


class _Rows(_Handler):
    def __init__(self, columns: int) -> None:
        super().__init__()
        self.columns = columns
        self.found: list[tuple[int, list[Cell]]] = []
        self.row: list[Cell] = []
        self.line = 0
        self.column = -1
        self.kind = self.style = ""
        self.known: dict[str, int] = {}

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(":")[2]
        if name == "v":
            self.is_open = True
        elif name == "c":
            place = attributes.get("r")
            self.column = self._column(place) if place else self.column + 1
            self.kind = attributes.get("t", "n")
            self.style = attributes.get("s", "0")
        elif name == "row":
            self.line = max(int(attributes.get("r") or self.line + 1), self.line + 1)
            self.column, self.row = -1, []
        elif name == "t":
            self.is_open = self.kind == "inlineStr" and not self.is_aside
        elif name == "rPh":
            self.is_aside = True

    def end(self, name: str) -> None:
        name = name.rpartition(":")[2]
        if name in {"v", "t"}:
            self.is_open = False
        elif name == "c":
            text = self.taken()
            is_in_order = not self.row or self.row[-1][0] < self.column
            if text and is_in_order and len(self.row) <= self.columns:
                self.row.append((self.column, self.kind, self.style, text))
        elif name == "row":
            self.found.append((self.line, self.row))
        elif name == "rPh":
            self.is_aside = False

    def _column(self, place: str) -> int:
        letters = place.rstrip(_DIGITS)
        found = self.known.get(letters)
        if found is None:
            found = 0
            for letter in letters[:4].upper():
                found = found * 26 + ord(letter) - 64
            found = self.known[letters] = found - 1
        return found


def _parsed(source: IO[bytes], handler: _Handler) -> Iterator[None]:
    """Feed a piece at a time; after each, the handler holds what it found."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = handler.begin
    parser.EndElementHandler = handler.end
    parser.CharacterDataHandler = handler.data
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        while piece := source.read(_PIECE):
            parser.Parse(piece, False)
            yield
        parser.Parse(b"", True)
        yield
    except expat.ExpatError as error:
        raise NotXml from error


def _refuse_doctype(*_: object) -> None:
    """No workbook declares entities; what does wants to grow without end."""
    raise NotXml
