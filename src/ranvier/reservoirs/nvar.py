"""Next-generation reservoir: nonlinear vector autoregression."""

from dataclasses import dataclass, field
from itertools import combinations_with_replacement
from math import comb
from typing import Any, ClassVar

import numpy as np

from ranvier.reservoirs.reservoir import Reservoir
from ranvier.reservoirs.sequences import Ragged
from ranvier.reservoirs.states import begun

MOST = 20_000  # columns beyond which a fit would not end


@dataclass(kw_only=True, eq=False, repr=False)
class NVAR(Reservoir):
    """Nonlinear vector autoregression, the next-generation reservoir: no random weights, no recurrence.

        the state of step t: u[t], u[t - stride], ..., u[t - (taps - 1) stride], and all their products of `order` factors

    It needs few steps to fit and no washout but its memory, the (taps - 1) stride steps in which values of the past are missing: these are
    left out of fits, pooling and scores, and count as 0 in states. For a free run, `difference=True` lets the readout learn y - u, so
    that the output is the input plus what has been learned; y must then be as wide as X.

    Args:
        taps: k, values of each feature that are looked at. stride: steps between them.
        orders: numbers of factors of the products; (2,) for quadratic, () for a linear autoregression.
        difference: see above. readout, pooling, washout, standardise, random_state: see `Reservoir`; nothing is random here.

    Source: Gauthier, Bollt, Griffith and Barbosa, Nature Communications 12 (2021), equations 5 to 8.

    Example:
        >>> from ranvier.reservoirs import NVAR, Ridge, tasks
        >>> u = tasks.lorenz(1200)
        >>> model = NVAR(taps=2, difference=True, readout=Ridge(0.1)).fit(u[:1000], u[1:1001])
        >>> bool(abs(model.generate(100, u[:1001]) - u[1001:1101]).max() < 1)    # of values up to 48
        True
    """

    taps: int = 2
    stride: int = 1
    orders: tuple[int, ...] = (2,)
    difference: bool = False

    read_input: bool = field(default=False, init=False)  # the first columns are the input

    _calmed: ClassVar[str] = "Bring X to a smaller scale, for example with standardise=True, or use smaller orders."

    @property
    def _columns(self) -> int:
        linear = self.taps * self.features_
        return linear + sum(comb(linear + order - 1, order) for order in self.orders)

    def _least_washout(self) -> int:
        return (self.taps - 1) * self.stride

    def _check_arguments(self) -> None:
        super()._check_arguments()
        for name in ("taps", "stride"):
            if getattr(self, name) < 1:
                raise ValueError(
                    f"NVAR: {name} must be at least 1, got {getattr(self, name)}. Use for example {name}=2."
                )
        if any(order < 2 for order in self.orders):
            raise ValueError(
                f"NVAR: orders must be 2 or more, got {self.orders}; the linear part is always there. Use orders=(2,)."
            )

    def _settle(self, X: Any, y: Any) -> tuple[Ragged, np.ndarray]:
        x, targets = super()._settle(X, y)
        if self.difference and (self.pooling_ is not None or int(np.prod(self.outputs_shape_)) != x.features):
            raise ValueError(
                f"NVAR: difference=True needs a target a step with {x.features} values, as many as there are features."
            )
        return x, targets

    def _draw(self, inputs: int) -> None:
        if self._columns > MOST:
            raise ValueError(
                f"NVAR: {self.taps} taps of {inputs} features and orders {self.orders} make {self._columns} columns, expected at most {MOST}. "
                "Use fewer taps or features, or orders=() for a linear autoregression."
            )
        linear = self.taps * inputs
        self._products = [np.array(list(combinations_with_replacement(range(linear), order))) for order in self.orders]

    def _scan(self, rows: np.ndarray, start: np.ndarray, state: Any, noise: Any = None) -> tuple[np.ndarray, Any]:
        """state: the last (taps - 1) stride rows of each sequence, [B, (taps - 1) stride, F]."""
        features, back = rows.shape[1], self._least_washout()
        before = begun(self._name, state, (len(start) - 1, back, features))
        out, after = np.empty((len(rows), self._columns)), np.empty_like(before)
        for b, (first, last) in enumerate(zip(start[:-1], start[1:], strict=True)):
            known = np.vstack([before[b], rows[first:last]])  # [back + T, F]
            after[b] = known[len(known) - back :]
            taps = [known[back - k * self.stride : len(known) - k * self.stride] for k in range(self.taps)]
            out[first:last, : self.taps * features] = np.hstack(taps)
        at = self.taps * features
        with np.errstate(over="ignore", invalid="ignore"):  # states that are not finite are refused
            for products in self._products:
                wide = products.shape[0]
                out[:, at : at + wide] = out[:, products[:, 0]]
                for factor in products.T[1:]:
                    out[:, at : at + wide] *= out[:, factor]
                at += wide
        return out, after

    def _wanted(self, design: np.ndarray, targets: np.ndarray) -> np.ndarray:
        return targets - self._unscaled(design).reshape(targets.shape) if self.difference else targets

    def _output(self, design: np.ndarray) -> np.ndarray:
        output = super()._output(design)
        if not self.difference:
            return output
        return output + self._unscaled(design).reshape(output.shape)

    def _unscaled(self, design: np.ndarray) -> np.ndarray:
        """The input of a row as it was given, [n, F]."""
        return design[:, : self.features_] * self.scale_ + self.mean_
