"""What is written twice agrees: documentation and code, versions, links."""

import importlib
import inspect
import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

import skmm
from skmm.alignment import ALIGNMENTS
from skmm.augmentation import _AUTO, _TABLE, MIXUPS
from skmm.encoders import ENCODERS
from skmm.fusion import FUSIONS

ROOT = Path(skmm.__file__).parents[1]
if not (ROOT / "pyproject.toml").exists():
    pytest.skip("skmm is installed without its repository", allow_module_level=True)

PACKAGES = [name for name in skmm.__all__ if (ROOT / "skmm" / name).is_dir()]
PACKAGES.append("callbacks")
#: Tables of names, and the page of the guide that lists each.
TABLES = {
    "fusions.rst": FUSIONS,
    "alignments.rst": ALIGNMENTS,
    "encoders.rst": ENCODERS | MIXUPS,
}
PAGES = sorted(path.name for path in ROOT.glob("*.md"))


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


def project():
    return tomllib.loads(read("pyproject.toml"))["project"]


def pins(path):
    """Name and specifier of each line of a file of constraints."""
    lines = [line.partition("#")[0].strip() for line in read(path).splitlines()]
    requirements = [Requirement(line) for line in lines if line]
    return {one.name.lower(): str(one.specifier) for one in requirements}


# -- documentation -----------------------------------------------------------------


@pytest.mark.parametrize("package", ["skmm", *PACKAGES])
def test_every_public_name_is_on_the_page_of_the_api(package):
    prefix = "" if package == "skmm" else f"{package}."
    module = importlib.import_module(f"skmm.{package}" if prefix else package)
    # Subpackages have no entry: their names do.
    names = {f"{prefix}{name}" for name in module.__all__ if name[:2] != "__"}
    listed = re.findall(
        r"^(?: {4}|\.\. autodata:: skmm\.)([\w.]+)$", read("docs/api.rst"), re.MULTILINE
    )
    # skmm.Modalities is skmm.modalities.Modalities: one entry is enough.
    listed = set(listed)
    for module in ("modalities", "persistence", "sharing"):
        listed |= {f"{module}.{name}" for name in skmm.__all__}
    assert names - set(PACKAGES) <= listed


@pytest.mark.parametrize("package", ["skmm", *PACKAGES])
def test_every_public_name_has_an_example(package):
    module = importlib.import_module("skmm" if package == "skmm" else f"skmm.{package}")
    things = {name: getattr(module, name) for name in module.__all__}
    things = {
        name: thing
        for name, thing in things.items()
        if inspect.isclass(thing) or inspect.isfunction(thing)
    }
    assert [name for name, one in things.items() if ">>> " not in one.__doc__] == []


def test_every_page_of_the_guide_is_in_its_index():
    listed = re.findall(r"^ {4}(\w+)$", read("docs/guide/index.rst"), re.MULTILINE)
    pages = [path.stem for path in (ROOT / "docs/guide").glob("*.rst")]
    assert sorted(listed) == sorted(set(pages) - {"index"})


def test_every_example_of_the_gallery_has_a_place():
    names = {"__name__": "gallery_order"}
    exec(read("docs/gallery_order.py"), names)
    examples = [path.name for path in (ROOT / "docs/examples").glob("plot_*.py")]
    assert sorted(names["ORDER"]) == sorted(examples)


@pytest.mark.parametrize("page", TABLES)
def test_every_name_of_a_part_is_in_the_guide(page):
    text = read(f"docs/guide/{page}")
    assert [name for name in TABLES[page] if f'``"{name}"``' not in text] == []
    if TABLES[page] is not TABLES["encoders.rst"]:
        classes = [".".join(place) for place in TABLES[page].values()]
        classes = [re.sub(r"\._\w+", "", one) for one in classes]
        assert [one for one in classes if f":class:`~{one}`" not in text] == []


