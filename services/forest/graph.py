"""A forest as an ONNX model, made from whole arrays.

The input is the encoded matrix in float64, so that `x <= threshold` is the very comparison that
scikit-learn makes between a float32 value and a float64 threshold.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import AttributeProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper

from models.errors import TooLarge
from services.forest.trees import Trees
from services.forest.usage import NOTE
from services.forest.wire import add_integers

ML = "ai.onnx.ml"
OPSETS = [helper.make_opsetid("", 17), helper.make_opsetid(ML, 3)]
IR_VERSION = 8
# ONNX ends at 2 GiB, because protobuf does. A node takes about 50 bytes, a leaf's weight 20.
MOST_BYTES = 2**31 - 1
NODE_BYTES, WEIGHT_BYTES = 50, 20
MANTISSA = 23
BINARY = 2
# Of an inner node and of a leaf; as objects, so that millions of them are but these two.
MODES = np.array([b"BRANCH_LEQ", b"LEAF"], dtype=np.object_)

Weights = tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]  # node, class, weight


def classifier(trees: Trees, about: Mapping[str, str]) -> ModelProto:
    """X (N, features) to label (N,), a code, and probabilities (N, classes) in float32.

    `about` is kept in the model as it is. Raises TooLarge where ONNX cannot hold the trees.
    """
    classes = trees.value.shape[1]
    outputs = [
        helper.make_tensor_value_info("label", TensorProto.INT64, ["N"]),
        helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", classes]),
    ]
    model = _model(outputs, about)
    node = _ensemble(model, "TreeEnsembleClassifier", ["label", "probabilities"], trees)
    _add_weights(node, "class", trees, _shares(trees))
    add_integers(node, "classlabels_int64s", np.arange(classes))
    return model


def regressor(trees: Trees, about: Mapping[str, str]) -> ModelProto:
    """X (N, features) to value (N,) in float64.

    ONNX's trees add up float32 numbers. Each leaf's value is therefore told as its distance
    from an offset, and the distance as a coarse part, whose sums float32 holds without loss, and
    a fine rest. Raises TooLarge where ONNX cannot hold the trees.
    """
    offset = float(trees.value[trees.offsets[:-1], 0].mean())
    steps = [
        helper.make_node("Cast", ["parts"], ["doubles"], to=TensorProto.DOUBLE),
        helper.make_node("ReduceSum", ["doubles", "axes"], ["sum"], keepdims=0),
        helper.make_node("Div", ["sum", "count"], ["mean"]),
        helper.make_node("Add", ["mean", "offset"], ["value"]),
    ]
    constants = {
        "axes": np.array([1], dtype=np.int64),
        "count": np.float64(trees.count),
        "offset": np.float64(offset),
    }
    output = helper.make_tensor_value_info("value", TensorProto.DOUBLE, ["N"])
    model = _model([output], about, constants)
    node = _ensemble(model, "TreeEnsembleRegressor", ["parts"], trees)
    _add_weights(node, "target", trees, _coarse_and_fine(trees, offset))
    node.attribute.append(helper.make_attribute("n_targets", 2))
    model.graph.node.extend(steps)
    return model


def _ensemble(model: ModelProto, kind: str, outputs: list[str], trees: Trees) -> NodeProto:
    """The model's node with the structure of the trees, without what its leaves say."""
    leaf = trees.leaf
    if len(leaf) * NODE_BYTES + leaf.sum() * trees.value.shape[1] * WEIGHT_BYTES > MOST_BYTES:
        _refuse_unless_sparse(trees)
    # Made in its place: to put a finished node there would copy it.
    node: NodeProto = model.graph.node.add(op_type=kind, domain=ML, input=["X"], output=outputs)
    node.attribute.append(helper.make_attribute("post_transform", "NONE"))
    integers = {
        "nodes_treeids": trees.tree_of,
        "nodes_nodeids": trees.place,
        "nodes_featureids": np.where(leaf, 0, trees.feature),
        "nodes_truenodeids": np.where(leaf, 0, trees.children_left),
        "nodes_falsenodeids": np.where(leaf, 0, trees.children_right),
    }
    for name, values in integers.items():
        add_integers(node, name, values)
    modes = node.attribute.add(name="nodes_modes", type=AttributeProto.STRINGS)
    modes.strings.extend(MODES[leaf.view(np.uint8)].tolist())
    _add_doubles(node, "nodes_values", np.where(leaf, 0.0, trees.threshold))
    return node


def _refuse_unless_sparse(trees: Trees) -> None:
    weights = np.count_nonzero(trees.value[trees.leaf])
    if len(trees.leaf) * NODE_BYTES + weights * WEIGHT_BYTES > MOST_BYTES:
        message = (
            f"a tree has {len(trees.leaf):,} nodes, more than ONNX's 2 GiB hold; train with a "
            "larger min_samples_leaf, or a max_depth"
        )
        raise TooLarge(message, code="model_too_large")


def _shares(trees: Trees) -> Weights:
    """What each leaf adds to the probabilities; of more than two classes shares of 0 are left out.

    Of two classes onnxruntime wants the shares of the second one alone, under the id 0: only
    then does it compare them with one half.
    """
    leaves = np.flatnonzero(trees.leaf)
    if trees.value.shape[1] == BINARY:
        return leaves, np.zeros_like(leaves), trees.value[leaves, 1] / trees.count
    there = trees.value[leaves] != 0
    there[0] = True  # each class stands somewhere, or onnxruntime would not know of it
    row, code = np.nonzero(there)
    return leaves[row], code, trees.value[leaves[row], code] / trees.count


def _coarse_and_fine(trees: Trees, offset: float) -> Weights:
    leaves = np.flatnonzero(trees.leaf)
    distance = trees.value[leaves, 0] - offset
    # The coarse parts are multiples of a step so large that no sum of them needs more bits than
    # float32 has.
    largest = float(np.abs(distance).max()) * trees.count
    step = 2.0 ** (np.ceil(np.log2(largest)) - MANTISSA) if largest else 1.0
    coarse = np.rint(distance / step) * step
    parts = np.column_stack([coarse, distance - coarse])
    return np.repeat(leaves, 2), np.tile([0, 1], len(leaves)), parts.ravel()


def _add_weights(node: NodeProto, what: str, trees: Trees, weights: Weights) -> None:
    at, code, weight = weights
    integers = {"treeids": trees.tree_of[at], "nodeids": trees.place[at], "ids": code}
    for name, values in integers.items():
        add_integers(node, f"{what}_{name}", values)
    _add_doubles(node, f"{what}_weights", weight)


def _add_doubles(node: NodeProto, name: str, values: npt.NDArray[np.float64]) -> None:
    tensor = numpy_helper.from_array(np.ascontiguousarray(values, dtype=np.float64), name)
    attribute = node.attribute.add(name=f"{name}_as_tensor", type=AttributeProto.TENSOR)
    attribute.t.CopyFrom(tensor)


def _model(
    outputs: list[Any], about: Mapping[str, str], constants: Mapping[str, Any] | None = None
) -> ModelProto:
    """A model without a node."""
    inputs = [helper.make_tensor_value_info("X", TensorProto.DOUBLE, ["N", None])]
    tensors = [numpy_helper.from_array(np.asarray(v), k) for k, v in (constants or {}).items()]
    graph = helper.make_graph([], "forest", inputs, outputs, initializer=tensors)
    model = helper.make_model(graph, opset_imports=OPSETS, ir_version=IR_VERSION)
    helper.set_model_props(model, dict(about))
    model.doc_string = NOTE
    return model
