"""Exported C: compiled with every warning an error, and compared step by step with the library and with `FixedPoint`."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import ranvier as rv
from ranvier.hardware import FixedPoint, export_c, quantise
from ranvier.hardware.c_layers import packed
from ranvier.hardware.c_source import CSource, Layer, identifier, storage, whole
from ranvier.layers.max_gate import MaxGate
from ranvier.layers.scale import Scale
from ranvier.neurons.neuron import Neuron


class Column(nn.Module):
    def forward(self, x):
        return x.unsqueeze(-1)


def spikes(*shape: int, rate: float = 0.3) -> torch.Tensor:
    return (torch.rand(shape) < rate).float()


def louder(net: Any, gain: float = 10.0) -> Any:
    """Weights at which neurons fire, without the search for a rate."""
    with torch.no_grad():
        for name, p in net.named_parameters():
            if name.endswith("weight"):
                p.mul_(gain)
            elif name.endswith("bias"):
                p.normal_(0, 0.3)
    return net.eval()


def dense() -> tuple[Any, torch.Tensor]:
    neuron = rv.LIF(
        tau_mem=torch.linspace(5e-3, 30e-3, 10), reset=rv.Subtract(), refractory=rv.Clamp(2e-3), backend="eager"
    )
    net = rv.Sequential(rv.Linear(12, 10), neuron, rv.Linear(10, 3), rv.LI(backend="eager"), rate=None)
    return louder(net), spikes(60, 2, 12)


def pictures() -> tuple[Any, torch.Tensor]:
    tau = torch.linspace(10e-3, 20e-3, 6).reshape(6, 1, 1)
    net = rv.Sequential(
        rv.Conv2d(2, 6, 3, padding=1), rv.LIF(tau_mem=tau, backend="eager"), rv.AvgPool2d(2),
        rv.Conv2d(6, 4, 3, stride=2, groups=2), rv.CubaLIF(backend="eager"), rv.MaxPool2d((1, 2), stride=1), rv.SumPool2d((2, 1), stride=1),
        rv.Flatten(), rv.Dropout(0.3), rv.Linear(4, 3), rv.LI(backend="eager"), rate=None,
    )  # fmt: skip
    return louder(net), spikes(25, 2, 2, 13, 11)


def delays() -> tuple[Any, torch.Tensor]:
    net = rv.Sequential(
        rv.Delays(3), Column(), rv.Conv2d(3, 4, (4, 1), stride=(2, 1)), rv.AdaptiveLIF(backend="eager"), rv.Flatten(),
        rv.Linear(16, 8), rv.Recurrent(rv.ALIF(backend="eager"), 8), rv.SegmentLinear(8, 3, segments=3, steps=20),
        rv.Accumulator(backend="eager"), rate=None,
    )  # fmt: skip
    return louder(net, 25.0), torch.randn(27, 2, 11)


def branches() -> tuple[Any, torch.Tensor]:
    """As a residual network is converted: factors of a shortcut, weights in the other, a sum within a sum."""

    def row(*layers: Any) -> Any:
        return rv.Sequential(*layers, rate=None)

    factors = Scale(torch.tensor([0.5, 1.5, -1.0]), torch.tensor([0.1, 0.0, 0.2]))
    inner = rv.Residual(row(rv.Conv2d(3, 3, 3, padding=1)), row(factors))
    body = row(rv.Conv2d(3, 3, 3, padding=1), rv.IF(backend="eager"), rv.Conv2d(3, 3, 1))
    block = rv.Residual(
        row(inner, rv.CubaLIF(backend="eager"), rv.Conv2d(3, 3, 1)), row(rv.Residual(body, row(Scale(2.0))))
    )
    net = row(
        rv.Conv2d(2, 3, 3), rv.IF(backend="eager"), block, rv.LIF(backend="eager"), rv.AvgPool2d(2), rv.Flatten(), rv.Linear(12, 3),
        rv.LI(backend="eager"),
    )  # fmt: skip
    return louder(net, 3.0), spikes(25, 2, 2, 6, 6)


def gates() -> tuple[Any, torch.Tensor]:
    """As max pooling is converted, on spikes and on currents; a factor for each neuron, as NIR's Scale has it."""
    net = rv.Sequential(
        rv.Conv2d(2, 3, 3, padding=1), rv.IF(backend="eager"), MaxGate(nn.MaxPool2d(3, 2, 1)), rv.Conv2d(3, 4, 1),
        MaxGate(nn.MaxPool2d((2, 1), 1, dilation=(2, 1))), Scale(torch.linspace(0.5, 2.0, 8).reshape(4, 1, 2)), rv.LIF(backend="eager"),
        rv.Flatten(), rv.Linear(8, 3), rv.LI(backend="eager"), rate=None,
    )  # fmt: skip
    return louder(net, 6.0), spikes(25, 2, 2, 6, 4)


