"""Tools are run to their end, whatever they leave behind, and their last line is quoted where they fail."""

from __future__ import annotations

import sys
import time

import pytest

from stairline.measure.processes.python import OWN, foreign
from stairline.measure.processes.tool import (
    ToolError,
    ToolMissingError,
    ToolTimeoutError,
    last_line,
    output_of,
    run_tool,
)


def script(text: str) -> list[str]:
    return ["sh", "-c", text]


def test_what_a_tool_prints_is_its_output() -> None:
    assert output_of("Tool", script("echo one; echo two; echo three >&2"), 10, "") == "one\ntwo\n"


def test_a_tool_that_fails_is_quoted_by_the_last_line_of_its_errors() -> None:
    with pytest.raises(ToolError, match=r"^Tool left with exit code 3: no room$"):
        output_of("Tool", script("echo done; printf 'first\\n  no room \\n\\n' >&2; exit 3"), 10, "")


def test_a_tool_that_fails_without_errors_is_quoted_by_what_it_printed() -> None:
    with pytest.raises(ToolError, match=r"^Tool left with exit code 1: bad model$"):
        output_of("Tool", script("echo bad model; exit 1"), 10, "")
    with pytest.raises(ToolError, match="it printed nothing"):
        output_of("Tool", script("exit 1"), 10, "")


def test_a_tool_that_is_missing_says_what_to_install() -> None:
    with pytest.raises(ToolMissingError, match=r"^no-such-tool is not installed: install the package tools$"):
        run_tool(["no-such-tool"], 10, "install the package tools")


def test_a_tool_that_takes_too_long_is_ended() -> None:
    with pytest.raises(ToolTimeoutError, match=r"^sleep took more than 0.1 s and was ended$"):
        run_tool(["sleep", "60"], 0.1, "")


def test_a_process_that_a_tool_leaves_behind_is_not_waited_for() -> None:
    start_s = time.monotonic()
    assert output_of("Tool", script("sleep 30 & echo ready"), 60, "") == "ready\n"
    assert time.monotonic() - start_s < 20


def test_bytes_that_are_no_text_do_not_stop_the_reading() -> None:
    assert run_tool(script("printf '\\377ok\\n'"), 10, "").last_line == "\N{REPLACEMENT CHARACTER}ok"


def test_a_text_of_blank_lines_has_no_last_line() -> None:
    assert (last_line(""), last_line(" \n\t\n"), last_line("a\n b \n \n")) == ("", "", "b")


@pytest.mark.parametrize("python", [OWN, foreign(sys.executable)])
def test_a_child_in_python_does_not_search_the_current_folder(
    python: tuple[str, str], tmp_path: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(str(tmp_path))
    paths = output_of("Python", [*python, "-c", "import sys; print(sys.path)"], 30, "")
    assert "''" not in paths
    assert str(tmp_path) not in paths
