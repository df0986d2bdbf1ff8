import hashlib
from collections import Counter
from importlib.resources import files

import numpy as np
import pytest

from ranvier.data import bundled
from ranvier.data.bundled import digits, spoken_digits
from ranvier.data.samples import Samples
from ranvier.errors import BadFileError


@pytest.fixture(scope="module")
def spoken() -> Samples:
    return spoken_digits()


def test_spoken_digits_are_the_recordings_of_five_speakers(spoken: Samples):
    assert len(spoken) == 2500 and spoken.classes == tuple("0123456789") and spoken.rate == 8000
    assert Counter(spoken.y.tolist()) == dict.fromkeys(range(10), 250)
    assert spoken.groups is not None and spoken.group_kind == "speaker"
    assert Counter(spoken.groups) == dict.fromkeys(("george", "jackson", "lucas", "nicolas", "yweweler"), 500)
    assert spoken.names[0] == "0_george_0.flac" and len(set(spoken.names)) == 2500


def test_spoken_digits_are_unchanged_to_the_last_bit(spoken: Samples):
    digest = hashlib.sha256()
    for wave in spoken.x:
        assert wave.dtype == np.float32
        digest.update((wave * 32768).astype("<i2").tobytes())
    assert sum(map(len, spoken.x)) == 8942975
    assert digest.hexdigest() == "e6f61eaa2b32b841faa6a970c45f757bd4e957b6ee2f7ef1ec201adb53d11a05"


def test_official_test_is_index_0_to_4_of_each_digit_and_speaker(spoken: Samples):
    assert spoken.official_test is not None and spoken.groups is not None
    test = np.flatnonzero(spoken.official_test)
    assert len(test) == 250
    assert Counter((int(spoken.y[k]), spoken.groups[k]) for k in test) == {
        (digit, speaker): 5 for digit in range(10) for speaker in set(spoken.groups)
    }
    assert {spoken.names[k].split("_")[2] for k in test} == {f"{i}.flac" for i in range(5)}


def test_licence_lies_beside_the_recordings():
    text = (files("ranvier.data") / "spoken_digits" / "LICENSE-DATA.md").read_text()
    for words in (
        "CC BY-SA 4.0",
        "Zohar Jackson",
        "Jakobovski/free-spoken-digit-dataset",
        "without loss",
        "not the code",
    ):
        assert words in text


def test_a_broken_installation_says_what_to_type(monkeypatch, tmp_path):
    monkeypatch.setattr(bundled, "files", lambda package: tmp_path)
    with pytest.raises(BadFileError, match="spoken-digits: .* is missing or damaged .*pip install --force-reinstall"):
        spoken_digits()


def test_digits_of_scikit_learn():
    samples = digits()
    assert samples.x.shape == (1797, 1, 8, 8) and samples.x.dtype == np.float32
    assert samples.x.min() == 0 and samples.x.max() == 1
    assert samples.classes == tuple("0123456789") and np.bincount(samples.y).min() == 174
