"""Settings are strict, and each has its row in the README."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from services.setting_table import SETTINGS
from services.settings import SettingError, read

pytestmark = pytest.mark.no_database

README = Path(__file__).parents[1] / "README.md"

WRONG = [
    ("GROVE_WEB_WORKERS", "0"),
    ("GROVE_WEB_WORKERS", "two"),
    ("GROVE_WEB_THREADS", "1"),
    ("GROVE_BIND", "5000"),
    ("GROVE_BIND", "127.0.0.1:99999"),
    ("GROVE_MAX_UPLOAD", "10 GB"),
    ("GROVE_MAX_UPLOAD", "0"),
    ("GROVE_KEY", "short"),
    ("GROVE_KEY", ""),
    ("GROVE_AUTH", "no"),
    ("GROVE_LOG_LEVEL", "loud"),
    ("GROVE_WAIT", "61"),
    ("GROVE_WAIT", "-1"),
    ("GROVE_KEY", "k" * 513),
    ("GROVE_HOME", ""),
    ("GROVE_DATABASE_URL", "foo"),
    ("GROVE_DATABASE_URL", "sqlite://"),
    ("GROVE_DATABASE_URL", "sqlite:///relative.sqlite"),
    ("GROVE_DATABASE_URL", "mysql://localhost/grove"),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_value_fails_with_the_name(name: str, value: str) -> None:
    with pytest.raises(SettingError, match=f"^{name}: "):
        read({name: value})


def test_every_wrong_value_is_named_at_once() -> None:
    with pytest.raises(SettingError) as caught:
        read({"GROVE_WEB_WORKERS": "0", "GROVE_AUTH": "no"})
    assert len(str(caught.value).splitlines()) == 2


def test_an_unknown_setting_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(SettingError, match="did you mean GROVE_WEB_WORKERS"):
        read({"GROVE_WEB_WORKER": "2"})


def test_defaults() -> None:
    settings = read({})
    assert settings.on_loopback
    assert settings.home.is_absolute()
    assert settings.database_url == f"sqlite:///{settings.home}/grove.sqlite"
    assert settings.memory_limit > 2**28


def test_sizes() -> None:
    assert read({"GROVE_MAX_UPLOAD": "3G"}).max_upload == 3 * 2**30
    assert read({"GROVE_MAX_UPLOAD": "500000"}).max_upload == 500_000


def test_who_can_reach_it() -> None:
    assert read({"GROVE_BIND": "unix:/tmp/grove.sock"}).on_loopback
    assert not read({"GROVE_BIND": "0.0.0.0:80"}).on_loopback


def test_every_setting_has_its_row_in_the_readme() -> None:
    rows = re.findall(r"^\| `(GROVE_\w+)` \|", README.read_text(), re.MULTILINE)
    assert rows == [setting.name for setting in SETTINGS]