NETWORKS = {"dense": dense, "pictures": pictures, "delays": delays, "branches": branches, "gates": gates}


def library(net: Any, x: torch.Tensor) -> torch.Tensor:
    """The library's output, [T, B, M], one sample after another (random streams belong to rows)."""
    with torch.no_grad():
        return torch.cat([net(x[:, b : b + 1]) for b in range(x.shape[1])], 1).flatten(2)


@pytest.mark.parametrize("name", NETWORKS)
def test_floating_point_gives_the_librarys_spikes_and_membranes(name: str, tmp_path: Path, run_c: Any) -> None:
    net, x = NETWORKS[name]()
    done = export_c(net, tmp_path / "net.c", shape=x.shape[2:])
    assert (done.inputs, done.outputs) == (x[0, 0].numel(), 3)
    found, expected = run_c(tmp_path / "net.c", x), library(net, x)
    assert found.shape == expected.shape and float(expected.abs().max()) > 0.1
    assert torch.allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "bits"), (("dense", 8), ("pictures", 4), ("delays", 2), ("branches", 8), ("gates", 8))
)
def test_whole_numbers_are_those_of_the_simulation(name: str, bits: int, tmp_path: Path, run_c: Any) -> None:
    net, x = NETWORKS[name]()
    fixed = FixedPoint(quantise(net, bits), x)
    done = export_c(fixed, tmp_path / "fixed.c")
    assert done.arithmetic == "fixed" and set(fixed.assumptions) < set(done.assumptions)
    run = fixed.run(x)
    assert bool(run.raw.any()) and all(bool(r.any()) for r in run.outputs.values())
    assert torch.equal(run_c(tmp_path / "fixed.c", fixed.quantise_input(x)), run.raw.flatten(2).float())
    text = (tmp_path / "fixed.c").read_text()
    assert re.search(r"\b(float|double)\b", text.split("static", 1)[1]) is None, "no floating point in the code"


@pytest.mark.parametrize("last", [rv.MaxPool2d(2), MaxGate(nn.MaxPool2d(2))], ids=lambda m: type(m).__name__)
def test_pooled_spikes_may_be_the_last(last: Any, tmp_path: Path, run_c: Any) -> None:
    net = louder(rv.Sequential(rv.Conv2d(1, 2, 3), rv.IF(backend="eager"), last, rv.Flatten(), rate=None))
    x = spikes(20, 2, 1, 6, 6)
    done = export_c(net, tmp_path / "net.c", shape=(1, 6, 6))
    found = run_c(tmp_path / "net.c", x)
    assert torch.equal(found, library(net, x)) and bool(found.any())
    assert "typedef uint8_t net_output;" in (tmp_path / "net.c").read_text()
    assert any("a gate of max pooling counts" in text for text in done.assumptions) == isinstance(last, MaxGate)


def test_a_sum_may_be_the_last(tmp_path: Path, run_c: Any) -> None:
    halves = [
        rv.Sequential(rv.Linear(5, 3), rate=None),
        rv.Sequential(rv.Linear(5, 3), rv.LIF(backend="eager"), rate=None),
    ]
    net, x = louder(rv.Sequential(rv.Residual(*halves), rate=None)), spikes(20, 2, 5)
    export_c(net, tmp_path / "net.c", shape=(5,))
    assert torch.allclose(run_c(tmp_path / "net.c", x), library(net, x), atol=1e-5)


