"""Whole numbers: rounding, formats, what is refused, and how far from floating point. That C computes the same is test_hardware_c_export."""

import json
import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some
from torch import nn

import ranvier as rv
from ranvier.equations.declaration import parameter, state
from ranvier.hardware import FixedPoint, quantise
from ranvier.hardware.arithmetic import rounded
from ranvier.hardware.integers import fitting
from ranvier.layers.max_gate import MaxGate
from ranvier.layers.scale import Scale
from ranvier.neurons.neuron import Neuron
from ranvier.units import Dimensionless, Voltage

EXACT = {
    "nearest": lambda q: math.floor(q + Fraction(1, 2)),
    "floor": math.floor,
    "zero": math.trunc,
    "away": lambda q: math.ceil(q) if q > 0 else math.floor(q),
}


def spikes(*shape: int, rate: float = 0.3) -> torch.Tensor:
    return (torch.rand(shape) < rate).float()


def network(neuron: Any, gain: float = 10.0) -> Any:
    """gain: of the weights onto the neuron, so that it fires without the search for a rate, which takes long."""
    first = rv.Linear(12, 10)
    with torch.no_grad():
        first.weight.mul_(gain)
    return rv.Sequential(first, neuron, rv.Linear(10, 3), rv.LI(backend="eager"), rate=None).eval()


@given(some.integers(-(2**40), 2**40), some.integers(0, 30), some.sampled_from(sorted(EXACT)))
def test_rounding_is_that_of_exact_fractions(total: int, shift: int, rounding: str) -> None:
    found = rounded(np.array(total, dtype=np.int64), shift, rounding)
    assert int(found) == EXACT[rounding](Fraction(total, 2**shift))


def test_a_format_is_the_finest_that_holds_the_values() -> None:
    for largest in (1e-6, 0.3, 1.0, 5.0, 3e4):
        format = fitting(largest, 16, 2.0)
        assert 2 * largest <= format.largest * 2.0**-format.fraction < 4 * largest
    assert str(fitting(1.0, 16, 2.0)) == "16 bit, 13 of them behind the point"


@pytest.mark.parametrize(
    "neuron",
    (
        rv.LIF(backend="eager"),
        rv.LIF(reset=rv.Subtract(), refractory=rv.Clamp(2e-3), backend="eager"),
        rv.LIF(refractory=rv.BlockInput(3e-3), tau_mem=torch.linspace(5e-3, 40e-3, 10), backend="eager"),
        rv.IF(backend="eager"),
        rv.CubaLIF(backend="eager"),
        rv.ALIF(backend="eager"),
        rv.AdaptiveLIF(order=("integrate", "reset", "fire"), backend="eager"),
    ),
    ids=lambda n: type(n).__name__,
)
def test_spikes_are_those_of_floating_point_but_for_near_ties(neuron: Neuron) -> None:
    x = spikes(80, 4, 12)
    fixed = FixedPoint(network(neuron, 1.0 if isinstance(neuron, rv.IF) else 10.0), x, bits=24, coefficient_bits=24)
    run = fixed.run(x)
    expected = fixed.network[1](fixed.network[0](x)).detach()
    assert float(expected.mean()) > 0.01 and not run.saturated
    assert float((run.outputs["1"] != expected).double().mean()) < 1e-3
    assert run.output.shape == (80, 4, 3) and run.raw.dtype == torch.int64
    assert torch.equal(run.output.double(), run.raw.double() * 2.0 ** -(fixed.stages[-1].after[0].fraction or 0))


def test_more_bits_come_nearer() -> None:
    net = rv.Sequential(rv.Linear(12, 3), rv.LI(backend="eager"), rate=None)
    x = torch.randn(50, 2, 12)
    exact = quantise(net)(x).detach()
    errors = [float((FixedPoint(net, x, bits=b, input_bits=b)(x) - exact).abs().max()) for b in (8, 12, 16)]
    assert errors[0] > 4 * errors[1] > 16 * errors[2] > 0


def test_a_run_goes_on_from_its_state() -> None:
    net = rv.Sequential(
        rv.Delays(3), rv.Flatten(), rv.Linear(36, 8), rv.Recurrent(rv.ALIF(r=10.0, backend="eager"), 8),
        rv.SegmentLinear(8, 3, segments=3, steps=20), rv.Accumulator(backend="eager"), rate=None,
    )  # fmt: skip
    x = spikes(24, 2, 12)
    fixed = FixedPoint(net, x)
    whole = fixed.run(x)
    first = fixed.run(x[:9])
    rest = fixed.run(x[9:], first.state)
    assert torch.equal(torch.cat([first.raw, rest.raw]), whole.raw) and torch.equal(fixed(x), whole.output)
    assert bool((whole.outputs["3"] == 1).any())
    assert float((whole.output - fixed.network(x).detach()).abs().max()) < 1e-2


