"""Libraries that come with an extra."""

import importlib


def optional_import(module, extra):
    """Import a module, or say which extra brings it.

    Parameters
    ----------
    module : str
    extra : str

    Returns
    -------
    module : module

    Raises
    ------
    ImportError
        If it is not installed.

    Examples
    --------
    >>> from skmm._utils.optional import optional_import
    >>> optional_import("a_missing_library", "image")
    Traceback (most recent call last):
    ImportError: a_missing_library is needed here... Remedy: pip install "skmm[image]"
    """
    root = module.partition(".")[0]
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        # A module that the library itself lacks is another matter.
        if error.name is None or error.name.partition(".")[0] != root:
            raise
        raise ImportError(
            f"{root} is needed here and not installed. Remedy: "
            f'pip install "skmm[{extra}]"'
        ) from error
