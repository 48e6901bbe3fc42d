"""The settings of the stack that `make run` last started in VAR_DIR, for commands typed in another terminal."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from dev import places

FILE_NAME = "stack.env"


def setting_names() -> set[str]:
    """Return the names of all settings, read from the settings file, as importing it needs them set."""
    source = (places.ROOT / "emailconcert" / "settings.py").read_text()
    return set(re.findall(r"\benv_\w+\(\s*\"(\w+)\"", source))


def remember(env: Mapping[str, str], *, var: Path) -> None:
    """Write down the settings in `env`, for their owner only."""
    names = setting_names() | {"PORT"}
    path = var / FILE_NAME
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write("".join(f"{name}={value}\n" for name, value in sorted(env.items()) if name in names))


def adopt() -> None:
    """Take over the settings of the local stack where the environment has none of its own."""
    path = places.var_dir() / FILE_NAME
    if os.environ.get("SECRET_KEY") or not path.exists():
        return
    for line in path.read_text().splitlines():
        name, _, value = line.partition("=")
        os.environ[name] = os.environ.get(name) or value
