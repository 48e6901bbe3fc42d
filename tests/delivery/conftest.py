import pytest
from django.conf import settings

from tests.delivery import smtp_servers


@pytest.fixture
def mailbox(monkeypatch):
    """A real SMTP server as the platform's."""
    box = smtp_servers.Mailbox()
    with smtp_servers.running(box) as (host, port):
        monkeypatch.setattr(settings, "EMAIL_URL", f"smtp://{host}:{port}")
        yield box


@pytest.fixture
def journals(tmp_path, monkeypatch):
    """A folder of its own for journals."""
    monkeypatch.setattr(settings, "JOURNAL_DIR", tmp_path / "journal")
    return tmp_path / "journal"
