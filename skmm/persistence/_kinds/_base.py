"""What a kind of values is."""

from skmm.persistence._errors import ModelFileError


class Kind:
    """A kind of values: its tag in the file, and how it is written and read.

    In the file a value is the object ``{tag: body}``, with an ``"id"`` if other values
    refer to it.
    """

    tag: str
    #: What is of the kind by its very type, in which case `holds` is not asked.
    types: tuple[type, ...] = ()

    def holds(self, value):
        """Tell whether a value is of this kind."""
        return False

    def dump(self, value, dumper):
        """Return the body, which is JSON.

        Parameters
        ----------
        value : object
        dumper : Dumper
            Its call returns what is written for a value inside.
        """
        raise NotImplementedError

    def restore(self, body, restorer, remember):
        """Return the value.

        Parameters
        ----------
        body : object
            Whatever the file says: it need not be what `dump` returned.
        restorer : Restorer
            Its call returns the value of what is written.
        remember : callable
            To be called with the value before what is inside of it is restored, where
            that may refer to it.
        """
        raise NotImplementedError


def expect(body, cls):
    """Return a part of the file if it is of the type it must be; raise otherwise."""
    if type(body) is not cls:
        raise ModelFileError(
            f"Where {cls.__name__} should be written, it has {str(body)[:40]!r}."
        )
    return body


def field(body, name, cls=None):
    """Return an entry of an object in the file, of the type it must be."""
    if name not in expect(body, dict):
        raise ModelFileError(f"An entry lacks its {name!r}.")
    return body[name] if cls is None else expect(body[name], cls)
