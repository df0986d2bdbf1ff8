"""Limits of chips: each is violated once, named with its value and its source, and a network within all limits has none."""

from typing import Any

import pytest
import torch

import ranvier as rv
from ranvier.hardware import CHIPS, Violation, check, quantise, unchecked
from ranvier.hardware.chips.projection import projections
from ranvier.hardware.plan import plan
from ranvier.layers.max_gate import MaxGate
from ranvier.layers.scale import Scale


def net(*layers: Any) -> Any:
    return rv.Sequential(*layers, rate=None)


def values(network: Any, chip: str, shape: tuple[int, ...] | None = None) -> list[str]:
    return [f"{v.layer}: {v.value}" for v in check(network, chip, shape)]


def rounded(network: Any, bits: int = 8, **options: Any) -> Any:
    return quantise(network, bits, "layer", **options)


def block(shortcut: Any) -> Any:
    return rv.Residual(net(rv.Conv2d(4, 4, 3, padding=1)), net(shortcut))


CUBA = {"tau_mem": 16e-3, "tau_syn": 4e-3}
WITHIN = {
    "loihi": lambda: (rounded(net(rv.Linear(40, 30), rv.CubaLIF(), rv.Linear(30, 5), rv.LI())), None),
    "truenorth": lambda: (rounded(net(rv.Linear(256, 256), rv.IF(reset=rv.Subtract()), rv.Linear(256, 5), rv.IF()), 2), None),
    "akida": lambda: (rounded(net(rv.Conv2d(1, 4, 3), rv.MaxPool2d(2), rv.Conv2d(4, 4, 3, stride=2), rv.Flatten(), rv.Linear(16, 2)), 4), (1, 12, 12)),
    "akida2": lambda: (rounded(net(rv.Conv2d(1, 4, 3), rv.MaxPool2d(2), block(rv.Conv2d(4, 4, 1)), rv.Flatten(), rv.Linear(100, 2)), 8), (1, 12, 12)),
    "xylo": lambda: (
        rounded(net(rv.Linear(16, 50), rv.Recurrent(rv.CubaLIF(reset=rv.Subtract(), **CUBA), 50), rv.Linear(50, 8), rv.LI(tau_mem=16e-3))),
        None,
    ),
    "spinnaker": lambda: (rounded(net(rv.Delays(100), rv.Flatten(), rv.Linear(500, 9), rv.CubaLIF(), rv.Linear(9, 2), rv.Izhikevich())), (5,)),
}  # fmt: skip


@pytest.mark.parametrize("chip", CHIPS)
def test_a_network_within_the_limits_violates_none(chip: str) -> None:
    network, shape = WITHIN[chip]()
    assert check(network, chip, shape) == []


@pytest.mark.parametrize("chip", CHIPS)
def test_floating_point_weights_fit_no_chip(chip: str) -> None:
    first = check(net(rv.Linear(4, 3), rv.IF()), chip)[0]
    assert isinstance(first, Violation) and (first.layer, first.name) == ("0", "Linear")
    assert (
        "its weights are floating point (rv.hardware.quantise(net, bits=" in first.value and "weights of" in first.limit
    )
    assert len(first.source) > 20 and first.chip == CHIPS[chip].title
    assert str(first) == f"layer 0 (Linear): {first.value}; {first.chip} has {first.limit} [{first.source}]"
    assert unchecked(chip)[0].startswith("the input is taken to be")


def test_a_gate_of_counts_is_in_no_chip() -> None:
    network = rounded(net(rv.Conv2d(1, 4, 3), rv.IF(), MaxGate(torch.nn.MaxPool2d(2)), rv.Conv2d(4, 2, 3), rv.IF()))
    for chip in CHIPS:
        assert any(
            v.layer == "2" and v.name == "MaxGate" and "MaxPool2d" in v.value for v in check(network, chip, (1, 12, 12))
        )
    assert projections(plan(network, (1, 12, 12)))[1].fan_in == 4 * 4 * 9


