"""Run the demo against a started stack (`make run`); exit with 1 if one number does not add up."""

import sys
import time

from dev.demo import story
from dev.problems import Problem


def main() -> None:
    """Tell the story and sum it up."""
    began = time.monotonic()
    try:
        checks = story.tell()
    except Problem as problem:
        sys.exit(f"make demo: {problem}")
    wrong = [check for check in checks if not check.holds]
    print()
    for check in checks:
        print(f"  {'ok   ' if check.holds else 'WRONG'}  {check.what}: {check.found:,}", end="")
        print("" if check.holds else f", expected {check.expected:,}")
    print(f"\n{len(checks) - len(wrong)} of {len(checks)} numbers add up ({time.monotonic() - began:.0f} s).")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
