"""What is asked for and cannot be had, named by the rows of the list of bad inputs."""

from __future__ import annotations

from typing import Any

from tests.tables import PLAIN, ROWS


def with_target(*values: str, rows: int = ROWS) -> str:
    """A table whose target `kind` has these values, over and over."""
    lines = ["size,kind", *(f"{at % 7}.5,{value}" for at, value in enumerate(values * rows))]
    return "\n".join(lines[: rows + 1]) + "\n"


# What is read, and cannot be split: the table, the fields beside the target, the code.
UNSPLITTABLE: dict[str, tuple[str, dict[str, Any], str, str]] = {
    "C4": ("size,kind\n1,x\n", {}, "too_few_rows", ""),
    "C22": (PLAIN, {"target": "knd"}, "target_not_found", "/target"),
    "C24": (with_target("x"), {}, "target_one_class", "/target"),
    "C25-all": (with_target(""), {}, "target_missing_values", "/target"),
    "C25-some": (with_target("x", "y", "NaN"), {}, "target_missing_values", "/target"),
    "C26": (
        with_target(*(f"{at}.25" for at in range(40)), rows=40),
        {},
        "target_continuous",
        "/target",
    ),
    "C26-whole": (
        with_target(*(f"{at}" for at in range(40)), rows=40),
        {},
        "target_continuous",
        "/target",
    ),
    "classes": (
        with_target(*(f"class {at}" for at in range(1_001)), rows=2_002),
        {},
        "too_many_classes",
        "/target",
    ),
    "C28": (PLAIN + "1,2,rare\n", {}, "class_too_small", "/target"),
    "C32": ("kind\n" + "x\ny\n" * 6, {}, "no_features", "/features"),
    "C32-excluded": (PLAIN, {"exclude": ["a", "size"]}, "no_features", "/features"),
    "exclude": (PLAIN, {"exclude": ["sise"]}, "unknown_column", "/exclude"),
    "features": (PLAIN, {"features": ["a", "b"]}, "unknown_column", "/features"),
    "features-target": (PLAIN, {"features": ["a", "kind"]}, "is_target", "/features"),
    "split-column": (PLAIN, {"split_column": "part"}, "unknown_column", "/split_column"),
    "split-column-values": (PLAIN, {"split_column": "a"}, "split_value", "/split_column"),
    "split-column-target": (PLAIN, {"split_column": "kind"}, "is_target", "/split_column"),
    "regression-words": (PLAIN, {"type": "regression"}, "target_not_numeric", "/target"),
    "regression-constant": (
        with_target("7"),
        {"type": "regression"},
        "target_constant",
        "/target",
    ),
    "no-test-rows": ("size,kind\n1,x\n2,y\n3,x\n4,y\n", {}, "too_few_rows", "/test_size"),
}

# Fields that are wrong by themselves: as JSON, the code, the pointer.
WRONG_FIELDS: dict[str, tuple[dict[str, Any], str, str]] = {
    "C58": ({"id": "..%2f"}, "bad_pattern", "/id"),
    "C58-backslashes": ({"id": "..\\..\\x"}, "bad_pattern", "/id"),
    "C58-dataset": ({"dataset": "../../x"}, "bad_pattern", "/dataset"),
    "C59": ({"dataset": "/etc/passwd"}, "bad_pattern", "/dataset"),
    "C60-proc": ({"dataset": "/proc/self/environ"}, "bad_pattern", "/dataset"),
    "C60-zero": ({"dataset": "/dev/zero"}, "bad_pattern", "/dataset"),
    "C60-stdin": ({"dataset": "/dev/stdin"}, "bad_pattern", "/dataset"),
    "C61": ({"dataset": "../uploads/link.csv"}, "bad_pattern", "/dataset"),
    "C62-file": ({"dataset": "file:///etc/passwd"}, "bad_pattern", "/dataset"),
    "C62-http": ({"dataset": "http://169.254.169.254/"}, "bad_pattern", "/dataset"),
    "C62-s3": ({"dataset": "s3://bucket/x.csv"}, "bad_pattern", "/dataset"),
    "C68-0": ({"test_size": 0}, "out_of_range", "/test_size"),
    "C68-1": ({"test_size": 1}, "out_of_range", "/test_size"),
    "C68-negative": ({"test_size": -1}, "out_of_range", "/test_size"),
    "C68-1.5": ({"test_size": 1.5}, "out_of_range", "/test_size"),
    "C68-calibration": ({"calibration_size": 1}, "out_of_range", "/calibration_size"),
    "C69-negative": ({"random_state": -1}, "out_of_range", "/random_state"),
    "C69-large": ({"random_state": 2**32}, "out_of_range", "/random_state"),
    "C69-huge": ({"random_state": 10**29}, "out_of_range", "/random_state"),
    "C69-text": ({"random_state": "a"}, "wrong_type", "/random_state"),
    "C69-fraction": ({"random_state": 1.5}, "wrong_type", "/random_state"),
    "C70": ({"colour": "red"}, "unknown_field", "/colour"),
    "C70-misspelt": ({"test_sise": 0.2}, "unknown_field", "/test_sise"),
    "C71-status": ({"status": "trained"}, "unknown_field", "/status"),
    "C71-train_path": ({"train_path": "x"}, "unknown_field", "/train_path"),
    "C71-model_path": ({"model_path": "x"}, "unknown_field", "/model_path"),
    "C71-result": ({"result": "x"}, "unknown_field", "/result"),
    "U8": ({"id": "../../x"}, "bad_pattern", "/id"),
    "id-empty": ({"id": ""}, "bad_pattern", "/id"),
    "id-capitals": ({"id": "Glass"}, "bad_pattern", "/id"),
    "id-dot": ({"id": ".x"}, "bad_pattern", "/id"),
    "id-long": ({"id": "a" * 65}, "bad_pattern", "/id"),
    "type": ({"type": "cluster"}, "unknown_choice", "/type"),
    "target-empty": ({"target": ""}, "bad_length", "/target"),
    "description-long": ({"description": "x" * 10_001}, "bad_length", "/description"),
}

# The same, for what only JSON can say.
WRONG_JSON: dict[str, tuple[dict[str, Any], str, str]] = {
    "C68-text": ({"test_size": "0.2"}, "wrong_type", "/test_size"),
    "C68-true": ({"test_size": True}, "wrong_type", "/test_size"),
    "C68-null": ({"test_size": None}, "null", "/test_size"),
    "C69-true": ({"random_state": True}, "wrong_type", "/random_state"),
    "stratify": ({"stratify": 1}, "wrong_type", "/stratify"),
    "stratify-regression": (
        {"type": "regression", "stratify": True},
        "not_for_regression",
        "/stratify",
    ),
    "features-empty": ({"features": []}, "bad_length", "/features"),
    "features-text": ({"features": "a"}, "wrong_type", "/features"),
    "exclude-number": ({"exclude": [1]}, "wrong_type", "/exclude/0"),
    "id-null": ({"id": None}, "null", "/id"),
    "id-number": ({"id": 7}, "wrong_type", "/id"),
    "no-dataset": ({"dataset": "nowhere"}, "dataset_not_found", "/dataset"),
}
