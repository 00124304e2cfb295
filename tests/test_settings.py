"""Settings: defaults that work with nothing set, and one clear sentence for each that is wrong."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from data.domain.agents import Runtime
from data.domain.errors import ExposedWithoutSignIn, SettingInvalid
from orchestrator_adapter import settings

DOCS = Path(__file__).parents[1] / "docs" / "settings.md"


def test_with_nothing_set_it_serves_on_this_machine_from_var():
    got = settings.read({})
    home = Path("var").resolve()
    assert got == settings.Settings(
        home=home,
        database_url=f"sqlite:///{home / 'quarterdeck.sqlite'}",
        workdirs=(Path.home().resolve(),),
        max_agents=2 * (os.cpu_count() or 1),
    )
    assert (got.host, got.port, got.auth, got.runtime) == ("127.0.0.1", 8501, "none", None)
    assert got.logs == home / "agent_logs"
    assert got.engine_url == f"sqlite:///{home / 'engine.sqlite'}"
    settings.guard_exposure(got)


def test_everything_can_be_set(tmp_path: Path):
    got = settings.read(
        {
            "QUARTERDECK_HOME": str(tmp_path),
            "DATABASE_URL": "postgresql+psycopg://fleet@127.0.0.1/fleet",
            "QUARTERDECK_AUTH": "local",
            "QUARTERDECK_WORKDIRS": f"{tmp_path}/a:{tmp_path}/b:",
            "QUARTERDECK_RUNTIME": "demo",
            "QUARTERDECK_MAX_AGENTS": "7",
            "QUARTERDECK_HOST": "::1",
            "QUARTERDECK_PORT": "0",
            "QUARTERDECK_INTERVALS": "agents=750, task=50",
            "QUARTERDECK_ORIGINS": "https://a.example/, https://b.example",
            "ANTHROPIC_API_KEY": "dummy",
            "CLAUDE_CONFIG_DIR": "/nowhere",
            "PATH": "/bin",
        }
    )
    assert got.home == tmp_path
    assert got.engine_url == got.database_url == "postgresql+psycopg://fleet@127.0.0.1/fleet"
    assert got.workdirs == (tmp_path / "a", tmp_path / "b")
    assert (got.auth, got.runtime, got.max_agents, got.host, got.port) == ("local", Runtime.DEMO, 7, "::1", 0)
    assert got.intervals_ms == {**settings.INTERVALS_MS, "agents": 750, "task": 50}
    assert got.origins == ("https://a.example", "https://b.example")
    assert got.environment == {"ANTHROPIC_API_KEY": "dummy", "CLAUDE_CONFIG_DIR": "/nowhere"}


def test_what_is_passed_to_agents_is_not_printed():
    assert "dummy" not in repr(settings.read({"ANTHROPIC_API_KEY": "dummy"}))


def test_an_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(SettingInvalid) as refusal:
        settings.read({"QUARTERDECK_PROT": "8501"})
    assert "QUARTERDECK_PROT" in str(refusal.value)
    for name in settings.KNOWN:
        assert name in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "value", "limit"),
    [
        ("QUARTERDECK_PORT", "eighty", "from 0 to 65535"),
        ("QUARTERDECK_PORT", "65536", "from 0 to 65535"),
        ("QUARTERDECK_PORT", "-1", "from 0 to 65535"),
        ("QUARTERDECK_PORT", "", "from 0 to 65535"),
        ("QUARTERDECK_PORT", "²", "from 0 to 65535"),
        ("QUARTERDECK_MAX_AGENTS", "0", "from 1 to 1000"),
        ("QUARTERDECK_MAX_AGENTS", "1001", "from 1 to 1000"),
        ("QUARTERDECK_MAX_AGENTS", "2.5", "from 1 to 1000"),
        ("QUARTERDECK_AUTH", "basic", "local, none, oidc"),
        ("QUARTERDECK_RUNTIME", "attached", "claude, demo, scripted"),
        ("QUARTERDECK_INTERVALS", "agents", "to 60000"),
        ("QUARTERDECK_INTERVALS", "agents=60001", "to 60000"),
        ("QUARTERDECK_INTERVALS", "moon=5", "agents, costs, task, list"),
    ],
)
def test_a_bad_value_is_refused_by_name_and_limit(name: str, value: str, limit: str):
    with pytest.raises(SettingInvalid) as refusal:
        settings.read({name: value})
    assert name in str(refusal.value)
    assert limit in str(refusal.value)
    assert refusal.value.details == {"field": name}


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "fleet.example.com", ""])
def test_serving_beyond_this_machine_without_sign_in_is_refused(host: str):
    with pytest.raises(ExposedWithoutSignIn, match="QUARTERDECK_AUTH"):
        settings.guard_exposure(settings.read({"QUARTERDECK_HOST": host}))


@pytest.mark.parametrize("host", sorted(settings.LOOPBACK))
def test_serving_on_this_machine_is_allowed(host: str):
    settings.guard_exposure(settings.read({"QUARTERDECK_HOST": host}))


def test_every_setting_is_documented_with_its_own_row():
    rows = [line for line in DOCS.read_text(encoding="utf-8").splitlines() if line.startswith(("| `", "#"))]
    for name in (*settings.KNOWN, "DATABASE_URL"):
        assert any(f"`{name}`" in row for row in rows), name


def test_an_empty_home_is_no_home():
    assert settings.read({"QUARTERDECK_HOME": ""}).home == settings.read({}).home
