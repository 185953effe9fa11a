"""What a private training cannot have: refused by name, before anything is read."""

from skmm._training.private._targets import LOSSES
from skmm._utils.optional import optional_import
from skmm._utils.validation import check_options

_REMEDIES = {
    "text": "HashedTextEncoder",
    "table": "DeclaredTableEncoder",
    "vector": "UnitVectorEncoder",
}
#: Class of an encoder -> what it learns from the rows, and the kind of its remedy.
_LEARNED = {
    "TabularEncoder": ("quantiles, scales and categories", "table"),
    "TextEncoder": ("a vocabulary and the frequencies of its terms (IDF)", "text"),
    "VectorEncoder": ("means and deviations", "vector"),
    "TransformerEncoder": (
        "what its transformer learns, and means",
        "vector",
    ),
}
#: Callbacks that see no rows, by module and name.
_CALLBACKS = {
    ("skorch.callbacks.lr_scheduler", "LRScheduler"),
    ("sklearn.callback._progressbar", "ProgressBar"),
}
#: Options that must have one of some values: the values, why, and what to do.
_OPTIONS = {
    "alignment": (
        (None,),
        "an alignment's loss compares the rows of a batch, so that a row's gradient "
        "depends on the others",
        "Set alignment=None.",
    ),
    "mixup": ((None,), "mixup makes one row of two", "Set mixup=None."),
    "validation": (
        ("auto", None),
        "rows that stop the training or choose its best epoch are not covered by the "
        "budget",
        "Set validation=None: all rows train for max_epochs.",
    ),
    "label_smoothing": (
        (0.0,),
        "a private training takes the plain loss of each row",
        "Set label_smoothing=0.",
    ),
    "scoring": (
        (None,),
        "it is taken of rows that validate, which are not covered by the budget",
        "Set scoring=None.",
    ),
    "init": (
        (None,),
        "what another model learned from its rows is not accounted for",
        "Set init=None; a public network is read by UnitVectorEncoder.",
    ),
    "warm_start": (
        (False,),
        "what earlier fits spent is not accounted for",
        "Set warm_start=False.",
    ),
    "compile": (
        (False,),
        "gradients of single rows are not known in compiled code",
        "Set compile=False.",
    ),
    "precision": (
        ("auto", "float32"),
        "norms of gradients are too coarse in it to be clipped",
        "Set precision='auto', which is float32 with privacy=.",
    ),
}
#: Parameters that a private training may have with any value, and those that are looked
#: at by functions of their own. Another parameter, once there is one, is refused until
#: somebody has thought about it.
_KNOWN = {
    *("modalities", "kinds", "pretrained", "memory", "loss", "quantile", "fusion"),
    *("alignment_weight", "modality_dropout", "heads", "refit", "width", "depth"),
    *("dropout", "learning_rate", "learning_rate_schedule", "encoder_learning_rate"),
    *("freeze", "weight_decay", "batch_size", "max_epochs", "early_stopping"),
    # Weights of a teacher, which is refused itself.
    *("distillation_weight", "temperature"),
    *("n_iter_no_change", "time_limit", "privacy", "class_weight", "device"),
    *("callbacks", "random_state", "root", "verbose", "n_jobs"),
}


def check_private(options):
    """Raise for options that a private training cannot have.

    Parameters
    ----------
    options : dict
        The estimator's parameters, with a PrivacySpec.

    Raises
    ------
    ValueError
        It names the parameter, says why and what to do.
    ImportError
        If Opacus is not installed.
    """
    check_options(options["privacy"])
    for name, (allowed, why, remedy) in _OPTIONS.items():
        value = options.get(name, allowed[0])  # label_smoothing is of classifiers
        if not any(value is one or _is_equal(value, one) for one in allowed):
            raise _refusal(f"{name}={value!r}", why, remedy)
    for name, value in options.items():
        if name in _KNOWN or name in _OPTIONS:
            continue
        if value is not None and value is not False:
            raise _refusal(
                f"{name}={value!r}",
                "it is not known to learn nothing from the rows without noise",
                f"Set {name}=None.",
            )
    _check_target(options)
    _check_heads(options["heads"])
    _check_fusion(options["fusion"])
    _check_modalities(options["modalities"])
    check_private_callbacks(options["callbacks"] or (), "callbacks=")
    optional_import("opacus", "privacy")


def check_private_fit(estimator, sample_weight):
    """Raise for what a call of fit brings, and a private training cannot have.

    Parameters
    ----------
    estimator : BaseMultimodal
    sample_weight : array-like or None
    """
    if sample_weight is not None:
        raise _refusal(
            "sample_weight=",
            "a row of a large weight would count for several",
            "Fit without weights.",
        )
    callbacks = getattr(estimator, "_skl_callbacks", ())
    check_private_callbacks(callbacks, "set_callbacks:")


def check_private_size(spec, n_rows):
    """Raise if delta is so large that a row of the data could be published.

    Parameters
    ----------
    spec : PrivacySpec
    n_rows : int
    """
    if not spec.delta * n_rows < 1:
        raise ValueError(
            f"PrivacySpec(delta={spec.delta:g}): with {n_rows} rows, delta must be "
            f"below 1 / {n_rows} = {1 / n_rows:.2g}: publishing rows at random would "
            "keep the promise otherwise."
        )


