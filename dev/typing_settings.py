"""Settings for mypy's plugin: the product's, with throw-away keys where the environment has none."""

import base64
import os

_KEY = base64.urlsafe_b64encode(bytes(32)).decode()
for _name, _value in {
    "SECRET_KEY": "typing",
    "ENCRYPTION_KEYS": f"1:{_KEY}",
    "TOKEN_KEYS": f"1:{_KEY}",
    "ADDRESS_HASH_KEY": _KEY,
    "DATABASE_URL": "postgresql://ec_app@localhost/typing",
}.items():
    os.environ.setdefault(_name, _value)

from emailconcert.settings import *  # noqa: E402, F403  # after the environment is complete
