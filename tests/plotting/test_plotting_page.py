import pytest

from ranvier.plotting import page


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (950, "950"), (999.9, "1&nbsp;k"), (1234, "1.23&nbsp;k"), (999_900, "1&nbsp;M"), (4.56e6, "4.56&nbsp;M"),
     (2e9, "2&nbsp;G"), (float("nan"), "–"), (float("inf"), "–")],
)  # fmt: skip
def test_numbers_for_readers(value, text):
    assert page.number(value) == text


@pytest.mark.parametrize(("value", "text"), [(0.985, "98.5&nbsp;%"), (None, "–"), (float("nan"), "–")])
def test_percent(value, text):
    assert page.percent(value) == text


@pytest.mark.parametrize(
    ("fraction", "width"), [(0.5, "50.00"), (7.0, "100.00"), (-1.0, "0.00"), (float("nan"), "0.00")]
)
def test_tracks_stay_within_their_box(fraction, width):
    assert f"width:{width}%" in page.track(fraction, "red")


def test_table_aligns_by_head():
    text = page.table(["<name", "count"], [["a", "1"]], total=["all", "1"])
    assert "<td>a</td><td class=n>1</td>" in text
    assert "<tr class=total>" in text
