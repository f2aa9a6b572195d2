"""PUT /v1/datasets/{name}: a CSV is kept, read whole and described, or refused."""

from __future__ import annotations

import builtins
import hashlib
import resource
from itertools import repeat
from pathlib import Path

import pytest

from services.paths import SAMPLES
from tests.bodies import streamed
from tests.problems import assert_problem
from tests.story import Story, flowers, fresh
from tests.tables import PLAIN, READABLE, UNREADABLE, XLSX, Read, with_column
from tests.traces import files_of, settled, unchanged

KEYS = [
    "name",
    "rows",
    "size",
    "sha256",
    "columns",
    "dialect",
    "warnings",
    "created_at",
    "updated_at",
    "links",
]
COLUMN_KEYS = ["name", "type", "missing", "distinct", "examples", "minimum", "maximum"]
COLUMN_KEYS += ["histogram", "most_frequent"]


def test_a_table_is_kept_and_described(story: Story, home: Path) -> None:
    name, body = fresh("data"), flowers(seed=4711).encode()
    answer = story.put(name, body)
    assert answer.status_code == 201, answer.text
    told = answer.get_json()
    assert list(told) == KEYS
    assert (told["name"], told["rows"], told["size"]) == (name, 60, len(body))
    assert told["sha256"] == hashlib.sha256(body).hexdigest()
    assert [list(column) for column in told["columns"]] == [COLUMN_KEYS] * 6
    types = {column["name"]: column["type"] for column in told["columns"]}
    assert types == {
        "size": "number",
        "colour": "category",
        "wild": "boolean",
        "picked": "date",
        "petals": "integer",
        "kind": "category",
    }
    assert told["dialect"]["delimiter"] == ","
    assert list(told["dialect"]) == ["delimiter", "encoding", "header", "missing_values"]
    assert list(told["links"]) == ["self", "file"]
    assert story.client.get(told["links"]["self"]).json == told
    digests = [
        hashlib.sha256((home / path).read_bytes()).hexdigest()
        for path in files_of(home)
        if path.startswith("datasets/")
    ]
    assert digests.count(told["sha256"]) == 1
    assert not list((home / "uploads").iterdir())


def test_the_same_bytes_again_change_nothing(story: Story, home: Path) -> None:
    name = story.make_dataset(PLAIN)
    with unchanged(story, home):
        assert story.put(name, PLAIN).status_code == 200


def test_other_bytes_replace_what_nothing_uses(story: Story, home: Path) -> None:
    name = story.make_dataset(PLAIN)
    before = settled(home)
    answer = story.put(name, flowers())
    assert (answer.status_code, answer.json["rows"]) == (200, 60)
    assert len(settled(home)) == len(before)
    with story.client.get(f"/v1/datasets/{name}/file") as file:
        assert file.get_data(as_text=True) == flowers()


def test_other_options_read_the_same_bytes_anew(story: Story) -> None:
    name = story.make_dataset(with_column("a", "1", "-999"))
    answer = story.put(name, with_column("a", "1", "-999"), missing_values="-999")
    assert answer.json["columns"][0]["missing"] == 6


def test_other_bytes_under_an_experiment_are_refused(story: Story, home: Path) -> None:
    name = story.make_dataset()
    story.make_experiment(dataset=name)
    with unchanged(story, home):
        assert_problem(story.put(name, PLAIN), 409, "dataset_in_use")
        assert story.put(name, flowers()).status_code == 200


def test_the_answer_does_not_wait_where_it_shall_not(story: Story) -> None:
    name = fresh("data")
    answer = story.client.put(
        f"/v1/datasets/{name}", data=PLAIN, headers={"Prefer": "respond-async"}
    )
    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/v1/jobs/{answer.json['id']}"
    assert answer.headers["Retry-After"]
    assert story.wait_for(answer.json["id"], "succeeded")["result"] == {"dataset": name}
    assert story.client.get(f"/v1/datasets/{name}").json["rows"] == 12


