"""The result of a conversion: the spiking network, what it assumed, and how well it does after any number of steps."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ranvier.checks import class_labels, floating_range, steps_at_least
from ranvier.conversion.emit import Population
from ranvier.conversion.input import Input
from ranvier.conversion.normalise import Normalisation
from ranvier.conversion.source import Chain, outputs, through
from ranvier.decoders.ties import best_class
from ranvier.equations.options import Reset
from ranvier.layers import Sequential
from ranvier.layers.scale import along_channels

STRETCH = 8  # steps that run at a time, so that memory does not grow with T
BATCH = 100  # samples that run at a time


@dataclass(frozen=True)
class Choices:
    """What `convert` was asked for; see there."""

    normalise: Normalisation
    reset: Reset
    start: float
    input: Input


@dataclass(frozen=True, eq=False)
class AccuracyOverSteps:
    """How well a converted network does if it decides after 1, 2, ... T steps.

    accuracy, agreement: [T], share of right decisions, and of decisions that are the source's. source: accuracy of the network that was
    converted, on the same samples. rates: mean share of steps with a spike over all T steps, of each population by name.
    """

    accuracy: np.ndarray
    agreement: np.ndarray
    source: float
    samples: int
    rates: dict[str, float]

    def loss(self, steps: int | None = None) -> float:
        """Accuracy of the source minus that after so many steps; the last if None."""
        return self.source - float(self.accuracy[-1 if steps is None else steps - 1])

    def steps_within(self, loss: float) -> int | None:
        """The fewest steps from which on the accuracy stays within `loss` of the source's; None if it does not at the end."""
        far = np.flatnonzero(self.accuracy < self.source - loss - 1e-12)
        first = 1 if not len(far) else int(far[-1]) + 2
        return first if first <= len(self.accuracy) else None


