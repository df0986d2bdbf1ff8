"""`MODELS`: the names behind `--model` that are no network of `training.network`, and how each is made."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ranvier.errors import RanvierError
from ranvier.reservoirs import (
    NVAR,
    Bucket,
    DeepEchoState,
    DeepLiquidState,
    EchoState,
    Equidistant,
    LiquidState,
    LiquidTimeConstant,
    Mean,
    NeuCube,
    Rates,
    Reservoir,
    RidgeClassifier,
)
from ranvier.training.recipe import Recipe
from ranvier.units import Hz, ms, nA

PENALTY = 30.0
ROW = 10 * ms  # time of a row of a picture, which has none of its own
WIDEST = 64  # numbers in a row up to which their products are few enough for a readout


@dataclass(frozen=True)
class Model:
    """A model that is fitted. make: from its sizes and what is asked for besides, not yet fitted.

    sizes: of its populations by default; None: it has a shape that `--hidden` does not change. told: what it is, for `--help`. epochs: times through
    the training samples by default, None where they are gone through once. hop: seconds from frame to frame of a sound, where it is not the usual one.
    penalty: of the readout; None: chosen by leaving training samples out.
    """

    make: Callable[..., Reservoir]
    sizes: tuple[int, ...] | None
    told: str
    epochs: int | None = None
    hop: float | None = None
    penalty: float | None = PENALTY

    @property
    def in_one_pass(self) -> bool:
        """Whether the training samples are gone through once."""
        return self.epochs is None


def _echo(sizes: Sequence[int], **shared: Any) -> Reservoir:
    options: dict[str, Any] = {"leak": 0.3, "input_scaling": 0.1, "bias_scaling": 0.1, **_segments(), **shared}
    return EchoState(sizes[0], **options) if len(sizes) == 1 else DeepEchoState(tuple(sizes), **options)


def _liquid(**shared: Any) -> Reservoir:
    return LiquidState(
        (15, 5, 4), input_inhibitory=0.5, weight_scale=0.3, target_rate=20 * Hz, code=Rates(200 * Hz), step=ROW, dt=0.5 * ms, **_segments(), **shared
    )  # fmt: skip


def _deep_liquid(**shared: Any) -> Reservoir:
    return DeepLiquidState(
        (8, 5, 4), layers=2, input_inhibitory=0.5, weight_scale=0.3, target_rate=20 * Hz, code=Rates(200 * Hz), step=ROW, dt=0.5 * ms,
        **_segments(), **shared,
    )  # fmt: skip


def _bucket(**shared: Any) -> Reservoir:
    return Bucket((24, 24), input_scaling=0.3, **_segments(), **shared)


def _neucube(**shared: Any) -> Reservoir:
    """Features, which have no place of their own, enter along the grid, neighbours near each other; weak synapses, so that STDP does not run away."""
    return NeuCube(
        (8, 8, 8), amplitude=3 * nA, learning_rate=0.001, target_rate=20 * Hz, code=Rates(200 * Hz), step=ROW, **_segments(), **shared
    )  # fmt: skip


def _nvar(**shared: Any) -> Reservoir:
    return NVAR(taps=2, stride=3, pooling=Mean(), **shared)


def _cell(cell: str, learning_rate: float) -> Callable[..., Reservoir]:
    def make(sizes: Sequence[int], epochs: int, **shared: Any) -> Reservoir:
        if len(sizes) > 1:
            raise RanvierError(
                f"--hidden {','.join(map(str, sizes))}: --model {cell.lower()} has one population. Give one size, such as --hidden {sizes[0]}."
            )
        return LiquidTimeConstant(
            sizes[0], cell=cell, epochs=epochs, batch=64, learning_rate=learning_rate, pooling=Equidistant(5), **shared
        )

    return make


def _segments() -> dict[str, Any]:
    return {"pooling": Equidistant(5, segments=True)}


MODELS = {
    "echo": Model(_echo, (500,), "an echo state network of 500 fixed random units of real numbers"),
    "deep-echo": Model(_echo, (200, 200, 200), "three of 200 units, one behind the other"),
    "liquid": Model(_liquid, None, "a liquid state machine, a fixed column of 300 spiking neurons"),
    "deep-liquid": Model(_deep_liquid, None, "two columns of 160, between them winners that learn by STDP"),
    "neucube": Model(_neucube, None, "a cube of 512 spiking neurons that learns from its input by STDP"),
    "nvar": Model(_nvar, None, "products of a row and an earlier one, without a network"),
    "bucket": Model(_bucket, None, "waves on a simulated bucket of water", penalty=None),
    "ltc": Model(_cell("LTC", 0.02), (32,), "a liquid time-constant network", 10, 30 * ms),
    "cfc": Model(_cell("CfC", 0.005), (64,), "its closed form", 10),
}


def reservoir(name: str, recipe: Recipe, sizes: Sequence[int] | None = None, epochs: int | None = None) -> Reservoir:
    """The model of a name, not yet fitted. sizes, epochs: in place of its own. Raises `RanvierError` for what it has not."""
    model = MODELS[name]
    options: dict[str, Any] = {"readout": RidgeClassifier(model.penalty), "random_state": recipe.seed}
    if model.make is _nvar and recipe.shape[-1] > WIDEST:
        raise RanvierError(
            f"--model nvar: a row has {recipe.shape[-1]} numbers, expected at most {WIDEST}: it multiplies each with each. Use smaller pictures, or "
            "--model echo."
        )
    if model.sizes is not None:
        options["sizes"] = sizes or model.sizes
    elif sizes is not None:
        raise RanvierError(f"--hidden: --model {name} has a fixed size. Leave --hidden out, or use --model echo.")
    if not model.in_one_pass:
        options["epochs"] = epochs or model.epochs
    return model.make(**options)


def suited(name: str, recipe: Recipe) -> Recipe:
    """A recipe whose frames are those that a model wants."""
    hop = MODELS[name].hop
    if hop is None or recipe.frames is None:
        return recipe
    return replace(recipe, frames=replace(recipe.frames, hop=hop))
