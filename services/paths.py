"""Where files lie. The one file that builds paths, and never from what a client sent."""

from __future__ import annotations

import glob
import hashlib
from dataclasses import dataclass
from pathlib import Path

SAMPLES = Path(__file__).parents[1] / "data"
FOLDERS = ("uploads", "datasets", "experiments", "active", "work", "workers", "copies")


@dataclass(frozen=True)
class Home:
    """The folder of all that the service keeps.

    Rows hold paths relative to it. `uid` is an experiment's own hexadecimal name, `job` a job's.
    """

    root: Path

    def make(self) -> None:
        """Make the folders that are not there."""
        for name in FOLDERS:
            (self.root / name).mkdir(parents=True, exist_ok=True)

    def absolute(self, relative: str) -> Path:
        """The place of a path that a row holds."""
        return self.root / relative

    def relative(self, path: Path) -> str:
        """The path as a row holds it."""
        return path.relative_to(self.root).as_posix()

    def found(self, pattern: str) -> list[Path]:
        """What is there by a pattern relative to the root, however much others remove meanwhile.

        Path.glob would fail where a folder goes between the look at it and the one into it.
        """
        names = glob.glob(pattern, root_dir=self.root, include_hidden=True)  # noqa: PTH207
        return [self.root / name for name in sorted(names)]

    def upload(self, job: str) -> Path:
        """A body that came with a request, until its job has read it."""
        return self.root / "uploads" / f"{job}.csv"

    def scored(self, job: str) -> Path:
        """An answer in CSV, until it has been sent."""
        return self.root / "uploads" / f"{job}.scored.csv"

    def dataset(self, job: str) -> Path:
        """A dataset's file, named by the job that read it."""
        return self.root / "datasets" / f"{job}.csv"

    def experiment(self, uid: str) -> Path:
        """All files of one experiment."""
        return self.root / "experiments" / uid

    def split(self, uid: str, job: str) -> Path:
        """The folder of a split, named by the job that made it."""
        return self.experiment(uid) / "splits" / job

    def version(self, uid: str, job: str) -> Path:
        """The folder of a version, named by the job that trained it."""
        return self.experiment(uid) / "versions" / job

    def inspection(self, uid: str, job: str) -> Path:
        """Pictures of a version and what else was found out about it, to be made anew if lost."""
        return self.version(uid, job) / "inspection"

    def work(self, job: str) -> Path:
        """Scratch space of one job; gone when the job is over."""
        return self.root / "work" / job

    def copies(self, executor: str) -> Path:
        """The folder of a worker's copies of datasets; gone when the worker is."""
        return self.root / "copies" / executor

    def copies_of(self, job: str) -> list[Path]:
        """All workers' copies of the dataset whose file is named by a job, unfinished ones too."""
        return self.found(f"copies/*/*{job}.arrow")

    def active(self, experiment_id: str) -> Path:
        """The small file that says which version of an experiment serves."""
        return self.root / "active" / f"{hashlib.sha256(experiment_id.encode()).hexdigest()}.json"

    def lock(self, executor: str) -> Path:
        """The file that a living worker holds locked."""
        return self.root / "workers" / f"{executor}.lock"
