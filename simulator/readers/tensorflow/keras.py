"""Keras files converted to a GraphDef: only the configuration is read, and only built-in layers are made from it.

A Keras file may name any Python object and carry byte code. Therefore the configuration is checked against a closed
list before Keras reads it, and weights, initializers, regularizers and the training configuration are ignored. The
model is then built in a TensorFlow graph that is never run, which needs no memory for its weights.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

from stairline.simulator.readers.errors import ReadError

from .files import Flat, import_tensorflow, inlined, resolved

_MAX_CONFIG_BYTES = 64 << 20
_MAX_DEPTH = 100

_CONTAINERS = ("Functional", "Model", "Sequential")
_PLAIN = frozenset({"DTypePolicy", "Policy", "TensorShape", "__keras_tensor__", "__tuple__", "__numpy__"})
_LAYERS = frozenset(
    {
        *("InputLayer", "Identity", "Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax"),
        *("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate", "Dot"),
        *("Conv1D", "Conv2D", "Conv2DTranspose", "DepthwiseConv2D", "SeparableConv2D", "Dense"),
        *("EinsumDense", "Embedding", "MultiHeadAttention", "Attention"),
        *("BatchNormalization", "LayerNormalization", "GroupNormalization", "UnitNormalization"),
        *("Normalization", "Rescaling", "Resizing"),
        *("MaxPooling1D", "MaxPooling2D", "AveragePooling1D", "AveragePooling2D"),
        *("GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalAveragePooling1D", "GlobalAveragePooling2D"),
        *("Flatten", "Reshape", "Permute", "RepeatVector"),
        *("ZeroPadding1D", "ZeroPadding2D", "Cropping1D", "Cropping2D", "UpSampling1D", "UpSampling2D"),
        *(
            "Dropout",
            "SpatialDropout1D",
            "SpatialDropout2D",
            "AlphaDropout",
            "GaussianDropout",
            "GaussianNoise",
            "ActivityRegularization",
        ),
    }
)
_ACTIVATIONS = frozenset(
    {
        *("linear", "relu", "relu6", "leaky_relu", "elu", "selu", "gelu", "mish"),
        *("sigmoid", "hard_sigmoid", "tanh", "softmax", "softplus", "softsign", "exponential"),
        *("swish", "silu", "hard_swish", "hard_silu"),
    }
)
_OPERATIONS = frozenset(
    {
        *("Add", "Subtract", "Multiply", "Divide", "TrueDivide", "Negative", "Maximum", "Minimum", "Matmul"),
        *("Mean", "Max", "Sum", "Square", "Sqrt", "Clip", "Reshape", "Transpose", "Squeeze", "ExpandDims"),
        *("Concatenate", "Split", "Pad", "GetItem", "Relu", "Relu6", "LeakyRelu", "Sigmoid", "Tanh", "Softmax"),
        *("Silu", "HardSilu", "HardSigmoid", "Gelu"),
    }
)
"""Array operations that Keras models may apply between layers; they are classes of ``_OPERATION_MODULES``."""
_OPERATION_MODULES = ("keras.src.ops.numpy", "keras.src.ops.nn")
_MODULES = (
    *("keras", "keras.layers", "keras.models", "keras.activations", "keras.src.models.functional"),
    *("keras.src.models.sequential", "builtins", "tensorflow.keras.layers"),
)


def keras_model(path: Path) -> Flat:
    """The model of a ``.keras`` archive or a Keras ``.h5`` file. Raises ReadError for all but built-in layers."""
    configuration = _archive(path) if zipfile.is_zipfile(path) else _hdf5(path)
    try:
        parsed = json.loads(configuration)
    except (ValueError, RecursionError):
        raise ReadError("configuration: is not JSON: damaged: save the model again") from None
    if not isinstance(parsed, dict) or parsed.get("class_name") not in _CONTAINERS:
        kind = parsed.get("class_name") if isinstance(parsed, dict) else type(parsed).__name__
        raise ReadError(f"configuration: class '{kind}': expected a Functional or Sequential model")
    return _built(_checked(parsed, "configuration", 0))


def _archive(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            size = archive.getinfo("config.json").file_size
            if size > _MAX_CONFIG_BYTES:
                raise ReadError(f"config.json: {size:,} bytes: more than {_MAX_CONFIG_BYTES:,} are not read")
            return archive.read("config.json").decode()
    except KeyError:
        raise ReadError("holds no config.json: not a Keras model") from None
    except (zipfile.BadZipFile, UnicodeDecodeError, NotImplementedError, RuntimeError):
        raise ReadError("config.json: cannot be unpacked: truncated or damaged") from None


def _hdf5(path: Path) -> str:
    import_tensorflow()  # h5py comes with it.
    import h5py

    try:
        with h5py.File(path, "r") as file:
            configuration = file.attrs.get("model_config")
    except (OSError, RuntimeError, ValueError, KeyError):
        raise ReadError("is neither a Keras archive nor HDF5: it is truncated, damaged or of another format") from None
    if configuration is None:
        raise ReadError("holds no model_config, so it holds weights without a network: save the whole model")
    return configuration.decode() if isinstance(configuration, bytes) else str(configuration)


def _checked(value: Any, place: str, depth: int) -> Any:
    """The configuration without the parts that only training needs. Raises ReadError for a class that is not listed."""
    if depth > _MAX_DEPTH:
        raise ReadError(f"{place}: nested more than {_MAX_DEPTH} deep: not a network")
    if isinstance(value, list):
        return [_checked(item, place, depth + 1) for item in value]
    if not isinstance(value, dict):
        return value
    if "class_name" in value:
        place, value = _verify_class(value, place), _modern(value)
    return {key: _checked(_neutral(key, item, place), place, depth + 1) for key, item in value.items()}


def _verify_class(value: dict[str, Any], place: str) -> str:
    kind, inner = value["class_name"], value.get("config")
    name = inner.get("name") if isinstance(inner, dict) else None
    here = f"layer '{name or value.get('name') or kind}' ({kind})"
    if not isinstance(kind, str):
        raise ReadError(f"{here}: a class is named by text: damaged")
    if kind == "function" and isinstance(inner, str) and inner in _ACTIVATIONS and value.get("module") in _MODULES:
        return place
    module = value.get("module")
    if module in _OPERATION_MODULES and kind in _OPERATIONS:
        return here
    if kind not in (*_CONTAINERS, *_PLAIN, *_LAYERS):
        raise ReadError(
            f"{here}: only built-in Keras layers are read, because others run code from the file: export to ONNX"
        )
    if module not in (None, *_MODULES) or value.get("registered_name") not in (None, kind):
        raise ReadError(f"{here}: module '{module}': no class from outside Keras is loaded: export to ONNX")
    return here


def _modern(value: dict[str, Any]) -> dict[str, Any]:
    """A class entry as Keras 3 writes it; earlier versions omit its module and write arguments that are not used."""
    kind, inner = value["class_name"], value.get("config")
    if value.get("module") or kind in _PLAIN:
        return value
    if kind in ("Functional", "Model"):
        return {**value, "class_name": "Functional", "module": "keras.src.models.functional"}
    if kind == "DepthwiseConv2D" and isinstance(inner, dict):
        inner = {key: item for key, item in inner.items() if key not in ("groups", "filters", "kernel_initializer")}
    if kind == "BatchNormalization" and isinstance(inner, dict) and isinstance(inner.get("axis"), list):
        inner = {**inner, "axis": inner["axis"][-1]}
    return {**value, "config": inner, "module": "keras" if kind in _CONTAINERS else "keras.layers"}


def _neutral(key: str, item: Any, place: str) -> Any:
    """The value of a key, with zeros for initial values and None for penalties, constraints and training state."""
    if key.endswith("_initializer"):
        return "zeros"
    if key.endswith(("_regularizer", "_constraint")) or key in ("compile_config", "build_config"):
        return None
    if key.endswith("activation") and isinstance(item, str) and item not in _ACTIVATIONS:
        raise ReadError(f"{place}: activation '{item}': unknown: expected one of {', '.join(sorted(_ACTIVATIONS))}")
    return item


def _built(configuration: dict[str, Any]) -> Flat:
    """The GraphDef of the model that Keras builds from a checked configuration. Raises ReadError where it refuses."""
    tf = import_tensorflow()
    graph = tf.Graph()
    try:
        with graph.as_default():
            model = tf.keras.models.model_from_json(json.dumps(configuration))
            inputs = [tf.compat.v1.placeholder(x.dtype, x.shape, name=f"input_{i}") for i, x in enumerate(model.inputs)]
            results = model(inputs[0] if len(inputs) == 1 else inputs, training=False)
            outputs = tf.nest.flatten(results)
    except (
        LookupError,
        RuntimeError,
        ValueError,
        TypeError,
        AttributeError,
        AssertionError,
        tf.errors.OpError,
    ) as error:
        line = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ReadError(f"configuration: Keras refuses it: {line}") from None
    names = {x.name: placeholder.op.name for x, placeholder in zip(model.inputs, inputs)}
    flat, aliases = inlined(graph.as_graph_def())
    return Flat(flat, names, tuple(resolved(tensor.name, aliases) for tensor in outputs))
