"""`make reset`: stop what runs in VAR_DIR, then remove it."""

import sys

from dev import leftovers, places, servers
from dev.problems import Problem


def main() -> None:
    """Clear VAR_DIR, and the tests' folder in it, for a start from nothing."""
    var = places.var_dir()
    with leftovers.only_runner(var):
        leftovers.stop(var)
        servers.reset(var / "test")
        servers.reset(var)
    print(f"{var} is cleared: the next `make run` starts from nothing.")


if __name__ == "__main__":
    try:
        main()
    except Problem as problem:
        sys.exit(str(problem))
