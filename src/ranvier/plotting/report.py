"""The report of a run: one HTML file that opens anywhere, offline, and says what the network can and cannot do."""

import math
import os
from html import escape
from pathlib import Path

import numpy as np

from ranvier.files import write_atomic
from ranvier.plotting import energy_section, page, sections, style
from ranvier.plotting.facts import LayerFacts, ReportData, SampleTrace
from ranvier.plotting.page import percent, track
from ranvier.plotting.sample import hero

__all__ = ["LayerFacts", "ReportData", "SampleTrace", "hero", "render", "write_report"]

SECTIONS = {
    "confusion": "Confusion matrix",
    "training": "Training",
    "sample": "One sample through the network",
    "rates": "Firing rates",
    "work": "Work",
    "energy": "Energy, estimated",
    "reproduce": "Configuration and how to reproduce",
}


def render(data: ReportData) -> str:
    """The report as one self-contained HTML document."""
    spiking = [layer.name for layer in data.layers if np.size(layer.rates)]
    colours = style.colours([*data.sample.rasters, *spiking])
    with style.context():
        bodies = {
            "confusion": sections.confusion(data),
            "training": sections.training(data, {name: colours[name] for name in spiking}),
            "sample": sections.sample(data, colours),
            "rates": sections.rates(data, colours),
            "work": sections.work(data),
            "energy": energy_section.energy(data),
            "reproduce": sections.reproduce(data),
        }
    contents = "".join(f'<a href="#{name}">{title}</a>' for name, title in SECTIONS.items())
    cards = "\n".join(page.section(name, title, bodies[name]) for name, title in SECTIONS.items())
    body = (
        f'<div class="eyebrow">Ranvier · report of a training run</div><h1>{escape(data.title)}</h1>'
        f"{headline(data)}{_warnings(data)}{_facts(data)}<nav>{contents}</nav>\n{cards}"
        "<footer>One file, nothing loaded from elsewhere: keep it, mail it, open it offline.</footer>"
    )
    return page.document(data.title, body)


def write_report(data: ReportData, path: str | os.PathLike[str]) -> Path:
    """Write the report to `path`, whole or not at all, and return the path.

    Raises `RanvierError` if the file cannot be written.
    """
    return write_atomic(path, render(data))


def interval(accuracy: float, samples: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson's interval for a fraction seen in `samples` trials. Source: Wilson, JASA 22 (1927), 209-212."""
    shrink = 1.0 + z * z / samples
    middle = (accuracy + z * z / (2 * samples)) / shrink
    half = z / shrink * math.sqrt(max(accuracy * (1 - accuracy) / samples + z * z / (4 * samples * samples), 0.0))
    return max(middle - half, 0.0), min(middle + half, 1.0)


def _warnings(data: ReportData) -> str:
    items = "".join(f"<li>{escape(text)}</li>" for text in data.warnings)
    return f'<section class="warn"><h2>Worth your attention</h2><ul>{items}</ul></section>' if items else ""


def headline(data: ReportData) -> str:
    samples = int(data.confusion.sum())
    chance = float(data.confusion.sum(axis=1).max() / samples) if samples else float("nan")
    rows = [("This network", data.accuracy, "var(--accent)")]
    if data.floor is not None:
        rows.append(("Linear floor", data.floor, "var(--muted)"))
    rows.append(("Always the commonest class", chance, "var(--muted)"))
    bars = "".join(f"<span>{name}</span>{track(value, colour)}<b>{percent(value)}</b>" for name, value, colour in rows)
    spread = ""
    if samples and math.isfinite(data.accuracy):
        low, high = interval(data.accuracy, samples)
        total = f"{samples:,}".replace(",", "&#8239;")
        spread = f"{total} test samples, 95&nbsp;% interval {100 * low:.1f}–{100 * high:.1f}&nbsp;%"
    value = f"{100 * data.accuracy:.1f}<small>%</small>" if math.isfinite(data.accuracy) else "–"
    return (
        f'<div class="hero"><div><div class="muted">Test accuracy</div><div class="big">{value}</div>'
        f'<div class="muted">{spread}</div></div><div class="bars">{bars}</div>'
        f'<p class="note">{_floor_sentence(data)}</p></div>'
    )


def _floor_sentence(data: ReportData) -> str:
    if data.floor is None or not math.isfinite(data.floor):
        return (
            "No linear floor was measured for this run, so the accuracy alone does not tell how hard the data is: "
            "an easy set looks the same as a good network."
        )
    meaning = (
        "The linear floor is what a linear classifier (ridge regression on the same features, same split) reaches "
        "without any network. Only what lies above it was earned by the network."
    )
    gap = 100 * (data.accuracy - data.floor)
    if not math.isfinite(gap):
        return meaning
    if gap < 0:
        return f"{meaning} <b>Here the network is {-gap:.1f} points below the floor: the linear model is better.</b>"
    left = (
        f", or {gap / (1 - data.floor):.0f}&nbsp;% of the linear classifier's mistakes put right"
        if data.floor < 1
        else ""
    )
    return f"{meaning} Here that is <b>{gap:.1f} points</b>{left}."


def _facts(data: ReportData) -> str:
    cells = "".join(_fact(str(name), str(value)) for name, value in data.facts.items())
    return f'<dl class="facts">{cells}</dl>' if cells else ""


def _fact(name: str, value: str) -> str:
    """One cell; a sentence takes a row of its own."""
    wide = ' class="wide"' if len(value) > 60 else ""
    return f"<div{wide}><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"
