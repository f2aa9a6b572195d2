from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.http.demo import create_demo


@pytest.fixture(scope="session")
def app() -> Flask:
    return create_demo()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()
