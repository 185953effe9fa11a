"""What can be exported, and an error with the remedy for what cannot."""

from sklearn.utils.validation import check_is_fitted

from skmm._base import BaseMultimodal
from skmm._export._inputs import encoders_of, heads_of, members_of
from skmm._training.heads import BoostingHead, LinearHead, NetHead
from skmm._training.heads._fused import FusedHead
from skmm._training.heads._wide import WideHead

_HEADS = (FusedHead, WideHead, LinearHead, BoostingHead)
#: Encoders whose modules are exported, by their classes' names.
_ENCODERS = (
    "TabularEncoder",
    "TextEncoder",
    "VectorEncoder",
    "TransformerEncoder",
    "ImageEncoder",
    "SeriesEncoder",
    "ModuleEncoder",
)
#: Backbones that are not, by the format.
_UNKNOWN = {"onnx": ("inception",), "torch": ("lstm", "gru", "inception")}


def check_exportable(estimator, file_format):
    """Raise an error that names what cannot be exported, and what to do.

    Parameters
    ----------
    estimator : object
    file_format : {"onnx", "torch"}

    Raises
    ------
    TypeError
        If it is not an estimator of skmm.
    NotFittedError
        If it is not fitted.
    ValueError
        If a head or an encoder of it cannot be exported.
    """
    if not isinstance(estimator, BaseMultimodal):
        raise TypeError(
            "export takes a MultimodalClassifier or a MultimodalRegressor; got "
            f"{type(estimator).__name__}.{_remedy(estimator)}"
        )
    check_is_fitted(estimator)
    if estimator._targets.tasks is not None:
        raise ValueError(
            "A MultimodalMultitask cannot be exported. Fit a MultimodalClassifier or a "
            "MultimodalRegressor for each task, and export these."
        )
    learner, names = estimator._learner, heads_of(estimator)
    for name in names:
        if not all(type(one) in _HEADS for one in members_of(learner.heads[name])):
            raise ValueError(
                f"The head {name!r} cannot be exported: its model belongs to another "
                "library. Fit with heads=['fused', 'wide', 'linear', 'boosting'], or "
                "some of these."
            )
    trained = [name for name in names if isinstance(learner.heads[name], NetHead)]
    if file_format == "torch" and trained != names:
        others = [name for name in names if name not in trained]
        raise ValueError(
            f"format='torch' writes what a net of torch computes, which the heads "
            f"{others} are not. Fit with heads=['fused', 'wide'], or export with "
            "format='onnx'."
        )
    if trained:
        for name, encoder in encoders_of(estimator).items():
            unknown = _UNKNOWN[file_format] if "fused" in trained else ()
            _check_encoder(name, encoder, unknown)


def _remedy(estimator):
    if hasattr(estimator, "best_estimator_"):
        return " Export its best_estimator_."
    if hasattr(estimator, "steps"):
        return (
            " Export its last step, pipeline[-1]; the steps before it are left to the "
            "program that runs the graph."
        )
    return ""


def _check_encoder(name, encoder, unknown):
    """Raise an error if the net reads a modality in a way that is not exported."""
    kind = type(encoder).__name__
    is_ours = type(encoder).__module__.startswith("skmm.")
    reason = None
    if kind not in _ENCODERS or not is_ours:
        reason = f"its {kind} has no form that a graph can take"
    elif getattr(encoder, "backbone", None) == "pretrained":
        reason = f"it is read by a pretrained network of {kind}"
    elif getattr(encoder, "backbone", None) in unknown:
        reason = f"backbone={encoder.backbone!r} has no form for rows of any length"
    if reason is not None:
        raise ValueError(
            f"Modality {name!r} cannot be exported with the net: {reason}. Leave it "
            "out, take another backbone (backbone='bag' or 'cnn' of texts, 'cnn' of "
            "pictures and series), or fit with heads=['linear', 'boosting']."
        )
