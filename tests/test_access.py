"""Who may ask for what: every route and method has its decision."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from controllers.scopes import NEEDED, OPEN, needed, require_decisions
from models import Scope, db
from services import keys
from services.setup import prepare
from tests.problems import assert_problem
from tests.story import app_on, settings_for

ELSEWHERE = {"GROVE_BIND": "0.0.0.0:5000"}
SCOPES = tuple(Scope)


@pytest.fixture(scope="module")
def secrets() -> dict[Scope, str]:
    return {}


@pytest.fixture(scope="module", name="closed")
def _closed(tmp_path_factory: pytest.TempPathFactory, secrets: dict[Scope, str]) -> Iterator[Flask]:
    home = tmp_path_factory.mktemp("closed")
    prepare(settings_for(home, **ELSEWHERE))
    with app_on(home, **ELSEWHERE) as app:
        with app.app_context():
            for scope in SCOPES:
                secrets[scope] = keys.add(db.session(), scope, scope)
        yield app


def ask(
    app: Flask, method: str, path: str, secret: str | None = None, **headers: str
) -> TestResponse:
    sent = {"Authorization": f"Bearer {secret}"} if secret is not None else {}
    return app.test_client().open(path, method=method, headers={**sent, **headers})


def addresses(app: Flask) -> Iterator[tuple[str, str, str]]:
    """Endpoint, method and an address of every route that there is."""
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<int:[a-z]+>", "1", rule.rule)
        path = re.sub(r'<any\("?([a-z-]+)[^>]*>', r"\1", path)
        path = re.sub(r"<[a-z_:]+>", "nothing", path)
        for method in sorted(rule.methods or ()):
            yield rule.endpoint, method, path


def test_every_route_has_a_decision(closed: Flask) -> None:
    routes = {endpoint for endpoint, _, _ in addresses(closed)}
    assert routes == OPEN | set(NEEDED)
    closed_twice = Flask(__name__)
    with pytest.raises(LookupError, match="who may ask for "):
        require_decisions(closed_twice)


def test_without_a_key_nobody_gets_in(closed: Flask) -> None:
    asked = 0
    for endpoint, method, path in addresses(closed):
        answer = ask(closed, method, path)
        if endpoint in OPEN:
            assert answer.status_code != 401, path
        else:
            asked += 1
            assert answer.status_code == 401, (method, path)
            assert answer.headers["WWW-Authenticate"] == 'Bearer realm="grove"'
    assert asked > 40
    for path in ("/", "/nothing", "/v1/nothing", "//v1/experiments", "/v1/experiments;x"):
        assert_problem(ask(closed, "GET", path), 401, "unauthorized")


@pytest.mark.parametrize("scope", SCOPES)
def test_a_key_opens_what_its_scope_covers(
    closed: Flask, secrets: dict[Scope, str], scope: Scope
) -> None:
    for endpoint, method, path in addresses(closed):
        # Flask answers OPTIONS in the name of any of a path's routes.
        if endpoint in OPEN or endpoint == "keys.revoke_key" or method == "OPTIONS":
            continue
        answer = ask(closed, method, path, secrets[scope], Prefer="respond-async")
        if scope.covers(needed(endpoint)):
            assert answer.status_code not in {401, 403}, (method, path)
        else:
            body = assert_problem(answer, 403, "scope_too_small") if method != "HEAD" else None
            assert answer.status_code == 403, (method, path)
            assert body is None or str(needed(endpoint)) in body["detail"]


@pytest.mark.parametrize(
    "sent", ["", "Bearer", "Bearer  ", "Bearer x", "Basic eDp5", "Bearer \xe9", "Bearer x y", "x"]
)
def test_what_is_no_key_opens_nothing(closed: Flask, sent: str) -> None:
    answer = ask(closed, "GET", "/v1/experiments", Authorization=sent)
    assert_problem(answer, 401, "unauthorized")


def test_a_key_in_the_address_opens_nothing(
    closed: Flask, secrets: dict[Scope, str], capsys: pytest.CaptureFixture[str]
) -> None:
    secret = secrets[Scope.ADMIN]
    for name in ("key", "token", "access_token", "Authorization"):
        assert_problem(ask(closed, "GET", f"/v1/keys?{name}={secret}"), 401, "unauthorized")
    assert secret not in "".join(capsys.readouterr())


@pytest.mark.parametrize("two", ["Bearer {0}, Bearer {0}", "Bearer {0},{0}", "{0},{0}"])
def test_two_keys_at_once_are_none(closed: Flask, secrets: dict[Scope, str], two: str) -> None:
    sent = two.format(secrets[Scope.ADMIN])
    answer = ask(closed, "GET", "/v1/experiments", Authorization=sent)
    assert_problem(answer, 400, "two_authorizations")


def test_headers_that_others_believe_change_nothing(
    closed: Flask, secrets: dict[Scope, str]
) -> None:
    for name in (
        "X-Forwarded-For",
        "X-Real-IP",
        "X-Remote-User",
        "Remote-User",
        "X-Forwarded-User",
    ):
        answer = ask(closed, "GET", "/v1/experiments", None, **{name: "127.0.0.1"})
        assert_problem(answer, 401, "unauthorized")
    for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
        answer = ask(closed, "POST", "/v1/datasets/glass", secrets[Scope.ADMIN], **{name: "DELETE"})
        assert_problem(answer, 405, "method_not_allowed")
    assert ask(closed, "GET", "/v1/datasets/glass", secrets[Scope.ADMIN]).status_code == 200


def test_the_same_answer_whatever_is_there(closed: Flask) -> None:
    """A key that is unknown, and one that was revoked, are told apart by nothing."""
    with closed.app_context():
        ended = keys.add(db.session(), "ended")
        keys.revoke(db.session(), "ended")
    bodies = []
    for path in ("/v1/datasets/glass", "/v1/datasets/none"):
        for secret in (ended, "x" * len(ended)):
            answer = ask(closed, "GET", path, secret)
            body = assert_problem(answer, 401, "unauthorized")
            bodies.append({**body, "instance": ""})
    assert all(body == bodies[0] for body in bodies)


def test_a_home_on_loopback_is_open_to_this_machine_alone(tmp_path: Path) -> None:
    prepare(settings_for(tmp_path))
    with app_on(tmp_path) as app:
        assert ask(app, "GET", "/v1/experiments").status_code == 200
        proxied = ask(app, "GET", "/v1/experiments", None, **{"X-Forwarded-For": "127.0.0.1"})
        assert_problem(proxied, 401, "unauthorized")
