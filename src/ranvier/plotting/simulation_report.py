"""The report of a simulation: what fired, when and how regularly, who is connected to whom, and how long it took."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from ranvier.energy import LEVELS, Estimate
from ranvier.files import write_atomic
from ranvier.instruments.quantities import unit_for
from ranvier.plotting import energy_section, page, style
from ranvier.plotting.page import number
from ranvier.plotting.plot_connectivity import DRAWN, connectivity
from ranvier.plotting.plot_population_raster import population_raster
from ranvier.plotting.plot_population_rate import population_rate
from ranvier.plotting.plot_space import space
from ranvier.plotting.plot_weight_changes import weight_changes
from ranvier.plotting.plot_weight_histogram import weight_histogram
from ranvier.simulation.currents import NAME as CURRENTS
from ranvier.simulation.network import Network
from ranvier.simulation.population import Population
from ranvier.simulation.projection import Projection
from ranvier.simulation.run import Run
from ranvier.units import ms

SHOWN = 1.0  # seconds of the raster and the rates, the last ones
FEWEST = 5  # spikes of a neuron whose intervals have a coefficient of variation
TEXT = 20_000  # characters of the network's text


@dataclass(frozen=True, eq=False)
class SimulationFacts:
    """What the report shows.

    title: of the page. asked: seconds that were asked for, more than the run's where it was stopped. facts: label -> text, in order. timings: label ->
    seconds. command: to type again. variations: of each population, see `variations`. energy: of the run, estimated, if it was.
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
    energy: Estimate | None = None


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
            "field": ("Field potential", _field(run)),
            "populations": ("Populations", _table(run, seen) + _histograms(run, seen)),
            "wiring": ("Wiring", _wiring(facts.network)),
            "space": ("In space", _space(facts.network)),
            "learning": ("Learning", _learning(run)),
            "energy": ("Energy, estimated", _energy(facts)),
            "timings": ("Time", _timings(facts)),
            "network": ("The network", f"<pre>{escape(_text(facts.network))}</pre>"),
            "again": ("How to do it again", f"<pre>{escape(facts.command)}</pre>{_versions(facts)}"),
        }
    cards = {name: card for name, card in cards.items() if card[1]}
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


def _field(run: Run) -> str:
    """Nothing where no synaptic currents were recorded."""
    recorded = [p for p, state in run.traces if state == CURRENTS and not isinstance(p, Projection)]
    if not recorded or any(len(run.trace(p, CURRENTS)[0]) < 2 for p in recorded):
        return ""
    start = max(run.begin, run.end - SHOWN)
    drawing = style.figure(1.7)
    ax = style.tidy(drawing.add_axes((0.09, 0.24, 0.895, 0.66)))
    for k, p in enumerate(recorded):
        times, lfp = run.lfp(p)
        shown = times >= start
        ax.plot(times[shown] / ms, lfp[shown], color=style.SERIES[k % len(style.SERIES)], linewidth=0.9, label=p.name)
    ax.set_xlim(start / ms, run.end / ms)
    ax.set_xlabel("time (ms)")
    ax.set_ylabel("standard deviations")
    if len(recorded) > 1:
        ax.legend(frameon=False, loc="upper right", ncols=len(recorded), labelcolor=style.LIGHT.ink)
    caption = (
        f"Proxy of the local field potential from the synaptic currents onto {', '.join(escape(p.name) for p in recorded)}: excitation 6 ms late, and 1.65 "
        "times inhibition (the reference weighted sum of Mazzoni et al. 2015), as a course in time without a scale."
    )
    return page.figure(style.svg(drawing, "field", "Proxy of the local field potential over time"), caption)


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
    weights: dict[str, list[np.ndarray]] = {}
    if total <= DRAWN:
        for c in network.projections:
            weights.setdefault(f"from {c.pre.name}", []).append(network.weights(c).weight)
    sets = {name: np.concatenate(found) for name, found in weights.items()}
    if any(map(len, sets.values())):  # patterns may draw no synapse
        side = drawing.add_axes((0.7, 0.17, 0.29, 0.66))
        kinds = {c.dimension for c in network.projections}
        unit = unit_for(kinds.pop(), np.concatenate(list(sets.values()))) if len(kinds) == 1 else None
        label = f"weight ({unit.pretty})" if unit and unit.symbol else "weight (SI)"
        sets = {name: found / (unit.size if unit else 1) for name, found in sets.items()}
        weight_histogram(sets, label=label, colours=style.SERIES, ax=side)
        style.tidy(side)
        side.set_yscale("symlog", linthresh=1.0)
        if (legend := side.get_legend()) is not None:
            legend.remove()
        caption += (
            " Right: weights, one line for each presynaptic population, the number of synapses on a logarithmic scale."
        )
    return page.figure(style.svg(drawing, "wiring", "Connectivity matrix and histogram of weights"), caption)


