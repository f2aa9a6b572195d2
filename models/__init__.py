"""Rows, their states and rules, and the database they live in."""

from models.database import Base, db, writing
from models.dataset import Dataset, Seed
from models.experiment import Experiment, Status, Task, Version
from models.job import Job, Kind, State, Worker
from models.key import Key, Scope, Secret
from models.served import Inputs, Prediction

__all__ = [
    "Base",
    "Dataset",
    "Experiment",
    "Inputs",
    "Job",
    "Key",
    "Kind",
    "Prediction",
    "Scope",
    "Secret",
    "Seed",
    "State",
    "Status",
    "Task",
    "Version",
    "Worker",
    "db",
    "writing",
]
