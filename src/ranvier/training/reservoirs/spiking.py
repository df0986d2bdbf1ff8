"""Work of liquids: `ranvier.energy` counts the runs of their networks."""

from collections.abc import Sequence

import numpy as np

from ranvier.energy import Counts, count
from ranvier.energy.count import Count
from ranvier.reservoirs import LiquidState
from ranvier.training.reservoirs.body import Body


def liquid(model: LiquidState, rows: Sequence[np.ndarray]) -> Body:
    """Runs the sequences through the liquid from rest.

    The states that are read are traces of the spikes, which decay in every row. How numbers become spikes is left out, as an encoder is elsewhere.
    """
    net = model.network.net
    cells = [p for p in net.populations if not p.is_source]
    spikes = np.zeros(sum(p.n for p in cells), np.int64)
    total: Counts | None = None
    steps = 0
    for run in model.runs(list(rows)):
        found = count(net, run)
        steps += found.steps
        spikes += np.concatenate([run.counts(p) for p in cells])
        if total is None:
            total = found
        else:
            total.take(found)
    assert total is not None
    counts = total.layers
    if model.tau_readout is not None:
        traces = len(spikes) * sum(map(len, rows))
        counts = [*counts, Count("traces", "of the spikes", updates=traces, states=1, adds=1, multiplies=1)]
    return Body("1 liquid", len(spikes), counts, steps, total.footprint, spikes=spikes)
