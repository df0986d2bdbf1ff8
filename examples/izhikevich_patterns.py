"""The 20 firing patterns of Izhikevich's model on one page, each told by its signature.

    python examples/izhikevich_patterns.py --plot patterns.png

Parameters and inputs are those of fig. 1 in Izhikevich (2004), "Which model to use for cortical spiking neurons?".
"""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import matplotlib.style
from matplotlib.figure import Figure
from torch import Tensor

import ranvier as rv
from ranvier.neurons.izhikevich_patterns import PATTERNS


@dataclass(frozen=True)
class Trace:
    """One run. t: [ms]; v: membrane [mV], at its peak where it fires; i: input [mV/ms]; all [T]. spikes: their times [ms]."""

    t: Tensor
    v: Tensor
    i: Tensor
    spikes: Tensor

    @property
    def gaps(self) -> Tensor:
        """Intervals between spikes [ms]."""
        return self.spikes.diff()

    def after(self, start: float, end: float = 1e9) -> Tensor:
        """The membrane between two times."""
        return self.v[(self.t > start) & (self.t < end)]


def record(name: str) -> Trace:
    """Runs a pattern with its own input and step."""
    found = PATTERNS[name]
    neuron = rv.Izhikevich.pattern(name)
    run = neuron.run(found.current(), record=("v",))
    fired = run.output.flatten() > 0
    t, v = found.times() / rv.ms, run.records["v"].flatten() / rv.mV
    return Trace(t, v.masked_fill(fired, 30.0), found.current().flatten(), t[fired])


SIGNATURES: Mapping[str, Callable[[Trace], bool]] = {
    "tonic spiking": lambda r: len(r.spikes) == 5 and float(r.gaps[2:].std()) < 1,
    "phasic spiking": lambda r: len(r.spikes) == 1 and float(r.spikes) < 50,
    "tonic bursting": lambda r: len(r.spikes) == 28 and int((r.gaps > 20).sum()) >= 3,
    "phasic bursting": lambda r: len(r.spikes) == 6 and float(r.spikes[-1]) < 70,
    "mixed mode": lambda r: len(r.spikes) == 6 and float(r.gaps[:2].max()) < 5 < 30 < float(r.gaps[2:].min()),
    "spike frequency adaptation": lambda r: len(r.spikes) == 6 and bool((r.gaps.diff() > 0).all()),
    "class 1": lambda r: len(r.spikes) == 10 and float(r.gaps[0]) > 2 * float(r.gaps[-1]),
    "class 2": lambda r: len(r.spikes) == 14 and float(r.gaps[0]) < 2 * float(r.gaps[-1]),
    "spike latency": lambda r: len(r.spikes) == 1 and float(r.spikes) > 13 + 10,
    "subthreshold oscillations": lambda r: len(r.spikes) == 1 and -62.5 < float(r.after(40).max()) < -55,
    "resonator": lambda r: r.spikes.tolist() == [338.0],
    "integrator": lambda r: r.spikes.tolist() == [20.0],
    "rebound spike": lambda r: len(r.spikes) == 1 and float(r.spikes) > 25,
    "rebound burst": lambda r: len(r.spikes) == 7 and float(r.spikes[0]) > 25,
    "threshold variability": lambda r: len(r.spikes) == 1 and float(r.spikes) > 80,
    "bistability": lambda r: len(r.spikes) == 5 and 37 < float(r.spikes[0]) and float(r.spikes[-1]) < 216,
    "depolarising after-potential": lambda r: len(r.spikes) == 1 and float(r.after(12, 20).max()) > -65,
    "accommodation": lambda r: len(r.spikes) == 1 and float(r.spikes) > 300,
    "inhibition-induced spiking": lambda r: len(r.spikes) == 3 and bool(((r.spikes > 50) & (r.spikes < 250)).all()),
    "inhibition-induced bursting": lambda r: len(r.spikes) == 12 and bool(((r.spikes > 50) & (r.spikes < 250)).all()),
}

INK, INPUT, MUTED = "#1b2027", "#e0701f", "#65707d"
FLOOR, ROOM = -108.0, 16.0  # where the input is drawn below the membrane, and the height that it fills [mV]


def draw(traces: Mapping[str, Trace], path: Path) -> None:
    """All patterns, four in a row: the membrane above, the input below, a bar of time."""
    with matplotlib.style.context(["default", {"font.size": 8.0, "axes.titlesize": 8.5}]):
        page = Figure(figsize=(8.27, 10.2))
        page.set_layout_engine("constrained", w_pad=0.09, h_pad=0.09, wspace=0.02, hspace=0.02)
        for ax, (name, trace) in zip(page.subplots(5, 4).flat, traces.items(), strict=True):
            span = float(trace.i.max() - trace.i.min())
            low = min(float(trace.i.min()), 0.0) if span == float(trace.i.max()) else float(trace.i.min())
            ax.plot(trace.t, FLOOR + ROOM * (trace.i - low) / span, color=INPUT, linewidth=1.0, solid_joinstyle="miter")
            ax.plot(trace.t, trace.v, color=INK, linewidth=0.8, solid_joinstyle="round")
            end = float(trace.t[-1])
            bar = 10.0 if end < 90 else 20.0 if end <= 220 else 50.0
            ax.plot([end - bar, end], [FLOOR - 9] * 2, color=MUTED, linewidth=1.6, solid_capstyle="butt")
            ax.annotate(
                f"{bar:g} ms", (end - bar / 2, FLOOR - 9), (0, -2.5), textcoords="offset points",
                ha="center", va="top", color=MUTED, size=6.5,
            )  # fmt: skip
            ax.set_title(f"{PATTERNS[name].letter}  {name}", loc="left", color=INK, pad=3)
            ax.set(xlim=(-0.01 * end, 1.01 * end), ylim=(FLOOR - 20, 36))
            ax.axis("off")
        page.supxlabel(
            "black: membrane potential, spikes up to 30 mV;  orange: input current, each to its own scale",
            size=7.5,
            color=MUTED,
        )
        page.savefig(path, dpi=220, facecolor="white")


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--plot", type=Path, metavar="PNG", help="where to draw the page")
    given = arguments.parse_args()
    traces = {name: record(name) for name in PATTERNS}
    for name, trace in traces.items():
        times = ", ".join(f"{t:g}" for t in trace.spikes[:5].tolist()) + (", ..." if len(trace.spikes) > 5 else "")
        count = f"{len(trace.spikes):>2} spike{'' if len(trace.spikes) == 1 else 's'}"
        print(f"{PATTERNS[name].letter}  {name:<29} {count:<9} at {times} ms")
    wrong = [name for name in PATTERNS if not SIGNATURES[name](traces[name])]
    assert not wrong, f"without their signature: {wrong}"
    print(f"all {len(traces)} patterns show their signature")
    if given.plot is not None:
        draw(traces, given.plot)
        print(f"drawn to {given.plot}")
