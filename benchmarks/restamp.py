"""State the present digests of their parents in the shipped overlays: python benchmarks/restamp.py.

An overlay holds numbers that were fitted over its parent as it was. So it is stamped anew only where the parent
predicts what it predicted before: where keys or kernel models were renamed, not where a number changed. Let
`benchmarks/digest.py` show that first. The script also writes `hwmodels/files/released.py`, by which an overlay of
schema 1 finds its parent: the digests of the released files' bytes, which such overlays state, and of their values.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from stairline.hwmodels import load

ROOT = Path(__file__).parent.parent
PLATFORMS = ROOT / "hwmodels" / "platforms"
RELEASED = ROOT / "tests" / "compatibility" / "platforms"
"""Platform files as they were released with schema 1, byte for byte."""

_HEAD = '''"""Released parents of overlays, by their digests of schema 1. Written by ``benchmarks/restamp.py``."""

from __future__ import annotations

RELEASED_PARENTS: dict[str, str] = {
'''
_FOOT = '''}
"""Digests of released files' bytes, as overlays of schema 1 state them, and the digests of the values in the files."""
'''


def restamped(text: str) -> str:
    """The text of a shipped overlay with the present digest of its parent."""
    found = re.search(r'^parent = "(.+)"$', text, re.MULTILINE)
    if found is None:
        return text
    line = f'parent_digest = "{load(found[1]).fitted_digest}"'
    return re.sub(r'^parent_digest = ".*"$', line, text, count=1, flags=re.MULTILINE)


def released_table() -> str:
    """The source of `hwmodels/files/released.py`."""
    lines = []
    for path in sorted(RELEASED.glob("*.toml")):
        of_bytes = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
        lines.append(f'    "{of_bytes}": "{load(path).fitted_digest}",  # {path.stem}\n')
    return _HEAD + "".join(lines) + _FOOT


def main() -> None:
    """Write the overlays and the table, and print which overlays changed."""
    (ROOT / "hwmodels" / "files" / "released.py").write_text(released_table(), encoding="utf-8")
    for path in sorted(PLATFORMS.glob("*.toml")):
        text = path.read_text(encoding="utf-8")
        if (stamped := restamped(text)) != text:
            path.write_text(stamped, encoding="utf-8")
            print(f"{path.name}: stamped anew")


if __name__ == "__main__":
    main()
