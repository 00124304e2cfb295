"""Files: whose content is kept, and which command is told for a change that no call names."""

from __future__ import annotations

import pytest

from data.domain import files as f
from data.domain.files import Command


@pytest.mark.parametrize(
    "path", [".env", "deploy/.env.production", "keys/server.pem", "id_rsa", ".npmrc", "a/credentials.json", "X.KEY"]
)
def test_names_of_secrets(path: str):
    assert f.withheld_by_name(path) == f.SECRET_NAME


@pytest.mark.parametrize(
    "path", [".env.example", "id_rsa.pub", "keyboard.py", "environment.py", "monkey", "a.pem/b.txt"]
)
def test_names_that_only_look_like_it(path: str):
    assert f.withheld_by_name(path) == ""


SECRETS = [
    b"-----BEGIN OPENSSH PRIVATE KEY-----",
    b"key = 'AKIA" + b"ABCDEFGH12345678'",
    b"token: ghp_" + b"a1" * 18,
    b"ANTHROPIC_API_KEY=sk-ant-" + b"api03-" + b"x" * 40,
    b"xoxb-" + b"1234567890-abcdef",
    b"jwt eyJ" + b"a" * 20 + b".eyJ" + b"b" * 20 + b"." + b"c" * 20,
]


@pytest.mark.parametrize("content", SECRETS)
def test_contents_that_hold_a_secret(content: bytes):
    assert f.withheld_by_content(b"x = 1\n" + content + b"\n") == f.SECRET_INSIDE


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", ""),
        (b"the highest task-force sk-etch eyJ\n", ""),
        ("größer".encode(), ""),
        (b"\x89PNG\x00", f.BINARY),
        ("größer".encode("latin-1"), f.BINARY),
        (b"a" * (f.MOST_KEPT + 1), f.HUGE),
    ],
)
def test_what_is_kept_and_what_is_not(content: bytes, why: str):
    assert f.withheld_by_content(content) == why


def command(key: str, words: str, called_ms: int, returned_ms: int | None) -> Command:
    return Command(key, "a", words, called_ms, returned_ms, "")


FOUND = [
    command("one", "running: make", 1_000, 2_000),
    command("two", "running: sed -i s/a/b/ notes.txt", 9_000, 9_500),
    command("three", "running: make test", 20_000, None),
]


@pytest.mark.parametrize(
    ("path", "changed_ms", "keys"),
    [
        ("a.o", 1_500, ["one"]),
        ("a.o", 900, ["one"]),
        ("a.o", 25_000, ["three"]),
        ("src/notes.txt", 5_000, ["two"]),
        ("src/notes.txt", None, ["two"]),
        ("a.o", None, ["one", "two", "three"]),
    ],
)
def test_the_commands_that_may_have_changed_a_file(path: str, changed_ms: int | None, keys: list[str]):
    assert [one.tool_use_id for one in f.suspects(FOUND, path, changed_ms)] == keys
