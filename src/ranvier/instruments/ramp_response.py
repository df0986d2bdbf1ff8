"""The response to ramps of current: how the firing threshold depends on how fast it is approached."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ranvier.instruments.protocols import Ramp
from ranvier.instruments.running import check_duration, constants, currents_of, input_dimension, run
from ranvier.neurons.neuron import Neuron
from ranvier.units import Dimension


@dataclass(frozen=True, eq=False)
class RampResponse:
    """Responses to K ramps of current, in SI units.

    times: [T + 1].  slopes: input per second, [K].  currents: input, [T, K].  membrane: [T + 1, K].  spikes: times of each response.
    latencies: time to the first spike [s], and threshold_currents: the input then, [K] each, NaN without a spike: a neuron that
    accommodates needs more current, or never fires, where the ramp is slow.  dimensions: of "membrane" and "input".
    """

    times: np.ndarray
    slopes: np.ndarray
    currents: np.ndarray
    membrane: np.ndarray
    spikes: tuple[np.ndarray, ...]
    latencies: np.ndarray
    threshold_currents: np.ndarray
    dimensions: dict[str, Dimension]


def ramp_response(neuron: Neuron, last: Any, *, first: float = 0.0, duration: float = 0.5) -> RampResponse:
    """Injects ramps from `first` to each of `last` over the whole recording, side by side.

    Args:
        neuron: one neuron of any model.
        last: inputs at the end, [K].
        first: input at the start.
        duration: seconds.

    Raises:
        TypeError: `neuron` is no Neuron object.
        ValueError: parameters that differ between neurons, or inputs that are not finite.

    Example:
        >>> import ranvier as rv
        >>> ramp_response(rv.LIF(dt=0.1e-3), [2.0, 4.0]).threshold_currents.round(2).tolist()
        [1.08, 1.16]
    """
    constants("ramp_response", neuron)
    ends = currents_of("ramp_response", "last", last)
    check_duration("ramp_response", duration, neuron.dt)
    dt = neuron.dt
    x = np.column_stack([Ramp(first, end).current(duration, dt) for end in ends.tolist()])
    fired, states = run(neuron, x)
    v = states[neuron.declaration.membrane]
    fires, when = fired.any(0), fired.argmax(0)
    return RampResponse(
        np.arange(len(v)) * dt,
        (ends - first) / duration,
        x,
        v,
        tuple(np.flatnonzero(fired[:, k]) * dt for k in range(len(ends))),
        np.where(fires, when * dt, np.nan),
        np.where(fires, np.take_along_axis(x, when[None], 0)[0], np.nan),
        {"membrane": neuron.declaration.dimensions[neuron.declaration.membrane], "input": input_dimension(neuron)},
    )
