"""Benchmarks that are equations: Mackey-Glass, NARMA, Lorenz, memory; and the errors that papers report on them.

Each follows the definition in the paper that it names, to the step: another step size or an index off by one is another task.
"""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.integrate import solve_ivp

from ranvier.kernels.cpu.compile import kernel

LORENZ_EXPONENT = 0.9056  # largest Lyapunov exponent at sigma 10, rho 28, beta 8/3. Source: Viswanath (1998), table 1.1


@kernel
def _mackey_glass_euler(values, history, step):
    """Fills values [n], which holds the history in its first places: y[k + 1] from y[k] and y[k - history]."""
    for k in range(history, len(values) - 1):
        late = values[k - history]
        values[k + 1] = values[k] + step * (0.2 * late / (1.0 + late**10) - 0.1 * values[k])


def mackey_glass(steps: int, *, tau: float = 17.0, seed: int = 0, step: float = 0.1, discard: int = 1000) -> np.ndarray:
    """The Mackey-Glass series, one value a unit of time, [steps]; chaotic from tau = 16.8 on.

        dy/dt = 0.2 y(t - tau) / (1 + y(t - tau)^10) - 0.1 y

    Euler with steps of 0.1 of which every tenth is kept, as in Jaeger (2001); the delayed value is that of its own time. The history before
    time 0 is 1.2 plus normal noise of 0.1, drawn from `seed`; the first `discard` values are left out. `squashed` makes tanh(y - 1) of it.

    Args:
        steps: values. tau: delay, a multiple of `step`. step: of the integrator, 1/step a whole number.

    Source: Jaeger (2001), GMD report 148, section 6.1.
    """
    each, history = round(1 / step), round(tau / step)
    if abs(each * step - 1) > 1e-9 or abs(history * step - tau) > 1e-9:
        raise ValueError(
            f"mackey_glass: 1 and tau must be multiples of step, got tau {tau} and step {step}. Use step=0.1."
        )
    values = np.empty(history + 1 + (steps + discard) * each)
    values[: history + 1] = 1.2 + 0.1 * np.random.default_rng(seed).normal(size=history + 1)
    _mackey_glass_euler(values, history, step)
    return values[history::each][discard : discard + steps].copy()


def squashed(y: np.ndarray) -> np.ndarray:
    """tanh(y - 1), what Jaeger (2001) trains on."""
    return np.tanh(y - 1.0)


def unsquashed(x: np.ndarray) -> np.ndarray:
    """The series behind `squashed`: arctanh(x) + 1. Values beyond -1 or 1, which no series has, become the outermost there are."""
    edge = np.nextafter(1.0, 0.0)
    return np.arctanh(np.clip(x, -edge, edge)) + 1.0


