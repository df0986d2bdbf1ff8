"""Primitives one by one: the layer, its numbers, its way back, what is refused."""

import re
import warnings

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

import ranvier as rv
from ranvier.errors import BadFileError, RanvierError
from ranvier.interchange import CONVENTIONS, Convention, load_nir, save_nir
from ranvier.interchange.nir_layers import Convolution, Delay, FlattenAxes, PaddedSumPool2d
from ranvier.interchange.nir_models import NIRLIF, NIRCubaLI, NIRCubaLIF, NIRThreshold
from ranvier.layers.max_gate import MaxGate
from ranvier.layers.scale import Scale

T, ONE = torch.from_numpy, torch.ones(4)
W = np.random.default_rng(0).normal(size=(4, 2, 3, 3)).astype(np.float32)
CONV = {
    "type": "Conv2d",
    "weight": W,
    "stride": [1, 1],
    "padding": [1, 1],
    "dilation": [1, 1],
    "groups": 1,
    "bias": np.ones(4, np.float32),
}
CONV1D = {**CONV, "type": "Conv1d", "weight": W[:, :, 0], "stride": 2, "padding": 1, "dilation": 1, "input_shape": 7}
EYE = {"type": "Linear", "weight": np.eye(3)}


def load(path, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        net = load_nir(path, **{"backend": "eager", **options})
    net.fused = False  # the engines are compared elsewhere
    return net


@pytest.mark.parametrize(
    ("node", "shape", "out", "reference"),
    [
        ({"type": "Affine", "weight": [[1.0, 2.0]], "bias": [0.5]}, [2], [1], lambda x: x @ torch.tensor([[1.0], [2.0]]) + 0.5),
        ({"type": "Scale", "scale": [2.0, -1.0]}, [2], [2], lambda x: x * torch.tensor([2.0, -1.0])),
        (CONV, [2, 5, 5], [4, 5, 5], lambda x: F.conv2d(x, T(W), ONE, padding=1)),
        (CONV | {"padding": "valid"}, [2, 5, 5], [4, 3, 3], lambda x: F.conv2d(x, T(W), ONE)),
        (CONV | {"padding": "same", "dilation": 2}, [2, 6, 5], [4, 6, 5], lambda x: F.conv2d(x, T(W), ONE, padding=2, dilation=2)),
        (CONV | {"padding": "same", "weight": W[..., :2]}, [2, 6, 5], [4, 6, 5], lambda x: F.conv2d(x, T(W[..., :2]), ONE, padding=(1, 1))[..., 1:]),
        (CONV | {"groups": 2, "stride": [2, 1], "padding": 0}, [4, 7, 5], [4, 3, 3], lambda x: F.conv2d(x, T(W), ONE, stride=(2, 1), groups=2)),
        (CONV1D, [2, 7], [4, 4], lambda x: F.conv1d(x, T(W[:, :, 0]), ONE, 2, 1)),
        ({"type": "SumPool2d", "kernel_size": [2, 2], "stride": [2, 2], "padding": [0, 0]}, [2, 4, 6], [2, 2, 3], lambda x: 4 * F.avg_pool2d(x, 2)),
        ({"type": "SumPool2d", "kernel_size": [2, 2], "stride": [2, 2], "padding": [1, 0]}, [2, 4, 6], [2, 3, 3], lambda x: 4 * F.avg_pool2d(x, 2, 2, (1, 0))),
        ({"type": "AvgPool2d", "kernel_size": [2, 3], "stride": [2, 2], "padding": [0, 0]}, [2, 4, 7], [2, 2, 3], lambda x: F.avg_pool2d(x, (2, 3), 2)),
        ({"type": "Flatten", "start_dim": 0, "end_dim": -1, "input_type": [2, 3, 4]}, [2, 3, 4], [24], lambda x: x.flatten(1)),
        ({"type": "Flatten", "start_dim": 1, "end_dim": -1, "input_type": [0, 0, 0, 0]}, [2, 3, 4], [24], lambda x: x.flatten(1)),
        ({"type": "Flatten", "start_dim": 1, "end_dim": 2}, [2, 3, 4], [2, 12], lambda x: x.flatten(2)),
        ({"type": "Threshold", "threshold": 0.5}, [3], [3], lambda x: (x > 0.5).float()),
        ({"type": "Delay", "delay": 1e-3}, [2], [2], lambda x: torch.cat([0 * x[:1], x[:-1]])),
        ({"type": "I", "r": 2.0}, [2], [2], lambda x: 2 * x.cumsum(0)),
    ],
)  # fmt: skip
def test_a_layer_does_what_the_node_says_and_comes_back(
    here, write, build, tmp_path, node, shape, out, reference
) -> None:
    net = load(write(build.row(shape, node, out=out)))
    x = torch.rand(5, *shape)
    y = net(x.unsqueeze(1))
    torch.testing.assert_close(y[:, 0].detach(), reference(x), atol=1e-5, rtol=1e-5)
    save_nir(net, tmp_path / "again.nir", dt=1e-3 if node["type"] not in ("I", "Threshold") else None)
    assert torch.equal(load(tmp_path / "again.nir")(x.unsqueeze(1)), y)


def test_a_delay_is_a_whole_number_of_steps(here, write, build, tmp_path) -> None:
    path = write(build.row([3], {"type": "Delay", "delay": [0.0, 2e-3, 5e-3]}))
    net, x = load(path), torch.rand(9, 2, 3)
    y = net(x)
    for k, steps in enumerate((0, 2, 5)):
        assert torch.equal(y[steps:, :, k], x[: 9 - steps, :, k]) and not y[:steps, :, k].any()
    first = net.run(x[:4])
    assert torch.equal(torch.cat([first.output, net.run(x[4:], first.state).output]), y)
    save_nir(net, tmp_path / "again.nir", dt=1e-3)
    assert torch.equal(load(tmp_path / "again.nir")(x), y)
    with pytest.raises(RanvierError, match="no neuron of the network says how long a step is. Give dt="):
        save_nir(net, tmp_path / "again.nir")
    with pytest.raises(BadFileError, match=r"node 'n0' \(Delay\): delay is no whole number of steps of 0.004 s"):
        load(path, dt=4e-3)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("sinabs", {"input": rv.ImpulseInput}),
        ("euler", {"input": rv.CurrentInput}),
        ("spyx", {"input": rv.ImpulseInput}),
    ],
)
def test_the_convention_decides_what_input_is_worth(here, write, build, lif, name, options) -> None:
    net = load(write(build.row([2], lif)), convention=CONVENTIONS[name])
    neuron = net.layers[0]
    assert isinstance(neuron, rv.LIF | NIRLIF) and isinstance(neuron.options.drive, options["input"])
    v = neuron.run(torch.full((1, 1, 2), 0.5), record=("v",)).records["v"]
    assert v.flatten().tolist() == pytest.approx([2.0 * 0.5 * 0.1] * 2)  # r x dt/tau


