"""What is to be calibrated within a budget of time, and the fit to what was measured so far."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from stairline.calibration.fitting.fit import Fit, fit_measured
from stairline.calibration.fitting.measured import Measured, prepare
from stairline.calibration.judging.scores import drawn, held_out_folds
from stairline.calibration.records.families import is_network
from stairline.calibration.records.store import read_store
from stairline.hwmodels import Platform
from stairline.measure.campaign.session import Session
from stairline.measure.store.store import Record, Store
from stairline.measure.timing.record import Measurement
from stairline.simulator.pricing.arrays import Vector

FEWEST = 12
"""Measurements from which a fit is of use for choosing more."""


class Task(NamedTuple):
    """What to calibrate, on what, and how long."""

    base: Platform
    dtype: str
    session: Session
    store_file: Path
    minutes: float
    target: float
    """Mean absolute error on networks held out of the fit at which to stop, a fraction; 0 for never."""
    seed: int

    def own(self, store: Store) -> list[Record]:
        """The records of a store that were taken on the task's backend."""
        return [record for record in store.records() if record.backend == self.session.backend.name]


class InterimFit(NamedTuple):
    """A fit to what the store holds so far."""

    measured: Measured
    fit: Fit
    fold_errors: Vector
    """log(predicted / observed) of each observation by a fit that had not seen its network."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """The name of the operator, block or network of each observation."""
        return tuple(name.partition(" ")[0] for name in self.measured.names)

    @property
    def network_errors(self) -> Vector:
        """The errors on whole networks."""
        return self.fold_errors[[is_network(name) for name in self.measured.names]]


def interim_fit(task: Task, store: Store) -> InterimFit | None:
    """Fit the task's base to what its store holds; None while that is too little."""
    if sum(isinstance(record.outcome, Measurement) for record in task.own(store)) < FEWEST:
        return None
    records, graphs = read_store(task.store_file, task.session.backend.name)
    measured = prepare(task.base, records.observations(graphs))
    fitted = fit_measured(task.base, drawn(measured, np.arange(len(measured))))
    analytical, _ = held_out_folds(task.base, measured, correct=False)
    return InterimFit(measured, fitted, analytical)