def test_rows_are_independent() -> None:
    x = spikes(30, 3, 12)
    fixed = FixedPoint(network(rv.LIF(backend="eager")), x)
    assert torch.equal(fixed.run(x).raw[:, 1:2], fixed.run(x[:, 1:2]).raw)


class Loihi(Neuron):
    """u <- u (1 - du) + x, then v <- v (1 - dv) + u, as the chip's compartment."""

    du: Dimensionless = parameter(512 / 4096)
    dv: Dimensionless = parameter(256 / 4096)
    v_threshold: Voltage = parameter(1000.0 * 64)
    u: Voltage = state(0.0)
    v: Voltage = state(0.0)

    default_integrator = rv.SemiImplicitEuler()

    def dynamics(self, s: Any, i: Voltage) -> Any:
        return {"u": (i - self.du * s.u) / self.dt, "v": (s.u - self.dv * s.v) / self.dt}

    def threshold(self, s: Any) -> Any:
        return s.v - self.v_threshold

    def reset(self, s: Any) -> Any:
        return {"v": 0 * s.v}


def test_away_from_zero_gives_loihis_numbers() -> None:
    """A weight of 100 * 2^6, decays of 512 and 256 of 4096, threshold 1000 * 64, a spike every five steps."""
    net = rv.Sequential(rv.Linear(1, 1, bias=False), Loihi(fire_on=">", backend="eager"), rate=None)
    with torch.no_grad():
        net[0].weight.fill_(6400.0)  # pyright: ignore
    x = torch.zeros(60, 1, 1)
    x[::5] = 1
    net = quantise(net, 8, power_of_two=True)
    fixed = FixedPoint(net, x, bits=24, rounding="away", fraction={"1.u": 0, "1.v": 0})
    assert fixed.run(x).outputs["1"].flatten().nonzero().flatten().tolist() == [12, 21, 30, 38, 46, 55]
    seen = [int(fixed.run(x[:n]).state[1]["v"].item()) for n in range(1, 7)]
    assert seen == [6400, 11600, 15775, 19078, 21638, 29969]
    with torch.no_grad():
        chip = rv.LoihiLIF(decay_u=512, decay_v=256, threshold=1000)(6400 * x)
    assert torch.equal(fixed(x), chip)


def test_saturation_is_counted() -> None:
    net = rv.Sequential(rv.Linear(1, 1, bias=False), rv.Accumulator(backend="eager"), rate=None)
    with torch.no_grad():
        net[0].weight.fill_(1.0)  # pyright: ignore
    x = torch.ones(10, 1, 1)
    run = FixedPoint(net, x, bits=4, fraction={"1.v": 0}).run(x)
    assert run.output.flatten().tolist() == [1, 2, 3, 4, 5, 6, 7, 7, 7, 7] and run.saturated == {"1.v.in": 3}


def test_inputs_become_whole_numbers() -> None:
    net = rv.Sequential(rv.Linear(2, 1), rv.LI(backend="eager"), rate=None)
    values = FixedPoint(net, torch.tensor([[[0.3, -1.9]]]), input_bits=6)
    assert values.input.fraction == 4 and values.quantise_input(torch.tensor([[[0.3, -5.0]]])).tolist() == [[[5, -31]]]
    counts = FixedPoint(net, torch.tensor([[[0.0, 3.0]]]))
    assert counts.input.fraction == 0 and counts.quantise_input(torch.tensor([[[7.0, -2.0]]])).tolist() == [[[7, -2]]]
    events = FixedPoint(net, torch.tensor([[[0.0, 1.0]]]))
    assert events.quantise_input(torch.tensor([[[2.0, -1.0]]])).tolist() == [[[1, 0]]]


