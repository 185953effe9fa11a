"""A graph of ONNX, built node by node."""

import numpy as np

from skmm._utils.optional import optional_import

#: The operators' versions: those that the oldest supported onnxruntime runs.
OPSET, OPSET_ML = 18, 3
_IR_VERSION = 10
#: What protocol buffers, and so a file of ONNX, can hold.
_MOST_BYTES = 2**31 - 2**20


class Graph:
    """Nodes, constants, inputs and outputs of a graph.

    Values are named by strings, as in ONNX; :meth:`add` returns the name of what a node
    gives.
    """

    def __init__(self):
        self._onnx = optional_import("onnx", "export")
        self._nodes, self._constants = [], {}
        self._inputs, self._outputs, self._functions = [], [], []
        self._n_values = 0

    def input(self, leaf):
        """Add an input.

        Parameters
        ----------
        leaf : Leaf
        """
        self._inputs.append(self._info(leaf.name, np.dtype(leaf.dtype), leaf.shape))
        return leaf.name

    def output(self, name, value, dtype, shape):
        """Let a value be an output of this name.

        Parameters
        ----------
        name, value : str
        dtype : dtype
        shape : sequence of int or str
        """
        node = self._onnx.helper.make_node("Identity", [value], [name])
        self._nodes.append(node)
        self._outputs.append(self._info(name, np.dtype(dtype), shape))

    def constant(self, array):
        """Return the name of a constant.

        Parameters
        ----------
        array : ndarray
        """
        array = np.ascontiguousarray(array)
        key = array.dtype.str, array.shape, array.tobytes()
        if key not in self._constants:
            name = f"constant_{len(self._constants)}"
            tensor = self._onnx.numpy_helper.from_array(array, name)
            self._constants[key] = tensor
        return self._constants[key].name

    def whole(self, *numbers):
        """Return the name of a vector of int64.

        Parameters
        ----------
        *numbers : int
        """
        return self.constant(np.array(numbers, np.int64))

    def real(self, number):
        """Return the name of a float64 number.

        Parameters
        ----------
        number : float
        """
        return self.constant(np.array(number, np.float64))

    def add(self, operator, *inputs, domain="", **attributes):
        """Add a node of one output; return its name.

        Parameters
        ----------
        operator : str
        *inputs : str
        domain : str, default=""
        **attributes : dict
        """
        return self.add_many(operator, 1, *inputs, domain=domain, **attributes)[0]

    def add_many(self, operator, n_outputs, *inputs, domain="", **attributes):
        """Add a node; return the names of its outputs.

        Parameters
        ----------
        operator : str
        n_outputs : int
        *inputs : str
        domain : str, default=""
        **attributes : dict
        """
        names = [f"value_{self._n_values + i}" for i in range(n_outputs)]
        self._n_values += n_outputs
        node = self._onnx.helper.make_node(
            operator, list(inputs), names, domain=domain, **attributes
        )
        self._nodes.append(node)
        return names

    def cast(self, value, dtype):
        """Return a value in another type.

        Parameters
        ----------
        value : str
        dtype : dtype
        """
        kind = self._onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        return self.add("Cast", value, to=kind)

    def columns(self, value, start, stop):
        """Return some columns of a matrix.

        Parameters
        ----------
        value : str
        start, stop : int
        """
        ends = self.whole(start), self.whole(stop)
        return self.add("Slice", value, *ends, self.whole(1))

    def rows_of_entries(self, offsets, indices):
        """Return the row of each stored entry of sparse features.

        Parameters
        ----------
        offsets, indices : str
        """
        shape = self.add("Shape", indices)
        longer = self.add("Add", shape, self.whole(1))
        zero = self.constant(np.zeros(1, np.int64))
        zeros = self.add("Expand", zero, longer)
        # Where the next row's begin; behind the last one is an entry that is cut off.
        last = self.whole(np.iinfo(np.int64).max)
        begins = self.add("Slice", offsets, self.whole(1), last)
        ones = self.add("Expand", self.whole(1), self.add("Shape", begins))
        marks = self.add("ScatterElements", zeros, begins, ones, reduction="add")
        rows = self.add("CumSum", marks, self.constant(np.array(0, np.int64)))
        return self.add("Slice", rows, self.whole(0), shape)

    def include(self, model, prefix, inputs):
        """Add the nodes of another model; return the names of its outputs.

        Parameters
        ----------
        model : ModelProto
        prefix : str
            Of all names in it.
        inputs : dict of str to str
            Which value each of its inputs is.
        """
        names = {"": "", **inputs}

        def rename(name):
            return names.setdefault(name, f"{prefix}{name}")

        graph = model.graph
        for tensor in graph.initializer:
            kept = self._onnx.TensorProto()
            kept.CopyFrom(tensor)
            kept.name = rename(tensor.name)
            self._constants[kept.name] = kept
        for node in graph.node:
            made = self._renamed(node, rename)
            self._nodes += self._in_float32(made) if made.op_type == "Erf" else [made]
        known = [function.name for function in self._functions]
        self._functions += [one for one in model.functions if one.name not in known]
        return [rename(value.name) for value in graph.output]

    def _in_float32(self, node):
        """Return the nodes that compute one in float32, as onnxruntime only can."""
        make, (x,), (y,) = self._onnx.helper.make_node, node.input, node.output
        kind = self._onnx.TensorProto.FLOAT
        return [
            make("Cast", [x], [f"{y}.narrow"], to=kind),
            make("Erf", [f"{y}.narrow"], [f"{y}.found"]),
            make("CastLike", [f"{y}.found", x], [y]),
        ]

    def _renamed(self, node, rename):
        made = self._onnx.NodeProto()
        made.CopyFrom(node)
        made.name = ""
        made.ClearField("metadata_props")
        made.ClearField("doc_string")
        made.input[:] = map(rename, node.input)
        made.output[:] = map(rename, node.output)
        for attribute in made.attribute:
            # Inner graphs, of loops and branches, see the names around them.
            inner = [attribute.g] if attribute.HasField("g") else []
            for graph in (*inner, *attribute.graphs):
                nodes = [self._renamed(one, rename) for one in graph.node]
                graph.ClearField("node")
                graph.node.extend(nodes)
                for value in (*graph.input, *graph.output, *graph.initializer):
                    value.name = rename(value.name)
        return made

    def build(self, documentation):
        """Return the model, checked.

        Parameters
        ----------
        documentation : str

        Returns
        -------
        model : ModelProto

        Raises
        ------
        ValueError
            If it is larger than a file of ONNX can be.
        """
        import skmm

        helper = self._onnx.helper
        graph = helper.make_graph(
            self._nodes,
            "skmm",
            self._inputs,
            self._outputs,
            list(self._constants.values()),
        )
        domains = {"": OPSET, "ai.onnx.ml": OPSET_ML}
        domains |= {function.domain: 1 for function in self._functions}
        model = helper.make_model(
            graph,
            producer_name="skmm",
            producer_version=skmm.__version__,
            doc_string=documentation,
            opset_imports=[helper.make_opsetid(*one) for one in domains.items()],
            functions=self._functions,
            ir_version=_IR_VERSION,
        )
        if model.ByteSize() > _MOST_BYTES:
            raise ValueError(
                f"The graph takes {model.ByteSize() / 2**30:.1f} GiB, and a file of "
                "ONNX holds 2. Fit with fewer features (max_features= of TextEncoder)."
            )
        self._onnx.checker.check_model(model)
        return model

    def _info(self, name, dtype, shape):
        kind = self._onnx.helper.np_dtype_to_tensor_dtype(dtype)
        shape = [one if isinstance(one, str) else int(one) for one in shape]
        return self._onnx.helper.make_tensor_value_info(name, kind, shape)
