"""What the tests of contacts share."""

import pytest

from contacts.hosted import proof


@pytest.fixture(autouse=True)
def _quick_work(monkeypatch):
    """Let a form's proof of work cost little here; in tests/browser a browser does all of it."""
    monkeypatch.setattr(proof, "BITS", 6)
