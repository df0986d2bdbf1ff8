from pathlib import Path

import numpy as np
import pytest
import soundfile

from ranvier.data.folder import read_folder
from ranvier.errors import BadFileError, RanvierError

NAMES = [f"{word}/{k}.{ending}" for word in ("no", "yes") for k, ending in enumerate(("wav", "flac", "ogg"))]


def test_sounds(sounds):
    progress = []
    samples = read_folder(sounds(NAMES), progress=lambda done, total: progress.append((done, total)))
    assert samples.kind == "sound" and samples.rate == 8000 and samples.classes == ("no", "yes")
    assert samples.names == tuple(NAMES) and samples.y.tolist() == [0, 0, 0, 1, 1, 1]
    assert all(wave.dtype == np.float32 and wave.shape == (400,) for wave in samples.x)
    assert samples.groups is None and samples.skipped == () and samples.notes == ()
    assert progress == [(k, 6) for k in range(1, 7)]
    text = samples.summary()
    for line in (
        "6 recordings, 2 classes",
        "classes: no (3), yes (3)",
        "length: 0.05 / 0.05 / 0.05 s (min / median / max), used at 8000 Hz, mono",
        "rate in the files: 8000 Hz (6)",
        "channels in the files: mono (6)",
        "speakers: the file names do not tell",
    ):
        assert line in text


def test_rates_and_channels_are_brought_together_and_told(sounds):
    sounds([f"a/{k}.wav" for k in range(3)], rate=22050, channels=2)
    folder = sounds([f"b/{k}.wav" for k in range(2)], rate=8000)
    samples = read_folder(folder)
    assert samples.rate == 16000 and all(len(wave) == 800 for wave in samples.x)
    assert samples.found["rate"] == {"8000 Hz": 2, "22050 Hz": 3}
    assert samples.found["channels"] == {"mono": 2, "stereo": 3}
    assert "note: 5 of 5 recordings were resampled to 16000 Hz" in samples.summary()
    assert "note: recordings of several channels were averaged to one" in samples.summary()
    assert read_folder(folder, rate=4000).rate == 4000


def test_speakers_are_recognised(sounds):
    folder = sounds([f"{w}/{who}_{k}.wav" for w in ("no", "yes") for who in ("ann", "bob") for k in range(2)])
    samples = read_folder(folder)
    assert samples.group_kind == "speaker" and samples.groups == ("ann", "ann", "bob", "bob") * 2
    assert "speakers: 2: ann (4), bob (4)" in samples.summary()
    assert "note: speakers recognised: field 1 of the file names" in samples.summary()


def test_pictures(pictures):
    samples = read_folder(pictures([f"{c}/{k}.{e}" for c in ("2", "10") for k, e in enumerate(("png", "jpg", "jpeg"))]))
    assert samples.kind == "image" and samples.rate is None
    assert samples.classes == ("2", "10")
    assert samples.x.shape == (6, 1, 10, 12) and samples.x.dtype == np.float32
    assert samples.x.min() >= 0 and samples.x.max() <= 1
    assert "size: 12 x 10 pixels, grey" in samples.summary()


def test_pictures_of_different_sizes_and_colours(pictures):
    pictures(["a/0.png", "a/1.png", "a/2.png"], size=(12, 10))
    pictures(["b/0.png"], size=(30, 20), mode="RGB")
    folder = pictures(["b/1.png"], size=(7, 9))
    samples = read_folder(folder)
    assert samples.x.shape == (5, 3, 10, 12)
    assert samples.found == {"size": {"12 x 10": 3, "30 x 20": 1, "7 x 9": 1}, "colour": {"grey": 4, "RGB": 1}}
    assert "2 of 5 pictures were resized to 12 x 10 pixels" in samples.notes
    assert read_folder(folder, size=(4, 6)).x.shape == (5, 3, 4, 6)


def test_large_pictures_are_shrunk(pictures):
    samples = read_folder(pictures(["a/0.png", "a/1.png", "b/0.png", "b/1.png"], size=(300, 150)))
    assert samples.x.shape == (4, 1, 64, 128)
    assert "4 of 4 pictures were resized to 128 x 64 pixels" in samples.notes


