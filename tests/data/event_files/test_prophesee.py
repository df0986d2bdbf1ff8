import pytest

from ranvier.data.event_files.byte_source import open_source
from ranvier.data.event_files.prophesee import read_header


@pytest.mark.parametrize(
    ("text", "encoding", "sensor"),
    [
        ("% evt 2.0\n% geometry 640x480\n% end\n", "EVT2", (640, 480)),
        ("% evt 2.1\n", "EVT2.1", None),
        ("% evt 3.0\n% format EVT3;height=720;width=1280\n", "EVT3", (1280, 720)),
        ("% format EVT21;height=99\n", "EVT21", None),
        ("% Width 304\n% Height 240\n", "", (304, 240)),
        ("% geometry 0x480\n", "", None),
        ("% geometry 99999x99999\n% Width 3\n% Height 4\n", "", (3, 4)),
        ("% Width some\n% Height 240\n", "", None),
        ("% evt 3.0\n% plugin_name hal_plugin_gen41_evk3\n", "EVT3", (1280, 720)),
        ("% plugin_name hal_plugin_gen3_fx3\n", "", (640, 480)),
        ("% plugin_name hal_plugin_genx320\n", "", (320, 320)),
        ("% plugin_name hal_plugin_unheard\n", "", None),
        ("", "", None),
    ],
)
def test_what_headers_tell(save, text, encoding, sensor):
    header = read_header(open_source(save("a.raw", text.encode() + b"\x25\xff"), "a RAW file"))
    assert (header.encoding, header.sensor, header.start) == (encoding, sensor, len(text))


def test_nothing_is_read_after_the_end(save):
    header = read_header(open_source(save("a.raw", b"% evt 3.0\n% end\n% geometry 4x4\n"), "a RAW file"))
    assert header.sensor is None and header.start == 16
