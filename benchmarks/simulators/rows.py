"""The networks that `simulate.py` times, as numbers that every simulator builds from. Units: ms, mV, pA, nS, pF, Hz.

Needs nothing but numpy, since it is read in the environments of all simulators.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

DT = 0.1
PROBABILITY, IN_DEGREE, TOTAL = "probability", "in-degree", "total"
CURRENT, CONDUCTANCE, HODGKIN_HUXLEY, DELTA = "current", "conductance", "hodgkin-huxley", "delta"


@dataclass(frozen=True)
class Projection:
    """Synapses. number: a chance of each pair, synapses of each target, or all of them, by kind. weight: in nS, pA or mV, by the cell."""

    pre: str
    post: str
    kind: str
    number: float
    weight: float
    delay: float
    weight_sd: float = 0.0
    delay_sd: float = 0.0
    plastic: bool = False


@dataclass(frozen=True)
class Row:
    """One network. cell: which kind of neuron, and numbers: its parameters. start: mean and sd of v, or its lowest and highest (`uniform`).

    drives: rate of Poisson impulses and their weight, by population; current: constant. transient, seconds: biological ones, not timed and timed;
    tolerance: how far rates may differ among simulators, as a part of the median.
    """

    name: str
    cell: str
    numbers: Mapping[str, float]
    sizes: Mapping[str, int]
    projections: tuple[Projection, ...]
    start: Mapping[str, tuple[float, float]]
    seconds: float
    tolerance: float
    transient: float = 0.2
    uniform: bool = False
    current: Mapping[str, float] | None = None
    drives: Mapping[str, tuple[float, float]] | None = None
    scale: float = 1.0

    @property
    def neurons(self) -> int:
        """Of all populations."""
        return sum(self.sizes.values())

    def count(self, p: Projection) -> int:
        """Synapses of a projection; of random ones, how many are expected."""
        pre, post = self.sizes[p.pre], self.sizes[p.post]
        return (
            round(p.number * pre * post)
            if p.kind == PROBABILITY
            else round(p.number) * (post if p.kind == IN_DEGREE else 1)
        )

    @property
    def synapses(self) -> int:
        """Of all projections."""
        return sum(map(self.count, self.projections))

    def events(self, rates: Mapping[str, float]) -> float:
        """Synaptic events a biological second at these rates."""
        return sum(rates[p.pre] * self.count(p) for p in self.projections)

    def first(self, population: str) -> int:
        """Number of a population's first neuron, counted through all of them."""
        names = list(self.sizes)
        return sum(self.sizes[name] for name in names[: names.index(population)])

    def wire(self, p: Projection, rng: np.random.Generator) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Neurons of each synapse, within their populations, in the order of the presynaptic ones."""
        pre, post = self.sizes[p.pre], self.sizes[p.post]
        if p.kind == PROBABILITY:
            i, j = np.nonzero(rng.random((pre, post)) < p.number)
            return i.astype(np.int32), j.astype(np.int32)
        n = self.count(p)
        i = rng.integers(0, pre, n, dtype=np.int32)
        if p.kind == IN_DEGREE:
            j = np.repeat(np.arange(post, dtype=np.int32), round(p.number))
        else:
            j = rng.integers(0, post, n, dtype=np.int32)
        order = np.argsort(i, kind="stable")
        return i[order], j[order]

    def draw(self, rng: np.random.Generator, mean: float, sd: float, n: int, low: float) -> NDArray[np.float64]:
        """Normal numbers of the mean's sign whose size is at least `low`: those below are drawn again."""
        found = rng.normal(abs(mean), sd, n)
        while len(bad := np.flatnonzero(found < low)):
            found[bad] = rng.normal(abs(mean), sd, len(bad))
        return np.copysign(found, mean)

    def v_start(self, rng: np.random.Generator) -> NDArray[np.float64]:
        """Membrane potentials of all neurons at the start."""
        draw = rng.uniform if self.uniform else rng.normal
        return np.concatenate([draw(*self.start[name], n) for name, n in self.sizes.items()])


