"""Chromium by Playwright; a page that logs an error or breaks the content security policy fails its test."""

import os
import socket
from copy import deepcopy
from zlib import crc32

# Playwright's sync API runs a loop in this thread, and Django would refuse the tests' own queries because of it.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import override_settings
from playwright.sync_api import expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from dev.browser import find_chromium
from tests.browser import parts

ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# A person's browser: the product tells machines apart by what they call themselves, too.
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
# Machines that run tests are at times ten times slower than a person's; nothing waits longer than it must.
PATIENCE = 20_000
SIZES = {1440: 900, 390: 844}
SCHEMES = ("light", "dark")
EVERY = tuple((scheme, width) for scheme in SCHEMES for width in SIZES)
# Colours fade when the scheme changes: measure what stays.
SETTLED = "Promise.allSettled(document.getAnimations().map((animation) => animation.finished))"
TOO_WIDE = "document.documentElement.scrollWidth - innerWidth"
RUN_AXE = """(options) => axe.run(document, options).then(({ violations }) => violations.map(({ id, help, impact, nodes }) =>
    ({ id, help, impact, nodes: nodes.map(({ target }) => ({ target })) })))"""


def pytest_collection_modifyitems(items):
    for item in items:
        if "tests/browser/" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser():
    path = find_chromium()
    if path is None:
        pytest.skip("No Chromium: install the package chromium to run the browser tests.")
    with sync_playwright() as playwright:
        expect.set_options(timeout=PATIENCE)
        chromium = playwright.chromium.launch(executable_path=path, args=ARGS)
        yield chromium
        chromium.close()


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _hosts(port):
    """Return the settings under which one server is two hosts: members at localhost, contacts at 127.0.0.1."""
    site, content = f"http://localhost:{port}", f"http://127.0.0.1:{port}"
    policy = deepcopy(settings.CONTENT_SECURITY_POLICY)
    for name, sources in policy["DIRECTIVES"].items():
        known = {settings.SITE_URL: site, settings.CONTENT_URL: content}
        policy["DIRECTIVES"][name] = [known.get(source, source) for source in sources]
    return {
        "SITE_URL": site,
        "CONTENT_URL": content,
        "CSRF_TRUSTED_ORIGINS": [site, content],
        "CONTENT_SECURITY_POLICY": policy,
    }


@pytest.fixture(scope="session")
def live_server(request):
    """The web process, started as one host and reached as two (HostMiddleware reads the hosts when it starts)."""
    request.getfixturevalue("django_db_setup")
    port = _free_port()
    with override_settings(**_hosts(port)):
        server = LiveServer(f"localhost:{port}")
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def hosts(live_server, settings, tmp_path):
    """Let what is rendered name the hosts that the live server answers as; each test has a ledger of its own."""
    settings.LEDGER_DIR = tmp_path / "ledger"
    for name, value in _hosts(live_server.thread.port).items():
        setattr(settings, name, value)
    return settings


@pytest.fixture
def problems():
    """What pages complained of; a test that expects a complaint clears it."""
    return []


def _is_problem(message):
    # htmx logs as an error that a newer request took the place of an older one, which hx-sync is for.
    return message.type == "error" and not message.text.startswith(("htmx:sendAbort", "htmx:afterRequest"))


@pytest.fixture
def make_page(browser, live_server, problems):
    """Open a fresh browser profile: `make_page(javascript=False)`, `make_page(cookies=client.cookies)`."""
    contexts = []

    def make(*, javascript=True, cookies=None):
        context = browser.new_context(
            base_url=live_server.url,
            java_script_enabled=javascript,
            viewport={"width": 1440, "height": 900},
            reduced_motion="reduce",
            user_agent=AGENT,
            locale="en-GB",
            timezone_id="Europe/Dublin",
        )
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        if cookies:
            context.add_cookies(
                [{"name": name, "value": morsel.value, "url": live_server.url} for name, morsel in cookies.items()]
            )
        page = context.new_page()
        page.on("console", lambda message: _is_problem(message) and problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        return page

    yield make
    for context in contexts:
        context.close()
    assert problems == []


@pytest.fixture
def workers(monkeypatch):
    """The worker and the scheduler."""
    return parts.Workers(monkeypatch)


@pytest.fixture
def post(hosts, tmp_path):
    """The local mailbox; all mail lands there."""
    with parts.mailbox(tmp_path / "mailbox") as box:
        yield box


@pytest.fixture
def page(make_page):
    return make_page()


@pytest.fixture
def axe():
    """Fail on anything that axe finds serious or critical.

    Its script is half a megabyte, so a page takes it once. Frames hold mails, not our pages, and nobody in them answers.
    """
    tool = Axe()
    options = {"resultTypes": ["violations"], "iframes": False}

    def check(page, *, only=()):
        if not page.evaluate("'axe' in window"):
            page.evaluate(tool.axe_script)
        found = [
            (violation["id"], violation["help"], [node["target"] for node in violation["nodes"]])
            for violation in page.evaluate(RUN_AXE, options | ({"runOnly": list(only)} if only else {}))
            if violation["impact"] in {"serious", "critical"}
        ]
        assert found == []

    return check


@pytest.fixture
def resize():
    """Show a page at a width in a scheme, to be photographed as tall as it is: nothing may stick out sideways."""

    def resize(page, name, *, scheme, width, whole):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.set_viewport_size({"width": width, "height": SIZES[width]})
        page.evaluate("scrollTo(0, 0)")
        page.evaluate(SETTLED)
        # A window as tall as the page: what sticks to its edges stands where it belongs, and frames are painted.
        tall = page.evaluate("document.documentElement.scrollHeight")
        if whole and tall > SIZES[width]:
            page.set_viewport_size({"width": width, "height": tall})
        assert page.evaluate(TOO_WIDE) <= 0, f"{name} at {width} px"

    return resize


@pytest.fixture
def look(axe, resize):
    """Look at a page quickly: at both widths nothing sticks out; axe sees it once, in a variant that its name decides."""

    def look(page, name):
        page.wait_for_load_state()  # what was clicked may only have begun
        scheme, width = EVERY[crc32(name.encode()) % len(EVERY)]
        other = next(size for size in SIZES if size != width)
        page.set_viewport_size({"width": other, "height": SIZES[other]})
        assert page.evaluate(TOO_WIDE) <= 0, f"{name} at {other} px"
        resize(page, name, scheme=scheme, width=width, whole=False)
        axe(page)

    return look


@pytest.fixture
def shoot(axe, resize):
    """Write `var/screenshots/<name>-<width>-<scheme>.png`, and let axe look at each."""
    folder = settings.BASE_DIR / "var" / "screenshots"

    def shoot(page, name):
        folder.mkdir(parents=True, exist_ok=True)
        page.wait_for_load_state()
        for scheme, width in EVERY:
            resize(page, name, scheme=scheme, width=width, whole=True)
            axe(page)
            # Hiding the caret would write a style into the page, which the policy refuses.
            page.screenshot(path=folder / f"{name}-{width}-{scheme}.png", full_page=True, caret="initial")
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
        page.set_viewport_size({"width": 1440, "height": 900})

    return shoot


@pytest.fixture(params=["look", pytest.param("shoot", id="screenshot", marks=pytest.mark.slow)])
def view(request):
    """View a page: quickly in `make test`, in every variant and with pictures in `make screenshots`."""
    return request.getfixturevalue(request.param)
