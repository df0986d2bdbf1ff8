"""LoihiLIF: golden membrane, rounding away from zero, weights, refractoriness, overflow, its place in a network."""

import math
from typing import Any

import pytest
import torch

import ranvier as rv
from ranvier.neurons import LoihiLIF, Synaptic
from ranvier.units import ms


def regular(steps: int = 60, weight: int = 100) -> torch.Tensor:
    x = torch.zeros(steps, 1, 1)
    x[::5] = LoihiLIF.effective_weight(torch.tensor([weight])).item()
    return x


def test_golden_membrane_and_spikes() -> None:
    """w 100, exponent 0, decays 512 and 256, threshold 1000, a spike every fifth step."""
    run = LoihiLIF(decay_u=512, decay_v=256, threshold=1000).run(regular(), record=("v",))
    assert run.records["v"].flatten()[:6].tolist() == [6400, 11600, 15775, 19078, 21638, 29969]
    assert run.output.flatten().nonzero().flatten().tolist() == [12, 21, 30, 38, 46, 55]
    assert run.records["v"].dtype == torch.int64 and run.output.dtype == torch.float32


def test_it_rounds_away_from_zero_on_both_sides() -> None:
    """u = 1 never decays to 0 but where nothing is kept: away(4095/4096) = 1."""
    neuron = LoihiLIF(decay_u=1, decay_v=1)
    state = neuron.initial_state((1, 2))
    state["u"] = torch.tensor([[1, -1]])
    state["v"] = torch.tensor([[7, -7]])
    after = neuron.run(torch.zeros(1, 1, 2), state).state
    assert after["u"].tolist() == [[1, -1]] and after["v"].tolist() == [[8, -8]]
    gone = LoihiLIF(decay_u=4096, decay_v=4096).run(torch.zeros(1, 1, 2), state).state
    assert gone["u"].tolist() == [[0, 0]] and gone["v"].tolist() == [[0, 0]]


def test_the_comparison_is_strict_and_the_bias_drives() -> None:
    at = LoihiLIF(decay_v=0, threshold=2, bias=64).run(torch.zeros(6, 1, 1), record=("v",))
    assert at.records["v"].flatten().tolist() == [64, 128, 0, 64, 128, 0]
    assert at.output.flatten().tolist() == [0, 0, 1, 0, 0, 1]


def test_refractory_steps_from_a_spike_to_the_first_move() -> None:
    spikes = {
        r: LoihiLIF(decay_v=0, threshold=0, bias=1, refractory=r)(torch.zeros(9, 1, 1))
        .flatten()
        .nonzero()
        .flatten()
        .tolist()
        for r in (1, 2, 4)
    }
    assert spikes == {1: list(range(9)), 2: [0, 2, 4, 6, 8], 4: [0, 4, 8]}
    held = LoihiLIF(decay_u=512, threshold=0, refractory=4).run(regular(4), record=("u", "v"))
    assert held.records["v"].flatten().tolist() == [0] * 4 and held.records["u"].flatten().tolist() == [
        6400,
        5600,
        4900,
        4288,
    ]


