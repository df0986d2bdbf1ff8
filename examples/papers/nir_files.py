"""Pedersen et al., "Neuromorphic intermediate representation" (Nature Communications 2024): networks that others trained, run from their files.

    python examples/papers/nir_files.py files *.nir
    python examples/papers/nir_files.py lif lif_norse.nir TRACES
    python examples/papers/nir_files.py state braille_noDelay_bias_zero.nir STATE.npz
    python examples/papers/nir_files.py nested braille_noDelay_bias_zero.nir braille_noDelay_bias_zero_subgraph.nir
    python examples/papers/nir_files.py cnn cnn_sinabs.nir NMNIST.zip
    python examples/papers/nir_files.py braille braille_noDelay_bias_zero.nir SAMPLES.npz

files: each file is read, saved and read again; eager, compiled and streaming runs are compared spike for spike, and the package nir reads what was
saved, also where it refuses the original. lif: the LIF of Norse by the convention of each platform, against that platform's own record.
TRACES: the folder with lif_<platform>.csv (input, membrane, spike; steps of 0.1 ms). state: the recurrent network of snnTorch from its state dict
(STATE.npz: the arrays of net.state_dict()), from its NIR file, and by its equations in NumPy. nested: the same network as one flat graph and
with a subgraph. cnn: the N-MNIST network of Sinabs on test recordings, in frames of 1 ms. NMNIST.zip: recordings in the official layout,
Test/<digit>/<number>.bin (`tonic.datasets.NMNIST` downloads them). braille: the network of snnTorch on tactile recordings of braille letters
(Mueller-Cleve et al. 2022, Zenodo record 7050094). SAMPLES.npz: x_train, y_train, x_test, y_test, with x 0 or 1, [N, 256, 12], in steps of 5 ms,
and the labels in the order Space A E I O U Y. The .nir files, the traces and the state: GitHub repository neuromorphs/NIR, folder paper and its
history (commit 7232ada6d30e).

In cnn and braille the network is also saved, read again and compared, and the braille network is trained for an epoch in between. Measured
results are in nir_files.md.
"""

import argparse
import tempfile
import warnings
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import nir
import numpy as np
import torch
from torch import Tensor

import ranvier as rv
from ranvier.data.event_files import read_nmnist
from ranvier.interchange import CONVENTIONS, Convention, Network, from_snntorch, load_nir, save_nir
from ranvier.losses import cross_entropy_count

STEPS = 350  # of 1 ms: a recording of N-MNIST lasts 310 ms
DT = 0.1 * rv.ms  # of the LIF and of the braille network
SNNTORCH = CONVENTIONS["snntorch"]


def recordings(path: Path, limit: int) -> tuple[Tensor, np.ndarray]:
    """Event counts [T, B, 2, 34, 34] in frames of 1 ms, OFF in channel 0, and labels [B]."""
    frames, labels = [], []
    with zipfile.ZipFile(path) as archive:
        names = sorted(n for n in archive.namelist() if "Test/" in n and n.endswith(".bin"))[:limit]
        for name in names:
            with tempfile.NamedTemporaryFile(suffix=".bin") as file:
                file.write(archive.read(name))
                file.flush()
                recording = read_nmnist(file.name)
            frames.append(recording.to_frames(1 * rv.ms, steps=STEPS, clip=True))
            labels.append(int(Path(name).parent.name))
    return torch.cat(frames, 1), np.array(labels)


@torch.no_grad()
def decide(net: Network, x: Tensor) -> tuple[np.ndarray, Tensor]:
    """The class of most output spikes, and the spikes."""
    spikes = net(x)
    return spikes.sum(0).argmax(1).numpy(), spikes


def round_trip(net: Network, x: Tensor) -> bool:
    """Whether a saved network gives the same spikes."""
    with tempfile.TemporaryDirectory() as folder:
        save_nir(net, Path(folder) / "net.nir")
        return torch.equal(decide(load_nir(Path(folder) / "net.nir"), x)[1], decide(net, x)[1])


