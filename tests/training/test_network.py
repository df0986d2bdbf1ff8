from itertools import pairwise

import pytest
import torch

from ranvier import neurons
from ranvier.layers import AvgPool2d, Linear
from ranvier.neurons import Neuron
from ranvier.training.network import build, population
from ranvier.training.recipe import NEURONS, image_recipe, sound_recipe

SOUND = sound_recipe(("a", "b", "c"), 8000, 40).changed(hidden=(8,), steps=10)
IMAGE = image_recipe(("a", "b", "c"), (1, 8, 8)).changed(hidden=(8,), steps=3)


@pytest.mark.parametrize("recipe", [SOUND, IMAGE], ids=["sound", "image"])
def test_the_seed_decides_every_weight(recipe):
    first, torch_state = build(recipe).state_dict(), torch.manual_seed(5)
    second, other = build(recipe).state_dict(), build(recipe.changed(seed=1)).state_dict()
    assert torch_state is not None and first.keys() == second.keys() == other.keys()
    assert all(torch.equal(first[k], second[k]) for k in first)
    assert any(not torch.equal(first[k], other[k]) for k in first)


@pytest.mark.parametrize(
    ("recipe", "shape"),
    [
        (SOUND, (10, 2, 40)),
        (sound_recipe(("a", "b"), 8000, 12).changed(hidden=(5, 4), steps=5), (5, 2, 12)),
        (IMAGE, (3, 2, 1, 8, 8)),
        (image_recipe(("a", "b"), (3, 5, 7)).changed(hidden=(6, 5), steps=2), (2, 2, 3, 5, 7)),
        (image_recipe(("a", "b"), (1, 28, 20)).changed(hidden=(6,), steps=1), (1, 1, 1, 28, 20)),
    ],
)
def test_networks_take_the_shape_of_their_samples(recipe, shape):
    with torch.no_grad():
        output = build(recipe).eval()(torch.randn(shape))
    assert output.shape == (*shape[:2], len(recipe.classes)) and bool(torch.isfinite(output).all())


def test_hidden_sizes_are_the_ones_asked_for():
    dense = [layer for layer in build(IMAGE.changed(hidden=(6, 5, 4))).layers if isinstance(layer, Linear)]
    assert [layer.weight.shape[0] for layer in dense] == [6, 5, 4, 3]
    assert all(a.weight.shape[0] == b.weight.shape[1] for a, b in pairwise(dense))


def test_small_pictures_are_not_pooled():
    def pools(side: int) -> int:
        recipe = image_recipe(("a", "b"), (1, side, side)).changed(hidden=(4,), steps=1)
        return sum(isinstance(layer, AvgPool2d) for layer in build(recipe).layers)

    assert pools(5) == 0 and pools(28) == 2


@pytest.mark.parametrize("name", NEURONS)
def test_every_model_on_offer_makes_a_hidden_population(name):
    model = getattr(neurons, name)
    neuron = population(IMAGE.changed(neuron=name), (6,), (20e-3, 40e-3), torch.Generator().manual_seed(0))
    assert isinstance(neuron, model) and neuron.fires and neuron.dt == IMAGE.dt
    learned = {k: v.detach() for k, v in neuron.parameter_values().items() if k.startswith("tau")}
    for value in learned.values():
        assert value.shape == (6,) and float(value.min()) >= IMAGE.dt and len(set(value.tolist())) == 6
    built = build(IMAGE.changed(neuron=name))
    assert [type(layer) for layer in built.layers if isinstance(layer, Neuron)][:-1] == [model] * 3
    with torch.no_grad():
        assert built(torch.rand(3, 2, 1, 8, 8)).shape == (3, 2, 3)
