"""Log, save and load models as MLflow has them."""

from __future__ import annotations

import importlib.util
import os
import pathlib
import warnings
from typing import TYPE_CHECKING, Any

from sklearn.utils.validation import check_is_fitted

from skmm._utils.optional import optional_import
from skmm.mlflow._signature import make_signature
from skmm.persistence import load, save
from skmm.persistence._files import versions
from skmm.sharing import model_card

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from skmm._utils.typing import PathLike

#: What the flavor is called in a file ``MLmodel``.
_FLAVOR = "skmm"
_FILE = "model.skmm"
_FUNCTIONS = ("predict", "predict_proba", "predict_log_proba", "transform")
#: Stores of runs that are databases, which mlflow-skinny reaches only with more.
_DATABASES = ("sqlite", "mysql", "postgresql", "mssql")


def save_model(
    estimator: Any,
    path: PathLike,
    *,
    predict_fn: str = "predict",
    signature: Any = None,
    input_example: Any = None,
    pip_requirements: Sequence[str] | None = None,
    metadata: Mapping[str, Any] | None = None,
    mlflow_model: Any = None,
) -> None:
    """Write a fitted estimator into a folder as MLflow expects it.

    The folder gets a file of :func:`skmm.save`, a model card, the signature and the
    requirements; there is no pickle in it.

    Parameters
    ----------
    estimator : estimator
        Fitted; see :func:`skmm.save`.
    path : str or path
        A folder that is not there yet.
    predict_fn : str, default="predict"
        The method that the model has as a ``python_function`` of MLflow: "predict",
        "predict_proba", "predict_log_proba" or "transform".
    signature : mlflow.models.ModelSignature or False, default=None
        Columns and outputs. None takes the columns that the estimator was fitted with:
        none is required, since any cell may be missing, and texts are strings; other
        columns take whatever their readers take. False writes none.
    input_example : object, default=None
        Rows that are kept with the model **as they are**. None keeps none.
    pip_requirements : list of str, default=None
        None takes the versions of skmm, scikit-learn, torch and others that are
        installed.
    metadata : dict of str to object, default=None
        What MLflow keeps beside, as JSON.
    mlflow_model : mlflow.models.Model, default=None
        The description to add this flavor to.

    Raises
    ------
    ImportError
        If MLflow is not installed.
    NotFittedError
        If the estimator is not fitted.
    ValueError
        If the estimator has no such method.

    See Also
    --------
    log_model : Write it into a run.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import skmm.mlflow
    >>> from skmm.feature_extraction import TextVectorizer
    >>> fitted = TextVectorizer().fit([["warm soup"], ["cold tea"]])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "text"
    ...     skmm.mlflow.save_model(fitted, path, predict_fn="transform")
    ...     loaded = skmm.mlflow.load_model(str(path))
    >>> bool((loaded.transform([["tea"]]) == fitted.transform([["tea"]])).all())
    True
    """
    _mlflow()
    from mlflow.models import Model
    from mlflow.models.utils import _save_example
    from mlflow.pyfunc import add_to_model
    from mlflow.utils.environment import _mlflow_conda_env, _PythonEnv

    check_is_fitted(estimator)
    if predict_fn not in _FUNCTIONS or not hasattr(estimator, predict_fn):
        has = [name for name in _FUNCTIONS if hasattr(estimator, name)]
        raise ValueError(
            f"predict_fn={predict_fn!r} is not a method of this "
            f"{type(estimator).__name__} that MLflow could call. It has "
            f"{', '.join(has)}."
        )
    folder = pathlib.Path(path)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileExistsError(f"{folder} is there already. Give a new name.")
    folder.mkdir(parents=True, exist_ok=True)
    model = Model() if mlflow_model is None else mlflow_model
    _save_example(model, input_example, str(folder))
    if signature is None:
        signature = make_signature(estimator, predict_fn)
    if signature is not False:
        model.signature = signature
    if metadata is not None:
        model.metadata = dict(metadata)
    save(estimator, folder / _FILE)
    model_card(estimator, repo_id=_FILE).save(folder / "README.md")
    add_to_model(
        model,
        loader_module="skmm.mlflow._flavor",
        data=_FILE,
        conda_env="conda.yaml",
        python_env="python_env.yaml",
    )
    version = versions()["skmm"]
    model.add_flavor(_FLAVOR, data=_FILE, skmm_version=version, predict_fn=predict_fn)
    size = sum(one.stat().st_size for one in folder.rglob("*") if one.is_file())
    model.model_size_bytes = size
    model.save(str(folder / "MLmodel"))
    pins = _requirements() if pip_requirements is None else list(pip_requirements)
    (folder / "requirements.txt").write_text("\n".join(pins), encoding="utf-8")
    _mlflow_conda_env(str(folder / "conda.yaml"), additional_pip_deps=pins)
    _PythonEnv.current().to_yaml(str(folder / "python_env.yaml"))


