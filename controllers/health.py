"""/livez and /readyz: for whoever runs the service."""

from __future__ import annotations

from typing import Any

from controllers.api import OPEN, Blueprint
from controllers.parts import parts
from controllers.waiting import session
from models.errors import Busy, Fault
from schemas.health import HealthSchema, LifeSchema
from services import health

blp = Blueprint("health", __name__, description="Whether the service lives and can work")


WORDS = {
    "database": "the database does not answer",
    "disk": "the folders of GROVE_HOME cannot be written to",
    "worker": "no worker lives",
}


@blp.route("/livez")
@blp.doc(security=OPEN)  # type: ignore[untyped-decorator]
@blp.response(200, LifeSchema)
def livez() -> dict[str, Any]:
    """Answer, as long as this process can."""
    return {"alive": True}


@blp.route("/readyz")
@blp.doc(security=OPEN)  # type: ignore[untyped-decorator]
@blp.response(200, HealthSchema)
def readyz() -> dict[str, bool]:
    """Say whether database, disk and worker are there; 503 says which of them is not."""
    found = health.ready(session(), parts().home)
    faults = [
        Fault(f"/{part}", "not_ready", WORDS[part])
        for part, is_there in found.items()
        if not is_there
    ]
    if faults:
        raise Busy("; ".join(each.message for each in faults), code="not_ready", faults=faults)
    return {"ready": True, **found}
