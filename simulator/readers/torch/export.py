"""PyTorch modules of this process, exported to the text that a .pt2 file holds. The one file that needs PyTorch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from typing import Any

from stairline.simulator.readers.errors import ReadError

from .archive import program_text

# PyTorch is an optional package, so its modules and programs carry no static types here.
TorchModule = Any


def exported_text(module: TorchModule, example_inputs: Any) -> bytes:
    """The program text of a module, or of a program that is exported already, which needs no example.

    ``example_inputs`` is a tensor, a tuple of positional arguments, or a mapping of arguments by name. The module is
    exported in evaluation mode and left as it was; its weights are not copied. Raises ReadError for a module that
    ``torch.export`` refuses.
    """
    import torch

    if isinstance(module, torch.export.ExportedProgram):
        if example_inputs is not None:
            raise ReadError("an exported program has its own inputs: leave the example inputs out")
        return _saved(module)
    return _saved(_without_weights(_exported(module, *_arguments(module, example_inputs))))


def _saved(program: Any) -> bytes:
    import torch

    saved = BytesIO()
    with _refusals("save"):
        torch.export.save(program, saved)
    return program_text(saved)


def _exported(module: TorchModule, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    import torch

    with _refusals("export"), _evaluating(module), torch.no_grad():
        return torch.export.export(module, args, kwargs, strict=False)


@contextmanager
def _refusals(verb: str) -> Iterator[None]:
    """Whatever torch.export raises, as one line: it runs the module's own code, so that may be any error."""
    try:
        yield
    except Exception as error:
        first = next(iter(str(error).strip().splitlines()), "")
        raise ReadError(f"torch.export cannot {verb} it: {type(error).__name__}: {first}") from error


def _arguments(module: TorchModule, example_inputs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    if example_inputs is None:
        call = f"read({type(module).__name__}(...), example_inputs)"
        raise ReadError(f"a module has no shapes of its own: give it example inputs, as in {call}")
    if isinstance(example_inputs, Mapping):
        return (), dict(example_inputs)
    return (tuple(example_inputs) if isinstance(example_inputs, (tuple, list)) else (example_inputs,)), {}


@contextmanager
def _evaluating(module: TorchModule) -> Iterator[None]:
    """Put a module in evaluation mode, in which it answers, and each part of it back in its own mode."""
    modes = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for part, training in modes:
            part.training = training


def _without_weights(program: Any) -> Any:
    """A program of ours that holds no weights: their shapes are in its text."""
    import torch

    for name, tensor in program.state_dict.items():
        empty = tensor.new_empty(0)
        is_parameter = isinstance(tensor, torch.nn.Parameter)
        program.state_dict[name] = torch.nn.Parameter(empty, requires_grad=False) if is_parameter else empty
    return program
