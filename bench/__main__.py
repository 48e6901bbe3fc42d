"""Run every benchmark, or those named: `python -m bench sending importing`.

PostgreSQL and Redis are embedded ones under VAR_DIR/bench, made anew, with the settings that `make run` has. Each module
here has `compare()`, which returns a Comparison or yields several.
"""

import atexit
import importlib
import os
import subprocess
import sys

NAMES = (
    "bounces",
    "compiling",
    "sending",
    "ledger",
    "importing",
    "tracking",
    "segments",
    "forms",
    "contacts_table",
    "exporting",
    "reviewing",
    "fairness",
)


def prepare() -> None:
    """Start servers, make the tables, and set Django up as the application's role."""
    from dev import places
    from dev.servers import Servers, reset

    var = places.var_dir() / "bench"
    reset(var)
    servers = Servers(var=places.make_folder(var))
    servers.start()
    os.environ.update(servers.env())
    os.environ["VAR_DIR"] = str(var)
    os.environ["DJANGO_SETTINGS_MODULE"] = "emailconcert.settings"
    os.environ["LOG_LEVEL"] = "error"
    for command in (["create_roles"], ["migrate", "--no-input", "--verbosity", "0"]):
        subprocess.run([sys.executable, "manage.py", *command], check=True, stdout=subprocess.DEVNULL)
    atexit.register(servers.stop)
    import django

    django.setup()


def main() -> None:
    """Run and print."""
    from bench.measure import Comparison, show

    wanted = sys.argv[1:] or NAMES
    prepare()
    print(f"{os.cpu_count()} cores; user and system time, least of several runs; compare ratios, not days")
    for name in wanted:
        found = importlib.import_module(f"bench.{name}").compare()
        for comparison in [found] if isinstance(found, Comparison) else found:
            show(comparison)


if __name__ == "__main__":
    main()
