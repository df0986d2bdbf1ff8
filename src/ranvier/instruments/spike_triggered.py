"""Spike-triggered averages: the mean current that made the neuron fire, and the mean shape of its spike."""

from dataclasses import dataclass

import numpy as np

from ranvier.instruments.membrane import MembraneTrace
from ranvier.units import Dimension, ms


@dataclass(frozen=True, eq=False)
class SpikeTriggered:
    """Means over the spikes of a recording, in SI units.

    lags: time from the spike [s], [L]; 0 is the start of the step that fired.  current: mean input of the step that begins there, [L].
    membrane: mean membrane there, [L]; at lag 0 the last value before the reset.  membrane_std: its standard deviation over spikes, [L].
    count: spikes in the mean, those whose whole window lies in the recording.  dimensions: of "membrane" and "input".
    """

    lags: np.ndarray
    current: np.ndarray
    membrane: np.ndarray
    membrane_std: np.ndarray
    count: int
    dimensions: dict[str, Dimension]


def spike_triggered_average(trace: MembraneTrace, *, before: float = 50 * ms, after: float = 10 * ms) -> SpikeTriggered:
    """Averages current and membrane around every spike of a recording; under `Noise` the current's shape is the reverse correlation.

    Args:
        trace: a recording, from `membrane_trace`.
        before, after: seconds on either side of a spike.

    Raises:
        TypeError: `trace` is no recording.
        ValueError: a negative window, or no spike whose window lies within the recording.

    Source: Dayan and Abbott, Theoretical Neuroscience (2001), eq. 1.19.

    Example:
        >>> import ranvier as rv
        >>> from ranvier.instruments import Noise, membrane_trace
        >>> trace = membrane_trace(rv.LIF(), Noise(0.9, 1.0), duration=5.0)
        >>> shape = spike_triggered_average(trace)
        >>> bool(shape.current[shape.lags < 0].max() > 1.5)    # the mean is 0.9
        True
    """
    if not isinstance(trace, MembraneTrace):
        raise TypeError(
            f"spike_triggered_average: trace must be a recording, got {type(trace).__name__}. Use membrane_trace(neuron, Noise(...))."
        )
    if before < 0 or after < 0:
        raise ValueError(
            f"spike_triggered_average: before and after must be 0 or above, got {before} and {after} s. Use before=50*ms."
        )
    back, ahead = round(before / trace.dt), round(after / trace.dt)
    steps = np.rint(trace.spikes / trace.dt).astype(int)
    steps = steps[(steps >= back) & (steps + ahead < len(trace.current))]
    if not len(steps):
        raise ValueError(
            f"spike_triggered_average: none of the {len(trace.spikes)} spikes has {before:g} s before and {after:g} s after it in the "
            "recording. Record longer, or use a shorter window."
        )
    lags = np.arange(-back, ahead + 1)
    windows = steps[:, None] + lags  # [n, L]
    return SpikeTriggered(
        lags * trace.dt,
        trace.current[windows].mean(0),
        trace.v[windows].mean(0),
        trace.v[windows].std(0),
        len(steps),
        {"membrane": trace.dimensions[trace.membrane], "input": trace.dimensions["input"]},
    )
