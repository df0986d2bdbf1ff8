"""Echo state network."""

import warnings
from typing import Any

import numpy as np

from ranvier.reservoirs.layer import EchoLayer
from ranvier.reservoirs.pooling import Pooling
from ranvier.reservoirs.reservoir import Reservoir
from ranvier.reservoirs.scan import Weights, scan
from ranvier.reservoirs.topologies import Topology
from ranvier.reservoirs.units import IntrinsicPlasticity, adapted, draw, seeds

TRIED = 1000  # steps after which the start must be forgotten


class EchoState(Reservoir):
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

    def __init__(
        self,
        units: int = 100,
        *,
        spectral_radius: float | None = 0.9,
        leak: Any = 1.0,
        input_scaling: Any = 1.0,
        bias_scaling: float = 0.0,
        topology: Topology | None = None,
        activation: str = "tanh",
        noise: float = 0.0,
        plasticity: IntrinsicPlasticity | None = None,
        feedback: bool = False,
        feedback_scaling: float = 1.0,
        readout: Any = None,
        pooling: Pooling | None = None,
        washout: int = 0,
        read_input: bool = False,
        standardise: bool = False,
        random_state: Any = 0,
    ) -> None:
        self.units = units
        self.spectral_radius = spectral_radius
        self.leak = leak
        self.input_scaling = input_scaling
        self.bias_scaling = bias_scaling
        self.topology = topology
        self.activation = activation
        self.noise = noise
        self.plasticity = plasticity
        self.feedback = feedback
        self.feedback_scaling = feedback_scaling
        self.readout = readout
        self.pooling = pooling
        self.washout = washout
        self.read_input = read_input
        self.standardise = standardise
        self.random_state = random_state

    @property
    def _columns(self) -> int:
        return self.units

    def layer(self) -> EchoLayer:
        """The fitted reservoir as a layer of a trained network; see `EchoLayer`."""
        return EchoLayer(self.weights_)

    def _check_arguments(self) -> None:
        super()._check_arguments()
        if not self.noise >= 0:
            raise ValueError(f"EchoState: noise must be at least 0, got {self.noise}. Use for example noise=1e-6.")
        if self.plasticity is not None and self.activation != "tanh":
            raise ValueError(
                "EchoState: intrinsic plasticity is defined for tanh units. Use activation='tanh' or plasticity=None."
            )

    def _draw(self, inputs: int) -> None:
        weights, self._noise_seed = seeds(self.random_state, 2)
        given = np.atleast_1d(np.asarray(self.input_scaling, np.float64))
        if len(given) not in (1, self.features_):
            raise ValueError(
                f"EchoState: input_scaling has {len(given)} entries, X {self.features_} features. Give a number, or one a feature."
            )
        scaling = np.full(inputs, float(self.feedback_scaling))
        scaling[: self.features_] = given
        self.weights_: Weights = draw(
            "EchoState", weights, self.units, scaling, radius=self.spectral_radius, leak=self.leak,
            bias_scaling=self.bias_scaling, topology=self.topology, activation=self.activation,
        )  # fmt: skip

    def _adapt(self, rows: np.ndarray, start: np.ndarray) -> None:
        if self.plasticity is not None:
            self.weights_ = adapted(self.weights_, self.plasticity, rows, start)
        if self.spectral_radius is None or self.spectral_radius >= 1:
            self._try_to_forget(rows, start)

    def _try_to_forget(self, rows: np.ndarray, start: np.ndarray) -> None:
        """Warns where two starts are still apart after the longest sequence."""
        b = int(np.argmax(np.diff(start)))
        part = rows[start[b] : start[b + 1]][:TRIED]
        both, _ = scan(
            self.weights_, np.vstack([part, part]), np.array([0, len(part), 2 * len(part)]),
            np.vstack([np.zeros(self.units), np.ones(self.units)]),
        )  # fmt: skip
        apart = float(np.abs(both[len(part) - 1] - both[-1]).max())
        if apart > 1e-3:
            warnings.warn(
                f"EchoState: after {len(part)} steps states still depend on where they started (largest difference {apart:.2g}), so the same input "
                f"can give other states. Lower spectral_radius (now {self.spectral_radius}) below 1, or raise input_scaling.",
                stacklevel=4,
            )

    def _noise(self) -> Any:
        return np.random.default_rng(self._noise_seed) if self.noise else None

    def _scan(self, rows: np.ndarray, start: np.ndarray, state: Any, noise: Any = None) -> tuple[np.ndarray, Any]:
        at_rest = np.zeros((len(start) - 1, self.units))
        added = None if noise is None else noise.normal(0.0, self.noise, (len(rows), self.units))
        return scan(self.weights_, np.ascontiguousarray(rows), start, at_rest if state is None else state, added)