MODELS: dict[str, Neuron] = {
    "LIF": rv.LIF(), "LIF that subtracts, clamped": rv.LIF(reset=rv.Subtract(), refractory=rv.Clamp(2e-3)),
    "LIF without input after a spike": rv.LIF(refractory=rv.BlockInput(3e-3)), "LIF strictly above": rv.LIF(fire_on=">"),
    "LIF reset late": rv.LIF(order=("integrate", "reset", "fire")), "IF": rv.IF(), "CubaLIF": rv.CubaLIF(), "ALIF": rv.ALIF(),
    "AdaptiveLIF": rv.AdaptiveLIF(), "Synaptic": rv.Synaptic(), "SRM0": rv.SRM0(), "ResonateAndFire": rv.ResonateAndFire(),
    "SEAdLIF": rv.SEAdLIF(), "LI": rv.LI(), "Accumulator": rv.Accumulator(), "Alpha": rv.Alpha(),
    "Izhikevich": rv.Izhikevich(), "AdEx": rv.AdEx(), "ConductanceLIF": rv.ConductanceLIF(),
    "EscapeLIF": rv.EscapeLIF(seed=3), "PoissonNeuron": rv.PoissonNeuron(seed=5), 
}  # fmt: skip
NO_WHOLE_NUMBERS = {"Izhikevich", "AdEx", "ConductanceLIF", "EscapeLIF", "PoissonNeuron"}


@pytest.mark.thorough
@pytest.mark.parametrize("name", MODELS)
def test_every_model_gives_the_librarys_spikes(name: str, tmp_path: Path, run_c: Any) -> None:
    neuron = MODELS[name]
    neuron.backend = "eager"
    net = rv.Sequential(rv.Linear(12, 10), neuron)
    x = spikes(60, 2, 12)
    export_c(net, tmp_path / "net.c")
    found, expected = run_c(tmp_path / "net.c", x), library(net, x)
    if neuron.fires:
        assert torch.equal(found, expected)
    else:
        assert torch.allclose(found, expected, atol=1e-6)
    if name in NO_WHOLE_NUMBERS:
        with pytest.raises(rv.RanvierError, match=r"fixed point: layer 1 \(.*\): the term .* has no whole-number form"):
            FixedPoint(net, x)
        return
    fixed = FixedPoint(net, x)
    export_c(fixed, tmp_path / "fixed.c")
    checks = ("-fsanitize=undefined", "-fno-sanitize-recover=all")
    assert torch.equal(run_c(tmp_path / "fixed.c", fixed.quantise_input(x), *checks), fixed.run(x).raw.float())


@pytest.mark.thorough
@pytest.mark.parametrize("rounding", ("floor", "zero", "away"))
@pytest.mark.parametrize("bits", (8, 32))
def test_every_rounding_is_that_of_the_simulation(rounding: str, bits: int, tmp_path: Path, run_c: Any) -> None:
    net, x = dense()
    fixed = FixedPoint(net, x, bits=bits, rounding=rounding, headroom=1.0)
    export_c(fixed, tmp_path / "fixed.c")
    found = run_c(
        tmp_path / "fixed.c", fixed.quantise_input(3 * x), "-fsanitize=undefined", "-fno-sanitize-recover=all"
    )
    assert torch.equal(found.double(), fixed.run(3 * x).raw.double().float().double())


@pytest.mark.thorough
def test_float64_is_float64(tmp_path: Path, run_c: Any) -> None:
    net, x = dense()
    export_c(net, tmp_path / "net.c", arithmetic="float64")
    assert torch.allclose(run_c(tmp_path / "net.c", x), library(net.double(), x.double()).float(), atol=1e-6)


def test_sizes_are_those_of_the_object_file(tmp_path: Path, object_sizes: Any) -> None:
    net, x = pictures()
    for target in (net, quantise(net, 2), FixedPoint(net, x)):
        done = export_c(target, tmp_path / "net.c", shape=x.shape[2:], force=True)
        assert object_sizes(tmp_path / "net.c") == (done.flash, done.ram)
    shown = str(done)
    assert (
        f"flash {done.flash} bytes of constants, RAM {done.ram} bytes" in shown and "layer 3 (Conv2d): flash" in shown
    )
    assert json.loads(json.dumps(done.as_dict()))["layers"][0]["name"] == "Conv2d"


