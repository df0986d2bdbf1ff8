"""From spikes in steps to spike trains: the times at which each neuron fired."""

import numpy as np
from torch import Tensor

from ranvier.spikes import Events


def spike_trains(spikes: Events | Tensor | np.ndarray, *, dt: float) -> list[list[np.ndarray]]:
    """Spike times of every neuron, trains[b][n].

    A spike in step t has the time t * dt, where the step begins; the recording is the window from 0 to T * dt.

    Args:
        spikes: `Events`, or zeros and ones, shape [T, B, *N].
        dt: time step in seconds.

    Returns:
        For each sample b a list with one train for each neuron n (C order over N): float64 seconds, rising.

    Raises:
        TypeError: `spikes` is neither `Events` nor a dense tensor or array.
        ValueError: a value is neither 0 nor 1, or `dt` is not above 0.

    Example:
        >>> import torch
        >>> raster = torch.tensor([[1, 0], [0, 0], [1, 1]]).unsqueeze(1)
        >>> [train.tolist() for train in spike_trains(raster, dt=0.5)[0]]
        [[0.0, 1.0], [1.0]]
    """
    events = spikes if isinstance(spikes, Events) else Events.from_dense(spikes)
    found = []
    for times, ids in events.to_times(dt):
        ends = np.cumsum(np.bincount(ids, minlength=events.neurons))[:-1]
        found.append(np.split(times[np.argsort(ids, kind="stable")], ends))
    return found
