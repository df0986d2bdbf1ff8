"""Diesmann, Gewaltig and Aertsen (1999), "Stable propagation of synchronous spiking in cortical neural networks": where a packet dies.

    python examples/papers/synfire_chain.py
    python examples/papers/synfire_chain.py --seeds 1 --packets 85     # a quick try

Counts, for packets of several sizes and sigma = 1 ms, the spikes in the densest 6 ms of each group. Measured results are in synfire_chain.md.
"""

import argparse

import numpy as np

from ranvier.simulation import Population, Run, networks
from ranvier.units import ms

WINDOW = 6 * ms
ARRIVED = (
    60  # spikes in the last group's window: of a packet that lives (some 100), of the spontaneous activity (below 15)
)


def packet(run: Run, group: Population) -> tuple[int, float]:
    """Spikes in the densest window after the packet was sent, and the standard deviation of their times [s]."""
    times = np.sort(run.spikes(group)[0])
    times = times[times > 40 * ms]
    last = np.searchsorted(times, times + WINDOW)
    first = int((last - np.arange(len(times))).argmax())
    inside = times[first : last[first]]
    return len(inside), float(inside.std())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--packets", type=int, nargs="*", default=[85, 55, 50, 45, 40])
    options = parser.parse_args()
    lived: dict[int, float] = {}
    for spikes in options.packets:
        rows, spontaneous = [], []
        for seed in range(options.seeds):
            net, (*groups, _) = networks.synfire(spikes=spikes, seed=seed)
            run = net.run(0.1)
            rows.append([packet(run, g) for g in groups])
            spontaneous.append(np.mean([(run.spikes(g)[0] < 50 * ms).sum() / (g.n * 0.05) for g in groups]))
        table = np.array(rows)  # [seeds, groups, 2]
        lived[spikes] = float((table[:, -1, 0] > ARRIVED).mean())
        counts = "  ".join(f"{table[:, k, 0].mean():5.1f}" for k in (0, 2, 4, 9))
        print(
            f"packet of {spikes}: groups 1, 3, 5, 10: {counts}; arrives in {100 * lived[spikes]:.0f} % of {options.seeds} seeds; "
            f"sd in the last {1e3 * np.median(table[:, -1, 1]):.2f} ms; spontaneous {np.mean(spontaneous):.2f} Hz",
            flush=True,
        )
    if {55, 45} <= set(lived) and options.seeds >= 10:
        assert lived[55] > 0.8 and lived[45] < 0.2, "55 spikes survive, 45 die"


if __name__ == "__main__":
    main()
