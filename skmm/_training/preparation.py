"""From ``modalities=`` and a frame to one block a modality."""

import copy

from sklearn.base import clone

from skmm._training.drift import MIN_UNKNOWN, Drift, check_transfer, check_unknown
from skmm._utils import memory
from skmm._utils.step_cache import Steps
from skmm._utils.validation import check_options
from skmm.alignment import make_alignment
from skmm.augmentation import make_mixup
from skmm.encoders import make_encoder
from skmm.fusion import make_fusion
from skmm.io._defaults import Defaults, reading_with
from skmm.modalities._resolver import (
    check_given,
    check_names,
    find_columns,
    find_modalities,
    read_modalities,
)

#: Parameters that may name modalities, in a dict or list.
_NAMING = ("encoder_learning_rate", "freeze")

_STEPS = Steps()
_PLAIN = Defaults()


def check_parts(options):
    """Check what can be checked before anything is read of X.

    These are the fusion, the alignments, the mixup and the encoders, which may be
    names, their options and those of callbacks, the names of modalities, and the
    device.

    Parameters
    ----------
    options : dict
        The estimator's parameters.

    Raises
    ------
    ValueError
        For a name that is not known, with the nearest one, and for options that
        cannot be.
    TypeError
        For what is no such part.
    """
    from sklearn.metrics import get_scorer

    from skmm._nn.device import resolve_device
    from skmm._training.heads import choose_heads

    resolve_device(options["device"])
    if options["scoring"] is not None:
        get_scorer(options["scoring"])
        if options["validation"] is None:
            raise ValueError(
                f"scoring={options['scoring']!r} is taken of the rows that validate, "
                "and with validation=None there are none. Set one of them."
            )
    choose_heads(options["heads"])
    make_fusion(options["fusion"])
    alignments = options["alignment"]
    for one in alignments if isinstance(alignments, (list, tuple)) else [alignments]:
        if one is not None:
            make_alignment(one)
    make_mixup(options["mixup"])
    check_given(options["modalities"], options["kinds"])
    for callback in options["callbacks"] or ():
        # skorch takes (name, callback), too.
        check_options(callback[-1] if isinstance(callback, tuple) else callback)
    if not isinstance(options["modalities"], str):
        modalities = read_modalities(
            options["modalities"], check=make_encoder, reserved=options
        )
        _check_named(options, [name for name, _, _ in modalities])
    if options.get("privacy") is not None:
        from skmm._training.private._refusals import check_private

        check_private(options)


