"""What type checkers see is what there is."""

import ast
import importlib
import pathlib

import pytest

import skmm

ROOT = pathlib.Path(skmm.__file__).parent
LAZY = [
    "skmm",
    "skmm.alignment",
    "skmm.augmentation",
    "skmm.encoders",
    "skmm.feature_extraction",
    "skmm.fusion",
    "skmm.io",
]


def imported_for_types(tree):
    """Return the module of each name that is imported under `if TYPE_CHECKING:`."""
    found = {}
    for node in tree.body:
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            for line in node.body:
                for alias in line.names:
                    module = getattr(line, "module", alias.name)
                    # A subpackage is a module itself.
                    if module == "skmm":
                        module = f"skmm.{alias.name}"
                    found[alias.asname or alias.name] = module
    return found


def literal_all(tree):
    """Return `__all__` as it is read without running the module."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "__all__":
            return ast.literal_eval(node.value)
    raise AssertionError("no __all__ = [...]")


@pytest.mark.parametrize("name", LAZY)
def test_type_checkers_see_the_lazy_names(name):
    package = importlib.import_module(name)
    tree = ast.parse(pathlib.Path(package.__file__).read_text())
    public = literal_all(tree)
    assert public == package.__all__
    assert len(public) == len(set(public))
    # Others are imported there for annotations.
    lazy = {k: module for k, module in imported_for_types(tree).items() if k in public}
    assert lazy == package._PUBLIC
    # What is left is there from the beginning.
    assert set(public) - set(lazy) <= set(vars(package))
    assert dir(package) == sorted(public)


@pytest.mark.parametrize("name", LAZY)
def test_an_unknown_name_is_an_attribute_error(name):
    package = importlib.import_module(name)
    with pytest.raises(AttributeError, match=f"module '{name}' has no attribute 'no'"):
        package.no  # noqa: B018