def _space(network: Network) -> str:
    """Nothing where no population has positions."""
    if all(p.positions is None for p in network.populations):
        return ""
    drawing = style.figure(5.2)
    ax = drawing.add_axes((0.1, 0.0, 0.8, 1.0), projection="3d")
    space(network, lines=800, colours=style.SERIES, ax=ax)
    _inked(ax)
    caption = "Neurons where they are, and some of the synapses between them, in the colour of the population from which they come."
    return page.figure(style.svg(drawing, "space", "Neurons in space and synapses between them"), caption)


def _inked(ax: Any) -> None:
    """Axes in space with the ink of the page, which follows its theme."""
    ax.set_facecolor("none")
    for axis in (ax.xaxis, ax.yaxis, ax.zaxis):
        axis.line.set_color(style.LIGHT.muted)
        axis.label.set_color(style.LIGHT.muted)
        axis.set_tick_params(colors=style.LIGHT.muted)
    for text in ax.get_legend().get_texts():
        text.set_color(style.LIGHT.ink)


def _learning(run: Run) -> str:
    """Nothing where no weights were recorded."""
    followed = [c for c, state in run.traces if isinstance(c, Projection) and state == "weight"]
    if not followed or not all(run.trace(c, "weight")[1].size for c in followed):
        return ""
    drawing = style.figure(0.5 + 1.9 * len(followed))
    for k, c in enumerate(followed):
        ax = drawing.add_subplot(len(followed), 1, k + 1)
        colour = style.SERIES[k % len(style.SERIES)]
        weight_changes(run, c, colour=colour, ax=ax)
        style.tidy(ax, style.shorten(c.name, 40))
        ax.get_lines()[-1].set_color(style.LIGHT.ink)
    height = drawing.get_figheight()
    drawing.subplots_adjust(0.09, 0.45 / height, 0.975, 1 - 0.3 / height, hspace=0.55)
    caption = "Weights that were recorded: some of them as thin lines, their mean, and the middle four fifths of all."
    return page.figure(style.svg(drawing, "learning", "Weights over time"), caption)


def _energy(facts: SimulationFacts) -> str:
    found, seconds = facts.energy, facts.run.duration
    if found is None or not seconds:
        return "<p>No energy was estimated.</p>"
    if not found.float32.without.operations:
        return energy_section.estimate(found, f"the run of {seconds:g} s", "nothing, since there are no synapses")
    passes = ", ".join(f"{n:.3g} ({name})" for n, name in zip(found.float32.break_even_passes, LEVELS, strict=True))
    told = (
        f"<p class='after'>A graph of rates has no number of passes of its own for {seconds:g} s: in float32 the run costs what so many dense "
        f"passes over its synapses would, by what is counted: {escape(passes)}. Impulses from outside are expected numbers; the rules of plastic "
        "synapses are counted by what they read and write.</p>"
    )
    return energy_section.estimate(found, f"the run of {seconds:g} s", "one dense pass over all synapses") + told


def _timings(facts: SimulationFacts) -> str:
    rows = [[escape(name), f"{seconds:.3g} s"] for name, seconds in facts.timings.items()]
    return page.table(("<what", "time"), rows)


def _text(network: Network) -> str:
    text = repr(network)
    return text if len(text) <= TEXT else text[:TEXT] + "\n  ..."


def _versions(facts: SimulationFacts) -> str:
    text = " · ".join(f"{escape(name)} {escape(version)}" for name, version in facts.versions.items())
    return f'<p class="muted after">{text}</p>' if text else ""