def test_numbers_of_each_neuron_stay_apart(here, write, build, tmp_path, lif) -> None:
    tau, r = [0.01, 0.02, 0.04], [[1.0, 2.0, 3.0]]
    net = load(write(build.row([3], {**lif, "tau": tau, "r": r, "v_reset": -0.5})))
    neuron = net.layers[0]
    assert neuron.tau_mem.tolist() == pytest.approx(tau) and neuron.r.tolist() == [1, 2, 3] and neuron.v_reset == -0.5
    save_nir(net, tmp_path / "again.nir")
    assert torch.equal(load(tmp_path / "again.nir").layers[0].tau_mem, neuron.tau_mem)


@pytest.mark.parametrize("drive", [rv.ImpulseInput(), rv.CurrentInput()])
@pytest.mark.parametrize("r", [1.0, 4.0])
def test_perfect_integrators(here, write, build, tmp_path, drive, r) -> None:
    path = write(build.row([1], {"type": "IF", "r": r, "v_threshold": 1e9}))
    net = load(path, convention=Convention(perfect_input=drive))
    x = torch.ones(3, 1, 1)
    v = net.layers[0].run(x, record=("v",)).records["v"].flatten().tolist()
    step = r if drive == rv.ImpulseInput() else r * 1e-3
    assert v == pytest.approx([step, 2 * step, 3 * step])
    save_nir(net, tmp_path / "again.nir")
    assert load(tmp_path / "again.nir").layers[0].run(x, record=("v",)).records["v"].flatten().tolist() == v


