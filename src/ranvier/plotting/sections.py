"""The sections of the report, each from the facts of a run to the HTML of its card."""

import json
import math
from collections.abc import Mapping
from html import escape

import numpy as np

from ranvier.plotting import page, style
from ranvier.plotting.confusion import confusion_matrix, most_confused, precision, recall
from ranvier.plotting.curves import curves
from ranvier.plotting.facts import SATURATED, LayerFacts, ReportData
from ranvier.plotting.page import details, number, percent, table, track
from ranvier.plotting.rates import rate_histograms
from ranvier.plotting.sample import image_figure, sample_figure


def confusion(data: ReportData) -> str:
    """The matrix, and in words what is mistaken most often."""
    drawing = confusion_matrix(data.confusion, data.classes)
    wide = 100 * drawing.get_figwidth()
    svg = style.svg(drawing, "confusion", "Confusion matrix: true classes as rows, decisions as columns")
    names = [escape(name) for name in data.classes]
    totals = data.confusion.sum(axis=1)
    pairs = "".join(
        f"<li><b>{pair.samples}</b> of {totals[pair.true]} samples of “{names[pair.true]}” were taken for "
        f"“{names[pair.taken]}” ({percent(pair.share, 0)}).</li>"
        for pair in most_confused(data.confusion)
    )
    words = f'<ul class="pairs">{pairs}</ul>' if pairs else "<p>No test sample was taken for another class.</p>"
    wrong = int(data.confusion.sum() - np.trace(data.confusion))
    rows = zip(names, totals, recall(data.confusion), precision(data.confusion), strict=True)
    each = table(
        ["<class", "test samples", "recall", "precision"],
        [(name, str(total), percent(r), percent(p)) for name, total, r, p in rows],
    )
    return (
        "<p>Rows are what a sample is, columns what the network decided; the diagonal is right. Recall is the share "
        "of a class that was recognised.</p>"
        f'<div class="split">{page.figure(svg, natural=wide)}<div><h3>Most confused</h3>{words}'
        f'<p class="muted">{wrong} of {int(totals.sum())} test samples wrong.</p></div></div>'
        f"{details('Every class as numbers', each)}"
    )


def training(data: ReportData, colours: Mapping[str, str]) -> str:
    """Curves by epoch, and the same as numbers."""
    if not data.history:
        return f"<p>{escape(data.without_history)}</p>"
    svg = style.svg(curves(data.history, colours, data.floor), "training", "Loss, accuracy and firing rates by epoch")
    keys = {"loss": "loss", "accuracy": "train accuracy", "test_accuracy": "test accuracy", "seconds": "seconds"}
    rows = []
    for i, row in enumerate(data.history):
        values = {key: float("nan") if row.get(key) is None else float(row[key]) for key in keys}
        rates = row.get("rates") or {}
        cells = [str(row.get("epoch", i)), f"{values['loss']:.4g}" if math.isfinite(values["loss"]) else "–"]
        cells += [percent(values["accuracy"]), percent(values["test_accuracy"])]
        cells += [f"{values['seconds']:.1f}" if math.isfinite(values["seconds"]) else "–"]
        rows.append([*cells, *(percent(float(rates[name]) if name in rates else None) for name in colours)])
    every = table(["epoch", *keys.values(), *(escape(name) for name in colours)], rows)
    return page.figure(svg) + details("Every epoch as numbers", every)


def sample(data: ReportData, colours: Mapping[str, str]) -> str:
    """One test sample from input to decision."""
    trace = data.sample
    svg = style.svg(
        sample_figure(trace, data.classes, colours), "sample", "One sample from input to decision over time"
    )
    verdict = (
        "and the network decided the same"
        if trace.label == trace.predicted
        else f"but the network decided <b>“{escape(trace.predicted)}”</b>"
    )
    words = f"<p>Test sample <code>{escape(trace.name)}</code> is <b>“{escape(trace.label)}”</b>, {verdict}.</p>"
    if trace.picture is not None and trace.picture_kind == "image":
        drawing = image_figure(np.asarray(trace.picture))
        words += page.figure(
            style.svg(drawing, "picture", "The sample as an image"), natural=100 * drawing.get_figwidth()
        )
    time = (
        '<p class="after">All panels below share one time axis. A tick is a spike. Orange is the winning class, '
        "the named grey one the runner-up.</p>"
    )
    return words + time + page.figure(svg)


def rates(data: ReportData, colours: Mapping[str, str]) -> str:
    """How active each layer is over the test set, and which neurons carry nothing."""
    drawing = rate_histograms(data.layers, colours)
    if drawing is None:
        real = data.energy is not None and not data.energy.spiking
        return "<p>Nothing in this model spikes.</p>" if real else "<p>No firing rates were recorded.</p>"
    svg = style.svg(drawing, "rates", "Histogram of firing rates over the neurons of each layer")
    rows = [[escape(layer.name), str(layer.neurons), *_activity(layer)] for layer in data.layers]
    head = ["<layer", "neurons", "mean", "median", "highest", "dead", "saturated"]
    return (
        "<p>Share of time steps in which a neuron spikes, over the whole test set. A <b>dead</b> neuron never spiked; "
        f"a <b>saturated</b> one spiked in more than {100 * SATURATED:.0f}&nbsp;% of steps. Neither tells the next "
        f"layer much; both are drawn in red, the dead to the left of zero.</p>{page.figure(svg)}{table(head, rows)}"
    )


