"""Pedersen et al., "Neuromorphic intermediate representation" (Nature Communications 2024): networks that others trained, run from their files.

    python examples/papers/nir_files.py cnn cnn_sinabs.nir NMNIST.zip
    python examples/papers/nir_files.py braille braille_noDelay_bias_zero.nir SAMPLES.npz

cnn: the N-MNIST network of Sinabs on test recordings, in frames of 1 ms. NMNIST.zip: recordings in the official layout, Test/<digit>/<number>.bin
(`tonic.datasets.NMNIST` downloads them). braille: the recurrent network of snnTorch on tactile recordings of braille letters (Mueller-Cleve et al.
2022, Zenodo record 7050094). SAMPLES.npz: x_train, y_train, x_test, y_test, with x 0 or 1, [N, 256, 12], in steps of 5 ms, and the labels in
the order Space A E I O U Y. The .nir files: GitHub repository neuromorphs/NIR, folder paper (commit 7232ada6d30e).

Each network is also saved, read again and compared spike for spike, and the braille network is trained for an epoch in between. Measured results
are in nir_files.md.
"""

import argparse
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

import ranvier as rv
from ranvier.data.event_files import read_nmnist
from ranvier.interchange import CONVENTIONS, Convention, Network, load_nir, save_nir
from ranvier.losses import cross_entropy_count

STEPS = 350  # of 1 ms: a recording of N-MNIST lasts 310 ms


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
    net = load_nir(file, dt=0.1 * rv.ms, convention=CONVENTIONS["snntorch"], surrogate=rv.FastSigmoid(5.0))
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


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("which", choices=("cnn", "braille"))
    parser.add_argument("file", type=Path, help="the network")
    parser.add_argument("data", type=Path, help="the recordings")
    parser.add_argument("--limit", type=int, default=100, help="recordings of N-MNIST to run")
    asked = parser.parse_args()
    torch.manual_seed(0)
    if asked.which == "cnn":
        cnn(asked.file, asked.data, asked.limit)
    else:
        braille(asked.file, asked.data)
