import os
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from ranvier.errors import RanvierError
from ranvier.plotting import report as report_module
from ranvier.plotting import sections, style
from ranvier.plotting.report import SECTIONS, headline, interval, render, write_report

VOID = {"meta", "link", "br", "image", "use", "path", "rect"}


class Page(HTMLParser):
    """Collects what a browser would fetch, checks that elements nest, keeps visible text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.targets: list[str] = []
        self.tags: set[str] = set()
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        values = dict(attrs)
        if "id" in values:
            self.ids.append(values["id"])
        self.targets += [values[key] for key in ("src", "href", "data", "action") if key in values]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text += data


def check(text: str) -> Page:
    page = Page(text)
    assert page.open == []
    assert "script" not in page.tags
    assert "nan" not in re.sub(r"<[^>]*>", "", text).lower().split()
    for target in page.targets:
        assert target.startswith(("#", "data:")), target
        if target.startswith("#"):
            assert target[1:] in page.ids, target
    assert len(page.ids) == len(set(page.ids))
    for target in re.findall(r"url\((.*?)\)", text):
        assert target.startswith("#"), target
    assert "://" not in text and "@import" not in text
    return page


@pytest.fixture(scope="module")
def report(make_run) -> str:
    return render(make_run(warnings=["hidden 2: 3 of 40 neurons are silent."], dense="one dense pass a picture"))


def test_report_is_self_contained_and_complete(report):
    page = check(report)
    for name, title in SECTIONS.items():
        assert name in page.ids
        assert title in page.text
    assert report.count("<svg ") == 4
    assert "prefers-color-scheme: dark" in report
    assert len(report) < 3_000_000


def test_headline_facts_and_warnings_are_there(report):
    text = Page(report).text
    assert "90.0%" in text
    assert "80.0\u00a0%" in text
    assert "10.0 points, or 50\u00a0% of the linear classifier's mistakes" in text
    assert "by speaker" in text
    assert "3 of 40 neurons are silent" in text
    assert "ranvier train spoken-digits --seed 1" in text
    assert "2 of 10 samples of “two” were taken for “zero”" in text


def test_work_separates_additions_from_analog_multiplications(report):
    text = Page(report).text
    assert "15.9\u00a0k synaptic additions" in text
    assert "2\u00a0M multiply-accumulates where the input is analog" in text
    assert "one dense pass a picture" in text
    assert "not joules" in text


def test_dead_and_saturated_neurons_are_counted(report):
    text = Page(report).text
    assert "3 (8\u00a0%)" in text
    assert "37 (92\u00a0%)" in text


@pytest.mark.parametrize(
    ("accuracy", "floor", "words"),
    [
        (0.75, 0.8, "5.0 points below the floor"),
        (1.0, 1.0, "0.0 points"),
        (float("nan"), 0.8, "Only what lies above it"),
        (0.9, None, "No linear floor was measured"),
        (0.9, float("nan"), "No linear floor was measured"),
    ],
)
def test_the_floor_is_put_in_words(accuracy, floor, words, make_run):
    text = headline(make_run(accuracy=accuracy, floor=floor))
    assert words in text
    assert "nan" not in text


def test_names_with_markup_are_escaped(make_run, make_sample):
    bad = "<script>alert(1)</script>"
    classes = (bad, "a & b", '"$x$ \n _y')
    trace = make_sample(name=bad, label=bad, predicted="a & b", output_kind=bad, rasters={bad: np.ones((30, 2))})
    data = make_run(
        title=bad,
        command=bad,
        classes=classes,
        sample=trace,
        facts={bad: bad},
        configuration={bad: bad},
        warnings=[bad],
        versions={bad: bad},
        dense=bad,
        confusion=np.full((3, 3), 4),
    )
    data = replace(data, layers=[replace(layer, name=f"{bad}{layer.name}") for layer in data.layers])
    text = render(data)
    page = check(text)
    assert bad not in text
    assert page.text.count(bad) >= 8


@pytest.mark.parametrize("size", [2, 100])
def test_any_number_of_classes(size, make_run, make_sample):
    classes = tuple(f"a rather long class name {i}" for i in range(size))
    trace = make_sample(classes=size, label=classes[0], predicted=classes[1])
    data = make_run(classes=classes, confusion=np.full((size, size), 2), sample=trace)
    with style.context():
        text = sections.confusion(data) + sections.sample(data, style.colours(trace.rasters))
    check(text)
    assert len(text) < 2_000_000


@pytest.mark.parametrize(("steps", "neurons"), [(1, 1), (2, 2048), (2000, 1), (2000, 2048)])
def test_any_length_and_population(steps, neurons, make_run, make_sample):
    trace = make_sample(steps=steps, neurons=neurons)
    with style.context():
        text = sections.sample(make_run(sample=trace), style.colours(trace.rasters))
    check(text)
    assert len(text) < 2_000_000


def test_images_and_spike_input(make_run, make_sample):
    generator = np.random.default_rng(0)
    spikes = generator.random((30, 8, 8)) < 0.2
    trace = make_sample(picture=generator.random((8, 8)), picture_kind="image", encoded=spikes)
    with style.context():
        page = check(sections.sample(make_run(sample=trace), style.colours(trace.rasters)))
    assert "Encoded input: spikes" in page.text
    assert "Spectrogram" not in page.text


def test_one_channel_and_no_picture(make_run, make_sample):
    trace = make_sample(picture=None, encoded=np.linspace(0, 1.5, 30)[:, None])
    with style.context():
        page = check(sections.sample(make_run(sample=trace), style.colours(trace.rasters)))
    assert "1 channel" in page.text


def test_gaps_in_everything_measured(make_run, make_sample):
    nan = float("nan")
    data = make_run(
        accuracy=nan,
        floor=nan,
        confusion=np.zeros((3, 3), int),
        history=[{"epoch": 1, "loss": nan, "accuracy": None, "rates": {}}, {}],
        sample=make_sample(output=np.full((30, 3), np.inf), probability=np.full((30, 3), nan), rasters={}),
        facts={},
        versions={},
    )
    page = check(render(data))
    assert "not recorded" in page.text
    assert "No test sample was taken for another class" in page.text


def test_nothing_recorded(make_run):
    data = make_run(history=[], layers=[])
    assert "No training history was recorded" in sections.training(data, {})
    assert "No firing rates were recorded" in sections.rates(data, {})
    assert "No operations were counted" in sections.work(data)


def test_user_settings_neither_change_the_report_nor_are_changed(make_run):
    import matplotlib as mpl

    with mpl.rc_context({"svg.fonttype": "path", "font.size": 30.0}):
        before = dict(mpl.rcParams)
        text = render(make_run())
        assert dict(mpl.rcParams) == before
    assert ">network decided</text>" in text


@pytest.fixture
def quick(monkeypatch):
    """Only the title is rendered, so that writing alone is tested."""
    monkeypatch.setattr(report_module, "render", lambda data: data.title)


def test_write_replaces_the_old_report_whole(quick, tmp_path, make_run):
    path = tmp_path / "new folder" / "report.html"
    assert write_report(make_run(title="first"), path) == path
    assert write_report(make_run(title="zwölf"), str(path)) == path
    assert path.read_text(encoding="utf-8") == "zwölf"
    assert os.listdir(path.parent) == ["report.html"]


def test_failed_write_keeps_the_old_report(quick, tmp_path, monkeypatch, make_run):
    path = tmp_path / "report.html"
    path.write_text("old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(RanvierError, match="No space left on device.*another folder"):
        write_report(make_run(), path)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["report.html"]


def test_folder_that_is_a_file_is_an_error(quick, tmp_path, make_run):
    (tmp_path / "run").write_text("")
    with pytest.raises(RanvierError, match="cannot write"):
        write_report(make_run(), tmp_path / "run" / "report.html")


def test_interval_is_wilsons():
    # Newcombe, Statistics in Medicine 17 (1998), table I: 81 of 263 gives 0.2553 to 0.3662.
    assert interval(81 / 263, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert interval(1.0, 10)[1] == pytest.approx(1.0)