@pytest.mark.parametrize("case", READABLE.values(), ids=READABLE)
def test_read_unmended(story: Story, case: Read) -> None:
    answer = story.put(fresh("data"), case.body, **case.query)
    assert answer.status_code == 201, answer.text
    told, first = answer.get_json(), answer.json["columns"][0]
    assert (first["name"], first["type"], first["missing"]) == (case.first, case.type, case.missing)
    assert (told["rows"], told["dialect"]["delimiter"]) == (case.rows, case.delimiter)
    assert [(each["code"], each["column"]) for each in told["warnings"]] == case.warnings


@pytest.mark.parametrize(
    ("file", "rows", "columns"), [("glass.csv", 214, 10), ("breast_cancer.csv", 569, 31)]
)
def test_the_samples_are_read_unmended(story: Story, file: str, rows: int, columns: int) -> None:
    answer = story.put(fresh("data"), (SAMPLES / file).read_bytes())
    assert (answer.json["rows"], len(answer.json["columns"])) == (rows, columns)
    assert {column["missing"] for column in answer.json["columns"]} == {0}
    assert answer.json["warnings"] == []


def test_values_are_trimmed_and_named(story: Story) -> None:
    """C51, C36, C50: what the columns hold."""
    for case, examples in [("C51", ["red", "blue"]), ("C36", ["up\nand down", "flat"])]:
        column = story.put(fresh("data"), READABLE[case].body).json["columns"][0]
        assert column["examples"] == examples
    column = story.put(fresh("data"), READABLE["C50"].body).json["columns"][0]
    assert column["distinct"] == 2


def test_a_warning_names_the_first_odd_row(story: Story) -> None:
    """C48."""
    (warning,) = story.put(fresh("data"), READABLE["C48"].body).json["warnings"]
    assert "'old' in data row 4" in warning["message"]


def test_ten_thousand_columns(story: Story) -> None:
    """C40."""
    names = [f"n{at}" for at in range(10_000)]
    row = ",".join("1" if at % 2 else "2.5" for at in range(10_000))
    answer = story.put(wide := fresh("wide"), ",".join(names) + "\n" + f"{row}\n" * 3)
    assert answer.status_code == 201, answer.text
    assert [column["name"] for column in answer.json["columns"]] == names
    assert story.client.delete(f"/v1/datasets/{wide}").status_code == 204


@pytest.mark.parametrize(("body", "code"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read(story: Story, home: Path, body: str | bytes, code: str) -> None:
    name = fresh("bad")
    with unchanged(story, home):
        assert_problem(story.put(name, body), 422, code)
    jobs = story.client.get(f"/v1/jobs?dataset={name}").json["items"]
    told = [(job["state"], job["error"]["code"]) for job in jobs]
    assert told == [("failed", code)] * bool(body)  # what holds no byte is not read at all
    assert_problem(story.client.get(f"/v1/datasets/{name}"), 404, "dataset_not_found")
    assert not hasattr(builtins, "canary")


def test_archives(story: Story, home: Path) -> None:
    """C55: XLSX is one."""
    with unchanged(story, home):
        assert_problem(story.put(fresh("bad"), XLSX), 415, "compressed_upload")


def test_lines_and_bytes_are_named(story: Story) -> None:
    """C6, C12, C48: where it is wrong."""
    body = assert_problem(
        story.put(fresh("bad"), "a,b\n1,2\n3,4,5\n6\n"), 422, "ragged_row", "/rows/1"
    )
    assert [fault["pointer"] for fault in body["errors"]] == ["/rows/1", "/rows/2"]
    assert "Line 3" in body["errors"][0]["message"]
    body = assert_problem(story.put(fresh("bad"), b"a,b\n1,\xe9\n"), 422, "encoding_not_utf8")
    assert "offset 6" in body["detail"]


def test_a_line_of_100_mb(story: Story, home: Path) -> None:
    """C42: refused, and never held in memory."""

    pieces = [b"a,b\n", *repeat(b"x" * 2**20, 100)]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with unchanged(story, home):
        answer = story.client.put(
            f"/v1/datasets/{fresh('bad')}",
            **streamed("text/csv", pieces, 4 + 100 * 2**20),
        )
        assert_problem(answer, 422, "line_too_long")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 32 * 1024