def test_loihi() -> None:
    assert values(rounded(net(rv.Linear(5000, 2), rv.IF())), "loihi") == ["0: one neuron has 5000 inputs"]
    assert values(rounded(net(rv.Linear(4, 2), rv.ALIF())), "loihi") == ["1: its neurons are ALIF"]
    assert values(rounded(net(rv.Linear(4, 2), rv.LIF(reset=rv.Subtract()))), "loihi") == [
        "1: its reset is by subtraction"
    ]
    odd = rv.LIF(v_reset=-0.5, refractory=rv.Clamp(0.1))
    assert values(rounded(net(rv.Linear(4, 2), odd)), "loihi") == [
        "1: it has 100 steps",
        "1: v_reset is -0.5, v_leak 0",
    ]
    many = net(rv.Linear(4, 30), rv.Recurrent(rv.LIF(), 30))
    assert values(rounded(many), "loihi") == [
        '1: its weights have other scales (quantise with per="layer" or power_of_two=True)'
    ]
    assert values(rounded(many, power_of_two=True), "loihi") == []
    assert values(quantise(net(rv.Linear(4, 2), rv.IF()), 16, "layer"), "loihi") == ["0: its weights have 16 bit"]
    assert values(rounded(net(rv.Linear(4, 140000), rv.IF())), "loihi") == [": it has 140000 neurons"]
    assert values(rounded(net(rv.Conv2d(2, 64, 7, padding=3), rv.IF())), "loihi", (2, 60, 60)) == [
        ": it has 230400 neurons", f": its synapses take {64 * 3600 * 98 * 8} bits, each stored by itself"
    ]  # fmt: skip


def test_truenorth() -> None:
    assert values(rounded(net(rv.Linear(300, 2), rv.IF()), 2), "truenorth") == ["0: one neuron has 300 inputs"]
    assert values(rounded(net(rv.Linear(4, 300), rv.IF()), 2), "truenorth") == ["0: one source reaches 300 neurons"]
    late = rounded(net(rv.Delays(20), rv.Flatten(), rv.Linear(40, 2), rv.IF()), 2)
    assert values(late, "truenorth", (2,)) == ["2: its longest is 19 steps"]
    layer = rv.Linear(6, 1)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[1.0, 2.0, 3.0, -1.0, -2.0, 0.0]]))
    assert values(rounded(net(layer, rv.IF())), "truenorth") == ["0: one neuron has 5 different weights"]
    assert values(rounded(net(rv.Linear(4, 2), rv.LIF()), 2), "truenorth") == ["1: its neurons are LIF"]
    assert values(quantise(net(rv.Linear(2, 2), rv.IF()), 16), "truenorth") == ["0: its weights have 16 bit"]
    big = rounded(net(rv.Conv2d(1, 25, 2), rv.IF()), 2)
    assert values(big, "truenorth", (1, 211, 211)) == [f": it has {25 * 210 * 210} neurons"]


def test_spiking_chips_have_spikes_and_sums() -> None:
    network = rounded(net(rv.Linear(4, 3), rv.LI(), rv.Linear(3, 2), rv.IF()))
    for chip in ("loihi", "spinnaker"):
        assert "1: its output is a membrane that other layers read" in values(network, chip)
    window = rounded(net(rv.MaxPool2d(2), rv.Flatten(), rv.Linear(4, 3), rv.IF()))
    assert values(window, "loihi", (1, 4, 4)) == ["0: takes the maximum of a window (an OR of spikes needs neurons)"]


