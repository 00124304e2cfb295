"""Agent processes end surely, whatever they do and whoever died before them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from orchestrator_adapter.runners import process

ROOT = Path(__file__).parents[2]
STUBBORN = """
import signal, sys, time
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(300)
"""


@pytest.fixture
def mark() -> Iterator[str]:
    mark = f"test-{uuid.uuid4().hex[:12]}"
    yield mark
    for left in process.marked(mark):
        left.kill()


def start(mark: str, code: str = STUBBORN, **options) -> subprocess.Popen[str]:
    """A marked process that is ready to be ended."""
    child = subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, process.MARK: mark},
        stdout=subprocess.PIPE,
        text=True,
        **options,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    return child


def reap(child: subprocess.Popen[str]) -> None:
    child.wait(5)
    assert child.stdout is not None
    child.stdout.close()


def test_the_launcher_becomes_the_command_line_in_a_session_of_its_own(tmp_path):
    script = process.launcher(tmp_path / "pids", sys.executable, unset=["SECRET_OF_OURS"])
    code = "import os; print(os.getpid(), os.getsid(0), os.environ.get('SECRET_OF_OURS'), os.environ['OTHER'])"
    env = {**os.environ, "SECRET_OF_OURS": "x", "OTHER": "y"}
    child = subprocess.Popen([str(script), "-c", code], env=env, stdout=subprocess.PIPE, text=True)
    out, _ = child.communicate(timeout=20)
    assert out.split() == [str(child.pid), str(child.pid), "None", "y"]


def test_the_launcher_is_written_once(tmp_path):
    first = process.launcher(tmp_path, "/usr/bin/claude with space")
    written_at = first.stat().st_mtime_ns
    assert process.launcher(tmp_path, "/usr/bin/claude with space") == first
    assert first.stat().st_mtime_ns == written_at
    assert "'/usr/bin/claude with space'" in first.read_text()


def test_ending_a_process_that_ignores_sigterm(mark):
    child = start(mark)
    asyncio.run(process.end(mark, child.pid, term_s=0.2))
    reap(child)
    assert child.returncode == -signal.SIGKILL
    assert process.marked(mark) == []


def test_a_tool_in_a_session_of_its_own_is_found_by_the_mark(mark):
    tool = start(mark, start_new_session=True)
    asyncio.run(process.end(mark, None))
    reap(tool)
    assert tool.returncode == -signal.SIGKILL


HOST = """
import os, subprocess, sys
from pathlib import Path
from orchestrator_adapter.runners import process
home, mark = Path(sys.argv[1]), sys.argv[2]
process.note(home / "pids", mark)
child = subprocess.Popen([sys.executable, "-c", sys.argv[3]], env={**os.environ, process.MARK: mark},
                         start_new_session=True, stdout=subprocess.PIPE, text=True)
child.stdout.readline()
process.note(home / "pids", mark, child.pid)
print("ready", flush=True)
child.wait()
"""


def test_sweep_ends_what_a_killed_host_left_behind(tmp_path, mark):
    host = subprocess.Popen(
        [sys.executable, "-c", HOST, str(tmp_path), mark, STUBBORN], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert host.stdout is not None
    assert host.stdout.readline() == "ready\n"
    assert process.sweep(tmp_path) == 0, "its host still lives"
    host.kill()
    reap(host)
    assert len(process.marked(mark)) == 1
    assert process.sweep(tmp_path) == 1
    assert process.marked(mark) == []
    assert list((tmp_path / "pids").glob("*.json")) == []
    assert process.sweep(tmp_path) == 0


def test_sweep_leaves_a_process_alone_that_only_has_the_same_number(tmp_path, mark):
    stranger = subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE, text=True)
    assert stranger.stdout is not None
    stranger.stdout.readline()
    note = json.loads(process.note(tmp_path / "pids", mark, stranger.pid).read_text())
    note |= {"owner_created": 1.0, "create_time": note["create_time"] - 3600}
    (tmp_path / "pids" / f"{mark}.json").write_text(json.dumps(note))
    assert process.sweep(tmp_path) == 0
    assert stranger.poll() is None
    stranger.kill()
    reap(stranger)


def test_sweep_knows_nothing_of_other_machines_and_drops_torn_notes(tmp_path, mark):
    note = process.note(tmp_path / "pids", mark)
    note.write_text(json.dumps({**json.loads(note.read_text()), "host": "elsewhere", "owner_created": 1.0}))
    torn = tmp_path / "pids" / "torn.json"
    torn.write_text('{"host": "x"')
    assert process.sweep(tmp_path) == 0
    assert note.exists()
    assert not torn.exists()
    assert process.sweep(tmp_path / "nowhere") == 0


def test_a_mark_is_a_file_name_and_never_the_same():
    mark = process.new_mark("task/step:2" + "x" * 90)
    assert mark.startswith("task-step-2xx")
    assert len(mark) < 60
    assert mark != process.new_mark("task/step:2" + "x" * 90)


def test_a_note_says_who_runs(tmp_path, mark):
    note = json.loads(process.note(tmp_path, mark, os.getpid()).read_text())
    assert note["pid"] == note["owner_pid"] == os.getpid()
    assert note["pgid"] == os.getpgid(0)
    assert note["create_time"] == pytest.approx(psutil.Process().create_time())
    assert time.time() >= note["create_time"]
