"""Files that ship with the package are what the manifest says, and damage is noticed."""

import hashlib

import numpy as np
import pytest
from twin import FRAMEWORKS, Twin

from gantutor import shipped
from gantutor.metrics import digit_fid
from gantutor.shipped import DIRECTORY, load_generator_weights, load_shipped, manifest
from gantutor.studies.tables import FOLDER


def test_every_shipped_file_is_in_the_manifest_and_small():
    files = {path.name for path in DIRECTORY.glob("*.safetensors")}
    assert files == set(manifest())
    assert all((DIRECTORY / name).stat().st_size < 2_000_000 for name in files)


def test_weights_and_tables_stay_small_together():
    tables = FOLDER.glob("*/table.*")
    assert sum(path.stat().st_size for path in [*DIRECTORY.iterdir(), *tables]) < 4_000_000


@pytest.mark.parametrize("name", manifest())
def test_every_hash_is_right_and_every_origin_told(name):
    facts = manifest()[name]
    assert hashlib.sha256((DIRECTORY / name).read_bytes()).hexdigest() == facts["sha256"]
    assert {"what", "data", "seed", "command"} <= set(facts)


def test_nobody_changes_the_manifest_for_others():
    manifest()["digits.safetensors"]["sha256"] = "another"
    assert manifest()["digits.safetensors"]["sha256"] != "another"


@pytest.mark.parametrize("damage", ["truncated", "one byte changed", "empty"])
def test_a_damaged_file_is_refused(tmp_path, damage):
    name = "digit_statistics.safetensors"
    content = bytearray((DIRECTORY / name).read_bytes())
    if damage == "one byte changed":
        content[-1] ^= 1
    (tmp_path / name).write_bytes(
        {"truncated": content[:1000], "one byte changed": content, "empty": b""}[damage]
    )
    with pytest.raises(ValueError, match=r"digit_statistics.safetensors is damaged"):
        load_shipped(name, directory=tmp_path)


def test_a_missing_file_is_named(tmp_path):
    name = "digit_statistics.safetensors"
    with pytest.raises(FileNotFoundError, match=rf"{name} is missing\. Install gantutor again"):
        load_shipped(name, directory=tmp_path)


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (None, FileNotFoundError, r"manifest\.json is missing\. Install gantutor again"),
        (b"", ValueError, r"manifest\.json is damaged .*Install gantutor again"),
        (b'{"a": \xff', ValueError, r"manifest\.json is damaged .*Install gantutor again"),
    ],
)
def test_a_damaged_manifest_is_named(tmp_path, monkeypatch, content, error, message):
    monkeypatch.setattr(shipped, "DIRECTORY", tmp_path)
    if content is not None:
        (tmp_path / "manifest.json").write_bytes(content)
    with pytest.raises(error, match=message):
        load_shipped("digit_statistics.safetensors")


def test_nobody_can_change_the_manifest_for_others():
    mine = manifest()
    before = mine["digits.safetensors"]["recipe"].copy()
    mine["digits.safetensors"]["recipe"].clear()
    mine.pop("digit_classifier.safetensors")
    assert manifest()["digits.safetensors"]["recipe"] == before
    assert "digit_classifier.safetensors" in manifest()


@pytest.mark.parametrize("name", ["dragons", "digit_classifier", "digits.safetensors"])
def test_what_is_no_generator_is_named_and_those_that_are(name):
    with pytest.raises(FileNotFoundError, match=rf"'{name}'; there are: digits\."):
        load_generator_weights(name)


def test_a_file_that_does_not_ship_is_named():
    with pytest.raises(FileNotFoundError, match=r"'dragons.safetensors'; there are: digit_"):
        load_shipped("dragons.safetensors")


GENERATORS = [
    name.removesuffix(".safetensors") for name in manifest() if "recipe" in manifest()[name]
]


def test_generators_ship():
    assert GENERATORS


@pytest.mark.parametrize("name", GENERATORS)
def test_the_twins_draw_the_same_from_a_shipped_generator(name):
    drawn = [Twin(framework).module.load_generator(name).sample(20) for framework in FRAMEWORKS]
    np.testing.assert_allclose(*drawn, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", GENERATORS)
def test_a_shipped_generator_scores_what_the_manifest_says(name):
    images = Twin("torch").module.load_generator(name).sample(10_000)
    expected = manifest()[f"{name}.safetensors"]["scores"]["digit_fid"]
    assert digit_fid(images) == pytest.approx(expected, rel=0.02)
