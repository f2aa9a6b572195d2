"""What is cut off in the middle: each operation, what it needs, and whether it has been done.

`look` knows two worlds, the one before and the one after, and fails in any other: an operation
is done whole or not at all.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.crash.client import ASYNC, Answer, Client, form
from tests.story import FLOWER, flowers

TABLE, OTHER = flowers(60), flowers(60, seed=1)
TREES = {"n_estimators": 12}
DONE, UNDONE = True, False


@dataclass(frozen=True)
class Operation:
    """One operation on what bears `name`; a long one answers with its job."""

    needs: Callable[[Client, str], Any]
    act: Callable[[Client, str], Answer | None]
    look: Callable[[Client, str], bool]
    is_job: bool = True


def path(name: str, rest: str = "") -> str:
    return f"/experiments/{name}{rest}"


def data(name: str) -> str:
    return f"/datasets/{name}"


def keep(client: Client, name: str) -> None:
    client.must("PUT", data(name), TABLE)


def create(client: Client, name: str) -> None:
    keep(client, name)
    client.must("POST", "/experiments", fields(name))


def train(client: Client, name: str) -> None:
    create(client, name)
    client.must("POST", path(name, "/train"), TREES)


def train_twice(client: Client, name: str) -> None:
    train(client, name)
    client.must("POST", path(name, "/train"), {**TREES, "random_state": 9})


def nothing(client: Client, name: str) -> None:
    """Another dataset: whoever has kept it is ready for the next."""
    client.must("PUT", data(f"{name}-other"), TABLE)


def fields(name: str) -> dict[str, Any]:
    return {"id": name, "dataset": name, "target": "kind"}


def has_dataset(client: Client, name: str) -> bool:
    return held(client, name) is not None


def is_replaced(client: Client, name: str) -> bool:
    kept = held(client, name)
    assert kept is not None
    return kept == OTHER


def held(client: Client, name: str) -> str | None:
    """The bytes of a dataset, which are one of the two tables."""
    answer, row = client.get(data(name) + "/file"), client.get(data(name))
    assert answer.status == row.status
    if answer.status == 404:
        return None
    assert row.json["rows"] == 60
    assert answer.content.decode() in (TABLE, OTHER)
    return answer.content.decode()


def has_experiment(client: Client, name: str) -> bool:
    answer = client.get(path(name))
    if answer.status == 404:
        return UNDONE
    assert answer.json["status"] in ("ready", "trained")
    assert rows_of(client, name, "train") + rows_of(client, name, "test") == 60
    return DONE


def has_both(client: Client, name: str) -> bool:
    made = has_experiment(client, name)
    assert made == has_dataset(client, name)
    return made


def rows_of(client: Client, name: str, part: str) -> int:
    """The rows of a part of the split, as the row says and as the file holds."""
    said = client.get(path(name)).json[f"{part}_rows"]
    sent = client.must("GET", path(name, f"/splits/{part}")).content.decode()
    assert len(list(csv.reader(io.StringIO(sent)))) - 1 == said
    return int(said)


def is_split_anew(client: Client, name: str) -> bool:
    assert has_experiment(client, name)
    test_rows = rows_of(client, name, "test")
    assert test_rows in (12, 30)
    return test_rows == 30


def serves_second(client: Client, name: str) -> bool:
    row = client.get(path(name)).json
    assert row["status"] == "trained"
    assert predicted(client, name) == row["active_version"]
    return bool(row["active_version"] == 2)


def serves_first(client: Client, name: str) -> bool:
    return not serves_second(client, name)


def predicted(client: Client, name: str) -> int:
    answer = client.must("POST", path(name, "/predict"), {"rows": [FLOWER]})
    return int(answer.json["version"])


def is_tested(client: Client, name: str) -> bool:
    results = client.get(path(name)).json["result"], client.get(path(name, "/versions/1")).json
    assert results[0] == results[1]["result"]
    return results[0] is not None


def lacks_experiment(client: Client, name: str) -> bool:
    if not has_experiment(client, name):
        return DONE
    assert predicted(client, name) == 1
    return UNDONE


def lacks_dataset(client: Client, name: str) -> bool:
    return not has_dataset(client, name)


def lacks_first(client: Client, name: str) -> bool:
    assert predicted(client, name) == 2
    answer = client.get(path(name, "/versions/1/model?format=onnx"))
    return answer.status == 404


OPERATIONS = {
    "put a dataset": Operation(
        nothing, lambda c, n: c.ask("PUT", data(n), TABLE, **ASYNC), has_dataset
    ),
    "replace a dataset": Operation(
        keep, lambda c, n: c.ask("PUT", data(n), OTHER, **ASYNC), is_replaced
    ),
    "delete a dataset": Operation(
        keep, lambda c, n: c.ask("DELETE", data(n)), lacks_dataset, is_job=False
    ),
    "create": Operation(
        keep, lambda c, n: c.ask("POST", "/experiments", fields(n), **ASYNC), has_experiment
    ),
    "create with a file": Operation(
        nothing,
        lambda c, n: c.ask("POST", "/experiments", form(TABLE, **fields(n)), **ASYNC),
        has_both,
    ),
    "split anew": Operation(
        create, lambda c, n: c.ask("PATCH", path(n), {"test_size": 0.5}, **ASYNC), is_split_anew
    ),
    "train": Operation(
        train,
        lambda c, n: c.ask("POST", path(n, "/train"), {**TREES, "random_state": 9}, **ASYNC),
        serves_second,
    ),
    "test": Operation(train, lambda c, n: c.ask("POST", path(n, "/test"), **ASYNC), is_tested),
    "promote": Operation(
        train_twice,
        lambda c, n: c.ask("PATCH", path(n), {"active_version": 1}),
        serves_first,
        is_job=False,
    ),
    "delete a version": Operation(
        train_twice, lambda c, n: c.ask("DELETE", path(n, "/versions/1")), lacks_first, is_job=False
    ),
    "delete an experiment": Operation(
        train, lambda c, n: c.ask("DELETE", path(n)), lacks_experiment, is_job=False
    ),
}
JOBS = [name for name, operation in OPERATIONS.items() if operation.is_job]
