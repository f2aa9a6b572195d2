"""deploy/compose.yaml, read: little power, bounds on everything, no secret, one open port."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from services.settings import read
from tests.service import ROOT

pytestmark = pytest.mark.no_database

DEPLOY = ROOT / "deploy"
TEXT = (DEPLOY / "compose.yaml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
SECRETS = {"GROVE_KEY", "GROVE_DB_PASSWORD", "GROVE_REDIS_PASSWORD"}
VARIABLE = re.compile(r"(?<!\$)\$\{([A-Z_]+)(:[-?])([^}]*)\}")
SECRET = re.compile(r"PASSWORD|KEY|SECRET|AUTH|TOKEN|_URL")
ROOT_USERS = ("root", "0", "")


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> dict[str, Any]:
    return SERVICES[request.param]


def test_the_parts() -> None:
    assert set(SERVICES) == {"nginx", "web", "worker", "postgres", "redis"}


def test_an_image_of_one_version(service: dict[str, Any]) -> None:
    assert re.fullmatch(r"[a-z/-]+:[0-9]+\.[0-9]+[0-9a-z.-]*", service["image"])


def test_nobody_is_root(service: dict[str, Any]) -> None:
    assert str(service["user"]).partition(":")[0] not in ROOT_USERS
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "network_mode", "pid", "devices"} & set(service)


def test_the_image_cannot_be_written_to(service: dict[str, Any]) -> None:
    assert service["read_only"] is True
    assert any(each.startswith("/tmp") for each in service["tmpfs"])  # noqa: S108


def test_everything_has_its_bound(service: dict[str, Any]) -> None:
    limits = service["deploy"]["resources"]["limits"]
    assert float(plain(str(limits["cpus"]))) > 0
    assert re.fullmatch("[0-9]+[mg]", plain(limits["memory"]))
    assert service["pids_limit"] > 0
    assert service["logging"]["options"]["max-size"]


def test_everything_is_watched(service: dict[str, Any]) -> None:
    check = service["healthcheck"]
    assert check["test"][0] in ("CMD", "CMD-SHELL")
    assert {"interval", "timeout", "retries"} <= set(check)
    assert service["restart"] == "unless-stopped"


def test_what_is_needed_first_is_waited_for() -> None:
    for name in ("web", "worker"):
        waits = SERVICES[name]["depends_on"]
        assert {each["condition"] for each in waits.values()} == {"service_healthy"}
        assert set(waits) == {"postgres", "redis"}
    assert SERVICES["nginx"]["depends_on"] == {"web": {"condition": "service_healthy"}}


def test_nginx_alone_has_a_port() -> None:
    assert [name for name, each in SERVICES.items() if "ports" in each] == ["nginx"]
    assert COMPOSE["networks"]["back"] == {"internal": True}
    networks = {name: each["networks"] for name, each in SERVICES.items()}
    assert networks.pop("nginx") == ["front"]
    assert set(map(tuple, networks.values())) == {("back",)}


def test_no_secret_has_a_default() -> None:
    """And each says what to do where it is missing."""
    found = [match.groups() for match in VARIABLE.finditer(TEXT)]
    assert {name for name, sign, _ in found if sign == ":?"} == SECRETS
    assert all(text for name, _, text in found)
    assert not SECRETS & {name for name, sign, _ in found if sign == ":-"}


def test_no_secret_is_written_down(service: dict[str, Any]) -> None:
    for name, value in service.get("environment", {}).items():
        if SECRET.search(name) and name != "POSTGRES_INITDB_ARGS":
            assert {match[1] for match in VARIABLE.finditer(value)} & SECRETS, name


@pytest.mark.parametrize("name", ["web", "worker"])
def test_grove_takes_these_settings(name: str) -> None:
    environ = {key: plain(value) for key, value in SERVICES[name]["environment"].items()}
    settings = read(environ)
    assert settings.database_url == f"postgresql+psycopg://grove:{'s' * 48}@postgres/grove"
    assert settings.key == "s" * 48


def plain(text: str) -> str:
    """The text with its defaults, and something for each secret."""
    return VARIABLE.sub(lambda match: match[3] if match[2] == ":-" else "s" * 48, text)


def test_the_web_and_nginx_meet_at_one_socket() -> None:
    socket = SERVICES["web"]["environment"]["GROVE_BIND"]
    assert f"server {socket} " in (DEPLOY / "nginx.conf").read_text()
    for name in ("nginx", "web"):
        assert "socket:/run/grove" in SERVICES[name]["volumes"]


def test_what_is_kept_is_kept_in_a_volume() -> None:
    """And what nginx.conf writes to can be written to."""
    named = {each.partition(":")[0] for one in SERVICES.values() for each in one.get("volumes", ())}
    assert {each for each in named if not each.startswith(".")} == set(COMPOSE["volumes"])
    assert all((DEPLOY / each).exists() for each in named if each.startswith("."))
    assert "home:/var/lib/grove" in SERVICES["web"]["volumes"]
    assert "home:/var/lib/grove" in SERVICES["worker"]["volumes"]
    nginx = SERVICES["nginx"]
    places = [each.split(":")[1] for each in nginx["volumes"]] + [
        each.partition(":")[0] for each in nginx["tmpfs"]
    ]
    written = re.findall(r"^\s*(?:pid|\w+_temp_path)\s+(\S+);", nginx_conf(), re.MULTILINE)
    assert written
    assert all(any(each.startswith(f"{place}/") for place in places) for each in written)


def nginx_conf() -> str:
    return (DEPLOY / "nginx.conf").read_text()


def test_the_page_names_every_variable() -> None:
    page = (DEPLOY / "README.md").read_text()
    assert all(f"`{match[1]}`" in page for match in VARIABLE.finditer(TEXT))
