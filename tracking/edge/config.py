"""What the edge runs with: a few settings from the environment, read without Django."""

import os
from dataclasses import dataclass
from pathlib import Path

from emailconcert.lib.env import env_int, env_keyring, env_str, env_url

_POSTGRES = ("postgres", "postgresql")


@dataclass(frozen=True)
class Config:
    """The edge's settings."""

    token_ring: dict[int, bytes]
    database_url: str
    content_url: str
    spool_dir: Path
    trusted_proxies: int


def read_config() -> Config:
    """Read the settings. Raises `BadSetting`. They are the same ones that emailconcert/settings.py declares."""
    var = Path(env_str("VAR_DIR", default="var", help="Where everything that is written to disk goes.")).resolve()
    spool = env_str(
        "SPOOL_DIR", default=str(var / "spool"), help="Events while PostgreSQL is away; a persistent volume."
    )
    return Config(
        token_ring=env_keyring("TOKEN_KEYS", help="Keys that sign links in mails, for example 1:KEY."),
        database_url=env_url(
            "EDGE_DATABASE_URL",
            schemes=_POSTGRES,
            default=os.environ.get("DATABASE_URL", "").strip() or None,
            help="postgresql://ec_edge:PASSWORD@HOST/NAME, which may only insert events and read links.",
            secret=True,
        ),
        content_url=env_url(
            "CONTENT_URL",
            schemes=("http", "https"),
            default="http://127.0.0.1:8000",
            help="Where what accounts write is served: a host of its own, without sign-in cookies.",
        ),
        spool_dir=Path(spool),
        trusted_proxies=env_int(
            "TRUSTED_PROXIES",
            default=0,
            minimum=0,
            maximum=5,
            help="Proxies in front, whose X-Forwarded-For entries are believed.",
        ),
    )
