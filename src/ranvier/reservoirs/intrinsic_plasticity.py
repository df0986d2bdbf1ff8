"""Intrinsic plasticity: units learn, from their input alone, how steep and how far shifted their tanh is."""

from dataclasses import dataclass

import numpy as np

from ranvier.kernels.cpu.compile import kernel
from ranvier.reservoirs.scan import Weights


@dataclass(frozen=True)
class IntrinsicPlasticity:
    """Units learn a gain and a shift, from the input alone, that bring their outputs near a normal distribution.

    Wanted are the mean `mean` and the standard deviation `deviation`. rate: of learning; epochs: how often the training input is run through.
    Afterwards gains have become part of the weights; spectral radius and scalings are no longer those that were asked for.

    Source: Schrauwen, Wardermann, Verstraeten, Steil and Stroobandt, Neurocomputing 71 (2008), equations 11 and 12.
    """

    mean: float = 0.0
    deviation: float = 0.2
    rate: float = 1e-3
    epochs: int = 1

    def __post_init__(self) -> None:
        for name in ("deviation", "rate", "epochs"):
            if not getattr(self, name) > 0:
                raise ValueError(f"IntrinsicPlasticity: {name} must be above 0, got {getattr(self, name)}.")


def adapted(weights: Weights, rule: IntrinsicPlasticity, rows: np.ndarray, start: np.ndarray) -> Weights:
    """The units after intrinsic plasticity on sequences (see `Ragged`): gains and shifts folded into weights and bias."""
    gain, shift = np.ones(weights.units), np.zeros(weights.units)
    w = weights
    for _ in range(rule.epochs):
        adapt(
            rows, start, w.win, w.bias, w.weight, w.source, w.leak, gain, shift, float(rule.mean),
            float(rule.deviation), float(rule.rate),
        )  # fmt: skip
    if not (np.isfinite(gain).all() and np.isfinite(shift).all()):
        raise ValueError(
            f"IntrinsicPlasticity: gains diverge at rate {rule.rate}. Lower the rate, for example IntrinsicPlasticity(rate=1e-4)."
        )
    return Weights(
        win=w.win * gain[:, None],
        bias=w.bias * gain + shift,
        weight=w.weight * gain[:, None],
        source=w.source,
        leak=w.leak,
        linear=w.linear,
    )


@kernel
def adapt(rows, start, win, bias, weight, source, leak, gain, shift, mean, deviation, rate):
    """Intrinsic plasticity: runs the sequences one by one and changes gain [N] and shift [N] after every step.

    y = tanh(gain net + shift); with s2 = deviation^2, p = -mean/s2 + y/s2 (2 s2 + 1 - y^2 + mean y):
    shift <- shift - rate p, gain <- gain + rate/gain - rate p net.
    """
    units, inputs = win.shape
    links = weight.shape[1]
    x, net = np.zeros(units), np.empty(units)
    variance = deviation * deviation
    for b in range(len(start) - 1):
        x[:] = 0.0
        for t in range(start[b], start[b + 1]):
            for i in range(units):
                total = bias[i]
                for f in range(inputs):
                    total += win[i, f] * rows[t, f]
                for k in range(links):
                    total += weight[i, k] * x[source[i, k]]
                net[i] = total
            for i in range(units):
                y = np.tanh(gain[i] * net[i] + shift[i])
                push = -mean / variance + y / variance * (2.0 * variance + 1.0 - y * y + mean * y)
                shift[i] -= rate * push
                gain[i] += rate / gain[i] - rate * push * net[i]
                x[i] = (1.0 - leak[i]) * x[i] + leak[i] * y
