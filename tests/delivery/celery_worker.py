"""A real Celery worker for tests: one process that takes slots, one after the other, until it is killed."""

from emailconcert.celery import app


def main(number):
    app.worker_main(
        [
            "worker", "--pool", "solo", "--queues", "urgent,sending", "--hostname", f"test{number}@%h",
            "--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "error",
        ]
    )  # fmt: skip
