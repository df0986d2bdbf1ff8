"""What a report is made of: plain values, so that whatever ran the network can fill them in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from ranvier.energy import Estimate, NeuroBench

SATURATED = 0.9  # a neuron that fires in more than this fraction of steps carries hardly any information


@dataclass(frozen=True, eq=False)
class LayerFacts:
    """One layer over the test set.

    rates: [N], fraction of steps each neuron spiked; empty for a layer that does not spike. synops: synaptic operations
    a sample that entered this layer: additions, one for each spike and outgoing weight, or multiply-accumulates in
    every step if the input is `analog`. macs: multiply-accumulates a sample of the same layer without spikes (see
    `ReportData.dense`). updates: neuron updates a sample. parameters: trainable numbers. analog: whether the input of
    this layer is real numbers rather than spikes.
    """

    name: str
    neurons: int
    rates: np.ndarray
    synops: float
    macs: float
    updates: float
    parameters: int
    analog: bool = False

    @property
    def finite(self) -> np.ndarray:
        """The rates that are numbers, flat; empty if the layer does not spike."""
        rates = np.asarray(self.rates, dtype=float).ravel()
        return rates[np.isfinite(rates)]

    @property
    def rate(self) -> float:
        """Mean rate over neurons, NaN if the layer does not spike."""
        return float(self.finite.mean()) if self.finite.size else float("nan")

    @property
    def dead(self) -> int:
        """Neurons without a single spike in the test set."""
        return int(np.sum(self.finite == 0))

    @property
    def saturated(self) -> int:
        """Neurons that spiked in more than `SATURATED` of all steps."""
        return int(np.sum(self.finite > SATURATED))


@dataclass(frozen=True, eq=False)
class SampleTrace:
    """One test sample on its way through the network; T steps of `dt` seconds, C classes.

    picture: what the sample is, an image [H, W] or a spectrogram [frames, bands] that spans the T steps. encoded:
    [T, n] input to the network, spikes or currents. rasters: layer -> [T, n] spikes, in order. output: [T, C] what
    `output_kind` names, for example membrane potential. probability: [T, C] the decision if it were taken at that step.
    """

    name: str
    label: str
    predicted: str
    dt: float
    picture: np.ndarray | None
    picture_kind: Literal["spectrogram", "image"]
    encoded: np.ndarray
    rasters: Mapping[str, np.ndarray]
    output: np.ndarray
    output_kind: str
    probability: np.ndarray

    def winner(self, classes: Sequence[str] = ()) -> int:
        """Column of the decision: that of `predicted` if `classes` is given, else the most probable at the end."""
        if self.predicted in classes:
            return list(classes).index(self.predicted)
        return int(np.argmax(np.nan_to_num(self.probability[-1], nan=-np.inf)))

    def runner_up(self, classes: Sequence[str] = ()) -> int | None:
        """Column that is most probable at the end besides the winner; None if there is a single class."""
        order = np.argsort(-np.nan_to_num(self.probability[-1], nan=-np.inf), kind="stable")
        return next((int(n) for n in order if n != self.winner(classes)), None)

    def settled(self, classes: Sequence[str] = ()) -> int | None:
        """First step from which the winner leads to the end; None if it does not lead there."""
        leads = np.argmax(np.nan_to_num(self.probability, nan=-np.inf), axis=1) == self.winner(classes)  # [T]
        if not leads[-1]:
            return None
        behind = np.flatnonzero(~leads)
        return int(behind[-1]) + 1 if behind.size else 0


@dataclass(frozen=True, eq=False)
class ReportData:
    """A trained network and how it got there.

    accuracy, floor: fractions of the test set; floor is that of a linear model on the same features and split, None if
    not measured. confusion: [C, C] counts, true classes as rows. history: one row an epoch with epoch, loss, accuracy,
    test_accuracy, seconds and rates (layer -> fraction of steps), optionally test_loss; gaps may be missing or NaN.
    facts: label -> text for the strip at the top, in order. warnings: diagnoses worth a reader's attention. dense: how
    often the network without spikes would compute each layer, behind `LayerFacts.macs`. energy: of a test sample, estimated;
    neurobench: its metrics. None where they were not counted. without_history: what is said where history is empty.
    """

    title: str
    command: str
    classes: tuple[str, ...]
    accuracy: float
    floor: float | None
    confusion: np.ndarray
    history: Sequence[Mapping[str, Any]]
    layers: Sequence[LayerFacts]
    sample: SampleTrace
    facts: Mapping[str, str]
    configuration: Mapping[str, Any]
    warnings: Sequence[str] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    dense: str = "one dense pass in every time step"
    energy: Estimate | None = None
    neurobench: NeuroBench | None = None
    without_history: str = "No training history was recorded."

    def __post_init__(self) -> None:
        size = len(self.classes)
        kind = np.asarray(self.confusion).dtype
        if np.shape(self.confusion) != (size, size) or not np.issubdtype(kind, np.integer):
            raise ValueError(
                f"report: confusion must hold integer counts, one row and one column for each of {size} classes, got "
                f"shape {np.shape(self.confusion)} of {kind}. Pass integers of shape ({size}, {size}), true classes "
                "as rows."
            )
        for name in ("output", "probability"):
            shape = np.shape(getattr(self.sample, name))
            if len(shape) != 2 or shape[0] == 0 or shape[1] != size:
                raise ValueError(
                    f"report: sample.{name} must have shape [T, C] with T >= 1 and C = {size} classes, got {shape}. "
                    "Pass one row a step and one column a class."
                )
