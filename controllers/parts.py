"""What a request needs from its app: settings, files, the queue, the loaded models."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from flask import Flask, Request, current_app, request
from sqlalchemy.orm import sessionmaker

from controllers import counts
from controllers.counts import Counts
from models import db
from services import memory
from services.explaining import SHARE, Explainer
from services.paths import Home
from services.predicting import Models
from services.queue import JobQueue
from services.recording import Recorder
from services.settings import Settings


@dataclass(frozen=True)
class Parts:
    """One app's collaborators. `slow` bounds the threads that waits and long bodies may hold."""

    settings: Settings
    home: Home
    queue: JobQueue
    models: Models
    explainer: Explainer
    recorder: Recorder
    counts: Counts
    slow: threading.BoundedSemaphore = field(repr=False)


def register(app: Flask, settings: Settings) -> None:
    """Make the collaborators of `app`."""
    home = Home(settings.home)
    with app.app_context():
        engine = db.engine
    counted = counts.of(app)
    half = max(1, settings.web_threads // 2)
    app.extensions["grove"] = Parts(
        settings=settings,
        home=home,
        queue=JobQueue(settings.database_url, settings.max_jobs),
        models=Models(home, memory.of_models(settings), counted.loaded.set),
        explainer=Explainer(memory.of_models(settings) // SHARE),
        recorder=Recorder(sessionmaker(engine)),
        counts=counted,
        slow=threading.BoundedSemaphore(half),
    )


def asked() -> Request:
    """The request itself: to ask its proxy costs more than most of what is asked for."""
    itself: Request = request._get_current_object()  # type: ignore[attr-defined]
    return itself


def parts() -> Parts:
    """The collaborators of the app that answers this request."""
    own: Parts = current_app.extensions["grove"]
    return own
