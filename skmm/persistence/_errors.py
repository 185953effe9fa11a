"""What is wrong with a file."""


class ModelFileError(ValueError):
    """A file is not a model that :func:`skmm.load` can read.

    It is damaged, of a later version, or not one of skmm's; the message says which.

    Examples
    --------
    >>> import skmm
    >>> try:
    ...     skmm.load("nothing.skmm")
    ... except FileNotFoundError as error:
    ...     print("not there")
    not there
    """


class UntrustedTypeError(ModelFileError):
    """A file names types that :func:`skmm.load` was not told to trust.

    Examples
    --------
    >>> from skmm.persistence import UntrustedTypeError
    >>> issubclass(UntrustedTypeError, ValueError)
    True
    """
