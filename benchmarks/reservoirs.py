"""Echo state networks beside reservoirpy: states of one sequence and of a batch, and the ridge readout; same sizes, same links, same data.

    python -m venv peer && peer/bin/pip install reservoirpy==0.4.2
    python benchmarks/reservoirs.py --peer peer/bin/python

Both sides run in turn, three rounds, and the best round of each counts; both may use all cores (reservoirpy: its joblib workers over the
sequences of a batch). Times are medians of repeats inside a round, after a first call that compiles. `ratio`: theirs divided by ours.
On a machine that is busy with other work, --processor counts processor time instead, with one thread on either side.
"""

from sides import clock, compare, median

SIZES, STEPS, BATCH, BATCH_STEPS, LINKS = (400, 1000), 3000, 32, 500, 10


def ours() -> dict[str, float]:
    import numpy as np

    from ranvier.reservoirs import EchoState, Ridge

    found = {}
    rng = np.random.default_rng(0)
    u, y = rng.uniform(-1, 1, (STEPS, 1)), rng.normal(size=(STEPS, 1))
    batch = [rng.uniform(-1, 1, (BATCH_STEPS, 1)) for _ in range(BATCH)]
    for size in SIZES:
        model = EchoState(size, readout=Ridge(1e-6)).fit(u[:10], y[:10])
        found[f"states, N = {size}"] = median(lambda m=model: m.states(u))
        found[f"batch of {BATCH}, N = {size}"] = median(lambda m=model: m.states(batch))
        states = model.states(u)
        found[f"ridge, N = {size}"] = median(lambda s=states: Ridge(1e-6).fit(s, y))
    return found


def theirs() -> dict[str, float]:
    import numpy as np
    from reservoirpy.nodes import Reservoir, Ridge

    found = {}
    rng = np.random.default_rng(0)
    u, y = rng.uniform(-1, 1, (STEPS, 1)), rng.normal(size=(STEPS, 1))
    batch = [rng.uniform(-1, 1, (BATCH_STEPS, 1)) for _ in range(BATCH)]
    for size in SIZES:
        model = Reservoir(size, sr=0.9, lr=1.0, rc_connectivity=LINKS / size, input_connectivity=1.0, seed=0)
        model.run(u[:10])
        found[f"states, N = {size}"] = median(lambda m=model: (m.reset(), m.run(u)))
        serial = median(lambda m=model: m.run(batch, workers=1), 1)
        if clock.by_the_wall:  # workers are other processes, whose processor time is not seen here
            serial = min(serial, median(lambda m=model: m.run(batch, workers=-1), 1))
        found[f"batch of {BATCH}, N = {size}"] = serial
        model.reset()
        states = model.run(u)
        found[f"ridge, N = {size}"] = median(lambda s=states: Ridge(1e-6).fit(s, y))
    return found


if __name__ == "__main__":
    compare(__file__, __doc__, "reservoirpy", ours, theirs)
