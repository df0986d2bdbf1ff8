"""Deep echo state network."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ranvier.reservoirs.intrinsic_plasticity import adapted
from ranvier.reservoirs.layer import DeepEchoLayer
from ranvier.reservoirs.leaky import LeakyReservoir
from ranvier.reservoirs.scan import Weights, scan
from ranvier.reservoirs.states import begun
from ranvier.reservoirs.units import draw, seeds


@dataclass(kw_only=True, eq=False, repr=False)
class DeepEchoState(LeakyReservoir):
    """Echo state networks in a row: layer l gets the states of layer l - 1 at the same step; the readout sees all layers.

        x_l[t] = (1 - leak_l) x_l[t-1] + leak_l tanh(W_l x_l[t-1] + Win_l x_{l-1}[t] + b_l),   x_0 = u

    `leak`, `spectral_radius`, `between` and `bias_scaling` are one number for all layers, or one a layer; slower layers (a smaller leak)
    behind faster ones give the stack its several time scales. See `Reservoir` for X, y and the shared arguments.

    Args:
        units: of every layer, such as (100, 100, 100). spectral_radius, leak, bias_scaling, topology, activation, noise: as in `EchoState`.
        input_scaling: Win_1 ~ U(-1, 1) times this; a number, or one a feature.
        between: the further Win_l ~ U(-1, 1) times this / sqrt(units of the layer before); one number, or one for each layer but the first.
        plasticity: `IntrinsicPlasticity(...)`, layer after layer, each on the states of the adapted one before.

    Attributes after a fit:
        layers_: one `Weights` a layer. readout_: the fitted readout.

    Source: Gallicchio, Micheli and Pedrelli, Neurocomputing 268 (2017), equations 1 to 3.

    Example:
        >>> from ranvier.reservoirs import DeepEchoState, tasks
        >>> u, y = tasks.narma(10, 3000, seed=0)
        >>> u = u[:, None]  # [T, features]
        >>> model = DeepEchoState((50, 50), input_scaling=0.5, bias_scaling=0.3, washout=200).fit(u[:2000], y[:2000])
        >>> model.states(u).shape
        (3000, 100)
    """

    units: Sequence[int] = field(default=(100, 100, 100), kw_only=False)
    between: Any = 1.0

    def layer(self) -> DeepEchoLayer:
        """The fitted layers as one of a trained network; see `DeepEchoLayer`."""
        return DeepEchoLayer(self.layers_)

    @property
    def _columns(self) -> int:
        return sum(self.units)

    def _check_arguments(self) -> None:
        super()._check_arguments()
        if not len(self.units):
            raise ValueError("DeepEchoState: units must name at least one layer, got none. Write units=(100, 100).")

    def _draw(self, inputs: int) -> None:
        depth = len(self.units)
        *each, self._noise_seed = seeds(self.random_state, depth + 1)
        radii, leaks, biases = (
            _per_layer(name, getattr(self, name), depth) for name in ("spectral_radius", "leak", "bias_scaling")
        )
        between = _per_layer("between", self.between, depth - 1) if depth > 1 else []
        self.layers_: list[Weights] = []
        for k, units in enumerate(self.units):
            if k == 0:
                scaling = self._input_scalings()
            else:
                before = self.units[k - 1]
                scaling = np.full(before, between[k - 1] / np.sqrt(before))
            self.layers_.append(
                draw(
                    "DeepEchoState",
                    each[k],
                    units,
                    scaling,
                    radius=radii[k],
                    leak=leaks[k],
                    bias_scaling=biases[k],
                    topology=self.topology,
                    activation=self.activation,
                )  # fmt: skip
            )

    def _adapt(self, rows: np.ndarray, start: np.ndarray) -> None:
        driven = rows
        if self.plasticity is not None:
            for k, weights in enumerate(self.layers_):
                self.layers_[k] = adapted(weights, self.plasticity, driven, start)
                driven, _ = scan(self.layers_[k], driven, start, np.zeros((len(start) - 1, weights.units)))
        self._try_to_forget(rows, start, [np.vstack([np.zeros(n), np.ones(n)]) for n in self.units])

    def _scan(self, rows: np.ndarray, start: np.ndarray, state: Any, noise: Any = None) -> tuple[np.ndarray, Any]:
        found, after = [np.ascontiguousarray(rows)], []
        for k, weights in enumerate(self.layers_):
            before = begun(self._name, None if state is None else state[k], (len(start) - 1, weights.units))
            states, last = scan(weights, found[-1], start, before, self._added(noise, len(rows), weights.units))
            found.append(states)
            after.append(last)
        return np.hstack(found[1:]), after


def _per_layer(name: str, value: Any, depth: int) -> list[Any]:
    """One value a layer."""
    if value is None or np.ndim(value) == 0:
        return [value] * depth
    if len(value) != depth:
        raise ValueError(
            f"DeepEchoState: {name} has {len(value)} entries, expected one number or one for each of {depth} layers."
        )
    return list(value)
