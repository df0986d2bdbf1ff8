"""The pictures of docs/gallery.md, each drawn by the few lines that the page shows.

python examples/gallery.py docs/gallery        # draws all into the folder; each checks what it must show
"""

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import izhikevich_patterns
import torch
from matplotlib import pyplot
from matplotlib.figure import Figure
from PIL import Image

import ranvier as rv

DPI, COLOURS = 200, 64


def f_i_curves() -> Figure:
    """Firing rate under a constant current: classes of excitability."""
    figure, axes = pyplot.subplots(1, 2, figsize=(7.2, 2.6), layout="constrained")
    for name, neuron in {
        "LIF": rv.LIF(v_threshold=15 * rv.mV, r=100 * rv.Mohm, refractory=rv.Clamp(2 * rv.ms), dt=0.1 * rv.ms),
        "AdEx": rv.AdEx(dt=0.1 * rv.ms),
    }.items():
        curve = rv.instruments.fi_curve(neuron, torch.linspace(0, 1.2 * rv.nA, 49), duration=1.0)
        rv.plot.fi_curve(curve, label=name, ax=axes[0])
    squid = rv.HodgkinHuxley(integrator=rv.ExponentialMidpoint())
    curve = rv.instruments.fi_curve(squid, torch.linspace(0, 0.3, 61), duration=0.5)
    rv.plot.fi_curve(curve, label="Hodgkin-Huxley", ax=axes[1])
    assert curve.rates[curve.rates > 0].min() > 40  # class 2: it starts at once with a high rate
    return figure


def phase_planes() -> Figure:
    """Nullclines, fixed points and a trajectory."""
    figure, axes = pyplot.subplots(1, 2, figsize=(7.2, 3.1), layout="constrained")
    rest = rv.instruments.phase_plane(rv.Izhikevich(dt=0.1 * rv.ms), current=0.0, starts=({"v": -50 * rv.mV},))
    rv.plot.phase_plane(rest, ax=axes[0])
    firing = rv.instruments.phase_plane(rv.AdEx(dt=0.1 * rv.ms), current=0.8 * rv.nA)
    rv.plot.phase_plane(firing, ax=axes[1])
    assert [p.kind for p in rest.points] == ["stable node", "saddle"] and not firing.points
    return figure


def squid_axon() -> Figure:
    """A spike of Hodgkin and Huxley's axon, with the gates that make it."""
    figure, axes = pyplot.subplots(2, 1, figsize=(3.6, 3.6), sharex=True, layout="constrained")
    step = rv.instruments.Step(10 * rv.uA / rv.cm**2, start=5 * rv.ms)
    seen = rv.instruments.membrane_trace(rv.HodgkinHuxley(), step, duration=40 * rv.ms)
    rv.plot.trace(seen, ax=axes[0]).set_xlabel("")
    rv.plot.trace(seen, "m", "h", "n", ax=axes[1])
    assert len(seen.spikes) == 3
    return figure


def population() -> Figure:
    """200 neurons of Izhikevich's table of cells under noisy currents: 160 regular spiking, 40 fast spiking."""
    figure, ax = pyplot.subplots(figsize=(7.2, 2.6), layout="constrained")
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(1000, 1, 200, generator=generator)
    pulse = 6.0 * ((torch.arange(1000) // 250) % 2).view(-1, 1, 1)  # every other quarter of the 500 ms
    regular = rv.Izhikevich.pattern("regular spiking", dt=0.5 * rv.ms)(pulse + 5 * noise[:, :, :160])
    fast = rv.Izhikevich.pattern("fast spiking", dt=0.5 * rv.ms)(pulse + 3 * noise[:, :, 160:])
    spikes = torch.cat([regular, fast], -1)
    rv.plot.raster(spikes, dt=0.5 * rv.ms, ax=ax)
    assert spikes[250:500].sum() > 2 * spikes[:250].sum()
    return figure


PICTURES: Mapping[str, Callable[[], Figure]] = {
    "f_i_curves": f_i_curves,
    "phase_planes": phase_planes,
    "squid_axon": squid_axon,
    "population": population,
}


def draw(folder: Path) -> None:
    """Draws every picture, and the page of Izhikevich's twenty firing patterns."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, picture in PICTURES.items():
        with pyplot.style.context("default"):
            picture().savefig(folder / f"{name}.png", dpi=DPI, facecolor="white")
        pyplot.close("all")
    traces = {name: izhikevich_patterns.record(name) for name in izhikevich_patterns.PATTERNS}
    izhikevich_patterns.draw(traces, folder / "izhikevich_patterns.png")
    for path in sorted(folder.glob("*.png")):
        compress(path)
        print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


def compress(path: Path) -> None:
    """Few colours, and the file a third of its size; lines and letters look the same."""
    Image.open(path).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("folder", type=Path, help="where to draw")
    draw(arguments.parse_args().folder)
