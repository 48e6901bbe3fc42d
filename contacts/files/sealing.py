"""Files that are sealed while they are written, and opened while they are read: nothing of them lies on disk in the clear.

A file is a row of pieces, each its length, a nonce and AES-256-GCM over at most a mebibyte. The name of the file, the
piece's number and whether it is the last are bound in, so that pieces cannot be changed, left out or put elsewhere.
"""

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

PIECE = 1 << 20
_LENGTH = struct.Struct(">I")


class Damaged(Exception):
    """The file is cut short, was changed, or the key is another's."""


def new_key() -> bytes:
    """Return a key for one file."""
    return os.urandom(32)


class Writer:
    """A file to write to; `close` or the end of `with` makes it whole. It can't be sought in."""

    def __init__(self, path: Path, key: bytes) -> None:
        self._cipher, self._name = AESGCM(key), path.name.encode()
        self._buffer, self._number = bytearray(), 0
        self._file = open(path, "xb", opener=_private)  # noqa: SIM115  # Path.open takes no opener; closed by close

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *more: object) -> None:
        if kind is None:
            self.close()
        else:
            self._file.close()

    def write(self, data: bytes) -> int:
        """Take some bytes."""
        self._buffer += data
        while len(self._buffer) > PIECE:
            self._seal(bytes(self._buffer[:PIECE]), is_last=False)
            del self._buffer[:PIECE]
        return len(data)

    def flush(self) -> None:
        """Do nothing: whole pieces are written."""

    def close(self) -> None:
        """Write the last piece and wait until all is on the disk."""
        if self._file.closed:
            return
        self._seal(bytes(self._buffer), is_last=True)
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def _seal(self, data: bytes, *, is_last: bool) -> None:
        nonce = os.urandom(12)
        sealed = self._cipher.encrypt(nonce, data, _bound(self._name, self._number, is_last=is_last))
        self._file.write(_LENGTH.pack(len(sealed)) + nonce + sealed)
        self._number += 1


def read(path: Path, key: bytes) -> Iterator[bytes]:
    """Yield a file's content. Raises `Damaged`, before the piece in question is given out."""
    cipher, name = AESGCM(key), path.name.encode()
    with path.open("rb") as file:
        size, number, is_last = os.fstat(file.fileno()).st_size, 0, False
        while not is_last:
            head = file.read(_LENGTH.size + 12)
            if len(head) < _LENGTH.size + 12:
                raise Damaged
            sealed = file.read(_LENGTH.unpack_from(head)[0])
            is_last = file.tell() == size
            try:
                yield cipher.decrypt(head[_LENGTH.size :], sealed, _bound(name, number, is_last=is_last))
            except InvalidTag:
                raise Damaged from None
            number += 1


def _bound(name: bytes, number: int, *, is_last: bool) -> bytes:
    return name + struct.pack(">Q?", number, is_last)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
