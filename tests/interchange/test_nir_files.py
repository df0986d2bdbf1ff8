"""Files as other frameworks write them: what they become, how they run, that they come back the same.

`examples/papers/nir_files.py` asks the same of the files of the NIR paper.
"""

import copy
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import nir
import numpy as np
import pytest
import torch

from ranvier.equations import Exact, Subtract, ToValue
from ranvier.interchange import CONVENTIONS, Convention, load_nir, save_nir
from ranvier.layers import Linear, Recurrent
from ranvier.neurons import LIF

DT, TAU, THRESHOLD = 1e-4, 2.5e-3, 0.1
DRIVE = (np.random.default_rng(5).random(300) < 0.12).astype(float) * 1.3
NAMES = {
    "lif_norse": (),
    "lif_of_scalars": (),
    "lif_rockpool": ("the output's shape (1, 1, 1) is read as (1,)",),
    "two_lifs": (),
    "recurrent": ("the bias of 'lif1.w_rec' joined that of the layer before: it comes in every step",),
    "recurrent_nested": (
        "lif1: edges name 'lif', which is no node; 'lif1' is the one node without edges, so it is meant",
        "the bias of 'lif1.lin' joined that of the layer before: it comes in every step",
    ),
    "sinabs_without_input_shape": (
        "the input's shape (1, 1, 6, 6) is read as (1, 6, 6), without its batch",
        "the output's shape (1, 8) is read as (8,)",
    ),
}
SNNTORCH = CONVENTIONS["snntorch"]


