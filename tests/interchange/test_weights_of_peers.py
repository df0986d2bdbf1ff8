"""Weights of snnTorch, SpikingJelly and Lava-DL, and the table of what went where."""

import io
import re
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
import safetensors.torch
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

import ranvier as rv
from ranvier.conversion import load_model, model_file
from ranvier.equations import Euler
from ranvier.errors import BadFileError, RanvierError
from ranvier.interchange import (
    CONVENTIONS,
    from_lava_dl,
    from_snntorch,
    from_spikingjelly,
    lava_dl,
    load_nir,
    place_weights,
    weights,
)
from ranvier.interchange.weights import read_state
from ranvier.neurons import presets


def test_a_state_of_snntorch_runs_as_its_nir_file(here, files, build, tmp_path) -> None:
    """The same network by both ways: decays against time constants."""
    np.savez(tmp_path / "state.npz", **build.snntorch_state())
    made = from_snntorch(tmp_path / "state.npz", reset_delay=False, backend="eager")
    file = load_nir(files / "recurrent.nir", dt=build.DT, convention=CONVENTIONS["snntorch"], backend="eager")
    made.net.fused = file.fused = False
    assert str(made).splitlines()[0] == "fc1.weight                 ->  layer 0 Linear.weight (9, 6)"
    assert len(made.rows) == 16 and ("lif1.recurrent.bias", "layer 0 Linear.bias, added") in made.rows
    x = (torch.rand(60, 4, 6) < 0.3).float()
    assert torch.equal(made.net(x), file(x)) and file(x).sum() > 0


def test_leaky_of_snntorch() -> None:
    state = {
        "0.weight": torch.eye(2),
        "1.beta": torch.tensor(0.9),
        "1.threshold": torch.tensor(0.5),
        "1.reset_mechanism_val": torch.tensor(0),
    }
    made = from_snntorch(state, backend="eager")
    x = torch.rand(20, 1, 2)
    assert torch.equal(made.net(x), presets.snntorch_leaky(0.9, 0.5, backend="eager")(x))


LIF_STATE = {"0.weight": torch.eye(2), "1.beta": torch.tensor(0.9)}


@pytest.mark.parametrize(
    ("state", "text"),
    [
        ({}, "the state dict is empty"),
        ({"c.weight": torch.zeros(1, 1, 3, 3)}, "'c' holds weight (1, 1, 3, 3); expected Linear, Leaky"),
        (LIF_STATE | {"1.V": torch.ones(2)}, "'1' holds beta (), V (2,)"),
        (LIF_STATE | {"1.beta": torch.tensor([0.9, 0.8])}, "1.beta differs between neurons; expected one number"),
        (LIF_STATE | {"1.beta": torch.tensor(1.5)}, "from_snntorch: 1: LIF.from_beta: beta must lie between 0 and 1"),
        (LIF_STATE | {"1.graded_spikes_factor": torch.tensor(2.0)}, "1 has graded spikes; ours are 0 or 1"),
        (LIF_STATE | {"1.reset_mechanism_val": torch.tensor(7)}, "1.reset_mechanism_val is 7; expected 0, 1 or 2"),
        (LIF_STATE | {"1.recurrent.weight": torch.ones(2, 3)}, "1.recurrent.weight has shape (2, 3); expected [N, N]"),
        ({"1.beta": torch.tensor(0.9), "1.recurrent.weight": torch.eye(2), "1.recurrent.bias": torch.ones(2)}, "has no Linear before it to join"),
        ({"0.weight": torch.full((2, 2), torch.nan)}, "0.weight holds NaN or inf"),
        ({"0.weight": "text"}, "state: 0.weight is str; expected a tensor"),
    ],
)  # fmt: skip
def test_what_does_not_map_from_snntorch_is_named(state, text) -> None:
    with pytest.raises(RanvierError, match=re.escape(text)):
        from_snntorch(state)


def test_weights_go_layer_by_layer() -> None:
    theirs = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8, 3))
    net = rv.Sequential(rv.Conv2d(1, 2, 3), rv.LIF(), rv.Flatten(), rv.Sequential(rv.Linear(8, 3)))
    made = place_weights(theirs.state_dict() | {"extra": torch.ones(1)}, net, ignore=("extra",))
    assert made.rows[2] == ("3.weight", "layer 3.0 Linear.weight (3, 8)") and len(made.rows) == 4
    assert torch.equal(net.layers[0].weight, theirs[0].weight)


@pytest.mark.parametrize(
    ("state", "text"),
    [
        ({"w": torch.ones(3, 3)}, "w has shape (3, 3), its turn is layer 0 Linear.weight of shape (3, 2)"),
        ({"w": torch.ones(3, 2)}, "the state dict has nothing for layer 0 Linear.bias"),
        (
            {"w": torch.ones(3, 2), "b": torch.ones(3), "more": torch.ones(1)},
            "the state dict has no place for more. Give ignore=",
        ),
    ],
)
def test_weights_that_do_not_fit_change_nothing(state, text) -> None:
    net = rv.Sequential(rv.Linear(2, 3))
    before = net.layers[0].weight.clone()
    with pytest.raises(RanvierError, match=re.escape(text)):
        place_weights(state, net)
    assert torch.equal(net.layers[0].weight, before)


