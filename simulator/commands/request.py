"""From the arguments of a verb to a request: networks, each to be predicted on every platform."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import click

from stairline import hwmodels
from stairline.hwmodels import Platform, PlatformError, derive
from stairline.hwmodels.files.settings import number_changes, rule_changes
from stairline.hwmodels.schema import ELEMENT_BYTES, PRECISION_NAMES
from stairline.hwmodels.spelling import did_you_mean
from stairline.simulator.graph.changes import with_batch
from stairline.simulator.graph.graph import Graph, GraphError
from stairline.simulator.mapping.plan import UnknownOperatorError
from stairline.simulator.networks import Networks, networks, single
from stairline.simulator.readers.errors import ReadError
from stairline.simulator.readers.formats import Shapes
from stairline.simulator.zoo import MODELS, ZooError

REFUSALS = (GraphError, PlatformError, ReadError, UnknownOperatorError, ZooError)
"""Why one network may have no prediction on one platform, while others have."""

Unreadable = GraphError | ReadError | ZooError
Network = tuple[str, Graph | Unreadable]
"""What reports call a network, and its graph, or why it has none."""


class Group(NamedTuple):
    """The networks of one argument MODEL, or why there are none."""

    model: str
    """The argument."""
    name: str
    """What reports call a single network; empty for the networks of a table, which have names of their own."""
    found: Networks | Unreadable

    @property
    def is_table(self) -> bool:
        """Whether the networks are those of a layer table."""
        return not self.name

    @property
    def total(self) -> int:
        """The number of networks; one that cannot be read counts."""
        return self.found.total if isinstance(self.found, Networks) else 1


class Request(NamedTuple):
    """Networks to predict, each on every platform, at one precision or, for None, at what ``precision`` finds."""

    groups: tuple[Group, ...]
    platforms: tuple[Platform, ...]
    dtype: str | None
    allow_unknown: bool
    strict: bool
    """Whether the first network without a prediction ends everything."""
    jobs: int = 1
    """The number of processes that predict."""

    @property
    def total(self) -> int:
        """The number of answers."""
        return sum(group.total for group in self.groups) * len(self.platforms)


def request(
    models: Sequence[str],
    names: Sequence[str],
    dtype: str | None,
    shapes: Sequence[str],
    input_size: int | None,
    width: float | None,
    allow_unknown: bool,
    signature: str | None,
    strict: bool,
    jobs: int = 1,
    numbers: Sequence[str] = (),
    rules: Sequence[str] = (),
    batch: int = 1,
) -> Request:
    """The request in a verb's arguments; whatever can be refused before the first prediction is refused here."""
    platforms, named = platforms_and_dtype(names, dtype)
    platforms = changed_platforms(platforms, numbers, rules)
    shape = _shapes(shapes)

    def group(model: str) -> Group:
        try:
            found = networks(model, shape, input_size=input_size, width=width, signature=signature)
        except (GraphError, ReadError, ZooError) as error:
            if strict or len(models) == 1:
                raise
            return Group(model, model, error)
        named = _named(model, found, "".join((_setting(" w", width), _setting(" ", input_size))))
        return named if batch == 1 else _batched(named, batch)

    groups = _told_apart(tuple(map(group, models)))
    unreadable = [one.found for one in groups if not isinstance(one.found, Networks)]
    if len(unreadable) == len(groups):
        for error in unreadable[:-1]:
            click.echo(f"stairline: {error}", err=True)
        raise unreadable[-1]
    return Request(groups, platforms, named, allow_unknown, strict, jobs)


def platforms_and_dtype(names: Sequence[str], dtype: str | None) -> tuple[tuple[Platform, ...], str | None]:
    """The platforms in the options -p, and the precision in the option --dtype by its own name."""
    if dtype is not None and dtype.lower() not in PRECISION_NAMES:
        raise click.UsageError(f"--dtype '{dtype}': no such precision{did_you_mean(dtype, ELEMENT_BYTES)}")
    named = None if dtype is None else PRECISION_NAMES[dtype.lower()]
    return _platforms(names, named), named


