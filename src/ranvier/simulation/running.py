"""A run, chunk by chunk: what may end it early, and what is then kept."""

from collections.abc import Callable, Mapping

import numpy as np

from ranvier.simulation.blow_up import kept, still_finite
from ranvier.simulation.checkpoint import restore
from ranvier.simulation.engine import Engine
from ranvier.simulation.progress import Progress
from ranvier.simulation.recording import Recording
from ranvier.stopping import Stop


def go(engine: Engine, recording: Recording, spikes: bool, progress: bool | None, between: Callable[[], None]) -> None:
    """Runs to the end of a recording, or until Ctrl-C. between: called after each chunk. Raises FloatingPointError, see `blow_up`."""
    begin, end = recording.begin, recording.end
    before: Mapping[str, np.ndarray] | None = None
    with Progress((end - begin) * engine.dt, progress) as bar, Stop() as stop:
        try:
            while engine.step < end and not stop.asked:
                some = min(engine.chunk(), engine.steady(), end - engine.step)
                before = kept(engine)
                chunk = engine.advance(recording.followed.until(engine.step, some), recording.probes, spikes)
                chunk, blown = still_finite(engine, before, chunk, recording.probes, spikes)
                before = None
                recording.keep(chunk)
                if blown is not None:
                    raise blown
                recording.followed.look(engine)
                bar.show((engine.step - begin) * engine.dt)
                between()
        except KeyboardInterrupt:  # in the middle of a chunk, of which nothing is known
            stop.asked = True
            if before is not None:
                restore(engine, before, "")
        if stop.asked:
            bar.interrupted()