def test_a_bad_file_is_skipped_by_name_and_strict_refuses(sounds):
    folder = sounds(NAMES)
    (folder / "yes" / "bad.wav").write_text("not a sound")
    (folder / "no" / "quiet.wav").touch()
    samples = read_folder(folder)
    assert len(samples) == 6
    assert [name for name, _ in samples.skipped] == ["no/quiet.wav", "yes/bad.wav"]
    assert samples.skipped[1][1].startswith("a text file, not a sound")
    assert "skipped: 2\n  no/quiet.wav: the file is empty" in samples.summary()
    with pytest.raises(BadFileError, match=r"quiet\.wav: the file is empty .* With --strict nothing is skipped"):
        read_folder(folder, strict=True)


def test_other_files_hidden_files_and_underscore_folders(sounds):
    folder = sounds([*NAMES, "_background_noise_/hum.wav", ".cache/x.wav", "loose.wav"])
    (folder / "yes" / "README.md").write_text("hello")
    (folder / "yes" / ".DS_Store").write_text("hello")
    samples = read_folder(folder)
    assert samples.classes == ("no", "yes") and len(samples) == 6
    assert "ignored 1 .md" in samples.notes
    assert "folder _background_noise_ begins with _ and is not taken for a class" in samples.notes
    assert samples.skipped == (("loose.wav", "lies outside of the class folders"),)
    with pytest.raises(BadFileError, match="loose.wav: lies outside of the class folders. With --strict"):
        read_folder(folder, strict=True)


def test_missing_empty_and_file(tmp_path: Path):
    with pytest.raises(RanvierError, match="nowhere: does not exist, expected a folder with one sub-folder a class"):
        read_folder(tmp_path / "nowhere")
    with pytest.raises(RanvierError, match="is empty, expected a folder|is empty, expected one sub-folder a class"):
        read_folder(tmp_path)
    (tmp_path / "a.txt").touch()
    with pytest.raises(RanvierError, match=r"a\.txt: is a file, expected a folder"):
        read_folder(tmp_path / "a.txt")
    with pytest.raises(RanvierError, match=r"holds no class folder \(only a\.txt"):
        read_folder(tmp_path)


def test_files_without_class_folders(sounds):
    with pytest.raises(RanvierError, match=r"2 files directly in it \(such as a\.wav\).*Make one sub-folder a class"):
        read_folder(sounds(["a.wav", "b.wav"]))


def test_one_class(sounds):
    with pytest.raises(RanvierError, match=r"one class only \('yes'\), expected two or more"):
        read_folder(sounds(["yes/0.wav", "yes/1.wav"]))


def test_a_class_with_one_file_and_with_one_readable_file(sounds):
    folder = sounds([*NAMES, "maybe/0.wav"])
    with pytest.raises(RanvierError, match=r"too few samples in 'maybe' \(1\); every class needs at least two"):
        read_folder(folder)
    (folder / "maybe" / "1.wav").touch()
    with pytest.raises(RanvierError, match=r"'maybe' \(1\).*1 files could not be used, for example maybe/1\.wav"):
        read_folder(folder)


def test_an_empty_class_folder(sounds):
    folder = sounds(NAMES)
    (folder / "void").mkdir()
    with pytest.raises(RanvierError, match=r"too few samples in 'void' \(0\)"):
        read_folder(folder)


def test_nothing_readable(sounds, tmp_path: Path):
    folder = sounds([])
    for name in ("a/0.wav", "a/1.wav", "b/0.wav", "b/1.wav"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    with pytest.raises(RanvierError, match=r"none of 4 files can be read, for example b/1\.wav: the file is empty"):
        read_folder(folder)


def test_unknown_formats_say_what_is_read(tmp_path: Path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.mp3").touch()
    with pytest.raises(RanvierError, match=r"no readable file in 2 sub-folders, they hold 2 \.mp3.*ffmpeg"):
        read_folder(tmp_path)


def test_sounds_mixed_with_pictures(sounds, pictures):
    sounds(NAMES)
    with pytest.raises(RanvierError, match="6 sounds and 1 pictures, expected one kind"):
        read_folder(pictures(["yes/a.png"]))


def test_one_level_too_high(sounds):
    folder = sounds([f"train/{name}" for name in NAMES])
    with pytest.raises(RanvierError, match=r"its sub-folders hold folders \(train/.*perhaps .*train\."):
        read_folder(folder)


def test_nan_file_among_good_ones(sounds):
    folder = sounds(NAMES)
    soundfile.write(folder / "no" / "nan.wav", np.full(100, np.nan, np.float32), 8000, subtype="FLOAT")
    assert read_folder(folder).skipped[0][0] == "no/nan.wav"
