"""Whether rows agree among themselves: what no constraint of the database sees to."""

from __future__ import annotations

from collections.abc import Iterator

from models import Experiment, Status, Version
from services.paths import Home
from services.splits.assign import PARTS
from services.stock import Stock, is_below, parts_of
from services.versions import FILE_OF

Fault = tuple[str, str]


def faults(stock: Stock, home: Home) -> Iterator[Fault]:
    """Each row that does not agree with another or with itself, and in what."""
    for dataset in stock.datasets:
        if not is_below(dataset.file):
            yield f"dataset {dataset.name!r}", "names a file outside of the home"
    known = {(version.experiment_uid, version.number): version for version in stock.versions}
    splitting = stock.splitting()
    for experiment in stock.experiments:
        version = known.get((experiment.uid, experiment.active_version or 0))
        found = (
            *_of_split(home, experiment, experiment.uid in splitting),
            *_of_active(experiment, version),
        )
        yield from ((f"experiment {experiment.id!r}", what) for what in found)
    next_of = {experiment.uid: experiment.next_version for experiment in stock.experiments}
    for version in stock.versions:
        most = next_of.get(version.experiment_uid, 0) - 1
        yield from ((stock.name_of(version), what) for what in _of_version(home, version, most))


def _of_split(home: Home, experiment: Experiment, has_job: bool) -> Iterator[str]:
    parts = parts_of(experiment)
    places = {home.absolute(path) for path in parts.values()}
    folders = {place.parent for place in places}
    if experiment.status == Status.SPLITTING and not has_job:
        yield "is being split, and no job is there that does it"
    if experiment.status != Status.SPLITTING and not parts.keys() >= set(PARTS[:2]):
        yield f"is {experiment.status}, and has no train_path or no test_path"
    if set(experiment.checksums) != parts.keys():
        yield "has not one checksum for each part of its split"
    if len(folders) > 1 or any(
        home.split(experiment.uid, home.absolute(path).parent.name) / f"{part}.parquet"
        != home.absolute(path)
        for part, path in parts.items()
    ):
        yield "names parts that are not of one split of its own"


def _of_active(experiment: Experiment, version: Version | None) -> Iterator[str]:
    if experiment.active_version is not None and version is None:
        yield f"has no version {experiment.active_version}, which is its active one"
    elif experiment.model_path != (version.model_path if version else None):
        yield "has another model_path than its active version"


def _of_version(home: Home, version: Version, most: int) -> Iterator[str]:
    folder = home.version(version.experiment_uid, version.job)
    if home.absolute(version.model_path) != folder / FILE_OF["pickle"]:
        yield "names a model that is not in its own folder"
    if not version.checksums.keys() >= set(FILE_OF.values()):
        yield f"has no checksum of {' or '.join(FILE_OF.values())}"
    if version.number > most:
        yield f"is newer than its experiment's newest, {most}"
