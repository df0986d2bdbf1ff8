"""The equation language: a model is declared once, and its update, its adjoint and its text are derived from that."""

from ranvier.equations.build import Options, build
from ranvier.equations.declaration import Declaration, ModelError, draw, parameter, state
from ranvier.equations.functions import (
    absolute,
    atan,
    clip,
    erf,
    exp,
    linoid,
    log,
    maximum,
    minimum,
    sigmoid,
    sqrt,
    tanh,
    where,
)
from ranvier.equations.integrators import (
    Euler,
    Exact,
    ExponentialEuler,
    ExponentialMidpoint,
    RungeKutta4,
    SemiImplicitEuler,
)
from ranvier.equations.options import (
    BlockInput,
    BlockSpikes,
    Clamp,
    CurrentInput,
    ImpulseInput,
    NoReset,
    Subtract,
    ToValue,
)
from ranvier.equations.program import Program

__all__ = [
    "BlockInput", "BlockSpikes", "Clamp", "CurrentInput", "Declaration", "Euler", "Exact", "ExponentialEuler", "ExponentialMidpoint",
    "ImpulseInput", "ModelError", "NoReset", "Options", "Program", "RungeKutta4", "SemiImplicitEuler", "Subtract", "ToValue", "absolute",
    "atan", "build", "clip", "draw", "erf", "exp", "linoid", "log", "maximum", "minimum", "parameter", "sigmoid", "sqrt", "state", "tanh", "where",
]  # fmt: skip