def test_effective_weights() -> None:
    w = torch.tensor([0, 1, 100, 255])
    assert LoihiLIF.effective_weight(w).tolist() == [0, 64, 6400, 16320]
    assert LoihiLIF.effective_weight(w, 7).tolist() == [0, 8192, 819200, 255 * 8192]
    assert LoihiLIF.effective_weight(-w, -1).tolist() == [0, -32, -3200, -8160]
    assert LoihiLIF.effective_weight(-w, -8).tolist() == [0, 0, -25, -63]
    mixed = torch.tensor([-256, -3, 5, 254])
    assert (LoihiLIF.effective_weight(mixed, mixed=True) // 64).tolist() == [-256, -4, 4, 254], "the lowest bit is lost"


@pytest.mark.parametrize(
    ("weight", "options", "text"),
    [
        ([1.5], {}, r"weight must be whole numbers, got fractions, NaN or infinity\. Round them first"),
        ([256], {}, r"weights have 8 bits, -255\.\.255 with mixed=False, got 256\.\.256\. Scale them down, and raise exponent="),
        ([255], {"mixed": True}, r"weights have 8 bits, -256\.\.254 with mixed=True, got 255"),
        ([-1, 1], {}, r"weights have both signs\. Write mixed=True, which costs their lowest bit"),
        ([1], {"exponent": 8}, r"exponent must be a whole number in -8\.\.7, got 8"),
        ([1], {"exponent": 0.5}, r"exponent must be a whole number in -8\.\.7, got 0\.5"),
        ([-256], {"exponent": 7, "mixed": True}, r"an effective weight of 2097152 is above 2\^21 - 64 = 2097088\. Lower exponent="),
    ],
)  # fmt: skip
def test_weights_that_the_chip_cannot_hold_are_refused(weight: list[float], options: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        LoihiLIF.effective_weight(torch.tensor(weight), **options)


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"decay_u": 4097}, ValueError, r"LoihiLIF: decay_u must lie in 0\.\.4096, got 4097"),
        ({"decay_v": -1}, ValueError, r"LoihiLIF: decay_v must lie in 0\.\.4096, got -1"),
        ({"threshold": 131072}, ValueError, r"LoihiLIF: threshold must lie in 0\.\.131071, got 131072"),
        ({"refractory": 0}, ValueError, r"LoihiLIF: refractory must lie in 1\.\.64, got 0"),
        ({"decay_u": 0.1}, TypeError, r"LoihiLIF: decay_u must be a whole number, got 0\.1\. Write decay_u=0"),
        ({"bias": True}, TypeError, r"LoihiLIF: bias must be a whole number, got True"),
    ],
)
def test_constants_outside_of_their_range_are_refused(
    options: dict[str, Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        LoihiLIF(**options)


def test_inputs_and_overflow_are_refused() -> None:
    neuron = LoihiLIF(threshold=131071)
    with pytest.raises(ValueError, match=r"LoihiLIF: input must be whole numbers, got fractions"):
        neuron(torch.full((2, 1, 1), 0.5))
    with pytest.raises(ValueError, match=r"LoihiLIF: input must be a tensor \[T, B, \*N\] .*, got \(3,\)"):
        neuron(torch.zeros(3))
    with pytest.raises(ValueError, match=r"input must be a tensor .*, got list"):
        neuron([[1]])
    with pytest.raises(
        ValueError, match=r"v reaches 9000000 in step 0, beyond the 24 bits of the chip \(2\^23 - 1 = 8388607\)"
    ):
        LoihiLIF(bias=5_000_000)(torch.full((1, 1, 1), 4_000_000))
    with pytest.raises(ValueError, match=r"u reaches 9000000 in step 1, .*Use smaller weights"):
        LoihiLIF(decay_u=0, decay_v=4096, threshold=131071)(torch.full((2, 1, 1), 4_500_000))
    with pytest.raises(ValueError, match=r"LoihiLIF: state must hold \['u', 'v', 'held'\] of shape \(1, 1\)"):
        neuron.run(torch.zeros(1, 1, 1), {"u": torch.zeros(1, 1)})
    with pytest.raises(ValueError, match=r"LoihiLIF has no state w to record\. It has: u, v, held"):
        neuron.run(torch.zeros(1, 1, 1), record=("w",))


def test_a_run_may_be_cut() -> None:
    neuron = LoihiLIF(decay_u=512, decay_v=256, threshold=1000, refractory=3)
    x = regular()
    whole, first = neuron.run(x), neuron.run(x[:23])
    assert torch.equal(torch.cat([first.output, neuron.run(x[23:], first.state).output]), whole.output)
    assert repr(neuron) == "LoihiLIF(decay_u=512, decay_v=256, threshold=1000, bias=0, refractory=3)"


@pytest.mark.thorough
def test_it_stands_in_a_network_and_its_stream() -> None:
    neuron = LoihiLIF(decay_u=512, decay_v=256, threshold=1000, refractory=3)
    spikes = (regular() > 0).float()
    net = rv.Sequential(rv.Linear(1, 1, bias=False), neuron, rate=None)
    torch.nn.init.constant_(net[0].weight, 6400.0)
    whole = net.run(spikes)
    assert torch.equal(whole.output, neuron(regular()))
    first = net.run(spikes[:23])
    assert torch.equal(net.run(spikes[23:], first.state).output, whole.output[23:])
    stream = net.stream()
    assert torch.equal(torch.stack([stream.step(x_t[0]).clone() for x_t in spikes]), whole.output[:, 0])


def test_away_from_the_rounding_it_is_the_second_order_lif() -> None:
    """`Synaptic` of the same decays and r = 1, before its first spike: the rounding adds less than one a step to u, and so on to v."""
    tau_syn, tau_mem = (1 * ms / math.log(4096 / (4096 - d)) for d in (512, 256))
    x = regular(12)
    whole = LoihiLIF(decay_u=512, decay_v=256, threshold=1000).run(x, record=("u", "v")).records
    real = (
        Synaptic(tau_syn=tau_syn, tau_mem=tau_mem, v_threshold=1e9, backend="eager")
        .run(x.double(), record=("i", "v"))
        .records
    )
    assert 0 <= (whole["u"] - real["i"]).max() < 8 and 0 <= (whole["v"] - real["v"]).max() < 60
    assert (whole["v"][1:] / real["v"][1:] - 1).abs().max() < 1e-3