@dataclass(frozen=True, eq=False)
class Conversion:
    """A converted network. Print it to see what it assumed.

    network: the spiking `Sequential`, [T, B, *N] -> spikes or membranes of the output [T, B, C]. source: the network that was converted, as a
    chain of simple steps, batch norms folded; original: as it was. populations: name, place and scale of each. assumptions: sentences.
    output_scale: the value that an output rate of 1, or a rise of the output membrane by 1 a step, stands for; input_scale: that an input
    of 1 stands for. choices: what was asked for. sample_shape: [*N] of the input.
    """

    network: Sequential
    source: Chain
    original: Chain
    populations: tuple[Population, ...]
    assumptions: tuple[str, ...]
    output_scale: Tensor
    input_scale: Tensor
    choices: Choices
    sample_shape: tuple[int, ...]

    def __str__(self) -> str:
        rows = [("population", "place", "scale", "threshold")]
        for p in self.populations:
            low, high = float(p.scale.min()), float(p.scale.max())
            scale = f"{high:.4g}" if low == high else f"{low:.3g} to {high:.3g}"
            rows.append((p.name, p.number, scale, f"{p.neuron.v_threshold:.4g}"))
        widths = [max(len(row[c]) for row in rows) for c in range(4)]
        table = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows]
        return "\n".join(["assumed:", *(f"- {text}" for text in self.assumptions), "", *table])

    def encode(self, x: Tensor, steps: int) -> Tensor:
        """Samples [B, *N] as the input of `network`, [T, B, *N]."""
        self._check(x, steps)
        return self.choices.input.encode(x, steps, self.input_scale)

    @torch.no_grad()
    def scores(self, x: Tensor, steps: int) -> Tensor:
        """What the spiking network says the source's output is, after each step: [T, B, C] for samples x [B, *N]."""
        self._check(x, steps)
        said, _ = self._run(x, steps)
        return said

    def predict(self, x: Tensor, steps: int) -> Tensor:
        """Classes [B] after `steps` steps; -1 for a sample in which no output neuron fired."""
        return self._decisions(self.scores(x, steps)[-1:])[0]

    @torch.no_grad()
    def accuracy(self, x: Tensor, y: Tensor, steps: int, *, batch: int = BATCH) -> AccuracyOverSteps:
        """Accuracy after each of 1 ... `steps` steps on samples x [n, *N] with classes y [n], and that of the source."""
        self._check(x, steps)
        told = outputs(self.source, x, batch)
        class_labels("accuracy", y, "x", len(x), told.shape[1], "[B, C]")
        theirs = told.argmax(1)
        right, same, rates = np.zeros(steps), np.zeros(steps), {p.name: 0.0 for p in self.populations}
        for part, label, own in zip(x.split(batch), y.split(batch), theirs.split(batch), strict=True):
            said, found = self._run(part, steps)
            decided = self._decisions(said)
            right += (decided == label).sum(1).numpy()
            same += (decided == own).sum(1).numpy()
            for name, rate in found.items():
                rates[name] += rate * len(part) / len(x)
        accuracy = float((theirs == y).double().mean())
        return AccuracyOverSteps(right / len(x), same / len(x), accuracy, len(x), rates)

    @torch.no_grad()
    def errors(self, x: Tensor, steps: int) -> dict[str, float]:
        """Mean of |scale * rate - activation| in units of the scale, for each population, on samples x [B, *N] after `steps` steps.

        It grows from layer to layer; where it jumps is where a conversion goes wrong. About 1/(4 T) is the rounding of rates alone.
        """
        self._check(x, steps)
        activations: dict[str, Tensor] = {}
        through(self.source, x, lambda step, y: activations.update({step.name: y}))
        state, spikes = None, {p.name: torch.zeros(()) for p in self.populations}
        for piece in self.encode(x, steps).split(STRETCH):
            done = self.network.run(piece, state, record=("output",))
            state = done.state
            for p in self.populations:
                spikes[p.name] = spikes[p.name] + done.records[f"{p.number}.output"].sum(0)
        found = {}
        for p in self.populations:
            scale = along_channels(p.scale, activations[p.name].dim() - 1)
            found[p.name] = float((spikes[p.name] / steps - activations[p.name] / scale).abs().mean())
        return found

    def _run(self, x: Tensor, steps: int) -> tuple[Tensor, dict[str, float]]:
        """Scores [T, B, C] and mean rates by population, stretch by stretch."""
        state, parts = None, []
        rates = {p.name: 0.0 for p in self.populations}
        for piece in self.encode(x, steps).split(STRETCH):
            done = self.network.run(piece, state, record=("rate",))
            state = done.state
            parts.append(done.output)
            for p in self.populations:
                rate = float(done.records[f"{p.number}.rate"])
                rates[p.name] += rate * len(piece) / steps
        output = torch.cat(parts)
        total = output.cumsum(0) if self._fires else output  # a membrane is a sum already
        steps_so_far = torch.arange(1, steps + 1, dtype=output.dtype).view(-1, *(1,) * (output.dim() - 1))
        return total * self.output_scale / steps_so_far, rates

    @property
    def _fires(self) -> bool:
        return self.populations[-1].neuron is self.network[len(self.network) - 1]

    def _decisions(self, scores: Tensor) -> Tensor:
        """Classes [T, B] from scores [T, B, C]."""
        flat = scores.flatten(0, 1)
        silent = (flat.amax(1) <= 0) if self._fires else torch.zeros(len(flat), dtype=torch.bool)
        return best_class("conversion", flat, silent).view(scores.shape[:2])

    def _check(self, x: Tensor, steps: int) -> None:
        floating_range("conversion", "x", x)
        steps_at_least("conversion", steps)
        if tuple(x.shape[1:]) != self.sample_shape:
            raise ValueError(
                f"conversion: x must be samples [B, {', '.join(map(str, self.sample_shape))}], got shape {tuple(x.shape)}. "
                "Give them without a time axis, as the source takes them."
            )
