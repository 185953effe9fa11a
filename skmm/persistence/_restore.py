"""From JSON and arrays to an object, without running anything that the file says."""

from skmm.persistence._errors import ModelFileError
from skmm.persistence._kinds import BY_TAG
from skmm.persistence._trust import find, is_trusted, may_call

_PLAIN = (str, int, bool, float, type(None))
#: Parts of a body whose keys are names of a user's own, not kinds of values.
_BY_OWN_NAMES = ("state", "slots", "fields")


class Restorer:
    """What a state is read with.

    Parameters
    ----------
    arrays : dict of str to ndarray
    trusted : collection of str, default=()
        Names of classes and functions, beyond those that always are.
    """

    def __init__(self, arrays, trusted=()):
        self._arrays = arrays
        self._trusted = frozenset(trusted)
        self._shared = {}
        self._found = {}

    def array(self, name):
        """Return an array by its name."""
        array = self._arrays.get(name) if type(name) is str else None
        if array is None:
            raise ModelFileError(f"It lacks the tensor {name!r}.")
        return array

    def find(self, name, is_right):
        """Return a class or function by its name, if it is trusted and of the sort."""
        if name not in self._found:
            self._found[name] = find(name, self._trusted)
        found = self._found[name]
        if not is_right(found):
            raise ModelFileError(
                f"It takes {name.replace(':', '.')} for another thing."
            )
        return found

    def may_call(self, name):
        """Tell whether a class may be made by a call."""
        return may_call(name) or name.replace(":", ".") in self._trusted

    def each(self, nodes):
        """Return the values of a list."""
        return [node if type(node) in _PLAIN else self(node) for node in nodes]

    def __call__(self, node):
        """Return the value of what is written."""
        if type(node) in _PLAIN:
            return node
        if type(node) is not dict or not node:
            raise ModelFileError(f"It has {str(node)[:40]!r} for a value.")
        tag = next(iter(node))
        if tag == "ref":
            if node["ref"] not in self._shared:
                raise ModelFileError("It refers to something before it is there.")
            return self._shared[node["ref"]]
        if tag not in BY_TAG or node.keys() - {tag, "id"}:
            raise ModelFileError(
                f"It has a value of the kind {tag!r}, which this version does not know."
            )
        number = node.get("id")

        def remember(value):
            if number is not None:
                self._shared[number] = value
            return value

        return remember(BY_TAG[tag].restore(node[tag], self, remember))


def untrusted_names(node):
    """Return the names in a state that are not loaded without being trusted.

    Nothing is imported.
    """
    names = sorted({name for name in _names(node) if not is_trusted(name)})
    return [name.replace(":", ".") for name in names]


def _names(node):
    """Yield the names of all classes and functions in a value."""
    if isinstance(node, list):
        for one in node:
            yield from _names(one)
    elif isinstance(node, dict):
        for tag, body in node.items():
            if tag in ("class", "function"):
                yield str(body)
            elif not isinstance(body, dict):
                yield from _names(body)
            elif tag == "map":
                yield from _names(list(body.values()))
            else:
                if tag in ("object", "module"):
                    yield str(body.get("class"))
                for key, part in body.items():
                    if key in _BY_OWN_NAMES and isinstance(part, dict):
                        part = list(part.values())
                    yield from _names(part)
