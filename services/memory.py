"""How the memory of the whole service, GROVE_MEMORY_LIMIT, is shared out.

What its processes take when nothing is asked of them was measured as their PSS; the versions that
they have loaded are bounded by GROVE_MODELS_MEMORY. What is left is for the steps of jobs: one
training and two other jobs run at a time.
"""

from __future__ import annotations

import math

from models.job import GROWING
from services.settings import Settings

WEB, WEB_PROCESS, WORKER = 60 << 20, 120 << 20, 340 << 20
MODELS = 0.15  # of the limit, for all web processes together
TRAINING, OTHER, OTHERS = 0.5, 0.25, 2  # of what is left, and how many of the others there are
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
    left = settings.memory_limit - _taken(settings)
    other = max(LEAST - SHARED, int(left * OTHER))
    # Where the others have the least that they may, a training has what that leaves.
    share = min(int(left * TRAINING), left - OTHERS * other) if kind in GROWING else other
    return settings.step_memory or max(LEAST, SHARED + share)


def least(settings: Settings) -> int:
    """The least GROVE_MEMORY_LIMIT that web, worker and all steps together keep to."""
    models = 0 if settings.models_memory else MODELS  # of the limit, whatever that is
    taken = _taken(settings) - int(settings.memory_limit * models)
    step = (settings.step_memory or LEAST) - SHARED
    return math.ceil((taken + (1 + OTHERS) * step) / (1 - models))


def _taken(settings: Settings) -> int:
    """What web and worker take, whatever the steps do."""
    return WEB + settings.web_workers * (WEB_PROCESS + of_models(settings)) + WORKER


def of_loaded(settings: Settings, kind: str) -> int:
    """The bytes that a version may take in a step of a job of this kind, beside its own work."""
    return max(0, int((of_step(settings, kind) - PROCESS) * LOADED))
