"""The places that state versions, packages and addresses agree with each other."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from execute import ROOT, notebooks
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import gantutor

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text())
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text())
CORE = PROJECT["dependencies"]
EXTRAS = PROJECT["optional-dependencies"]
USED = [*CORE, *EXTRAS["torch"], *EXTRAS["keras"]]
COLAB = ROOT / "tests" / "colab-pip-freeze.txt"
FULL_COLAB = ROOT.parent / "shared" / "colab" / "pip-freeze.txt"
CONDA_NAMES = {"pytorch": "torch", "arch-py": "arch"}


def pins(path: Path) -> dict[str, str]:
    """Package to version in a list of ``name==version`` or ``name @ …/name-version…`` lines."""
    line = re.compile(r"^([\w.-]+)(?:==| @ \S*/[\w.]+-)([\d.]*\d)", re.MULTILINE)
    return {canonicalize_name(name): number for name, number in line.findall(path.read_text())}


def by_name(requirements: list[str]) -> dict[str, str]:
    """Package to range, both in canonical spelling."""
    parsed = [Requirement(text) for text in requirements]
    return {canonicalize_name(item.name): str(item.specifier) for item in parsed}


@pytest.mark.parametrize("requirement", USED)
@pytest.mark.parametrize("path", [COLAB, ROOT / "constraints.txt"], ids=["colab", "constraints"])
def test_what_a_reader_imports_is_satisfied(requirement, path):
    needed = Requirement(requirement)
    assert needed.specifier.contains(pins(path)[canonicalize_name(needed.name)])


@pytest.mark.parametrize(
    "requirement", [*EXTRAS["applications"], *EXTRAS["practice"], *EXTRAS["book"], *EXTRAS["dev"]]
)
def test_the_toolchain_is_pinned_within_its_range(requirement):
    needed = Requirement(requirement)
    pinned = pins(ROOT / "constraints.txt")[canonicalize_name(needed.name)]
    assert needed.specifier.contains(pinned, prereleases=True)


def test_the_copied_lines_of_colab_are_those_of_its_full_list():
    if not FULL_COLAB.exists():
        pytest.skip("Colab's full list is not part of the project; its copied lines are tested")
    full = pins(FULL_COLAB)
    assert pins(COLAB) == {name: full[name] for name in by_name(USED)}


def test_conda_gets_the_same_packages_in_the_same_ranges():
    listed = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    conda = [item for item in listed if isinstance(item, str) and item != "pip"]
    through_pip = next(item for item in listed if isinstance(item, dict))["pip"]
    assert "-e ." in through_pip
    found = by_name(conda) | by_name([item for item in through_pip if item != "-e ."])
    found = {CONDA_NAMES.get(name, name): limits for name, limits in found.items()}
    extras = [*EXTRAS["applications"], *EXTRAS["practice"], *EXTRAS["book"], *EXTRAS["dev"]]
    wanted = by_name([*USED, *extras])
    assert found == wanted | {"python": PROJECT["requires-python"]}


def test_one_version_everywhere():
    assert gantutor.__version__ == PROJECT["version"] == CITATION["version"]
    assert (
        f"{CONFIG['repository']['url']}@v{PROJECT['version']}" in (ROOT / "README.md").read_text()
    )


def test_a_chapter_in_colab_installs_the_version_it_was_written_for():
    for path in (path for path in notebooks() if path.parent.name != "appendix"):
        installed = re.findall(r"git\+(https://[^\s\"@]+)@?([\w.]*)", path.read_text())
        assert installed == [(CONFIG["repository"]["url"], f"v{PROJECT['version']}")], path


def test_one_address_everywhere():
    address = CONFIG["repository"]["url"]
    assert PROJECT["urls"]["Repository"] == CITATION["repository-code"] == address
    assert CITATION["url"] == CONFIG["html"]["baseurl"] == PROJECT["urls"]["Documentation"]
    owner, name = address.removeprefix("https://github.com/").split("/")
    texts = [*ROOT.glob("*.md"), *(ROOT / ".github").rglob("*.*"), ROOT / "LICENSE-TEXT"]
    for path in [*texts, *(ROOT / "book").rglob("*.md"), *notebooks()]:
        places = re.findall(rf"{owner}[\w.-]*/[\w-]+", path.read_text())
        assert set(places) <= {f"{owner}/{name}", f"{owner}.github.io/{name}"}, path


def test_the_licences_are_both_named():
    assert PROJECT["license"] == "MIT"
    assert set(CITATION["license"]) == {"MIT", "CC-BY-4.0"}
    assert (ROOT / "LICENSE").read_text().startswith("MIT License")
    assert "CC BY 4.0" in (ROOT / "LICENSE-TEXT").read_text()
