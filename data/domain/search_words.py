"""How text is cut into the words that search finds, the same for what is kept and what is asked; and its snippets.

A word is a run of letters and digits, without case and accents. What people write together is found together:
`src/app.py`, `snake_case` and `foo-bar` are their parts side by side.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

HEAD, TAIL = 16_000, 4_000
"""Of a longer text the first and the last characters are found: what a tool says last is often why it failed."""
LIMITS = f"Of a text longer than {HEAD + TAIL:,} characters the first {HEAD:,} and the last {TAIL:,} are searched."
"""As it is said to people."""
LONGEST = 64
"""Characters of a word; what goes on longer is an image or a key, and is found by its beginning."""
GAP = "\n…\n"
MOST_DEEP = 20
"""Values within values beyond this are shown as they are."""

_WORD = re.compile(r"[^\W_]+")
_LONG = re.compile(rf"([^\W_]{{{LONGEST}}})[^\W_]+")
_SPACED = {code: " " for code in range(128) if not chr(code).isalnum()}
_EACH = r"\u2e80-\u2fdf\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_ALONE = re.compile(f"([{_EACH}])")
"""Scripts without spaces: each character is a word, and a word is characters side by side."""
_TOKEN = re.compile(rf"[{_EACH}]|(?:(?![{_EACH}])[^\W_])+")


class _Folded(dict[int, str]):
    """One character for one, so that places in the folded text are places in the text."""

    def __missing__(self, code: int) -> str:
        whole = unicodedata.normalize("NFKD", chr(code))
        accents = all(unicodedata.combining(mark) for mark in whole[1:])
        plain = (whole if accents else chr(code))[:1].lower()[:1]
        self[code] = folded = plain if plain.isalnum() else " "
        return folded


_FOLDED = _Folded()


@dataclass(frozen=True, slots=True)
class Term:
    """Words that stand side by side; a single word is the usual case."""

    words: tuple[str, ...]
    prefix: bool = False
    """Whether the last word may go on."""


@dataclass(frozen=True, slots=True)
class Bit:
    """A stretch of a snippet."""

    text: str
    hit: bool = False


def composed(text: str) -> str:
    """An accent is a part of its letter."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def folded(text: str) -> str:
    """A composed text without case and accents, as long as before."""
    return text.lower() if text.isascii() else text.translate(_FOLDED)


def capped(text: str) -> str:
    """As much of a text as search looks at."""
    return text if len(text) <= HEAD + TAIL + len(GAP) else text[:HEAD] + GAP + text[-TAIL:]


def searchable(text: str) -> str:
    """A text as it goes into an index that cuts at everything but letters and digits."""
    plain = folded(composed(text))
    if not plain.isascii():
        plain = _ALONE.sub(r" \1 ", plain)
    return _LONG.sub(r"\1", plain) if _has_long(plain) else plain


def _has_long(plain: str) -> bool:
    """Whether a word is to be cut; looks at every 65th character or so, for the pattern looks at each many times."""
    spaced = plain.translate(_SPACED) if plain.isascii() else plain
    start, size = 0, len(plain)
    while start + LONGEST < size:
        space = spaced.rfind(" ", start, start + LONGEST + 1)
        if space < 0:
            return True
        start = space + 1
    return False


def words(text: str) -> list[str]:
    """The words of a text, in order."""
    return _WORD.findall(searchable(text))


def places(text: str) -> dict[str, list[int]]:
    """At which places, counted from 1, each word of a text stands."""
    out: dict[str, list[int]] = {}
    for place, word in enumerate(words(text), 1):
        out.setdefault(word, []).append(place)
    return out


def _matches(text: str, terms: Iterable[Term]) -> list[tuple[int, int]]:
    """Where the terms stand in a composed text, in order and without overlap."""
    plain = folded(text)
    if plain.isascii():
        return _apart(sorted(span for term in terms for span in _in_ascii(plain, term)))
    found = [(match.start(), match.end(), match.group()[:LONGEST]) for match in _TOKEN.finditer(plain)]
    return _apart(sorted(span for term in terms for span in _side_by_side(found, term)))


def _in_ascii(plain: str, term: Term) -> Iterator[tuple[int, int]]:
    """The same as below, in a tenth of the time."""
    *most, last = (word + ("[^\\W_]*" if len(word) == LONGEST else "") for word in term.words)
    ending = "[^\\W_]*" if term.prefix else "(?![^\\W_])"
    pattern = "(?<![^\\W_])" + "[\\W_]+".join([*most, last + ending])
    return (match.span() for match in re.finditer(pattern, plain))


def _side_by_side(found: Sequence[tuple[int, int, str]], term: Term) -> Iterator[tuple[int, int]]:
    count = len(term.words)
    for start, (left, _, word) in enumerate(found):
        if word == term.words[0] or (count == 1 and _ends(word, term)):
            run = [word for _, _, word in found[start : start + count]]
            if len(run) == count and run[:-1] == list(term.words[:-1]) and _ends(run[-1], term):
                yield left, found[start + count - 1][1]


def _ends(word: str, term: Term) -> bool:
    return word.startswith(term.words[-1]) if term.prefix else word == term.words[-1]


def _apart(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    out: list[tuple[int, int]] = []
    for start, end in spans:
        if out and start < out[-1][1]:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((start, end))
    return out


def snippet(text: str, terms: Iterable[Term], length: int = 240) -> tuple[Bit, ...]:
    """The stretch of a text with most hits, which are marked; its beginning if there is none."""
    text = composed(text)
    spans = _matches(text, terms)
    start, end = _window(text, spans, length)
    bits = [Bit("… ")] if start else []
    at = start
    for left, right in spans:
        if left >= start and right <= end:
            bits += [Bit(text[at:left]), Bit(text[left:right], hit=True)]
            at = right
    bits += [Bit(text[at:end]), Bit(" …" if end < len(text) else "")]
    return tuple(Bit(re.sub(r"\s+", " ", bit.text), bit.hit) for bit in bits if bit.text)


def _window(text: str, spans: list[tuple[int, int]], length: int) -> tuple[int, int]:
    if not spans:
        return 0, min(length, len(text))
    best, most, last = 0, 0, 0
    for first in range(len(spans)):
        last = max(last, first)
        while last + 1 < len(spans) and spans[last + 1][1] <= spans[first][0] + length:
            last += 1
        if last - first + 1 > most:
            best, most = first, last - first + 1
    left, right = spans[best][0], spans[best + most - 1][1]
    start = max(0, left - max(0, length - (right - left)) // 3)
    if start:  # begin with a whole word, unless there is none near
        space = text.rfind(" ", max(0, start - 20), left)
        nearest = text.find(" ", start, left)
        start = nearest + 1 if nearest >= 0 else (space + 1 if space >= 0 else start)
    return start, min(len(text), max(right, start + length))


def is_short(term: Term) -> bool:
    """Whether a term is one letter, which stands almost everywhere."""
    return len(term.words) == 1 and len(term.words[0]) == 1 and not _ALONE.match(term.words[0])


def flat(value: object) -> str:
    """A value of JSON as people read it: names and values, one a line."""
    return "\n".join(_leaves(value, 0))


def _leaves(value: object, depth: int) -> Iterator[str]:
    if depth > MOST_DEEP:
        yield repr(value)[:1000]
    elif isinstance(value, Mapping):
        for name, item in value.items():
            lines = list(_leaves(item, depth + 1))
            yield f"{name}: {lines[0]}" if len(lines) == 1 else f"{name}:"
            yield from lines if len(lines) != 1 else ()
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item, depth + 1)
    else:
        yield value if isinstance(value, str) else json.dumps(value, default=str)
