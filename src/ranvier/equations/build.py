"""From a declaration and its options to a `Program`."""

from collections.abc import Mapping
from dataclasses import dataclass

import sympy

from ranvier.equations.declaration import Declaration, ModelError
from ranvier.equations.functions import STREAMS, Expr, uniform
from ranvier.equations.integrators import Integrator, best
from ranvier.equations.options import (
    BlockInput,
    BlockSpikes,
    Clamp,
    CurrentInput,
    Drive,
    ImpulseInput,
    NoReset,
    Ports,
    PseudoDerivative,
    Refractory,
    Reset,
    Subtract,
    refractory_steps,
)
from ranvier.equations.program import DT, INPUT, Assign, Detach, Fire, Program, Propagator, Statement, port
from ranvier.equations.sharing import share

SPIKE = sympy.Symbol("spike", real=True)
SPIKED = sympy.Symbol("spiked", real=True)  # the last spike, carried as a state where the reset comes before firing
WAITING = sympy.Symbol("waiting", real=True)  # 1 from a spike until `rearm`, carried as a state
REFRACTORY = sympy.Symbol("refractory", real=True)  # steps left, carried as a state
REFRACTORY_STEPS = sympy.Symbol("refractory.steps", real=True)


STREAM = sympy.Symbol("stream", real=True)  # which random stream a neuron reads, carried as a state
DRAWN = sympy.Symbol("drawn", real=True)  # how many numbers of it have been read, carried as a state


@dataclass(frozen=True)
class Options:
    """Everything besides the declaration that decides one step. `soft` replaces the spike by the surrogate's smooth function."""

    drive: Drive
    reset: Reset
    refractory: Refractory | None
    order: tuple[str, ...]
    fire_on: str
    surrogate: PseudoDerivative
    dt: float
    integrator: Integrator | None = None
    soft: bool = False


def build(declaration: Declaration, options: Options) -> Program:
    """Derives the step of a model. Raises `ModelError` where a choice does not fit the equations."""
    return _Builder(declaration, options).program()


