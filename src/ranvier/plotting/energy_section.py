"""The report's section on energy: both networks by three levels of counting, the break-even, NeuroBench's metrics."""

from html import escape

from ranvier.energy import LEVELS, Comparison, Estimate, NeuroBench, joules
from ranvier.plotting.facts import ReportData
from ranvier.plotting.page import details, number, percent, table

SOURCE = "<p class='muted after'>"


def energy(data: ReportData) -> str:
    """What a test sample would cost with and without spikes."""
    if data.energy is None:
        return "<p>No energy was estimated.</p>"
    told = estimate(data.energy, "one test sample", data.dense)
    return told.replace(SOURCE, f"{_benchmark(data.neurobench)}{SOURCE}", 1)


def estimate(found: Estimate, sample: str, dense: str) -> str:
    """An estimate as a section of any report. sample: what was counted, "one test sample"; dense: what the network without spikes does for it."""
    compared = _compared if found.spiking else _alone
    rows = [row for comparison in (found.float32, found.quantised) for row in compared(comparison)]
    t = found.technology
    right = "" if found.accuracy is None else f"Accuracy {percent(found.accuracy)}; "
    beside = (
        f"a weight is read anew for every operation, in both networks. Without spikes: {escape(dense)}, in which no zeros are skipped. "
        if found.spiking
        else f"a weight is read anew for every operation. Computed: {escape(dense)}. "
    )
    return (
        f"<p>A model, nothing was measured: the operations of {escape(sample)} at the prices of {escape(t.name)}. {escape(found.verdict)} "
        "The columns add up from left to right: the synaptic operations, one read of a weight for each of them, and what the neurons and "
        f"the events need.</p>{table([f'<{escape(sample)}', *LEVELS], rows)}"
        f"<p class='after'>{right}{_spikes(found)}.</p>"
        f"{details('Every layer as numbers', _layers(found))}"
        f"{SOURCE}Source: {escape(t.source)}. Weights lie in memories of {escape(t.weights)}, states in {escape(t.states)}; {beside}"
        "Left out: biases, addressing, clocks, leakage, the way between chips.</p>"
    )


def _compared(c: Comparison) -> list[list[str]]:
    return [
        [f"spiking, {c.numbers}", *map(joules, c.spiking.levels)],
        [f"without spikes, {c.numbers}", *map(joules, c.without.levels)],
        ["ratio", *(f"{r:.3g}" for r in c.ratios)],
        ["break-even, spikes a synapse and step", *("none" if r is None else f"{r:.3g}" for r in c.break_even_rate)],
        ["break-even, dense passes without spikes", *(f"{r:.3g}" for r in c.break_even_passes)],
    ]


def _alone(c: Comparison) -> list[list[str]]:
    return [[f"as it is, {c.numbers}", *map(joules, c.spiking.levels)]]


def _spikes(found: Estimate) -> str:
    if not found.spiking:
        return "nothing spikes"
    if found.spikes_per_synapse is None:
        return "no layer is fed by spikes"
    return f"{found.spikes_per_synapse / found.steps:.3g} spikes a synapse and step, where spikes come in"


def _layers(found: Estimate) -> str:
    head = [
        "<layer",
        "additions (AC)",
        "MACs",
        "MACs without spikes",
        "neuron updates",
        "reads",
        "writes",
        "energy, all counted",
    ]
    rows = []
    for row in found.layers:
        counts = (row.additions, row.multiplications, row.dense, row.updates, row.reads, row.writes)
        rows.append([f"{row.place} {escape(row.name)}", *map(number, counts), joules(row.spiking.upto(2))])
    return table(head, rows)


def _benchmark(found: NeuroBench | None) -> str:
    if found is None:
        return ""
    cells = [
        f"{found.footprint:,} bytes", f"{found.connection_sparsity:.4f}", f"{found.activation_sparsity:.4f}", number(found.dense),
        number(found.effective_macs), number(found.effective_acs),
    ]  # fmt: skip
    head = ["footprint", "connection sparsity", "activation sparsity", "dense", "effective MACs", "effective ACs"]
    return f"<h3>NeuroBench's metrics, by its definitions, of a batch of test samples</h3>{table(head, [cells])}"
