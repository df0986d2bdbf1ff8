"""Conversion of ordinary networks to spiking ones on MNIST: Diehl et al. (2015), Rueckauer et al. (2017), Bu et al. (2022).

    python examples/papers/conversion.py FOLDER                    # FOLDER: the four IDX files of MNIST
    python examples/papers/conversion.py FOLDER --sinabs FILE.npz  # also the network of Sinabs's MNIST example, as an archive of its weights

Trains a fully connected network (784-500-500-10 without biases) and a convolutional one with batch norm, converts both, and asserts that
the spiking networks stay within 0.3 points of them after 32 and 64 steps. Then the choices of `rv.convert` beside each other. Scales come from
1,000 training samples; nothing is chosen by the test set. Measured results with these commands are in conversion.md, the curves in
conversion.png. `--sources FOLDER` keeps the trained networks there and takes them from there.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import torch
from matplotlib import pyplot
from torch import Tensor, nn
from torch.nn import functional as F

import ranvier as rv
from ranvier.conversion import (
    AccuracyOverSteps,
    BernoulliSpikes,
    MaxActivation,
    ModelBased,
    Percentile,
    ThresholdBalancing,
    load_model,
    save_model,
    with_qcfs,
)  # fmt: skip
from ranvier.data.bundled import mnist
from ranvier.training.inputs import moved

STEPS = 64
SINABS = (
    "Conv2d(1, 20, 5, bias=False), ReLU(), AvgPool2d(2), Conv2d(20, 32, 5, bias=False), ReLU(), AvgPool2d(2), Conv2d(32, 128, 3, bias=False), "
    "ReLU(), AvgPool2d(2), Flatten(), Linear(128, 500, bias=False), ReLU(), Linear(500, 10, bias=False)"
)


def dense() -> nn.Sequential:
    """784-500-500-10 without biases."""
    return nn.Sequential(
        nn.Flatten(), nn.Linear(784, 500, bias=False), nn.ReLU(), nn.Dropout(0.3),
        nn.Linear(500, 500, bias=False), nn.ReLU(), nn.Dropout(0.3), nn.Linear(500, 10, bias=False),
    )  # fmt: skip


def conv() -> nn.Sequential:
    """Two convolutions of 5 x 5 with batch norm and average pooling, then 128 and 10 units with biases."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 5, bias=False), nn.BatchNorm2d(16), nn.ReLU(), nn.AvgPool2d(2),
        nn.Conv2d(16, 32, 5, bias=False), nn.BatchNorm2d(32), nn.ReLU(), nn.AvgPool2d(2),
        nn.Flatten(), nn.Dropout(0.3), nn.Linear(512, 128), nn.ReLU(), nn.Linear(128, 10),
    )  # fmt: skip


# epochs, learning rate, strength of the turns and moves
SOURCES: dict[str, tuple[Callable[[], nn.Module], int, float, float]] = {
    "dense": (dense, 8, 2e-3, 0.5),
    "conv": (conv, 7, 5e-3, 0.5),
    "dense QCFS": (lambda: with_qcfs(dense(), 8, 4.0), 8, 2e-3, 0.5),
}


