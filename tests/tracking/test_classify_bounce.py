import io
import json

import pytest
from django.core.management import call_command

from tests.tracking.bounces import shapes


def run(*arguments):
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("classify_bounce", *arguments, stdout=out, stderr=err)
        code = 0
    except SystemExit as end:
        code = end.code
    return code, out.getvalue().splitlines(), err.getvalue()


@pytest.fixture
def eml(tmp_path):
    path = tmp_path / "bounce.eml"
    path.write_bytes(shapes.TWO_QMAIL)
    return str(path)


def test_it_prints_one_object_per_recipient(eml):
    code, lines, _ = run(eml, "--json")

    assert code == 0
    assert [json.loads(line) for line in lines] == [
        {
            "file": eml,
            "kind": "soft",
            "status": "5.2.2",
            "recipient": "one@example.com",
            "action": "count",
            "reason": "Not delivered, for a reason that may pass: mailbox full.",
        },
        {
            "file": eml,
            "kind": "hard",
            "status": "5.1.1",
            "recipient": "two@example.com",
            "action": "suppress",
            "reason": "The address takes no mail: no such mailbox.",
        },
    ]
    assert run(eml)[1][1] == f"{eml}: hard 5.1.1 two@example.com: The address takes no mail: no such mailbox."


def test_it_reads_mailboxes_and_what_is_piped_in(tmp_path, monkeypatch):
    path = tmp_path / "box"
    path.write_bytes(
        b"".join(
            b"From MAILER-DAEMON Mon Mar  1 10:00:00 2027\n" + mail + b"\n" for mail in (shapes.EXIM, shapes.GMAIL)
        )
    )
    assert [json.loads(line)["kind"] for line in run(str(path), "--json")[1]] == ["hard", "hard"]

    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(shapes.arf())))
    assert [json.loads(line)["kind"] for line in run("-", "--json")[1]] == ["complaint"]


def test_its_exit_code_tells_what_was_not_read(eml, tmp_path):
    empty = tmp_path / "empty.eml"
    empty.touch()

    assert run(eml)[0] == 0
    assert run(eml, str(empty))[0] == 0
    code, lines, errors = run(str(tmp_path / "missing.eml"), eml)
    assert (code, len(lines)) == (1, 2)
    assert errors.strip() == f"{tmp_path / 'missing.eml'} can't be read: No such file or directory."
