"""Claude Code's settings file keeps every byte that is not ours, whatever it looks like."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.domain.errors import HookSettingsRefused
from orchestrator_adapter.ingest import hook_settings, json_text
from orchestrator_adapter.ingest.hook_settings import KINDS, Plan, carry_out, plan_install, plan_remove

URL, TOKEN = "http://127.0.0.1:8501", "a-secret-of-the-tests"
THEIRS = {"hooks": [{"type": "command", "command": "make lint"}]}

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
groups = st.lists(st.just(THEIRS) | st.just({"matcher": "Bash", **THEIRS}), min_size=1, max_size=2)
hooks = st.dictionaries(st.sampled_from([*KINDS[:4], "SessionStart", "Mine"]), groups, min_size=1, max_size=4)
names = st.text().filter(lambda name: name != "hooks")
documents = st.tuples(st.dictionaries(names, values, max_size=4), st.none() | hooks).map(
    lambda pair: pair[0] | ({"hooks": pair[1]} if pair[1] else {})
)
layouts = st.sampled_from(
    [
        {"indent": 2},
        {"indent": 4},
        {"indent": "\t"},
        {},
        {"separators": (",", ":")},
        {"ensure_ascii": False, "indent": 1},
    ]
)


def install(path: Path) -> Plan:
    plan = plan_install(path, URL, TOKEN, path.parent / "token")
    carry_out(plan)
    return plan


@settings(max_examples=60, deadline=None)
@given(document=documents, layout=layouts, end=st.sampled_from(["", "\n", "\r\n"]), windows=st.booleans())
def test_what_is_put_in_and_taken_out_again_leaves_every_byte(
    document: dict[str, Any], layout: dict[str, Any], end: str, windows: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    text = json.dumps(document, **layout) + end
    text = text.replace("\n", "\r\n") if windows and "\r" not in end else text
    path = tmp_path_factory.mktemp("settings") / "settings.json"
    path.write_bytes(text.encode())
    install(path)
    found = json.loads(path.read_bytes())
    assert set(found["hooks"]) >= {*KINDS, "SessionStart"}
    assert {key: value for key, value in found.items() if key != "hooks"} == {
        key: value for key, value in document.items() if key != "hooks"
    }
    assert not plan_install(path, URL, TOKEN, path.parent / "token").changes
    carry_out(plan_remove(path))
    assert path.read_bytes().decode() == text


def test_a_file_that_was_not_there_is_made_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "config" / "settings.json"
    install(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert plan_remove(path).installed == len(KINDS) + 1
    carry_out(plan_remove(path))
    assert json.loads(path.read_text()) == {}


def test_a_new_address_takes_the_place_of_the_old_one_and_theirs_stay(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    mixed = {"hooks": [{"type": "command", "command": "theirs"}, {"type": "http", "url": f"{URL}/api/v1/hooks"}]}
    path.write_text(json.dumps({"hooks": {"Stop": [mixed, THEIRS]}}))
    carry_out(plan_install(path, "http://127.0.0.1:9999", TOKEN, tmp_path / "token"))
    stop = json.loads(path.read_text())["hooks"]["Stop"]
    assert stop[:2] == [{"hooks": [{"type": "command", "command": "theirs"}]}, THEIRS]
    assert [hook["url"] for hook in stop[2]["hooks"]] == ["http://127.0.0.1:9999/api/v1/hooks"]
    assert len(stop) == 3


def test_a_hook_of_another_program_with_the_same_path_stays(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    theirs = {"type": "http", "url": "https://hooks.example.com/api/v1/hooks", "timeout": 30}
    path.write_text(json.dumps({"hooks": {"Stop": [{"hooks": [theirs]}]}}))
    before = path.read_text()
    assert plan_remove(path).installed == 0
    install(path)
    assert json.loads(path.read_text())["hooks"]["Stop"][0] == {"hooks": [theirs]}
    carry_out(plan_remove(path))
    assert path.read_text() == before


def test_the_plan_shows_every_line_and_not_the_token(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text('{\n  "model": "opus"\n}\n')
    plan = plan_install(path, URL, TOKEN, tmp_path / "token")
    shown = plan.difference()
    assert all(kind in shown for kind in KINDS)
    assert TOKEN not in shown
    assert TOKEN not in repr(plan).replace(repr(plan.after), "")
    assert path.read_text() == '{\n  "model": "opus"\n}\n'
    kept = carry_out(plan)
    assert kept is not None
    assert kept.read_text() == plan.before
    assert TOKEN not in plan_remove(path).difference()


@pytest.mark.parametrize(
    "text",
    [b'{"model": "op', b"[]", b'{"hooks": []}', b'{"hooks": {"Stop": {}}}', b"{} // mine", b"\xff\xfe{}", b"{" * 9999],
    ids=["torn", "a list", "hooks are a list", "a kind is no list", "a comment", "not UTF-8", "endless"],
)
def test_a_file_that_is_not_whole_is_refused_and_stays(text: bytes, tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(text)
    for plan in (lambda: plan_install(path, URL, TOKEN, tmp_path / "token"), lambda: plan_remove(path)):
        with pytest.raises(HookSettingsRefused, match="stays as it is"):
            plan()
    assert path.read_bytes() == text
    assert [file.name for file in tmp_path.iterdir()] == ["settings.json"]


def test_a_file_that_changed_after_the_plan_was_seen_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text("{}")
    plan = plan_install(path, URL, TOKEN, tmp_path / "token")
    path.write_text('{"model": "haiku"}')
    with pytest.raises(HookSettingsRefused, match="try again"):
        carry_out(plan)
    assert path.read_text() == '{"model": "haiku"}'


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "dotfiles.json", tmp_path / "settings.json"
    real.write_text('{"model": "opus"}')
    link.symlink_to(real)
    install(link)
    assert link.is_symlink()
    assert "hooks" in json.loads(real.read_text())


@settings(max_examples=40)
@given(st.dictionaries(st.text(), values, max_size=4), layouts, st.text(), values)
def test_a_text_is_added_to_without_touching_the_rest(
    document: dict[str, Any], layout: dict[str, Any], key: str, value: Any
) -> None:
    if key in document:
        return
    text = json.dumps(document, **layout)
    grown = json_text.added(text, 0, value, key)
    assert json.loads(grown) == document | {key: value}
    part = json_text.member(grown, 0, key)
    assert part is not None
    if document:
        assert json_text.without(grown, 0, [part]) == text


def test_the_sender_of_the_one_command_ends_well_whatever_happens(tmp_path: Path) -> None:
    """A session must not notice that nobody listens."""
    sender = hook_settings.hook_sender.__file__
    command = [sys.executable, "-I", "-S", sender, "http://127.0.0.1:9/api/v1/hooks", str(tmp_path / "none")]
    ran = subprocess.run(command, input=b"{}", capture_output=True, timeout=20, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, b"", b"")
