"""The report of a conversion: what it assumed, how well it does after any number of steps, and what each population does."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from ranvier.conversion.conversion import AccuracyOverSteps, Conversion
from ranvier.energy import Estimate
from ranvier.files import write_atomic
from ranvier.plotting import energy_section, page, style
from ranvier.plotting.page import percent
from ranvier.plotting.plot_accuracy_over_steps import accuracy_over_steps

MILESTONES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


@dataclass(frozen=True, eq=False)
class ConversionFacts:
    """What the report shows.

    title: of the page. found: accuracy over steps. errors: mean error of the rates of each population, in units of its scale. data: sentences on
    the samples. command: to type again. energy: of a test sample, estimated, if it was.
    """

    title: str
    conversion: Conversion
    found: AccuracyOverSteps
    errors: Mapping[str, float]
    data: Sequence[str]
    command: str
    energy: Estimate | None = None


def render(facts: ConversionFacts) -> str:
    """The report as one self-contained HTML document."""
    found = facts.found
    steps = len(found.accuracy)
    with style.context():
        drawing = style.figure(2.9)
        ax = drawing.add_axes((0.07, 0.16, 0.91, 0.76))
        accuracy_over_steps(found, colour=style.WINNER, ax=ax)
        style.tidy(ax)
        for text in ax.texts:
            text.set_color(style.LIGHT.muted)
        curve = style.svg(drawing, "curve", f"accuracy over {steps} steps")
    within = found.steps_within(0.005)
    reached = f"stays within 0.5 points from {within} steps on" if within else "is not yet within 0.5 points"
    head = (
        f'<div class="hero"><div class="big">{100 * found.accuracy[-1]:.2f}<small>%</small></div>'
        f"<div>of {found.samples} samples after {steps} steps; the source has {percent(found.source, 2)}. The spiking network {reached} and decides as "
        f"the source does for {percent(float(found.agreement[-1]), 2)} of the samples.</div></div>"
    )
    marks = sorted({n for n in (*MILESTONES, steps) if n <= steps})
    rows = [
        [
            str(n),
            percent(float(found.accuracy[n - 1]), 2),
            percent(found.loss(n), 2),
            percent(float(found.agreement[n - 1]), 2),
        ]
        for n in marks
    ]
    over = page.figure(curve) + page.table(("steps", "accuracy", "below the source", "decides as the source"), rows)
    populations = page.table(
        ("<population", "<place", "scale", "threshold", "rate", "error of rates"),
        [
            [
                escape(p.name),
                escape(p.number),
                f"{float(p.scale.mean()):.4g}",
                f"{p.neuron.v_threshold:.4g}",
                percent(found.rates[p.name]),
                percent(facts.errors.get(p.name)),
            ]
            for p in facts.conversion.populations
        ],
    )
    note = (
        "<p>Rate: share of steps with a spike. Error: mean distance of a neuron's rate from its activation over the scale; rounding alone makes about "
        f"{percent(1 / (4 * steps))} after {steps} steps, for neurons that fire.</p>"
    )
    assumed = "<ul>" + "".join(f"<li>{escape(text)}</li>" for text in facts.conversion.assumptions) + "</ul>"
    cost = "<p>No energy was estimated.</p>"
    if facts.energy is not None:
        cost = energy_section.estimate(facts.energy, "one test sample", "one dense pass a sample")
    data = "".join(f"<p>{escape(text)}</p>" for text in facts.data)
    body = (
        f'<div class="eyebrow">Ranvier · report of a conversion</div><h1>{escape(facts.title)}</h1>{head}'
        + page.section("assumed", "What it assumes", assumed)
        + page.section("steps", "Accuracy after each number of steps", over)
        + page.section("populations", "Populations", note + populations)
        + page.section("energy", "Energy, estimated", cost)
        + page.section("again", "Data and how to do it again", f"{data}<pre>{escape(facts.command)}</pre>")
        + "<footer>One file, nothing loaded from elsewhere: keep it, mail it, open it offline.</footer>"
    )
    return page.document(facts.title, body)


def write_conversion_report(facts: ConversionFacts, path: str | os.PathLike[str]) -> Path:
    """Writes the report, whole or not at all, and returns the path. Raises `RanvierError` if it cannot be written."""
    return write_atomic(path, render(facts))
