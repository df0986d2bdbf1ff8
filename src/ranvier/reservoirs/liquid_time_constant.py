"""Liquid time-constant networks as estimators: a cell that is trained by backpropagation through time, then read as a reservoir is."""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from sklearn.base import is_classifier
from torch import Tensor, nn

from ranvier.layers.cell import TimedCell
from ranvier.layers.cfc import CfC
from ranvier.layers.ltc import LTC
from ranvier.reservoirs.ncp import NCP
from ranvier.reservoirs.pooling import Last, Pooling, pooled
from ranvier.reservoirs.reservoir import Reservoir
from ranvier.reservoirs.sequences import Ragged
from ranvier.reservoirs.units import seeds
from ranvier.reservoirs.wired import WiredCfC, WiredLTC

CELLS = {"LTC": (LTC, WiredLTC), "CfC": (CfC, WiredCfC)}
LONGEST = 1.0  # of a gradient, which is cut to that length


@dataclass(kw_only=True, eq=False, repr=False)
class LiquidTimeConstant(Reservoir):
    """A liquid time-constant network: unlike a reservoir's, all of its weights learn, by backpropagation through time.

    A cell (`rv.LTC`, or `rv.CfC`, which needs no integrator) runs through the sequences; a linear map of its output is trained with it by Adam
    on cross entropy (classes) or squared error. Then `readout` is fitted to the trained cell's states in place of that map, as that of any
    reservoir is, so that pooling, scores, probabilities and free runs are those of `Reservoir`. Arithmetic is float64.

    Args:
        units: neurons of the cell; with a wiring its own number counts.
        cell: "LTC" or "CfC".
        wiring: `NCP(...)`, or `NCP.auto(units, motor)`: sparse synapses from sensory to motor neurons; the states are then those of the motor neurons alone.
            Give as many motor neurons as there are classes or outputs. None: every unit listens to all inputs and units.
        epochs: times through the training sequences. batch: sequences a step of Adam. learning_rate: of Adam; 0.01 to 0.02 suit an LTC, less a CfC.
        window: where every step has a target, sequences are cut into pieces of so many steps, each from rest, to bound the time that gradients travel.
        dt: time of a step, in the cell's unit.
        pooling: one that takes tensors: `Last()`, `Mean()`, `All()`, `Equidistant(3)` without segments.
        standardise: on by default, since the draws of an LTC suit inputs of about 1.
        readout, washout, read_input, random_state: as in `Reservoir`.

    Attributes:
        losses_: mean loss of each epoch. synapses_: of the wiring, [sensory + units, units] (`NCP.draw`), or None.

    Raises:
        ValueError: arguments out of range, a pooling that cannot be differentiated; a loss that is not finite.

    Sources: Hasani, Lechner, Amini, Rus and Grosu (AAAI 2021), "Liquid time-constant networks"; Hasani et al. (2022), "Closed-form continuous-time neural
    networks", Nature Machine Intelligence 4.

    >>> import numpy as np
    >>> from ranvier.reservoirs import LiquidTimeConstant
    >>> t = np.arange(20) / 3
    >>> x = [np.sin(t + k) for k in range(8)] + [np.sign(np.sin(t + k)) for k in range(8)]
    >>> model = LiquidTimeConstant(6, cell="CfC", epochs=15).fit(x, ["sine"] * 8 + ["square"] * 8)
    >>> model.score(x, ["sine"] * 8 + ["square"] * 8) > 0.9
    True
    """

    units: int = field(default=32, kw_only=False)
    cell: str = "LTC"
    wiring: NCP | None = None
    epochs: int = 50
    batch: int = 16
    learning_rate: float = 0.01
    window: int = 64
    dt: float = 1.0
    standardise: bool = True

    @property
    def _columns(self) -> int:
        return self.units if self.wiring is None else self.wiring.motor

    def _check_arguments(self) -> None:
        super()._check_arguments()
        if self.cell not in CELLS:
            raise ValueError(f"LiquidTimeConstant: cell must be one of {', '.join(CELLS)}, got {self.cell!r}.")
        for name, least in (("units", 1), ("epochs", 0), ("batch", 1), ("window", 1)):
            if getattr(self, name) < least:
                raise ValueError(f"LiquidTimeConstant: {name} must be at least {least}, got {getattr(self, name)}.")
        if not self.learning_rate > 0:
            raise ValueError(f"LiquidTimeConstant: learning_rate must be above 0, got {self.learning_rate}.")

    def _draw(self, inputs: int) -> None:
        wiring, weights, order = seeds(self.random_state, 3)
        self._order = np.random.default_rng(order)
        self.synapses_ = None if self.wiring is None else self.wiring.draw(inputs, np.random.default_rng(wiring))
        generator = torch.Generator().manual_seed(int(weights.generate_state(1)[0]))
        self._built: Any = self._made(inputs, generator)
        self._keep()

    def _made(self, inputs: int, generator: torch.Generator | None = None) -> TimedCell:
        free, wired = CELLS[self.cell]
        options: Any = {"dt": self.dt, "generator": generator}
        made = free(inputs, self.units, **options) if self.synapses_ is None else wired(self.synapses_, **options)
        return made.double()

    def _keep(self) -> None:
        """The cell's parameters as arrays, which is what pickles and files hold."""
        self.weights_ = {name: value.detach().numpy().copy() for name, value in self._built.named_parameters()}

    @property
    def network(self) -> TimedCell:
        """The fitted cell, for a look at it."""
        return self._net()

    def _net(self) -> TimedCell:
        """The cell, built again where only its parameters are there."""
        if getattr(self, "_built", None) is None:
            self._built = self._made(self.features_)
            self._built.load_state_dict({name: torch.from_numpy(value) for name, value in self.weights_.items()})
        return self._built

    def _train(self, rows: np.ndarray, x: Ragged, targets: np.ndarray) -> None:
        pieces, wanted = self._examples(rows, x, targets)
        labelled = is_classifier(self.readout_)
        goals = _goals(wanted, self.classes_ if labelled else None)
        net = self._net()
        with torch.no_grad():
            width = self._read(net, pieces[:1])[0].shape[-1]  # what pooling makes of the states
        head = nn.Linear(width, len(self.classes_) if labelled else goals[0].shape[-1], dtype=torch.float64)
        start = self._order.uniform(-1, 1, tuple(head.weight.shape)) / math.sqrt(width)
        head.load_state_dict({"weight": torch.from_numpy(start), "bias": torch.zeros_like(head.bias)})
        loss = nn.CrossEntropyLoss() if labelled else nn.MSELoss()
        optimiser = torch.optim.Adam([*net.parameters(), *head.parameters()], self.learning_rate)
        self.losses_: list[float] = []
        for epoch in range(self.epochs):
            found = []
            order = self._order.permutation(len(pieces))
            for part in np.array_split(order, math.ceil(len(order) / self.batch)):
                output = head(torch.cat(self._read(net, [pieces[k] for k in part])))
                error = loss(output, torch.cat([goals[k] for k in part]))
                if not bool(error.isfinite()):
                    raise ValueError(
                        f"LiquidTimeConstant: the loss is {error.item()} in epoch {epoch + 1}. Lower learning_rate (now {self.learning_rate:g})."
                    )
                optimiser.zero_grad()
                error.backward()
                nn.utils.clip_grad_norm_(net.parameters(), LONGEST)
                optimiser.step()
                found.append(error.item())
            self.losses_.append(float(np.mean(found)))
        self._keep()

    def _examples(self, rows: np.ndarray, x: Ragged, targets: np.ndarray) -> tuple[list[Tensor], list[np.ndarray]]:
        """What a step of training takes: whole sequences with one target, or pieces with one a step."""
        parts = [torch.from_numpy(part.copy()) for part in x.parts(rows)]
        if self.pooling_ is not None:
            lengths = np.unique(x.lengths).tolist()
            silence: Any = [torch.zeros(n - self.washout, self._columns) for n in lengths]
            pooled(self.pooling_, silence)  # refuses rows of several sizes
            return parts, [targets[k : k + 1] for k in range(len(parts))]
        pieces, wanted = [], []
        for part, goal in zip(parts, x.parts(targets), strict=True):
            for k in range(self.washout, len(part), self.window):
                pieces.append(part[max(0, k - self.washout) : k + self.window])
                wanted.append(goal[k : k + self.window])
        return pieces, wanted

    def _read(self, net: TimedCell, parts: list[Tensor]) -> list[Tensor]:
        """What the readout would get of each sequence, differentiable: [1, M] pooled, or [T, M]."""
        output = net(nn.utils.rnn.pad_sequence(parts))[..., -self._columns :]
        found = []
        for b, part in enumerate(parts):
            states = output[self.washout : len(part), b]
            found.append(states if self.pooling_ is None else _pooled(self.pooling_, states))
        return found

    @torch.no_grad()
    def _scan(self, rows: np.ndarray, start: np.ndarray, state: Any, noise: Any = None) -> tuple[np.ndarray, Any]:
        """state: the cell's, a dict of [B, size]."""
        net = self._net()
        parts = [torch.from_numpy(part.copy()) for part in np.split(rows, start[1:-1])]
        done = net.run(nn.utils.rnn.pad_sequence(parts), state, record=net.state_names)
        lengths = torch.tensor([len(part) for part in parts])
        after = {name: values[lengths - 1, torch.arange(len(parts))] for name, values in done.records.items()}
        states = torch.cat([done.output[: len(part), b, -self._columns :] for b, part in enumerate(parts)])
        return states.numpy(), after


def _pooled(pooling: Pooling, states: Any) -> Tensor:
    try:
        row: Any = pooling(states)
    except (
        TypeError,
        RuntimeError,
    ):  # what NumPy says of tensors that have a gradient, and torch of what only NumPy can do
        row = None
    if not isinstance(row, Tensor):
        raise ValueError(
            f"LiquidTimeConstant: {type(pooling).__name__} cannot be differentiated. Use {Last()}, Mean(), All() or Equidistant(3)."
        )
    return row.reshape(1, -1)


def _goals(targets: list[np.ndarray], classes: Any) -> list[Tensor]:
    """Places of labels among the classes, or numbers of mean 0 and deviation 1, [n, K]."""
    if classes is not None:
        return [torch.from_numpy(np.searchsorted(classes, part)) for part in targets]
    both = np.concatenate(targets).astype(np.float64)
    mean, deviation = both.mean(0), both.std(0)
    scale = np.where(deviation > 0, deviation, 1.0)
    return [torch.from_numpy(((part - mean) / scale).reshape(len(part), -1)) for part in targets]
