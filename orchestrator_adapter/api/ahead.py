"""Which of Streamlit's scripts a browser asks for together with the page: those that whatever is drawn first needs."""

from __future__ import annotations

import re
from pathlib import Path

NEEDED = ("Html", "BidiComponent")
"""What Streamlit loads only once something of the kind is to be drawn: by then the browser is busy, and every script
of the parts below asks at the same moment. Tables and fields are left to that: they are not drawn first."""
_LISTED = re.compile(r'static/js/([^"]+)')
_IMPORTED = re.compile(r'(?:from|import) ?["`]\./([^"`]+\.js)["`]')


def links(page: str, scripts: Path) -> str:
    """Lines for the head of the page: what is needed and not asked for by the page itself, everything once."""
    known = set(_LISTED.findall(page))
    wanted = [path.name for part in NEEDED for path in sorted(scripts.glob(f"{part}.*.js"))]
    found: list[str] = []
    while wanted:
        name = wanted.pop(0)
        if name not in known:
            known.add(name)
            found.append(name)
            wanted += _IMPORTED.findall((scripts / name).read_text(encoding="utf-8"))
    line = '<link rel="modulepreload" crossorigin fetchpriority="low" href="./static/js/{}">\n'
    return "".join(line.format(name) for name in found)
