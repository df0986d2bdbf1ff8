"""Izhikevich: the 20 firing patterns by their signatures, the author's scheme, a cortical network, refusals."""

import pytest
import torch
from torch import Tensor

from ranvier.equations import ImpulseInput, ModelError, RungeKutta4, Subtract
from ranvier.neurons import Izhikevich
from ranvier.neurons.izhikevich_patterns import CELLS, PATTERNS
from ranvier.units import ms, mV

# name -> number of spikes, times of the first ones, time of the last if told [ms]
GOLDEN = {
    "tonic spiking": (5, [13, 17, 31.5, 59.25, 86.75], 86.75),
    "phasic spiking": (1, [43.75], 43.75),
    "tonic bursting": (28, [25, 26.5, 28.25, 30], None),
    "phasic bursting": (6, [39, 42.8, 47, 51.8], 67.2),
    "mixed mode": (6, [20, 22.75, 27.25, 67], None),
    "spike frequency adaptation": (6, [10.25, 12.25, 15, 19.75], None),
    "class 1": (10, [84.5, 125, 155.75, 181], None),
    "class 2": (14, [105.75, 126.5, 145.25], None),
    "spike latency": (1, [26.6], 26.6),
    "subthreshold oscillations": (1, [26.5], 26.5),
    "resonator": (1, [338], 338),
    "integrator": (1, [20], 20),
    "rebound spike": (1, [68], 68),
    "rebound burst": (7, [68, 71, 74.2, 77.8], 92.2),
    "threshold variability": (1, [93.25], 93.25),
    "bistability": (5, [45.25, 86, 126.5, 167.25, 208], 208),
    "depolarising after-potential": (1, [11.3], 11.3),
    "accommodation": (1, [311.5], 311.5),
    "inhibition-induced spiking": (3, [94.5, 166, 236], 236),
    "inhibition-induced bursting": (12, [86.5, 88.5, 90.5, 93], 204),
}


def run(name: str, **options) -> tuple[Tensor, Tensor]:
    """Spike times [ms] and membrane [mV] of a pattern in its figure."""
    done = Izhikevich.pattern(name, **options).run(PATTERNS[name].current(), record=("v",))
    return at(name, done.output.flatten() > 0), done.records["v"].flatten() / mV


def at(name: str, chosen: Tensor) -> Tensor:
    return PATTERNS[name].times()[chosen] / ms


@pytest.fixture(scope="module")
def figure() -> dict[str, tuple[Tensor, Tensor]]:
    return {name: run(name) for name in PATTERNS}


def between(name: str, v: Tensor, low: float, high: float) -> Tensor:
    t = PATTERNS[name].times() / ms
    return v[(t > low) & (t < high)]


@pytest.mark.parametrize("name", GOLDEN)
def test_spikes_of_the_figure(name: str, figure: dict) -> None:
    count, first, last = GOLDEN[name]
    times = figure[name][0]
    assert len(times) == count
    assert times[: len(first)].tolist() == pytest.approx(first, abs=1e-6)
    assert last is None or times[-1].item() == pytest.approx(last, abs=1e-6)


def test_the_table_holds_twenty_patterns_a_to_t() -> None:
    assert "".join(p.letter for p in PATTERNS.values()) == "ABCDEFGHIJKLMNOPQRST"
    assert list(PATTERNS) == list(GOLDEN)


def bursts(times: Tensor, gap: float) -> list[int]:
    """Lengths of runs of spikes with less than `gap` ms between them."""
    ends = (times.diff() > gap).nonzero().flatten().tolist()
    edges = [0, *(e + 1 for e in ends), len(times)]
    return [b - a for a, b in zip(edges, edges[1:], strict=False)]


def test_tonic_and_phasic_spiking_and_bursting_differ_in_their_bursts(figure: dict) -> None:
    lengths = {name: bursts(figure[name][0], 10) for name in PATTERNS}
    assert lengths["phasic spiking"] == [1] and lengths["phasic bursting"] == [6]
    assert lengths["tonic spiking"] == [2, 1, 1, 1]
    assert len(lengths["tonic bursting"]) >= 4 and min(lengths["tonic bursting"]) >= 4
    assert lengths["mixed mode"] == [3, 1, 1, 1], "a burst, then single spikes"
    assert lengths["rebound burst"] == [7] and lengths["rebound spike"] == [1]
    assert [len(b) for b in (lengths["inhibition-induced bursting"], lengths["inhibition-induced spiking"])] == [2, 3]


