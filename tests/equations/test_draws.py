"""Random numbers in the equation language: a function of two states, the same everywhere."""

import numpy as np
import pytest
import torch

from ranvier.equations import ModelError, draw, parameter, state
from ranvier.equations.functions import FINEST, STREAMS, uniform_tensor
from ranvier.neurons import Neuron
from ranvier.units import Dimensionless, Time, Voltage, ms


class Noisy(Neuron):
    """A membrane that shows what was drawn."""

    tau: Time = parameter(10 * ms, positive=True)
    v: Voltage = state(0.0)
    seen: Dimensionless = state(0.0)
    first: Dimensionless = draw()
    second: Dimensionless = draw()
    membrane = "seen"

    def dynamics(self, s, i: Dimensionless):
        return {"v": 0 * s.v / self.tau, "seen": (s.first + 2 * s.second + i - s.seen) / self.tau}


def draws(stream: int, count: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    drawn = torch.arange(count, dtype=dtype)
    return uniform_tensor(torch.full_like(drawn, stream), drawn)


def test_draws_are_uniform_and_strictly_inside() -> None:
    u = draws(12345, 400_000)
    assert 0 < u.min() and u.max() < 1
    counts = torch.histc(u, 100, 0, 1)
    assert float(((counts - 4000) ** 2 / 4000).sum()) < 160  # chi squared with 99 degrees of freedom
    assert abs(u.mean() - 0.5) < 0.002 and abs(u.var() - 1 / 12) < 0.001


def test_neighbouring_streams_and_steps_are_independent() -> None:
    a = torch.stack([draws(k, 2000) for k in range(40)]) - 0.5
    within = [float((a[:, lag:] * a[:, : 2000 - lag]).mean()) * 12 for lag in (1, 2, 3, 64)]
    across = [float((a[lag:] * a[: 40 - lag]).mean()) * 12 for lag in (1, 2, 8)]
    shifted = float((a[1:, 1:] * a[:-1, :-1]).mean()) * 12
    assert max(map(abs, [*within, *across, shifted])) < 0.015
    assert len(torch.unique(a)) > 0.99 * a.numel()


def test_float32_and_float64_draw_the_same_numbers() -> None:
    wide, narrow = draws(STREAMS - 1, 50_000), draws(STREAMS - 1, 50_000, torch.float32)
    assert narrow.dtype == torch.float32 and torch.equal(wide, narrow.double())
    last = uniform_tensor(torch.tensor([3.0]), torch.tensor([STREAMS - 2.0]))
    assert torch.equal(
        last.double(), uniform_tensor(torch.tensor([3.0]).double(), torch.tensor([STREAMS - 2.0]).double())
    )
    assert ((wide / FINEST - 0.5) % 1 == 0).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_compiled_kernel_draws_the_same_numbers_as_the_eager_step(dtype: torch.dtype) -> None:
    x = torch.zeros(50, 2, 7, dtype=dtype)
    neuron = Noisy(integrator=None, seed=11)
    start = neuron.initial_state((2, 7), x)
    start["drawn"][1] = STREAMS - 20  # over the end of a stream
    runs = []
    for backend in ("cpu", "eager"):
        neuron.backend = backend
        runs.append(neuron.run(x, start))
    torch.testing.assert_close(runs[0].output, runs[1].output, rtol=1e-6, atol=1e-6)
    assert torch.equal(runs[0].state["drawn"], runs[1].state["drawn"])
    assert torch.equal(runs[0].state["stream"], start["stream"])
    assert (runs[0].state["drawn"][1] < 100).all() and len(np.unique(runs[0].output.numpy())) > 600


def test_every_neuron_has_a_stream_and_a_seed_moves_all() -> None:
    a, b = (Noisy(seed=s).initial_state((3, 5)) for s in (0, 1))
    assert len(a["stream"].unique()) == 15
    assert not torch.equal(a["stream"], b["stream"]) and not torch.equal(a["drawn"], b["drawn"])


def test_reserved_names_and_draws_that_share_a_name_are_refused() -> None:
    with pytest.raises(ModelError, match="the name 'drawn' has a meaning of its own"):
        type("Bad", (Neuron,), {"v": state(0.0), "drawn": draw(), "dynamics": lambda self, s, i: {"v": 0}})


def test_the_program_shows_the_draws() -> None:
    text = str(Noisy().program)
    assert "first = uniform(stream, drawn)" in text and "second = uniform(stream, drawn + 1)" in text
    assert Noisy().program.state_names == ("v", "seen", "stream", "drawn")
