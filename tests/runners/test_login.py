"""Whether real agents have a key or a login here: looked at without starting one."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator_adapter.runners.login import no_login


@pytest.mark.parametrize("name", ["ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN", "CLAUDE_CODE_USE_BEDROCK"])
def test_a_key_a_token_or_a_cloud_is_enough(tmp_path: Path, name: str) -> None:
    assert no_login({name: "x", "CLAUDE_CONFIG_DIR": str(tmp_path)}) is None


def test_a_login_on_this_machine_is_enough(tmp_path: Path) -> None:
    (tmp_path / ".credentials.json").write_text("{}")
    assert no_login({"CLAUDE_CONFIG_DIR": str(tmp_path)}) is None


def test_without_any_the_sentence_names_the_key(tmp_path: Path) -> None:
    told = no_login({"CLAUDE_CONFIG_DIR": str(tmp_path), "ANTHROPIC_API_KEY": ""})
    assert told is not None
    assert "ANTHROPIC_API_KEY" in told