def refuse_partial_fit():
    """Raise: how many steps there will be is not known."""
    raise _refusal(
        "partial_fit",
        "the noise depends on how many steps there will be",
        "Call fit with all rows.",
    )


def check_private_callbacks(callbacks, where):
    """Raise for callbacks that may see rows.

    Parameters
    ----------
    callbacks : iterable
        Of skorch, which may be pairs with a name, or of scikit-learn.
    where : str
        How they were given.
    """
    for callback in callbacks:
        one = callback[-1] if isinstance(callback, tuple) else callback
        cls = type(one)
        is_known = (cls.__module__, cls.__name__) in _CALLBACKS
        policy = getattr(one, "policy", None)
        if is_known and "ReduceLROnPlateau" not in (
            policy,
            getattr(policy, "__name__", None),
        ):
            continue
        raise _refusal(
            f"{where} {one!r}",
            "a callback may keep or publish what it sees of the rows and losses",
            "Allowed are skorch's LRScheduler, but not with ReduceLROnPlateau, and "
            "scikit-learn's ProgressBar.",
        )


def _check_target(options):
    spec, loss = options["privacy"], options["loss"]
    if "class_weight" not in options:
        if loss not in LOSSES:
            raise _refusal(
                f"loss={loss!r}",
                "its scale is learned from the targets",
                f"Take one of {', '.join(map(repr, LOSSES))}.",
            )
        if spec.target_range is None:
            raise _refusal(
                "target scaling",
                "mean and deviation of the targets are learned from the rows",
                "Declare the target's range: PrivacySpec(..., target_range=(smallest, "
                "largest)).",
            )
        return
    if loss != "log_loss":
        raise _refusal(
            f"loss={loss!r}",
            "its thresholds start from the classes' shares",
            "Take loss='log_loss'.",
        )
    if spec.classes is None:
        raise _refusal(
            "classes found in y",
            "that there is a class may be known from one row alone",
            "Declare them: PrivacySpec(..., classes=[...]).",
        )
    weights = options["class_weight"]
    if weights is None:
        return
    if not isinstance(weights, dict):
        raise _refusal(
            f"class_weight={weights!r}",
            "weights by the classes' frequencies are learned from the rows",
            "Pass a dict of weights that are known beforehand, or None.",
        )
    if not all(isinstance(one, (int, float)) and one > 0 for one in weights.values()):
        raise _refusal(
            f"class_weight={weights!r}",
            "rows of weight 0 are left out, and their number would be seen",
            "Give each class a weight above 0.",
        )


def _check_heads(heads):
    from skmm._training.heads import choose_heads

    if isinstance(heads, str):
        return  # "auto" is the fused head alone
    names = [one.name for one in choose_heads(heads)]
    others = [name for name in names if name != "fused"]
    if others:
        raise _refusal(
            f"heads={names!r}",
            f"{', '.join(map(repr, others))}: solved and boosted heads, and the "
            "mixture of several, learn from the rows without noise",
            "Set heads=['fused'].",
        )


def _check_fusion(fusion):
    from skmm.fusion import FUSIONS, make_fusion
    from skmm.fusion._base import Fusion

    made = make_fusion(fusion)
    if getattr(made, "can_be_private", Fusion.can_be_private):
        return
    able = [name for name in FUSIONS if make_fusion(name).can_be_private]
    raise _refusal(
        f"fusion={fusion!r}",
        "it has a loss over the rows of a batch, or weights in layers of which "
        "gradients of single rows are not known",
        f"Take one of {', '.join(map(repr, able))}.",
    )


def _check_modalities(modalities):
    from skmm.encoders import make_encoder
    from skmm.encoders._base import Encoder
    from skmm.modalities._resolver import is_dropped

    if isinstance(modalities, str):
        raise _refusal(
            f"modalities={modalities!r}",
            "which column is what is decided by the cells",
            "Write the modalities down, with encoders that learn nothing from rows: "
            f"{', '.join(_REMEDIES.values())}.",
        )
    for name, given, columns in modalities:
        if is_dropped(given):
            continue
        if callable(columns) or isinstance(columns, dict):
            raise _refusal(
                f"modality {name!r}, columns {columns!r}",
                "which columns they are, or how they are read, would depend on the "
                "cells",
                "Name the columns.",
            )
        encoder = make_encoder(given)
        if getattr(encoder, "can_be_private", Encoder.can_be_private):
            continue
        what, kind = _LEARNED.get(type(encoder).__name__, (None, None))
        remedies = [_REMEDIES[kind]] if kind else _REMEDIES.values()
        raise _refusal(
            f"modality {name!r}, {type(encoder).__name__}",
            f"it learns {what} from the rows"
            if what
            else "it is not known to learn nothing from the rows before the training",
            f"Take {', '.join(remedies)}, or an encoder of your own that declares "
            "can_be_private.",
        )


def _refusal(what, why, remedy):
    return ValueError(f"{what} cannot be had with privacy=: {why}. {remedy}")


def _is_equal(value, allowed):
    """Tell if two plain values are equal; others, such as arrays, are not."""
    return type(value) is type(allowed) and value == allowed
