"""Any other object: its class by name, and its state."""

import copyreg

import sklearn

import skmm
from skmm.persistence._errors import ModelFileError
from skmm.persistence._kinds._base import Kind, expect, field
from skmm.persistence._kinds._sklearn import Forest, check_estimator, is_forest
from skmm.persistence._trust import may_call, name_of

#: The versions that objects have in their states.
_STAMPS = {"_sklearn_version": sklearn.__version__, "_skmm_version": skmm.__version__}


class Object(Kind):
    """An object whose state is what it has for attributes and items.

    Nothing of its class runs but ``__new__``, without arguments unless the class is a
    tuple of its own, and ``__setstate__`` where there is one.
    """

    tag = "object"

    def holds(self, value):
        return True

    def dump(self, value, dumper):
        cls = type(value)
        name = name_of(cls, dumper.where)
        reduced = value.__reduce_ex__(4)
        if isinstance(reduced, str):
            raise _not_written(dumper.where, cls)
        function, args, state, items, pairs = (*reduced, *[None] * 5)[:5]
        if function is cls and may_call(name):
            return {"class": name, "call": dumper.each(args)}
        if function is copyreg.__newobj_ex__ and not args[2]:
            function, args = copyreg.__newobj__, (args[0], *args[1])
        if function is not copyreg.__newobj__ or args[0] is not cls:
            raise _not_written(dumper.where, cls)
        body = {"class": name}
        if len(args) > 1:
            body["args"] = dumper.each(args[1:])
        if isinstance(state, tuple) and len(state) == 2:
            state, slots = state
            if slots:
                body["slots"] = _attributes(slots, dumper)
        if isinstance(state, dict) and not dumper.optimizer:
            left_out = getattr(cls, "optimizer_state", ())
            state = {**state, **dict.fromkeys(left_out)}
        if isinstance(state, dict) and all(type(key) is str for key in state):
            body["state"] = _attributes(state, dumper)
        elif state is not None:
            body["whole_state"] = dumper(state)
        if items is not None and (listed := list(items)):
            body["items"] = dumper.each(listed)
        if pairs is not None and (listed := list(pairs)):
            body["keys"] = dumper.each([key for key, _ in listed])
            body["values"] = dumper.each([value for _, value in listed])
        return body

    def restore(self, body, restorer, remember):
        cls = restorer.find(field(body, "class", str), _is_class)
        if "call" in body:
            if not restorer.may_call(body["class"]):
                raise ModelFileError(f"It calls {body['class']}, which is not called.")
            return cls(*restorer.each(expect(body["call"], list)))
        args = restorer.each(expect(body.get("args", []), list))
        try:
            made = remember(cls.__new__(cls, *args))
        except TypeError as error:
            raise ModelFileError(f"It has a damaged {cls.__name__}: {error}") from None
        if "items" in body:
            made.extend(restorer.each(expect(body["items"], list)))
        if "keys" in body:
            keys = restorer.each(expect(body["keys"], list))
            values = restorer.each(field(body, "values", list))
            for key, value in zip(keys, values):
                made[key] = value
        state = {
            name: restorer(one)
            for name, one in expect(body.get("state", {}), dict).items()
        }
        slots = {
            name: restorer(one)
            for name, one in expect(body.get("slots", {}), dict).items()
        }
        if "whole_state" in body:
            state = restorer(body["whole_state"])
        if hasattr(cls, "__setstate__"):
            if type(state) is dict:
                # They compare; the versions of the file were compared already.
                state.update({key: now for key, now in _STAMPS.items() if key in state})
            if "state" in body or "whole_state" in body or slots:
                made.__setstate__((state, slots) if slots else state)
        else:
            expect(state, dict)
            # Attributes themselves: no property and no __setattr__ runs.
            getattr(made, "__dict__", {}).update(state)
            for name, one in slots.items():
                object.__setattr__(made, name, one)
        check_estimator(made)
        if hasattr(cls, "_mark_as_loaded"):
            made._mark_as_loaded()
        return made


def _attributes(state, dumper):
    return {
        key: dumper(Forest(value) if is_forest(value) else value, f".{key}")
        for key, value in state.items()
    }


def _is_class(cls):
    return isinstance(cls, type)


def _not_written(where, cls):
    return TypeError(
        f"{where} is {cls.__module__}.{cls.__qualname__}, whose state is not Python's, "
        "so that skmm.save cannot write it without a pickle. Leave it out, or use a "
        "part that keeps arrays and plain attributes."
    )


KINDS = [Object()]