def test_every_augmentation_is_in_the_guide():
    text = read("docs/guide/encoders.rst")
    for kind, names in _TABLE.items():
        cells = [", ".join(f'``"{n}"``' for n in some) for some in (names, _AUTO[kind])]
        assert "\n".join(f"      - {cell}" for cell in cells) in text


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\(([^)\s]+)\)", read(page))
    links = [link.partition("#")[0] for link in links if "://" not in link]
    assert [link for link in links if link and not (ROOT / link).exists()] == []


# -- versions ----------------------------------------------------------------------


def test_one_version():
    citation = yaml.safe_load(read("CITATION.cff"))
    assert citation["version"] == skmm.__version__


def test_every_promised_python_is_tested():
    allowed = SpecifierSet(project()["requires-python"])
    prefix = "Programming Language :: Python :: 3."
    promised = [
        f"3.{one.removeprefix(prefix)}"
        for one in project()["classifiers"]
        if one.startswith(prefix)
    ]
    workflow = yaml.safe_load(read(".github/workflows/ci.yml"))
    matrix = workflow["jobs"]["test"]["strategy"]["matrix"]
    assert matrix["python"] == promised
    assert {system.partition("-")[0] for system in matrix["os"]} == {
        *("ubuntu", "macos", "windows")
    }
    assert all(f"{version}.0" in allowed for version in promised)
    minor = int(promised[0].removeprefix("3."))
    assert f"3.{minor - 1}.99" not in allowed
    # The oldest versions with the oldest Python, the newest with the newest.
    pythons = {one["versions"]: one["python"] for one in matrix["include"]}
    assert pythons == {"oldest": promised[0], "newest": promised[-1]}
    for one in [*matrix["constraints"], *(i["constraints"] for i in matrix["include"])]:
        assert (ROOT / one).exists()


def test_the_workflow_calls_targets_of_make():
    makefile = read("Makefile")
    jobs = yaml.safe_load(read(".github/workflows/ci.yml"))["jobs"]
    commands = [step["run"] for job in jobs.values() for step in job["steps"][2:]]
    targets = [re.fullmatch(r"make (\w+)( .*)?", one)[1] for one in commands]
    assert {"lint", "test", "docs"} <= set(targets)
    assert all(re.search(rf"^{one}:", makefile, re.MULTILINE) for one in targets)


def test_the_oldest_versions_are_the_lower_bounds():
    extras = project()["optional-dependencies"]
    groups = [group for name, group in extras.items() if name not in ("docs", "test")]
    requirements = [*project()["dependencies"], *sum(groups, [])]
    bounds = {
        one.name.lower(): str(one.specifier).replace(">=", "==")
        for one in map(Requirement, requirements)
        if one.name != "skmm"
    }
    # Beside them may stand tools of the tests, which have an upper bound.
    oldest = pins(".ci/oldest.txt")
    oldest = {name: pin for name, pin in oldest.items() if pin.startswith("==")}
    assert oldest == bounds


def test_the_tested_versions_are_allowed():
    tested = pins(".ci/constraints.txt")
    for group in [
        project()["dependencies"],
        *project()["optional-dependencies"].values(),
    ]:
        for one in map(Requirement, group):
            if one.name != "skmm":
                assert tested[one.name.lower()].removeprefix("==") in one.specifier


def test_the_recipe_of_conda_repeats_the_dependencies():
    recipe = re.search(r" run:\n((?: +- .*\n)+)", read("CONTRIBUTING.md"))[1]
    recipe = [
        line.strip(" -").replace("pytorch", "torch") for line in recipe.splitlines()
    ]
    expected = [f"python{project()['requires-python']}", *project()["dependencies"]]
    assert [line.replace(" ", "") for line in recipe] == expected


def test_ruff_is_one_version():
    config = yaml.safe_load(read(".pre-commit-config.yaml"))
    (ruff,) = [repo for repo in config["repos"] if "ruff" in repo["repo"]]
    assert ruff["rev"] == pins(".ci/constraints.txt")["ruff"].replace("==", "v")
