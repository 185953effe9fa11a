"""Trees and losses of scikit-learn, which are not Python's objects.

Compiled code walks the trees and does not ask whether a node is there: that is checked
when they are read.
"""

import numpy as np

from skmm._utils.compat import (
    COMPILED_LOSSES,
    PREDICTOR_RECORD_DTYPE,
    Tree,
    TreePredictor,
)
from skmm.persistence._errors import ModelFileError
from skmm.persistence._kinds._base import Kind, expect, field

#: What a loss is made with, where it takes something.
_ARGUMENTS = {
    "CyPinballLoss": ("quantile",),
    "CyHuberLoss": ("delta",),
    "CyHalfTweedieLoss": ("power",),
    "CyHalfTweedieLossIdentity": ("power",),
}


class Loss(Kind):
    """A compiled loss, by its name."""

    tag = "loss"
    types = tuple(COMPILED_LOSSES.values())

    def dump(self, value, dumper):
        name = type(value).__name__
        taken = _ARGUMENTS.get(name, ())
        return [name, *(float(getattr(value, one)) for one in taken)]

    def restore(self, body, restorer, remember):
        name, *values = restorer.each(expect(body, list))
        made = field(COMPILED_LOSSES, name)
        taken = _ARGUMENTS.get(name, ())
        if len(values) != len(taken) or not all(type(one) is float for one in values):
            raise ModelFileError(f"It has a loss {name} with {values}.")
        return made(**dict(zip(taken, values)))


class Forest(list):
    """The trees of histogram gradient boosting: for each round a list of trees."""


def is_forest(value):
    """Tell whether a value is what boosting keeps its trees in."""
    return (
        type(value) is list
        and bool(value)
        and all(type(one) is list for one in value)
        and all(type(tree) is TreePredictor for one in value for tree in one)
    )


class ForestKind(Kind):
    """All trees of a boosting as few long arrays, node after node."""

    tag = "forest"
    types = (Forest,)
    _bitsets = ("binned_left_cat_bitsets", "raw_left_cat_bitsets")

    def dump(self, value, dumper):
        trees = [tree for one in value for tree in one]
        nodes = _joined([tree.nodes for tree in trees], PREDICTOR_RECORD_DTYPE)
        body = {
            "rounds": dumper(np.array([len(one) for one in value], np.int64)),
            "lengths": dumper(np.array([len(tree.nodes) for tree in trees], np.int64)),
            "nodes": dumper(nodes),
            "categories": dumper(
                np.array([len(getattr(t, self._bitsets[0])) for t in trees], np.int64)
            ),
        }
        for name in self._bitsets:
            sets = [getattr(tree, name) for tree in trees]
            body[name] = dumper(_joined(sets, np.uint32, (8,)))
        return body

    def restore(self, body, restorer, remember):
        parts = {key: restorer(one) for key, one in expect(body, dict).items()}
        rounds = _lengths(field(parts, "rounds"))
        lengths, nodes = _lengths(field(parts, "lengths")), field(parts, "nodes")
        categories = _lengths(field(parts, "categories"))
        if getattr(nodes, "dtype", None) != PREDICTOR_RECORD_DTYPE:
            try:
                nodes = nodes.astype(PREDICTOR_RECORD_DTYPE, casting="same_kind")
            except (AttributeError, TypeError, ValueError) as error:
                raise ModelFileError(f"Its trees have other nodes: {error}") from None
        nodes = _split(nodes, lengths)
        bitsets = []
        for name in self._bitsets:
            sets = field(parts, name)
            is_set = isinstance(sets, np.ndarray) and sets.dtype == np.uint32
            if not is_set or sets.shape[1:] != (8,):
                raise ModelFileError("Its trees have no sets of categories.")
            bitsets.append(_split(sets, categories))
        if rounds.sum() != len(lengths) or len(categories) != len(lengths):
            raise ModelFileError("Its trees are more, or fewer, than its rounds say.")
        trees = []
        for some, binned, raw in zip(nodes, *bitsets):
            _check_nodes(some, len(raw))
            trees.append(TreePredictor(some, binned, raw))
        ends = np.cumsum(rounds)
        return [trees[end - n : end] for n, end in zip(rounds, ends)]


def _check_nodes(nodes, n_categories):
    """Raise where a walk through a tree would leave it, or not end."""
    n = len(nodes)
    inner = nodes[nodes["is_leaf"] == 0]
    at = np.flatnonzero(nodes["is_leaf"] == 0)
    left, right = inner["left"].astype(np.int64), inner["right"].astype(np.int64)
    is_there = (left > at) & (left < n) & (right > at) & (right < n)
    by_set = inner["is_categorical"] != 0
    is_there &= ~by_set | (inner["bitset_idx"] < n_categories)
    if n == 0 or not is_there.all() or (inner["feature_idx"] < 0).any():
        raise ModelFileError("It has a tree with a branch that leads nowhere.")


