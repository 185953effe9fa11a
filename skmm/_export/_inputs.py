"""What a graph takes for rows, computed by the estimator itself."""

import numpy as np
import scipy.sparse

from skmm._export._bins import Bins
from skmm._export._parts import Leaf, bag_arrays, bag_leaves, parts_of
from skmm._training.heads._base import MeanHead
from skmm._training.heads._features import linear_parts
from skmm._training.rows import Rows


def heads_of(estimator):
    """Return the names of the heads that have a part in what is predicted.

    Parameters
    ----------
    estimator : MultimodalClassifier or MultimodalRegressor
        Fitted.

    Returns
    -------
    heads : list of str
        All weights can be zero in regression: the first one stands for them.
    """
    mixture = estimator._learner.mixture
    weighed = zip(mixture.heads, mixture.weights.T)
    return [head for head, some in weighed if some.any()] or mixture.heads[:1]


def encoders_of(estimator):
    """Return the fitted encoders by modality, in the order of the blocks."""
    return {name: one for name, one, _ in estimator._preparation.modalities}


def members_of(head):
    """Return the heads that a head is the mean of; most are one alone.

    Parameters
    ----------
    head : Head
    """
    return head.members if isinstance(head, MeanHead) else [head]


def bins_of(estimator):
    """Return the bins of each boosting head, one after the other.

    Most estimators have one learner; with ``validation=k`` there are k. Where rows are
    few, a learner's boosting head is the mean of several.
    """
    if "boosting" not in heads_of(estimator):
        return []
    heads = [learner.heads["boosting"] for learner in estimator._learner.members]
    return [Bins(one) for head in heads for one in members_of(head)]


def graph_inputs(estimator, X):
    """Return what the graph of an estimator takes for some rows.

    - ``"{modality}.present"``, bool (n,): which rows have the modality;
    - ``"{modality}.{part}"``: what the net reads of it, in the layout that the classes
      of :mod:`skmm._export._parts` say. "numbers" and "codes" of a table; "ngrams" of
      a text, and "tokens" for the networks over words; "vector"; "features" of a
      sparse transformer; "pixels" of pictures, (n, channels, height, width); "steps" of
      series. Only what the exported heads read is there;
    - ``"linear.indices"``, ``"linear.values"``, ``"linear.offsets"``: the features of
      the linear head, those of all modalities side by side and last, where there are
      several, a flag for each that the row lacks. Of features that are dense only those
      that are not zero are stored;
    - ``"boosting.bins"``, int32 (n, columns): see :class:`Bins`. With
      ``validation=k``, and where rows were few, the columns of several heads side by
      side.

    Parameters
    ----------
    estimator : MultimodalClassifier or MultimodalRegressor
        Fitted.
    X : DataFrame or array of shape (n_samples, n_features)

    Returns
    -------
    inputs : dict of str to ndarray
    """
    return inputs_of_blocks(estimator, estimator._blocks(X))


def inputs_of_blocks(estimator, blocks):
    """Return what the graph takes for rows that are blocks already.

    Parameters
    ----------
    estimator : MultimodalClassifier or MultimodalRegressor
    blocks : dict of str to Block
    """
    heads, encoders = set(heads_of(estimator)), encoders_of(estimator)
    arrays = []
    for name, encoder in encoders.items():
        arrays.append(blocks[name].present.cpu().numpy())
        for part in parts_of(name, encoder, heads):
            arrays += part.arrays(blocks[name])
    if "linear" in heads:
        # The flags can be all that there is, or not even they.
        none = scipy.sparse.csr_matrix((len(arrays[0]), 0), dtype=np.float32)
        parts = [none, *linear_parts(encoders, blocks)]
        arrays += bag_arrays(scipy.sparse.hstack(parts, format="csr"))
    if "boosting" in heads:
        rows = Rows(blocks)
        arrays.append(np.hstack([bins.transform(rows) for bins in bins_of(estimator)]))
    names = [leaf.name for leaf in input_leaves(estimator)]
    return dict(zip(names, arrays, strict=True))


def input_leaves(estimator):
    """Return the inputs of the graph, a list of Leaf, in their order.

    Parameters
    ----------
    estimator : MultimodalClassifier or MultimodalRegressor
        Fitted.
    """
    heads, leaves = set(heads_of(estimator)), []
    for name, encoder in encoders_of(estimator).items():
        leaves.append(Leaf(f"{name}.present", "bool", ("n",)))
        for part in parts_of(name, encoder, heads):
            leaves += part.leaves()
    if "linear" in heads:
        leaves += bag_leaves("linear")
    if "boosting" in heads:
        n_columns = sum(len(bins.edges) for bins in bins_of(estimator))
        leaves.append(Leaf("boosting.bins", "int32", ("n", n_columns)))
    return leaves
