"""docker-compose.yml and the Dockerfile promise commands, settings, files and volumes: each must exist."""

import base64
import importlib
import json
import re
import subprocess
import sys

import pytest
import yaml
from django.core.management import get_commands

from dev import plan
from dev.places import ROOT
from dev.plan import Ports
from emailconcert.lib.env import declared

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
OWN = {name: service for name, service in SERVICES.items() if service.get("build")}
DOCKERFILE = (ROOT / "Dockerfile").read_text()
CADDYFILE = (ROOT / "deploy" / "Caddyfile").read_text()


def option(command, name):
    return command[command.index(name) + 1]


def test_every_part_of_the_product_is_there():
    assert set(OWN) == {"roles", "migrate", "web", "tracking", "mail-in", "worker", "sender", "scheduler"}
    assert set(SERVICES) - set(OWN) == {"postgres", "redis", "caddy", "mailpit"}


@pytest.mark.parametrize("name", OWN)
def test_command_exists(name):
    command = OWN[name]["command"]
    if command[:2] == ["python", "manage.py"]:
        assert command[2] in get_commands()
    elif command[0] == "granian":
        module, _, attribute = command[-1].partition(":")
        assert callable(getattr(importlib.import_module(module), attribute))
        assert option(command, "--interface") in {"wsgi", "asgi"}
    else:
        assert command[:3] == ["celery", "-A", "emailconcert"]
        done = subprocess.run(
            [sys.executable, "-m", "celery", command[3], "--help"], capture_output=True, text=True, check=True
        )
        assert {word for word in command[4:] if word.startswith("--")} <= set(re.findall(r"--[a-z-]+", done.stdout))


@pytest.mark.parametrize("name", OWN)
def test_granian_knows_every_option(name):
    command = OWN[name]["command"]
    if command[0] == "granian":
        done = subprocess.run([sys.executable, "-m", "granian", "--help"], capture_output=True, text=True, check=True)
        assert {word for word in command if word.startswith("--")} <= set(re.findall(r"--[a-z-]+", done.stdout))


@pytest.mark.parametrize("name", OWN)
def test_every_setting_is_declared(name):
    assert set(OWN[name]["environment"]) <= set(declared())


KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()
SAMPLES = {
    "SITE_URL": "https://app.example.com",
    "CONTENT_URL": "https://content.example.com",
    "TRACKING_URL": "https://links.example.com",
    "EMAIL_URL": "smtp+starttls://user:password@mail.example.com:587",
    "ENCRYPTION_KEYS": f"1:{KEY}",
    "TOKEN_KEYS": f"1:{KEY}",
    "ADDRESS_HASH_KEY": KEY,
}


def filled_in(value):
    """Do what compose does with `${NAME:?…}` and `${NAME:-default}`, with a sample for what has to be given."""

    def fill(match):
        name, default = match.group(1), match.group(3)
        return SAMPLES.get(name, "sample") if default is None else default

    return re.sub(r"\$\{(\w+)(:\?[^}]*|:-([^}]*))?\}", fill, value)


READ_SETTINGS = """
import json, os, sys
own = set(sys.modules)
for env in json.load(sys.stdin):
    os.environ.clear()
    os.environ.update(env)
    for name in [name for name in sys.modules if name.startswith("emailconcert") and name not in own]:
        del sys.modules[name]
    import emailconcert.settings as s
    print(s.DEBUG, s.SESSION_COOKIE_SECURE, s.SITE_URL)
"""


