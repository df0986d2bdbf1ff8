"""The f-I curve: firing rate against constant input."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ranvier.instruments.rheobase import rheobase
from ranvier.instruments.running import check_duration, constants, currents_of, input_dimension, spikes_of
from ranvier.neurons.neuron import Neuron
from ranvier.units import Dimension


@dataclass(frozen=True, eq=False)
class FICurve:
    """Firing against constant input, in SI units.

    currents: [K].  rates: firing rate after the settling time [Hz], [K].  initial_rates: one over the first interval [Hz], 0 without one,
    [K]; above `rates` where the neuron adapts.  latencies: time to the first spike [s], NaN without one, [K].  counts: spikes of the
    whole trial, [K].  rheobase: smallest current that makes it fire, between the last silent and the first firing current of the curve;
    NaN where the curve has no such pair, and where spikes are drawn at random.  dimension: of the input.
    """

    currents: np.ndarray
    rates: np.ndarray
    initial_rates: np.ndarray
    latencies: np.ndarray
    counts: np.ndarray
    rheobase: float
    dimension: Dimension


def fi_curve(neuron: Neuron, currents: Any, *, duration: float = 1.0, settle: float = 0.2) -> FICurve:
    """Measures the f-I curve of a neuron at rest; all currents run side by side.

    The rate is the number of intervals over the time that they take, (n - 1)/(t_n - t_1), of the spikes after `settle`: it has no rounding
    to whole spikes. A single spike after `settle` counts as n over the rest of the trial.

    Args:
        neuron: one neuron of any model that fires.
        currents: constant inputs, [K], in any order.
        duration, settle: seconds of each trial, and of its start that the rate leaves out.

    Raises:
        TypeError: `neuron` is no Neuron object.
        ValueError: parameters that differ between neurons, a readout, currents that are not finite, or `settle` not below `duration`.

    Example:
        >>> import ranvier as rv
        >>> curve = fi_curve(rv.LIF(dt=0.1e-3), [0.9, 1.5, 2.0])
        >>> curve.rates.round(1).tolist(), round(curve.rheobase, 3)
        ([0.0, 45.5, 71.9], 1.0)
    """
    constants("fi_curve", neuron)
    tried = currents_of("fi_curve", "currents", currents)
    check_duration("fi_curve", duration, neuron.dt)
    if not neuron.fires:
        raise ValueError(
            f"fi_curve: {type(neuron).__name__} is a readout and never fires. Give a model with a threshold."
        )
    if not 0 <= settle < duration:
        raise ValueError(f"fi_curve: settle must lie in [0, duration), got {settle} of {duration} s. Use settle=0.0.")
    steps, dt = round(duration / neuron.dt), neuron.dt
    spikes = spikes_of(neuron, np.broadcast_to(tried, (steps, len(tried))))  # [T, K]
    trains = [np.flatnonzero(spikes[:, k]) * dt for k in range(len(tried))]
    silent = np.array([not len(train) for train in trains])
    order = np.argsort(tried)
    onset = np.flatnonzero(silent[order][:-1] & ~silent[order][1:])
    found = float("nan")
    if len(onset) and not neuron.declaration.draws:
        low, high = tried[order][onset[0] : onset[0] + 2]
        found = rheobase(neuron, low=float(low), high=float(high), duration=duration)
    return FICurve(
        tried,
        np.array([_rate(train[train >= settle], duration - settle) for train in trains]),
        np.array([_rate(train[:2], np.inf) for train in trains]),
        np.array([train[0] if len(train) else np.nan for train in trains]),
        spikes.sum(0),
        found,
        input_dimension(neuron),
    )


def _rate(train: np.ndarray, window: float) -> float:
    return (len(train) - 1) / (train[-1] - train[0]) if len(train) > 1 else len(train) / window
