"""The JSON text of an exported program: the parts that a prediction needs, each verified when it is parsed.

Source of all names: PyTorch, torch/_export/serde/schema.py, schema version 8.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

SCHEMA_MAJOR = 8


class _Part(BaseModel):
    """A part of the program; what it states beyond these fields is not needed."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Hint(_Part):
    """The value that an open size has in the program's example."""

    as_int: int | None = None
    as_bool: bool | None = None
    as_float: float | None = None


class Expression(_Part):
    """A size that depends on the inputs' open sizes."""

    hint: Hint | None = None


class SymbolicSize(_Part):
    """A size, fixed or open."""

    as_int: int | None = None
    as_expr: Expression | None = None


class SizeReference(_Part):
    """A size as an argument: a number, or the name of a size that the graph computes."""

    as_name: str | None = None
    as_int: int | None = None


class TensorReference(_Part):
    """A tensor by its name."""

    name: str


class OptionalTensor(_Part):
    """A tensor or nothing."""

    as_tensor: TensorReference | None = None


class Argument(_Part):
    """One of these; a kind that is not listed, such as a device, leaves all of them unset."""

    as_none: bool | None = None
    as_tensor: TensorReference | None = None
    as_tensors: tuple[TensorReference, ...] | None = None
    as_optional_tensor: OptionalTensor | None = None
    as_optional_tensors: tuple[OptionalTensor, ...] | None = None
    as_int: int | None = None
    as_ints: tuple[int, ...] | None = None
    as_float: float | None = None
    as_floats: tuple[float, ...] | None = None
    as_bool: bool | None = None
    as_string: str | None = None
    as_sym_int: SizeReference | None = None
    as_sym_ints: tuple[SizeReference, ...] | None = None
    as_scalar_type: int | None = None


class NamedArgument(_Part):
    """An argument of an operator by the name that the operator's schema gives it."""

    name: str
    arg: Argument


class Node(_Part):
    """One call of an operator."""

    target: str
    inputs: tuple[NamedArgument, ...]
    outputs: tuple[Argument, ...]
    metadata: dict[str, str] = Field(default_factory=dict)


class TensorMeta(_Part):
    """Precision and shape of a tensor."""

    dtype: int
    sizes: tuple[SymbolicSize, ...]


class GraphText(_Part):
    """Operators in execution order, and the tensors and sizes between them."""

    inputs: tuple[Argument, ...]
    outputs: tuple[Argument, ...]
    nodes: tuple[Node, ...]
    tensor_values: dict[str, TensorMeta]
    sym_int_values: dict[str, SymbolicSize] = Field(default_factory=dict)


class UserInput(_Part):
    """An input that whoever runs the program gives."""

    arg: Argument


class InputSpec(_Part):
    """What an input of the graph is; those that the program stores leave ``user_input`` unset."""

    user_input: UserInput | None = None


class UserOutput(_Part):
    """An output that the program gives back."""

    arg: Argument


class OutputSpec(_Part):
    """What an output of the graph is; a changed buffer or input leaves ``user_output`` unset."""

    user_output: UserOutput | None = None


class Signature(_Part):
    """Which inputs are stored, and which outputs are given back."""

    input_specs: tuple[InputSpec, ...]
    output_specs: tuple[OutputSpec, ...]


class GraphModule(_Part):
    """A graph with its signature."""

    graph: GraphText
    signature: Signature


class SchemaVersion(_Part):
    """The version of the schema; another major one has other names."""

    major: int
    minor: int


class ProgramText(_Part):
    """An exported program."""

    graph_module: GraphModule
    schema_version: SchemaVersion
