"""Runs as the objects of Neo, for tools that read those."""

from typing import TYPE_CHECKING, Any

from ranvier.errors import RanvierError

if TYPE_CHECKING:
    from ranvier.simulation.run import Run


def segment(run: "Run") -> Any:
    """A `neo.Segment`: a SpikeTrain for each neuron, annotated with `population` and `neuron`, and an AnalogSignal for each recorded state (SI units).

    Needs the package neo: pip install 'ranvier[neuro]'.
    """
    try:
        import neo
        import quantities as pq
    except ImportError:
        raise RanvierError("to_neo needs the package neo. Install it with pip install 'ranvier[neuro]'.") from None
    made = neo.Segment(name=f"{run.begin:g} to {run.end:g} s")
    for p in run.populations:
        for neuron, times in enumerate(run.trains(p)):
            train = neo.SpikeTrain(
                times, units=pq.s, t_start=run.begin * pq.s, t_stop=run.end * pq.s, population=p.name, neuron=neuron
            )
            made.spiketrains.append(train)
    for (p, state), (times, values) in run.traces.items():
        period = (times[1] - times[0] if len(times) > 1 else run.dt) * pq.s
        start = (times[0] if len(times) else run.begin) * pq.s
        signal = neo.AnalogSignal(
            values, units=pq.dimensionless, t_start=start, sampling_period=period, name=f"{p.name}.{state}"
        )
        made.analogsignals.append(signal)
    return made
