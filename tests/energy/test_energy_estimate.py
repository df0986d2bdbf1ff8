"""Prices on counts: golden numbers, the verdict that flips, the break-even, and what is printed."""

import json
from dataclasses import replace

import pytest
import torch

from ranvier.energy import Counts, Estimate, Horowitz45, estimate, price
from ranvier.energy.count import Count
from ranvier.hardware import quantise
from ranvier.layers import Flatten, Linear, Sequential
from ranvier.neurons import LI, LIF


def synapses(inputs: int, outputs: int, spikes: float, place: str = "0") -> Count:
    """All-to-all synapses that each carry so many spikes a sample."""
    macs, events = inputs * outputs, round(inputs * spikes)
    return Count(place, "Linear", inputs, macs, events, round(macs * spikes))


GOLDEN = Counts([synapses(784, 100, 2.5), synapses(100, 10, 2.5, "1")], samples=1, steps=25, footprint=0)
NEURONS = Count("2", "LIF", updates=2750, states=1, adds=3, multiplies=2)


def test_the_golden_network_whose_verdict_flips():
    """784-100-10, 25 steps, a tenth of all firing in each: 79,400 MACs or 198,500 additions."""
    found = price(GOLDEN)
    assert sum(row.dense for row in found.layers) == 79400
    assert sum(row.additions for row in found.layers) == 198500
    assert found.float32.without.levels[:2] == pytest.approx((365.24e3, 762.24e3))
    assert found.float32.spiking.levels[:2] == pytest.approx((178.65e3, 1171.15e3))
    assert found.float32.ratios[0] < 1 < found.float32.ratios[1] and found.flips
    assert found.verdict.endswith("what the one without spikes costs: the verdict flips with what is counted.")
    assert found.float32.break_even[0] == pytest.approx(4.6 / 0.9) and found.spikes_per_synapse == 2.5
    assert found.float32.break_even[1] == pytest.approx(9.6 / 5.9)
    assert found.float32.break_even_rate[0] == pytest.approx(4.6 / 0.9 / 25)


def test_everything_counts_states_events_and_values():
    found = price(replace(GOLDEN, layers=[*GOLDEN.layers, NEURONS]))
    step = 3 * 0.9 + 2 * 3.7 + 2 * 5
    events = 2 * (784 * 2.5 * 10 + 100 * 2.5 * 7) * 5 / 32  # addresses of 10 and 7 bits, written and read
    assert found.float32.spiking.rest == pytest.approx(2750 * step + events)
    assert found.float32.without.rest == pytest.approx(2 * 884 * 5)
    row = found.layers[2]
    assert (row.updates, row.reads, row.writes, row.dense) == (2750, 2750, 2750, 0)


@pytest.mark.parametrize("level", [0, 1, 2])
@pytest.mark.parametrize("numbers", ["float32", "quantised"])
def test_at_the_break_even_both_cost_the_same(level, numbers):
    analog = Count("0", "Conv2d", 10, 200, 90, 0, 1800, 250)
    size = 1000  # large, so that whole spikes are fine enough

    def with_spikes(s: float) -> Counts:
        layers = [analog, synapses(size, size, s, "1"), synapses(size, 10, s, "2"), NEURONS]
        return Counts(layers, samples=1, steps=25, footprint=0)

    for start in (0.0, 1.0):  # a property of the network, whatever its activity
        even = getattr(price(with_spikes(start)), numbers).break_even[level]
        there = getattr(price(with_spikes(even)), numbers)
        assert there.ratios[level] == pytest.approx(1, rel=1e-3)


def test_the_quantised_pair_has_equal_bits():
    found = price(GOLDEN, bits=4).quantised
    assert found.numbers == "4 bit"
    assert found.without.levels[1] == pytest.approx(79400 * (0.05 + 0.1 + 5 * 4 / 32))
    assert found.spiking.levels[1] == pytest.approx(198500 * (0.1 + 5 * 4 / 32))


def test_dram_makes_weights_the_whole_bill():
    found = price(GOLDEN, Horowitz45(weights="DRAM")).float32
    assert found.spiking.weights == pytest.approx(198500 * 640) and found.ratios[1] == pytest.approx(2.5, rel=0.01)


def test_an_analog_first_layer_is_multiplied_in_every_step():
    x = torch.rand((1, 2, 20)).expand(25, 2, 20)
    found = estimate(Sequential(Linear(20, 10), LIF(backend="eager"), rate=None), x)
    assert found.layers[0].multiplications == 25 * 200 and found.layers[0].dense == 200
    assert found.float32.ratios[0] == pytest.approx(25) and not found.flips
    assert found.float32.break_even == (None, None, None) and found.spikes_per_synapse is None
    assert "spikes a synapse: none a sample" in repr(found)


