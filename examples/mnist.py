"""MNIST with a spiking network, fully connected (784-1000-10) or convolutional, trained by surrogate gradients.

    python examples/mnist.py FOLDER --network dense          # FOLDER: the four IDX files of MNIST
    python examples/mnist.py FOLDER --network conv

Input: the grey value as a constant current. Output: a leaky readout, its mean membrane decides. Measured results with these commands are
in examples/mnist.md. `--epochs 1 --limit 2000` is a quick try.
"""

import argparse
import time

import torch
from torch import Tensor, nn

import ranvier as rv
from ranvier.data.bundled import mnist
from ranvier.decoders import mean_membrane
from ranvier.losses import cross_entropy_mean_membrane
from ranvier.training.inputs import moved


def dense(steps: int) -> rv.Sequential:
    """784-1000-10."""
    hidden = rv.LIF(tau_mem=20 * rv.ms, dt=5 * rv.ms, surrogate=rv.FastSigmoid(3.0), reset=rv.Subtract())
    return rv.Sequential(
        rv.Flatten(),
        rv.Linear(784, 1000),
        hidden,
        rv.Dropout(0.3),
        rv.Linear(1000, 10),
        rv.LI(tau_mem=20 * rv.ms, dt=5 * rv.ms),
    )


def conv(steps: int) -> rv.Sequential:
    """Two convolutions of 5 x 5 with pooling, then 10 classes."""

    def lif() -> rv.LIF:
        return rv.LIF(tau_mem=20 * rv.ms, dt=5 * rv.ms, surrogate=rv.FastSigmoid(3.0), reset=rv.Subtract())

    return rv.Sequential(
        rv.Conv2d(1, 32, 5), lif(), rv.AvgPool2d(2),
        rv.Conv2d(32, 64, 5), lif(), rv.AvgPool2d(2),
        rv.Flatten(), rv.Dropout(0.3), rv.Linear(1024, 10), rv.LI(tau_mem=20 * rv.ms, dt=5 * rv.ms),
    )  # fmt: skip


def current(pictures: Tensor, steps: int) -> Tensor:
    """Pictures [B, 1, 28, 28] in [0, 1] as a constant current [steps, B, 1, 28, 28] of mean 0 and variance 1."""
    x = (pictures - 0.1307) / 0.3081
    return x.unsqueeze(0).expand(steps, *x.shape)


@torch.no_grad()
def accuracy(net: nn.Module, x: Tensor, y: Tensor, steps: int) -> float:
    """Share of right decisions."""
    net.eval()
    right = sum(
        int((mean_membrane(net(current(a, steps))) == b).sum()) for a, b in zip(x.split(500), y.split(500), strict=True)
    )
    net.train()
    return right / len(y)


def train(folder: str, network: str, epochs: int, steps: int, seed: int, limit: int | None) -> float:
    """Trains and returns the test accuracy after the last epoch; nothing is chosen by the test set."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    samples = mnist(folder)
    assert samples.official_test is not None and not isinstance(samples.x, list)
    test = torch.from_numpy(samples.official_test)
    x, y = torch.from_numpy(samples.x), torch.from_numpy(samples.y)
    x_train, y_train, x_test, y_test = x[~test][:limit], y[~test][:limit], x[test][:limit], y[test][:limit]
    net = {"dense": dense, "conv": conv}[network](steps)
    net.calibrate(current(x_train[:256], steps), rate={"dense": 0.1, "conv": 0.25}[network])
    rate, strength = {"dense": (2e-3, 1.0), "conv": (4e-3, 0.7)}[network]
    average = torch.optim.swa_utils.AveragedModel(net, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.998))
    batch = 128
    total = epochs * (len(x_train) // batch)
    optimizer = torch.optim.AdamW(net.parameters(), lr=rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=total, pct_start=0.2)
    for epoch in range(epochs):
        started = time.perf_counter()
        losses = []
        for index in torch.randperm(len(x_train), generator=generator)[: len(x_train) // batch * batch].split(batch):
            loss = cross_entropy_mean_membrane(
                net(current(moved(x_train[index], generator, strength), steps)), y_train[index]
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            average.update_parameters(net)
            losses.append(loss.item())
        result = accuracy(average, x_test, y_test, steps)
        seconds = time.perf_counter() - started
        print(
            f"epoch {epoch + 1:2d}  loss {sum(losses) / len(losses):.4f}  test {100 * result:.2f} %  {seconds:.0f} s",
            flush=True,
        )
    return result


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="folder with the four IDX files")
    parser.add_argument("--network", choices=("dense", "conv"), default="dense")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=int, default=None, help="use only this many samples")
    options = parser.parse_args()
    result = train(options.folder, options.network, options.epochs, options.steps, options.seed, options.limit)
    floor = {"dense": 0.985, "conv": 0.992}[options.network]
    if options.limit is None and options.epochs >= 10:
        assert result >= floor, f"{100 * result:.2f} % is below the {100 * floor:.1f} % that this example claims"