def train(net: nn.Module, x: Tensor, y: Tensor, epochs: int, rate: float, strength: float, seed: int = 0) -> nn.Module:
    """Trains on pictures that are turned and moved a little anew in each epoch."""
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(net.parameters(), lr=rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=epochs * (len(x) // 128), pct_start=0.2)
    started = time.process_time()
    for epoch in range(epochs):
        net.train()
        total = 0.0
        for index in torch.randperm(len(x), generator=generator)[: len(x) // 128 * 128].split(128):
            loss = F.cross_entropy(net(moved(x[index], generator, strength)), y[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * 128 / len(x)
        print(
            f"  epoch {epoch + 1:2d}  loss {total:.4f}  {time.process_time() - started:.0f} s of processor time",
            flush=True,
        )
    return net.eval()


def source(name: str, x: Tensor, y: Tensor, folder: Path | None) -> nn.Module:
    """The network of that name, from the folder if it is there, or trained."""
    file = None if folder is None else folder / f"{name}.pt"
    if file is not None and file.exists():
        return load_model(file)
    make, epochs, rate, strength = SOURCES[name]
    print(f"training {name}", flush=True)
    torch.manual_seed(0)
    net = train(make(), x, y, epochs, rate, strength)
    if file is not None:
        save_model(net, x[:2], file)
    return net


def parts(folder: str) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Pictures and classes, to train and to test."""
    samples = mnist(folder)
    assert samples.official_test is not None and not isinstance(samples.x, list)
    held = torch.from_numpy(samples.official_test)
    x, y = torch.from_numpy(samples.x), torch.from_numpy(samples.y)
    return x[~held], y[~held], x[held], y[held]


def line(name: str, found: AccuracyOverSteps) -> str:
    """One row of a table: accuracy after 4, 8, 16, 32 and 64 steps."""
    cells = [f"{100 * found.accuracy[n - 1]:.2f}" for n in (4, 8, 16, 32, 64) if n <= len(found.accuracy)]
    return f"| {name} | {100 * found.source:.2f} | " + " | ".join(cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="folder with the four IDX files")
    parser.add_argument("--sinabs", default=None, help="archive with the weights of Sinabs's MNIST example")
    parser.add_argument("--sources", type=Path, default=None, help="folder to keep the trained networks in")
    parser.add_argument("--picture", default="conversion.png", help="file for the curves")
    options = parser.parse_args()
    x_train, y_train, x_test, y_test = parts(options.folder)
    calibration = x_train[torch.randperm(len(x_train), generator=torch.Generator().manual_seed(0))[:1000]]
    networks = {name: source(name, x_train, y_train, options.sources) for name in SOURCES}
    print("\n| network | source | T = 4 | 8 | 16 | 32 | 64 |\n|---|---|---|---|---|---|---|", flush=True)
    curves = {}
    for name, net in networks.items():
        curves[name] = rv.convert(net, calibration).accuracy(x_test, y_test, STEPS)
        print(line(name, curves[name]), flush=True)
    if options.sinabs is not None:
        net = load_model(options.sinabs, SINABS)
        curves["Sinabs, 2,000 images"] = rv.convert(net, calibration).accuracy(x_test[:2000], y_test[:2000], STEPS)
        print(line("Sinabs, 2,000 images", curves["Sinabs, 2,000 images"]), flush=True)
        assert curves["Sinabs, 2,000 images"].loss(64) <= 0.005

    print("\n| choices, dense | source | T = 4 | 8 | 16 | 32 |\n|---|---|---|---|---|---|", flush=True)
    for name, choices in {
        "percentile 99.9, soft reset, start at half the threshold": {},
        "start at 0": {"start": 0.0},
        "hard reset": {"reset": rv.ToValue()},
        "hard reset, start at 0": {"reset": rv.ToValue(), "start": 0.0},
        "percentile 99": {"normalise": Percentile(99.0)},
        "largest activation": {"normalise": MaxActivation()},
        "model-based": {"normalise": ModelBased()},
        "threshold balancing": {"normalise": ThresholdBalancing(32)},
        "input as Bernoulli spikes": {"input": BernoulliSpikes(0)},
    }.items():
        found = rv.convert(networks["dense"], calibration, **choices).accuracy(x_test, y_test, 32)
        print(line(name, found), flush=True)

    print("\n| choices, conv | source | T = 4 | 8 | 16 | 32 |\n|---|---|---|---|---|---|", flush=True)
    for name, scales in {
        "percentile 99": Percentile(99.0),
        "99.9, of each channel": Percentile(99.9, channelwise=True),
    }.items():
        found = rv.convert(networks["conv"], calibration, normalise=scales).accuracy(x_test, y_test, 32)
        print(line(name, found), flush=True)

    figure, ax = pyplot.subplots(figsize=(6.0, 3.2), dpi=120, layout="constrained")
    for name, found in curves.items():
        rv.plot.accuracy_over_steps(found, label=name, source=False, ax=ax)
    ax.set_ylim(0.9, 1.0)
    figure.savefig(options.picture)
    pyplot.close(figure)
    assert curves["dense"].loss(32) <= 0.003, f"{curves['dense'].loss(32):.4f} lost after 32 steps"
    assert curves["conv"].loss(64) <= 0.003 and curves["conv"].accuracy[63] >= 0.991


if __name__ == "__main__":
    main()