def cnn(file: Path, data: Path, limit: int) -> None:
    """Sinabs's network with reset to zero (as IF of NIR says) and by subtraction (as Sinabs does)."""
    x, y = recordings(data, limit)
    reset = {"to zero": Convention(), "by subtraction": replace(CONVENTIONS["sinabs"], fire_on=">=")}
    for name, convention in reset.items():
        net = load_nir(file, convention=convention)
        right = int((decide(net, x)[0] == y).sum())
        print(f"N-MNIST, reset {name}: {right} of {len(y)}")
        assert right >= 0.95 * len(y)
    same = round_trip(load_nir(file, convention=Convention()), x[:, :10])
    print(f"round trip: {'same spikes' if same else 'OTHER SPIKES'}")
    assert same


def braille(file: Path, data: Path) -> None:
    """snnTorch's network: dt 0.1 ms in the file, whatever the recordings' steps."""
    given = np.load(data)
    x = {part: torch.from_numpy(given[f"x_{part}"]).float().transpose(0, 1).contiguous() for part in ("train", "test")}
    y = {part: torch.from_numpy(given[f"y_{part}"]).long() for part in ("train", "test")}
    net = load_nir(file, dt=DT, convention=SNNTORCH, surrogate=rv.FastSigmoid(5.0))
    right = {part: (decide(net, x[part])[0] == y[part].numpy()) for part in x}
    whole = np.concatenate(list(right.values())).mean()
    print(f"braille, as it was read: test {100 * right['test'].mean():.1f} %, all {100 * whole:.1f} %")
    assert whole >= 0.96
    assert round_trip(net, x["test"])
    optimiser = torch.optim.Adam(net.parameters(), 2e-4)
    order = torch.randperm(len(y["train"]), generator=torch.Generator().manual_seed(0))
    for part in order.split(64):
        optimiser.zero_grad()
        cross_entropy_count(net(x["train"][:, part]), y["train"][part]).backward()
        optimiser.step()
    tuned = (decide(net, x["test"])[0] == y["test"].numpy()).mean()
    same = round_trip(net, x["test"])
    print(
        f"after one more epoch: test {100 * tuned:.1f} %; saved and read: {'same spikes' if same else 'OTHER SPIKES'}"
    )
    assert same and tuned >= 0.95


def refused_by_nir(file: Path) -> bool:
    """Whether the package nir itself cannot read a file."""
    try:
        nir.read(file)
    except Exception:  # whatever it raises: asserts, KeyError, TypeError
        return True
    return False


@torch.no_grad()
def files(*paths: Path) -> None:
    """What each file becomes, and that every way to run it gives the same spikes."""
    for path in paths:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            net, compiled = (load_nir(path, dt=DT, convention=SNNTORCH, backend=b) for b in ("eager", "auto"))
        texts = {str(w.message) for w in told}
        x = (torch.rand(60, 2, *net.shape, generator=torch.Generator().manual_seed(0)) < 0.4).float()
        y = net(x)
        stream = net.stream()
        assert torch.equal(torch.stack([stream.step(row[0]).clone() for row in x]), y[:, 0])
        assert torch.equal(compiled(x), y)
        with tempfile.TemporaryDirectory() as folder:
            again = Path(folder) / "again.nir"
            assert save_nir(net, again) == () and not refused_by_nir(again)
            same = load_nir(again)
            assert torch.equal(same(x), y) and same.names == net.names and same.dt == net.dt and same.notes == ()
        print(
            f"{path.name}: {len(nodes(net))} nodes; {'refused' if refused_by_nir(path) else 'read'} by nir; spikes {int(y.sum())}"
        )
        for note in net.notes:
            warned = any(text.endswith(note) for text in texts)
            print(f"  {'repaired, with a warning' if warned else 'noted'}: {note}")


def nodes(net: Network) -> list[str]:
    return [name for names in net.names for name in names]


