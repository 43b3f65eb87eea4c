"""The shapes of all tensors of an ONNX model: computed here where they follow plainly, else by ONNX's own inference.

That runs in a child process: on some damaged models its C++ code aborts the process.
"""

from __future__ import annotations

import faulthandler
import os
import warnings
from typing import Any, NoReturn

from stairline.simulator.readers.errors import ReadError

from .shapes.known import with_known_shapes


def inferred(model: Any) -> Any:
    """The model with the shapes of all tensors; values are propagated through shape arithmetic.

    ONNX's inference, which is asked where one shape does not follow plainly, runs in a child process where the system
    can fork. Raises ReadError when it refuses the model or crashes on it.
    """
    import onnx

    if with_known_shapes(model):
        return model
    answer = _from_child(model) if hasattr(os, "fork") else _answer(model)
    if not answer:
        raise ReadError(
            "ONNX's shape inference crashes on it: it is damaged or its shapes contradict each other: "
            "export the model again"
        )
    if answer[:1] != b"+":
        raise ReadError(f"ONNX's shape inference fails: {answer[1:].decode()}: export the model again")
    return onnx.ModelProto.FromString(answer[1:])


def _answer(model: Any) -> bytes:
    """The serialised inferred model behind a b"+", or the reason why there is none behind a b"-"."""
    import onnx.shape_inference

    try:
        result = onnx.shape_inference.infer_shapes(model, check_type=False, strict_mode=False, data_prop=True)
    except (onnx.shape_inference.InferenceError, RuntimeError, ValueError) as error:
        return b"-" + " ".join(str(error).split()).encode()
    return b"+" + bytes(result.SerializeToString())


def _from_child(model: Any) -> bytes:
    """The answer as a forked child computes it; b"" where the child crashed."""
    import onnx.shape_inference  # noqa: F401 - before the fork, so that every read after the first is spared it

    reader, writer = os.pipe()
    with warnings.catch_warnings():
        # The child runs one C++ function and leaves: it takes no lock that another thread may hold.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        _answer_and_leave(model, writer)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        answer = pipe.read()
    _, status = os.waitpid(child, 0)
    return answer if status == 0 else b""


def _answer_and_leave(model: Any, writer: int) -> NoReturn:
    """Write the answer to the pipe and exit, with nothing on standard error, where C++ code prints when it aborts."""
    status = 1
    faulthandler.disable()
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        with os.fdopen(writer, "wb") as pipe:
            pipe.write(_answer(model))
        status = 0
    finally:
        os._exit(status)
