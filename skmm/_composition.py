"""Nested parameters: fusion, alignment and encoders that may be names or objects."""

from __future__ import annotations

from typing import Any, Self

from skmm._training.preparation import check_parts
from skmm._utils.compat import BaseComposition
from skmm._utils.documentation import DocumentationLinkMixin
from skmm._utils.registry import part_constraints
from skmm._utils.validation import SequenceOf, check_options
from skmm.alignment import ALIGNMENTS, make_alignment
from skmm.augmentation import (
    adversarial_constraints,
    make_mixup,
    mixup_constraints,
)
from skmm.augmentation._adversarial import make_adversarial
from skmm.encoders import make_encoder
from skmm.fusion import FUSIONS, make_fusion
from skmm.modalities._resolver import is_dropped

#: Parameters that nested ones lie in.
_WHOLES = ("modalities", "fusion", "alignment", "mixup", "adversarial")
#: Parameters by which the name of a kind becomes an object.
_NETWORKS = ("pretrained", "memory")


class MultimodalComposition(DocumentationLinkMixin, BaseComposition):
    """``get_params`` and ``set_params`` over modalities, fusion and alignment.

    A nested parameter of something that is still a name (``fusion__rank`` while
    ``fusion="low_rank"``, ``text__dropout`` while the encoder is ``"text"``) first
    turns the name into its default object.
    """

    # Parameters, which the estimators store.
    modalities: Any
    fusion: Any
    alignment: Any
    mixup: Any
    adversarial: Any

    _parameter_constraints = {
        "fusion": part_constraints(FUSIONS),
        "alignment": [
            *part_constraints(ALIGNMENTS),
            SequenceOf(*part_constraints(ALIGNMENTS), description="a list of these"),
            None,
        ],
        "mixup": mixup_constraints(),
        "adversarial": adversarial_constraints(),
    }

    @property
    def _encoders(self):
        """What scikit-learn's composition wants: pairs of name and object."""
        if not isinstance(self.modalities, (list, tuple)):
            return []
        # What is no triple is left for fit to complain of.
        return [tuple(m[:2]) for m in self.modalities if isinstance(m, (tuple, list))]

    @_encoders.setter
    def _encoders(self, pairs):
        self.modalities = [
            (name, encoder, columns)
            for (name, encoder), (_, _, columns) in zip(pairs, self.modalities)
        ]

    def _validate_params(self):
        """Check the options before a fit; for a misspelled name propose the nearest."""
        check_options(self)
        check_parts(self.get_params(deep=False))

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Get the parameters of this estimator, its fusion and its encoders.

        Parameters
        ----------
        deep : bool, default=True

        Returns
        -------
        params : dict
        """
        return self._get_params("_encoders", deep=deep)

    def set_params(self, **params: Any) -> Self:
        """Set parameters, nested ones as ``name__parameter``.

        Parameters
        ----------
        **params : dict

        Returns
        -------
        self : estimator
        """
        # Before what is nested in them.
        for whole in (*_WHOLES, *_NETWORKS):
            if whole in params:
                setattr(self, whole, params.pop(whole))
        # Likewise the encoders, by the names of their modalities.
        for name, _ in self._encoders:
            if isinstance(name, str) and name in params:
                self._replace_estimator("_encoders", name, params.pop(name))
        own = self.get_params(deep=False)
        for key in params:
            name, nested, _ = key.partition("__")
            if not nested:
                continue
            if name == "fusion" and isinstance(self.fusion, (str, type)):
                self.fusion = make_fusion(self.fusion)
            elif name == "mixup" and isinstance(self.mixup, (str, type)):
                self.mixup = make_mixup(self.mixup)
            elif name == "adversarial" and isinstance(self.adversarial, str):
                self.adversarial = make_adversarial(self.adversarial)
            elif name == "alignment":
                self.alignment = _one_alignment(self.alignment, key)
            elif name in own:
                continue
            elif isinstance(self.modalities, str):
                raise ValueError(
                    f"Parameter {key!r} is of a modality, and modalities="
                    f"{self.modalities!r} names none before the fit. Write them down: "
                    "set_params(modalities=detect_modalities(X).to_list()), then "
                    f"set {key!r}."
                )
            else:
                networks = {k: own[k] for k in _NETWORKS}
                self._encoders = [
                    (n, _one_encoder(e, key, networks) if n == name else e)
                    for n, e in self._encoders
                ]
        self._set_params("_encoders", **params)
        return self


def _one_alignment(alignment, key):
    if alignment is None or isinstance(alignment, (list, tuple)):
        raise ValueError(
            f"Parameter {key!r} is of an alignment, and alignment={alignment!r} is not "
            "one of them. Set alignment to one name or object first, or write the "
            "options into the objects of the list."
        )
    # What is an object already may have an option that is about to be mended.
    named = isinstance(alignment, (str, type))
    return make_alignment(alignment) if named else alignment


def _one_encoder(encoder, key, options):
    if is_dropped(encoder):
        raise ValueError(
            f"Parameter {key!r} is of a modality that is dropped. Give it an encoder "
            "first, by the modality's name."
        )
    return make_encoder(encoder, **options) if isinstance(encoder, str) else encoder
