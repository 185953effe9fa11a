"""What a fitted estimator takes and returns, in the words of MLflow."""

import numpy as np

from skmm.sharing._facts import Facts


def make_signature(estimator, predict_fn):
    """Return a signature, or False where the columns are not known.

    MLflow refuses what is of another type than a column of the signature: also whole
    numbers for a float, and NaN for a whole number. Readers of columns take these and
    more, so that only texts have a type.

    Parameters
    ----------
    estimator : estimator
        Fitted.
    predict_fn : str

    Returns
    -------
    signature : mlflow.models.ModelSignature or False
    """
    from mlflow.models import ModelSignature
    from mlflow.types.schema import AnyType, ColSpec, DataType, Schema, TensorSpec

    facts = Facts(estimator)
    reads = facts.model if facts.is_direct else estimator
    labels = facts.labels
    if not hasattr(reads, "feature_names_in_"):
        n = getattr(reads, "n_features_in_", None)
        if n is None:
            return False
        inputs = Schema([TensorSpec(np.dtype("float64"), (-1, n))])
    else:
        kinds = {label: kind for label, _, kind, _ in facts.columns}
        columns = [
            ColSpec(
                DataType.string if kinds.get(label) == "text" else AnyType(),
                name=str(label),
                required=False,
            )
            for label in labels
        ]
        inputs = Schema(columns)
    return ModelSignature(inputs, _outputs(estimator, predict_fn, Schema, TensorSpec))


def _outputs(estimator, predict_fn, schema, tensor):
    classes = getattr(estimator, "classes_", None)
    if isinstance(classes, list) or predict_fn == "transform":
        return None
    if predict_fn != "predict":
        return schema([tensor(np.dtype("float64"), (-1, len(classes)))])
    if classes is None:
        return None
    dtype = np.asarray(classes).dtype
    if dtype.kind not in "biufU":
        return None
    dtype = np.dtype(str) if dtype.kind == "U" else dtype
    return schema([tensor(dtype, (-1,))])
