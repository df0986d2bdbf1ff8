"""Sequence cells on the tasks that their papers are known by, at a size that takes minutes on one core.

    python examples/papers/sequence_cells.py adding pixels frequency
    python examples/papers/sequence_cells.py rows --mnist FOLDER        # FOLDER: the four IDX files of MNIST

`adding`: two numbers out of 20 are marked, their sum is asked for (Hochreiter and Schmidhuber 1997); the mean guesses with an error of 1/6.
`pixels`: the 8 x 8 digits of scikit-learn one pixel after another, 64 steps, in place of sequential MNIST (Costa et al. 2017, subLSTM).
`frequency`: is the period of a sine 5 to 6 ms or another, from 60 values at irregular times (Neil et al. 2016, phased LSTM).
`rows`: MNIST row after row, 28 steps of 28 values, with 32 units (Hasani et al. 2021, LTC, table 3, "Sequential MNIST"); some epochs of their 200.

Each task is asked of the cells that it is known by (`--cells` asks others). Every cell gets the same batches, the same Adam and a linear readout
of its mean output over the second half of the steps (of `SpikingLSTM` and `LSNN` that is a rate of spikes); in `rows`, as there, cells that do
not fire are read at the last step. `torch.nn.LSTM` stands beside them. Measured results are in sequence_cells.md.
"""

import argparse
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

import ranvier as rv
from ranvier.data.bundled import digits, mnist
from ranvier.layers.cell import TimedCell

SIZE, SMALL = 48, 32  # units; of `rows`
EPOCHS = 5  # of `rows`
TRAINED = 1400  # of the 1,797 digits


@dataclass(frozen=True)
class Batch:
    """x [T, B, F]; y [B]: a class, or a number; elapsed [T, B]: ms since the step before."""

    x: Tensor
    y: Tensor
    elapsed: Tensor


