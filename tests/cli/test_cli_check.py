import json


def test_violations_are_listed_with_limit_and_source(ranvier, tone_run):
    answer = ranvier("check", tone_run.path, "--chip", "loihi")
    assert answer.status == 1 and answer.err == ""
    assert (
        "(AdaptiveLIF): its neurons are AdaptiveLIF; Loihi has the models CubaLIF, LIF, IF, LI, Accumulator ["
        in answer.out
    )
    assert "violations of Loihi's limits\nnot checked: the input is taken to be spikes;" in answer.out


def test_as_json_and_with_rounded_weights(ranvier, tone_run):
    answer = ranvier("check", tone_run.path, "--chip", "xylo", "--bits", 8, "--json")
    found = json.loads(answer.out)
    assert answer.status == 1 and found["chip"] == "xylo" and found["unchecked"]
    assert {"chip", "layer", "name", "limit", "value", "source"} == set(found["violations"][0])
    assert not any("floating point" in v["value"] for v in found["violations"])


def test_what_is_wrong_is_one_paragraph(ranvier, tone_run, tmp_path):
    answer = ranvier("check", tone_run.path, "--chip", "brain")
    assert answer.status == 1 and answer.err.startswith("error: check: chip must be one of loihi, truenorth")
    answer = ranvier("check", tone_run.path, "--chip", "loihi", "--bits", 1)
    assert answer.status == 1 and "bits must be one of 2, 3, 4" in answer.err
    answer = ranvier("check", tmp_path, "--chip", "loihi")
    assert answer.status == 1 and "no run folder" in answer.err
