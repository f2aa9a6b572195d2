"""The web process: `create_app` puts the parts together, `main` serves them with gunicorn."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

ROOT = Path(__file__).resolve().parents[1]
if __package__ in (None, ""):  # run as a file: python3 controllers/main.py
    sys.path.insert(0, str(ROOT))

import structlog  # noqa: E402
from flask import Flask  # noqa: E402
from sqlalchemy.exc import SQLAlchemyError  # noqa: E402
from sqlalchemy.orm import Session  # noqa: E402

from controllers import (  # noqa: E402
    access,
    caching,
    cards,
    comparisons,
    compression,
    counts,
    datasets,
    experiments,
    health,
    inspections,
    jobs,
    keys,
    live,
    login,
    metrics,
    negotiation,
    pages,
    parts,
    predictions,
    problem_pages,
    problems,
    request_log,
    scopes,
    server,
    statics,
    versions,
    work,
)
from controllers.api import Api  # noqa: E402
from models.database import BUSY_SECONDS_OF_REQUESTS, ENGINE_OPTIONS, configure, db  # noqa: E402
from services import active, logs, settings, setup, traces  # noqa: E402

log = structlog.get_logger("grove.web")
STATIC = ROOT / "static"
RESOURCES = (
    datasets,
    experiments,
    work,
    predictions,
    versions,
    inspections,
    comparisons,
    cards,
    live,
    jobs,
    keys,
    login,
    health,
    metrics,
)


class Application(Flask):
    """Flask, for views that are all plain functions."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The function as it is: Flask asks of each function, at each call, whether it is async."""
        return func


def create_app(chosen: settings.Settings) -> Flask:
    """The application, for these settings; nothing in it is shared with another."""
    app = Application(
        __name__,
        static_folder=STATIC,
        static_url_path=statics.address(STATIC),
        template_folder=ROOT / "templates",
    )
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.config["MAX_JSON_BYTES"] = chosen.max_json
    app.config["SQLALCHEMY_DATABASE_URI"] = chosen.database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = ENGINE_OPTIONS
    db.init_app(app)
    with app.app_context():
        configure(db.engine, BUSY_SECONDS_OF_REQUESTS)
    statics.register(app, chosen.cdn_url)
    counts.register(app)
    parts.register(app, chosen)
    caching.register(app)
    request_log.register(app)
    compression.register(app)
    access.register(app)
    negotiation.register(app)
    problems.register(app)
    app.register_blueprint(problem_pages.blueprint)
    app.register_blueprint(pages.blueprint)
    api = Api(app)
    for resource in RESOURCES:
        api.register_blueprint(resource.blp)
    scopes.require_decisions(app)
    return app


def served() -> Flask:
    """The application as the environment wants it; gunicorn calls this in each worker."""
    chosen = settings.read(os.environ)
    logs.configure(chosen.log_level)
    app = create_app(chosen)
    traces.of(chosen, "web").requests(app)
    _mend(app)
    return app


def _mend(app: Flask) -> None:
    """Have what serves be what the rows say: the process before this one may have been killed.

    It would have stopped between the file and the row. A database that is away is not waited for.
    """
    with app.app_context():
        try:
            active.mend(cast(Session, db.session), parts.parts().home)
        except SQLAlchemyError as error:
            log.warning("what serves was not compared with the rows", error=str(error)[:200])


def main() -> None:
    """`python3 controllers/main.py`: prepare what is needed, then become gunicorn."""
    chosen = server.chosen_settings()
    setup.prepare(chosen)
    server.become(chosen)


if __name__ == "__main__":
    main()