def test_formats_and_assumptions_are_told() -> None:
    x = spikes(30, 2, 12)
    fixed = FixedPoint(network(rv.CubaLIF(backend="eager")), x, weight_bits=4, per="layer")
    told = json.loads(json.dumps(fixed.as_dict()))
    assert told["input"] == {"bits": 2, "fraction": 0, "spikes": True} and set(told["formats"]) == {"1.v", "1.i", "3.v"}
    assert "weights were rounded to 4 bit, one scale a layer, without training" in told["assumptions"]
    assert "1.v: 16 bit," in str(fixed) and "the input is spikes, 0 or 1" in str(fixed)
    kept = FixedPoint(quantise(network(rv.LIF(backend="eager")), 4), x)
    assert not any("were rounded" in text for text in kept.assumptions)


@pytest.mark.parametrize(
    ("neuron", "message"),
    (
        (
            rv.Izhikevich(backend="eager"),
            r"the term v\*\*2 of Izhikevich's v.int = .* has no whole-number form: it is a power of something",
        ),
        (
            rv.AdEx(backend="eager"),
            r"the term exp\(.*\) of AdEx's v.* has no whole-number form: exp is a function. Use arithmetic=\"float32\"",
        ),
        (rv.EscapeLIF(backend="eager"), r"the term uniform\(stream, drawn\) of EscapeLIF's noise"),
        (rv.QIF(backend="eager"), r"the term .* of QIF's .* has no whole-number form: it multiplies variables"),
    ),
    ids=lambda n: type(n).__name__ if isinstance(n, Neuron) else "",
)
def test_the_term_that_cannot_be_is_named(neuron: Neuron, message: str) -> None:
    with pytest.raises(rv.RanvierError, match=message):
        FixedPoint(network(neuron), spikes(10, 2, 12))


def test_formats_that_lie_too_far_apart_are_refused() -> None:
    with pytest.raises(rv.RanvierError, match="the formats of its variables lie too far apart for factors of 32 bits"):
        FixedPoint(network(rv.CubaLIF(backend="eager")), spikes(10, 2, 12), fraction={"1.v": 28, "1.i": -20})


def test_branches_run_on_from_their_state_and_come_near_floating_point() -> None:
    body = rv.Sequential(rv.Linear(8, 6), rv.LIF(backend="eager"), rv.Linear(6, 8), rate=None)
    block = rv.Residual(body, rv.Sequential(Scale(torch.linspace(0.2, 2.0, 8)), rate=None))
    net = rv.Sequential(
        rv.Linear(12, 8),
        rv.IF(backend="eager"),
        block,
        rv.CubaLIF(backend="eager"),
        rv.Linear(8, 3),
        rv.LI(backend="eager"),
    )
    with torch.no_grad():
        for name, p in net.named_parameters():
            p.mul_(8.0 if name.endswith("weight") else 1.0)  # so that they fire
    x = spikes(40, 3, 12)
    fixed = FixedPoint(net, x, bits=24, coefficient_bits=24)
    whole = fixed.run(x)
    first = fixed.run(x[:15])
    rest = fixed.run(x[15:], first.state)
    assert torch.equal(torch.cat([first.raw, rest.raw]), whole.raw) and whole.outputs["2.body.1"].any()
    assert float((whole.output - fixed.network(x).detach()).abs().max()) < 1e-3
    assert set(fixed.as_dict()["formats"]) == {"1.v", "2.body.1.v", "3.i", "3.v", "5.v"}


def test_a_gate_runs_on_from_its_state_and_counts_as_floating_point_does() -> None:
    gate = MaxGate(nn.MaxPool2d(2))
    net = rv.Sequential(
        rv.Conv2d(1, 2, 3),
        rv.IF(backend="eager"),
        gate,
        rv.Flatten(),
        rv.Linear(8, 3),
        rv.IF(backend="eager"),
        rate=None,
    )
    with torch.no_grad():
        for p in net.parameters():
            p.abs_()
    x = spikes(30, 2, 1, 6, 6)
    fixed = FixedPoint(net, x)
    whole, first = fixed.run(x), fixed.run(x[:11])
    rest = fixed.run(x[11:], first.state)
    assert torch.equal(torch.cat([first.raw, rest.raw]), whole.raw) and whole.outputs["1"].any() and whole.raw.any()
    counted = gate(whole.outputs["1"].float()).sum(0)
    assert torch.equal(counted, nn.MaxPool2d(2)(whole.outputs["1"].sum(0).float()))


