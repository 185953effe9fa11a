"""From ``modalities=`` and a frame to one block a modality."""

import warnings

import numpy as np

from skmm._utils.memo import Calls
from skmm.encoders import KINDS, make_encoder
from skmm.modalities import detect_modalities
from skmm.modalities._selection import drop_all_missing, find_positions

_ONCE = Calls()


class Preparation:
    """The modalities of a fit: their encoders, fitted, and their columns.

    Parameters
    ----------
    modalities : "auto" or list of (name, encoder, columns)
    reserved : collection of str
        Names that a modality must not have.
    n_jobs : int or None

    Notes
    -----
    ``once``, in all methods, is what calls the steps that fits may have in common: a
    :class:`~skmm._utils.memo.Memo` where several fits read the same rows.

    Attributes
    ----------
    modalities : list of (name, encoder, columns)
    """

    def __init__(self, modalities, *, reserved=(), n_jobs=None):
        self.requested = modalities
        self.reserved = reserved
        self.n_jobs = n_jobs
        self.ready = {}

    def start_from(self, source):
        """Take fitted encoders over, which are then not fitted again.

        Parameters
        ----------
        source : Source
        """
        self.ready = source.encoders

    def resolve(self, frame, training, once=_ONCE):
        """Find the columns of every modality; nothing is fitted yet.

        Parameters
        ----------
        frame : DataFrame
            All rows: what kind a column is of.
        training : DataFrame
            The rows that the encoders will see; a column that is missing in all of
            them is left out.
        once : Calls

        Returns
        -------
        self : Preparation

        Raises
        ------
        ValueError
            For names that repeat, columns that are not there, columns that no
            encoder reads, or if nothing is left.
        """
        if isinstance(self.requested, str):
            detected = once(detect_modalities, frame)
            requested = detected.to_list()
            empty = list(detected.ignored)
        else:
            requested, empty = self.requested, []
            self._check_names(requested)
        self.modalities = []
        for name, encoder, columns in requested:
            if isinstance(encoder, str) and encoder == "drop":
                continue
            positions = find_positions(frame, columns, name)
            positions, missing = once(drop_all_missing, training, positions=positions)
            empty += missing
            if positions:
                scalar = isinstance(columns, (str, int, np.integer))
                encoder = _as_encoder(encoder, name, frame.columns[positions], scalar)
                self.modalities.append((name, encoder, positions))
        if not self.modalities:
            raise ValueError(
                f"No modality is left: all {frame.shape[1]} columns are missing in all "
                f"{len(frame)} rows, or dropped. Pass at least one column with values."
            )
        if empty:
            warnings.warn(
                f"Columns {empty} are missing in all {len(training)} training rows and "
                "are ignored. Drop them to silence this warning.",
                UserWarning,
                stacklevel=2,
            )
        return self

    def fit_transform(self, frame, y, sample_weight, once=_ONCE):
        """Fit the encoders on these rows; give their blocks, a dict by name."""
        calls = [
            (
                (once(_take_columns, frame, positions=positions),),
                {
                    "encoder": self.ready.get(name, encoder),
                    "y": y,
                    "sample_weight": sample_weight,
                    "ready": name in self.ready,
                },
            )
            for name, encoder, positions in self.modalities
        ]
        fitted = once.each(_fit_encoder, calls, self.n_jobs)
        self.modalities = [
            (name, encoder, columns)
            for (name, _, columns), (encoder, _) in zip(self.modalities, fitted)
        ]
        return {name: block for (name, *_), (_, block) in zip(self.modalities, fitted)}

    def transform(self, frame, once=_ONCE):
        """Give the blocks of other rows."""
        calls = [
            ((once(_take_columns, frame, positions=positions), encoder), {})
            for _, encoder, positions in self.modalities
        ]
        blocks = once.each(_transform_encoder, calls, self.n_jobs)
        return {name: block for (name, *_), block in zip(self.modalities, blocks)}

    def _check_names(self, requested):
        try:
            names = [name for name, _, _ in requested]
        except (TypeError, ValueError):
            raise ValueError(
                "modalities= takes 'auto' or a list of (name, encoder, columns); got "
                f"{requested!r}."
            ) from None
        for name in names:
            if not isinstance(name, str) or "__" in name or name in self.reserved:
                raise ValueError(
                    f"A modality cannot be named {name!r}: names are strings without "
                    "a double underscore that are no parameters of the estimator."
                )
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise ValueError(
                f"Names of modalities must be unique; {repeated} occur more than once. "
                "Rename one of them."
            )


def _take_columns(frame, positions):
    return frame.iloc[:, positions]


def _fit_encoder(columns, encoder, y, sample_weight, ready):
    if ready:
        return encoder, encoder.transform(columns)
    return encoder, encoder.fit_transform(columns, y, sample_weight=sample_weight)


def _transform_encoder(columns, encoder):
    return encoder.transform(columns)


def _as_encoder(encoder, name, columns, scalar):
    """Give a fresh encoder object for what the user wrote."""
    from sklearn.base import clone

    if isinstance(encoder, str):
        if encoder not in KINDS:
            shown = ", ".join(map(repr, columns[:5]))
            raise ValueError(
                f"Column {shown} holds {encoder!r} (modality {name!r}), for which "
                "this version has no encoder yet. Leave the column out, with "
                f"modalities=[({name!r}, 'drop', ...), ...] or X.drop(columns=...), or "
                "turn it into numbers with a scikit-learn transformer in the "
                "encoder's place."
            )
        return make_encoder(encoder)
    if hasattr(encoder, "build_module"):
        return clone(encoder)
    if isinstance(encoder, type) and hasattr(encoder, "forward"):
        from skmm.encoders import ModuleEncoder

        return ModuleEncoder(encoder)
    if hasattr(encoder, "transform") and hasattr(encoder, "fit"):
        from skmm.encoders import TransformerEncoder

        return TransformerEncoder(encoder, series=scalar)
    raise TypeError(
        f"The encoder of modality {name!r} must be a kind ({', '.join(KINDS)}), "
        f"'drop', an Encoder, a scikit-learn transformer or an nn.Module class; got "
        f"{encoder!r}."
    )
