"""Plain JAX: synapses over all steps at once, then a scan of the neurons over time."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from workloads import (
    DECAY,
    LI,
    LIF,
    SYNAPTIC_DECAY,
    THRESHOLD,
    Convolution,
    Dense,
    Flatten,
    Layer,
    MaxPool,
    Problem,
    Recurrent,
)

import peers.jax_case as jax_case


@jax.custom_jvp
def spike(u: Any) -> Any:
    """Step function whose derivative is taken to be 1 / (1 + (pi u)^2)."""
    return (u > 0).astype(jnp.float32)


@spike.defjvp
def _(primals: Any, tangents: Any) -> Any:
    (u,), (du,) = primals, tangents
    return spike(u), du / (1 + (jnp.pi * u) ** 2)


class Part(NamedTuple):
    """A layer: over all steps, apply(weights, x); or at each step, step(weights, state, x_t) -> (state, output), from rest(x_t)."""

    weights: Any
    apply: Callable[..., Any]
    rest: Callable[[Any], Any] | None = None

    def over_time(self, weights: Any, x: Any) -> Any:
        if self.rest is None:
            return self.apply(weights, x)
        return jax.lax.scan(lambda state, x_t: self.apply(weights, state, x_t), self.rest(x[0]), x)[1]


def fire(u: Any) -> tuple[Any, Any]:
    """The membrane after the reset, and the spikes."""
    spikes = spike(u - THRESHOLD)
    return u - THRESHOLD * jax.lax.stop_gradient(spikes), spikes


def lif(_: Any, v: Any, x: Any) -> Any:
    return fire(DECAY * v + x)


def recurrent(weight: Any, state: Any, x: Any) -> Any:
    i, v, spikes = state
    i = SYNAPTIC_DECAY * i + x + spikes @ weight
    v, spikes = fire(DECAY * v + i)
    return (i, v, spikes), spikes


def integrate(_: Any, v: Any, x: Any) -> Any:
    v = DECAY * v + x
    return v, v


def dense(weights: Any, x: Any) -> Any:
    y = x @ weights["weight"]
    return y + weights["bias"] if "bias" in weights else y


def convolve(weights: Any, x: Any) -> Any:
    frames = jax.lax.conv_general_dilated(
        x.reshape(-1, *x.shape[2:]), weights["weight"], (1, 1), "VALID", dimension_numbers=("NCHW", "OIHW", "NCHW")
    )
    frames = frames + weights["bias"][:, None, None]
    return frames.reshape(*x.shape[:2], *frames.shape[1:])


def pool(size: int, x: Any) -> Any:
    window = (1, 1, 1, size, size)
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, window, window, "VALID")


def part(layer: Layer) -> Part:
    match layer:
        case Dense():
            weights = {"weight": jnp.asarray(layer.weight.T)}
            return Part(weights if layer.bias is None else {**weights, "bias": jnp.asarray(layer.bias)}, dense)
        case Convolution():
            return Part({"weight": jnp.asarray(layer.weight), "bias": jnp.asarray(layer.bias)}, convolve)
        case MaxPool():
            return Part(None, lambda _, x: pool(layer.size, x))
        case Flatten():
            return Part(None, lambda _, x: x.reshape(*x.shape[:2], -1))
        case LIF():
            return Part(None, lif, jnp.zeros_like)
        case Recurrent():
            return Part(jnp.asarray(layer.weight.T), recurrent, lambda x: (jnp.zeros_like(x),) * 3)
        case LI():
            return Part(None, integrate, jnp.zeros_like)


def case(problem: Problem) -> jax_case.JaxCase | jax_case.JaxStream:
    parts = [part(layer) for layer in problem.layers]
    weights = [p.weights for p in parts]
    if problem.workload.streamed:
        return _stream(problem, parts, weights)

    def network(weights: Any, x: Any) -> Any:
        for p, own in zip(parts, weights, strict=True):
            x = p.over_time(own, x)
        return x

    return jax_case.JaxCase(problem, weights, network, lambda found: found[0]["weight"])


def _stream(problem: Problem, parts: list[Part], weights: Any) -> jax_case.JaxStream:
    x, states = jnp.asarray(problem.x[0]), []
    for p in parts:
        states.append(None if p.rest is None else p.rest(x))
        x = p.over_time(p.weights, x[None])[0]

    def step(weights: Any, x: Any, states: Any) -> Any:
        after = []
        for p, own, state in zip(parts, weights, states, strict=True):
            if p.rest is None:
                x = p.apply(own, x)
            else:
                state, x = p.apply(own, state, x)
            after.append(state)
        return x, after

    return jax_case.JaxStream(problem, weights, step, states)
