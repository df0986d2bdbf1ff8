import json
import re
import shutil
from pathlib import Path

from PIL import Image


def test_the_report_is_drawn_again_as_it_was(ranvier, copied):
    file = copied / "report.html"
    before = file.read_text()
    file.unlink()
    answer = ranvier("report", copied, "--threads", 1)
    assert (answer.status, answer.out) == (0, f"report: {file}\n"), answer.err
    accuracy = r'<div class="big">([\d.]+)'
    after = file.read_text()
    assert re.search(accuracy, after).group(1) == re.search(accuracy, before).group(1)  # pyright: ignore[reportOptionalMemberAccess]
    assert re.findall("<h2[^>]*>.*?</h2>", after) == re.findall("<h2[^>]*>.*?</h2>", before)
    assert after.count("linear floor") == before.count("linear floor") > 0


def test_nothing_is_drawn_over_unless_it_is_asked_for(ranvier, copied, tmp_path):
    answer = ranvier("report", copied)
    assert answer.status == 1 and f"{copied}/report.html: is there already. Give another name, or --force" in answer.err
    (tmp_path / "raster.png").write_text("mine")
    (copied / "report.html").unlink()
    answer = ranvier("report", copied, "--picture", tmp_path / "raster.png")
    assert answer.status == 1 and "raster.png: is there already" in answer.err and not (copied / "report.html").exists()
    found = json.loads(ranvier("report", copied, "--force", "--json", "--picture", tmp_path / "raster.png").out)
    assert found["report"] == f"{copied}/report.html" and found["picture"] == f"{tmp_path}/raster.png"
    assert found["energy"]["measured"] is False and 0 <= found["accuracy"] <= 1


def test_a_picture_on_request(ranvier, copied, tmp_path):
    answer = ranvier("report", copied, "--force", "--picture", tmp_path / "raster.png")
    assert answer.status == 0 and answer.out.endswith(f"picture: {tmp_path}/raster.png\n")
    with Image.open(tmp_path / "raster.png") as picture:
        assert picture.format == "PNG" and min(picture.size) > 300


def test_warnings_of_the_training_are_kept(ranvier, copied):
    file = copied / "metrics.json"
    metrics = json.loads(file.read_text())
    metrics["final"]["warnings"] = ["layer 3 is silent: no neuron fired"]
    file.write_text(json.dumps(metrics))
    assert ranvier("report", copied, "--force").status == 0
    html = (copied / "report.html").read_text()
    assert "Worth your attention" in html and "layer 3 is silent: no neuron fired" in html


def test_without_metrics_there_are_no_curves(ranvier, copied):
    (copied / "metrics.json").write_text("{")
    answer = ranvier("report", copied, "--force")
    assert answer.status == 1
    assert (
        f"{copied}/metrics.json: corrupt (" in answer.err
        and f"Delete it and type `ranvier report {copied}`." in answer.err
    )
    (copied / "metrics.json").unlink()
    assert ranvier("report", copied, "--force").status == 0
    assert "No training history was recorded." in (copied / "report.html").read_text()


def test_data_that_are_gone(ranvier, copied, make_tones, tmp_path):
    folder = make_tones(tmp_path / "words")
    config = json.loads((copied / "config.json").read_text())
    config["source"]["source"] = str(folder)
    (copied / "config.json").write_text(json.dumps(config))
    assert ranvier("report", copied, "--force").status == 0
    shutil.rmtree(folder)
    answer = ranvier("report", copied, "--force")
    assert answer.status == 1 and answer.err.startswith(f"error: {folder}: no such file or folder")


def test_data_that_changed(ranvier, copied, make_tones, make_pictures, tmp_path):
    config = json.loads((copied / "config.json").read_text())

    def now(folder: Path) -> str:
        config["source"]["source"] = str(folder)
        (copied / "config.json").write_text(json.dumps(config))
        answer = ranvier("report", copied, "--force")
        assert answer.status == 1 and "Traceback" not in answer.err
        return answer.err

    text = f"{copied}: was begun with the classes high, low, middle; the data now have high, low. Train anew."
    assert text in now(make_tones(tmp_path / "fewer", classes=("high", "low")))
    assert "holds images, the network was trained on sounds" in now(make_pictures(tmp_path / "bars"))


def test_a_place_that_cannot_be_written(ranvier, copied, tmp_path):
    (tmp_path / "file").write_text("")
    answer = ranvier("report", copied, "--force", "--picture", tmp_path / "file" / "raster.png")
    assert answer.status == 1 and "Traceback" not in answer.err
    assert "cannot write" in answer.err and "raster.png" in answer.err
