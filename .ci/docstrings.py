"""Validate the docstrings of all public names with numpydoc.

``numpydoc lint`` reads files, and so neither sees what is public nor inherited
parameters; this looks at the objects. The checks are chosen in pyproject.toml.
"""

import importlib
import inspect
import sys
from pathlib import Path

from numpydoc.hooks.validate_docstrings import parse_config
from numpydoc.validate import validate

PACKAGES = (
    "skmm",
    "skmm.alignment",
    "skmm.augmentation",
    "skmm.callbacks",
    "skmm.datasets",
    "skmm.encoders",
    "skmm.feature_extraction",
    "skmm.fusion",
    "skmm.inspection",
    "skmm.io",
    "skmm.mlflow",
    "skmm.modalities",
    "skmm.model_selection",
    "skmm.semi_supervised",
    "skmm.serving",
    "skmm.sharing",
)


def public_names():
    """Yield dotted name and object of public classes, functions and methods."""
    for package in PACKAGES:
        module = importlib.import_module(package)
        for name in module.__all__:
            thing = getattr(module, name)
            if not (inspect.isclass(thing) or inspect.isfunction(thing)):
                continue
            yield f"{package}.{name}", thing
            for method, function in inspect.getmembers(thing, inspect.isfunction):
                ours = function.__module__.startswith("skmm.")
                # Without a docstring of its own a method keeps to its contract.
                if ours and not method.startswith("_") and function.__doc__:
                    yield f"{package}.{name}.{method}", function


def main():
    """Print what is wrong; return the number of such lines."""
    checks = parse_config(Path(__file__).parent.parent)["checks"]
    wrong = 0
    for name, thing in public_names():
        record = hasattr(thing, "_fields") or hasattr(thing, "__dataclass_fields__")
        for code, message in validate(name)["errors"]:
            # The fields of a record are under Attributes.
            if code in checks and not (record and code == "PR01"):
                print(f"{name}: {code} {message}")
                wrong += 1
    return wrong


if __name__ == "__main__":
    sys.exit(min(main(), 1))
