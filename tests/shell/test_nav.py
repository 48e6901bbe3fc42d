import pytest
from django.test import RequestFactory
from django.urls import resolve

from emailconcert.shell import checks, nav


@pytest.fixture(autouse=True)
def _own_places(monkeypatch):
    monkeypatch.setattr(nav, "_places", {})
    monkeypatch.setattr(nav, "_profile", {})
    monkeypatch.setattr(nav, "_links", {})


def request_for(path):
    request = RequestFactory().get(path)
    request.resolver_match = resolve(path)
    return request


def test_side_bar_is_in_order_and_marks_the_current_place():
    nav.register("Later", "admin:index", "x", 20, ())
    nav.register("Gallery", "shell:components", "x", 10, ("shell",))
    items = nav.side_bar(request_for("/_components/"))
    assert [(item.label, item.is_current) for item in items] == [("Gallery", True), ("Later", False)]


def test_side_bar_leaves_out_the_other_site_and_what_one_may_not_see():
    nav.register("Queue", "admin:index", "x", 10, (), site="dpo")
    nav.register("Hidden", "shell:components", "x", 20, (), visible=lambda request: False)
    assert nav.side_bar(request_for("/_components/")) == []


def test_place_without_a_page_is_an_error_of_the_system_check():
    nav.register("Ghost", "nowhere:index", "x", 10, ())
    assert [error.id for error in checks.places_exist(None)] == ["shell.E001"]
    assert nav.side_bar(request_for("/_components/")) == []


def test_eighth_place_is_refused_by_the_system_check(monkeypatch):
    monkeypatch.setattr(checks, "reverse", lambda name: "/")
    for number in range(7):
        nav.register("Place", f"place{number}", "x", number, ("place",))
    assert checks.places_exist(None) == []
    nav.register("Place", "place7", "x", 7, ("place",))
    assert [error.id for error in checks.places_exist(None)] == ["shell.E002"]
