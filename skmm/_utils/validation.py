"""Options of parts, checked by a table a class: before anything is read.

A table, ``_parameter_constraints``, is scikit-learn's: for each parameter of
``__init__`` what it may be. A subclass extends that of its base.
"""

from typing import Any

from sklearn import get_config
from sklearn.base import BaseEstimator

from skmm._utils.compat import (
    InvalidParameterError,
    Options,
    StrOptions,
    make_constraint,
    validate_parameter_constraints,
)
from skmm._utils.documentation import DocumentationLinkMixin
from skmm._utils.names import did_you_mean


class Part(DocumentationLinkMixin, BaseEstimator):
    """Base of fusions, alignments, augmentations and encoders: of what has options.

    Attributes
    ----------
    _parameter_constraints : dict
        Class attribute: what each parameter may be, as in scikit-learn. A parameter
        that is not in it is not checked.
    """

    _parameter_constraints: dict[str, Any] = {}

    def _check_combinations(self):
        """Raise a ValueError for options that do not go together.

        Each of them is one that the table allows.
        """


class Names(StrOptions):
    """Constraint: one of some names, which an error lists in their order.

    Parameters
    ----------
    names : iterable of str
    """

    def __init__(self, names):
        super().__init__(set(names))
        self.options = dict.fromkeys(names)


class SequenceOf(Options):
    """Constraint: a list or tuple of items that each satisfy a constraint.

    Parameters
    ----------
    *constraints
        As in a table: an item has to satisfy one.
    length : int or (int, int or None), default=(0, None)
        How many items there are, or from how many to how many.
    description : str or None, default=None
        What an error says it is; None spells it out.
    """

    # Only subclasses of its own kinds of constraints are known to scikit-learn.
    def __init__(self, *constraints, length=(0, None), description=None):
        super().__init__(object, set())
        self.constraints = [make_constraint(one) for one in constraints]
        self.shortest, self.longest = (
            length if isinstance(length, tuple) else [length] * 2
        )
        self.description = description or self._describe()

    def is_satisfied_by(self, val):
        """Tell whether it is such a sequence."""
        if not isinstance(val, (list, tuple)) or len(val) < self.shortest:
            return False
        if self.longest is not None and len(val) > self.longest:
            return False
        return all(
            any(one.is_satisfied_by(item) for one in self.constraints) for item in val
        )

    def _describe(self):
        each = " or ".join(map(str, self.constraints))
        low, high = self.shortest, self.longest
        number = f"{low} to {high}" if high else f"at least {low}"
        if low == high:
            number = f"{low}"
        return f"a list or tuple of {number} items, each {each}"

    def __str__(self):
        return self.description


class ModuleClass(Options):
    """Constraint: a class of ``nn.Module``, not one of its objects."""

    def __init__(self):
        super().__init__(type, set())

    def is_satisfied_by(self, val):
        """Tell whether it is such a class: torch need not be imported for that."""
        return isinstance(val, type) and hasattr(val, "forward")

    def __str__(self):
        return "an nn.Module class"


def check_options(part):
    """Check the options of an object, and of the parts that are among a part's.

    Parameters
    ----------
    part : object
        What has no table, and classes, pass.

    Raises
    ------
    InvalidParameterError
        A ValueError that names the parameter and the class, what is allowed, and for
        a misspelled name the nearest.
    ValueError
        If options do not go together.
    """
    table = getattr(part, "_parameter_constraints", None)
    if (
        not isinstance(table, dict)
        or isinstance(part, type)
        or get_config()["skip_parameter_validation"]
    ):
        return
    params = part.get_params(deep=False)
    for name, value in params.items():
        constraints = table.get(name, "no_validation")
        check_value(value, constraints, name, type(part).__name__)
    if not isinstance(part, Part):
        # What lies within, a search may be there to set.
        return
    part._check_combinations()
    for name, value in params.items():
        several = any(isinstance(one, SequenceOf) for one in table.get(name, ()))
        for item in value if several and isinstance(value, (list, tuple)) else [value]:
            check_options(item)


def check_arguments(values, table, owner):
    """Check the arguments of a function.

    Parameters
    ----------
    values : dict of str to object
        By the names of its parameters; others may be among them.
    table : dict of str to list
        Constraints of those that are checked.
    owner : str
        Name of the function.

    Raises
    ------
    InvalidParameterError
        As of :func:`check_value`.
    """
    for parameter, constraints in table.items():
        check_value(values[parameter], constraints, parameter, owner)


def check_value(value, constraints, parameter, owner):
    """Check one value.

    Parameters
    ----------
    value : object
    constraints : list or "no_validation"
        As in a table.
    parameter : str
        Its name.
    owner : str
        Name of the class or function whose parameter it is.

    Raises
    ------
    InvalidParameterError
        In scikit-learn's words, with the nearest name where one was misspelled.
    """
    try:
        validate_parameter_constraints(
            {parameter: constraints}, {parameter: value}, caller_name=owner
        )
    except InvalidParameterError as error:
        hint = _nearest(value, constraints)
        raise InvalidParameterError(f"{error}{hint}") from None


def _nearest(value, constraints):
    """Return a question for the name that was meant, for the first that is unknown."""
    items = value if isinstance(value, (list, tuple)) else [value]
    names = []
    for one in constraints:
        for inner in getattr(one, "constraints", [one]):
            if isinstance(inner, StrOptions):
                names.extend(inner.options)
    for item in items:
        if isinstance(item, str) and item not in names:
            return did_you_mean(item, names)
    return ""