def lif(file: Path, traces: Path) -> None:
    """Spikes of each convention against the record of its platform, and the membrane where the unit is the same."""
    for name, convention in CONVENTIONS.items():
        platform, lag = ("lava_cpu_float", 1) if name == "lava" else (name, 0)  # Lava's record is one step behind
        record = traces / f"lif_{platform}.csv"
        if not record.exists():
            continue  # euler is no platform
        drive, v, spikes = np.loadtxt(record, delimiter=",").T
        net = load_nir(file, dt=DT, convention=convention)
        run = net.run(torch.from_numpy(drive != 0).float().view(-1, 1, 1), record=("v",))
        found = np.roll(run.output.detach().flatten().numpy(), lag)
        assert np.array_equal(found, spikes != 0), f"{name}: {found.nonzero()[0]} against {spikes.nonzero()[0]}"
        print(f"{name}: spikes at {', '.join(map(str, found.nonzero()[0]))}, as in {record.name}")
        if name == "norse":
            error = np.abs(run.records["1.v"].detach().flatten().numpy() - v).max()
            print(f"  its membrane differs by {error:.1e} at most")
            assert error < 1e-6


def by_hand(raw: Any, x: np.ndarray) -> np.ndarray:
    """Hidden spikes [T, N] of one sample x [T, 12]: i, v, spikes and their way back, reset to zero in the same step."""
    first, back, neuron = raw.nodes["fc1"], raw.nodes["lif1.w_rec"], raw.nodes["lif1.lif"]
    spikes, i, v = (np.zeros(len(first.bias)) for _ in range(3))
    found = []
    for x_t in x:
        drive = first.weight @ x_t + first.bias + back.weight @ spikes + back.bias
        i = i + DT / neuron.tau_syn * (neuron.w_in * drive - i)
        v = v + DT / neuron.tau_mem * (neuron.v_leak - v + neuron.r * i)
        spikes = (v > neuron.v_threshold).astype(float)
        v = np.where(spikes > 0, 0.0, v)
        found.append(spikes)
    return np.array(found)


@torch.no_grad()
def state(file: Path, data: Path) -> None:
    """snnTorch's network by its state dict, by its NIR file and by hand."""
    made = from_snntorch(data, reset_delay=False)
    net = load_nir(file, dt=DT, convention=SNNTORCH)
    print(made)
    x = (torch.rand(256, 16, 12, generator=torch.Generator().manual_seed(0)) < 0.2).float()
    same = torch.equal(made.net(x), net(x))
    print(f"state dict against NIR file: {'same spikes' if same else 'OTHER SPIKES'} ({int(net(x).sum())})")
    exact = load_nir(file, dt=DT, convention=SNNTORCH, backend="eager").double()
    raw, hidden = nir.read(file), exact.layers[1](exact.layers[0](x.double())).numpy()
    alike = all(np.array_equal(by_hand(raw, x[:, k].double().numpy()), hidden[:, k]) for k in range(x.shape[1]))
    print(f"NIR file against NumPy: {'same hidden spikes' if alike else 'OTHER SPIKES'} ({int(hidden.sum())})")
    assert same and alike


@torch.no_grad()
def nested(file: Path, data: Path) -> None:
    """One network as a flat graph and with a subgraph whose edges name a node that is not there."""
    nets = [load_nir(path, dt=DT, convention=SNNTORCH) for path in (file, data)]
    x = (torch.rand(256, 16, 12, generator=torch.Generator().manual_seed(0)) < 0.2).float()
    assert [type(layer).__name__ for layer in nets[1].layers] == ["Linear", "Recurrent", "Linear", "NIRCubaLIF"]
    same = torch.equal(nets[0](x), nets[1](x))
    print(f"flat against nested: {'same spikes' if same else 'OTHER SPIKES'}")
    assert same


if __name__ == "__main__":
    runs = {"files": files, "lif": lif, "state": state, "nested": nested, "cnn": cnn, "braille": braille}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("which", choices=runs)
    parser.add_argument("paths", type=Path, nargs="+", help="the network, then what it is compared with or runs on")
    parser.add_argument("--limit", type=int, default=100, help="recordings of N-MNIST to run")
    asked = parser.parse_args()
    if asked.which != "files" and len(asked.paths) != 2:
        parser.error(f"{asked.which} takes two paths, see --help")
    torch.manual_seed(0)
    options = {"limit": asked.limit} if asked.which == "cnn" else {}
    runs[asked.which](*asked.paths, **options)