def narma(order: int, steps: int, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Nonlinear autoregressive moving average: input u [steps] ~ U(0, 0.5) and target [steps], y(t + 1) at place t.

        y(t+1) = a y(t) + b y(t) sum_{i=0}^{n-1} y(t-i) + 1.5 u(t-n+1) u(t) + c

    a, b, c = 0.3, 0.05, 0.1 for order 10, 0.2, 0.04, 0.001 for order 30. y and u are 0 before the start. The series of order 10 escapes to
    infinity now and then; it is then drawn anew, with a warning.

    Source: Atiya and Parlos, IEEE Transactions on Neural Networks 11 (2000), section V; order 30: Schrauwen et al. (2008).
    """
    known = {10: (0.3, 0.05, 0.1), 30: (0.2, 0.04, 0.001)}
    if order not in known:
        raise ValueError(f"narma: order must be 10 or 30, got {order}.")
    a, b, c = known[order]
    for draw in range(100):
        rng = np.random.default_rng([seed, draw])
        u, y = rng.uniform(0, 0.5, steps), np.zeros(steps + order)
        before = np.r_[np.zeros(order - 1), u]  # u(t - n + 1) at place t
        for t in range(steps):
            now = t + order - 1  # y(t) at this place; y(t + 1) at the next
            y[now + 1] = a * y[now] + b * y[now] * y[now - order + 1 : now + 1].sum() + 1.5 * before[t] * u[t] + c
            if not abs(y[now + 1]) < 1e3:
                break
        else:
            if draw:
                warnings.warn(
                    f"narma: the series of seed {seed} escaped {draw} times and was drawn anew.", stacklevel=2
                )
            return u, y[order:]
    raise ValueError(f"narma: the series escaped in 100 draws of {steps} steps. Use fewer steps or another seed.")


def _lorenz(_: float, v: np.ndarray) -> list[float]:
    return [10.0 * (v[1] - v[0]), v[0] * (28.0 - v[2]) - v[1], v[0] * v[1] - 8.0 / 3.0 * v[2]]


def lorenz(
    steps: int, *, dt: float = 0.02, seed: int = 0, method: str = "DOP853", tolerance: float = 1e-12, discard: float = 50.0,
    start: Any = None,
) -> np.ndarray:  # fmt: skip
    """The Lorenz attractor (sigma 10, rho 28, beta 8/3) every `dt`, [steps, 3].

    Args:
        steps, dt: values and time between them. method, tolerance: of scipy's `solve_ivp`, relative and absolute.
        seed: start near (1, 1, 25), run for `discard` units of time to reach the attractor. start: [3], instead: the first value.

    Source: Lorenz, Journal of the Atmospheric Sciences 20 (1963), equations 25 to 27.
    """

    def solved(first: np.ndarray, times: np.ndarray) -> np.ndarray:
        done = solve_ivp(_lorenz, (0.0, float(times[-1])), first, method, times, rtol=tolerance, atol=tolerance)
        return done.y.T

    if start is None:
        first = np.array([1.0, 1.0, 25.0]) + np.random.default_rng(seed).normal(size=3)
        start = solved(first, np.array([0.0, discard]))[-1] if discard > 0 else first
    return solved(np.asarray(start, np.float64), np.arange(max(steps, 2)) * dt)[:steps]


def memory_task(steps: int, delays: int, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Input u [steps] ~ U(-1, 1) and its past, [steps, delays + 1]: u(t), u(t - 1), ..., u(t - delays), 0 before the start."""
    u = np.random.default_rng(seed).uniform(-1, 1, steps)
    return u, np.stack([np.r_[np.zeros(k), u[: steps - k]] for k in range(delays + 1)], 1)


def memory_curve(model: Any, *, delays: int, steps: int = 5000, test_steps: int = 20_000, seed: int = 0) -> np.ndarray:
    """How much of the input of k steps before a linear readout finds in the states, k = 0 to `delays`, [delays + 1]; fits `model`.

        MC_k = correlation(u(t - k), y_k(t))^2,   their sum over k >= 0 is at most N

    Jaeger's memory capacity is the sum from k = 1 on, at most N - 1 for a reservoir that sees u(t) at step t. Fitted and measured on
    different sequences; noise alone adds about 1 / test_steps to each. `model` is a reservoir; its washout counts.

    Source: Jaeger (2001), GMD report 152, definition 1.
    """
    u, past = memory_task(steps, delays, seed=seed)
    model.fit(u[:, None], past)
    v, wanted = memory_task(test_steps, delays, seed=seed + 1_000_003)
    first = max(model.washout, delays)
    found, wanted = model.predict(v[:, None])[first:], wanted[first:]
    found, wanted = found - found.mean(0), wanted - wanted.mean(0)
    power = np.square(found).sum(0) * np.square(wanted).sum(0)
    return np.divide((found * wanted).sum(0) ** 2, power, out=np.zeros(delays + 1), where=power > 0)


def nmse(y: Any, output: Any) -> float:
    """Mean squared error divided by the variance of y."""
    y, output = np.asarray(y, np.float64), np.asarray(output, np.float64)
    spread = float(y.var())
    if spread == 0:
        raise ValueError("nmse: y is constant, so its variance is 0. Use the plain mean squared error.")
    return float(np.square(y - output).mean()) / spread


def nrmse(y: Any, output: Any) -> float:
    """Root mean squared error divided by the standard deviation of y (not by its range, nor by its variance)."""
    return float(np.sqrt(nmse(y, output)))


def nrmse84(
    run: Callable[[np.ndarray, int], np.ndarray],
    series: np.ndarray,
    *,
    starts: int = 50,
    lead: int = 1000,
    horizon: int = 84,
) -> float:
    """Error of free runs on the Mackey-Glass series after 84 steps, from several starts.

        NRMSE84 = sqrt(mean over starts of (y(n + 84) - output(n + 84))^2 / variance of y)

    Args:
        run: (warm-ups [starts, lead], steps) -> free runs [starts, steps].
        series: y in the coordinates in which the error counts; warm-ups start at equal distances in it.

    Source: Jaeger (2001), GMD report 148, section 6.3.
    """
    last = len(series) - lead - horizon
    if last < 0:
        raise ValueError(
            f"nrmse84: series must have at least lead + horizon = {lead + horizon} values, got {len(series)}."
        )
    begins = np.linspace(0, last, starts).astype(int)
    found = run(np.stack([series[b : b + lead] for b in begins]), horizon)[:, horizon - 1]
    true = series[begins + lead + horizon - 1]
    return float(np.sqrt(np.square(found - true).mean() / series.var()))


def valid_time(
    true: np.ndarray, run: np.ndarray, *, dt: float, threshold: float, exponent: float = LORENZ_EXPONENT
) -> float:
    """How long a free run stays near the true one, in Lyapunov times: until the joint error first passes the threshold.

        |run - true| / sqrt(mean |true - mean(true)|^2) > threshold,   |.| over all variables of a step

    Args:
        true, run: [T, variables]. dt: time of a step. exponent: largest Lyapunov exponent, per unit of time.

    Source: Pathak et al., Chaos 27 (2017), section III.
    """
    size = np.sqrt(np.square(true - true.mean(0)).sum(1).mean())
    bad = ~(np.linalg.norm(run - true, axis=1) <= threshold * size)  # NaN is bad
    return (int(bad.argmax()) if bad.any() else len(true)) * dt * exponent
