from dataclasses import replace

import numpy as np
import pytest
import torch

from ranvier.training.inputs import (
    Batches,
    ImageInputs,
    SoundInputs,
    epoch_seed,
    frame_time,
    log_mel_picture,
    log_mel_stream,
    moved,
    prepare,
)

ALL = torch.arange(8)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_the_kind_of_the_samples_decides(sound_case, image_case):
    assert isinstance(sound_case.inputs, SoundInputs) and isinstance(image_case.inputs, ImageInputs)
    assert sound_case.inputs.y.tolist() == [0, 1] * 4


def test_sounds_become_time_first_pictures_normalised_over_the_clip(sound_case):
    x = sound_case.inputs.batch(ALL, None)  # [T, B, bands]
    assert x.shape == (sound_case.recipe.steps, 8, 40) and x.is_contiguous() and bool(torch.isfinite(x).all())
    torch.testing.assert_close(x.mean((0, 2)), torch.zeros(8), atol=1e-4, rtol=0)
    torch.testing.assert_close(x.std((0, 2)), torch.ones(8), atol=1e-2, rtol=0)
    assert torch.equal(x, sound_case.inputs.batch(ALL, None))


def test_loudness_does_not_matter(sound_case):
    quiet = replace(sound_case.samples, x=[0.05 * wave for wave in sound_case.samples.x])
    x = prepare(quiet, sound_case.recipe).batch(ALL, None)
    torch.testing.assert_close(x, sound_case.inputs.batch(ALL, None), atol=1e-2, rtol=0)


def test_silence_around_a_sound_is_cut(sound_case):
    def padded(before: int, after: int):
        waves = [np.pad(wave, (before, after)) for wave in sound_case.samples.x]
        return prepare(replace(sound_case.samples, x=waves), sound_case.recipe)

    inputs = padded(2400, 4000)
    for k, wave in enumerate(sound_case.samples.x):
        frames = len(wave) / 80  # of 10 ms
        assert abs(len(inputs.picture(k)) - frames) <= 4
    x, y = (i.batch(ALL, None).transpose(0, 1).flatten(1) for i in (inputs, padded(800, 1600)))
    assert float(torch.cosine_similarity(x, y).min()) > 0.99


@pytest.mark.parametrize("which", ["sound_case", "image_case"])
def test_augmentation_is_decided_by_the_generator_alone(which, request):
    inputs = request.getfixturevalue(which).inputs
    first = inputs.batch(ALL, seeded())
    torch.manual_seed(99)
    assert torch.equal(first, inputs.batch(ALL, seeded()))
    assert not torch.equal(first, inputs.batch(ALL, seeded(1)))
    plain = inputs.batch(ALL, None)
    assert first.shape == plain.shape and not torch.equal(first, plain) and bool(torch.isfinite(first).all())


def test_features_of_the_floor_are_of_one_size(sound_case, image_case):
    sounds, pictures = sound_case.inputs.flat(), image_case.inputs.flat()
    assert sounds.shape == (8, 5 * 40) and np.isfinite(sounds).all()
    assert np.array_equal(pictures, image_case.samples.x.reshape(40, -1))


def test_what_a_person_sees(sound_case, image_case):
    pictures = [sound_case.inputs.picture(k) for k in range(8)]  # [frames, bands]
    assert {p.shape[1] for p in pictures} == {40} and len({len(p) for p in pictures}) > 1
    low, high = (np.mean([p.mean(0) for p in pictures[k::2]], 0).argmax() for k in (0, 1))
    assert low < high
    assert np.array_equal(image_case.inputs.picture(3), image_case.samples.x[3, 0])


def test_pictures_are_a_constant_current_that_keeps_their_order(image_case):
    x = image_case.inputs.batch(ALL, None)  # [T, B, C, H, W]
    assert x.shape == (3, 8, 1, 8, 8) and torch.equal(x[0], x[2])
    pixels = torch.from_numpy(image_case.samples.x[:8])
    assert torch.equal(x[0].flatten().argsort(stable=True), pixels.flatten().argsort(stable=True))


def test_moved_pictures_stay_pictures():
    x = torch.rand((5, 3, 9, 7))
    y = moved(x, seeded())
    assert y.shape == x.shape and 0 <= float(y.min()) and float(y.max()) <= 1
    assert torch.equal(y, moved(x, seeded()))
    flat = moved(torch.ones(4, 1, 9, 9), seeded())[:, :, 3:6, 3:6]
    torch.testing.assert_close(flat, torch.ones_like(flat))


def test_batches_hold_every_sample_once(image_case):
    labels = replace(image_case.inputs, y=torch.arange(40))
    batches = Batches(labels, image_case.parts.train, image_case.recipe)
    parts = [y for _, y in batches]
    assert len(parts) == len(batches) == 32 // 8
    assert sorted(torch.cat(parts).tolist()) == sorted(image_case.parts.train.tolist())


def test_batches_depend_on_seed_and_epoch_alone(image_case):
    def epoch(number: int, seed: int = 0) -> torch.Tensor:
        batches = Batches(image_case.inputs, image_case.parts.train, image_case.recipe.changed(seed=seed))
        batches.epoch = number
        return torch.cat([x for x, _ in batches], 1)

    assert torch.equal(epoch(3), epoch(3))
    assert not torch.equal(epoch(3), epoch(4))
    assert not torch.equal(epoch(3), epoch(3, seed=1))
    assert len({epoch_seed(s, e) for s in range(10) for e in range(10)}) == 100


def test_fewer_samples_than_a_batch_are_one_batch(image_case):
    batches = Batches(image_case.inputs, image_case.parts.train[:3], image_case.recipe)
    assert len(batches) == 1 and [len(y) for _, y in batches] == [3]


def test_frames_of_sound_in_pieces_are_those_of_the_whole(sound_case):
    for k, wave in enumerate(map(torch.from_numpy, sound_case.samples.x)):
        whole, stream = log_mel_picture(wave, sound_case.recipe), log_mel_stream(sound_case.recipe)
        parts = [stream.push(part) for part in wave.split(61 + 100 * k)]
        torch.testing.assert_close(torch.cat([*parts, stream.finish()]), whole)
        assert len(whole) == 1 + (len(wave) - 1) // 80 and frame_time(sound_case.recipe) == 0.01


def test_pictures_made_before_give_the_same_inputs(sound_case):
    pictures = [log_mel_picture(torch.from_numpy(wave), sound_case.recipe) for wave in sound_case.samples.x]
    inputs = SoundInputs.of_pictures(pictures, sound_case.inputs.y, sound_case.recipe)
    assert torch.equal(inputs.batch(ALL, None), sound_case.inputs.batch(ALL, None))
