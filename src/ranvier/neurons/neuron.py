"""`Neuron`: a declared model as a torch module, with the three verbs: call, `step`, `run`."""

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, ClassVar

import sympy
import torch
from torch import Tensor

from ranvier import kernels
from ranvier.checks import scalar
from ranvier.equations.build import Options, build
from ranvier.equations.functions import STREAMS
from ranvier.equations.integrators import Euler, Integrator, SemiImplicitEuler
from ranvier.equations.lowering import Loop, lower
from ranvier.equations.options import PHASES, CurrentInput, Drive, Refractory, Reset, ToValue, check_order
from ranvier.equations.program import Program
from ranvier.kernels.cpu.neuron import NeuronStage
from ranvier.kernels.cpu.recurrent import RecurrentStage
from ranvier.kernels.cpu.stage import Place, Stage
from ranvier.neurons.parameters import Parameters, show
from ranvier.neurons.verbs import Run, State
from ranvier.surrogates import FastSigmoid, Surrogate
from ranvier.units import ms


class DivergedError(ValueError):
    """A run whose input and state were finite ended in NaN or infinity: the step is too long or the input too strong."""


class Neuron(Parameters, abstract=True):
    """Base of all neuron models. A subclass declares parameters, states and equations; see `LIF` for a complete one.

    x: [T, B, *N], time first. Every model shares these conventions, each an option:

    - input: `CurrentInput()` (constant during the step, enters `dynamics`) or `ImpulseInput()` (added after the decay).
    - order of a step: integrate (decay and input), fire (compare with the threshold), reset; all in the same step.
    - fire_on: a spike where threshold(s) ">=" 0, or ">" 0.
    - reset: `ToValue()`, `Subtract()` or `NoReset()`, each with detach=True (no gradient through the reset) or False.

    dt: time step [s], 1 ms unless the model needs less. surrogate: pseudo-derivative of the spike. integrator: `Exact()`,
    `ExponentialEuler()`, `RungeKutta4()`; by default the first of these that fits the equations, or the model's own choice; or
    `Euler()`, `SemiImplicitEuler()`, `ExponentialMidpoint()`. refractory: `Clamp(t)`, `BlockSpikes(t)` or
    `BlockInput(t)`. learn: names of parameters to train. backend: "auto", "cpu" (compiled) or "eager" (reference).
    seed: of the random streams of a model that draws. The noise then belongs to the state: a run from rest repeats it, a run from another
    run's state goes on; assign another `neuron.seed` for other noise. Two populations with one seed have the same noise.
    Other keywords are the model's parameters: a number, or a tensor of the neurons' shape.

    Warns where an explicit Euler step was asked for with dt above a fifth of a time constant. `run` raises ValueError where a state ends in NaN
    or infinity, and says whether the input or the state that it was given brought it (on the CPU; networks let it
    pass, and training names the layer).
    """

    membrane: ClassVar[str] = "v"
    default_drive: ClassVar[Drive] = CurrentInput()
    default_reset: ClassVar[Reset] = ToValue()
    default_dt: ClassVar[float] = 1 * ms
    default_integrator: ClassVar[Integrator | None] = None  # the first that fits

    def __init__(
        self,
        *,
        dt: float | None = None,
        surrogate: Surrogate | None = None,
        integrator: Integrator | None = None,
        reset: Reset | None = None,
        refractory: Refractory | None = None,
        input: Drive | None = None,
        fire_on: str = ">=",
        order: Sequence[str] = PHASES,
        learn: Sequence[str] = (),
        backend: str = "auto",
        seed: int | None = None,
        **parameters: Any,
    ) -> None:
        super().__init__()
        name = type(self).__name__
        known = self.declaration.parameters
        unknown = sorted(set(parameters) - set(known))
        if unknown:
            raise TypeError(f"{name} has no parameter {', '.join(unknown)}. It has: {', '.join(known)}.")
        dt = self.default_dt if dt is None else scalar(dt)
        if not (isinstance(dt, int | float) and math.isfinite(dt) and dt > 0):
            raise ValueError(f"{name}: dt must be a positive number of seconds, got {dt}. Write dt=1 * ms.")
        if fire_on not in (">=", ">"):
            raise ValueError(f'{name}: fire_on must be ">=" or ">", got {fire_on!r}.')
        if backend not in kernels.BACKENDS:
            raise ValueError(f"{name}: backend must be one of {kernels.BACKENDS}, got {backend!r}.")
        for option, value, kind, example in (
            ("surrogate", surrogate, Surrogate, "FastSigmoid()"),
            ("integrator", integrator, Integrator, "Exact()"),
            ("reset", reset, Reset, "Subtract()"),
            ("refractory", refractory, Refractory, "Clamp(2 * ms)"),
            ("input", input, Drive, "ImpulseInput()"),
        ):
            if value is not None and (isinstance(value, type) or not isinstance(value, kind)):
                raise TypeError(f"{name}: {option} must be an object such as {example}, got {value!r}.")
        learn = (learn,) if isinstance(learn, str) else tuple(learn)
        missing = sorted(set(learn) - set(known))
        if missing:
            raise ValueError(
                f"{name}: learn names {', '.join(missing)}, which is no parameter. It has: {', '.join(known)}."
            )
        if seed is not None and not self.declaration.draws:
            raise ValueError(f"{name} draws no random numbers, so it has no seed. Remove seed={seed}.")
        if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int)):
            raise TypeError(f"{name}: seed must be a whole number, got {seed!r}. Write seed=0.")
        self.backend, self.seed = backend, 0 if seed is None else seed
        self.options = Options(
            drive=input if input is not None else self.default_drive,
            reset=reset if reset is not None else self.default_reset,
            refractory=refractory,
            order=check_order(order),
            fire_on=fire_on,
            surrogate=surrogate if surrogate is not None else FastSigmoid(),
            dt=float(dt),
            integrator=integrator if integrator is not None else self.default_integrator,
        )
        self._place_all(float(dt), learn, parameters)
        self.validate()  # called from here, since warnings of a model count the frames to the line that makes it
        if isinstance(integrator, Euler | SemiImplicitEuler):
            self._warn_of_coarse_steps(integrator)
        _loop(
            type(self), self.options
        )  # an option that does not fit the equations is an error here, not at the first call

    # ---- what it is --------------------------------------------------------------------------------------------------

    @property
    def program(self) -> Program:
        """What one step does; `print(neuron.program)` shows it, `.latex()` typesets it."""
        return _loop(type(self), self.options).program

    @property
    def fires(self) -> bool:
        """Whether the output is spikes; a readout such as LI outputs its membrane, a synapse its current."""
        return self.declaration.has("threshold")

    def extra_repr(self) -> str:
        parts = [f"{name}={show(value)}" for name, value in self.parameter_values().items()]
        if self.learn:
            parts.append(f"learn={self.learn}")
        if self.declaration.draws:
            parts.append(f"seed={self.seed}")
        return ", ".join([*parts, f"dt={self.dt:g}"])

    # ---- running -----------------------------------------------------------------------------------------------------

    def initial_state(self, shape: Sequence[int], like: Tensor | None = None) -> State:
        """State of neurons at rest. shape: [B, *N]. like: a tensor whose dtype and device the state takes."""
        reference = like if like is not None else torch.empty(0)
        full = torch.Size(shape)
        state = {}
        for name in self.program.state_names:
            if name in ("stream", "drawn"):
                state[name] = self._first_draws(name, full, reference)
                continue
            spec = self.declaration.states.get(name)
            value: Any = 0.0 if spec is None else spec.initial
            if isinstance(value, str):
                value = self.declaration.initial(name, self.parameter_values())
            if isinstance(value, Tensor):
                tensor = value.to(reference.device, reference.dtype)
                try:
                    state[name] = tensor.expand(full).contiguous() if tensor.dim() else tensor.repeat(full)
                except RuntimeError:
                    raise self._shape_error(full[1:]) from None
            else:
                state[name] = torch.full(full, float(value), dtype=reference.dtype, device=reference.device)
        return state

    def _first_draws(self, name: str, full: torch.Size, reference: Tensor) -> Tensor:
        """Where the random streams start: each neuron of each row has one of its own, all from a place that the seed decides."""
        if reference.dtype not in (torch.float32, torch.float64):
            raise TypeError(
                f"{type(self).__name__} draws random numbers, which {reference.dtype} cannot count. "
                "Use torch.float32 or torch.float64."
            )
        first, read = torch.randint(STREAMS, (2,), generator=torch.Generator().manual_seed(self.seed)).tolist()
        if name == "drawn":
            return torch.full(full, float(read), dtype=reference.dtype, device=reference.device)
        streams = (torch.arange(full.numel(), device=reference.device) + first) % STREAMS
        return streams.view(full).to(reference.dtype)

    def run(self, x: Tensor, state: State | None = None, record: Sequence[str] = ()) -> Run:
        """Runs x [T, B, *N] from `state` (rest if None). record: names of states to return at the end of each step."""
        done = self.run_as_given(x, state, record)
        self._check_final(x, state or {}, done.state)
        return done

    def run_as_given(self, x: Tensor, state: State | None = None, record: Sequence[str] = ()) -> Run:
        """As `run`, and NaN passes: what a network does with its layers, so that a diagnosis can name the one in which it began."""
        self._check_input(x)
        state = self.initial_state(x.shape[1:], x) if state is None else self._check_state(state, x)
        loop = _loop(type(self), self.options)
        symbols = self._outputs(record)
        outputs, final = kernels.run(loop, x, list(state.values()), self._values(loop, x), tuple(symbols), self.backend)
        return self._result(symbols, record, outputs, state, final)

    def count_spikes(self, x: Tensor, steps: int, state: State | None = None) -> tuple[Tensor, State]:
        """How often each neuron fires in `steps` steps under a constant input x [B, *N], from `state` (rest if None), and the last state.

        The counts, int64 [B, *N], and the state are those of `run` with x at every step, in memory that does not grow with the steps and
        several times as fast; no gradient. Raises TypeError for a model that does not fire.
        """
        name = type(self).__name__
        if not self.fires:
            raise TypeError(f"{name}: it does not fire, so there are no spikes to count. Use run(x).output.")
        if isinstance(steps, bool) or not isinstance(steps, int) or steps < 1:
            raise ValueError(f"{name}: steps must be a whole number of 1 or more, got {steps!r}. Write steps=1000.")
        if isinstance(x, Tensor) and not x.dim():
            raise ValueError(
                f"{name}: the input must have axes [B, *N] (batch, neurons), got a single number. Write x.expand(1, 100)."
            )
        each = x.unsqueeze(0) if isinstance(x, Tensor) else x  # what a step of `run` takes
        self._check_input(each)
        state = self.initial_state(x.shape, x) if state is None else self._check_state(state, each)
        loop = _loop(type(self), self.options)
        counts, final = kernels.count(
            loop, x, steps, list(state.values()), [v.detach() for v in self._values(loop, each)], self.backend
        )
        after = dict(zip(state, final, strict=True))
        self._check_final(each, state, after)
        return counts, after

    def run_recurrent(
        self,
        x: Tensor,
        weight: Tensor,
        last: Tensor | None = None,
        state: State | None = None,
        record: Sequence[str] = (),
    ) -> Run:
        """As `run`, each step's input being x[t] + output[t-1] @ weight.T. x: [T, B, N]; weight: [N, N]; last: [B, N]."""
        self._check_input(x)
        state = self.initial_state(x.shape[1:], x) if state is None else self._check_state(state, x)
        last = torch.zeros(x.shape[1:], dtype=x.dtype, device=x.device) if last is None else last
        loop = _loop(type(self), self.options)
        symbols = self._outputs(record)
        outputs, final = kernels.run_recurrent(
            loop, x, weight, last, list(state.values()), self._values(loop, x), tuple(symbols), self.backend
        )
        return self._result(symbols, record, outputs, state, final)

    def stage(self, place: Place, state: State | None) -> Stage | None:
        """The population in a chain, for input [B, *N] from `state` (rest if None); None where another backend or no spike was asked for."""
        if self.backend == "eager" or self.options.soft or len(place.shape) < 2 or 0 in place.shape:
            return None
        x = torch.empty(1, dtype=place.dtype).expand(1, *place.shape)  # stands for the input's shape and type
        state = self.initial_state(place.shape, x) if state is None else self._check_state(state, x)
        loop = _loop(type(self), self.options)
        return NeuronStage(loop, self._values(loop, x), state, place)

    def for_stream(self, shape: Sequence[int], dtype: torch.dtype) -> tuple[Loop, list[Tensor], State]:
        """What a stream of one sample with neurons [*N] needs: loop, coefficients, state at rest."""
        x = torch.empty(1, dtype=dtype).expand(1, 1, *shape)
        loop = _loop(type(self), self.options)
        return loop, [v.detach() for v in self._values(loop, x)], self.initial_state((1, *shape), x)

    def recurrent_stage(self, weight: Tensor, place: Place, state: State | None) -> Stage | None:
        """As `stage`, with recurrent weights [N, N]; the state holds `last` besides, [B, N]. None where the output is no spikes."""
        if self.backend == "eager" or self.options.soft or not self.fires or 0 in place.shape:
            return None
        x = torch.empty(1, dtype=place.dtype).expand(1, *place.shape)
        given = {} if state is None else dict(state)
        last = given.pop("last", torch.zeros(place.shape, dtype=place.dtype)).to(place.dtype)
        inner = self.initial_state(place.shape, x) if state is None else self._check_state(given, x)
        loop = _loop(type(self), self.options)
        return RecurrentStage(loop, self._values(loop, x), weight, {**inner, "last": last}, place)

    def _result(
        self,
        symbols: Mapping[sympy.Symbol, None],
        record: Sequence[str],
        outputs: list[Tensor],
        state: State,
        final: list[Tensor],
    ) -> Run:
        found = dict(zip(symbols, outputs, strict=True))
        after = {str(s): e for s, e in self.program.after.items()}
        return Run(outputs[0], dict(zip(state, final, strict=True)), {name: found[after[name]] for name in record})

    def _values(self, loop: Loop, x: Tensor) -> list[Tensor]:
        values = kernels.coefficients(loop, self.parameter_values(), self.dt)
        neurons = x.shape[2:]
        try:
            return [(v if not v.dim() else v.expand(neurons)).to(x.dtype) for v in values]
        except RuntimeError:
            raise self._shape_error(neurons) from None

    def _shape_error(self, neurons: Sequence[int]) -> ValueError:
        shapes = {k: tuple(v.shape) for k, v in self.parameter_values().items() if isinstance(v, Tensor) and v.dim()}
        return ValueError(
            f"{type(self).__name__}: per-neuron parameters have shapes {shapes}, the input has neurons {tuple(neurons)}."
        )

    def _outputs(self, record: Sequence[str]) -> dict[sympy.Symbol, None]:
        """Symbols to return, each once (a readout's output is its membrane), in order."""
        program = self.program
        after = {str(s): e for s, e in program.after.items()}
        unknown = [name for name in record if name not in after]
        if unknown:
            raise ValueError(
                f"{type(self).__name__} has no state {', '.join(unknown)} to record. It has: {', '.join(after)}."
            )
        return dict.fromkeys((program.output, *(after[name] for name in record)))

    def _check_input(self, x: Any) -> None:
        name = type(self).__name__
        if not isinstance(x, Tensor):
            raise TypeError(
                f"{name}: input must be a torch tensor [T, B, *N], got {type(x).__name__}. Use torch.as_tensor(...)."
            )
        if not x.is_floating_point():
            raise TypeError(f"{name}: input must be floating point, got {x.dtype}. Convert it with .float().")
        if x.dim() < 2:
            raise ValueError(
                f"{name}: input must have axes [T, B, *N] (time, batch, neurons), got shape {tuple(x.shape)}."
            )
        if 0 in x.shape:
            axis = list(x.shape).index(0)
            label = ("time (axis 0)", "batch (axis 1)")[axis] if axis < 2 else f"neurons (axis {axis})"
            raise ValueError(f"{name}: input has no entries along {label}; its shape is {tuple(x.shape)}.")

    def _check_final(self, x: Tensor, start: State, final: State) -> None:
        """Refuses a run that ended in NaN or infinity, which a membrane never leaves: it would be silent for ever. On the CPU."""
        if x.device.type != "cpu" or all(math.isfinite(float(v.detach().sum())) for v in final.values()):
            return  # a sum costs less than to look at each
        broken = [key for key, v in final.items() if not bool(torch.isfinite(v).all())]
        if not broken:
            return
        name, bad = type(self).__name__, ~torch.isfinite(x.detach()).flatten(1).all(1)
        given = [key for key, v in start.items() if not bool(torch.isfinite(v).all())]
        if bool(bad.any()):
            raise ValueError(
                f"{name}: input holds NaN or infinity, first in step {int(bad.nonzero()[0])}. Look for it with torch.isfinite(x), and mend the data."
            )
        if given:
            raise ValueError(
                f"{name}: the state {', '.join(given)} it was given holds NaN or infinity. Start from initial_state({tuple(x.shape[1:])})."
            )
        raise DivergedError(
            f"{name}: {', '.join(broken)} left the finite numbers during the run (dt={self.dt:g} s, largest input {float(x.detach().abs().max()):g}). "
            "Use a smaller dt, a weaker input, or another integrator."
        )

    def _check_state(self, state: Mapping[str, Tensor], x: Tensor) -> State:
        name = type(self).__name__
        names = list(self.program.state_names)
        if not isinstance(state, Mapping):
            raise TypeError(
                f"{name}: state must be a dict of {names}, got {type(state).__name__}. "
                f"Start from initial_state({tuple(x.shape[1:])})."
            )
        if set(state) != set(names):
            raise ValueError(
                f"{name}: state must hold {names}, got {sorted(state)}. Start from initial_state({tuple(x.shape[1:])})."
            )
        for key in names:
            shape = tuple(state[key].shape)
            if shape != tuple(x.shape[1:]):
                what = "Batch sizes differ" if shape[1:] == tuple(x.shape[2:]) else "Shapes differ"
                raise ValueError(
                    f"{name}: input has shape {tuple(x.shape)}, state {key} has {shape}, expected {tuple(x.shape[1:])}. {what}."
                )
        return {key: state[key].to(x.dtype) for key in names}


@lru_cache(maxsize=512)
def _loop(model: type[Neuron], options: Options) -> Loop:
    return lower(build(model.declaration, options))
