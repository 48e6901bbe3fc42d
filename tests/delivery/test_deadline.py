"""Waiting for a processor is nobody's fault; working for too long is."""

from delivery.content.deadline import Deadline


def test_only_the_threads_own_work_counts():
    clock = {"wall": 100.0, "work": 7.0}
    deadline = Deadline(0.5, wall=lambda: clock["wall"], work=lambda: clock["work"])

    clock["wall"] += 60  # the machine was busy with others
    assert not deadline.is_over()
    clock.update(wall=clock["wall"] + 0.4, work=clock["work"] + 0.4)
    assert not deadline.is_over()
    clock.update(wall=clock["wall"] + 0.2, work=clock["work"] + 0.2)
    assert deadline.is_over()
    assert deadline.is_over()