def test_adaptation_slows_and_the_ramps_of_the_two_classes_begin_differently(figure: dict) -> None:
    gaps = figure["spike frequency adaptation"][0].diff()
    assert (gaps.diff() > 0).all() and gaps[-1] > 10 * gaps[0]
    low, high = (1e3 / figure[name][0].diff() for name in ("class 1", "class 2"))
    assert low[0] < 26 and low[-1] / low[0] > 1.8, "class 1: any rate, told by the input"
    assert high[0] > 45 and high[-1] / high[0] < 2 < low[-1] / low[0], "class 2: none below about 50 Hz"


def test_latency_oscillations_resonance_and_integration(figure: dict) -> None:
    assert figure["spike latency"][0][0] - 13 > 13, "long after a pulse of 3 ms"
    name = "subthreshold oscillations"
    after = between(name, figure[name][1], 35, 200)
    turns = ((after[1:-1] > after[:-2]) & (after[1:-1] >= after[2:])).nonzero().flatten() + 1
    peaks = after[turns]
    assert len(turns) >= 3 and (peaks.diff() < 0).all() and after.max() < -55, "it rings and dies away below threshold"
    doublets = {40: 64, 280: 324}
    assert [
        int(((figure["resonator"][0] > a) & (figure["resonator"][0] < b + 40)).sum()) for a, b in doublets.items()
    ] == [0, 1]
    assert figure["integrator"][0].item() < 40, "only the close pair adds up"


def test_rebound_variability_bistability_and_afterpotential(figure: dict) -> None:
    assert figure["rebound spike"][0][0] > 25, "after the inhibition, not during it"
    assert figure["threshold variability"][0].item() > 80, "the same pulse fails without the inhibition before it"
    times = figure["bistability"][0]
    assert 37 < times[0] < 50 and times[-1] < 216 and times.diff().std() < 1, "one pulse starts it, the other stops it"
    name = "depolarising after-potential"
    v = figure[name][1]
    assert between(name, v, 12, 20).max() > v[0] + 3, "above rest after the spike, where others are below"
    assert between("spike latency", figure["spike latency"][1], 27, 40).max() < -60


