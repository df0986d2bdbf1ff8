"""The backend that is asked for runs, or an error says why."""

import pytest
import torch

from ranvier import kernels
from ranvier.layers import Recurrent
from ranvier.neurons import LIF


def test_auto_names_its_pick() -> None:
    assert kernels.BACKENDS == ("auto", "cpu", "eager")
    assert kernels.choose("auto", torch.zeros(1)) == "cpu"
    assert kernels.choose("auto", torch.zeros(1, dtype=torch.float64)) == "cpu"
    assert kernels.choose("auto", torch.zeros(1, dtype=torch.bfloat16)) == "eager"
    assert kernels.choose("auto", torch.zeros(1, device="meta")) == "eager"
    assert kernels.choose("eager", torch.zeros(1)) == "eager"


def test_a_backend_that_cannot_run_says_why_and_what_to_do() -> None:
    with pytest.raises(
        ValueError, match=r"needs a float32 or float64 tensor on the CPU; the input is torch.bfloat16\. Convert it"
    ):
        LIF(backend="cpu")(torch.zeros(2, 1, 1, dtype=torch.bfloat16))
    with pytest.raises(
        ValueError, match=r'the input is on meta\. Move it with \.to\(\'cpu\'\) or choose backend="eager"'
    ):
        kernels.choose("cpu", torch.zeros(1, device="meta"))
    with pytest.raises(ValueError, match=r"backend must be one of .*, got 'cuda'"):
        kernels.choose("cuda", torch.zeros(1))
    with pytest.raises(ValueError, match=r"needs a float32 or float64"):
        layer = Recurrent(LIF(backend="cpu"), 2).bfloat16()
        layer(torch.zeros(2, 1, 2, dtype=torch.bfloat16))


def test_eager_runs_what_the_compiled_kernel_does_not() -> None:
    x = torch.ones(8, 1, 2, dtype=torch.bfloat16)
    assert LIF(tau_mem=0.002)(x * 3).sum() > 0
    assert LIF()(torch.zeros(3, 2, 2, device="meta")).shape == (3, 2, 2)


def test_linear_works_for_any_dtype() -> None:
    x, weight = torch.ones(2, 1, 3, dtype=torch.bfloat16), torch.ones(4, 3, dtype=torch.bfloat16)
    assert kernels.linear(x, weight, None).tolist() == [[[3.0] * 4]] * 2
