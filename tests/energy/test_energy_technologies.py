"""The prices are the published ones, and nothing else is made up silently."""

import pytest

from ranvier.energy import TECHNOLOGIES, Horowitz45, Jouppi7
from ranvier.energy.technologies import FLOAT32, Numbers


def test_45_nm_by_horowitz():
    t = Horowitz45()
    assert (t.add(FLOAT32), t.multiply(FLOAT32)) == (0.9, 3.7)
    assert t.multiply_add(FLOAT32) == pytest.approx(4.6)
    assert (t.integer_add, t.integer_multiply) == ({8: 0.03, 32: 0.1}, {8: 0.2, 32: 3.1})
    assert t.weight(32) == t.state(32) == 5.0 and Horowitz45(weights="DRAM").weight(32) == 640
    assert "Horowitz (2014)" in t.source and "Han et al. (2015)" in t.source


def test_7_nm_by_jouppi_has_cheap_arithmetic_and_dear_reads():
    old, new = Horowitz45(), Jouppi7()
    assert new.multiply_add(FLOAT32) == pytest.approx(1.69) and new.weight(32) == 3.75
    assert new.weight(32) / new.add(FLOAT32) > old.weight(32) / old.add(FLOAT32)
    assert "TPUv4i" in new.source


def test_whole_numbers_add_up_in_32_bit_and_scale_from_8():
    t = Horowitz45()
    assert t.add(Numbers(8, floating=False)) == 0.1
    assert t.multiply(Numbers(8, floating=False)) == 0.2 and t.multiply(Numbers(32, floating=False)) == 3.1
    assert t.multiply(Numbers(4, floating=False)) == pytest.approx(0.05)
    assert t.weight(8) == 1.25
    assert (Numbers(4, floating=False).label, FLOAT32.label) == ("4 bit", "float32")


@pytest.mark.parametrize("name", TECHNOLOGIES)
def test_a_memory_that_is_none(name):
    with pytest.raises(ValueError, match=r"weights must lie in one of the memories '8 kB'.*got '9 kB'"):
        TECHNOLOGIES[name](weights="9 kB")
    with pytest.raises(ValueError, match="states must lie"):
        TECHNOLOGIES[name](states="tape")
