"""Finding listed words and phrases in a description, by whole words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_TOKEN = re.compile(r"\w+(?:'\w+)?|[.!?;](?=\s)")
"""A word, or the end of a sentence: a phrase never reaches over it."""

_COMPOUNDS = {" file system": " filesystem", " operating system": " operatingsystem"}
"""Two words that mean one thing, in which the second does not count alone."""


@dataclass(frozen=True)
class Wording:
    """The words of a text, ready to be asked for."""

    count: int
    """Words as a person counts them: what stands between blanks."""
    words: frozenset[str]
    line: str
    """All words in lower case, one space before and after each."""

    def first(self, family: str) -> str | None:
        """The first of `fix|fixes|quick fix` that the text holds."""
        return next((phrase for phrase in family.split("|") if self._holds(phrase)), None)

    def hits(self, families: Iterable[str]) -> tuple[str, ...]:
        """What the text holds of each family: one word at most, however often it comes."""
        return tuple(hit for family in families if (hit := self.first(family)))

    def _holds(self, phrase: str) -> bool:
        return f" {phrase} " in self.line if " " in phrase else phrase in self.words


def read(text: str) -> Wording:
    """The words of a text in lower case; hyphens part words, underscores do not."""
    words = _TOKEN.findall(text.lower().replace("\u2019", "'"))
    line = f" {' '.join(words)} "
    for apart, together in _COMPOUNDS.items():
        line = line.replace(apart, together)
    return Wording(len(text.split()), frozenset(line.split()), line)
