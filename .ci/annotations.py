"""Run mypy on skmm, and find public signatures that lack an annotation.

Public classes lie in private files, so that no setting of mypy tells them from what is
private; this goes by ``__all__``, as .ci/docstrings.py does.
"""

import importlib
import inspect
import subprocess
import sys
from pathlib import Path

from docstrings import PACKAGES

ROOT = Path(__file__).parents[1]

#: Special methods that a user calls, by name or by a sign.
SPECIAL = {
    "__call__",
    "__eq__",
    "__getitem__",
    "__init__",
    "__iter__",
    "__len__",
}


def public_signatures():
    """Yield name, for a message, and function.

    Methods are those of skmm's own classes, properties among them, also where a public
    class inherits them from a private one.
    """
    for package in PACKAGES:
        module = importlib.import_module(package)
        for name in module.__all__:
            thing = getattr(module, name)
            if inspect.isfunction(thing):
                yield name, thing
            elif inspect.isclass(thing):
                for method, function in methods(thing):
                    yield f"{name}.{method}", function


def methods(cls):
    """Yield name and function of the public methods and properties of a class."""
    for name in dir(cls):
        if name.startswith("_") and name not in SPECIAL:
            continue
        member = inspect.getattr_static(cls, name)
        if isinstance(member, (classmethod, staticmethod)):
            member = member.__func__
        elif isinstance(member, property):
            member = member.fget
        if not inspect.isfunction(member):
            continue
        member = inspect.unwrap(member)
        # Methods of records are made by the standard library, from annotated fields.
        generated = member.__code__.co_filename.startswith("<")
        if member.__module__.startswith("skmm.") and not generated:
            yield name, member


def lacking(function):
    """Return what has no annotation: names of parameters, and "return"."""
    signature = inspect.signature(function)
    params = list(signature.parameters.values())
    if params and params[0].name in ("self", "cls"):
        del params[0]
    names = [p.name for p in params if p.annotation is p.empty]
    if signature.return_annotation is signature.empty:
        names.append("return")
    return names


def find_unannotated():
    """Return the functions that were looked at, and lines that tell what is wrong."""
    seen, wrong = set(), []
    for name, function in public_signatures():
        if function in seen:
            continue
        seen.add(function)
        if names := lacking(function):
            code = function.__code__
            place = f"{code.co_filename}:{code.co_firstlineno}"
            wrong.append(f"{place}: {name} has no types for {', '.join(names)}")
    return seen, wrong


def main():
    """Print what is wrong; return whether anything is."""
    failed = subprocess.run([sys.executable, "-m", "mypy"], cwd=ROOT).returncode
    # As mypy does, look at the files beside this one, whatever is installed.
    sys.path.insert(0, str(ROOT))
    seen, wrong = find_unannotated()
    print(*wrong, f"{len(seen)} public signatures looked at.", sep="\n")
    return bool(failed or wrong)


if __name__ == "__main__":
    sys.exit(main())
