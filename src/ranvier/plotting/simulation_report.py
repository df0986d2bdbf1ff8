"""The report of a simulation: what fired, when and how regularly, who is connected to whom, and how long it took."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

import numpy as np

from ranvier.files import write_atomic
from ranvier.plotting import page, style
from ranvier.plotting.page import number
from ranvier.plotting.plot_connectivity import DRAWN, connectivity
from ranvier.plotting.plot_population_raster import population_raster
from ranvier.plotting.plot_population_rate import population_rate
from ranvier.plotting.plot_weight_histogram import weight_histogram
from ranvier.simulation.network import Network
from ranvier.simulation.population import Population
from ranvier.simulation.run import Run

SHOWN = 1.0  # seconds of the raster and the rates, the last ones
FEWEST = 5  # spikes of a neuron whose intervals have a coefficient of variation
TEXT = 20_000  # characters of the network's text


@dataclass(frozen=True, eq=False)
class SimulationFacts:
    """What the report shows.

    title: of the page. asked: seconds that were asked for, more than the run's where it was stopped. facts: label -> text, in order. timings: label ->
    seconds. command: to type again. variations: of each population, see `variations`.
    """

    title: str
    network: Network
    run: Run
    asked: float
    facts: Mapping[str, str]
    timings: Mapping[str, float]
    command: str
    variations: Mapping[Population, np.ndarray]
    versions: Mapping[str, str] = field(default_factory=dict)


def variations(run: Run) -> dict[Population, np.ndarray]:
    """Coefficient of variation of the intervals of each neuron of at least five spikes, by population."""
    found = {}
    for p in run.populations:
        intervals = [np.diff(train) for train in run.trains(p) if len(train) >= FEWEST]
        found[p] = np.array([float(x.std() / x.mean()) for x in intervals])
    return found


def render(facts: SimulationFacts) -> str:
    """The report as one self-contained HTML document."""
    run = facts.run
    seen = facts.variations
    with style.context():
        cards = {
            "activity": ("Activity", _activity(run)),
            "populations": ("Populations", _table(run, seen) + _histograms(run, seen)),
            "wiring": ("Wiring", _wiring(facts.network)),
            "timings": ("Time", _timings(facts)),
            "network": ("The network", f"<pre>{escape(_text(facts.network))}</pre>"),
            "again": ("How to do it again", f"<pre>{escape(facts.command)}</pre>{_versions(facts)}"),
        }
    contents = "".join(f'<a href="#{name}">{title}</a>' for name, (title, _) in cards.items())
    body = (
        f'<div class="eyebrow">Ranvier · report of a simulation</div><h1>{escape(facts.title)}</h1>{_head(facts)}{_stopped(facts)}'
        f'<dl class="facts">{"".join(f"<div><dt>{escape(k)}</dt><dd>{escape(v)}</dd></div>" for k, v in facts.facts.items())}</dl>'
        f"<nav>{contents}</nav>\n"
        + "\n".join(page.section(name, title, content) for name, (title, content) in cards.items())
        + "<footer>One file, nothing loaded from elsewhere: keep it, mail it, open it offline.</footer>"
    )
    return page.document(facts.title, body)


def write_simulation_report(facts: SimulationFacts, path: str | os.PathLike[str]) -> Path:
    """Writes the report, whole or not at all, and returns the path. Raises `RanvierError` if it cannot be written."""
    return write_atomic(path, render(facts))


def _head(facts: SimulationFacts) -> str:
    run = facts.run
    neurons = sum(p.n for p in run.populations)
    rate = len(run.steps) / (neurons * run.duration) if run.duration else 0.0
    return (
        f'<div class="hero"><div><div class="muted">Mean rate</div><div class="big">{rate:.3g}<small>Hz</small></div></div>'
        f"<div>{number(neurons)} neurons fired {number(len(run.steps))} spikes in {run.duration:g} s of biological time, which took "
        f"{run.wall:.3g} s: {run.real_time_factor:.3g} s for each.</div></div>"
    )


def _stopped(facts: SimulationFacts) -> str:
    if facts.run.duration >= facts.asked - facts.run.dt / 2:
        return ""
    return f'<section class="warn"><h2>Stopped early</h2><p>{facts.asked:g} s were asked for; what ran, {facts.run.duration:g} s, is shown.</p></section>'


def _palette(run: Run) -> list[str]:
    return [style.SERIES[k % len(style.SERIES)] for k in range(len(run.populations))]


def _activity(run: Run) -> str:
    if not len(run.steps):
        return (
            "<p>Nothing fired: no input reaches the threshold. Give a stronger current or drive, or larger weights.</p>"
        )
    start = max(run.begin, run.end - SHOWN)
    drawing = style.figure(5.6)
    raster = drawing.add_axes((0.09, 0.38, 0.895, 0.59))
    population_raster(run, start=start, colours=_palette(run), ax=raster)
    style.tidy(raster)
    raster.set_xlabel("")
    raster.tick_params(labelbottom=False)
    rates = drawing.add_axes((0.09, 0.085, 0.895, 0.25))
    population_rate(run, start=start, width=max(run.dt, (run.end - start) / 200), colours=_palette(run), ax=rates)
    style.tidy(rates)
    if (legend := rates.get_legend()) is not None:
        legend.remove()
    svg = style.svg(drawing, "activity", "Raster of all populations, and their rates over time")
    last = f"The last {SHOWN:g} s. " if start > run.begin else ""
    return page.figure(
        svg, f"{last}A tick is a spike; below, the rate of a neuron of each population, in the same colours."
    )


def _table(run: Run, seen: Mapping[Population, np.ndarray]) -> str:
    rows = []
    for p in run.populations:
        counts = run.counts(p)
        silent = int((counts == 0).sum())
        cv = f"{seen[p].mean():.2f}" if len(seen[p]) else "–"
        highest = f"{counts.max() / run.duration:.3g}" if run.duration else "–"
        rows.append(
            [
                escape(p.name),
                f"{p.n:,}",
                escape(type(p.model).__name__),
                f"{run.rate(p):.4g}",
                cv,
                highest,
                f"{silent:,}",
            ]
        )
    head = ("<population", "neurons", "<model", "rate (Hz)", "CV", "highest (Hz)", "silent")
    note = (
        f'<p class="muted after">CV: standard deviation of the intervals over their mean, averaged over neurons of {FEWEST} spikes or more. '
        "0 is a clock, 1 a Poisson process, more than 1 bursts.</p>"
    )
    return page.table(head, rows) + note


def _histograms(run: Run, seen: Mapping[Population, np.ndarray]) -> str:
    if not len(run.steps):
        return ""
    drawing = style.figure(2.3)
    per_neuron = {p: run.counts(p) / run.duration for p in run.populations}
    panels = ((per_neuron, "Rates", "Hz", 0.06), (seen, "CV of intervals", "", 0.56))
    for values, title, unit, left in panels:
        ax = style.tidy(drawing.add_axes((left, 0.2, 0.43, 0.66)), title)
        everything = np.concatenate(list(values.values()))
        top = (float(np.percentile(everything, 99.5)) if len(everything) else 0.0) or 1.0
        edges = np.linspace(0, 1.05 * top, 41)
        for colour, found in zip(_palette(run), values.values(), strict=True):
            if len(found):
                heights = np.histogram(np.minimum(found, edges[-1]), edges)[0] / len(found)
                ax.stairs(heights, edges, color=colour, linewidth=1.2)
        ax.set_xlim(0, edges[-1])
        ax.set_ylim(0, None)
        ax.set_xlabel(unit)
        ax.set_ylabel("share of neurons" if left < 0.5 else "")
    return page.figure(
        style.svg(drawing, "neurons", "Histograms of rates and of coefficients of variation over neurons")
    )


def _wiring(network: Network) -> str:
    if not network.projections:
        return "<p>There are no projections.</p>"
    drawing = style.figure(3.6)
    ax = drawing.add_axes((0.09, 0.17, 0.46, 0.78))
    connectivity(network, ax=ax)
    for drawn in drawing.axes:
        style.tidy(drawn)
    caption = "Synapses of each pair of neurons, in blocks of neighbours; blue where weights are below zero."
    total = sum(c.pattern.expected(c.pre.n, c.post.n) for c in network.projections)
    if total <= DRAWN:
        weights: dict[str, list[np.ndarray]] = {}
        for c in network.projections:
            weights.setdefault(f"from {c.pre.name}", []).append(network.weights(c).weight)
        sets = {name: np.concatenate(found) for name, found in weights.items()}
        side = drawing.add_axes((0.7, 0.17, 0.29, 0.66))
        weight_histogram(sets, label="weight (SI)", colours=style.SERIES, ax=side)
        style.tidy(side)
        side.set_yscale("symlog", linthresh=1.0)
        if (legend := side.get_legend()) is not None:
            legend.remove()
        caption += (
            " Right: weights, one line for each presynaptic population, the number of synapses on a logarithmic scale."
        )
    return page.figure(style.svg(drawing, "wiring", "Connectivity matrix and histogram of weights"), caption)


def _timings(facts: SimulationFacts) -> str:
    rows = [[escape(name), f"{seconds:.3g} s"] for name, seconds in facts.timings.items()]
    return page.table(("<what", "time"), rows)


def _text(network: Network) -> str:
    text = repr(network)
    return text if len(text) <= TEXT else text[:TEXT] + "\n  ..."


def _versions(facts: SimulationFacts) -> str:
    text = " · ".join(f"{escape(name)} {escape(version)}" for name, version in facts.versions.items())
    return f'<p class="muted after">{text}</p>' if text else ""