VOGELS_ABBOTT = {
    "c_m": 200.0,
    "g_l": 10.0,
    "tau_m": 20.0,
    "v_th": -50.0,
    "v_reset": -60.0,
    "t_ref": 5.0,
    "tau_e": 5.0,
    "tau_i": 10.0,
}
REVERSAL = {"e_e": 0.0, "e_i": -80.0}
SODIUM = {
    "c_m": 200.0,
    "g_l": 10.0,
    "e_l": -60.0,
    "g_na": 20_000.0,
    "e_na": 50.0,
    "g_k": 6000.0,
    "e_k": -90.0,
    "v_t": -63.0,
    "v_th": -20.0,
}
CONDUCTANCES = {
    "e": (40.0, 15.0),
    "i": (200.0, 120.0),
}  # mean and sd with which the Hodgkin-Huxley network starts; not below 0


def _two(scale: float, exc: int, inh: int) -> dict[str, int]:
    return {"E": round(exc * scale), "I": round(inh * scale)}


def _both(kind: str, exc: float, inh: float, w_exc: float, w_inh: float, delay: float) -> tuple[Projection, ...]:
    sources = (("E", exc, w_exc), ("I", inh, w_inh))
    return tuple(Projection(pre, post, kind, number, w, delay) for pre, number, w in sources for post in ("E", "I"))


def coba(scale: float = 1.0) -> Row:
    """Vogels and Abbott's network with conductances, driven by 200 pA."""
    return Row(
        "coba", CONDUCTANCE, VOGELS_ABBOTT | REVERSAL | {"e_l": -60.0}, _two(scale, 3200, 800),
        _both(PROBABILITY, 0.02, 0.02, 6.0, -67.0, 0.1), {"E": (-60.0, -50.0), "I": (-60.0, -50.0)},
        seconds=1.0, tolerance=0.3, uniform=True, current={"E": 200.0, "I": 200.0}, scale=scale,
    )  # fmt: skip


def cuba(scale: float = 1.0) -> Row:
    """Vogels and Abbott's network with currents: 1.62 and -9 mV over the 100 MOhm of the membrane."""
    return Row(
        "cuba", CURRENT, VOGELS_ABBOTT | {"e_l": -49.0}, _two(scale, 3200, 800),
        _both(PROBABILITY, 0.02, 0.02, 16.2, -90.0, 0.1), {"E": (-60.0, -50.0), "I": (-60.0, -50.0)},
        seconds=2.0, tolerance=0.15, uniform=True, scale=scale,
    )  # fmt: skip


def hh_coba(scale: float = 1.0) -> Row:
    """The same with neurons of Traub and Miles, which keep themselves active."""
    numbers = SODIUM | REVERSAL | {"tau_e": 5.0, "tau_i": 10.0, "t_ref": 3.0}
    return Row(
        "hh_coba", HODGKIN_HUXLEY, numbers, _two(scale, 3200, 800), _both(PROBABILITY, 0.02, 0.02, 6.0, -67.0, 0.1),
        {"E": (-65.0, 5.0), "I": (-65.0, 5.0)}, seconds=0.5, tolerance=0.4, scale=scale,
    )  # fmt: skip


def brunel(scale: float = 1.0) -> Row:
    """Brunel's network at g = 5, eta = 2: jumps of 0.1 and -0.5 mV, 20,000 impulses a second from outside."""
    numbers = {"tau_m": 20.0, "c_m": 250.0, "e_l": 0.0, "v_th": 20.0, "v_reset": 10.0, "t_ref": 2.0}
    return Row(
        "brunel", DELTA, numbers, _two(scale, 10_000, 2500), _both(IN_DEGREE, 1000 * scale, 250 * scale, 0.1, -0.5, 1.5),
        {"E": (0.0, 0.0), "I": (0.0, 0.0)}, seconds=0.5, tolerance=0.05, drives={"E": (20_000.0, 0.1), "I": (20_000.0, 0.1)}, scale=scale,
    )  # fmt: skip


STDP = {
    "tau": 20.0,
    "rate": 0.01,
    "alpha": 1.05,
    "w_max": 70.0,
}  # both time constants; potentiation, and depression over it


def stdp(scale: float = 1.0) -> Row:
    """A balanced network whose 8.1 million E -> E synapses learn by multiplicative pair STDP."""
    numbers = {
        "c_m": 250.0,
        "tau_m": 20.0,
        "e_l": 0.0,
        "v_th": 20.0,
        "v_reset": 0.0,
        "t_ref": 2.0,
        "tau_e": 2.0,
        "tau_i": 2.0,
    }
    others = _both(IN_DEGREE, 900 * scale, 225 * scale, 35.0, -175.0, 1.5)[1:]
    learns = Projection("E", "E", IN_DEGREE, 900 * scale, 35.0, 1.5, weight_sd=3.0, plastic=True)
    return Row(
        "stdp", CURRENT, numbers, _two(scale, 9000, 2250), (learns, *others), {"E": (7.0, 5.0), "I": (7.0, 5.0)},
        seconds=0.5, tolerance=0.1, drives={"E": (4050.0, 35.0), "I": (4050.0, 35.0)}, scale=scale,
    )  # fmt: skip


