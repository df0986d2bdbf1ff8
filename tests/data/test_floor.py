import numpy as np
import pytest
import torch

from ranvier.data import floor
from ranvier.data.bundled import spoken_digits
from ranvier.data.floor import linear_floor
from ranvier.data.splits import split
from ranvier.encoders.audio import log_mel


def test_separable_and_hopeless():
    random = np.random.default_rng(0)
    y = np.arange(200) % 2
    x = random.standard_normal((200, 3, 2)).astype(np.float32)
    easy = x + 6 * y[:, None, None]
    easy[:, 0, 0] = 5.0  # a feature that never changes
    assert linear_floor(easy[:100], y[:100], easy[100:], y[100:]) == 1.0
    assert 0.3 < linear_floor(x[:100], y[:100], x[100:], y[100:]) < 0.7


def test_a_large_set_chooses_the_penalty_on_a_part(monkeypatch):
    monkeypatch.setattr(floor, "TUNED_ON", 50)
    y = np.arange(2000) % 2
    x = np.random.default_rng(0).standard_normal((2000, 4)) + y[:, None]
    assert linear_floor(x[:1000], y[:1000], x[1000:], y[1000:]) > 0.8


def test_spoken_digits_by_segment_means():
    samples = spoken_digits()
    features = []
    for wave in samples.x:
        picture = log_mel(torch.from_numpy(wave), 8000)  # [T, 40]
        features.append(torch.nn.functional.adaptive_avg_pool1d(picture.T, 5).numpy())
    features = np.stack(features)
    parts = split(samples)
    official = linear_floor(features[parts.train], samples.y[parts.train], features[parts.test], samples.y[parts.test])
    assert 0.85 < official < 1


def test_refusal():
    with pytest.raises(ValueError, match=r"got \(2, 3\) to train and \(2, 4\) to test"):
        linear_floor(np.zeros((2, 3)), np.arange(2), np.zeros((2, 4)), np.arange(2))
