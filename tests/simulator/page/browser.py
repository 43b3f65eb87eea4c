"""A page in a headless Chromium: what it looks like at a width, and what it complains about."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

CHROMIUM = shutil.which("chromium")

_FRAME = """<!doctype html><body style="margin:0"><pre id="seen"></pre>
<iframe id="page" style="border:0;width:{width}px;height:2000px" srcdoc="{page}"></iframe>
<script>
addEventListener("load", () => {{
  const page = document.getElementById("page").contentDocument, root = page.documentElement;
  const colour = (element, what) => getComputedStyle(element)[what].match(/[0-9.]+/g).slice(0, 3).map(Number);
  const closed = [...page.querySelectorAll("details")];
  const wide = root.scrollWidth;
  closed.forEach(one => {{ one.removeAttribute("name"); one.open = true; }});
  document.getElementById("seen").textContent = JSON.stringify({{
    width: root.clientWidth, scroll_width: wide, opened_width: root.scrollWidth,
    paper: colour(page.body, "backgroundColor"), ink: colour(page.body, "color"),
    soft: colour(page.querySelector(".soft"), "color"), summaries: page.querySelectorAll("details > summary").length,
  }});
}});
</script>"""


class Seen(NamedTuple):
    """What the browser computed; widths in pixels, colours as (red, green, blue) up to 255."""

    width: int
    scroll_width: int
    opened_width: int
    """The width that the page takes with everything unfolded."""
    paper: list[float]
    ink: list[float]
    soft: list[float]
    summaries: int
    complaints: list[str]
    """Lines of the console."""


def seen(text: str, folder: Path, width: int, *, dark: bool = False) -> Seen:
    """The page in a frame of so many pixels."""
    framed = folder / "framed.html"
    framed.write_text(_FRAME.format(width=width, page=html.escape(text)), encoding="utf-8")
    command = [
        *(str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
        *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
        *("--enable-logging=stderr", f"--user-data-dir={folder / 'profile'}", "--window-size=1400,2200"),
        *(("--blink-settings=preferredColorScheme=0",) if dark else ()),
        *("--dump-dom", framed.as_uri()),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    found = re.search(r'<pre id="seen">(.+?)</pre>', done.stdout)
    assert found, done.stderr
    complaints = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return Seen(**json.loads(html.unescape(found[1])), complaints=complaints)
