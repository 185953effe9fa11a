"""Doing once what several fits on the same rows have in common."""

import time
import types

import joblib
from joblib.hashing import NumpyHasher

from skmm._utils.compat import Parallel, delayed


class Steps:
    """Call the steps of a preparation, and nothing more: the way of a lone fit."""

    def __call__(self, function, *same, **equal):
        """Call ``function(*same, **equal)``."""
        return function(*same, **equal)

    def each(self, function, calls, n_jobs=None):
        """Call a function with each pair (positional, keyword arguments).

        Parameters
        ----------
        function : callable
        calls : list of (tuple, dict)
        n_jobs : int, default=None
            Processes.

        Returns
        -------
        values : list
        """
        if joblib.effective_n_jobs(n_jobs) == 1:  # joblib costs as much as a small step
            return [function(*same, **equal) for same, equal in calls]
        return Parallel(n_jobs=n_jobs)(
            delayed(function)(*same, **equal) for same, equal in calls
        )


class StepCache(Steps):
    """Call each step once, and remember what it gave for as long as the cache lives.

    Positional arguments are the same if they are one object (frames, fitted encoders:
    large, and never changed in place), keyword arguments if they are equal (row
    numbers, targets, options). An error is not remembered.

    Attributes
    ----------
    seconds : float
        Spent on calls that were not remembered yet.
    saved : float
        Seconds that the remembered calls had taken: what not asking the cache would
        have cost beside.
    """

    def __init__(self):
        self.seconds = 0.0
        self.saved = 0.0
        self._made = {}

    def __call__(self, function, *same, **equal):
        return self.each(function, [(same, equal)])[0]

    def each(self, function, calls, n_jobs=None):
        keys = [
            (function, tuple(map(id, same)), content(equal)) for same, equal in calls
        ]
        new = {key: call for key, call in zip(keys, calls) if key not in self._made}
        self.saved += sum(self._made[key][2] for key in keys if key not in new)
        if new:
            start = time.perf_counter()
            values = super().each(function, new.values(), n_jobs)
            seconds = time.perf_counter() - start
            for (key, call), value in zip(new.items(), values):
                # With the call: an id tells objects apart only while they live.
                self._made[key] = call, value, seconds / len(new)
            self.seconds += seconds
        return [self._made[key][1] for key in keys]

    def __reduce__(self):
        # What an estimator under evaluation is pickled with: nothing is remembered.
        return type(self), ()


def content(value):
    """Return a key that two values share only if they are equal.

    What cannot be pickled (a generator among the options) equals nothing.
    """
    try:
        return _Hasher().hash(value)
    except Exception:
        return object()


class _Hasher(NumpyHasher):
    """joblib's hash; functions and classes, which may have no importable name, by id.

    Copies of an estimator share them: ``clone`` copies neither.
    """

    def save(self, obj):
        if isinstance(obj, (type, types.FunctionType)):
            obj = ("by id", id(obj))
        super().save(obj)