ZOO = {
    "lif": lambda: rv.LIF(tau_mem=torch.tensor([0.01, 0.02, 0.03]), r=2.0),
    "impulses": lambda: rv.LIF(input=rv.ImpulseInput(), v_leak=0.1, integrator=rv.Euler()),
    "if": lambda: rv.IF(c=0.01, input=rv.CurrentInput(), fire_on=">"),
    "li": lambda: rv.LI(tau_mem=0.005),
    "cuba": lambda: rv.CubaLIF(r=3.0),
    "synaptic": lambda: rv.Synaptic(r=0.7),
    "accumulator": lambda: rv.Accumulator(),
    "nir cuba": lambda: NIRCubaLIF(w_in=2.0, integrator=rv.SemiImplicitEuler()),
    "nir cuba readout": lambda: NIRCubaLI(w_in=2.0),
    "threshold": lambda: NIRThreshold(v_threshold=0.3),
    "learned": lambda: rv.LIF(learn=("tau_mem", "v_threshold")),
}


def louder(net) -> None:
    """Makes the first layer's weights positive, so that what follows fires."""
    with torch.no_grad():
        net.layers[0].weight.abs_()


@pytest.mark.parametrize("name", ZOO)
def test_our_neurons_come_back_as_they_were(here, tmp_path, name) -> None:
    torch.manual_seed(1)
    neuron = ZOO[name]()
    neuron.backend = "eager"
    net = rv.Sequential(rv.Linear(4, 3, bias=False), neuron, rate=None, fused=False)
    louder(net)
    assert save_nir(net, tmp_path / "net.nir") == ()
    again = load(tmp_path / "net.nir")
    x = 20 * torch.rand(40, 2, 4) * (torch.rand(40, 1, 1) < 0.5)
    y = net(x)
    assert type(again.layers[1]) is type(neuron) and again.layers[1].options == neuron.options
    assert float(y.detach().std()) > 0.01, "it fires, and not always"
    torch.testing.assert_close(again(x), y, atol=1e-6, rtol=1e-6)


def test_reset_and_order_that_nir_does_not_know_are_told(here, tmp_path) -> None:
    neuron = rv.LIF(reset=rv.Subtract(), order=("reset", "integrate", "fire"), backend="eager")
    net = rv.Sequential(rv.Linear(3, 2), neuron, rv.Dropout(0.3), rate=None, fused=False).eval()
    louder(net)
    with pytest.warns(UserWarning, match=r"other readers of .* will not know: node '1' \(LIF\) has Subtract"):
        untold = save_nir(net, tmp_path / "net.nir")
    assert len(untold) == 2 and "the order reset > integrate > fire" in untold[1]
    x = 20 * torch.rand(30, 2, 3)
    assert torch.equal(load(tmp_path / "net.nir")(x), net(x)) and 0 < float(net(x).detach().mean()) < 1
    with pytest.raises(RanvierError, match="leave strict out to keep it in the metadata"):
        save_nir(net, tmp_path / "net.nir", strict=True)


class _Own:
    def integrate(self, name, dynamics, states):
        return rv.Exact().integrate(name, dynamics, states)