def test_few_bits_are_packed(tmp_path: Path) -> None:
    net = rv.Sequential(rv.Linear(100, 10, bias=False), rv.LI(), rate=None)
    flash = [export_c(quantise(net, b, "layer"), tmp_path / "n.c", force=True).layers[0].flash for b in (16, 8, 4, 2)]
    assert flash == [2000, 1000, 500, 250]
    codes = np.array([-1, 1, 0, -1, 1])
    assert packed(codes, 2).tolist() == [0b11000111, 0b01]
    assert packed(np.array([-7, 7, 3]), 4).tolist() == [0x79, 0x03]


def test_the_equations_are_those_of_the_program(tmp_path: Path) -> None:
    net = rv.Sequential(rv.Linear(2, 2), rv.LIF(tau_mem=10e-3), rate=None)
    export_c(net, tmp_path / "own_net.c")
    text = (tmp_path / "own_net.c").read_text()
    assert re.search(r"const float m_c1 = 0\.904837\d+f; /\* exp\(-dt/tau_mem\) \*/", text)
    for line in str(net[1].program).splitlines():  # pyright: ignore
        assert line in text
    assert "void own_net_step(const own_net_input *input, own_net_output *output);" in text and "malloc" not in text


def test_nothing_is_written_over(tmp_path: Path) -> None:
    target = tmp_path / "net.c"
    target.write_text("mine")
    net, x = dense()
    with pytest.raises(
        rv.RanvierError, match=r"net\.c: exists already, and is not written over. Give another name, or --force"
    ):
        export_c(net, target)
    assert target.read_text() == "mine"
    assert export_c(net, target, force=True).path == str(target) and "A spiking network" in target.read_text()
    assert export_c(net, tmp_path / "3 odd-name.c", arithmetic="fixed", sample=x, bits=12).prefix == "net_3_odd_name"


def test_what_cannot_be_exported_is_refused(tmp_path: Path) -> None:
    net, x = dense()
    with pytest.raises(ValueError, match="arithmetic must be one of float32, float64, fixed, got 'int8'"):
        export_c(net, tmp_path / "a.c", arithmetic="int8")
    with pytest.raises(ValueError, match='arithmetic="fixed" needs sample=x, typical input'):
        export_c(net, tmp_path / "a.c", arithmetic="fixed")
    with pytest.raises(TypeError, match="net must be a Sequential or a FixedPoint, got LIF"):
        export_c(rv.LIF(), tmp_path / "a.c", arithmetic="fixed", sample=x)  # pyright: ignore[reportArgumentType]
    with pytest.raises(TypeError, match='bits belongs to arithmetic="fixed"'):
        export_c(net, tmp_path / "a.c", bits=8)
    with pytest.raises(rv.RanvierError, match=r"export_c: layer 1 \(SpikingLSTM\) has no form for hardware"):
        export_c(rv.Sequential(rv.Linear(3, 4), rv.SpikingLSTM(4, 3), rate=None), tmp_path / "a.c")
    with pytest.raises(rv.RanvierError, match="the network only rearranges its input"):
        export_c(rv.Sequential(rv.Flatten(), rate=None), tmp_path / "a.c", shape=(2, 3))
    assert not list(tmp_path.iterdir())


def test_pieces_of_source() -> None:
    c = CSource("float", layers=[Layer("0", "x", (), ())])
    assert [c.number(v) for v in (1.0, -0.5, 1e-12)] == ["1.0f", "(-0.5f)", "9.99999996e-13f"]
    assert [whole(5), whole(-5), whole(2**40)] == ["5", "(-5)", "INT64_C(1099511627776)"]
    assert [storage(b) for b in (2, 8, 9, 32)] == ["int8_t", "int8_t", "int16_t", "int32_t"]
    assert identifier("v.int") == "m_v_int" and c.per_neuron("t", "float", np.ones((2, 3)), (2, 3)) == "1.0f"
    assert c.per_neuron("t", "float", np.array([[1.0], [2.0]]), (2, 3)) == "t[k / 3]" and c.layers[0].flash == 8
    assert c.per_neuron("u", "float", np.arange(6.0).reshape(2, 3), (2, 3)) == "u[k]"
    c.table("w", "int64_t", np.array([-(2**40), 5]))
    assert c.constants[-1].endswith("{\n    -INT64_C(1099511627776), INT64_C(5)};")
