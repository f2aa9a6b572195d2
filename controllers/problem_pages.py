"""What a problem's `type` leads to: its title and status."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from controllers.problems import STATUSES, code_of, title
from models.errors import (
    Busy,
    Conflict,
    Failed,
    Forbidden,
    GroveError,
    Invalid,
    Malformed,
    NotFound,
    TooLarge,
    Unsupported,
)

blueprint = Blueprint("problems", __name__, url_prefix="/problems")

HTTP_STATUSES = (405, 408, 414, 417, 431, 500, 501)
# Every code beside those of the families themselves; a test reads them out of the source.
CODES: dict[type[GroveError], str] = {
    Malformed: """
        broken_form duplicate_key incomplete_body invalid_json not_utf8 too_deep
        two_authorizations unknown_host
    """,
    Forbidden: "foreign_origin scope_too_small",
    NotFound: """
        dataset_not_found experiment_not_found feature_not_found job_not_found key_not_found
        part_not_found plot_not_found split_not_found thresholds_not_found version_not_found
    """,
    Conflict: """
        already_trained changed_meanwhile dataset_changed dataset_deleted dataset_exists
        dataset_file_missing dataset_in_use engines_differ experiment_exists job_cancelled
        job_finished key_exists model_in_parts model_integrity_failed model_missing
        model_version_mismatch no_baseline not_better not_calibrated not_split not_trained
        request_in_flight split_changed split_missing split_running train_running version_active
    """,
    TooLarge: "model_too_large too_many_rows",
    Invalid: """
        ambiguous_column bad_column_name bad_date bad_delimiter bad_idempotency_key bad_length
        bad_name bad_pattern bad_prefer bad_text cell_too_long class_too_small csv_empty
        csv_malformed duplicate duplicate_column encoding_not_utf8 encoding_wrong expected_object
        fixed_by_version header_suspect id_fixed idempotency_key_reused is_target line_too_long
        missing_column missing_label more_faults needs_bootstrap needs_oob_score no_features
        no_rows non_finite not_csv not_for_csv not_for_regression not_with_search nul_byte null
        number_out_of_range one_file_expected out_of_range ragged_row read_only_field
        read_only_parameter repeated_parameter required split_value target_constant
        target_continuous target_missing_values target_negative target_not_found
        target_not_numeric target_not_positive target_one_class too_few_rows too_many_candidates
        too_many_classes too_many_columns too_many_keys unclosed_quote unknown_choice
        unknown_column unknown_encoding unknown_field unknown_label unknown_parameter
        unseen_category wrong_task wrong_type
    """,
    Unsupported: "compressed_upload",
    Busy: "not_ready queue_full records_full",
    Failed: """
        child_died cluster_failed engine_missing export_mismatch out_of_memory storage_failed
        timeout work_lost worker_lost
    """,
}
KNOWN: dict[str, int] = {
    **{family.default_code: status for family, status in STATUSES.items()},
    **{code_of(status): status for status in HTTP_STATUSES},
    **{code: STATUSES[family] for family, codes in CODES.items() for code in codes.split()},
}


@blueprint.get("")
def list_problems() -> dict[str, Any]:
    """Every known code."""
    return {"problems": [_described(code) for code in sorted(KNOWN)]}


@blueprint.get("/<code>")
def show_problem(code: str) -> dict[str, Any]:
    """One code."""
    if code not in KNOWN:
        raise NotFound("there is no problem of this code")
    return _described(code)


def _described(code: str) -> dict[str, Any]:
    return {
        "type": f"/problems/{code}",
        "code": code,
        "title": title(code),
        "status": KNOWN[code],
    }
