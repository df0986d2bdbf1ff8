"""Makes the bundled spoken digits: reads `fsdd_*.zip` (16-bit WAV), writes `spoken_digits.zip` (FLAC, lossless).

    python benchmarks/make_spoken_digits.py FOLDER_OF_ZIPS [TARGET.zip]

Each FLAC is decoded again and compared with its WAV, sample for sample, before it is kept.
"""

import io
import sys
import zipfile
from pathlib import Path

import numpy as np
import soundfile

TARGET = Path(__file__).parents[1] / "src/ranvier/data/spoken_digits/spoken_digits.zip"
EPOCH = (1980, 1, 1, 0, 0, 0)  # a fixed date, so that the same recordings give the same bytes


def to_flac(wav: bytes) -> bytes:
    """One recording, re-encoded without loss."""
    samples, rate = soundfile.read(io.BytesIO(wav), dtype="int16")
    target = io.BytesIO()
    soundfile.write(target, samples, rate, format="FLAC", subtype="PCM_16", compression_level=1.0)
    back, back_rate = soundfile.read(io.BytesIO(target.getvalue()), dtype="int16")
    if back_rate != rate or not np.array_equal(back, samples):
        raise ValueError("the FLAC does not decode to the samples of the WAV")
    return target.getvalue()


def main(folder: Path, target: Path) -> None:
    recordings = {}
    for source in sorted(folder.glob("fsdd_*.zip")):
        with zipfile.ZipFile(source) as archive:
            for name in archive.namelist():
                recordings[Path(name).stem] = to_flac(archive.read(name))
    if not recordings:
        raise SystemExit(f"{folder}: no fsdd_*.zip here; give the folder that holds them.")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for stem in sorted(recordings):
            archive.writestr(zipfile.ZipInfo(f"{stem}.flac", EPOCH), recordings[stem])
    print(f"{len(recordings)} recordings, {target.stat().st_size / 1e6:.1f} MB: {target}")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) == 3 else TARGET)
