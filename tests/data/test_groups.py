import numpy as np
import pytest

from ranvier.data.groups import recognise

SPEAKERS = ("anna", "ben", "carl")


def named(form: str, classes: int = 4, takes: int = 5) -> tuple[list[str], np.ndarray]:
    names, y = [], []
    for c in range(classes):
        for k, who in enumerate(SPEAKERS):
            for take in range(takes):
                names.append(form.format(c=c, who=who, k=k, take=take))
                y.append(c)
    return names, np.array(y)


@pytest.mark.parametrize("form", ["{c}_{who}_{take}", "{who}_{take}", "{who}-{c}-{take}", "word{c} {who}.{take}"])
def test_word_that_recurs_in_the_classes_is_a_speaker(form):
    names, y = named(form)
    groups = recognise(names, y)
    assert groups is not None and groups.kind == "speaker"
    assert groups.of == tuple(who for _ in range(4) for who in SPEAKERS for _ in range(5))
    assert "takes 3 values that recur" in groups.why


@pytest.mark.parametrize("form", ["{c}_s{k}_{take}", "spk{k:02d}_{take}", "{c}-Speaker{k}-take{take}"])
def test_numbers_behind_a_speaker_prefix(form):
    names, y = named(form)
    groups = recognise(names, y)
    assert groups is not None and len(set(groups.of)) == 3


@pytest.mark.parametrize(
    "form",
    ["{c}_{k}_{take}", "{take}", "{c}_take{take}_{k}", "{c}{who}{take}", "clip{take}_{k}", "v{k}_{take}"],
)
def test_counters_are_not_speakers(form):
    assert recognise(*named(form)) is None


def test_conditions_are_not_speakers():
    names = [f"{c}_{condition}_{k}" for c in range(3) for condition in ("clean", "noisy") for k in range(4)]
    assert recognise(names, np.repeat(np.arange(3), 8)) is None


def test_the_finer_of_two_fields_wins():
    names, y = named("{c}_{who}_{take}")
    accents = {"anna": "north", "ben": "south", "carl": "south"}
    longer = [f"{name}_{accents[name.split('_')[1]]}" for name in names]
    groups = recognise(longer, y)
    assert groups is not None and set(groups.of) == set(SPEAKERS)


def test_a_speaker_of_too_few_classes_or_uneven_names_tell_nothing():
    names, y = named("{c}_{who}_{take}")
    few = [name.replace("anna", "dora") if c < 2 else name for name, c in zip(names, y, strict=True)]
    assert recognise(few, y) is None
    assert recognise([*names[:-1], "odd"], y) is None


def test_speech_commands_and_cut_recordings():
    hashes = ["022cd682_nohash_0", "022cd682_nohash_1", "0c540988_nohash_0", "0cb74144_nohash_0"]
    groups = recognise(hashes, np.array([0, 1, 0, 1]))
    assert groups is not None and groups.kind == "speaker"
    assert groups.of == ("022cd682", "022cd682", "0c540988", "0cb74144")
    for clips in (["1-137-A-32", "1-137-B-32", "5-9032-A-0"], ["1-137-A", "1-137-B", "5-9032-A"]):
        groups = recognise(clips, np.array([0, 0, 1]))
        assert groups is not None and groups.kind == "recording" and groups.of == ("137", "137", "9032")
