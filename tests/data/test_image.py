from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ranvier.data.image import read_image
from ranvier.errors import BadFileError

GREY = np.arange(120, dtype=np.uint8).reshape(10, 12) * 2


def saved(tmp_path: Path, pixels: np.ndarray, name: str = "a.png") -> Path:
    Image.fromarray(pixels).save(tmp_path / name)
    return tmp_path / name


def test_grey_png_is_exact_and_may_become_rgb(tmp_path: Path):
    picture = read_image(saved(tmp_path, GREY))
    assert picture.size == (10, 12) and picture.pixels.mode == "L"
    x = picture.array((10, 12), 1)
    assert x.dtype == np.float32 and x.shape == (1, 10, 12)
    np.testing.assert_array_equal(x[0], GREY.astype(np.float32) / 255)
    np.testing.assert_array_equal(picture.array((10, 12), 3), np.repeat(x, 3, 0))


def test_rgb_is_channels_first_and_alpha_and_palette_are_colours(tmp_path: Path):
    rgb = np.stack([GREY, GREY // 2, 255 - GREY], -1)
    x = read_image(saved(tmp_path, rgb)).array((10, 12), 3)
    np.testing.assert_array_equal(x, rgb.transpose(2, 0, 1).astype(np.float32) / 255)
    alpha = np.concatenate([rgb, np.full((10, 12, 1), 200, np.uint8)], -1)
    np.testing.assert_array_equal(read_image(saved(tmp_path, alpha)).array((10, 12), 3), x)
    Image.fromarray(rgb).quantize(8).save(tmp_path / "p.png")
    assert read_image(tmp_path / "p.png").pixels.mode == "RGB"


def test_sixteen_bits_are_scaled_not_clipped(tmp_path: Path):
    deep = np.linspace(0, 65535, 120).astype(np.uint16).reshape(10, 12)
    x = read_image(saved(tmp_path, deep)).array((10, 12), 1)
    np.testing.assert_allclose(x[0], deep / 65535, atol=1 / 255)


def test_jpeg_resized_and_shrunk(tmp_path: Path):
    picture = read_image(saved(tmp_path, np.full((40, 60), 100, np.uint8), "a.JPG"), largest=30)
    assert picture.size == (40, 60) and picture.pixels.size == (30, 20)
    x = picture.array((8, 8), 1)
    assert x.shape == (1, 8, 8)
    np.testing.assert_allclose(x, 100 / 255, atol=0.01)


@pytest.mark.parametrize(
    ("keep", "text"),
    [(0, r"the file is empty \(0 bytes\)"), (60, "cannot be read as a PNG or JPEG"), (-60, "cannot be read as a PNG")],
)
def test_empty_and_truncated(tmp_path: Path, keep, text):
    noise = np.random.default_rng(0).integers(0, 256, (40, 40), np.uint8)
    path = saved(tmp_path, noise)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(BadFileError, match=rf"a\.png: {text}"):
        read_image(path)


def test_text_and_missing(tmp_path: Path):
    (tmp_path / "t.png").write_text("not a picture")
    with pytest.raises(BadFileError, match=r"t\.png: cannot be read as a PNG or JPEG picture \(cannot identify"):
        read_image(tmp_path / "t.png")
    with pytest.raises(
        BadFileError, match=r"none\.png: No such file or directory; expected a PNG or JPEG picture. Check the path"
    ):
        read_image(tmp_path / "none.png")
