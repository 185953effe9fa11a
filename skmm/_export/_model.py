"""A fitted estimator as one graph of ONNX."""

from skmm._export._graph import Graph
from skmm._export._inputs import encoders_of, heads_of, input_leaves, members_of
from skmm._export._linear import add_linear
from skmm._export._outputs import add_mean, add_mixture, add_outputs
from skmm._export._trees import Trees


def make_model(estimator):
    """Return the graph of an estimator, from its inputs to what it predicts.

    Parameters
    ----------
    estimator : MultimodalClassifier or MultimodalRegressor
        Fitted, one that can be exported.

    Returns
    -------
    model : onnx.ModelProto
    """
    graph = Graph()
    leaves = input_leaves(estimator)
    for leaf in leaves:
        graph.input(leaf)
    encoders = encoders_of(estimator)
    presents = [f"{name}.present" for name in encoders]
    heads, start, found = heads_of(estimator), 0, []
    for learner in estimator._learner.members:
        logits = {}
        if "linear" in heads:
            names = [f"linear.{one}" for one in ("indices", "values", "offsets")]
            logits["linear"] = add_linear(graph, learner.heads["linear"], names)
        if "boosting" in heads:
            each = []
            for head in members_of(learner.heads["boosting"]):
                trees = Trees(head)
                stop = start + len(trees.edges)
                bins = graph.columns("boosting.bins", start, stop)
                each.append(trees.add_to(graph, bins))
                start = stop
            logits["boosting"] = add_mean(graph, each)
        trained = [head for head in heads if head in learner.module.heads]
        if trained:
            prefix = f"net.{len(found)}."
            logits |= _add_net(graph, learner.module, encoders, trained, prefix)
        logits = {head: logits[head] for head in heads}
        found.append(
            add_mixture(graph, learner.mixture, logits, presents, learner.prior)
        )
    add_outputs(graph, estimator._targets, add_mean(graph, found))
    return graph.build(f"{type(estimator).__name__} of skmm")


def _add_net(graph, module, encoders, heads, prefix):
    """Add the heads that a net trains; return their logits by name."""
    from skmm._export._net import Net
    from skmm._export._torch_graph import to_onnx

    net = Net(module, encoders, heads)
    names = {leaf.name: leaf.name for leaf in net.leaves}
    return dict(zip(heads, graph.include(to_onnx(net), prefix, names)))
