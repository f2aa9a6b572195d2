"""A search, step by step: every candidate is tried on all folds; the best one goes on."""

from __future__ import annotations

from models import Job
from services.worker.bench import Bench
from services.worker.outcomes import Spec
from services.worker.records import outcome_of

FIRST, LAST = 6, 60  # the percent of the job that the trials make


def best_of(bench: Bench, job: Job, spec: Spec) -> Spec:
    """The training of the best candidate, with the table of all of them as `search`."""
    candidates = spec["search"]["candidates"]
    trials = []
    for at, candidate in enumerate(candidates):
        share = range(*(FIRST + (LAST - FIRST) * each // len(candidates) for each in (at, at + 1)))
        name = f"trial {at + 1} of {len(candidates)}"
        trial = {**_with(spec, candidate), "trial": at, "candidate": candidate}
        made = bench.step(job, name, "try_out", (trial,), share)
        trials.append(outcome_of(bench, job, made))
    best = max(range(len(trials)), key=lambda at: (trials[at]["mean"], -at))
    again = _with(spec, candidates[best])
    chosen = bench.step(job, "best chosen", "choose", (again,), range(LAST, LAST + 1))
    found = {name: chosen[name] for name in ("size", "params", "engine")}
    about = {name: spec["search"][name] for name in ("cv", "scoring")}
    return {
        **again,
        **found,
        "begin": LAST + 1,
        "search": {**about, "best": best, "trials": trials},
    }


def _with(spec: Spec, candidate: dict[str, object]) -> Spec:
    """With a candidate in the place of what was asked."""
    params = {**spec["asked"], **candidate}
    return {**spec, "params": params, "given": [*spec["given"], *candidate]}