def test_where_neuron_steps_alone_cost_more_there_is_no_break_even():
    busy = replace(NEURONS, updates=10**8)
    found = price(replace(GOLDEN, layers=[*GOLDEN.layers, busy])).float32
    assert found.break_even[1] is not None and found.break_even[2] is None and found.break_even_rate[2] is None


def test_a_sequence_is_computed_in_every_step():
    assert price(GOLDEN, passes=25).float32.without.operations == pytest.approx(25 * 365.24e3)
    assert "25 dense passes a sample" in repr(price(GOLDEN, passes=25))
    once, always = price(GOLDEN).float32, price(GOLDEN, passes=25).float32
    assert once.break_even_passes == pytest.approx(always.break_even_passes)  # whatever was asked for
    assert once.break_even_passes[1] == pytest.approx(1171.15 / 762.24)


def test_a_layer_that_works_once_is_no_part_of_the_passes():
    readout = Count("2", "readout", inputs=100, synapses=1000, events=100, multiplications=1000, values=100, once=True)
    counts = replace(GOLDEN, layers=[*GOLDEN.layers, readout])
    ten, always = price(counts, passes=10), price(counts, passes=25)
    assert ten.float32.without.operations == pytest.approx(10 * 365.24e3 + 4600)
    assert ten.layers[-1].dense == 1000 and ten.float32.once.operations == pytest.approx(4600)
    assert ten.float32.break_even_passes == pytest.approx(always.float32.break_even_passes)


def test_a_model_of_real_numbers_is_its_own_network_without_spikes():
    layer = Count("0", "units", inputs=6, synapses=30, events=60, multiplications=300, values=60, updates=50, states=1)
    found = price(Counts([layer], samples=2, steps=5, footprint=0, spiking=False), passes=7)
    for comparison in (found.float32, found.quantised):
        assert comparison.spiking == comparison.without and comparison.ratios == (1.0, 1.0, 1.0)
        assert comparison.break_even == comparison.break_even_rate == (None, None, None)
    assert found.layers[0].dense == 150 and found.layers[0].without == found.layers[0].spiking
    assert not found.flips and not found.as_dict()["spiking"]
    told = "The model has no spikes and so is its own network without spikes: nothing is gained and nothing is lost. In float32 it costs 690 pJ"
    assert found.verdict.startswith(told)
    text = repr(found)
    assert (
        "as it is, float32" in text and "no layer spikes" in text and "break-even" not in text and "  ratio" not in text
    )


@pytest.fixture(scope="module")
def found() -> Estimate:
    net = Sequential(Linear(20, 10), LIF(backend="eager"), Linear(10, 2), LI(backend="eager"), rate=None)
    x = (torch.rand((25, 4, 20), generator=torch.Generator().manual_seed(0)) < 0.1).float()
    return estimate(quantise(net, bits=4), x, accuracy=0.9)


def test_the_table_is_for_people(found):
    text = repr(found)
    assert text.startswith("Energy of one sample, mean of 4, 25 steps; estimated by Horowitz45, nothing measured")
    for part in (
        "+ weight reads",
        "without spikes, float32",
        "spiking, 4 bit",
        "break-even",
        "accuracy: 90.0 %",
        "source: M. Horowitz (2014)",
    ):
        assert part in text
    assert "accuracy: not given" in repr(price(GOLDEN))
    assert all(len(line) == len(line.rstrip()) for line in text.splitlines())


def test_plain_values(found):
    values = json.loads(json.dumps(found.as_dict()))
    assert values["measured"] is False and values["technology"]["name"] == "Horowitz45"
    assert values["float32"]["ratios"] == pytest.approx(found.float32.ratios)
    assert values["float32"]["spiking_levels"] == pytest.approx(found.float32.spiking.levels)
    assert [row["name"] for row in values["layers"]] == ["Linear", "LIF", "Linear", "LI"]


def test_a_network_without_synapses_has_no_verdict():
    found = estimate(Sequential(LIF(backend="eager"), Flatten(), rate=None), torch.ones((3, 2, 4)))
    assert found.verdict == "No layer has synapses: there is nothing to compare."
    assert found.as_dict()["float32"]["ratios"] == [None, None, None]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"bits": 17}, "bits must be 1 to 16, or 32, got 17"),
        ({"bits": 8.0}, "got 8.0"),
        ({"passes": 0}, "passes must be a whole number of at least 1, got 0"),
        ({"accuracy": 93.0}, r"accuracy must lie in \[0, 1\], got 93.0"),
    ],
)
def test_refused(options, words):
    with pytest.raises(ValueError, match=words):
        price(GOLDEN, **options)
