"""From the path of an event file to its recording, by what it begins with and, where that says nothing, by its ending."""

from pathlib import Path

from ranvier.data.event_files.aedat4 import MAGIC, read_aedat4
from ranvier.data.event_files.byte_source import check_binary, open_source
from ranvier.data.event_files.dat import read_dat
from ranvier.data.event_files.evt2 import read_evt2
from ranvier.data.event_files.evt3 import read_evt3
from ranvier.data.event_files.nmnist import read_nmnist
from ranvier.data.event_files.ntidigits import read_ntidigits
from ranvier.data.event_files.prophesee import read_header
from ranvier.data.event_files.recording import Recording
from ranvier.errors import BadFileError

EXPECTED = "AEDAT 4 (.aedat4), EVT 2.0 or 3.0 (.raw), DAT (.dat), N-MNIST (.bin, .bs2) or N-TIDIGITS (.bs1)"
HEADERLESS = {".bin": read_nmnist, ".bs2": read_nmnist, ".bs1": read_ntidigits}
RAW = {"EVT2": read_evt2, "EVT3": read_evt3}
FOREIGN = (
    (b"#!AER-DAT", "an AEDAT file older than 4.0", "Convert it to AEDAT 4 with iniVation's tools"),
    (b"\x89HDF\r\n", "an HDF5 file", "Read it with h5py and give the fields to rv.data.Recording"),
    (b"MATLAB 5.0", "a MATLAB file", "Read it with scipy.io.loadmat and give the fields to rv.data.Recording"),
    (b"\x93NUMPY", "a NumPy array", "Read it with np.load and give it to rv.data.Recording"),
    (b"PK\x03\x04", "an archive", "Unpack it, and give one of its files"),
    (b"\x1f\x8b", "a gzip file", "Unpack it with `gunzip`"),
)


def read_events(path: str | Path, sensor: tuple[int, int] | None = None) -> Recording:
    """Reads one event file: AEDAT 4, EVT 2.0, EVT 3.0, DAT, N-MNIST or N-TIDIGITS.

    The format is told by the beginning of the file; N-MNIST and N-TIDIGITS have no mark and are told by the ending.

    Args:
        path: the file.
        sensor: (width, height) in pixels, if the file does not tell or tells wrong.

    Raises:
        BadFileError: missing, empty, a text, of an unknown format, cut or damaged; the text gives the byte offset.
        RanvierError: the file is compressed and the package for it is missing (`pip install 'ranvier[events]'`).

    Example:
        >>> recording = rv.read_events("00001.bin")                  # doctest: +SKIP
        >>> spikes = recording.window(0, 0.1).to_events(1 * rv.ms)   # [100, 1, 2, 34, 34]
    """
    source = open_source(path, EXPECTED)
    if source.head.startswith(MAGIC):
        return read_aedat4(path, sensor)
    for magic, what, remedy in FOREIGN:
        if source.head.startswith(magic):
            raise BadFileError(f"{path}: {what}, expected {EXPECTED}. {remedy}.")
    ending = Path(path).suffix.lower()
    if source.head.startswith(b"% "):
        header = read_header(source)
        if header.encoding in RAW:
            return RAW[header.encoding](path, sensor)
        if header.encoding or ending == ".raw":
            told = header.encoding or "no encoding"
            raise BadFileError(
                f"{path}: a RAW file whose header (offset 0 to {header.start}) tells {told}, expected EVT2 or EVT3. "
                f"Convert it with Prophesee's tools."
            )
        return read_dat(path, sensor)
    check_binary(source, EXPECTED)
    if ending not in HEADERLESS:
        raise BadFileError(
            f"{path}: not an event file that can be told: offset 0 holds {source.head[:8].hex(' ')}, expected {EXPECTED}. "
            f"If it has 5 bytes an event, use rv.data.read_nmnist(path)."
        )
    return HEADERLESS[ending](path, sensor)