def test_layers_without_whole_numbers_are_refused() -> None:
    x = spikes(8, 2, 12)

    def tried(*layers: Any) -> FixedPoint:
        return FixedPoint(rv.Sequential(*layers, rate=None), x)

    with pytest.raises(
        rv.RanvierError, match=r"the last layer is layer 0 \(Linear\).*End the network with a population"
    ):
        tried(rv.Linear(12, 3))
    with pytest.raises(
        rv.RanvierError, match=r"layer 1 \(Linear\).*its inputs have different scales; quantise with per=\"layer\""
    ):
        tried(rv.Linear(12, 3), rv.Linear(3, 2), rv.LI())
    halves = [rv.Sequential(rv.Linear(12, 3), rate=None) for _ in range(2)]
    with pytest.raises(
        rv.RanvierError, match=r"layer 1 \(Linear\).*it follows a sum of branches.*put a population between"
    ):
        tried(rv.Residual(*halves), rv.Linear(3, 2), rv.LI())
    with pytest.raises(rv.RanvierError, match=r"layer 1 \(MaxPool2d\).*the largest of numbers with a negative scale"):
        FixedPoint(rv.Sequential(Scale(-1.0), rv.MaxPool2d(2), rv.IF(), rate=None), spikes(3, 1, 2, 4, 4))
    uneven = Scale(torch.rand(2, 4, 4) + 0.5)
    with pytest.raises(
        rv.RanvierError, match=r"layer 1 \(AvgPool2d\).*numbers of one channel have different scales; put the Scale"
    ):
        FixedPoint(rv.Sequential(uneven, rv.AvgPool2d(2), rv.IF(), rate=None), spikes(3, 1, 2, 4, 4))
    plain = quantise(rv.Sequential(rv.Linear(12, 3), rv.Linear(3, 2), rv.LI(), rate=None), 8, "layer")
    with torch.no_grad():
        plain[0].bias.fill_(0.1)  # pyright: ignore
    with pytest.raises(rv.RanvierError, match=r"layer 1 \(Linear\).*it follows synapses with a bias"):
        FixedPoint(plain, x)
    with_bias = rv.Linear(12, 3)
    with torch.no_grad():
        with_bias.bias.fill_(0.1)  # pyright: ignore
    with pytest.raises(rv.RanvierError, match=r"layer 1 \(Delays\).*it follows a bias"):
        tried(with_bias, rv.Delays(2), rv.Flatten(), rv.LI())
    with pytest.raises(rv.RanvierError, match=r"layer 0 \(Recurrent of LI\).*its recurrent output is no spikes"):
        tried(rv.Recurrent(rv.LI(), 12))
    with pytest.raises(rv.RanvierError, match=r"layer 0 \(Linear\).*its sums may reach .* more than 32 bits hold"):
        FixedPoint(
            rv.Sequential(rv.Linear(300, 3), rv.LI(), rate=None), torch.randn(3, 1, 300), weight_bits=16, input_bits=24
        )


@pytest.mark.parametrize(
    ("options", "message"),
    (
        ({"bits": 40}, "bits must be a whole number from 2 to 32, got 40"),
        ({"coefficient_bits": 2.5}, "coefficient_bits must be a whole number from 4 to 31, got 2.5"),
        ({"input_bits": True}, "input_bits must be a whole number from 2 to 24, got True"),
        ({"rounding": "up"}, "rounding must be one of nearest, floor, zero, away, got 'up'"),
        ({"headroom": 0.5}, "headroom must be a number of at least 1, got 0.5"),
        ({"fraction": {"9.v": 3}}, r"fraction names 9.v, which is no state of a layer. There are: 1.v, 3.v"),
    ),
)
def test_arguments_that_are_none_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        FixedPoint(network(rv.LIF(backend="eager")), spikes(5, 1, 12), **options)


def test_inputs_that_are_none_are_refused() -> None:
    net = network(rv.LIF(backend="eager"))
    with pytest.raises(ValueError, match=r"sample must be a tensor \[T, B, \*N\] of typical input, got \(12,\)"):
        FixedPoint(net, torch.ones(12))
    with pytest.raises(ValueError, match="sample holds NaN or inf"):
        FixedPoint(net, torch.full((2, 1, 12), math.nan))
    with pytest.raises(TypeError, match="net must be a Sequential, got LIF"):
        FixedPoint(rv.LIF(), torch.ones(2, 1, 12))  # pyright: ignore[reportArgumentType]
    with pytest.raises(
        ValueError, match=r"input must have shape \[T, B, \*N\] with N = \(12,\), got \(4, 1, 5\). Time comes first"
    ):
        FixedPoint(net, spikes(5, 1, 12)).run(torch.ones(4, 1, 5))