class Preparation:
    """The modalities of a fit: their encoders, fitted, and their columns.

    Parameters
    ----------
    n_jobs : int or None, default=None

    Notes
    -----
    ``steps``, in all methods, is what calls the steps that fits may have in common: a
    :class:`~skmm._utils.step_cache.StepCache` where several fits read the same rows.

    Attributes
    ----------
    modalities : list of (name, encoder, columns)
    names : list of str
        Of all that were asked for, also those that are dropped or have no column left.
    """

    def __init__(self, n_jobs=None):
        self.n_jobs = n_jobs
        self.ready = {}
        self.drift = Drift()

    def start_from(self, transfer):
        """Take fitted encoders over, which are then not fitted again.

        Parameters
        ----------
        transfer : Transfer
        """
        self.ready = transfer.encoders

    def resolve(self, options, frame, training, steps=_STEPS):
        """Find the columns of every modality; nothing is fitted yet.

        Parameters
        ----------
        options : dict
            The estimator's parameters.
        frame : DataFrame
            All rows: what kind a column is of.
        training : DataFrame
            The rows that the encoders will see; a column that is missing in all of
            them is left out.
        steps : Steps

        Returns
        -------
        self : Preparation

        Raises
        ------
        ValueError
            For names that repeat, columns that are not there, columns that no
            encoder reads, or if nothing is left.
        """
        requested, ignored = find_modalities(
            options["modalities"],
            frame,
            kinds=options["kinds"],
            check=make_encoder,
            reserved=options,
            steps=steps,
        )
        self.names = [name for name, _, _ in requested]
        self.check_named(options)
        found = find_columns(
            requested,
            frame,
            training,
            ignored,
            steps=steps,
            # That a column has a value somewhere would be known of the model.
            keeps_empty=options.get("privacy") is not None,
        )
        self.modalities = [
            (selection.name, _make_encoder(selection, options), selection.positions)
            for selection in found
        ]
        memory.release_after(len(frame))
        return self

    def check_named(self, options):
        """Check the names of modalities that other parameters have.

        Parameters
        ----------
        options : dict
            The estimator's parameters.

        Raises
        ------
        ValueError
            For the name of no modality. One that is dropped, or of which no column is
            left, may be named.
        """
        _check_named(options, self.names)

    def fit_transform(self, frame, y, sample_weight, reading=_PLAIN, steps=_STEPS):
        """Fit the encoders on these rows; give their blocks, a dict by name.

        Parameters
        ----------
        frame : DataFrame
        y : ndarray
        sample_weight : ndarray of shape (n_samples,)
        reading : Defaults, optional
            What counts for all files that are read.
        steps : Steps, optional

        Returns
        -------
        blocks : dict of str to Block
        """
        calls = [
            (
                (steps(_take_columns, frame, positions=positions),),
                {
                    "encoder": self.ready.get(name, encoder),
                    "y": y,
                    "sample_weight": sample_weight,
                    "ready": name in self.ready,
                    "reading": reading,
                },
            )
            for name, encoder, positions in self.modalities
        ]
        fitted = steps.each(_fit_encoder, calls, self.n_jobs)
        self.modalities = [
            (name, encoder, columns)
            for (name, _, columns), (encoder, _) in zip(self.modalities, fitted)
        ]
        memory.release_after(len(frame))
        return {name: block for (name, *_), (_, block) in zip(self.modalities, fitted)}

    def transform(self, frame, reading=_PLAIN, steps=_STEPS):
        """Give the blocks of other rows."""
        calls = [
            (
                (steps(_take_columns, frame, positions=positions), encoder),
                {"reading": reading},
            )
            for _, encoder, positions in self.modalities
        ]
        blocks = steps.each(_transform_encoder, calls, self.n_jobs)
        return {name: block for (name, *_), block in zip(self.modalities, blocks)}

    def only(self, name):
        """Return the preparation of one modality.

        Parameters
        ----------
        name : str
        """
        made = copy.copy(self)
        made.modalities = [one for one in self.modalities if one[0] == name]
        return made

    def check_transfer(self, frame, blocks, verbose):
        """Warn where the encoders of ``init=`` do not fit these rows."""
        check_transfer(self._compare(frame, blocks, self.ready), verbose)

    def check_drift(self, frame, blocks):
        """Warn, once for each column, where later rows are not like the fitted ones."""
        names = [name for name, _, _ in self.modalities]
        self.drift = self.drift.after(self._compare(frame, blocks, names))

    def check_unknown(self, frame, blocks):
        """Warn of columns in which predictions know no cell."""
        if len(frame) >= MIN_UNKNOWN:
            names = [name for name, _, _ in self.modalities]
            check_unknown(self._compare(frame, blocks, names))

    def _compare(self, frame, blocks, names):
        """Return how rows compare with the fitted ones, (name, Comparison) each."""
        from skmm.encoders._base import Encoder  # imports torch

        found = []
        for name, encoder, positions in self.modalities:
            # An object of the user's own need not be derived from Encoder.
            compare = getattr(type(encoder), "compare", Encoder.compare)
            if name in names:
                columns = _take_columns(frame, positions)
                found += [(name, c) for c in compare(encoder, columns, blocks[name])]
        return found


def _make_encoder(selection, options):
    """Return a new encoder for a modality, which knows what reads its columns."""
    encoder = make_encoder(
        selection.encoder,
        series=selection.is_scalar,
        pretrained=options["pretrained"],
        memory=options["memory"],
    )
    encoder = clone(encoder)
    if selection.readers is None:
        return encoder
    if "readers" not in encoder.get_params(deep=False):
        raise ValueError(
            f"Modality {selection.name!r} has a dict of columns, which says what reads "
            f"each of them; {type(encoder).__name__} reads columns in its own way. "
            "Pass a list of columns, or take TabularEncoder()."
        )
    return encoder.set_params(readers={**(encoder.readers or {}), **selection.readers})


def _take_columns(frame, positions):
    return frame.iloc[:, positions]


def _fit_encoder(columns, encoder, y, sample_weight, ready, reading):
    if ready:
        return encoder, _transform_encoder(columns, encoder, reading)
    with reading_with(reading):
        block = encoder.fit_transform(columns, y, sample_weight=sample_weight)
    return encoder, _as_block(block, columns, encoder, "fit_transform")


def _transform_encoder(columns, encoder, reading):
    with reading_with(reading):
        block = encoder.transform(columns)
    return _as_block(block, columns, encoder, "transform")


def _as_block(block, columns, encoder, method):
    """Check what an encoder, which may be the user's own, made of its columns."""
    from skmm._data.blocks import Block  # imports torch

    name = f"{type(encoder).__name__}.{method}"
    if not isinstance(block, Block):
        raise TypeError(
            f"{name} returned {type(block).__name__}, and an encoder returns a Block. "
            "Write skmm.encoders.Block(array, present=mask), where the mask is False "
            "in the rows that lack the modality."
        )
    if len(block) != len(columns):
        raise ValueError(
            f"{name} returned a block of {len(block)} rows for {len(columns)} rows of "
            f"the columns {list(columns.columns[:5])}. It returns a row for each: "
            "those that lack the modality are False in its mask present."
        )
    return block


def _check_named(options, known):
    for option in _NAMING:
        if isinstance(options[option], (dict, list, tuple)):
            check_names(options[option], known, option)
