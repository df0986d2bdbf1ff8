"""`Estimate`: counts and energies as a table for people and as plain values."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ranvier.energy.technologies import Technology

LEVELS = ("operations", "+ weight reads", "+ neurons, states, events")
COLUMNS = ("layer", "", "AC", "MAC", "without spikes: MAC", "updates", "with input", "reads", "writes", *LEVELS)


@dataclass(frozen=True)
class Energy:
    """Parts of an energy [pJ]: synaptic operations, reads of weights, and the rest (neuron steps, states, events and values)."""

    operations: float = 0.0
    weights: float = 0.0
    rest: float = 0.0

    def __add__(self, other: "Energy") -> "Energy":
        return Energy(self.operations + other.operations, self.weights + other.weights, self.rest + other.rest)

    def share(self, samples: int) -> "Energy":
        """That of one sample."""
        return Energy(self.operations / samples, self.weights / samples, self.rest / samples)

    def upto(self, level: int) -> float:
        """The sum up to one of `LEVELS` [pJ]."""
        return sum((self.operations, self.weights, self.rest)[: level + 1])

    @property
    def levels(self) -> tuple[float, float, float]:
        """The sums of all levels [pJ]."""
        return self.upto(0), self.upto(1), self.upto(2)


@dataclass(frozen=True)
class LayerEnergy:
    """One layer, of one sample on average. additions (AC), multiplications (MAC): effective synaptic operations. dense: MACs without spikes.

    updates: neuron steps; arrivals: those in which an event arrives, None where it was not looked at. reads, writes: of weights, states,
    events and values, whatever their width. spiking, without: energies in float32 [pJ].
    """

    place: str
    name: str
    dense: float
    additions: float
    multiplications: float
    updates: float
    arrivals: float | None
    reads: float
    writes: float
    spiking: Energy
    without: Energy


@dataclass(frozen=True)
class Comparison:
    """A network with and without spikes in the same numbers, of one sample [pJ].

    break_even: spikes a synapse and sample at which both cost the same, for each of `LEVELS`; None where no number of spikes makes the
    spiking network the cheaper one, or no layer is fed by spikes. break_even_rate: the same as spikes a synapse and step.
    passes: of the network without spikes for a sample. once: the part of it that is computed once, whatever the passes.
    """

    numbers: str
    spiking: Energy
    without: Energy
    break_even: tuple[float | None, ...]
    break_even_rate: tuple[float | None, ...]
    passes: int = 1
    once: Energy = Energy()

    @property
    def ratios(self) -> tuple[float, ...]:
        """Spiking over without spikes, for each of `LEVELS`; below 1 the spiking network is cheaper."""
        pairs = zip(self.spiking.levels, self.without.levels, strict=True)
        return tuple(s / w if w else float("inf") for s, w in pairs)

    @property
    def break_even_passes(self) -> tuple[float, ...]:
        """Passes of the network without spikes that cost what the spiking one does: with fewer, it is the cheaper one."""
        parts = zip(self.spiking.levels, self.without.levels, self.once.levels, strict=True)
        return tuple(max(0.0, self.passes * (s - o) / (w - o)) if w > o else float("inf") for s, w, o in parts)


@dataclass(frozen=True, repr=False)
class Estimate:
    """Result of `estimate`: a table by its repr, plain values by `as_dict`. Energies in pJ a sample; a model, nothing measured.

    layers: counts and float32 energies. float32, quantised: with and without spikes. spikes_per_synapse: of a sample, over the layers that
    spikes come to; None where there are none. footprint: bytes of parameters and buffers. accuracy: as given. spiking: False where nothing
    spikes, so that the model is its own network without spikes.
    """

    layers: tuple[LayerEnergy, ...]
    float32: Comparison
    quantised: Comparison
    technology: Technology
    samples: int
    steps: int
    passes: int
    footprint: int
    spikes_per_synapse: float | None
    accuracy: float | None = None
    spiking: bool = True

    @property
    def flips(self) -> bool:
        """Whether the cheaper network, in float32, depends on what is counted."""
        return len({ratio < 1 for ratio in self.float32.ratios}) > 1

    @property
    def verdict(self) -> str:
        """Which network is cheaper by each level, in a sentence."""
        return verdict(self)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        values = asdict(self) | {"technology": self.technology.as_dict(), "measured": False, "levels": LEVELS}
        for name in ("float32", "quantised"):
            found: Comparison = getattr(self, name)
            for key in ("ratios", "break_even_passes"):
                values[name][key] = [None if r == float("inf") else r for r in getattr(found, key)]
            values[name] |= {"spiking_levels": found.spiking.levels, "without_levels": found.without.levels}
        return values | {"verdict": self.verdict}

    def __repr__(self) -> str:
        t, passes = self.technology, f"{self.passes} dense pass{'es' * (self.passes > 1)}"
        lines = [
            f"Energy of one sample, mean of {self.samples}, {self.steps} steps; estimated by {t.name}, nothing measured",
            "",
            *_aligned([COLUMNS, *map(_layer_row, self.layers), _total(self)], left=2),
            "",
            *_aligned(
                [("", *LEVELS), *_rows(self.float32, self.spiking), *_rows(self.quantised, self.spiking)], left=1
            ),
            "",
            f"{self.verdict}",
            f"spikes a synapse: {_plain(self.spikes_per_synapse)} a sample; without spikes: {passes} a sample, no zeros skipped"
            if self.spiking
            else "no layer spikes; every multiplication is done",
            f"accuracy: {'not given' if self.accuracy is None else f'{100 * self.accuracy:.1f} %'}; parameters and buffers: "
            f"{self.footprint:,} bytes; weights in memories of {t.weights}, states in {t.states}",
            f"source: {t.source}",
        ]
        return "\n".join(line.rstrip() for line in lines)


def verdict(found: Estimate) -> str:
    """Which network is cheaper by each level, in a sentence."""
    if not found.float32.without.operations:
        return "No layer has synapses: there is nothing to compare."
    if not found.spiking:
        costs = ", ".join(f"{joules(e)} ({name})" for e, name in zip(found.float32.spiking.levels, LEVELS, strict=True))
        return f"The model has no spikes and so is its own network without spikes: nothing is gained and nothing is lost. In float32 it costs {costs}."
    *first, last = (f"{r:.3g} times ({name})" for r, name in zip(found.float32.ratios, LEVELS, strict=True))
    told = f"In float32 the spiking network costs {', '.join(first)} and {last} what the one without spikes costs"
    return f"{told}: the verdict flips with what is counted." if found.flips else f"{told}."


def joules(pico: float) -> str:
    """An energy with a unit, from picojoules."""
    for size, unit in ((1e9, "mJ"), (1e6, "uJ"), (1e3, "nJ")):
        if abs(pico) >= size:
            return f"{pico / size:.4g} {unit}"
    return f"{pico:.4g} pJ"


def _plain(value: float | None) -> str:
    return "none" if value is None else f"{value:.3g}"


def _count(n: float) -> str:
    return f"{n:,.0f}" if n >= 100 or n == int(n) else f"{n:.3g}"


def _layer_row(row: LayerEnergy) -> tuple[str, ...]:
    counts = (row.additions, row.multiplications, row.dense, row.updates, row.arrivals, row.reads, row.writes)
    return (row.place, row.name, *(_count(n) if n else "" for n in counts), *map(joules, row.spiking.levels))


def _total(found: Estimate) -> tuple[str, ...]:
    names = ("additions", "multiplications", "dense", "updates", "arrivals", "reads", "writes")
    sums = (sum(getattr(row, name) or 0 for row in found.layers) for name in names)
    return ("", "all", *(_count(n) if n else "" for n in sums), *map(joules, found.float32.spiking.levels))


def _rows(c: Comparison, spiking: bool) -> list[tuple[str, ...]]:
    if not spiking:
        return [(f"as it is, {c.numbers}", *map(joules, c.spiking.levels))]
    return [
        (f"spiking, {c.numbers}", *map(joules, c.spiking.levels)),
        (f"without spikes, {c.numbers}", *map(joules, c.without.levels)),
        ("  ratio", *(f"{r:.3g}" for r in c.ratios)),
        ("  break-even, spikes a synapse", *map(_plain, c.break_even)),
        ("  break-even, a synapse and step", *map(_plain, c.break_even_rate)),
        ("  break-even, dense passes", *map(_plain, c.break_even_passes)),
    ]


def _aligned(rows: Sequence[Sequence[str]], left: int) -> list[str]:
    widths = [max(len(row[c]) for row in rows) for c in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(w) if c < left else cell.rjust(w) for c, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
