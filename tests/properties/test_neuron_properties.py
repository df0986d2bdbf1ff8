"""What holds for every neuron, whatever the input: found by hypothesis, on the eager step and the compiled kernel alike."""

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ranvier.neurons
from ranvier.equations import ImpulseInput
from ranvier.neurons import LI, LIF, Accumulator, CubaLIF, Neuron, TraubMiles
from ranvier.units import ms

MODELS = [
    v for v in vars(ranvier.neurons).values() if isinstance(v, type) and issubclass(v, Neuron) and v is not Neuron
]
FIRST = (LIF, CubaLIF, LI, Accumulator)
CALM = [m for m in MODELS if not m.declaration.draws]  # noise differs between rows, neurons and steps


def of(models: list[type[Neuron]]) -> pytest.MarkDecorator:
    """A test of each model."""
    marks = {m: [] if m in FIRST else [pytest.mark.thorough] for m in models}
    return pytest.mark.parametrize("model", [pytest.param(m, marks=marks[m], id=m.__name__) for m in models])


each, calm = of(MODELS), of(CALM)
quick = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True, database=None
)
sizes = st.tuples(st.integers(1, 20), st.integers(1, 4), st.integers(1, 7))  # T, B, N
seeds = st.integers(0, 2**31 - 1)


def drive(size: tuple[int, int, int], seed: int, scale: float = 4.0) -> torch.Tensor:
    g = torch.Generator().manual_seed(seed)
    return scale * (0.6 + torch.randn(size, generator=g, dtype=torch.float64))


@calm
@quick
@given(size=sizes, seed=seeds)
def test_rows_of_a_batch_are_independent(model: type[Neuron], size: tuple[int, int, int], seed: int) -> None:
    neuron, x = model(), drive(size, seed)
    together = neuron(x)
    for row in range(size[1]):
        torch.testing.assert_close(neuron(x[:, row : row + 1]), together[:, row : row + 1], rtol=1e-12, atol=1e-12)


@calm
@quick
@given(size=sizes, seed=seeds)
def test_neurons_permute(model: type[Neuron], size: tuple[int, int, int], seed: int) -> None:
    neuron, x = model(), drive(size, seed)
    order = torch.randperm(size[2], generator=torch.Generator().manual_seed(seed))
    torch.testing.assert_close(neuron(x[:, :, order]), neuron(x)[:, :, order], rtol=1e-12, atol=1e-12)


@calm
@quick
@given(size=sizes)
def test_silence_stays_silent(model: type[Neuron], size: tuple[int, int, int]) -> None:
    """And the state at rest: to the bit in a linear model, nearly where an exponential is small but not zero."""
    neuron, x = model(), torch.zeros(size, dtype=torch.float64)
    run, rest = neuron.run(x), neuron.initial_state(size[1:], x)
    assert run.output.abs().sum() == 0
    for k, v in run.state.items():
        near = 0.1 if model is TraubMiles else 0.01  # which starts at its leak potential, a little off its rest
        torch.testing.assert_close(v, rest[k], rtol=near, atol=1e-15)


@calm
@quick
@given(size=sizes, seed=seeds, shift=st.integers(1, 9))
def test_a_later_input_gives_a_later_output(
    model: type[Neuron], size: tuple[int, int, int], seed: int, shift: int
) -> None:
    neuron, x = model(), drive(size, seed)
    late = torch.cat([torch.zeros(shift, *size[1:], dtype=x.dtype), x])
    torch.testing.assert_close(neuron(late)[shift:], neuron(x), rtol=1e-12, atol=1e-12)


@each
@quick
@given(size=sizes, seed=seeds, cut=st.integers(1, 19))
def test_the_future_does_not_reach_back_and_runs_can_be_cut(
    model: type[Neuron], size: tuple[int, int, int], seed: int, cut: int
) -> None:
    neuron, x = model(), drive(size, seed)
    cut = min(cut, size[0])
    first = neuron.run(x[:cut])
    whole = neuron.run(x)
    assert torch.equal(first.output, whole.output[:cut])
    if cut < size[0]:
        rest = neuron.run(x[cut:], first.state)
        assert torch.equal(rest.output, whole.output[cut:])
        assert all(torch.equal(rest.state[k], whole.state[k]) for k in whole.state)


@pytest.mark.parametrize(
    "neuron",
    [
        LIF(v_threshold=1e9),
        LIF(v_threshold=1e9, input=ImpulseInput()),
        CubaLIF(v_threshold=1e9, tau_syn=20 * ms),
        LI(),
        Accumulator(),
    ],
    ids=lambda n: f"{type(n).__name__}-{n.options.drive}",
)
@quick
@given(size=sizes, seed=seeds, a=st.floats(-3, 3), b=st.floats(-3, 3))
def test_the_response_below_threshold_is_linear(
    neuron: Neuron, size: tuple[int, int, int], seed: int, a: float, b: float
) -> None:
    x, y = drive(size, seed), drive(size, seed ^ 1)

    def membrane(x: torch.Tensor) -> torch.Tensor:
        return neuron.run(x, record=("v",)).records["v"]

    torch.testing.assert_close(membrane(a * x + b * y), a * membrane(x) + b * membrane(y), rtol=1e-9, atol=1e-9)


@calm
@quick
@given(size=sizes, seed=seeds, dtype=st.sampled_from([torch.float32, torch.float64, torch.bfloat16]))
def test_dtype_and_shape_are_kept_and_spikes_are_zero_or_one(
    model: type[Neuron], size: tuple[int, int, int], seed: int, dtype: torch.dtype
) -> None:
    x = drive(size, seed).to(dtype)
    neuron = model(backend="eager")
    run = neuron.run(x, record=tuple(neuron.initial_state(size[1:])))
    for v in (run.output, *run.records.values()):
        assert v.dtype == dtype and v.shape == size
    assert all(v.dtype == dtype and v.shape == size[1:] for v in run.state.values())
    if neuron.fires:
        assert set(run.output.unique().tolist()) <= {0.0, 1.0}


@each
@quick
@given(size=sizes, seed=seeds)
def test_an_output_does_not_depend_on_what_is_recorded_or_graded(
    model: type[Neuron], size: tuple[int, int, int], seed: int
) -> None:
    neuron, x = model(backend="eager"), drive(size, seed)
    plain = neuron(x)
    assert torch.equal(neuron.run(x, record=(neuron.membrane,)).output, plain)
    assert torch.equal(neuron(x.clone().requires_grad_()).detach(), plain)
