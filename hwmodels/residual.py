"""The correction that a calibrated platform may carry: gradient-boosted trees in XGBoost's own JSON.

The file comes from anybody, so every index in it is checked here before anything walks the trees.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints, ValidationError

from .provenance import Closed

MAX_BYTES = 8 << 20
"""Largest residual file accepted; those that calibration writes are about a tenth of it."""

MOST_TREES, MOST_NODES, DEEPEST = 1000, 1023, 12


class ResidualRecord(Closed):
    """What an overlay states of its residual: the file beside it, its digest, and what it corrects."""

    file: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9.\-_]{0,99}\.json$")]
    digest: str
    operators: Annotated[tuple[str, ...], Field(min_length=1)]
    """The operators that are corrected, in the order of their codes in the trees; other operators are not corrected."""
    bound: Annotated[float, Field(gt=0.0, le=1.0)]
    """The largest correction, up or down, as the natural logarithm of a ratio of latencies."""


class Tree(BaseModel):
    """One tree of XGBoost's JSON, a column per property of its nodes.

    A node without children is a leaf, and its condition is the leaf's value.
    """

    left_children: Annotated[tuple[int, ...], Field(min_length=1, max_length=MOST_NODES)]
    right_children: tuple[int, ...]
    split_indices: tuple[int, ...]
    split_conditions: tuple[float, ...]


class _Model(BaseModel):
    trees: Annotated[tuple[Tree, ...], Field(max_length=MOST_TREES)]


class _Booster(BaseModel):
    model: _Model


class _Learner(BaseModel):
    feature_names: tuple[str, ...]
    gradient_booster: _Booster


class _File(BaseModel):
    learner: _Learner


@dataclass(frozen=True, eq=False)
class Residual:
    """A validated residual. The log of a kernel's correction is the sum of one leaf of each tree."""

    operators: tuple[str, ...]
    features: tuple[str, ...]
    """Names of the features of a kernel that the trees compare; see ``simulator.pricing.residual``."""
    bound: float
    trees: tuple[Tree, ...]


def read_residual(raw: bytes, record: ResidualRecord) -> Residual:
    """The residual in the bytes of a file. Raises ValueError naming the tree, the node and what is wrong with it."""
    found = digest(raw)
    if found != record.digest:
        raise ValueError(f"its digest is {found}, but the overlay was written with {record.digest}: fit again")
    try:
        learner = _File.model_validate_json(raw).learner
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ValueError(f"no residual of gradient-boosted trees: {where}: {first['msg']}") from None
    trees = learner.gradient_booster.model.trees
    for number, tree in enumerate(trees):
        for problem in _problems(tree, len(learner.feature_names)):
            raise ValueError(f"tree {number}: {problem}")
    return Residual(record.operators, learner.feature_names, record.bound, trees)


def digest(raw: bytes) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of a residual file's bytes."""
    return hashlib.sha256(raw).hexdigest()[:16]


def _problems(tree: Tree, features: int) -> Iterator[str]:
    nodes = len(tree.left_children)
    lengths = {len(tree.right_children), len(tree.split_indices), len(tree.split_conditions)}
    if lengths != {nodes}:
        yield f"its columns differ in length: {nodes} and {', '.join(map(str, sorted(lengths)))}"
        return
    depth = [0] * nodes
    for node, (left, right) in enumerate(zip(tree.left_children, tree.right_children)):
        if not isfinite(tree.split_conditions[node]):
            yield f"node {node} holds {tree.split_conditions[node]}"
        if left == right == -1:
            continue
        # Children lie behind their parents, so that no walk goes round in circles.
        if not (node < left < nodes and node < right < nodes):
            yield f"node {node} has children {left} and {right} of {nodes} nodes"
            return
        if not 0 <= tree.split_indices[node] < features:
            yield f"node {node} asks for feature {tree.split_indices[node]} of {features}"
        depth[left] = depth[right] = depth[node] + 1
    if max(depth) > DEEPEST:
        yield f"it is {max(depth)} deep; at most {DEEPEST}"
