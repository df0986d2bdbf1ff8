import json
import re
from dataclasses import replace

import pytest

from ranvier.errors import RanvierError
from ranvier.training.recipe import NEURONS, Frames, Recipe, image_recipe, sound_recipe

SOUND = sound_recipe(("no", "yes"), 8000, 40)
IMAGE = image_recipe(("no", "yes"), (1, 8, 8))


@pytest.mark.parametrize("recipe", [SOUND, IMAGE.changed(hidden=(5, 6), seed=7)])
def test_a_recipe_survives_json(recipe: Recipe):
    assert Recipe.from_dict(json.loads(json.dumps(recipe.as_dict()))) == recipe


def test_unknown_and_missing_fields_are_refused():
    with pytest.raises(TypeError, match="unexpected keyword argument 'colour'"):
        Recipe.from_dict(IMAGE.as_dict() | {"colour": 1})
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'dt'"):
        Recipe.from_dict({k: v for k, v in IMAGE.as_dict().items() if k != "dt"})


@pytest.mark.parametrize("recipe", [SOUND.changed(seed=3), IMAGE])
def test_how_samples_are_taken_is_a_part_that_stands_alone(recipe: Recipe):
    plain = json.loads(json.dumps(recipe.samples))
    assert set(plain) == {"kind", "shape", "classes", "rate", "frames", "seed"}
    assert Recipe.of_samples(plain) == recipe
    with pytest.raises(KeyError, match="expected the fields kind, shape"):
        Recipe.of_samples({k: v for k, v in plain.items() if k != "seed"})


def test_frames_are_kept_and_those_of_older_runs_are_known():
    slow = replace(SOUND, frames=Frames(hop=0.03))
    assert Recipe.from_dict(json.loads(json.dumps(slow.as_dict()))) == slow
    assert Recipe.from_dict({k: v for k, v in SOUND.as_dict().items() if k != "frames"}) == SOUND
    assert IMAGE.frames is None
    with pytest.raises(TypeError, match="unexpected keyword argument 'stride'"):
        Recipe.from_dict(SOUND.as_dict() | {"frames": {"stride": 1}})


def test_changed_leaves_what_is_none():
    assert IMAGE.changed(epochs=None, hidden=None) == IMAGE
    changed = IMAGE.changed(epochs=3, hidden=(4,), neuron=None)
    assert (changed.epochs, changed.hidden, changed.neuron) == (3, (4,), IMAGE.neuron)
    assert IMAGE.epochs != 3


def test_kinds_and_shapes():
    assert (SOUND.kind, SOUND.shape, SOUND.rate) == ("sound", (40,), 8000)
    assert (IMAGE.kind, IMAGE.shape, IMAGE.rate) == ("image", (1, 8, 8), None)
    assert SOUND.neuron in NEURONS and IMAGE.neuron in NEURONS


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"neuron": "lif"}, "--neuron lif: no such model. Choose one of LIF, IF, CubaLIF, AdaptiveLIF, ALIF."),
        ({"steps": 4}, "--steps 4: must be at least 5."),
        ({"epochs": 0}, "--epochs 0: must be at least 1."),
        ({"batch": 0}, "--batch 0: must be at least 1."),
        ({"seed": -1}, "--seed -1: must be at least 0."),
        ({"hidden": (8, 0)}, "--hidden 8,0: give sizes of at least 1, such as --hidden 256 or --hidden 256,128."),
        ({"hidden": ()}, "--hidden : give sizes of at least 1"),
    ],
)
def test_wrong_options_are_named_with_what_to_type(options, text):
    with pytest.raises(RanvierError, match=re.escape(text)):
        SOUND.changed(**options)


def test_pictures_may_take_a_single_step():
    assert IMAGE.changed(steps=1).steps == 1
    with pytest.raises(RanvierError, match=r"--steps 0: must be at least 1\."):
        IMAGE.changed(steps=0)