class TreeKind(Kind):
    """A decision tree, as forests have them."""

    tag = "tree"
    types = (Tree,)

    def dump(self, value, dumper):
        _, (n_features, n_classes, n_outputs), state = value.__reduce__()
        return {
            "n_features": int(n_features),
            "n_classes": dumper(np.asarray(n_classes)),
            "n_outputs": int(n_outputs),
            "max_depth": int(state["max_depth"]),
            "nodes": dumper(state["nodes"]),
            "values": dumper(state["values"]),
        }

    def restore(self, body, restorer, remember):
        n_features, n_outputs, max_depth = (
            field(body, name, int) for name in ("n_features", "n_outputs", "max_depth")
        )
        n_classes, nodes, values = (
            restorer(field(body, name)) for name in ("n_classes", "nodes", "values")
        )
        try:
            made = Tree(n_features, n_classes.astype(np.intp), n_outputs)
            widest = int(n_classes.max())
            _check_tree(nodes, n_features)
            if values.shape != (len(nodes), n_outputs, widest):
                raise ValueError(f"values of shape {values.shape}")
            made.__setstate__(
                {
                    "max_depth": max_depth,
                    "node_count": len(nodes),
                    "nodes": nodes,
                    "values": np.ascontiguousarray(values, np.float64),
                }
            )
        except (AttributeError, TypeError, ValueError, OverflowError) as error:
            raise ModelFileError(f"It has a damaged tree: {error}") from None
        return made


def _check_tree(nodes, n_features):
    at, n = np.arange(len(nodes)), len(nodes)
    left, right = nodes["left_child"], nodes["right_child"]
    is_leaf = left == -1
    is_there = (left > at) & (left < n) & (right > at) & (right < n)
    is_there &= (nodes["feature"] >= 0) & (nodes["feature"] < n_features)
    if n == 0 or not (is_leaf | is_there).all():
        raise ModelFileError("It has a tree with a branch that leads nowhere.")


def check_estimator(estimator):
    """Raise where the parts of an estimator do not fit: compiled code does not ask.

    Parameters
    ----------
    estimator : object
        Anything that was restored.
    """
    state = getattr(estimator, "__dict__", {})
    width = state.get("n_features_in_")
    if "_bin_mapper" in state:
        _check_boosting(state, width)
    if width is None:
        return
    if "tree_" in state and getattr(state["tree_"], "n_features", width) != width:
        raise ModelFileError("It has a tree over other features than its estimator.")
    several = state.get("estimators_")
    if isinstance(several, (list, np.ndarray)):
        # A forest inside is itself a sequence of trees, which numpy would take apart.
        for one in several if isinstance(several, list) else several.ravel():
            tree = getattr(one, "tree_", None)
            if tree is not None and tree.n_features != width:
                raise ModelFileError("It has a tree over other features than its own.")


def _check_boosting(state, width):
    mapper = vars(state["_bin_mapper"]) if state["_bin_mapper"] is not None else {}
    thresholds = mapper.get("bin_thresholds_", [])
    is_category = np.asarray(mapper.get("is_categorical_", []))
    trees = [tree for one in state.get("_predictors", []) for tree in one]
    if not all(type(tree) is TreePredictor for tree in trees):
        raise ModelFileError("Its boosting has something else for a tree.")
    largest = max((int(t.nodes["feature_idx"].max()) for t in trees), default=-1)
    if (
        type(width) is not int
        or largest >= width
        or len(thresholds) != width
        or is_category.shape != (width,)
    ):
        raise ModelFileError("The trees of its boosting are over other features.")
    order = getattr(state.get("_preprocessor"), "order", None)
    if order is not None and np.shape(order) != (width,):
        raise ModelFileError("The trees of its boosting are over other features.")
    for j in np.flatnonzero(is_category):
        codes = np.asarray(thresholds[j], dtype=float)
        if not ((codes >= 0) & (codes < 256)).all():
            raise ModelFileError("Its boosting has categories beyond those that fit.")


def _lengths(array):
    is_one = isinstance(array, np.ndarray) and array.dtype == np.int64
    if not is_one or array.ndim != 1 or (array < 0).any() or (array > 2**40).any():
        raise ModelFileError("It has no lengths of its trees.")
    return array


def _joined(arrays, dtype, shape=()):
    return np.concatenate(arrays) if arrays else np.zeros((0, *shape), dtype)


def _split(array, lengths):
    if lengths.sum() != len(array) or array.ndim < 1:
        raise ModelFileError("Its trees have other lengths than it says.")
    # A copy each: what is walked is aligned, and writable as after a fit.
    return [one.copy() for one in np.split(array, np.cumsum(lengths)[:-1])] * bool(
        len(lengths)
    )


KINDS = [Loss(), ForestKind(), TreeKind()]
