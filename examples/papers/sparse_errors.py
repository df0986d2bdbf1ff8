"""Perez-Nieves and Goodman, "Sparse spiking gradient descent" (NeurIPS 2021): errors of the neurons near the threshold alone.

    python examples/papers/sparse_errors.py spoken-digits
    python examples/papers/sparse_errors.py mnist FOLDER         # FOLDER: the four IDX files of MNIST

Trains the same network with a surrogate that is nowhere zero (`FastSigmoid`) and with two of compact support, whose errors are zero far from
the threshold, so that the gradient work follows the neurons near it. Both gradients are exact for their surrogate; the question is what the
accuracy is. Measured results with these commands are in sparse_errors.md. `--epochs 1 --limit 2000` is a quick try.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import torch
from torch import Tensor

import ranvier as rv
from ranvier.cli.main import main as command_line
from ranvier.data.bundled import mnist
from ranvier.decoders import mean_membrane
from ranvier.losses import cross_entropy_mean_membrane
from ranvier.training import network
from ranvier.training.recipe import Recipe

SURROGATES = {
    "fast sigmoid (dense)": rv.FastSigmoid(3.0),
    "triangle": rv.Triangle(height=1.0, width=0.5),
    "boxcar": rv.Boxcar(width=0.5),
}
STEPS = 8


def spoken_digits(surrogate: rv.Surrogate, epochs: int, seed: int) -> float:
    """Test accuracy of the main job with LIF populations of one time constant each."""

    def population(r: Recipe, shape: tuple[int, ...], tau: tuple[float, float], g: torch.Generator) -> rv.LIF:
        return rv.LIF(tau_mem=(tau[0] * tau[1]) ** 0.5, dt=r.dt, surrogate=surrogate, reset=rv.Subtract())

    network.population = population
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        sys.argv = [
            "ranvier",
            "train",
            "spoken-digits",
            "--seed",
            str(seed),
            "--epochs",
            str(epochs),
            "--out",
            str(out),
        ]
        try:
            command_line()
        except SystemExit as done:
            assert not done.code
        return json.loads((out / "metrics.json").read_text())["final"]["test_accuracy"]


def pictures(folder: str, surrogate: rv.Surrogate, epochs: int, seed: int, limit: int | None) -> float:
    """Test accuracy of 784-500-500-10 on MNIST, the grey value as a Bernoulli rate."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    samples = mnist(folder)
    assert samples.official_test is not None and not isinstance(samples.x, list)
    x, y, test = torch.from_numpy(samples.x), torch.from_numpy(samples.y), torch.from_numpy(samples.official_test)
    x_train, y_train, x_test, y_test = x[~test][:limit], y[~test][:limit], x[test][:limit], y[test][:limit]

    def lif() -> rv.LIF:
        return rv.LIF(tau_mem=20 * rv.ms, dt=5 * rv.ms, surrogate=surrogate, reset=rv.Subtract())

    def spikes(a: Tensor) -> Tensor:
        return rv.encoders.bernoulli(a.flatten(1), steps=STEPS, generator=generator)

    net = rv.Sequential(
        rv.Linear(784, 500), lif(), rv.Dropout(0.2), rv.Linear(500, 500), lif(), rv.Dropout(0.2),
        rv.Linear(500, 10), rv.LI(tau_mem=20 * rv.ms, dt=5 * rv.ms),
    )  # fmt: skip
    net.calibrate(spikes(x_train[:256]))
    batch = 128
    optimizer = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=epochs * (len(x_train) // batch))
    for epoch in range(epochs):
        started = time.perf_counter()
        for index in torch.randperm(len(x_train), generator=generator)[: len(x_train) // batch * batch].split(batch):
            loss = cross_entropy_mean_membrane(net(spikes(x_train[index])), y_train[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        print(f"  epoch {epoch + 1:2d}  loss {loss.item():.3f}  {time.perf_counter() - started:.0f} s", flush=True)
    net.eval()
    with torch.no_grad():
        right = sum(
            int((mean_membrane(net(spikes(a))) == b).sum())
            for a, b in zip(x_test.split(500), y_test.split(500), strict=True)
        )
    return right / len(y_test)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=("spoken-digits", "mnist"))
    parser.add_argument("folder", nargs="?", help="folder with the four IDX files, for mnist")
    parser.add_argument("--epochs", type=int, default=None)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=int, default=None, help="use only this many pictures")
    options = parser.parse_args()
    found: dict[str, float] = {}
    for name, surrogate in SURROGATES.items():
        started = time.perf_counter()
        if options.task == "mnist":
            if options.folder is None:
                parser.error("mnist needs the folder of its files")
            found[name] = pictures(options.folder, surrogate, options.epochs or 10, options.seed, options.limit)
        else:
            found[name] = spoken_digits(surrogate, options.epochs or 40, options.seed)
        print(f"{name:22s} {100 * found[name]:.2f} %  {time.perf_counter() - started:.0f} s", flush=True)
    if options.limit is None and options.epochs is None:
        assert min(found.values()) >= found["fast sigmoid (dense)"] - 0.01, (
            "sparse errors cost less than a percentage point"
        )
