import pytest


@pytest.fixture(autouse=True)
def _own_places(settings, tmp_path):
    """The ledger's file outlives a test's rolled-back transaction, so each test has its own."""
    settings.LEDGER_DIR = tmp_path / "ledger"
    settings.MEDIA_DIR = tmp_path / "media"
    settings.SPOOL_DIR = tmp_path / "spool"
    settings.JOURNAL_DIR = tmp_path / "journal"
