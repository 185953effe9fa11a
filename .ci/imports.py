"""Which package of skmm imports which: a table, and an error for an import upward.

Usage: ``python .ci/imports.py``; ``make lint`` runs it.
"""

import ast
import collections
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).parents[1] / "skmm"

#: From the lowest layer to the highest: a package imports its own layer's own files,
#: and lower layers. `_root` are the modules beside ``skmm/__init__.py``.
LAYERS = [
    ["_plain", "_utils", "datasets"],
    ["persistence"],
    ["_data", "privacy"],
    ["_nn"],
    ["io", "_pretrained"],
    ["runtime"],
    ["alignment", "augmentation", "fusion"],
    ["modalities"],
    ["feature_extraction"],
    ["encoders"],
    ["_training"],
    ["sharing"],
    ["_root"],
    ["_export", "inspection", "model_selection", "semi_supervised"],
    ["mlflow", "serving"],
    ["_programs"],
]
#: Modules that may lie beside ``skmm/__init__.py``.
ROOT_MODULES = {
    "__init__",
    "_base",
    "_calibrated",
    "_classifier",
    "_composition",
    "_diagram",
    "_multitask",
    "_regressor",
    "_saving",
    "_unimodal",
    "callbacks",
}
#: Modules there that nothing imports: what ``python -m`` runs.
PROGRAMS = {"__main__", "demo"}
#: Only this module takes what scikit-learn keeps private.
PRIVATE_NAMES = "_utils.compat"
#: The one table of kinds names the encoder and the Vectorizer of each, which lie above
#: it: so that a kind is one entry. Nothing is imported before it is asked for by name.
TABLE_OF_KINDS = "modalities._kinds"

MODULE = re.compile(r"skmm(\.\w+)+")


def read_modules():
    """Return the syntax tree of each module, by its name without ``skmm.``."""
    trees = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(part for part in parts if part != "__init__")
        trees[name or "__init__"] = ast.parse(path.read_text(encoding="utf-8"))
    return trees


def walk(tree):
    """Yield all nodes but those under `if TYPE_CHECKING:`, which no program runs."""
    yield tree
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            continue
        yield from walk(node)


def imported(tree, strings=True):
    """Yield (dotted name, line) of all that a module imports, wherever in it."""
    for node in walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                yield f"{node.module}.{alias.name}", node.lineno
        elif not strings or not isinstance(node, ast.Constant):
            continue
        elif MODULE.fullmatch(str(node.value)):
            # Tables of names that are imported later: "skmm.fusion._gated".
            yield node.value, node.lineno


def package_of(name, packages):
    """Return the package that a module or a public name lies in."""
    first = name.partition(".")[0]
    if first in PROGRAMS:
        return "_programs"
    return first if first in packages else "_root"


def main():
    """Print the table; return what is wrong, a list of lines."""
    trees = read_modules()
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    level = {name: i for i, layer in enumerate(LAYERS) for name in layer}
    edges = collections.defaultdict(set)
    wrong = [
        f"skmm/{name}: a package without a place in LAYERS of .ci/imports.py"
        for name in sorted(packages - set(level))
    ]
    for module, tree in trees.items():
        package = package_of(module, packages)
        if package == "_root" and module not in ROOT_MODULES:
            wrong.append(f"skmm/{module}.py: a module that has no place at the root")
        for name, line in imported(tree, strings=module != TABLE_OF_KINDS):
            place = f"skmm.{module}, line {line}"
            private = [p for p in name.split(".")[1:] if p.startswith("_")]
            if name.startswith("sklearn.") and private and module != PRIVATE_NAMES:
                wrong.append(f"{place}: {name} is private, skmm.{PRIVATE_NAMES} has it")
            if not name.startswith("skmm."):
                continue
            other = package_of(name.removeprefix("skmm."), packages)
            # The public names are looked up in a table when they are asked for.
            if other == package or module == "__init__":
                continue
            edges[package].add(other)
            if level.get(other, 0) >= level.get(package, 0):
                wrong.append(f"{place}: skmm.{package} imports {name}, upward")
    width = max(map(len, level))
    for name in level:
        if name in packages or name in ("_root", "_programs"):
            below = sorted(edges[name], key=lambda other: (level[other], other))
            print(f"{name:<{width}}  {', '.join(below) or '-'}")
    return wrong


if __name__ == "__main__":
    problems = main()
    print(*problems, sep="\n")
    sys.exit(bool(problems))