def test_files_of_tensors(tmp_path) -> None:
    state = {"weight": torch.randn(3, 2), "bias": torch.randn(3)}
    np.savez(tmp_path / "s.npz", **{k: v.numpy() for k, v in state.items()})
    safetensors.torch.save_file(state, tmp_path / "s.safetensors")
    torch.save(state, tmp_path / "s.pt")
    for suffix in ("npz", "safetensors", "pt"):
        net = rv.Sequential(rv.Linear(2, 3))
        place_weights(tmp_path / f"s.{suffix}", net)
        assert torch.equal(net.layers[0].weight, state["weight"])


class _Code:
    def __reduce__(self):
        return (print, ("run",))


def test_files_are_data_and_never_code(tmp_path, capsys) -> None:
    torch.save(_Code(), tmp_path / "code.pt")
    with pytest.raises(BadFileError, match="code.pt: holds more than tensors"):
        place_weights(tmp_path / "code.pt", rv.Sequential(rv.Linear(2, 3)))
    np.savez(tmp_path / "code.npz", a=np.array([_Code()], dtype=object))
    torch.save([1], tmp_path / "list.pt")
    (tmp_path / "cut.safetensors").write_bytes(b"\x05")
    for name, text in (
        ("code.npz", "cannot be read as tensors"),
        ("list.pt", "holds list; expected a state dict"),
        ("cut.safetensors", "cannot be read"),
        ("none.pt", "no such file"),
    ):
        with pytest.raises(BadFileError, match=text):
            place_weights(tmp_path / name, rv.Sequential(rv.Linear(2, 3)))
    assert capsys.readouterr().out == ""


def test_spikingjelly_with_learned_time_constants() -> None:
    net = rv.Sequential(
        rv.Linear(2, 3), presets.spikingjelly_lif(), rv.Linear(3, 1, bias=False), presets.spikingjelly_lif()
    )
    state = {
        "0.weight": torch.ones(3, 2),
        "0.bias": torch.ones(3),
        "1.w": torch.tensor(0.0),
        "2.weight": torch.ones(1, 3),
        "3.w": torch.tensor(-1.0),
    }
    made = from_spikingjelly(state, net)
    assert [net.layers[k].tau_mem for k in (1, 3)] == pytest.approx([2e-3, (1 + np.e) * 1e-3])
    assert made.rows[-2] == ("1.w", "LIF.tau_mem = 0.002 s") and len(made.rows) == 5
    plain = from_spikingjelly({k: v for k, v in state.items() if not k.endswith(".w")}, net)
    assert len(plain.rows) == 3


def test_what_does_not_map_from_spikingjelly_is_named() -> None:
    net = rv.Sequential(rv.Linear(2, 3), rv.IF())
    with pytest.raises(RanvierError, match="1 normalise batches. Fold them"):
        from_spikingjelly({"1.running_mean": torch.ones(3)}, net)
    with pytest.raises(RanvierError, match="there are 2 parametric neurons, the network has 1 that fire"):
        from_spikingjelly({"1.w": torch.tensor(0.0), "3.w": torch.tensor(0.0)}, net)


CUBA = {"type": "CUBA", "iDecay": 1024, "vDecay": 2048, "vThMant": 64, "refDelay": 1, "gradedSpike": False}


def lava(weight, **more):
    neuron = CUBA | more.pop("neuron", {})
    return {
        "type": np.array([b"dense"]),
        "inFeatures": weight.shape[-1],
        "outFeatures": len(weight),
        "shape": [len(weight)],
        "weight": weight,
        "neuron": neuron,
        **more,
    }


@pytest.fixture
def net_file(tmp_path, build, monkeypatch):
    """A .net file of layers, read in this process."""
    monkeypatch.setattr(lava_dl, "read_tree", build.read_here)

    def make(**layers):
        with h5py.File(tmp_path / "net.net", "w") as file:
            for name, values in layers.items():
                group = file.create_group(f"layer/{name.removeprefix('l')}")
                build.put(group, {k: v for k, v in values.items() if k not in ("type",)})
                group["type"] = values["type"]
        return tmp_path / "net.net"

    return make