@pytest.mark.parametrize(
    ("layers", "options", "text"),
    [
        ([rv.ALIF()], {"shape": (3,)}, r"layer 0 (ALIF): NIR has no primitive with these equations; it has those of Accumulator, CubaLIF"),
        ([rv.LIF(refractory=rv.Clamp())], {"shape": (3,)}, "NIR has no refractory period; the neuron has Clamp(duration=0.002)"),
        ([rv.LIF(integrator=_Own())], {"shape": (3,)}, "has no name in a file. Use Euler()"),
        ([rv.MaxPool2d(2)], {"shape": (1, 4, 4)}, "layer 0 (MaxPool2d): NIR has no maximum pooling; AvgPool2d or SumPool2d"),
        ([MaxGate(nn.MaxPool2d(2))], {"shape": (1, 4, 4)}, "layer 0 (MaxGate): NIR has no maximum pooling; convert a network with nn.AvgPool2d"),
        ([Scale(2.0, torch.ones(2))], {"shape": (2,)}, "layer 0 (Scale): NIR's Scale has no offset; a neuron's v_leak, or the bias"),
        ([rv.Delays(3)], {"shape": (4,)}, "NIR has no axis of delayed copies"),
        ([nn.Tanh()], {"shape": (4,)}, "layer 0 (Tanh): NIR has no primitive for it."),
        ([rv.Conv2d(1, 1, 3)], {}, "give the shape of a sample's input, such as shape=(1, 28, 28)"),
        ([rv.Conv2d(2, 1, 3)], {"shape": (1, 4, 4)}, "takes input of shape (2, 4, 4), what arrives has (1, 4, 4)"),
        ([rv.Conv2d(2, 1, 3)], {"shape": (9,)}, "takes input of shape (2, -1, -1), what arrives has (9,)"),
        ([rv.SumPool2d(2)], {"shape": (9,)}, "takes input of shape (-1, -1, -1), what arrives has (9,)"),
        ([rv.Linear(3, 2), rv.Linear(3, 2)], {}, "layer 1 (Linear): takes input of shape (3,), what arrives has (2,)"),
        ([rv.LIF()], {"shape": (0,)}, "shape must hold sizes of at least 1, got (0,)"),
        ([rv.Linear(3, 2)], {"dt": -1.0}, "dt must be a positive number of seconds, got -1.0"),
        ([rv.Linear(3, 2), rv.LIF()], {"dt": 1.0}, "dt is 1.0 s, that of the neurons 0.001 s. Leave dt out"),
        ([rv.LIF(), rv.LIF(dt=2e-3)], {"shape": (3,)}, "neurons have time steps of 0.001 s, 0.002 s; expected one"),
        ([Convolution(torch.ones(1, 1, 3), None, [2], [(0, 1)], [1], 1)], {"shape": (1, 9)}, "NIR pads both sides alike"),
    ],
)  # fmt: skip
def test_what_nir_cannot_say_is_refused(tmp_path, layers, options, text) -> None:
    with pytest.raises(RanvierError, match=re.escape(text)):
        save_nir(rv.Sequential(*layers, rate=None), tmp_path / "net.nir", **options)
    assert not (tmp_path / "net.nir").exists()


POOL = {"type": "AvgPool2d", "kernel_size": [2, 2], "stride": [2, 2], "padding": [0, 0]}
LIF = {"type": "LIF", "tau": 0.01, "r": 1.0, "v_leak": 0.0, "v_threshold": 1.0}


