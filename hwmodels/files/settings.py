"""Changes of a platform as people write them: KEY=VALUE for a number, WHAT=OPERATORS for a rule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from stairline.hwmodels.files.units import parsed
from stairline.hwmodels.platform import Platform, PlatformError
from stairline.hwmodels.quantities import quantities
from stairline.hwmodels.spelling import did_you_mean

from .changes import Alike, Change, Fallback, Fused, NotLowered, Number, Supported, Times, Unfused, Unsupported, Value

RULES: dict[str, str] = {
    "fuse": "fuse=conv2d|dense,relu,sigmoid: a chain of operators runs as one kernel",
    "unfuse": "unfuse=relu or unfuse=conv2d|dense,relu: an operator joins no kernel (of these)",
    "support": "support=sigmoid: the processor runs an operator",
    "unsupport": "unsupport=sigmoid: an operator goes to the fallback",
    "alike": "alike=mish,sigmoid: an operator without a kernel model runs as another does",
    "fallback": "fallback=PLATFORM: operators that the processor does not run go there",
    "unlower": "unlower=swish_as_sigmoid_mul: a rewrite does not take place",
}
"""The changes of rules that can be written, each with an example and what it says."""


_NAMED = 3
"""Keys that a complaint about an unknown one names."""


def number_changes(platform: Platform, texts: Iterable[str]) -> Iterator[Number]:
    """The changes in texts such as ``placement.capacity_bytes=16MiB``, or ``overheads.kernel_s=x2`` for a factor.

    Raises PlatformError for a text that is no setting, a key that the platform lacks, and a unit that the key does not
    take.
    """
    for text in texts:
        key, value = key_and_rest(text, "KEY=VALUE")
        require_key(platform, key)
        try:
            yield Times(key, parsed("", value[1:])) if value.startswith("x") else Value(key, parsed(key, value))
        except ValueError as error:
            raise PlatformError(f"{key}: {error}") from None


def key_and_rest(text: str, form: str) -> tuple[str, str]:
    """Both sides of the first "=" of a text. Raises PlatformError, naming the ``form``, where one of them is empty."""
    key, _, rest = (part.strip() for part in text.partition("="))
    if not key or not rest:
        raise PlatformError(f"'{text}' is not {form}")
    return key, rest


def require_key(platform: Platform, key: str) -> None:
    """Raises PlatformError, with the keys that may be meant, where the platform has no number of this key."""
    known = [key for key, _ in quantities(platform.file)]
    if key not in known:
        holding = [one for one in known if key in one]
        first = ", ".join(f"'{one}'" for one in holding[:_NAMED]) + " and others" * (len(holding) > _NAMED)
        near = f"; did you mean {first}?" if holding else did_you_mean(key, known)
        raise PlatformError(f"{platform.name}: no quantity '{key}'{near}")


def rule_changes(texts: Iterable[str]) -> Iterator[Change]:
    """The changes of rules in texts such as ``fuse=conv2d,relu``; see ``RULES``. Raises PlatformError for any other."""
    for text in texts:
        what, rest = key_and_rest(text, f"WHAT=OPERATORS, where WHAT is {', '.join(RULES)}")
        if what not in RULES:
            near = did_you_mean(what, RULES, f"; it is {', '.join(RULES)}")
            raise PlatformError(f"'{text}': no such change{near}")
        found = _rule_change(what, tuple(part.strip() for part in rest.split(",")))
        if found is None:
            raise PlatformError(f"'{text}': write {RULES[what]}")
        yield found


def as_written(change: Change) -> str:
    """The text that states a change: what ``number_changes`` or ``rule_changes`` read it from, or would."""
    match change:
        case Value(key, value):
            return f"{key}={value:.17g}"
        case Times(key, factor):
            return f"{key}=x{factor:.17g}"
        case Fused(pattern):
            return f"fuse={','.join(pattern)}"
        case Unfused(op, producers):
            return f"unfuse={','.join(('|'.join(producers), op) if producers else (op,))}"
        case Alike(op, like):
            return f"alike={op},{like}"
    return f"{next(what for what, kind in _OF_ONE_NAME.items() if isinstance(change, kind))}={change[0]}"


_OF_ONE_NAME: dict[str, type[Supported | Unsupported | Fallback | NotLowered]] = {
    "support": Supported,
    "unsupport": Unsupported,
    "fallback": Fallback,
    "unlower": NotLowered,
}


def _rule_change(what: str, parts: tuple[str, ...]) -> Change | None:
    """The change of a rule; None where it takes another number of parts."""
    match what, parts:
        case "fuse", (_, _, *_):
            return Fused(parts)
        case "unfuse", (op,):
            return Unfused(op)
        case "unfuse", (producers, op):
            return Unfused(op, tuple(producers.split("|")))
        case "alike", (op, like):
            return Alike(op, like)
        case _, (name,) if what in _OF_ONE_NAME:
            return _OF_ONE_NAME[what](name)
    return None
