"""`free`: is the address free? `greet PID`: say so once all is ready. `check`: is it?"""

from __future__ import annotations

import http.client
import os
import socket
import sys
import time

from services.settings import SettingError, Settings, read

PATIENCE_SECONDS = 60.0
HINT = """
Grove is ready: {address}
{note}
Train a forest on the sample table `glass`, then ask it about one row:

  curl -s {curl}/v1/experiments -H 'Content-Type: application/json' \\
    -d '{{"id": "glass", "dataset": "glass", "target": "Type"}}'
  curl -s -X POST {curl}/v1/experiments/glass/train

The README goes on from here. Ctrl-C ends the service.
"""
OPEN_NOTE = "WARNING: GROVE_AUTH=off lets everyone in who can reach this address.\n"
KEY_NOTE = "Every request needs a key: add -H 'Authorization: Bearer KEY' to each curl.\n"


def main() -> None:
    """Do what the first argument says."""
    try:
        settings = read(os.environ)
    except SettingError as error:
        sys.exit(str(error))
    if sys.argv[1] == "free":
        require_free(settings.bind)
    elif sys.argv[1] == "greet":
        greet(settings, int(sys.argv[2]))
    else:
        sys.exit(not _is_ready(settings.bind))


def require_free(bind: str) -> None:
    """Exit, with a word to the user, where something listens at the address already."""
    try:
        _connected(bind).close()
    except OSError:
        return
    sys.exit(
        f"{bind} is taken: something listens there already. Stop it, or choose another address, "
        "for example GROVE_BIND=127.0.0.1:5001 ./run.sh"
    )


def greet(settings: Settings, web: int) -> None:
    """Say how to begin, once the web process `web` and a worker are ready."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and _lives(web):
        if _is_ready(settings.bind):
            print(_hint(settings), flush=True)  # noqa: T201
            return
        time.sleep(0.1)
    sys.exit("Grove did not become ready; what it wrote above says why.")


def _hint(settings: Settings) -> str:
    bind = settings.bind
    if bind.startswith("unix:"):
        return HINT.format(address=bind, curl=f"--unix-socket {bind[5:]} http://grove", note="")
    host, _, port = bind.rpartition(":")
    address = f"http://{'localhost' if host in ('0.0.0.0', '[::]') else host}:{port}"  # noqa: S104
    return HINT.format(address=address, curl=address, note=_note(settings))


def _note(settings: Settings) -> str:
    if settings.auth == "off":
        return OPEN_NOTE
    return "" if settings.on_loopback else KEY_NOTE


def _is_ready(bind: str) -> bool:
    try:
        connection = http.client.HTTPConnection("localhost")
        connection.sock = _connected(bind)
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False


def _connected(bind: str) -> socket.socket:
    if bind.startswith("unix:"):
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(2)
        connection.connect(bind[5:])
        return connection
    host, _, port = bind.rpartition(":")
    own = {"0.0.0.0": "127.0.0.1", "[::]": "::1"}.get(host, host.strip("[]"))  # noqa: S104
    return socket.create_connection((own, int(port)), timeout=2)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    main()