def _activity(layer: LayerFacts) -> list[str]:
    """Cells for mean, median and highest rate, dead and saturated neurons."""
    values = layer.finite
    if not values.size:
        return ["does not spike", *["–"] * 4]

    def flag(count: int) -> str:
        return f'<span class="bad">{count} ({percent(count / values.size, 0)})</span>' if count else "0"

    spread = (float(values.mean()), float(np.median(values)), float(values.max()))
    return [*(percent(value, 2) for value in spread), flag(layer.dead), flag(layer.saturated)]


def work(data: ReportData) -> str:
    """Operations a sample beside those of the same network without spikes."""
    if not data.layers:
        return "<p>No operations were counted.</p>"
    if data.energy is not None and not data.energy.spiking:
        return _without_spikes(data)
    additions = sum(layer.synops for layer in data.layers if not layer.analog)
    multiplied = sum(layer.synops for layer in data.layers if layer.analog)
    dense = sum(layer.macs for layer in data.layers)
    most = max(max(layer.synops, layer.macs) for layer in data.layers) or 1.0

    def line(name: str, synops: float, kind: str, macs: float, bars: str, updates: float, parameters: int) -> list[str]:
        share = percent(synops / macs if macs else None)
        return [name, number(synops), kind, number(macs), share, bars, number(updates), number(parameters)]

    rows = []
    for layer in data.layers:
        bars = track(layer.synops / most, "var(--accent)") + track(layer.macs / most, "var(--muted)")
        kind = "MACs, analog" if layer.analog else "additions"
        cells = (layer.synops, kind, layer.macs, bars, layer.updates, layer.parameters)
        rows.append(line(escape(layer.name), *cells))
    updates, parameters = sum(layer.updates for layer in data.layers), sum(layer.parameters for layer in data.layers)
    total = line("whole&nbsp;network", additions + multiplied, "", dense, "", updates, parameters)
    legend = '<<span class="key">■</span> spiking<br>■ without'
    head = ["<layer", "synaptic operations", "<kind", "MACs without spikes", "ratio", legend, "neuron updates"]
    analog = f" and <b>{number(multiplied)}</b> multiply-accumulates where the input is analog" if multiplied else ""
    return (
        f"<p>One test sample costs on average <b>{number(additions)}</b> synaptic additions (one for each spike and "
        f"each weight it travels over){analog}. The same network without spikes needs <b>{number(dense)}</b> "
        f"multiply-accumulates (MACs): {escape(data.dense)}.</p>{table([*head, 'parameters'], rows, total)}"
        '<p class="muted after">These are counts of operations, not joules. What an operation costs depends on the '
        "hardware: an addition is cheaper than a multiply-accumulate, but fetching a weight from memory can cost more "
        "than either. A first layer whose input is analog, real numbers instead of spikes, is counted as "
        "multiply-accumulates in every step. Neuron updates come on top in the spiking network: each neuron integrates "
        "its membrane in every step, spike or no spike.</p>"
    )


def _without_spikes(data: ReportData) -> str:
    """Operations a sample of a model of real numbers, which has nothing to stand beside."""
    columns = ("synops", "updates", "parameters")
    rows = [[escape(row.name), str(row.neurons), *(number(getattr(row, c)) for c in columns)] for row in data.layers]
    sums = [sum(getattr(row, c) for row in data.layers) for c in columns]
    head = ["<layer", "units", "multiply-accumulates", "unit updates", "parameters"]
    return (
        f"<p>One test sample costs on average <b>{number(sums[0])}</b> multiply-accumulates (MACs): {escape(data.dense)}. Nothing in "
        "this model spikes, so no operation is ever left out: it is its own network without spikes, and there is no gain to show.</p>"
        f"{table(head, rows, ['whole&nbsp;network', '', *map(number, sums)])}"
        '<p class="muted after">These are counts of operations, not joules. What an operation costs depends on the hardware, and '
        "fetching a weight from memory can cost more than multiplying with it.</p>"
    )


def reproduce(data: ReportData) -> str:
    """The command, the configuration and the versions behind the run."""
    configuration = json.dumps(dict(data.configuration), indent=2, default=str, ensure_ascii=False)
    versions = " · ".join(f"{escape(str(name))} {escape(str(version))}" for name, version in data.versions.items())
    return (
        "<p>The same command with the same seed on the same machine gives the same network.</p>"
        f"<pre>{escape(data.command)}</pre>{details('Configuration', f'<pre>{escape(configuration)}</pre>')}"
        + (f'<p class="muted after">{versions}</p>' if versions else "")
    )
