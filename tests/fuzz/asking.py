"""A service asked by its own description: schemathesis, its checks, and what they found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from schemathesis import Case, HookContext, Response
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import AcceptedNegativeData, Failure
from schemathesis.engine import events
from schemathesis.engine.recorder import CheckFailureInfo, ScenarioRecorder

KEY = "known-to-the-fuzzer-" + "0" * 20
KNOWN, GONE = "known", "gone"
# What is there from the beginning stays: its deletion is asked of another name.
KEPT = {KNOWN, "environment"}
# The example in the description is as long as a request may be.
LONG_WAIT, SHORT_WAIT = "wait=30", "wait=1"
PATIENCE = 60  # seconds; a request that says nothing of it waits ten for its job
TOO_MANY, SERVER_ERROR = 429, 500
# Of failures that are alike, the first are shown and the rest counted.
SHOWN = 3

# Every check of schemathesis is on; what one takes for granted and cannot hold here is said.
CHECKS: dict[str, Any] = {
    # What fits the description may still be wrong for the data at hand: a target that is no
    # column, a body that is no CSV or a file in a form that is a zip, an old ETag.
    "positive_data_acceptance": {
        "expected-statuses": ["2xx", "3xx", "401", "403", "404", "409", "412", "415", "422", "429"]
    },
    # An ETag that is out of date is refused whatever the body is.
    "negative_data_rejection": {"expected-statuses": ["4xx"]},
}
# A dataset's address takes slashes too, so that whoever sends one in a name is told what a name
# may be; so a method that a dataset's file lacks is one of a dataset with a wrong name.
FILE = {
    "include-path": "/v1/datasets/{name}/file",
    "checks": {
        "unsupported_method": {"enabled": False},
        "allow_header_conformance": {"enabled": False},
    },
}


@dataclass
class Asked:
    """How many requests were made, how they were answered, and what was wrong with that."""

    tell: Callable[[str], None] = print
    statuses: Counter[int] = field(default_factory=Counter)
    operations: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)

    def take(self, stream: Iterable[events.EngineEvent]) -> None:
        """Take in all that a run of the engine says."""
        for event in stream:
            self._take(event)

    def _take(self, event: events.EngineEvent) -> None:
        if isinstance(event, events.ScenarioFinished | events.FuzzScenarioFinished):
            self._record(event.recorder)
        elif isinstance(event, events.NonFatalError):
            self._count(self.errors, f"{event.label}: {event.value!r}"[:500], "")
        elif isinstance(event, events.FatalError):
            self._count(self.errors, repr(event.exception)[:500], "")

    def _record(self, recorder: ScenarioRecorder) -> None:
        for case_id, each in recorder.interactions.items():
            # No answer at all counts as one that is the service's fault.
            self.statuses[each.response.status_code if each.response else SERVER_ERROR] += 1
            case = recorder.cases.get(case_id)
            self.operations[case.value.operation.label if case else recorder.label] += 1
        for case_id, checks in recorder.checks.items():
            for check in checks:
                if check.failure_info is not None:
                    self._fail(check.name, check.failure_info, recorder, case_id)

    def _fail(
        self, check: str, info: CheckFailureInfo, recorder: ScenarioRecorder, case_id: str
    ) -> None:
        failure = info.failure
        asked = recorder.interactions.get(case_id)
        answer = asked.response.content[:1000] if asked and asked.response else b""
        kind = f"{check}, {failure.operation}: {failure.title}"
        self._count(self.failures, kind, f"{failure.message}\n{info.code_sample}\n{answer!r}")

    def _count(self, kinds: Counter[str], kind: str, sample: str) -> None:
        kinds[kind] += 1
        if kinds[kind] <= SHOWN or kind.startswith("not_a_server_error"):
            self.tell(f"{kind}\n{sample}\n")

    @property
    def server_errors(self) -> int:
        """How many requests ended in a 5xx, or in no answer at all."""
        return sum(n for status, n in self.statuses.items() if status >= SERVER_ERROR)

    def summary(self) -> str:
        """The figures, for people."""
        classes: Counter[str] = Counter()
        for status, number in self.statuses.items():
            classes[f"{status // 100}xx"] += number
        return "\n".join(
            [
                f"{self.statuses.total():,} requests, {len(self.operations)} operations",
                f"by class: {dict(sorted(classes.items()))}",
                f"by status: {dict(sorted(self.statuses.items()))}",
                *(f"{n} x {kind}" for kind, n in (self.failures + self.errors).most_common()),
            ]
        )


@schemathesis.hook
def before_call(context: HookContext, case: Case[Any], kwargs: dict[str, Any]) -> None:
    """Have nothing deleted that the others are asked about, and nothing waited for long."""
    parameters = case.path_parameters
    if case.method == "DELETE" and KEPT & set(map(str, parameters.values())):
        for name in {"name", "experiment_id"} & set(parameters):
            parameters[name] = GONE
    if case.headers.get("Prefer", LONG_WAIT) == LONG_WAIT:
        case.headers["Prefer"] = SHORT_WAIT


@schemathesis.hook
def filter_failure(
    context: HookContext, failure: Failure, case: Case[Any], response: Response
) -> bool:
    """Whether a failure is one: these are what checks take for granted and cannot know."""
    # The check asks for itself, so that the answer is not at hand but in its words.
    if f"Expected 401 or 403, got `{TOO_MANY} " in failure.message:
        return False  # so many wrong keys came that the next is refused for that
    if failure.checks == ("use_after_free",) and case.path.startswith("/v1/keys"):
        return False  # a key that was revoked stays on record
    elsewhere = case.method == "DELETE" and GONE in map(str, case.path_parameters.values())
    if failure.checks == ("ensure_resource_availability",) and elsewhere:
        return False  # what had been made was to be deleted, and another name was asked about
    # A body of text is what it is: the number 1 is a CSV as well.
    by_body = isinstance(failure, AcceptedNegativeData) and " in body " in failure.message
    return not (by_body and case.media_type == "text/csv")


def configuration(
    job: str, checks: dict[str, Any], generation: dict[str, Any], **chosen: Any
) -> SchemathesisConfig:
    """All checks, and the names of what is there beside those made up."""
    names = {"names": [KNOWN], "jobs": [job], "numbers": [1]}
    return SchemathesisConfig.from_dict(
        {
            "dictionaries": {name: {"values": values} for name, values in names.items()},
            "parameters": {
                "path.name": {"dictionary": "names", "probability": 0.6},
                "path.experiment_id": {"dictionary": "names", "probability": 0.8},
                "path.job_id": {"dictionary": "jobs", "probability": 0.5},
                "path.number": {"dictionary": "numbers", "probability": 0.7},
            },
            "auth": {"openapi": {"key": {"bearer": KEY}}},
            # Of an application that is called without a network nobody unpacks the answers.
            "headers": {"Accept-Encoding": "identity"},
            "cache": {"enabled": False},  # else a run depends on those before it
            "output": {"sanitization": {"enabled": False}},
            "checks": {**CHECKS, **checks},
            "operations": [FILE],
            "continue-on-failure": True,
            "request-timeout": PATIENCE,
            # The key is sent as it is: no other request is let in, to be asked anything.
            "generation": {"with-security-parameters": False, **generation},
            **chosen,
        }
    )
