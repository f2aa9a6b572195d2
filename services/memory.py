"""How the memory of the whole service, GROVE_MEMORY_LIMIT, is shared out.

What its processes take when nothing is asked of them was measured as their PSS; the versions that
they have loaded are bounded by GROVE_MODELS_MEMORY. What is left is for the steps of jobs: one
training and two other jobs run at a time.
"""

from __future__ import annotations

from models.job import GROWING
from services.settings import Settings

WEB, WEB_PROCESS, WORKER = 60 << 20, 120 << 20, 340 << 20
MODELS = 0.15  # of the limit, for all web processes together
TRAINING, OTHER = 0.5, 0.25  # of what is left
# A step may always use so much: less is not enough for any.
LEAST = 512 << 20
PROCESS = 340 << 20  # what the process of a step takes before it begins
SHARED = 160 << 20  # of that, what it has from the worker, who has it anyway (171 were measured)
LOADED = 0.3  # of what is left of it then


def of_models(settings: Settings) -> int:
    """The bytes that loaded versions may take in each web process."""
    share = settings.memory_limit * MODELS / settings.web_workers
    return settings.models_memory or int(share)


def of_step(settings: Settings, kind: str) -> int:
    """The bytes that a step of a job of this kind may use."""
    web = WEB + settings.web_workers * (WEB_PROCESS + of_models(settings))
    left = settings.memory_limit - web - WORKER
    share = TRAINING if kind in GROWING else OTHER
    return settings.step_memory or max(LEAST, SHARED + int(left * share))


def of_loaded(settings: Settings, kind: str) -> int:
    """The bytes that a version may take in a step of a job of this kind, beside its own work."""
    return max(0, int((of_step(settings, kind) - PROCESS) * LOADED))