def log_model(
    estimator: Any,
    name: str = "model",
    *,
    predict_fn: str = "predict",
    signature: Any = None,
    input_example: Any = None,
    registered_model_name: str | None = None,
    pip_requirements: Sequence[str] | None = None,
    metadata: Mapping[str, Any] | None = None,
    params: Mapping[str, Any] | None = None,
    tags: Mapping[str, Any] | None = None,
    step: int = 0,
) -> Any:
    """Log a fitted estimator as a model of the current run of MLflow.

    Parameters
    ----------
    estimator : estimator
        Fitted; see :func:`skmm.save`.
    name : str, default="model"
        What the model is called.
    predict_fn : str, default="predict"
        The method that the model has as a ``python_function``; see :func:`save_model`.
    signature : mlflow.models.ModelSignature or False, default=None
        None takes the columns that the estimator was fitted with.
    input_example : object, default=None
        Rows that are kept with the model **as they are**. None keeps none.
    registered_model_name : str, default=None
        If given, a version of this registered model is made.
    pip_requirements : list of str, default=None
        None takes the versions that are installed.
    metadata, params, tags : dict of str to object, default=None
        What MLflow keeps beside.
    step : int, default=0
        The step of the run that the model is of.

    Returns
    -------
    info : mlflow.models.model.ModelInfo
        ``info.model_uri`` is what :func:`load_model` takes.

    Raises
    ------
    ImportError
        If MLflow, or what it needs for its store, is not installed.
    NotFittedError
        If the estimator is not fitted.

    Examples
    --------
    >>> import mlflow, skmm.mlflow  # doctest: +SKIP
    >>> with mlflow.start_run():  # doctest: +SKIP
    ...     info = skmm.mlflow.log_model(model)
    >>> mlflow.pyfunc.load_model(info.model_uri).predict(X)  # doctest: +SKIP
    """
    mlflow = _mlflow()
    check_is_fitted(estimator)
    store = mlflow.get_tracking_uri().partition("://")[0].partition("+")[0]
    if store in _DATABASES and importlib.util.find_spec("sqlalchemy") is None:
        raise ImportError(
            f"The runs are in a database ({store}), which mlflow-skinny reaches only "
            "with sqlalchemy and alembic. Remedy: pip install mlflow, or set a server "
            "by mlflow.set_tracking_uri."
        )
    from mlflow.models import Model

    import skmm.mlflow

    return Model.log(
        artifact_path=None,
        name=name,
        flavor=skmm.mlflow,
        registered_model_name=registered_model_name,
        params=None if params is None else dict(params),
        tags=None if tags is None else dict(tags),
        step=step,
        estimator=estimator,
        predict_fn=predict_fn,
        signature=signature,
        input_example=input_example,
        pip_requirements=pip_requirements,
        metadata=metadata,
    )


def load_model(model_uri: str, *, trusted: Sequence[str] | None = None) -> Any:
    """Load an estimator that :func:`log_model` or :func:`save_model` wrote.

    No code of the model is run; see :func:`skmm.load`.

    Parameters
    ----------
    model_uri : str
        A folder, or an address of MLflow such as ``"models:/<id>"`` or
        ``"runs:/<run>/model"``.
    trusted : list of str, default=None
        Names of further classes and functions that may be loaded. What was logged with
        such cannot be loaded as a ``python_function``: a model does not say itself what
        is to be trusted.

    Returns
    -------
    estimator : estimator

    Raises
    ------
    ImportError
        If MLflow is not installed.
    ValueError
        If there is a model of another flavor.
    skmm.persistence.ModelFileError
        If the file is damaged, or names types that are not trusted.

    Examples
    --------
    >>> import skmm.mlflow
    >>> model = skmm.mlflow.load_model("models:/reviews/3")  # doctest: +SKIP
    """
    _mlflow()
    from mlflow.artifacts import download_artifacts
    from mlflow.models import Model

    folder = download_artifacts(artifact_uri=str(model_uri))
    flavors = Model.load(folder).flavors
    if _FLAVOR not in flavors:
        raise ValueError(
            f"{model_uri!r} holds a model of {', '.join(flavors)}, not of skmm."
        )
    # Not what its MLmodel says, which could be any path.
    return load(os.path.join(folder, _FILE), trusted=trusted)


def _load_pyfunc(path):
    """Return what MLflow predicts with, of a file of :func:`save_model`."""
    from mlflow.models import Model

    described = Model.load(os.path.dirname(path))
    name = described.flavors.get(_FLAVOR, {}).get("predict_fn", "predict")
    if name not in _FUNCTIONS:
        raise ValueError(f"MLmodel names {name!r} as what predicts.")
    return _PythonFunction(load(path), name)


class _PythonFunction:
    """An estimator as MLflow calls it."""

    def __init__(self, estimator, name):
        self._estimator, self._name = estimator, name

    def get_raw_model(self):
        """Return the estimator itself."""
        return self._estimator

    def predict(self, model_input, params=None):
        """Return predictions of rows."""
        return getattr(self._estimator, self._name)(model_input)


def _mlflow():
    """Return the library, all of it that is needed imported."""
    with warnings.catch_warnings():
        # MLflow warns of type hints of its own, when it is imported.
        warnings.simplefilter("ignore")
        optional_import("mlflow.pyfunc", "mlflow")
    return optional_import("mlflow", "mlflow")


def _requirements():
    found = {name: one for name, one in versions().items() if name != "python"}
    return [f"{name}=={one.partition('+')[0]}" for name, one in found.items()]
