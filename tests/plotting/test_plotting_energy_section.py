from dataclasses import replace

import numpy as np

from ranvier.energy import Counts, NeuroBench, price
from ranvier.energy.count import Count
from ranvier.plotting import energy_section, sections


def test_energy_stands_beside_the_network_without_spikes(make_run):
    layers = [
        Count("0", "Linear", 784, 78400, 1960, 196000),
        Count("1", "LIF", updates=2500, states=1, adds=3, multiplies=2),
    ]
    counts = Counts(layers, samples=1, steps=25, footprint=0)
    bench = NeuroBench(79510, 318040, 0.25, 0.9, 1985000.0, 0.0, 196000.0)
    text = energy_section.energy(make_run(energy=price(counts, accuracy=0.9), neurobench=bench))
    for part in (
        "nothing was measured", "the verdict flips with what is counted", "Horowitz (2014)", "176.4 nJ", "360.6 nJ", "without spikes, 8 bit",
        "318,040 bytes", "0.2500", "0.1 spikes a synapse and step", "90.0&nbsp;%", "0.204",
    ):  # fmt: skip
        assert part in text, part


def test_no_spikes_and_nothing_counted(make_run):
    counts = Counts([Count("0", "Linear", 4, 8, 4, 0, 8, 4)], samples=1, steps=1, footprint=0)
    text = energy_section.energy(make_run(energy=price(counts)))
    assert "no layer is fed by spikes" in text and "NeuroBench" not in text and ">none<" in text
    assert energy_section.energy(make_run()) == "<p>No energy was estimated.</p>"


def test_a_model_of_real_numbers_shows_no_gain(make_run):
    counts = Counts([Count("0", "units", 4, 8, 4, 0, 8, 4)], samples=1, steps=1, footprint=0, spiking=False)
    run = make_run(energy=price(counts), dense="all synapses in every row")
    text = energy_section.energy(run)
    assert "is its own network without spikes" in text and "as it is, float32" in text and "nothing spikes" in text
    assert "break-even" not in text and ">ratio<" not in text and "in both networks" not in text
    assert "Computed: all synapses" in text
    silent = replace(run, layers=[replace(layer, rates=np.zeros(0)) for layer in run.layers])
    assert sections.rates(silent, {}) == "<p>Nothing in this model spikes.</p>"
    work = sections.work(run)
    assert (
        "there is no gain to show" in work and "all synapses in every row" in work and "synaptic additions" not in work
    )


def test_any_estimate_is_a_section():
    counts = Counts([Count("in", "synapses", 20, 160, 50, 400)], samples=1, steps=200, footprint=0)
    text = energy_section.estimate(price(counts), "the run of 1 s", "one dense pass over all synapses")
    assert "the operations of the run of 1 s" in text and "Without spikes: one dense pass over all synapses" in text
    assert "Accuracy" not in text and "NeuroBench" not in text
