import pytest
import torch

from ranvier.training import scoring
from ranvier.training.recipe import image_recipe, sound_recipe

SOUND, IMAGE = sound_recipe(("a", "b"), 8000, 40), image_recipe(("a", "b"), (1, 8, 8))
OUTPUT = torch.tensor([[[3.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [0.0, 1.0]]])  # [T, B, C]


def test_sounds_are_judged_by_the_last_step_and_pictures_by_the_mean():
    assert scoring.decision(SOUND, OUTPUT).tolist() == [1, 1]
    assert scoring.decision(IMAGE, OUTPUT).tolist() == [0, 1]


def test_a_readout_that_prefers_nothing_decides_nothing():
    assert scoring.decision(SOUND, torch.zeros(2, 1, 2)).tolist() == [-1]


@pytest.mark.parametrize("recipe", [SOUND, IMAGE])
def test_probabilities_and_their_course_agree_at_the_end(recipe):
    chance, course = scoring.probability(recipe, OUTPUT), scoring.over_time(recipe, OUTPUT)
    torch.testing.assert_close(chance.sum(1), torch.ones(2))
    torch.testing.assert_close(course[-1], chance)
    assert course.shape == OUTPUT.shape


@pytest.mark.parametrize("recipe", [SOUND, IMAGE])
def test_the_loss_is_smaller_for_the_right_labels(recipe):
    right = scoring.decision(recipe, OUTPUT)
    assert float(scoring.loss(recipe, OUTPUT, right)) < float(scoring.loss(recipe, OUTPUT, 1 - right))
