import gzip
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ranvier.data.open import open_samples
from ranvier.errors import BadFileError, RanvierError


def test_names():
    assert open_samples("spoken-digits").name == "spoken-digits"
    assert len(open_samples("digits")) == 1797


def test_folder_with_options(sounds):
    folder = sounds([f"{c}/{k}.wav" for c in "ab" for k in range(2)])
    progress = []
    samples = open_samples(str(folder), rate=4000, progress=lambda *done: progress.append(done))
    assert samples.rate == 4000 and progress[-1] == (4, 4)
    (folder / "a" / "bad.wav").touch()
    with pytest.raises(BadFileError, match="bad.wav"):
        open_samples(str(folder), strict=True)


def test_idx_and_npz(tmp_path: Path):
    x, y = np.zeros((4, 3, 2), np.uint8), np.array([0, 0, 1, 1], np.uint8)
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(
        gzip.compress(b"\0\0\x08\x03" + np.array(x.shape, ">u4").tobytes() + x.tobytes())
    )
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(b"\0\0\x08\x01\0\0\0\x04" + y.tobytes())
    np.savez(tmp_path / "a.npz", x=x, y=y)
    for source in (tmp_path, tmp_path / "train-images-idx3-ubyte.gz", tmp_path / "a.npz"):
        assert open_samples(str(source)).x.shape == (4, 1, 3, 2)
        assert open_samples("digits", data=str(source)).x.shape == (4, 1, 3, 2)


def test_unknown_names_list_what_is_known(tmp_path: Path):
    with pytest.raises(RanvierError, match="Did you mean spoken-digits.*Known: spoken-digits, digits"):
        open_samples("spoken_digits")
    with pytest.raises(RanvierError, match="no such file or folder, and no known data set. Known: spoken-digits"):
        open_samples(str(tmp_path / "qqq"))
    (tmp_path / "a.csv").touch()
    with pytest.raises(RanvierError, match=r"a\.csv: a single file, expected a folder with one sub-folder a class"):
        open_samples(str(tmp_path / "a.csv"))
    with pytest.raises(RanvierError, match="only digits takes other data, got spoken-digits"):
        open_samples("spoken-digits", data=str(tmp_path))


def test_the_room_itself_is_light():
    heavy = "soundfile", "sklearn", "PIL", "scipy", "torch"
    code = f"import sys, ranvier.data; sys.exit(' '.join(m for m in {heavy} if m in sys.modules) or 0)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
