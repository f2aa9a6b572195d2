"""What each route needs: the one table of who may do what. A route that is not in it is refused."""

from __future__ import annotations

from types import MappingProxyType

from flask import Flask

from models import Scope

# No key is needed: whoever watches the service, and whoever is about to sign in.
OPEN = frozenset({"health.livez", "health.readyz", "login.show_login", "login.log_in", "static"})
_NEEDED = {
    # To predict, to see what there is to predict with, and to read how.
    Scope.PREDICT: """
        predictions.predict live.tell_outcomes experiments.list_experiments
        experiments.get_experiment
        versions.list_versions versions.get_version api-docs.openapi_json
        api-docs.openapi_swagger_ui problems.list_problems problems.show_problem login.log_out
        pages.home metrics.show_metrics
    """,
    # To change things, and to take data and models out.
    Scope.WRITE: """
        datasets.list_datasets datasets.get_dataset datasets.download_dataset datasets.put_dataset
        datasets.delete_dataset experiments.create_experiment experiments.patch_experiment
        experiments.put_experiment experiments.delete_experiment work.train_experiment
        work.test_experiment work.download_split versions.delete_version versions.download_model
        versions.verify_version
        jobs.list_jobs jobs.get_job jobs.cancel_job jobs.pause_job jobs.resume_job
        pages.list_datasets pages.show_dataset pages.show_experiment comparisons.compare_versions
        inspections.show_plot inspections.list_importances inspections.show_dependence
        inspections.list_slices inspections.list_thresholds cards.show_card
        live.show_drift live.list_outcomes
    """,
    # To say who may.
    Scope.ADMIN: "keys.list_keys keys.make_key keys.get_key keys.revoke_key pages.list_keys",
}
NEEDED = MappingProxyType(
    {endpoint: scope for scope, endpoints in _NEEDED.items() for endpoint in endpoints.split()}
)


def needed(endpoint: str | None) -> Scope:
    """The least scope that a route needs; an address without a route tells nobody more."""
    return Scope.PREDICT if endpoint is None else NEEDED[endpoint]


def require_decisions(app: Flask) -> None:
    """Raise LookupError where a route of `app` has no decision, or a decision no route."""
    routes = {rule.endpoint for rule in app.url_map.iter_rules()}
    odd = routes ^ (OPEN | set(NEEDED))
    if odd:
        raise LookupError(f"who may ask for {', '.join(sorted(odd))}? See controllers/scopes.py")