def test_akida() -> None:
    def conv(*args: Any, bits: int = 4, version: str = "akida", **options: Any) -> list[str]:
        return values(rounded(net(rv.Conv2d(1, 2, 3), rv.Conv2d(2, 2, *args, **options)), bits), version, (1, 20, 20))

    assert conv(3) == conv(5) == conv(3, stride=2) == []
    assert conv(5, stride=2) == ["1: its stride is 2 x 2"] and conv((3, 1)) == ["1: its kernel is 3 x 1"]
    assert conv(4) == ["1: its kernel is 4 x 4"] and conv(5, stride=2, bits=8, version="akida2") == []
    assert conv(3, bits=8) == ["1: its weights have 8 bit"] and conv(3, bits=8, version="akida2") == []
    first = rounded(net(rv.Conv2d(1, 2, 4, stride=4)), 4)
    assert values(first, "akida", (1, 20, 20)) == ["0: its kernel is 4 x 4", "0: its stride is 4 x 4"]
    assert values(first, "akida2", (1, 20, 20)) == []
    assert values(rounded(net(rv.Conv2d(2, 100, 7)), 4), "akida", (2, 9, 9)) == ["0: it takes 2 channels"]
    assert values(rounded(net(rv.Conv2d(1, 100, 7)), 4), "akida", (1, 9, 9)) == ["0: it has 100 filters"]
    wide = rounded(net(rv.Conv2d(1, 2049, 3), rv.Conv2d(2049, 1, 1)), 8)
    assert values(wide, "akida2", (1, 5, 5)) == ["1: it takes 2049 channels"]
    small = rounded(net(rv.Conv2d(1, 2, 3)), 4)
    assert values(small, "akida", (1, 4, 9)) == ["0: it takes 4 x 9"] and values(small, "akida", (1, 400, 256)) == []
    assert values(small, "akida", (1, 9, 257)) == ["0: it takes 9 x 257"] == values(small, "akida", (1, 9, 257))
    assert (
        values(small, "akida2", (1, 385, 9)) == ["0: it takes 385 x 9"] and values(small, "akida2", (1, 9, 400)) == []
    )
    for chip, inputs in (("akida", 57335), ("akida2", 2049)):
        assert values(rounded(net(rv.Linear(inputs, 1)), 4), chip) == [f"0: it has {inputs} inputs"]


def test_akida_pools_maxima_in_front_of_convolutions() -> None:
    def pooled(*pools: Any, chip: str = "akida") -> list[str]:
        network = rounded(net(rv.Conv2d(1, 2, 3), *pools, rv.Flatten(), rv.Linear(72, 2)), 4)
        return values(network, chip, (1, 20, 20))

    assert pooled(rv.MaxPool2d(3)) == ["1: no convolution follows it", "1: its window is 3 x 3, its stride 3 x 3"]
    assert pooled(rv.MaxPool2d(3), chip="akida2") == ["1: its window is 3 x 3, its stride 3 x 3"]
    assert pooled(rv.AvgPool2d(3)) == ["1: it takes the mean of windows of 3 x 3"]
    network = rounded(net(rv.Conv2d(1, 2, 3), rv.AvgPool2d(18), rv.Flatten(), rv.Linear(2, 2)), 4)
    assert values(network, "akida", (1, 20, 20)) == []
    network = rounded(net(rv.Conv2d(1, 2, 3), rv.MaxPool2d(3, stride=2), rv.Flatten(), rv.Linear(128, 2)), 4)
    assert values(network, "akida2", (1, 20, 20)) == []


def test_akida_has_no_time_and_its_first_version_no_branches() -> None:
    spiking = rounded(net(rv.Delays(2), rv.Flatten(), rv.Linear(8, 3), rv.Recurrent(rv.CubaLIF(), 3)), 4)
    assert values(spiking, "akida", (4,)) == [
        "0: it hands on earlier steps", "3: its neurons keep v, i from step to step", "3: it has 9 recurrent weights"
    ]  # fmt: skip
    block = rounded(net(rv.Residual(net(rv.Conv2d(1, 1, 3, padding=1)), net(Scale(0.5)))), 4)
    assert values(block, "akida", (1, 6, 6)) == ["0.shortcut.0: it has factors of its own", "0: it adds two branches"]