def test_the_settings_can_be_read_from_what_compose_gives_and_nothing_else():
    reading = sorted(set(OWN) - {"tracking"})
    envs = [{key: filled_in(value) for key, value in OWN[name]["environment"].items()} for name in reading]
    command = [sys.executable, "-W", "error", "-c", READ_SETTINGS]
    done = subprocess.run(
        command, cwd=ROOT, env={}, input=json.dumps(envs), capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("False True https://app.example.com\n" * len(reading), "")


def test_only_the_one_shots_know_the_owners_password():
    knowing = {name for name, service in OWN.items() if "OWNER_PASSWORD" in str(service["environment"])}
    assert knowing == {"roles", "migrate"}


def test_the_edge_knows_no_password_but_its_own():
    passwords = re.findall(r"\$\{(\w+_PASSWORD)", str(OWN["tracking"]["environment"]))
    assert set(passwords) == {"EDGE_PASSWORD"}


def test_the_edge_knows_no_key_but_the_one_that_links_are_checked_with():
    assert set(OWN["tracking"]["environment"]) == {
        "CONTENT_URL",
        "TOKEN_KEYS",
        "EDGE_DATABASE_URL",
        "TRUSTED_PROXIES",
        "SPOOL_DIR",
    }


EDGE = """
import asyncio
from tracking.edge.app import app

async def main():
    asked, said = asyncio.Queue(), asyncio.Queue()
    life = asyncio.create_task(app({"type": "lifespan"}, asked.get, said.put))
    await asked.put({"type": "lifespan.startup"})
    print((await said.get())["type"])
    for path in ("/healthz", "/o/made-up", "/u/made-up"):
        scope = {"type": "http", "method": "GET", "path": path, "headers": [], "query_string": b"", "client": None}
        await app(scope, asked.get, said.put)
        print((await said.get())["status"])
        await said.get()
    await asked.put({"type": "lifespan.shutdown"})
    print((await said.get())["type"])
    await life

asyncio.run(main())
"""


def test_the_edge_starts_and_answers_with_what_compose_gives_and_nothing_else(tmp_path):
    env = {key: filled_in(value) for key, value in OWN["tracking"]["environment"].items()}
    env["SPOOL_DIR"] = str(tmp_path / "spool")
    done = subprocess.run([sys.executable, "-c", EDGE], cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["lifespan.startup.complete", "200", "404", "404", "lifespan.shutdown.complete"]


def test_every_volume_is_declared_and_every_mounted_file_exists():
    mounts = [mount for service in SERVICES.values() for mount in service.get("volumes", [])]
    for source in (mount.split(":")[0] for mount in mounts):
        if source.startswith("./"):
            assert (ROOT / source).is_file()
        else:
            assert source in COMPOSE["volumes"]
    assert {"journal", "spool", "media", "ledger"} <= set(COMPOSE["volumes"])


@pytest.mark.parametrize("name", OWN)
def test_every_folder_that_settings_name_is_on_a_volume_or_not_written(name):
    mounted = {mount.split(":")[1] for mount in OWN[name].get("volumes", [])}
    assert mounted <= {"/data/journal", "/data/spool", "/data/media", "/data/ledger"}
    if name in ("worker", "sender"):
        assert mounted == {"/data/journal", "/data/spool", "/data/media", "/data/ledger"}


def test_containers_run_the_same_parts_as_make_run(tmp_path):
    parts = {part.name: part.command for part in plan.parts(var=tmp_path, ports=Ports(8000))}
    assert parts["web"][-1] == OWN["web"]["command"][-1]
    assert parts["tracking"][-1] == OWN["tracking"]["command"][-1]
    for name in ("worker", "sender", "scheduler"):
        assert parts[name][2:6] == OWN[name]["command"][:4]
    for name in ("worker", "sender"):
        assert option(parts[name], "--queues") == option(OWN[name]["command"], "--queues")


def test_containers_that_send_keep_the_name_that_stands_in_their_journals():
    assert OWN["worker"]["hostname"] == OWN["sender"]["hostname"]


def test_the_image_is_not_roots_and_its_sources_exist():
    assert re.search(r"^USER emailconcert$", DOCKERFILE, re.MULTILINE)
    for sources in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE):
        for source in sources.split():
            assert (ROOT / source).exists()
    for allowed in re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE):
        assert (ROOT / allowed).exists()


def test_the_image_holds_every_package_of_the_product():
    allowed = set(re.findall(r"^!(\w+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE))
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "dev", "bench"}
    assert packages <= allowed


def test_the_proxy_asks_web_before_it_makes_a_certificate(client, db):
    (address,) = re.findall(r"ask http://web:8000(\S+)", CADDYFILE)
    assert client.get(address, {"domain": "nobody.example"}).status_code == 404
    assert client.get(address, {"domain": "localhost"}).status_code == 200


def test_the_proxy_sends_what_the_edge_answers_to_the_edge():
    assert re.search(r"@edge \{\s+path /o/\* /c/\*\s+\}", CADDYFILE)
    assert re.search(r"@one_click \{\s+method POST\s+path /u/\*\s+\}", CADDYFILE)
    targets = re.findall(r"reverse_proxy (\S+)", CADDYFILE)
    assert targets == ["tracking:8001", "tracking:8001", "web:8000"]
