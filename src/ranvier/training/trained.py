"""`Trained`: what a run folder holds, whatever was trained, with one face for the verbs that use it."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch

from ranvier.energy import NeuroBench, bits_of
from ranvier.layers import Sequential
from ranvier.plotting.report import ReportData
from ranvier.training import scoring, summary
from ranvier.training.inputs import Inputs
from ranvier.training.measure import BATCH, Measured, measure
from ranvier.training.outcome import Outcome
from ranvier.training.recipe import Recipe
from ranvier.training.reservoirs.fitted import Fitted
from ranvier.training.runs import RunFolder


class Trained(Protocol):
    """Something that decides on samples and can be measured on them."""

    @property
    def recipe(self) -> Recipe:
        """How its samples are taken."""
        ...

    @property
    def bits(self) -> int:
        """Of its weights, in the quantised comparison of energies."""
        ...

    def decide(self, inputs: Inputs, index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Class [n] (-1: none) and probability [n, C] of the samples `index`."""
        ...

    def measure(self, inputs: Inputs, index: np.ndarray) -> Measured:
        """Decisions, firing rates and work on the samples `index`."""
        ...

    def neurobench(self, inputs: Inputs, index: np.ndarray) -> NeuroBench | None:
        """NeuroBench's metrics on the first samples of `index`; None where they are not defined."""
        ...

    def report(self, outcome: Outcome) -> ReportData:
        """Everything the report shows."""
        ...


@dataclass(frozen=True, eq=False)
class TrainedNetwork:
    """A network that was trained by gradients."""

    net: Sequential
    recipe: Recipe

    @property
    def bits(self) -> int:
        return bits_of(self.net)

    @torch.no_grad()
    def decide(self, inputs: Inputs, index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        found = []
        for part in torch.from_numpy(index).split(BATCH):
            output = self.net(inputs.batch(part, None))
            found.append((scoring.decision(self.recipe, output), scoring.probability(self.recipe, output)))
        decisions, probabilities = (torch.cat(parts).numpy() for parts in zip(*found, strict=True))
        return decisions, probabilities

    def measure(self, inputs: Inputs, index: np.ndarray) -> Measured:
        return measure(self.net, inputs, index, self.recipe)

    def neurobench(self, inputs: Inputs, index: np.ndarray) -> NeuroBench | None:
        return summary.benchmarked(self.net, inputs, index)

    def report(self, outcome: Outcome) -> ReportData:
        return summary.report(outcome, self.net)


def open_trained(run: RunFolder) -> Trained:
    """What a run folder holds. Raises `RanvierError` where its file is missing or damaged."""
    return TrainedNetwork(run.network(), run.recipe) if run.holds_network else Fitted(run.reservoir(), run.recipe)