def changed_platforms(
    platforms: Sequence[Platform], numbers: Sequence[str], rules: Sequence[str]
) -> tuple[Platform, ...]:
    """The platforms with what the options --set and --change state; see ``hwmodels.files.settings``.

    Platforms that lack what is changed are left out and reported. Raises PlatformError where all of them do.
    """
    if not numbers and not rules:
        return tuple(platforms)
    changed, refused = [], {}
    for platform in platforms:
        try:
            changed.append(derive(platform, (*number_changes(platform, numbers), *rule_changes(rules))))
        except PlatformError as error:
            refused[platform.name] = error
    if not changed:
        raise next(iter(refused.values()))
    if refused:
        click.echo(f"stairline: left out, since the changes do not apply: {', '.join(refused)}", err=True)
    return tuple(changed)


def networks_of(asked: Request) -> Iterator[Network]:
    """All networks of a request; one that cannot be read stands there with its error."""
    for group in asked.groups:
        if not isinstance(group.found, Networks):
            yield group.name, group.found
            continue
        names = iter(group.found.names)
        graphs = iter(group.found.graphs)
        for _ in range(group.total):
            name = group.name or next(names)
            try:
                yield name, next(graphs)
            except (GraphError, ReadError, ZooError) as error:
                yield name, error


def _batched(group: Group, batch: int) -> Group:
    """The networks of a group, each for ``batch`` times as many images at once."""
    assert isinstance(group.found, Networks)
    start = group.found.start
    name = f"{group.name} batch {batch}" if group.name else ""
    found = replace(group.found, start=lambda: map(partial(with_batch, batch=batch), start()))
    return group._replace(name=name, found=found)


def _named(model: str, found: Networks, settings: str) -> Group:
    if found.names:
        return Group(model, "", found)
    graph = next(found.graphs)
    name = f"{graph.name}{settings}" if model in MODELS else graph.name
    return Group(model, name, single(graph))


def _setting(before: str, value: float | None) -> str:
    return "" if value is None else f"{before}{value:g}"


def _told_apart(groups: tuple[Group, ...]) -> tuple[Group, ...]:
    """The groups, with the argument as the name of each single network whose name other arguments have too."""
    counts = Counter(name for name, _ in {(group.name, group.model) for group in groups})
    return tuple(
        group._replace(name=group.model) if group.name and counts[group.name] > 1 else group for group in groups
    )


def _platforms(names: Sequence[str], dtype: str | None) -> tuple[Platform, ...]:
    """The platforms of these names, each once; 'all' leaves out those without the precision and reports them.

    One that was named stays without the precision, where another has it: its answers then say so.
    """
    chosen: dict[Platform, None] = {}
    for name in names:
        if name.lower() != "all":
            chosen[hwmodels.load(name)] = None
            continue
        for platform in hwmodels.available():
            if platform.file.fallback_only:
                continue
            if dtype in (None, *platform.dtypes):
                chosen[platform] = None
            else:
                click.echo(f"stairline: left out {platform.name}: it has no precision {dtype}", err=True)
    if not chosen:
        raise PlatformError(f"no platform has the precision '{dtype}'; 'stairline platforms' lists what they have")
    return tuple(chosen)


def _shapes(texts: Sequence[str]) -> Shapes:
    """The input shapes in --shape options: one written 1,224,224,3 alone, or NAME=1,224,224,3 for each input."""
    named: dict[str, tuple[int, ...]] = {}
    for text in texts:
        name, _, dims = text.rpartition("=")
        try:
            named[name] = tuple(int(dim) for dim in dims.split(","))
        except ValueError:
            raise click.UsageError(
                f"--shape '{text}': give whole numbers between commas, such as 1,224,224,3"
            ) from None
    if len(texts) > 1 and ("" in named or len(named) < len(texts)):
        raise click.UsageError("--shape: with more than one, give each as NAME=DIMS and each name once")
    return named.get("", named) if named else None
