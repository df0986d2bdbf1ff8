"""Spyx: the whole network at each step of a scan (`case`), or layer by layer, synapses over all steps at once (`hoisted`)."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import spyx.axn as axn
import spyx.nn as snn
from flax import nnx
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

from peers import Unsupported
from peers.jax_case import JaxCase, JaxStream

RNGS = nnx.Rngs(0)
FIRES = {"beta": DECAY, "threshold": THRESHOLD, "activation": axn.arctan(), "rngs": RNGS}


def dense(layer: Dense) -> nnx.Linear:
    outputs, inputs = layer.weight.shape
    module = nnx.Linear(inputs, outputs, use_bias=layer.bias is not None, rngs=RNGS)
    module.kernel[...] = jnp.asarray(layer.weight.T)
    if layer.bias is not None:
        module.bias[...] = jnp.asarray(layer.bias)
    return module


def convolution(layer: Convolution) -> nnx.Conv:
    outputs, inputs, *size = layer.weight.shape
    module = nnx.Conv(inputs, outputs, size, padding="VALID", rngs=RNGS)
    module.kernel[...] = jnp.asarray(layer.weight.transpose(2, 3, 1, 0))
    module.bias[...] = jnp.asarray(layer.bias)
    return module


def channels_last(shape: tuple[int, ...]) -> tuple[int, ...]:
    """[C, H, W] -> [H, W, C], as flax has it; others as they are."""
    return (*shape[1:], shape[0]) if len(shape) == 3 else shape


def part(layer: Layer) -> Any:
    match layer:
        case Dense():
            return dense(layer)
        case Convolution():
            return convolution(layer)
        case MaxPool():
            size = (layer.size, layer.size)
            return lambda x: nnx.max_pool(x, size, size)
        case Flatten():  # channels first again, so that the next weights fit
            return lambda x: jnp.moveaxis(x, -1, 1).reshape(x.shape[0], -1)
        case LIF():
            return snn.LIF(channels_last(layer.shape), **FIRES)
        case Recurrent():
            module = snn.RCuBaLIF((len(layer.weight),), alpha=SYNAPTIC_DECAY, **FIRES)
            module.recurrent_w[...] = jnp.asarray(layer.weight.T)
            return module
        case LI():
            return snn.LI((layer.size,), beta=DECAY, rngs=RNGS)


def step_by_step(network: Any, x: Any) -> Any:
    return snn.run(network, x)[0]


def layer_by_layer(network: Any, x: Any) -> Any:
    for layer in network.layers:
        x = snn.run(layer, x)[0] if hasattr(layer, "initial_state") else jax.vmap(layer)(x)
    return x


def made(problem: Problem, over_time: Callable[[Any, Any], Any]) -> JaxCase:
    graph, weights, rest = nnx.split(_network(problem), nnx.Param, ...)
    if problem.x.ndim == 5:
        problem = problem._replace(x=problem.x.transpose(0, 1, 3, 4, 2))

    def function(weights: Any, x: Any) -> Any:
        return over_time(nnx.merge(graph, weights, rest), x)

    return JaxCase(problem, weights, function, lambda found: found["layers"][0]["kernel"][...])


def _network(problem: Problem) -> Any:
    return snn.Sequential(*(part(layer) for layer in problem.layers))


def case(problem: Problem) -> JaxCase | JaxStream:
    if not problem.workload.streamed:
        return made(problem, step_by_step)
    network = _network(problem)
    graph, weights, rest = nnx.split(network, nnx.Param, ...)

    def step(weights: Any, x: Any, state: Any) -> Any:
        return nnx.merge(graph, weights, rest)(x, state)

    return JaxStream(problem, weights, step, network.initial_state(1))


def hoisted(problem: Problem) -> JaxCase:
    if problem.workload.streamed or not any(isinstance(layer, Dense | Convolution) for layer in problem.layers):
        raise Unsupported("nothing to take out of the loop: as spyx")
    return made(problem, layer_by_layer)
