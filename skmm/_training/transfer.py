"""The fitted estimator that a fit starts from."""

import copy
import os


class Transfer:
    """Encoders of a fitted estimator, by the names of their modalities.

    Parameters
    ----------
    encoders : dict of str to Encoder
        Fitted.
    modules : dict of str to nn.Module
    """

    def __init__(self, encoders=None, modules=None):
        self.encoders = encoders or {}
        self.modules = modules or {}

    def copy_weights(self, module):
        """Put the weights of the encoders into a module that was built for them.

        Parameters
        ----------
        module : MultimodalModule
        """
        if "fused" not in module.heads:
            return
        fused = module.heads["fused"]
        for name, encoder in zip(fused.names, fused.encoders):
            if name in self.modules:
                encoder.load_state_dict(self.modules[name].state_dict())


def load_transfer(init, modalities, width):
    """Find in a fitted estimator the encoders for these modalities.

    Parameters
    ----------
    init : FrozenEstimator, estimator, path or None
    modalities : list of (name, encoder, columns)
        Of the fit that starts.
    width : int

    Returns
    -------
    transfer : Transfer

    Raises
    ------
    ValueError
        If it is no fitted estimator of skmm, or nothing of it fits.
    """
    if init is None:
        return Transfer()
    fitted = _read(init)
    if fitted.width != width:
        raise ValueError(
            f"The estimator of init= has width={fitted.width}, this one width={width}. "
            f"Set width={fitted.width}."
        )
    theirs = {name: (encoder, columns) for name, encoder, columns in fitted.modalities_}
    shared = [name for name, _, _ in modalities if name in theirs]
    if not shared:
        raise ValueError(
            f"The estimator of init= has the modalities {list(theirs)}, and none of "
            f"{[name for name, _, _ in modalities]}. Give the modalities that are to "
            "start from it the same names."
        )
    for name, encoder, columns in modalities:
        if name in theirs:
            _check_alike(name, encoder, columns, *theirs[name])
    fused = fitted._learner.fused
    modules = dict(zip(fused.names, fused.encoders))
    return Transfer(
        {name: copy.deepcopy(theirs[name][0]) for name in shared},
        {name: modules[name] for name in shared},
    )


def _read(init):
    if isinstance(init, (str, os.PathLike)):
        from skmm.persistence import load

        if not os.path.exists(init):
            raise ValueError(f"init={str(init)!r}: there is no such file.")
        init = load(init)
    fitted = getattr(init, "estimator", init)
    if not hasattr(fitted, "_learner") or fitted._learner.fused is None:
        raise ValueError(
            "init= takes a fitted MultimodalClassifier or MultimodalRegressor with a "
            f"fused head, in a FrozenEstimator, or the path of one; got {init!r}."
        )
    return fitted


def _check_alike(name, encoder, columns, theirs, their_columns):
    if type(encoder) is not type(theirs):
        raise ValueError(
            f"Modality {name!r} has a {type(theirs).__name__} in the estimator of "
            f"init=, and a {type(encoder).__name__} here. Take the same encoder, or "
            "another name."
        )
    if len(columns) != len(their_columns):
        raise ValueError(
            f"Modality {name!r} has {len(their_columns)} columns in the estimator of "
            f"init=, and {len(columns)} here."
        )
