"""Public names of a package that are imported when they are first asked for."""

import importlib
import sys


def attach(package, modules):
    """Return the functions that make names of a package lazy (PEP 562).

    Type checkers do not see these names: the package imports them a second time under
    ``if TYPE_CHECKING:``, and lists them in ``__all__``. What is returned belongs under
    ``if not TYPE_CHECKING:``, since to a checker a package with a ``__getattr__`` has
    whatever name it is asked for.

    Parameters
    ----------
    package : str
        The package's ``__name__``.
    modules : dict of str to str
        The module that defines each name. A name whose module is ``package.name`` is
        that module itself.

    Returns
    -------
    getter : callable
        The package's ``__getattr__``.
    lister : callable
        The package's ``__dir__``: what is public, imported or not.

    Examples
    --------
    >>> from skmm._utils.lazy import attach
    >>> __getattr__, __dir__ = attach("skmm.io", {"ImageReader": "skmm.io._image"})
    >>> __getattr__("ImageReader").__name__
    'ImageReader'
    """

    def __getattr__(name):
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = importlib.import_module(modules[name])
        value = module
        if modules[name] != f"{package}.{name}":
            value = getattr(module, name)
        # The next look-up finds it in the package, and does not come here.
        setattr(sys.modules[package], name, value)
        return value

    def __dir__():
        return list(sys.modules[package].__all__)

    return __getattr__, __dir__
