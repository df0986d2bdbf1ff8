"""What the peers built on JAX share: compiled functions of (weights, x) and the training step."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax
from workloads import LEARNING_RATE, Loss, Problem


class JaxCase:
    """function(weights, x) -> output [T, B, *N]. Compiled here, so that no call compiles. first: picks the first layer's weights."""

    def __init__(
        self, problem: Problem, weights: Any, function: Callable[..., Any], first: Callable[[Any], Any]
    ) -> None:
        self.loss, self.weights, self.first = problem.workload.loss, weights, first
        self.x = jnp.asarray(problem.x)
        self.target = None if problem.target is None else jnp.asarray(problem.target)
        self.trained = self.loss in (Loss.COUNT, Loss.MEAN)
        optimizer = optax.adam(LEARNING_RATE)
        self.moments = optimizer.init(weights) if self.trained else None

        def loss(weights: Any, x: Any, target: Any) -> Any:
            output = function(weights, x)
            match self.loss:
                case Loss.COUNT:
                    return optax.softmax_cross_entropy_with_integer_labels(output.sum(0), target).mean()
                case Loss.MEAN:
                    return optax.softmax_cross_entropy_with_integer_labels(output.mean(0), target).mean()
                case _:
                    return output.sum()

        def gradient(weights: Any, x: Any, target: Any) -> Any:
            if self.loss is Loss.GIVEN:
                return jax.vjp(lambda x: function(weights, x), x)[1](target)[0]
            return jax.grad(loss)(weights, x, target)

        def update(weights: Any, moments: Any, x: Any, target: Any) -> Any:
            change, moments = optimizer.update(gradient(weights, x, target), moments, weights)
            return optax.apply_updates(weights, change), moments

        self._gradient = jax.jit(gradient)
        self._forward = jax.jit(function).lower(weights, self.x).compile()
        if self.trained:
            jitted = jax.jit(update, donate_argnums=(0, 1))
            self._update = jitted.lower(weights, self.moments, self.x, self.target).compile()
        else:
            self._update = self._gradient.lower(weights, self.x, self.target).compile()

    def forward(self) -> Any:
        return jax.block_until_ready(self._forward(self.weights, self.x))

    def training(self) -> None:
        if self.trained:
            found = jax.block_until_ready(self._update(self.weights, self.moments, self.x, self.target))
            self.weights, self.moments = found
        else:
            jax.block_until_ready(self._update(self.weights, self.x, self.target))

    def rate(self) -> float:
        return float(jnp.abs(self.forward()).mean())

    def gradient(self) -> float:
        found = self._gradient(self.weights, self.x, self.target)
        return float(jnp.linalg.norm((found if self.loss is Loss.GIVEN else self.first(found)).ravel()))


class JaxStream:
    """step(weights, x_t, state) -> (output, state), x_t: [1, N]."""

    def __init__(self, problem: Problem, weights: Any, step: Callable[..., Any], state: Any) -> None:
        self.inputs = [jnp.asarray(x_t) for x_t in problem.x]
        self.weights, self.state = weights, state
        self.step = jax.jit(step).lower(weights, self.inputs[0], state).compile()

    def forward(self) -> None:
        for x_t in self.inputs:
            output, self.state = self.step(self.weights, x_t, self.state)
            jax.block_until_ready(output)

    def rate(self) -> float:
        total = 0.0
        for x_t in self.inputs:
            output, self.state = self.step(self.weights, x_t, self.state)
            total += float(jnp.abs(output).mean())
        return total / len(self.inputs)
