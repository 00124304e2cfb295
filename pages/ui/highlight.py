"""Code in colours, line by line, by the kind of file; whatever stands in a file stays text."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_for_filename
from pygments.token import Token, _TokenType
from pygments.util import ClassNotFound

MOST_CHARS = 200_000
"""A longer text stays plain: colouring it would keep the page waiting."""

_CLASSES: tuple[tuple[_TokenType, str], ...] = (
    (Token.Comment, "c"),
    (Token.Literal.String, "s"),
    (Token.Literal.Number, "n"),
    (Token.Keyword, "k"),
    (Token.Name.Tag, "k"),
    (Token.Name.Function, "f"),
    (Token.Name.Class, "f"),
    (Token.Name.Decorator, "f"),
    (Token.Name.Attribute, "f"),
    (Token.Generic.Heading, "k"),
)


def highlighted(text: str, path: str) -> list[str]:
    """Each line as HTML, without its line end; empty lines stay empty."""
    lexer = _lexer(path) if len(text) <= MOST_CHARS else None
    if lexer is None:
        return [escape(line.removesuffix("\r")) for line in text.split("\n")]
    lines: list[list[str]] = [[]]
    for kind, value in lexer.get_tokens(text):
        name = _class(kind)
        for number, part in enumerate(value.split("\n")):
            if number:
                lines.append([])
            if part:
                shown = escape(part.removesuffix("\r"))
                lines[-1].append(f'<i class="{name}">{shown}</i>' if name else shown)
    return ["".join(line) for line in lines]


def _lexer(path: str) -> Lexer | None:
    try:
        return get_lexer_for_filename(path.rpartition("/")[2], stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None


def _class(kind: _TokenType) -> str:
    return next((name for token, name in _CLASSES if kind in token), "")


def language(path: str) -> str | None:
    """What `st.code` calls the kind of file."""
    lexer = _lexer(path)
    return lexer.aliases[0] if lexer and lexer.aliases else None


def coloured(lines: Iterable[str], path: str) -> list[str]:
    """Lines of which only a stretch is known, each as HTML."""
    text = "".join(line if line.endswith("\n") else line + "\n" for line in lines)
    return highlighted(text, path)[:-1]