class PlainLSTM(nn.Module):
    """`torch.nn.LSTM`, its bias of the forget gate at 0 as PyTorch draws it."""

    def __init__(self, features: int, size: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(features, size)

    def forward(self, x: Tensor) -> Tensor:
        return self.lstm(x)[0]


def lsnn(features: int, size: int) -> nn.Module:
    """Half of the neurons adaptive, a step being 5 ms: the adaptation of 700 ms outlasts the sequence, the membrane of 20 ms does not."""
    half = size // 2
    return rv.Sequential(
        rv.Linear(features, size), rv.LSNN(size - half, half, tau_adapt=700 * rv.ms, tau_mem=20 * rv.ms, dt=5 * rv.ms)
    )


CELLS: Mapping[str, Callable[[int, int], nn.Module]] = {
    "torch.nn.LSTM": PlainLSTM,
    "SpikingLSTM": rv.SpikingLSTM,
    "SubLSTM": rv.SubLSTM,
    "PhasedLSTM": lambda features, size: rv.PhasedLSTM(features, size, dt=1.0, r_on=0.2),  # times in ms
    "LTC": rv.LTC,
    "CfC": lambda features, size: rv.CfC(features, size, backbone=(64,)),
    "LSNN": lsnn,
}
FIRING = ("SpikingLSTM", "LSNN")


class Reader(nn.Module):
    """A cell and a linear readout of its mean output over the last steps: their share, 0 for the last one alone."""

    def __init__(self, cell: nn.Module, size: int, outputs: int, share: float) -> None:
        super().__init__()
        self.cell, self.readout, self.share = cell, nn.Linear(size, outputs), share

    def forward(self, batch: Batch) -> Tensor:
        timed = isinstance(self.cell, TimedCell)
        h = self.cell(batch.x, batch.elapsed) if timed else self.cell(batch.x)
        return self.readout(h[-max(1, math.ceil(self.share * len(h))) :].mean(0))


def adding(count: int, g: torch.Generator, steps: int = 20) -> Batch:
    """Values in [0, 1] and marks, one in each half."""
    values = torch.rand((steps, count), generator=g)
    marks, each = torch.zeros(steps, count), torch.arange(count)
    for half in (0, steps // 2):
        marks[half + torch.randint(steps // 2, (count,), generator=g), each] = 1
    return Batch(torch.stack([values, marks], -1), (values * marks).sum(0), torch.ones(steps, count))


def pixels(count: int, g: torch.Generator) -> Batch:
    """Digits, drawn from those to train with; all others where `count` is 0."""
    found = digits()
    chosen = torch.randint(TRAINED, (count,), generator=g) if count else torch.arange(TRAINED, len(found.y))
    x = torch.tensor(found.x).flatten(1)[chosen].T.unsqueeze(-1)
    return Batch(x.float(), torch.tensor(found.y)[chosen].long(), torch.ones(x.shape[:2]))


def frequency(count: int, g: torch.Generator, steps: int = 60) -> Batch:
    """Sines of random phase, half of them with a period of 5 to 6 ms, the others 1 to 5 or 6 to 100; value and gap of each sample."""
    y = torch.randint(2, (count,), generator=g)
    other = torch.where(
        torch.rand(count, generator=g) < 0.5,
        1 + 4 * torch.rand(count, generator=g),
        6 + 94 * torch.rand(count, generator=g),
    )
    period = torch.where(y == 1, 5 + torch.rand(count, generator=g), other)
    times = steps * torch.rand((steps, count), generator=g).sort(0).values
    elapsed = times.diff(dim=0, prepend=torch.zeros(1, count)).clamp(min=1e-4)
    values = torch.sin(2 * torch.pi * (times / period + torch.rand(count, generator=g)))
    return Batch(torch.stack([values, elapsed], -1), y, elapsed)


def rows(folder: str) -> Callable[[int, torch.Generator], Batch]:
    """MNIST row after row: draws from the 60,000 to train with; the 10,000 to test with where `count` is 0."""
    found = mnist(folder)
    assert found.official_test is not None and not isinstance(found.x, list)
    test = torch.from_numpy(found.official_test)
    x, y = torch.from_numpy(found.x).squeeze(1), torch.from_numpy(found.y).long()
    train, kept = (~test).nonzero().flatten(), test.nonzero().flatten()

    def draw(count: int, g: torch.Generator) -> Batch:
        chosen = train[torch.randint(len(train), (count,), generator=g)] if count else kept
        rows = x[chosen].transpose(0, 1)  # [28, B, 28]
        return Batch(rows, y[chosen], torch.ones(rows.shape[:2]))

    return draw


@dataclass(frozen=True)
class Task:
    """How to draw batches, what they are read out to, and how long to learn."""

    draw: Callable[[int, torch.Generator], Batch]
    features: int
    outputs: int
    updates: int
    test: int  # samples; 0: those that are held out
    cells: tuple[str, ...]
    size: int = SIZE
    share: float = 0.5  # of the steps, the last ones, that are read


TASKS = {
    "adding": Task(adding, 2, 1, 1000, 2000, ("torch.nn.LSTM", "SpikingLSTM", "SubLSTM")),
    "pixels": Task(pixels, 1, 10, 500, 0, ("torch.nn.LSTM", "SubLSTM", "SpikingLSTM")),
    "frequency": Task(frequency, 2, 2, 500, 2000, ("torch.nn.LSTM", "PhasedLSTM", "CfC", "LTC")),
}
ROWS = ("torch.nn.LSTM", "LTC", "CfC", "SubLSTM", "SpikingLSTM", "LSNN")
BATCH = 64


def batches(task: Task, seed: int) -> Iterator[Batch]:
    """The same for every cell."""
    g = torch.Generator().manual_seed(seed)
    for _ in range(task.updates):
        yield task.draw(BATCH, g)


def learn(task: Task, cell: str, seed: int, rate: float | None = None) -> float:
    """Error (adding) or accuracy on samples that were not trained with."""
    torch.manual_seed(seed)
    share = 0.5 if cell in FIRING else task.share
    net = Reader(CELLS[cell](task.features, task.size), task.size, task.outputs, share)
    rate = (1e-2 if cell == "LTC" else 5e-3) if rate is None else rate
    optimizer = torch.optim.Adam(net.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=rate, total_steps=task.updates)
    for batch in batches(task, seed):
        out = net(batch)
        loss = nn.functional.cross_entropy(out, batch.y) if task.outputs > 1 else (out[:, 0] - batch.y).square().mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    net.eval()
    with torch.no_grad():
        batch = task.draw(task.test, torch.Generator().manual_seed(1000 + seed))
        out = net(batch)
        if task.outputs == 1:
            return float((out[:, 0] - batch.y).square().mean())
        return float((out.argmax(1) == batch.y).float().mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", nargs="+", choices=[*TASKS, "rows"])
    parser.add_argument("--cells", nargs="+", choices=CELLS, help="by default those that each task is known by")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--rate", type=float, help="learning rate at its highest; 0.01 for LTC, 0.005 else")
    parser.add_argument("--mnist", help="folder with the four IDX files, for `rows`")
    parser.add_argument("--epochs", type=int, default=EPOCHS, help="of `rows`")
    parser.add_argument("--units", type=int, default=SMALL, help="of `rows`")
    options = parser.parse_args()
    torch.set_num_threads(1)
    known = dict(TASKS)
    if "rows" in options.tasks:
        if options.mnist is None:
            parser.error("rows needs the four files of MNIST: --mnist FOLDER")
        updates = options.epochs * 60_000 // BATCH
        known["rows"] = Task(rows(options.mnist), 28, 10, updates, 0, ROWS, options.units, 0.0)
    for name in options.tasks:
        for cell in options.cells or known[name].cells:
            for seed in options.seeds:
                used = time.process_time()
                found = learn(known[name], cell, seed, options.rate)
                shown = f"error {found:.4f}" if name == "adding" else f"accuracy {100 * found:.1f} %"
                print(
                    f"{name:10} {cell:14} seed {seed}  {shown:18} {time.process_time() - used:5.0f} s of the processor",
                    flush=True,
                )


if __name__ == "__main__":
    main()
