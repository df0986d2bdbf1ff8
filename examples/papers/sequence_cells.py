"""Sequence cells on the tasks that their papers are known by, at a size that takes minutes on one core.

    python examples/papers/sequence_cells.py adding pixels frequency

`adding`: two numbers out of 20 are marked, their sum is asked for (Hochreiter and Schmidhuber 1997); the mean guesses with an error of 1/6.
`pixels`: the 8 x 8 digits of scikit-learn one pixel after another, 64 steps, in place of sequential MNIST (Costa et al. 2017, subLSTM).
`frequency`: is the period of a sine 5 to 6 ms or another, from 60 values at irregular times (Neil et al. 2016, phased LSTM).

Each task is asked of the cells that it is known by (`--cells` asks others). Every cell gets the same batches, the same Adam and a linear readout
of its mean output over the second half of the steps (of `SpikingLSTM` that is a rate of spikes). `torch.nn.LSTM` stands beside them. Measured
results are in sequence_cells.md.
"""

import argparse
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

import ranvier as rv
from ranvier.data.bundled import digits
from ranvier.layers.cell import TimedCell

SIZE = 48
TRAINED = 1400  # of the 1,797 digits


@dataclass(frozen=True)
class Batch:
    """x [T, B, F]; y [B]: a class, or a number; elapsed [T, B]: ms since the step before."""

    x: Tensor
    y: Tensor
    elapsed: Tensor


class PlainLSTM(nn.Module):
    """`torch.nn.LSTM`, its bias of the forget gate at 0 as PyTorch draws it."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(features, SIZE)

    def forward(self, x: Tensor) -> Tensor:
        return self.lstm(x)[0]


CELLS: Mapping[str, Callable[[int], nn.Module]] = {
    "torch.nn.LSTM": PlainLSTM,
    "SpikingLSTM": lambda features: rv.SpikingLSTM(features, SIZE),
    "SubLSTM": lambda features: rv.SubLSTM(features, SIZE),
    "PhasedLSTM": lambda features: rv.PhasedLSTM(features, SIZE, dt=1.0, r_on=0.2),  # times in ms
    "LTC": lambda features: rv.LTC(features, SIZE),
    "CfC": lambda features: rv.CfC(features, SIZE, backbone=(64,)),
}


class Reader(nn.Module):
    """A cell and a linear readout."""

    def __init__(self, cell: nn.Module, outputs: int) -> None:
        super().__init__()
        self.cell, self.readout = cell, nn.Linear(SIZE, outputs)

    def forward(self, batch: Batch) -> Tensor:
        timed = isinstance(self.cell, TimedCell)
        h = self.cell(batch.x, batch.elapsed) if timed else self.cell(batch.x)
        return self.readout(h[len(h) // 2 :].mean(0))


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


@dataclass(frozen=True)
class Task:
    """How to draw batches, what they are read out to, and how long to learn."""

    draw: Callable[[int, torch.Generator], Batch]
    features: int
    outputs: int
    updates: int
    test: int  # samples; 0: those that are held out
    cells: tuple[str, ...]


TASKS = {
    "adding": Task(adding, 2, 1, 1000, 2000, ("torch.nn.LSTM", "SpikingLSTM", "SubLSTM")),
    "pixels": Task(pixels, 1, 10, 500, 0, ("torch.nn.LSTM", "SubLSTM", "SpikingLSTM")),
    "frequency": Task(frequency, 2, 2, 500, 2000, ("torch.nn.LSTM", "PhasedLSTM", "CfC", "LTC")),
}


def batches(task: Task, seed: int) -> Iterator[Batch]:
    """The same for every cell."""
    g = torch.Generator().manual_seed(seed)
    for _ in range(task.updates):
        yield task.draw(64, g)


def learn(task: Task, cell: str, seed: int) -> float:
    """Error (adding) or accuracy on samples that were not trained with."""
    torch.manual_seed(seed)
    net = Reader(CELLS[cell](task.features), task.outputs)
    optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=1e-2 if cell == "LTC" else 5e-3, total_steps=task.updates
    )
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
    parser.add_argument("tasks", nargs="+", choices=TASKS)
    parser.add_argument("--cells", nargs="+", choices=CELLS, help="by default those that each task is known by")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    options = parser.parse_args()
    torch.set_num_threads(1)
    for name in options.tasks:
        for cell in options.cells or TASKS[name].cells:
            for seed in options.seeds:
                used = time.process_time()
                found = learn(TASKS[name], cell, seed)
                shown = f"error {found:.4f}" if name == "adding" else f"accuracy {100 * found:.1f} %"
                print(
                    f"{name:10} {cell:14} seed {seed}  {shown:18} {time.process_time() - used:5.0f} s of the processor",
                    flush=True,
                )


if __name__ == "__main__":
    main()
