"""Dropout: one mask a run, the expectation kept, off outside of training."""

import pytest
import torch

from ranvier.layers import Dropout


def test_the_same_inputs_are_dropped_at_every_step() -> None:
    y = Dropout(0.4, generator=torch.Generator().manual_seed(1))(torch.ones(20, 8, 500))
    assert (y == y[0]).all()
    assert y.unique().tolist() == pytest.approx([0.0, 1 / 0.6])
    assert (y[0] == 0).float().mean().item() == pytest.approx(0.4, abs=0.03)
    assert not torch.equal(y[0, 0], y[0, 1]), "each sample of a batch has a mask of its own"


def test_a_generator_owns_the_randomness() -> None:
    x = torch.ones(1, 2, 50)
    state = torch.get_rng_state()
    a, b = (Dropout(0.5, generator=torch.Generator().manual_seed(3))(x) for _ in range(2))
    assert torch.equal(a, b) and torch.equal(torch.get_rng_state(), state)


def test_evaluation_and_zero_pass_everything() -> None:
    x = torch.rand(3, 2, 5)
    assert Dropout(0.5).eval()(x) is x and Dropout(0.0)(x) is x
    assert torch.equal(Dropout(0.5).eval().step(x[0])[0], x[0])


@pytest.mark.parametrize("p", [-0.1, 1.0, 2.0])
def test_p_is_a_probability_below_one(p: float) -> None:
    with pytest.raises(ValueError, match=r"Dropout: p must lie in \[0, 1\), got"):
        Dropout(p)
    assert repr(Dropout(0.3)) == "Dropout(0.3)"
