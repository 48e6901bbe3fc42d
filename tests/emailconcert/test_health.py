import pytest

pytestmark = pytest.mark.django_db


def test_healthz_answers(client):
    assert client.get("/healthz").content == b"ok\n"


def test_readyz_names_everything_it_needs(client):
    response = client.get("/readyz")

    assert response.json() == {
        "ready": True,
        "database": "ok",
        "redis": "ok",
        "migrations": "ok",
        "erasure_ledger": "ok",
    }
    assert response.status_code == 200


def test_readyz_is_503_without_redis_and_says_so(client, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    response = client.get("/readyz")

    assert (response.status_code, response.json()["redis"]) == (503, "away: ConnectionError")


def test_metrics_are_for_loopback(client):
    text = client.get("/metrics").content.decode()

    assert 'emailconcert_messages{outcome="sent"} 0.0' in text
    assert "emailconcert_queue_lag_seconds 0.0" in text
    assert "emailconcert_errors_total" in text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"REMOTE_ADDR": "203.0.113.9"}, 404),
        ({"HTTP_X_FORWARDED_FOR": "127.0.0.1"}, 404),
        ({"REMOTE_ADDR": "203.0.113.9", "HTTP_AUTHORIZATION": "Bearer wrong"}, 404),
        ({"REMOTE_ADDR": "203.0.113.9", "HTTP_AUTHORIZATION": "Bearer right"}, 200),
    ],
)
def test_metrics_need_the_token_from_elsewhere(client, settings, headers, status):
    settings.METRICS_TOKEN = "right"

    assert client.get("/metrics", **headers).status_code == status


def test_logged_errors_are_counted(client):
    import logging

    from emailconcert.lib import error_count

    before = error_count.total()
    logging.getLogger("emailconcert").error("something failed", extra={"account": 1})

    assert error_count.total() == before + 1


def test_the_content_host_has_no_members_pages(client, settings):
    host = settings.CONTENT_URL.partition("//")[2]

    assert client.get("/sign-in/", HTTP_HOST=host).status_code == 404
    assert client.get("/admin/", HTTP_HOST=host).status_code == 404