@pytest.mark.parametrize(
    ("node", "shape", "text"),
    [
        ({"type": "Softmax"}, [3], r"node 'n0' (Softmax): no layer of ours is this. Known are Linear, Affine"),
        (EYE | {"more": 1.0}, [3], "has more, which means nothing here; expected weight"),
        ({"type": "Linear"}, [3], "node 'n0' (Linear): has no weight"),
        (EYE | {"weight": "text"}, [3], "weight is 'text'; expected numbers"),
        (EYE | {"weight": np.zeros((0, 3))}, [3], "weight is empty, its shape is (0, 3)"),
        (EYE | {"weight": [[1.0, np.nan, np.inf]]}, [3], "weight holds NaN or inf in 2 of 3 values"),
        (EYE | {"weight": np.zeros((2, 2, 3))}, [3], "weight must have the axes [out, in], got shape (2, 2, 3)"),
        (EYE, [4], "weight has shape (3, 3), the input of the node (4,)."),
        (EYE, [1, 3, 1], "takes input of 1 axes, what arrives has shape (3, 1)"),
        ({"type": "Affine", "weight": np.eye(3), "bias": [0.0]}, [3], "bias has shape (1,), expected (3,)"),
        (CONV | {"weight": W[0]}, [2, 5, 5], "weight must have 4 axes [out, in, *kernel]"),
        (CONV | {"groups": 3}, [2, 5, 5], "in 3 groups does not fit 2 input channels"),
        (CONV | {"input_shape": [6, 6]}, [2, 5, 5], "input_shape is (6, 6), what arrives has (5, 5)"),
        (CONV | {"stride": 2, "padding": "same"}, [2, 5, 5], "padding 'same' with stride (2, 2) has no meaning"),
        (CONV | {"padding": "round"}, [2, 5, 5], "padding is 'round'; expected numbers"),
        (CONV | {"padding": -1}, [2, 5, 5], "padding must be 2 whole numbers >= 0, got [-1]"),
        (CONV | {"stride": 2**40}, [2, 5, 5], "too large to be meant"),
        (CONV | {"padding": 2**20}, [2, 5, 5], "values a step, more than"),
        (CONV | {"padding": 0}, [2, 2, 2], "is smaller than its window: the output would have shape (4, 0, 0)"),
        (POOL | {"padding": 1}, [1, 4, 4], "NIR does not say whether the mean counts the zeros"),
        ({**POOL, "type": "SumPool2d", "padding": 2}, [1, 4, 4], "padding (2, 2) is more than half of kernel_size (2, 2)"),
        ({"type": "Flatten", "start_dim": 0, "end_dim": -1, "input_type": [9, 9]}, [2, 3], "input_type is [9, 9], what arrives has shape (2, 3)"),
        ({"type": "Flatten", "start_dim": 5, "end_dim": -1}, [2, 3], "start_dim is 5, the input has the axes 0 to 1"),
        ({"type": "Flatten", "start_dim": 1, "end_dim": 0}, [2, 3], "start_dim and end_dim name the axes 1 to 0"),
        ({"type": "Flatten", "start_dim": 0.5, "end_dim": 0}, [2, 3], "start_dim must be one whole number, got 0.5"),
        ({"type": "Delay", "delay": -1.0}, [2], "delay must lie between 0 s and 2^31 steps"),
        ({"type": "Delay", "delay": 1e6}, [2], "are more than 67108864 to keep"),
        (LIF | {"tau": 0.0}, [2], "tau must be above 0 s, got 0"),
        (LIF | {"r": [1.0, 2.0, 3.0]}, [2], "r has shape (3,), the input of the node (2,)"),
        (LIF | {"v_threshold": -1.0}, [2], "v_threshold must lie above v_reset"),
        (LIF | {"metadata": {"ranvier": "[]"}}, [2], "its metadata is not what Ranvier writes: expected an object. Give convention="),
        (LIF | {"metadata": {"ranvier": '{"model": "LIF"}'}}, [2], "expected the keys"),
        (LIF | {"metadata": {"ranvier": '{"model": "LIF", "input": "os.system", "integrator": "best"}'}}, [2], "'os.system' is no option"),
        (LIF | {"metadata": {"ranvier": '{"model": "X", "input": "CurrentInput", "integrator": "best"}'}}, [2], "names the model 'X'; expected LIF, NIRLIF"),
        ({"type": "IF", "r": -2.0, "v_threshold": 1.0}, [2], "r must be above 0, got -2: it becomes a capacitance"),
    ],
)  # fmt: skip
def test_what_does_not_map_is_refused_with_the_nodes_name_and_type(here, write, build, node, shape, text) -> None:
    with pytest.raises(BadFileError, match=re.escape(text)):
        load(write(build.row(shape, node, out=shape)))


def test_small_layers_show_themselves() -> None:
    layers = (
        FlattenAxes(0, 1), PaddedSumPool2d((2, 2), (2, 2), (1, 0)), Delay(3, (2,)), Delay(torch.tensor([1, 2])),
        Convolution(torch.ones(1, 1, 3), torch.ones(1), [1], [(1, 1)], [1], 1),
    )  # fmt: skip
    assert [str(layer) for layer in layers] == [
        "FlattenAxes(0, 1)", "PaddedSumPool2d((2, 2), stride=(2, 2), padding=(1, 0))", "Delay(3 steps)", "Delay(1 to 2 steps)",
        "Convolution((1, 1, 3), stride=(1,), padding=((1, 1),), dilation=(1,), groups=1)",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="Delay: steps must be >= 0, got -1"):
        Delay(-1, (2,))
