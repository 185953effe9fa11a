"""Which names in a file are taken for what they are, and which only if one says so."""

import importlib
import sys
import types

from skmm.persistence._errors import ModelFileError, UntrustedTypeError

_BUILTINS = {
    "bool",
    "bytes",
    "complex",
    "dict",
    "float",
    "frozenset",
    "int",
    "list",
    "object",
    "set",
    "str",
    "tuple",
}
#: Classes of other packages that only hold what they are given.
_HOLDERS = {"sklearn.utils._bunch:Bunch"}
#: Parts of skmm that a model has nothing of.
_NOT_OURS = {
    "__main__",
    "demo",
    "persistence",
    "datasets",
    "mlflow",
    "serving",
    "sharing",
}
#: scikit-learn's estimators whose compiled code trusts their state blindly.
_BLIND = ("sklearn.svm.", "sklearn.neighbors.")
#: Those among them that only multiply.
_SEEING = {"sklearn.svm._classes:LinearSVC", "sklearn.svm._classes:LinearSVR"}
#: Modules whose functions compute something of arrays, and do nothing else.
_FUNCTIONS = ("sklearn.metrics.", "sklearn.feature_selection.", "torch.nn.functional.")
#: Modules whose layers, configurations and tokenizers are loaded.
_LAYERS = (
    "torch.nn.modules.",
    "torch.nn.functional",
    "transformers.activations",
    "transformers.configuration_utils",
    "transformers.models.",
    "transformers.tokenization_",
    "transformers.pytorch_utils",
)
#: Likewise functions that are compiled.
_COMPILED = {"torch._C._nn:gelu"}
#: What may be made by a call, since it has no state.
_CALLED = {"skmm._utils.step_cache:Steps", "skmm._utils.step_cache:RecordingSteps"}


def name_of(value, where):
    """Return ``module:name`` of a class or function.

    Raises
    ------
    TypeError
        If it cannot be found by that name again.
    """
    import numpy as np

    module = "numpy" if isinstance(value, np.ufunc) else value.__module__
    name = getattr(value, "__qualname__", value.__name__)
    found = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    if found is not value or module == "__main__":
        why = "it is defined in a script" if module == "__main__" else "it has no name"
        raise TypeError(
            f"{where} is {value!r}, which another program cannot import: {why}. Define "
            "it in a module, at its top level."
        )
    return f"{module}:{name}"


def may_call(name):
    """Tell whether a file may have a class made by a call."""
    return name in _CALLED


def is_trusted(name):
    """Tell by its name whether something is loaded without being asked for.

    It is looked at once more when it is there: see :func:`find`.
    """
    module, _, attribute = name.partition(":")
    top = module.partition(".")[0]
    if module == "builtins":
        return attribute in _BUILTINS
    if name in _HOLDERS:
        return True
    if top == "skmm":
        return module.split(".")[1:2] != [] and module.split(".")[1] not in _NOT_OURS
    if top in ("sklearn", "skrub"):
        return name in _SEEING or not f"{module}.".startswith(_BLIND)
    return module == "numpy" or module.startswith(_LAYERS) or name in _COMPILED


def find(name, trusted=()):
    """Return the class or function of a name.

    Parameters
    ----------
    name : str
        ``module:name``.
    trusted : collection of str
        What is loaded beyond what always is.

    Raises
    ------
    UntrustedTypeError
        If it is not trusted. Then its module is not imported either.
    """
    module, colon, attribute = name.partition(":")
    if not colon or not attribute or not module.replace(".", "").isidentifier():
        raise ModelFileError(f"It has a name {name!r}.")
    is_named = name in trusted or name.replace(":", ".") in trusted
    if not is_named and not is_trusted(name):
        raise UntrustedTypeError(not_trusted([name.replace(":", ".")]))
    try:
        found = importlib.import_module(module)
        for part in attribute.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise ModelFileError(
            f"It needs {name.replace(':', '.')}, which could not be imported: {error}. "
            "Install the package that has it."
        ) from error
    if not is_named and not _is_what_it_says(found, name):
        raise UntrustedTypeError(not_trusted([name.replace(":", ".")]))
    return found


def _is_what_it_says(found, name):
    """Tell whether something of a trusted module is of the sort that is trusted."""
    import numpy as np

    module, _, attribute = name.partition(":")
    top = module.partition(".")[0]
    if isinstance(found, type):
        if top in ("skmm", "sklearn", "skrub"):
            # Defined there, not only imported.
            is_own = found.__module__.partition(".")[0] == top
            return is_own and not issubclass(found, BaseException)
        if top == "numpy":
            return issubclass(found, np.generic)
        if top == "torch":
            from torch import nn

            return issubclass(found, nn.Module)
        if top == "transformers":
            return issubclass(found, _classes_of_transformers())
        return True
    if isinstance(found, np.ufunc):
        return top == "numpy"
    if isinstance(found, types.FunctionType):
        if top == "skrub":
            # What its selectors ask a column.
            return (
                module == "skrub.selectors._selectors"
                or attribute.startswith("is_")
                or attribute.endswith("_predicate")
            )
        return f"{found.__module__}.".startswith(_FUNCTIONS)
    return name in _COMPILED


def _classes_of_transformers():
    from torch import nn
    from transformers import PreTrainedConfig, PreTrainedTokenizerBase

    return nn.Module, PreTrainedConfig, PreTrainedTokenizerBase


def not_trusted(names):
    """Return what there is to say about names that are not loaded by themselves."""
    return (
        f"It has {', '.join(names)}, which skmm does not know. If you trust who made "
        f"the file and what these do, pass trusted={list(names)!r}."
    )