NEURONS = np.array([20683, 5834, 21915, 5479, 4850, 1065, 14395, 2948])
EXTERNAL = np.array([1600, 1500, 2100, 1900, 2000, 1900, 2900, 2100])
V_START = (
    (-68.28, 5.36),
    (-63.16, 4.57),
    (-63.33, 4.74),
    (-63.45, 4.94),
    (-63.11, 4.94),
    (-61.66, 4.55),
    (-66.72, 5.46),
    (-61.43, 4.48),
)
RATES = np.array([0.903, 2.965, 4.414, 5.876, 7.569, 8.633, 1.105, 7.829])
CHANCES = np.array([
    [0.1009, 0.1689, 0.0437, 0.0818, 0.0323, 0.0, 0.0076, 0.0],
    [0.1346, 0.1371, 0.0316, 0.0515, 0.0755, 0.0, 0.0042, 0.0],
    [0.0077, 0.0059, 0.0497, 0.1350, 0.0067, 0.0003, 0.0453, 0.0],
    [0.0691, 0.0029, 0.0794, 0.1597, 0.0033, 0.0, 0.1057, 0.0],
    [0.1004, 0.0622, 0.0505, 0.0057, 0.0831, 0.3726, 0.0204, 0.0],
    [0.0548, 0.0269, 0.0257, 0.0022, 0.0600, 0.3158, 0.0086, 0.0],
    [0.0156, 0.0066, 0.0211, 0.0166, 0.0572, 0.0197, 0.0396, 0.2252],
    [0.0364, 0.0010, 0.0034, 0.0005, 0.0277, 0.0080, 0.0658, 0.1443],
])  # fmt: skip


def microcircuit(scale: float = 0.1) -> Row:
    """Potjans and Diesmann's cortical microcircuit, neurons and synapses of each scaled, with Poisson impulses from outside."""
    names = [f"p{k}" for k in range(8)]
    sizes = dict(zip(names, (round(n * scale) for n in NEURONS.tolist()), strict=True))
    numbers = {
        "c_m": 250.0,
        "tau_m": 10.0,
        "e_l": -65.0,
        "v_th": -50.0,
        "v_reset": -65.0,
        "t_ref": 2.0,
        "tau_e": 0.5,
        "tau_i": 0.5,
    }
    w, root = 87.81, scale**0.5
    projections, current = [], {}
    for k, post in enumerate(names):
        mean = 0.0
        for j, pre in enumerate(names):
            if not CHANCES[k, j]:
                continue
            full = float(np.log1p(-CHANCES[k, j]) / np.log1p(-1 / (float(NEURONS[j]) * float(NEURONS[k]))))
            weight = w * (-4 if j % 2 else 2 if (k, j) == (0, 2) else 1)
            mean += weight * full / NEURONS[k] * RATES[j]
            delay = 0.75 if j % 2 else 1.5
            projections.append(
                Projection(
                    pre, post, TOTAL, round(full * scale**2), weight / root, delay, abs(weight) / root * 0.1, delay / 2
                )
            )
        current[post] = float(1e-3 * 0.5 * (1 - root) * (mean + w * EXTERNAL[k] * 8))
    drives = {name: (8.0 * float(k) * scale, w / root) for name, k in zip(names, EXTERNAL, strict=True)}
    return Row(
        "microcircuit", CURRENT, numbers, sizes, tuple(projections), dict(zip(names, V_START, strict=True)),
        seconds=0.5, tolerance=0.15, current=current, drives=drives, scale=scale,
    )  # fmt: skip


ROWS: dict[str, Callable[..., Row]] = {f.__name__: f for f in (coba, cuba, hh_coba, brunel, stdp, microcircuit)}


def find(text: str) -> Row:
    """NAME, or NAME:SCALE."""
    name, _, scale = text.partition(":")
    return ROWS[name](float(scale)) if scale else ROWS[name]()


def small(row: Row) -> Row:
    """The same network with a tenth of the neurons: what compiles the same code."""
    return partial(ROWS[row.name], 0.01 if row.name == "microcircuit" else 0.1)()
