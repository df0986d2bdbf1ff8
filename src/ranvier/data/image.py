"""One picture file in: PNG or JPEG; float32 [C, H, W] in [0, 1] out, or the reason why not."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from ranvier.errors import BadFileError

SUFFIXES = frozenset({".png", ".jpg", ".jpeg"})
GREY_MODES = frozenset({"1", "L", "LA"})


@dataclass(frozen=True)
class Picture:
    """A decoded picture: pixels in mode "L" (grey) or "RGB", and the size (height, width) that the file had."""

    pixels: Image.Image
    size: tuple[int, int]

    def array(self, size: tuple[int, int], channels: int) -> np.ndarray:
        """[C, H, W], float32 in [0, 1], resized to `size` (height, width), with 1 or 3 channels."""
        height, width = size
        pixels = self.pixels.convert("RGB" if channels == 3 else "L")
        if pixels.size != (width, height):
            pixels = pixels.resize((width, height), Image.Resampling.BILINEAR)
        values = np.asarray(pixels, np.float32) / 255
        return values[None] if values.ndim == 2 else np.ascontiguousarray(values.transpose(2, 0, 1))


def read_image(path: str | Path, largest: int | None = None) -> Picture:
    """Decodes one picture completely and upright, then shrinks it to at most `largest` pixels a side.

    Raises:
        BadFileError: the file is missing, empty, truncated or not a picture.
    """
    try:
        size_on_disk = Path(path).stat().st_size
    except OSError as error:
        raise BadFileError(
            f"{path}: {error.strerror or error}; expected a PNG or JPEG picture. Check the path."
        ) from error
    if size_on_disk == 0:
        raise BadFileError(f"{path}: the file is empty (0 bytes), expected a PNG or JPEG picture. Delete it.")
    try:
        with Image.open(path) as opened:
            opened.load()
            picture = ImageOps.exif_transpose(opened)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        # Pillow raises SyntaxError for broken PNG chunks
        raise BadFileError(
            f"{path}: cannot be read as a PNG or JPEG picture ({error}). Copy it again or delete it."
        ) from error
    if picture.mode.startswith("I"):
        # 16-bit grey: convert("L") would clip it at 255
        picture = Image.fromarray((np.asarray(picture, np.uint32) >> 8).astype(np.uint8))
    picture = picture.convert("L" if picture.mode in GREY_MODES else "RGB")
    size = picture.size[1], picture.size[0]  # Pillow says (width, height)
    if largest is not None:
        picture.thumbnail((largest, largest), Image.Resampling.BILINEAR)
    return Picture(picture, size)
