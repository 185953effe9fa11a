"""Boosted trees as a graph over bins."""

import numpy as np

from skmm._export._bins import MISSING, Bins, column_order

#: Codes that a category can have, and one place more for what is missing.
_N_CODES = 256
#: A probability is not taken for less, as in the head.
_LEAST = 1e-6


class Trees:
    """The trees of one boosting head, of all outputs, as one operator.

    A split of a number asks whether its bin is at most the split's edge. A split of
    categories asks a table, which has an entry for each code; what the table says is a
    number that the trees split at 0.5.

    Parameters
    ----------
    head : BoostingHead
        Fitted.
    """

    def __init__(self, head):
        self.head = head
        self.edges = Bins(head).edges
        self.tables = {}
        self.nodes, self.leaves = [], []
        self.n_trees = self.n_values = 0
        #: What is added to the trees' sums.
        self.baseline = []
        for booster in head.estimators_:
            if booster is None:
                continue
            order = column_order(booster)
            baseline = np.ravel(booster._baseline_prediction).astype(np.float64)
            for round_ in booster._predictors:
                for k, tree in enumerate(round_):
                    baseline[k] += self._add_tree(booster, tree, order, k)
            self.n_values += len(baseline)
            self.baseline += baseline.tolist()

    def _add_tree(self, booster, tree, order, k):
        """Keep a tree; return the value of one that is a leaf alone."""
        if len(tree.nodes) == 1:
            return tree.nodes["value"][0]
        for i, node in enumerate(tree.nodes):
            place = (self.n_trees, i)
            if node["is_leaf"]:
                self.nodes.append((*place, 0, 0.0, 0, 0, 0))
                self.leaves.append((*place, self.n_values + k, node["value"]))
                continue
            column = order[node["feature_idx"]]
            if node["is_categorical"]:
                table = self._table(booster, tree, node)
                key = (column, table.tobytes())
                column = len(self.edges) + self.tables.setdefault(key, len(self.tables))
                edge = 0.5
            else:
                edge = np.searchsorted(self.edges[column], node["num_threshold"])
            left = bool(node["missing_go_to_left"])
            self.nodes.append((*place, column, edge, node["left"], node["right"], left))
        self.n_trees += 1
        return 0.0

    def _table(self, booster, tree, node):
        """Return for each code whether it goes to the right; first, what is missing."""
        known = booster._preprocessor.categories[node["feature_idx"]].astype(int)
        goes_right = np.full(_N_CODES, not node["missing_go_to_left"])
        bits = tree.raw_left_cat_bitsets[node["bitset_idx"]]
        places = np.arange(len(known))
        is_left = (bits[places // 32] >> (places % 32).astype(np.uint32)) & 1
        goes_right[known - MISSING] = is_left == 0
        return goes_right

    def add_to(self, graph, bins):
        """Add the head to a graph; return its logits.

        Parameters
        ----------
        graph : Graph
        bins : str
            The name of the head's bins, int32 (n_rows, n_columns).

        Returns
        -------
        logits : str
            float64 (n_rows, n_logits).
        """
        raw = self._add_sums(graph, bins)
        prior, start, parts = self.head.prior, 0, []
        rows = graph.add("Shape", bins, start=0, end=1)
        for group, booster in zip(self.head.targets.groups, self.head.estimators_):
            if booster is None:
                columns = graph.constant(prior[None, group])
                size = graph.whole(group.stop - group.start)
                shape = graph.add("Concat", rows, size, axis=0)
                parts.append(graph.add("Expand", columns, shape))
                continue
            stop = start + booster.n_trees_per_iteration_
            some = graph.columns(raw, start, stop)
            parts.append(self._add_link(graph, some, booster, group))
            start = stop
        return parts[0] if len(parts) == 1 else graph.add("Concat", *parts, axis=1)

    def _add_sums(self, graph, bins):
        """Add the sums of the trees' values, float64 (n_rows, n_values)."""
        if not self.n_trees:
            rows = graph.add("Shape", bins, start=0, end=1)
            shape = graph.add("Concat", rows, graph.whole(self.n_values), axis=0)
            return graph.add("Expand", graph.constant(np.array([self.baseline])), shape)
        missing = graph.add("Equal", bins, graph.constant(np.int32(MISSING)))
        numbers = graph.add(
            "Where",
            missing,
            graph.constant(np.array(np.nan, np.float32)),
            graph.cast(bins, np.float32),
        )
        if self.tables:
            flags = self._add_flags(graph, bins)
            numbers = graph.add("Concat", numbers, flags, axis=1)
        sums = graph.add(
            "TreeEnsembleRegressor",
            numbers,
            domain="ai.onnx.ml",
            n_targets=self.n_values,
            aggregate_function="SUM",
            post_transform="NONE",
            **self._attributes(),
        )
        baseline = graph.constant(np.array([self.baseline]))
        return graph.add("Add", graph.cast(sums, np.float64), baseline)

    def _add_flags(self, graph, bins):
        """Add what the tables say, float32 (n_rows, n_tables)."""
        columns = np.array([column for column, _ in self.tables], np.int64)
        tables = np.array([np.frombuffer(table, bool) for _, table in self.tables])
        codes = graph.add("Gather", bins, graph.constant(columns), axis=1)
        codes = graph.cast(codes, np.int64)
        starts = np.arange(len(columns)) * _N_CODES - MISSING
        places = graph.add("Add", codes, graph.constant(starts[None]))
        flags = graph.add("Gather", graph.constant(tables.ravel()), places)
        return graph.cast(flags, np.float32)

    def _attributes(self):
        trees, ids, columns, edges, left, right, tracks = zip(*self.nodes)
        is_leaf = [a == b for a, b in zip(left, right)]
        leaf_trees, leaf_ids, values, weights = zip(*self.leaves)
        return {
            "nodes_treeids": list(map(int, trees)),
            "nodes_nodeids": list(map(int, ids)),
            "nodes_featureids": list(map(int, columns)),
            "nodes_modes": ["LEAF" if leaf else "BRANCH_LEQ" for leaf in is_leaf],
            "nodes_values": list(map(float, edges)),
            "nodes_truenodeids": list(map(int, left)),
            "nodes_falsenodeids": list(map(int, right)),
            "nodes_missing_value_tracks_true": list(map(int, tracks)),
            "target_treeids": list(map(int, leaf_trees)),
            "target_nodeids": list(map(int, leaf_ids)),
            "target_ids": list(map(int, values)),
            "target_weights": list(map(float, weights)),
        }

    def _add_link(self, graph, raw, booster, group):
        """Add one output's logits, of the sums of its trees."""
        targets = self.head.targets
        if not targets.is_classification:
            # What the trees learn of counts is a logarithm, and so is the loss's.
            if targets.loss == "poisson":
                least = targets.criterion.link(np.float64(0.0))
                return graph.add("Max", raw, graph.real(least))
            return raw
        # Clipped logarithms: of probabilities, float32 would leave little near 1.
        bounds = np.log(_LEAST), np.log1p(-_LEAST)
        if booster.n_trees_per_iteration_ == 1:
            if targets.is_sigmoid:
                return self._clip(graph, raw, bounds[0] - bounds[1])
            raw = graph.add("Concat", graph.add("Neg", raw), raw, axis=1)
            both = graph.add("Softplus", graph.add("Neg", raw))
            log_p = graph.add("Neg", both)
        else:
            log_p = graph.add("LogSoftmax", raw, axis=1)
        log_p = graph.add("Clip", log_p, *map(graph.real, bounds))
        return self._spread(graph, log_p, booster.classes_, group)

    def _clip(self, graph, logits, least):
        return graph.add("Clip", logits, graph.real(least), graph.real(-least))

    def _spread(self, graph, log_p, classes, group):
        """Put the least logit where no training row had a class."""
        n_classes = group.stop - group.start
        if len(classes) == n_classes:
            return log_p
        # The least one stands behind all; a class that was there knows its column.
        shape = graph.add("Shape", log_p, start=0, end=1)
        shape = graph.add("Concat", shape, graph.whole(1), axis=0)
        least = graph.constant(np.array([[np.log(_LEAST)]]))
        least = graph.add("Expand", least, shape)
        columns = np.full(n_classes, len(classes), np.int64)
        columns[classes.astype(int)] = np.arange(len(classes))
        log_p = graph.add("Concat", log_p, least, axis=1)
        return graph.add("Gather", log_p, graph.constant(columns), axis=1)
