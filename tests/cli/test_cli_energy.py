import json


def test_both_verdicts_are_shown(ranvier, tone_run):
    answer = ranvier("energy", tone_run.path, "--threads", 1)
    assert answer.status == 0, answer.err
    for part in (
        "nothing measured",
        "+ weight reads",
        "without spikes, float32",
        "spiking, 8 bit",
        "break-even",
        "accuracy: ",
    ):
        assert part in answer.out
    assert (
        "6 dense passes a sample" in answer.out
        and "NeuroBench's metrics, by its definitions, of a batch of test samples:\nfootprint " in answer.out
    )


def test_as_json_with_another_technology(ranvier, picture_run):
    answer = ranvier("energy", picture_run.path, "--technology", "jouppi7", "--memory", "HBM2", "--bits", 4, "--json")
    found = json.loads(answer.out)
    assert answer.status == 0 and found["technology"]["name"] == "Jouppi7" and found["technology"]["weights"] == "HBM2"
    assert found["quantised"]["numbers"] == "4 bit" and found["passes"] == 1 and 0 <= found["accuracy"] <= 1
    assert found["neurobench"]["footprint"] == found["footprint"] and found["measured"] is False


def test_reports_tell_it_too(tone_run):
    html = (tone_run.path / "report.html").read_text()
    assert "Energy, estimated" in html and "nothing was measured" in html and "NeuroBench's metrics" in html


def test_what_is_wrong_is_one_paragraph(ranvier, tone_run):
    for words, expected in (
        (("--technology", "brain"), "--technology brain: no such technology. Choose one of horowitz45, jouppi7."),
        (("--memory", "tape"), "--memory tape: Horowitz45: weights must lie in one of the memories '8 kB'"),
        (("--bits", 40), "--bits 40: estimate: bits must be 1 to 16, or 32, got 40"),
    ):
        answer = ranvier("energy", tone_run.path, *words)
        assert answer.status == 1 and answer.err.startswith(f"error: {expected}"), answer.err
