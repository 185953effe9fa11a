"""Everything that is taken from scikit-learn's private modules, in one place."""

from sklearn.base import _fit_context
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.utils._indexing import _get_column_indices as get_column_indices
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils._repr_html.estimator import _VisualBlock as VisualBlock
from sklearn.utils.metaestimators import _BaseComposition as BaseComposition
from sklearn.utils.parallel import Parallel, delayed

fit_context = _fit_context

__all__ = [
    "BaseComposition",
    "CallbackSupportMixin",
    "HasMethods",
    "Interval",
    "Parallel",
    "StrOptions",
    "VisualBlock",
    "delayed",
    "fit_context",
    "get_column_indices",
    "with_callbacks",
]