def test_only_the_fast_ramp_fires_and_inhibition_induces_only_while_it_lasts(figure: dict) -> None:
    assert (figure["accommodation"][0] > 300).all(), "the slow ramp reaches twice the current without a spike"
    x = PATTERNS["accommodation"].current().flatten()
    assert x[: len(x) // 2].max() > 7 and x[len(x) // 2 :].max() < 4
    for name in ("inhibition-induced spiking", "inhibition-induced bursting"):
        times = figure[name][0]
        assert times[0] > 50 and times[-1] < 250


def test_patterns_need_their_parameters(figure: dict) -> None:
    """An older list of the web: bistability with a = 1, b = 1.5, d = 0 is none; inhibition-induced bursting with d = 0 bursts otherwise."""
    assert len(run("bistability", a=1 / ms, b=1.5 / ms, d=0.0)[0]) != len(figure["bistability"][0])
    assert len(run("inhibition-induced bursting", d=0.0)[0]) != len(figure["inhibition-induced bursting"][0])


def test_counts_belong_to_a_scheme(figure: dict) -> None:
    """Another integrator is another count: nothing to compare."""
    counts = {name: len(run(name, integrator=RungeKutta4())[0]) for name in ("tonic bursting", "class 2")}
    assert counts != {name: len(figure[name][0]) for name in counts}


def test_cells_of_the_first_paper_and_options_of_a_pattern() -> None:
    chattering, regular = Izhikevich.pattern("chattering"), Izhikevich.pattern("regular spiking", dt=0.25 * ms)
    assert (chattering.c, chattering.dt, regular.dt) == (-50 * mV, 0.5 * ms, 0.25 * ms)
    x = torch.full((800, 1, 1), 10.0, dtype=torch.float64)
    many, few = (int(n(x).sum()) for n in (Izhikevich.pattern("chattering", dt=0.25 * ms), regular))
    assert many > 2 * few > 4 and len(CELLS) == 5
    assert Izhikevich.pattern("tonic spiking", d=5.0, learn=("a",)).d == 5.0
    with pytest.raises(ValueError, match="no pattern 'chatter'. Choose one of 'tonic spiking', .*'chattering'"):
        Izhikevich.pattern("chatter")


def test_rest_is_a_fixed_point_and_impulses_move_the_membrane() -> None:
    neuron = Izhikevich(input=ImpulseInput(), backend="eager")
    x = torch.zeros(40, 1, 1, dtype=torch.float64)
    still = neuron.run(x)
    assert still.output.sum() == 0
    assert still.state["v"].item() == pytest.approx(-70 * mV, abs=1e-12)
    assert still.state["u"].item() == pytest.approx(-14, abs=1e-9)
    x[0] = 10 * mV
    assert neuron.run(x[:1]).state["v"].item() == pytest.approx(-60 * mV, abs=1e-9)


def test_a_membrane_above_its_peak_does_not_run_away() -> None:
    neuron = Izhikevich(order=("integrate", "reset", "fire"), backend="eager")
    done = neuron.run(torch.full((400, 1, 1), 500.0, dtype=torch.float64), record=("v",))
    assert done.output.mean() > 0.1 and done.records["v"].abs().max() < 1


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"dt": 1.5 * ms}, ValueError, r"Izhikevich: dt must not exceed 1 ms, got dt=0\.0015 s.*Write dt=0\.5 \* ms"),
        ({"c": 30 * mV}, ValueError, r"Izhikevich: c must lie below v_peak"),
        ({"reset": Subtract()}, ModelError, r"Izhikevich cannot reset by subtraction"),
        ({"k": "0.04"}, TypeError, r"k must be a number"),
    ],
)
def test_what_makes_no_neuron_is_refused(options: dict, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        Izhikevich(**options)


@torch.no_grad()
def test_a_cortical_network_fires_at_a_few_hertz_in_a_rhythm() -> None:
    """Izhikevich (2003), fig. 3: 800 excitatory and 200 inhibitory neurons, all to all, thalamic noise."""
    g = torch.Generator().manual_seed(1)
    r = torch.rand(1000, generator=g)
    exc, inh = r[:800], r[800:]
    neuron = Izhikevich(
        a=torch.cat([torch.full((800,), 0.02), 0.02 + 0.08 * inh]) / ms,
        b=torch.cat([torch.full((800,), 0.2), 0.25 - 0.05 * inh]) / ms,
        c=torch.cat([-65 + 15 * exc**2, torch.full((200,), -65.0)]) * mV,
        d=torch.cat([8 - 6 * exc**2, torch.full((200,), 2.0)]),
        v_start=-65 * mV,
        backend="eager",
    )
    weight = torch.rand(1000, 1000, generator=g) * torch.where(torch.arange(1000) < 800, 0.5, -1.0)  # [post, pre]
    noise = torch.where(torch.arange(1000) < 800, 5.0, 2.0)
    state, fired, counts = None, torch.zeros(1, 1000), []
    for _ in range(600):  # 1 ms as two steps; a spike's current lasts 1 ms
        x = noise * torch.randn(1, 1000, generator=g) + fired @ weight.T
        first, state = neuron.step(x, state)
        second, state = neuron.step(x, state)
        fired = first + second
        counts.append(fired.sum())
    active = torch.stack(counts)[100:]
    rate = 1e3 * active.mean().item() / 1000
    assert 2 < rate < 15
    power = torch.fft.rfft(active - active.mean()).abs() ** 2
    hertz = torch.fft.rfftfreq(len(active), 1e-3)
    slow = power[(hertz > 2) & (hertz < 25)].sum() / power[hertz > 0].sum()
    assert slow > 0.3, "waves of about 10 Hz"
