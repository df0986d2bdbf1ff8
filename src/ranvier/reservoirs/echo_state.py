"""Echo state network."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ranvier.reservoirs.intrinsic_plasticity import adapted
from ranvier.reservoirs.layer import EchoLayer
from ranvier.reservoirs.leaky import LeakyReservoir
from ranvier.reservoirs.scan import Weights, scan
from ranvier.reservoirs.states import begun
from ranvier.reservoirs.units import draw, seeds


@dataclass(kw_only=True, eq=False, repr=False)
class EchoState(LeakyReservoir):
    """Echo state network: leaky tanh units with fixed random links; only the readout learns.

        x[t] = (1 - leak) x[t-1] + leak tanh(W x[t-1] + Win u[t] + Wfb y[t-1] + b),   output y[t] from x[t]

    Labels or series out in one call, from sequences of any length; see `Reservoir` for X and y and the arguments that all reservoirs share.

    Args:
        units: N. spectral_radius: largest absolute eigenvalue that W is scaled to, of W itself whatever the leak; None leaves W as drawn.
            Below 1 states nearly always forget their start; above, they may, and `fit` tries it and warns where they do not.
        leak: in (0, 1], or one a unit [N]; 1 is no leak.
        input_scaling: Win ~ U(-1, 1) times this; a number, or one a feature. bias_scaling: likewise for b.
        topology: `Sparse(10)` (None), `Orthogonal()`, `Cycle()`, `Given(matrix)`.
        activation: "tanh", or "identity" for a linear reservoir.
        noise: standard deviation of normal noise inside the tanh while fitting; none afterwards. It keeps weights small and free runs stable,
            and limits their precision.
        plasticity: `IntrinsicPlasticity(...)`, learned from the training input before the readout is fitted.
        feedback: whether the output of the step before enters. While fitting it is the target (teacher forcing), unless the readout is
            `FORCE`; afterwards the output itself. feedback_scaling: of Wfb.

    Attributes after a fit:
        weights_: the fixed weights, a `Weights`. readout_: the fitted readout.

    Raises:
        ValueError: arguments out of range; see `Reservoir.fit`.

    Sources: Jaeger (2001), GMD report 148; leak: Jaeger et al., Neural Networks 20 (2007), equation 3, with step 1.

    Example:
        >>> from ranvier.reservoirs import EchoState, tasks
        >>> u, y = tasks.narma(10, 3000, seed=0)
        >>> u = u[:, None]  # [T, features]
        >>> model = EchoState(200, input_scaling=0.5, bias_scaling=0.3, washout=200).fit(u[:2000], y[:2000])
        >>> model.score(u[2000:], y[2000:]) > 0.8
        True
    """

    units: int = field(default=100, kw_only=False)
    feedback: bool = False
    feedback_scaling: float = 1.0

    @property
    def _columns(self) -> int:
        return self.units

    def layer(self) -> EchoLayer:
        """The fitted reservoir as a layer of a trained network; see `EchoLayer`."""
        return EchoLayer(self.weights_)

    def _draw(self, inputs: int) -> None:
        weights, self._noise_seed = seeds(self.random_state, 2)
        scaling = np.full(inputs, float(self.feedback_scaling))
        scaling[: self.features_] = self._input_scalings()
        self.weights_: Weights = draw(
            "EchoState", weights, self.units, scaling, radius=self.spectral_radius, leak=self.leak,
            bias_scaling=self.bias_scaling, topology=self.topology, activation=self.activation,
        )  # fmt: skip

    def _adapt(self, rows: np.ndarray, start: np.ndarray) -> None:
        if self.plasticity is not None:
            self.weights_ = adapted(self.weights_, self.plasticity, rows, start)
        self._try_to_forget(rows, start, np.vstack([np.zeros(self.units), np.ones(self.units)]))

    def _scan(self, rows: np.ndarray, start: np.ndarray, state: Any, noise: Any = None) -> tuple[np.ndarray, Any]:
        before = begun(self._name, state, (len(start) - 1, self.units))
        added = self._added(noise, len(rows), self.units)
        return scan(self.weights_, np.ascontiguousarray(rows), start, before, added)
