from datetime import timedelta

import pytest

from tests.factories import NOW
from tests.tracking.makers import HOME, LAPTOP, PHONE
from tracking.classification import About, Seen, classify
from tracking.models import Kind

SENT = About(began=NOW - timedelta(hours=1))
GATEWAY = "198.51.100.0"


def opened(seconds=0.0, agent=LAPTOP, **values):
    return Seen(Kind.OPEN, NOW + timedelta(seconds=seconds), agent=agent, **{"network": HOME, **values})


def clicked(link=1, seconds=0.0, agent=LAPTOP, **values):
    return Seen(Kind.CLICK, NOW + timedelta(seconds=seconds), link, **{"network": HOME, **values}, agent=agent)


# Traces of whole messages, each request with what it is known to have been.
TRACES = {
    "a person reads and follows two links": [
        (opened(), ""),
        (clicked(1, 14), ""),
        (clicked(2, 40), ""),
    ],
    "a person opens twice and clicks at once": [(opened(), ""), (opened(0.8), ""), (clicked(1, 1.5), "")],
    "a person taps one link twice": [(clicked(1, agent=PHONE), ""), (clicked(1, 0.4, agent=PHONE), "")],
    "a gateway follows every link on delivery": [
        (opened(network=GATEWAY), "burst"),
        (clicked(1, 0.2, network=GATEWAY), "burst"),
        (clicked(2, 0.5, network=GATEWAY), "burst"),
        (clicked(3, 2.2, network=GATEWAY), "burst"),
        (opened(900), ""),
        (clicked(2, 920), ""),
    ],
    "a gateway asks for headers first": [
        (clicked(1, 0, network=GATEWAY, method="HEAD"), "head"),
        (clicked(1, 0.3, network=GATEWAY), "head"),
        (clicked(1, 300), ""),
    ],
    "a crawler takes the bait": [
        (clicked(0, 0, network=GATEWAY), "hidden_link"),
        (clicked(1, 1, network=GATEWAY), "hidden_link"),
        (clicked(1, 60), ""),
    ],
    "Apple loads the pictures, the person clicks": [
        (opened(agent="Mozilla/5.0"), "privacy_proxy"),
        (clicked(1, 30, agent=PHONE), ""),
    ],
    "Gmail's proxy": [
        (
            opened(agent="Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"),
            "privacy_proxy",
        )
    ],
    "scripts": [
        (clicked(agent="python-requests/2.32"), "known_agent"),
        (opened(20, agent=""), "no_agent"),
        (opened(40, agent="Mozilla/5.0 (compatible; bingbot/2.0)"), "known_agent"),
    ],
    "Microsoft's protection behind a browser's name": [(clicked(network="40.107.8.0"), "known_network")],
    "before anything was sent": [(clicked(1, -7200), "impossible_order"), (opened(), "")],
}


@pytest.mark.parametrize("name", TRACES)
def test_classify_on_labelled_trace(name):
    trace = TRACES[name]

    found = [classify(event, [other for other, _ in trace if other is not event], SENT) for event, _ in trace]

    assert found == [rule for _, rule in trace]


def test_classify_does_not_depend_on_order():
    trace = [event for event, _ in TRACES["a gateway follows every link on delivery"]]

    forwards = {event: classify(event, [o for o in trace if o is not event], SENT) for event in trace}
    backwards = {event: classify(event, [o for o in trace[::-1] if o is not event], SENT) for event in trace}

    assert forwards == backwards


def test_classify_calls_events_of_a_message_never_sent_impossible():
    assert classify(opened(), [], About(was_sent=False)) == "impossible_order"


@pytest.mark.parametrize("kind", [Kind.UNSUBSCRIBE, Kind.BOUNCE, Kind.COMPLAINT])
def test_classify_leaves_opt_outs_and_signals_alone(kind):
    assert classify(Seen(kind, NOW, agent=""), [], SENT) == ""


def test_classify_knows_a_burst_from_stored_events_without_a_network():
    assert classify(clicked(1), [Seen(Kind.CLICK, NOW, 2, network=None)], SENT) == "burst"
    assert classify(opened(), [Seen(Kind.CLICK, NOW, 2, network=None)], SENT) == ""
