"""The generated text: what every kernel brings along, and that only what is asked for is computed."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from numba import njit

import ranvier as rv
from ranvier.equations import tanh
from ranvier.equations.build import build
from ranvier.equations.lowering import lower
from ranvier.equations.options import Subtract
from ranvier.kernels.cpu.cache import load
from ranvier.kernels.cpu.elementary import exprel
from ranvier.kernels.cpu.source import HEADER, Variant, backward_source, forward_source, graded_coefficients
from ranvier.neurons import LI, LIF
from ranvier.units import Dimensionless, Time, ms


@pytest.fixture(scope="module")
def helpers():
    return load(HEADER.format(name="helpers", what="alone", elementary=""), "helpers")


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_sign_keeps_the_type(helpers, kind: type) -> None:
    for x in (-2.5, 0.0, 3.0):
        assert helpers.sign.py_func(kind(x)) == np.sign(x)
        assert helpers.sign(kind(x)) == np.sign(x)


@pytest.mark.parametrize(("kind", "tolerance"), [(np.float32, 1e-6), (np.float64, 1e-8)])
def test_exprel_and_its_slope_are_right_at_every_size(helpers, kind: type, tolerance: float) -> None:
    relative = njit(lambda x: exprel(x))
    for x in (-30.0, -0.5, -1.5e-3, -9e-4, -1e-6, 0.0, 2e-5, 1.2e-3, 0.3):
        v = float(kind(x))
        value = math.expm1(v) / v if v else 1.0
        slope = 0.5 + v / 3 + v * v / 8 + v**3 / 30 if abs(v) < 1e-2 else (math.exp(v) * (v - 1) + 1) / v**2
        assert relative(kind(x)) == pytest.approx(value, rel=tolerance)
        assert helpers.exprel_slope(kind(x)) == pytest.approx(slope, rel=tolerance)


def test_the_step_holds_no_exponential_and_only_what_is_asked_for() -> None:
    loop = lower(LIF().program)
    spike, v = loop.program.output, loop.program.after[loop.states[0]]
    forward = forward_source(loop, Variant((spike,)))
    assert "exp(" not in forward.split("def forward")[1] and "out1" not in forward
    assert "out1" in forward_source(loop, Variant((spike, v)))
    plain = Variant((spike,), graded=(spike,), input_gradient=False)
    assert "xg" not in backward_source(loop, plain) and "s_c" not in backward_source(loop, plain)
    c = tuple(loop.coefficients)
    full = Variant((spike,), frozenset(c[:1]), (spike,), c, True)
    text = backward_source(loop, full)
    assert f"neuron_grad_{c[0]}" in text and "xg[j] =" in text and "scalar_grads[q, 0]" in text
    scalars, vectors = graded_coefficients(loop, full)
    assert vectors == [c[0]] and set(scalars) < set(c), "the surrogate's constants have no gradient"


def test_a_reset_is_a_choice_and_a_soft_one_a_mixture() -> None:
    plain = lower(LIF().program)
    hard = forward_source(plain, Variant((plain.program.output,))).split("def forward")[1]
    assert re.search(r"= \(c\d if \(u\d != k\d\) else u\d\)\n", hard)
    subtracted = lower(LIF(reset=Subtract()).program)
    text = forward_source(subtracted, Variant((subtracted.program.output,))).split("def forward")[1]
    assert re.search(r"= \(\(.*\) if \(u\d != k\d\) else u\d\)\n", text)
    soft = LIF()
    loop = lower(build(LIF.declaration, replace(soft.options, soft=True)))
    assert (
        " if " not in forward_source(loop, Variant((loop.program.output,))).split("def forward")[1].split("for t in")[1]
    )


def test_a_readout_compares_nothing() -> None:
    loop = lower(LI().program)
    body = forward_source(loop, Variant((loop.program.output,))).split("def forward")[1]
    assert ">=" not in body and " if " not in body


class Bent(rv.Neuron):
    """Two states whose slopes bend as tanh does."""

    tau: Time = rv.parameter(10 * ms, positive=True)
    gain: Dimensionless = rv.parameter(2.0)
    v: Dimensionless = rv.state(0.0)
    w: Dimensionless = rv.state(0.0)

    def dynamics(self, s, i: Dimensionless):
        return {"v": (tanh(self.gain * s.v) - s.v - s.w + i) / self.tau, "w": (tanh(s.v) - s.w) / (5 * self.tau)}

    def threshold(self, s):
        return s.v - 1.0

    def reset(self, s):
        return {"v": 0.0}


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 1e-4)])
def test_a_hyperbolic_tangent_in_the_equations(dtype: torch.dtype, tolerance: float) -> None:
    drive = 3 * torch.rand(30, 3, 37, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    found = []
    for backend in ("cpu", "eager"):
        x = drive.to(dtype).requires_grad_()
        run = Bent(backend=backend, learn="gain").to(dtype).run(x, record=("v", "w"))
        loss = run.output.sum() + sum(r.square().sum() for r in run.records.values())
        found.append([run.output, *run.records.values(), *torch.autograd.grad(loss, x)])
    assert 0 < float(found[0][0].detach().mean()) < 1
    for a, b in zip(*found, strict=True):
        torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance)