class _Builder:
    """Writes the statements of a step phase by phase; `now` holds the current symbol of each state."""

    def __init__(self, declaration: Declaration, options: Options) -> None:
        self.declaration, self.options = declaration, options
        self.parameters = {k: sympy.Symbol(k, real=True) for k in declaration.parameters}
        self.states = {k: sympy.Symbol(k, real=True) for k in declaration.states}
        self.now: dict[str, sympy.Symbol] = dict(self.states)
        self.met: dict[str, sympy.Symbol] = {}  # the states that an impulse meets
        self.draws: dict[str, sympy.Symbol] = {}
        self.lines: list[Statement] = []
        self.propagators: tuple[Propagator, ...] = ()
        self.constants: dict[sympy.Symbol, float] = {}
        self.fires = declaration.has("threshold")
        self.spike: sympy.Symbol = SPIKED
        self.rearms = self.fires and declaration.has("rearm")
        self.waiting: sympy.Symbol = WAITING
        if not self.fires and (options.refractory is not None):
            raise ModelError(
                f"{declaration.name} does not fire, so it cannot have a refractory period. Remove refractory=."
            )

    def program(self) -> Program:
        d, o = self.declaration, self.options
        self.draws = {k: self.let(k, uniform(STREAM, DRAWN + j)) for j, k in enumerate(d.draws)}
        phases = {"integrate": self.integrate, "fire": self.fire, "reset": self.reset}
        for phase in o.order if self.fires else ("integrate",):
            phases[phase]()
        states = list(self.states.values())
        after = {self.states[k]: self.now[k] for k in self.states}
        if self.fires and o.order.index("reset") < o.order.index("fire"):
            states.append(SPIKED)
            after[SPIKED] = self.spike
        if o.refractory is not None:
            left = self.let(
                "refractory.next",
                sympy.Piecewise((REFRACTORY_STEPS, self.spike > 0.5), (REFRACTORY - 1, REFRACTORY > 0.5), (0, True)),
            )
            states.append(REFRACTORY)
            after[REFRACTORY] = left
        if self.rearms:
            states.append(WAITING)
            after[WAITING] = self.waiting
        if d.draws:
            count = DRAWN + len(d.draws)
            states += [STREAM, DRAWN]
            after[STREAM] = STREAM
            after[DRAWN] = self.let("drawn.next", sympy.Piecewise((0, count >= STREAMS - 1), (count, True)))
        output = self.spike if self.fires else self.output()
        convention = f"order {' > '.join(o.order)}; fires where threshold {o.fire_on} 0; {o.reset!r}; input {o.drive!r}"
        return Program(
            d.name,
            tuple(states),
            tuple(self.lines),
            after,
            output,
            tuple(self.parameters.values()),
            self.propagators,
            self.constants,
            convention if self.fires else f"input {o.drive!r}; no spikes",
        )

    def let(self, name: str, value: Expr) -> sympy.Symbol:
        symbol = sympy.Symbol(name, real=True)
        self.lines.append(Assign(symbol, sympy.sympify(value)))
        return symbol

    def values(self, states: Mapping[str, Expr]) -> dict[str, Expr]:
        return {**self.parameters, **self.draws, **states, "dt": DT}

    def integrate(self) -> None:
        d, o = self.declaration, self.options
        drive: Expr = INPUT
        if isinstance(o.refractory, BlockInput):
            drive = self.let("input.open", sympy.Piecewise((0, REFRACTORY > 0.5), (INPUT, True)))
        if isinstance(o.drive, ImpulseInput) and not d.has("receive"):
            raise ModelError(
                f"{d.name} takes no impulses: it has no `receive`. Use input=CurrentInput(), or define receive(self, s, x)."
            )
        current = sympy.Integer(0) if isinstance(o.drive, ImpulseInput) else INPUT

        def dynamics(states: Mapping[str, Expr]) -> dict[str, Expr]:
            return {k: sympy.sympify(v) for k, v in d.call("dynamics", self.values(states), current).items()}

        before = dict(self.now)
        if isinstance(o.drive, CurrentInput) and not any(v.has(INPUT) for v in dynamics(before).values()):
            raise ModelError(
                f"{d.name}: dynamics does not use the input current. Use input=ImpulseInput(), or add the input to an equation."
            )
        method = o.integrator if o.integrator is not None else best(d.name, dynamics, before)
        done = method.integrate(d.name, dynamics, before)
        replace = {INPUT: drive} if drive is not INPUT else {}
        fixed = {DT, *self.parameters.values(), *(symbol for p in done.propagators for symbol, _, _ in p.entries)}
        self.lines += share([Assign(line.target, line.value.xreplace(replace)) for line in done.statements], fixed)
        self.propagators = done.propagators
        self.now.update(done.after)
        self.met = dict(self.now)
        if isinstance(o.drive, ImpulseInput):
            jump = d.call("receive", self.values(self.now), drive)
            self.now.update({k: self.let(f"{k}.in", v) for k, v in jump.items()})
        if isinstance(o.drive, Ports):
            shut = isinstance(o.refractory, BlockInput)
            for j, (method, sign) in enumerate(zip(o.drive.methods, o.drive.signs, strict=True)):
                x = port(j, sign) if not shut else sympy.Piecewise((0, REFRACTORY > 0.5), (port(j, sign), True))
                jump = d.call(method, self.values(self.now), x)
                self.now.update({k: self.let(f"{k}.in{j}", v) for k, v in jump.items()})
        if isinstance(o.refractory, Clamp):
            m = d.membrane
            self.now[m] = self.let(f"{m}.held", sympy.Piecewise((before[m], REFRACTORY > 0.5), (self.now[m], True)))

    def output(self) -> sympy.Symbol:
        """What a model that does not fire gives: its `output`, or its membrane."""
        d = self.declaration
        if not d.has("output"):
            return self.now[d.membrane]
        return self.let(
            "output", d.call("output", self.values(self.met if d.takes_input("output") else self.now), INPUT)
        )

    def fire(self) -> None:
        d, o = self.declaration, self.options
        if o.refractory is not None:
            self.constants[REFRACTORY_STEPS] = float(refractory_steps(o.refractory, o.dt))
        margin = self.let("margin", d.call("threshold", self.values(self.now)))
        symbols = {k: sympy.Symbol(f"surrogate.{k}", real=True) for k in o.surrogate.constants()}
        self.constants |= {symbols[k]: v for k, v in o.surrogate.constants().items()}
        shape = o.surrogate.symbolic(symbols)
        derivative = sympy.sympify(shape.derivative(margin))
        soft = sympy.sympify(shape.soft(margin)) if o.soft else None
        blocks = (
            [REFRACTORY] if isinstance(o.refractory, BlockSpikes | Clamp) else []
        )  # what a reset leaves above the threshold must not fire
        blocks += [WAITING] if self.rearms else []
        target = sympy.Symbol("spike.unblocked", real=True) if blocks else SPIKE
        self.lines.append(Fire(target, margin, o.fire_on == ">", derivative, soft))
        if blocks:
            self.lines.append(Assign(SPIKE, sympy.Piecewise(*((0, b > 0.5) for b in blocks), (target, True))))
        self.spike = SPIKE
        if self.rearms:
            armed = sympy.sympify(d.call("rearm", self.values(self.now))) >= 0
            self.waiting = self.let("waiting.next", sympy.Piecewise((1, SPIKE > 0.5), (0, armed), (WAITING, True)))

    def reset(self) -> None:
        d, o = self.declaration, self.options
        target = dict(d.call("reset", self.values(self.now))) if d.has("reset") else {}
        m = d.membrane
        if isinstance(o.reset, Subtract):
            missing = {"v_threshold", "v_reset"} - set(self.parameters)
            if missing:
                raise ModelError(
                    f"{d.name} cannot reset by subtraction: it has no parameter {sorted(missing)}. Use reset=ToValue()."
                )
            target[m] = self.now[m] - (self.parameters["v_threshold"] - self.parameters["v_reset"])
        elif isinstance(o.reset, NoReset):
            target.pop(m, None)
        # (1 - z)*a + z*b is exactly a or b for z in {0, 1}; its derivative by z is the jump
        spikes = dict.fromkeys(target, self.spike)
        if o.reset.detach and m in target:
            spikes[m] = sympy.Symbol("spike.detached", real=True)
            self.lines.append(Detach(spikes[m], self.spike))
        jumps = {k: (1 - spikes[k]) * self.now[k] + spikes[k] * v for k, v in target.items()}
        self.now.update({k: self.let(f"{k}.reset", v) for k, v in jumps.items()})
