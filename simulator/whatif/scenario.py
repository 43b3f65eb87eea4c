"""Scenario files: a what-if as TOML, to be run again."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, ValidationError

from stairline.hwmodels.provenance import Closed

from .errors import WhatIfError

MOST_BYTES = 1 << 20
"""The largest scenario file that is read."""
_Texts = Annotated[tuple[str, ...], Field(max_length=1000)]


class Scenario(Closed):
    """A what-if: networks, platforms, what is changed and what is asked, in the words of the command's options."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, populate_by_name=True)

    schema_: Annotated[Literal[1], Field(alias="schema")] = 1
    models: Annotated[_Texts, Field(min_length=1)]
    """Paths of model files are from the folder in which the scenario is run."""
    platforms: Annotated[_Texts, Field(min_length=1)]
    dtype: str | None = None
    shapes: _Texts = ()
    input_size: int | None = None
    width: float | None = None
    signature: str | None = None
    weights: Annotated[_Texts, Field(alias="weight")] = ()
    numbers: Annotated[_Texts, Field(alias="set")] = ()
    rules: Annotated[_Texts, Field(alias="change")] = ()
    sweeps: Annotated[_Texts, Field(alias="sweep")] = ()
    cost: str | None = None
    tornado: bool = False
    reach: str | None = None
    by: _Texts = ()
    assumed: bool = False

    @property
    def asks(self) -> bool:
        """Whether anything is asked of the networks and platforms."""
        return bool(self.numbers or self.rules or self.sweeps or self.tornado or self.reach or self.assumed)


def read_scenario(path: Path) -> Scenario:
    """The scenario in a file. Raises WhatIfError, one line for each problem, for a file that holds none."""
    try:
        raw = path.read_bytes()
        if len(raw) > MOST_BYTES:
            raise WhatIfError(f"{path}: {len(raw)} bytes; a scenario has at most {MOST_BYTES}")
        return Scenario.model_validate(tomllib.loads(raw.decode("utf-8")))
    except OSError as error:
        raise WhatIfError(f"{path}: cannot be read: {error.strerror or error}") from None
    except ValidationError as error:
        found = (f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:5])
        raise WhatIfError("\n".join(f"{path}: {problem}" for problem in found)) from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise WhatIfError(f"{path}: not TOML: {error}") from None


def scenario_text(scenario: Scenario) -> str:
    """The content of the file that states a scenario; reading it gives an equal one."""
    import tomlkit

    data = scenario.model_dump(by_alias=True, exclude_none=True, exclude_defaults=True)
    lists = {key: list(value) if isinstance(value, tuple) else value for key, value in data.items()}
    return tomlkit.dumps({"schema": scenario.schema_, **lists})
