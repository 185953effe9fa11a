"""Parameters of the structure, which a model keeps, and those of each training."""

import numbers

import numpy as np

#: What the first fit settles: another value needs another model. All other parameters
#: are read anew at every fit and partial_fit.
STRUCTURE = (
    "tasks",
    "modalities",
    "kinds",
    "pretrained",
    "fusion",
    "heads",
    "width",
    "depth",
    "dropout",
    "init",
    "loss",
    "quantile",
)


#: What reaches the heads that a net trains, and no other.
OF_NET = ("balance", "adversarial", "sampler", "teacher", "label_smoothing")


def check_needs_net(options, heads):
    """Raise an error for parameters that no head would learn from.

    Parameters
    ----------
    options : dict
        The estimator's parameters.
    heads : list of str
        None of which a net trains.

    Raises
    ------
    ValueError
    """
    for name in OF_NET:
        value = options.get(name)
        if value is not None and value != 0:
            raise ValueError(
                f"{name}= reaches the heads 'fused' and 'wide' alone, and "
                f"heads={heads} has neither. Add 'fused', or leave {name}= out."
            )


def remember(value):
    """Return a copy of a parameter that later changes of it do not reach.

    Objects with parameters become their class and their parameters; arrays, functions
    and networks are kept as they are.

    Parameters
    ----------
    value : object
    """
    if isinstance(value, (list, tuple)):
        return [remember(one) for one in value]
    if isinstance(value, dict):
        return {key: remember(one) for key, one in value.items()}
    if hasattr(value, "get_params") and not isinstance(value, type):
        return _Part(type(value), remember(value.get_params(deep=False)))
    return value


def remember_structure(params):
    """Return copies of the parameters of the structure.

    Parameters
    ----------
    params : dict
        All parameters of the estimator, as ``get_params(deep=False)`` gives them.
    """
    return {name: remember(params[name]) for name in STRUCTURE if name in params}


def check_structure(known, params):
    """Raise an error if a parameter of the structure is not what it was.

    Parameters
    ----------
    known : dict
        Of :func:`remember_structure`.
    params : dict

    Raises
    ------
    ValueError
        It names the parameters, nested ones as ``set_params`` does.
    """
    changed = [
        path
        for name, now in remember_structure(params).items()
        for path in _differences(name, known[name], now)
    ]
    if changed:
        raise ValueError(
            f"{', '.join(changed)}: not as in the fit that this one continues. These "
            "parameters belong to the model's structure: set them back, or fit anew "
            "with warm_start=False."
        )


def is_same(known, now):
    """Tell if two values of a parameter, remembered, are equal."""
    if known is now:
        return True
    if isinstance(known, numbers.Number) and isinstance(now, numbers.Number):
        return known == now  # a search may hand on NumPy's numbers
    if type(known) is not type(now):
        return False
    if isinstance(known, _Part):
        return known.cls is now.cls and is_same(known.params, now.params)
    if isinstance(known, list):
        return len(known) == len(now) and all(map(is_same, known, now))
    if isinstance(known, dict):
        return known.keys() == now.keys() and all(
            is_same(known[key], now[key]) for key in known
        )
    try:
        return bool(np.all(known == now)) and np.shape(known) == np.shape(now)
    except (TypeError, ValueError):
        return False


class _Part:
    """An object with parameters: its class, and what they were."""

    def __init__(self, cls, params):
        self.cls = cls
        self.params = params


def _differences(name, known, now):
    """Yield the paths of what differs: ``fusion__rank``, ``text__backbone``."""
    if is_same(known, now):
        return
    both = [value for value in (known, now) if isinstance(value, _Part)]
    if len(both) == 2 and known.cls is now.cls:
        for key in now.params:
            yield from _differences(
                f"{name}__{key}", known.params.get(key), now.params[key]
            )
    elif name == "modalities" and _are_alike(known, now):
        for (modality, before, _), (_, after, _) in zip(known, now):
            yield from _differences(modality, before, after)
    else:
        yield name


def _are_alike(known, now):
    """Tell if modalities differ at most in their encoders."""
    if not (isinstance(known, list) and isinstance(now, list)):
        return False
    return len(known) == len(now) and all(
        len(a) == len(b) == 3 and is_same(a[::2], b[::2]) for a, b in zip(known, now)
    )