def test_lava_dl_by_its_equations(net_file) -> None:
    weight = np.float32([[50, -20], [30, 40]])
    made = from_lava_dl(net_file(l0=lava(weight, bias=np.float32([1, 2])), l1=lava(weight)), backend="eager")
    assert made.rows[1] == ("layer/0/neuron", "layer 1 Synaptic(tau_mem=0.002, tau_syn=0.004)")
    assert isinstance(made.net.layers[1].options.integrator, Euler)
    x, u, v, found = (torch.rand(30, 1, 2) < 0.5).float(), np.zeros(2), np.zeros(2), []
    for x_t in x[:, 0].numpy():
        u = u * (1 - 1024 / 4096) + weight @ x_t + [1, 2]
        v = v * (1 - 2048 / 4096) + u
        found.append(v > 64)
        v = np.where(v > 64, 0, v)
    first = made.net.layers[1](made.net.layers[0](x))
    np.testing.assert_array_equal(first.detach().numpy()[:, 0], found)
    assert np.sum(found) > 5


EYE = np.eye(2, dtype=np.float32)


@pytest.mark.parametrize(
    ("layers", "text"),
    [
        (
            {"l0": lava(EYE), "l1": lava(np.ones((1, 3), np.float32))},
            "layer 1: weight takes 3 inputs, the layer before has 2 neurons",
        ),
        ({"l0": lava(EYE) | {"type": "conv"}}, "layer 0: is of type 'conv'; expected 'dense'"),
        ({"l0": lava(EYE, delay=np.ones(2))}, "has delay, which maps to nothing of ours"),
        ({"l0": lava(np.float32([[np.nan]]))}, "weight must be finite numbers [out, in]"),
        ({"l0": lava(EYE, bias=np.ones(3))}, "bias must be 2 finite numbers"),
        ({"l0": lava(EYE, neuron={"type": "ALIF"})}, "its neuron is 'ALIF'; expected 'CUBA'"),
        ({"l0": lava(EYE, neuron={"thDecay": 1})}, "its neuron has thDecay, which maps to nothing"),
        ({"l0": lava(EYE, neuron={"iDecay": 5000})}, "iDecay of its neuron must be one number from 1 to 4096"),
        ({"l0": lava(EYE, neuron={"refDelay": 3})}, "refDelay of its neuron must be one number from 1 to 1"),
        ({"lx": lava(EYE)}, "has no group /layer with layers 0, 1"),
    ],
)
def test_what_does_not_map_from_lava_dl_is_named(net_file, layers, text) -> None:
    with pytest.raises(BadFileError, match=re.escape(text)):
        from_lava_dl(net_file(**layers))


STATE = {"0.weight": torch.arange(12.0).reshape(3, 4), "0.bias": torch.zeros(3)}


def as_torch(old: bool) -> bytes:
    out = io.BytesIO()
    torch.save(STATE, out, _use_new_zipfile_serialization=not old)
    return out.getvalue()


def as_npz() -> bytes:
    out = io.BytesIO()
    np.savez(out, allow_pickle=False, **{name: value.numpy() for name, value in STATE.items()})
    return out.getvalue()


FILES = {
    "new.pt": lambda: as_torch(False),
    "old.pt": lambda: as_torch(True),
    ".npz": as_npz,
    ".safetensors": lambda: safetensors.torch.save(STATE),
}


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(sorted(FILES)),
    changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=12),
    length=st.one_of(st.just(1.0), st.floats(0, 1)),
)
@pytest.mark.filterwarnings("ignore:.*")
def test_mutated_files_of_tensors_are_read_or_refused(tmp_path: Path, kind: str, changes, length: float) -> None:
    content = bytearray(FILES[kind]())
    for place, value in changes:
        content[int(place * (len(content) - 1))] = value
    path = tmp_path / f"state{kind}"
    path.write_bytes(bytes(content[: int(length * len(content))]))
    for read in (read_state, lambda file: load_model(file, "Linear(4, 3)")):
        try:
            read(path)
        except RanvierError as error:
            assert str(path) in str(error) or "state: " in str(error)


def test_tensors_that_are_too_many_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", bytes(2_000_000))
    view = {"0.weight": torch.zeros(1).expand(1000, 1000), "0.bias": torch.zeros(3)}
    torch.save(view, tmp_path / "view.pt")
    for module in (weights, model_file):
        monkeypatch.setattr(module, "LARGEST", 1_000_000)
    for read in (read_state, lambda file: load_model(file, "Linear(4, 3)")):
        with pytest.raises(BadFileError, match=r"bomb.npz: unpacks to 2000000 bytes, more than 1000000"):
            read(tmp_path / "bomb.npz")
        with pytest.raises(
            BadFileError, match=r"with 0.weight of shape \(1000, 1000\) it takes more than 1000000 bytes"
        ):
            read(tmp_path / "view.pt")
    (tmp_path / "large.pt").write_bytes(bytes(1_000_001))
    with pytest.raises(BadFileError, match="large.pt: has 1000001 bytes, more than 1000000"):
        load_model(tmp_path / "large.pt")


def test_weights_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    torch.save({**STATE, "0.bias": torch.tensor([0.0, float("nan"), 1.0])}, tmp_path / "nan.pt")
    with pytest.raises(BadFileError, match="nan.pt: 0.bias holds NaN or inf"):
        load_model(tmp_path / "nan.pt", "Linear(4, 3)")
