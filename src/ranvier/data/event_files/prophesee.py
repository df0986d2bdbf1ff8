"""The text header of Prophesee's RAW and DAT files: lines of `% keyword value`, then binary events.

Source: Prophesee, "RAW File Format" and "DAT File Format", docs.prophesee.ai/stable/data/file_formats.
"""

import re
from dataclasses import dataclass

from ranvier.data.event_files.byte_source import Source
from ranvier.errors import BadFileError

# Sensors by a part of the plugin's name, for headers older than the keyword `geometry`.
PLUGINS = {"gen3": (640, 480), "gen4": (1280, 720), "imx636": (1280, 720), "genx320": (320, 320)}


@dataclass(frozen=True)
class Header:
    """Keywords (lower case) and their values; `start` is the byte offset of what follows the text."""

    values: dict[str, str]
    start: int

    @property
    def encoding(self) -> str:
        """Name of the encoding of the events of a RAW file, such as EVT3; empty if not told."""
        name = self.values.get("format", "").partition(";")[0].upper()
        return name or ("EVT" + self.values["evt"].replace(".0", "") if "evt" in self.values else "")

    @property
    def sensor(self) -> tuple[int, int] | None:
        """(width, height), None if not told."""
        values = self.values
        fields = dict(re.findall(r"(\w+)=(\w+)", values.get("format", "")))
        for told in (
            values.get("geometry", ""),
            f"{fields.get('width')}x{fields.get('height')}",
            f"{values.get('width')}x{values.get('height')}",
        ):
            sizes = re.fullmatch(r"([1-9]\d{0,3})x([1-9]\d{0,3})", told)
            if sizes:
                return int(sizes[1]), int(sizes[2])
        plugin = self.values.get("plugin_name", "")
        return next((size for part, size in PLUGINS.items() if part in plugin), None)


def read_header(source: Source) -> Header:
    """The header at the beginning of `source`; one without a line if there is none.

    Raises:
        BadFileError: a line that does not end.
    """
    values: dict[str, str] = {}
    at = 0
    while source.head[at : at + 2] == b"% ":
        end = source.head.find(b"\n", at)
        if end < 0:
            raise BadFileError(
                f"{source.path}: truncated: the header line that begins at offset {at} has no end in {len(source.head) - at} "
                f"bytes, expected a line feed. Copy the file again."
            )
        keyword, _, value = source.head[at + 2 : end].decode("latin-1").strip().partition(" ")
        at = end + 1
        if keyword == "end":
            break
        values[keyword.lower()] = value.strip()
    return Header(values, at)


def read_raw_header(source: Source, encoding: str) -> Header:
    """The header of a RAW file whose events are in `encoding`, EVT2 or EVT3.

    Raises:
        BadFileError: another encoding, or big-endian words.
    """
    header = read_header(source)
    if header.encoding != encoding:
        told = header.encoding or "no encoding"
        raise BadFileError(
            f"{source.path}: its header (offset 0 to {header.start}) tells {told}, expected {encoding} (`% evt {encoding[3:]}.0` or "
            f"`% format {encoding}`). Use read_events, which finds the reader of EVT2 and EVT3, or convert it with Prophesee's tools."
        )
    if header.values.get("endianness", "little") != "little":
        raise BadFileError(
            f"{source.path}: its header tells {header.values['endianness']}-endian words, expected little. Convert it with Prophesee's tools."
        )
    return header