def test_branches_lead_to_one_population() -> None:
    block = rv.Residual(net(rv.Linear(6, 4), rv.IF(), rv.Linear(4, 6)), net(Scale(0.5)))
    network = rounded(net(rv.Linear(5, 6), rv.IF(), block, rv.IF(), rv.Linear(6, 2)))
    parts = projections(plan(network))
    assert [(p.sources, p.fan_in, p.fan_out, p.synapses) for p in parts] == [
        (5, 5, 6, 30), (6, 6, 4, 24), (10, 5, 6, 30), (6, 6, 2, 12)
    ]  # fmt: skip
    assert (
        "2.shortcut.0: its factors are floating point (give the shortcut a Linear or Conv2d in place of them)"
        in values(network, "spinnaker")
    )


def test_xylo() -> None:
    good = {"reset": rv.Subtract(), **CUBA}
    network = net(rv.Linear(20, 1200), rv.CubaLIF(**good), rv.Linear(1200, 10), rv.CubaLIF(**good))
    assert values(rounded(network), "xylo") == [
        "0: the network has 20 inputs", "3: it has 10 neurons", ": it has 1200 neurons in front of the last layer"
    ]  # fmt: skip
    wide = net(
        rv.Linear(4, 60),
        rv.Recurrent(rv.CubaLIF(**good), 60),
        rv.Linear(60, 5),
        rv.CubaLIF(**good),
        rv.Linear(5, 2),
        rv.CubaLIF(**good),
    )
    assert values(rounded(wide), "xylo") == ["1: one neuron reaches 65 others"]
    late = net(rv.Delays(3), rv.Flatten(), rv.Linear(6, 2), rv.CubaLIF(tau_mem=11e-3, tau_syn=4e-3))
    assert values(rounded(late), "xylo", (2,)) == [
        "2: its longest delay is 2 steps", "3: its reset is to a value", "3: tau_mem is 0.011 s, the nearest 0.008 s"
    ]  # fmt: skip


def test_spinnaker() -> None:
    assert values(rounded(net(rv.Linear(4, 2), rv.LIF())), "spinnaker") == ["1: its input is a current of one step"]
    assert values(rounded(net(rv.Linear(4, 2), rv.LIF(input=rv.ImpulseInput()))), "spinnaker") == []
    assert values(rounded(net(rv.Linear(4, 2), rv.ALIF())), "spinnaker") == ["1: its neurons are ALIF"]
    late = rounded(net(rv.Delays(200), rv.Flatten(), rv.Linear(200, 2), rv.CubaLIF()))
    assert values(late, "spinnaker", (1,)) == ["2: its longest is 199 steps"]


def test_pooling_and_delays_belong_to_the_synapses() -> None:
    network = net(
        rv.Conv2d(2, 6, 3),
        rv.IF(),
        rv.AvgPool2d(2),
        rv.Conv2d(6, 4, 3, groups=2),
        rv.IF(),
        rv.Flatten(),
        rv.Linear(16, 3),
    )
    parts = projections(plan(network, (2, 10, 10)))
    assert [(p.fan_in, p.fan_out) for p in parts] == [(18, 54), (108, 16), (16, 3)]
    assert parts[2].target is None and parts[0].synapses == 18 * 6 * 64
    (late,) = projections(plan(net(rv.Delays(4), rv.Flatten(), rv.Linear(12, 2), rv.Recurrent(rv.IF(), 2)), (3,)))
    assert (late.delay, late.sources, late.fan_in, late.fan_out) == (3, 3, 14, 2)


def test_an_unknown_chip_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"chip must be one of loihi, truenorth, .*, got 'brain'. Write check\(net, \"loihi\"\)"
    ):
        check(net(rv.Linear(2, 2)), "brain")
    with pytest.raises(ValueError, match="chip must be one of"):
        unchecked("brain")