def load(files: Path, name: str, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # repairs: their texts are compared with NAMES
        net = load_nir(files / f"{name}.nir", **{"dt": DT, "backend": "eager", "convention": SNNTORCH, **options})
    net.fused = False  # the engines are compared elsewhere
    return net


def euler(v: float, x: float) -> tuple[float, bool]:
    """v <- v + dt/tau (x - v); a spike where it lies above the threshold sets it to 0."""
    v += DT / TAU * (x - v)
    return (0.0, True) if v > THRESHOLD else (v, False)


def exact(v: float, x: float) -> tuple[float, bool]:
    """The solution for x held during the step."""
    v = x + (v - x) * np.exp(-DT / TAU)
    return (0.0, True) if v > THRESHOLD else (v, False)


def impulses(v: float, x: float) -> tuple[float, bool]:
    """The exact decay, then x dt/tau at once; a spike takes the threshold off."""
    v = v * np.exp(-DT / TAU) + DT / TAU * x
    return (v - THRESHOLD, True) if v >= THRESHOLD else (v, False)


def old_membrane(v: float, x: float) -> tuple[float, bool]:
    """A spike where the membrane of the step before lies above the threshold, which then comes off."""
    fired = v > THRESHOLD
    return (1 - DT / TAU) * v + DT / TAU * x - THRESHOLD * fired, fired


def simulated(step: Callable[[float, float], tuple[float, bool]], drive: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Membranes after each step, and spikes."""
    v, found = 0.0, []
    for x in drive:
        v, fired = step(v, float(x))
        found.append((v, fired))
    membranes, spikes = np.array(found).T
    return membranes, spikes


def test_norses_file_follows_forward_euler(files: Path) -> None:
    """In a process of its own, as users have it."""
    net = load_nir(files / "lif_norse.nir", dt=DT, convention=CONVENTIONS["norse"], backend="eager")
    run = net.run(torch.from_numpy(DRIVE).float().view(-1, 1, 1), record=("v",))
    v, spikes = simulated(euler, DRIVE)
    assert spikes.sum() > 3
    np.testing.assert_array_equal(run.output.detach().flatten(), spikes)
    np.testing.assert_allclose(run.records["1.v"].detach().flatten(), v, rtol=0, atol=1e-6)


STEPS = {"snntorch": euler, "nengo": exact, "sinabs": impulses, "spyx": old_membrane}


@pytest.mark.parametrize("platform", STEPS)
def test_every_convention_is_its_formula(here: None, files: Path, platform: str) -> None:
    x = torch.from_numpy(DRIVE).float().view(-1, 1, 1)
    spikes = load(files, "lif_norse", convention=CONVENTIONS[platform])(x).detach().flatten()
    np.testing.assert_array_equal(spikes, simulated(STEPS[platform], DRIVE)[1])
    others = [simulated(step, DRIVE)[1] for name, step in STEPS.items() if name != platform]
    assert not any(np.array_equal(spikes, other) for other in others), "the input tells conventions apart"


def test_platforms_that_share_a_formula() -> None:
    assert CONVENTIONS["snntorch"] == CONVENTIONS["spinnaker2"] == CONVENTIONS["lava"] == CONVENTIONS["euler"]
    assert CONVENTIONS["nengo"] == CONVENTIONS["exact"] and CONVENTIONS["sinabs"] == CONVENTIONS["rockpool"]
    assert replace(CONVENTIONS["norse"], reset=ToValue()) == CONVENTIONS["euler"]


@pytest.mark.parametrize("name", NAMES)
def test_every_file_comes_back_to_the_same_spikes(here: None, files: Path, tmp_path: Path, name: str) -> None:
    net = load(files, name)
    assert net.notes == NAMES[name], "what was read otherwise is told, and nothing else"
    assert save_nir(net, tmp_path / "again.nir") == ()
    again = load_nir(tmp_path / "again.nir", backend="eager")
    again.fused = False
    x = 2 * (torch.rand(40, 2, *net.shape) < 0.4).float()
    y = net(x)
    assert y.any() and torch.equal(y, again(x)) and again.names == net.names and again.dt == DT
    assert {k: v.tolist() for k, v in again.state_dict().items()} == {
        k: v.tolist() for k, v in net.state_dict().items()
    }
    theirs = nir.read(tmp_path / "again.nir")  # the package itself accepts what we write, also of files that it refused
    assert set(theirs.nodes) == {"input", "output", *(n for names in net.names for n in names)}


@pytest.mark.parametrize("name", ["lif_rockpool", "recurrent_nested", "sinabs_without_input_shape"])
def test_what_the_package_nir_refuses(files: Path, name: str) -> None:
    """So these files are as faulty as those that they stand for."""
    with pytest.raises((AssertionError, KeyError, TypeError, ValueError), match="."):
        nir.read(files / f"{name}.nir")


def test_shapes_of_old_files_count_a_batch(here: None, files: Path) -> None:
    net = load(files, "sinabs_without_input_shape")
    assert net.shape == (1, 6, 6) and net(torch.rand(2, 3, 1, 6, 6)).shape == (2, 3, 8)


def test_repairs_are_warned_about(here: None, files: Path) -> None:
    with pytest.warns(UserWarning, match="lif_rockpool.nir: the output's shape"):
        load_nir(files / "lif_rockpool.nir", dt=DT)


def test_a_coarse_euler_step_is_warned_about_unless_it_was_asked_for(here: None, files: Path) -> None:
    with pytest.warns(UserWarning, match="misses its decay"):
        load_nir(files / "recurrent.nir", dt=DT)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_nir(files / "recurrent.nir", dt=DT, convention=SNNTORCH)


def test_the_recurrent_loop_becomes_one_layer(here: None, files: Path) -> None:
    flat, nested = (load(files, name) for name in ("recurrent", "recurrent_nested"))
    assert [type(layer).__name__ for layer in flat.layers] == ["Linear", "Recurrent", "Linear", "NIRCubaLIF"]
    assert flat.names[1] == ("lif1.lif", "lif1.w_rec") and nested.names[1] == ("lif1.lif1", "lif1.lin")
    x = (torch.rand(40, 3, *flat.shape) < 0.3).float()
    assert torch.equal(flat(x), nested(x)) and flat(x).sum() > 0


def test_recurrence_is_what_snntorch_computes(here: None, files: Path, build) -> None:
    """Its equations: i, v, spikes and their way back, with reset to zero in the same step."""
    net = load(files, "recurrent")
    state, (alpha, beta) = build.snntorch_state(), (build.ALPHA[0], build.BETA[0])
    x = (torch.rand(60, 1, *net.shape) < 0.3).float()
    spikes, i, v = (np.zeros(build.HIDDEN) for _ in range(3))
    found, margins = [], []
    for x_t in x[:, 0].double().numpy():
        drive = state["fc1.weight"].astype(float) @ x_t + state["fc1.bias"]
        i = alpha * i + drive + state["lif1.recurrent.weight"].astype(float) @ spikes + state["lif1.recurrent.bias"]
        v = beta * v + i
        margins.append(np.abs(v - 1.0).min())
        spikes = (v > 1.0).astype(float)
        v = np.where(spikes > 0, 0.0, v)
        found.append(spikes)
    assert 5 < np.sum(found) < 0.9 * np.size(found) and min(margins) > 1e-5, "many spikes, none on the brink"
    recurrent = net.layers[1]
    assert isinstance(recurrent, Recurrent)
    np.testing.assert_array_equal(recurrent(net.layers[0](x)).detach().numpy()[:, 0], found)


def test_load_train_save_load(here: None, files: Path, tmp_path: Path) -> None:
    net = load(files, "recurrent", learn=("tau_mem",))
    before = copy.deepcopy(net.state_dict())
    x, y = (torch.rand(12, 16, *net.shape) < 0.4).float(), torch.randint(0, 3, (16,))
    losses = []
    for _ in range(3):
        loss = torch.nn.functional.cross_entropy(net(x).sum(0), y)
        net.zero_grad()
        loss.backward()
        with torch.no_grad():
            for parameter in net.parameters():
                assert parameter.grad is not None
                parameter -= 0.01 * parameter.grad
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0]
    assert all(
        not torch.equal(before[k], v) for k, v in net.state_dict().items() if k.endswith(("weight", "log_tau_mem"))
    )
    save_nir(net, tmp_path / "tuned.nir")
    again = load_nir(tmp_path / "tuned.nir", backend="eager")
    again.fused = False
    assert torch.equal(net(x), again(x))


def test_streams_as_it_runs(here: None, files: Path) -> None:
    net = load(files, "two_lifs")
    x = 3 * torch.rand(40, 1, 1)
    stream = net.stream()
    assert torch.equal(torch.stack([stream.step(row[0]).clone() for row in x]), net(x)[:, 0])


def test_options_reach_every_neuron(here: None, files: Path) -> None:
    own = Convention(Exact(), reset=Subtract(), fire_on=">=")
    net = load(files, "two_lifs", convention=own, dt=5e-4)
    neuron = net.layers[1]
    assert isinstance(net.layers[0], Linear) and isinstance(neuron, LIF)
    assert (neuron.options.integrator, neuron.options.reset, neuron.options.fire_on) == (Exact(), Subtract(), ">=")
    assert (neuron.dt, neuron.v_leak, neuron.v_reset) == (5e-4, pytest.approx(1.2), 0.0)
    kept = load(files, "two_lifs", convention=replace(own, reset=ToValue()))
    assert kept.layers[1].options.reset == ToValue()


def test_a_step_that_is_too_long_is_refused_with_the_node(here: None, files: Path) -> None:
    with pytest.raises(
        Exception, match=r"node 'lif1.lif' \(CubaLIF\): NIRCubaLIF: dt must not exceed tau_syn.*arguments of load_nir"
    ):
        load(files, "recurrent", dt=1e-3)


def test_learn_must_name_parameters(here: None, files: Path) -> None:
    with pytest.raises(ValueError, match="learn names tau, which no neuron of the file has. There are: r, tau_mem"):
        load(files, "lif_norse", learn="tau")


@pytest.mark.parametrize("dt", [0.0, -1.0, float("nan")])
def test_dt_must_be_a_time(here: None, files: Path, dt: float) -> None:
    with pytest.raises(ValueError, match="dt must be a positive number of seconds"):
        load(files, "lif_norse", dt=dt)
