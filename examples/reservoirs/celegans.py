"""The wiring of the worm C. elegans as a reservoir, beside links of the same number and size between other units.

    python examples/reservoirs/celegans.py FOLDER

FOLDER holds the OpenWorm tables (see `rv.simulation.networks.celegans`). NARMA-10 and memory capacity with 299 tanh units: the worm's matrix; the
same entries at places drawn anew; and a random matrix as `EchoState` has it. All scaled to one spectral radius, five seeds each.
"""

import argparse

import numpy as np
from scipy.sparse import csr_array

from ranvier.reservoirs import CElegans, EchoState, Given, Ridge, Sparse, tasks
from ranvier.reservoirs.topologies import Topology

UNITS = 299


def shuffled(matrix: csr_array, seed: int) -> Given:
    """The same weights at other places."""
    rng = np.random.default_rng(seed)
    places = rng.choice(UNITS**2, matrix.nnz, replace=False)
    return Given(csr_array((matrix.data, (places // UNITS, places % UNITS)), shape=matrix.shape))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    worm = CElegans(parser.parse_args().folder)
    matrix = worm.draw(UNITS, np.random.default_rng(0))
    print(f"{matrix.nnz} links, {np.mean(matrix.data < 0):.3f} of them inhibit")
    found: dict[str, list[tuple[float, float]]] = {}
    for seed in range(5):
        u, y = tasks.narma(10, 4000, seed=seed)
        kinds: dict[str, Topology] = {"worm": worm, "worm, shuffled": shuffled(matrix, seed), "random": Sparse(10)}
        for name, topology in kinds.items():
            shared = {"topology": topology, "spectral_radius": 0.95, "washout": 200, "random_state": seed}
            model = EchoState(UNITS, input_scaling=0.3, bias_scaling=0.3, readout=Ridge(1e-8), **shared)
            model.fit(u[:2000, None], y[:2000])
            error = tasks.nmse(y[2200:], model.predict(u[2000:, None])[200:])
            small = EchoState(UNITS, input_scaling=0.01, readout=Ridge(1e-12), **shared)
            memory = tasks.memory_curve(small, delays=150, steps=4000, test_steps=8000, seed=seed)[1:].sum()
            found.setdefault(name, []).append((error, float(memory)))
    for name, rows in found.items():
        error, memory = np.mean(rows, 0)
        print(f"{name}: NARMA-10 NMSE {error:.4f}, memory capacity {memory:.1f}")
        assert error < 0.5


if __name__ == "__main__":
    main()
