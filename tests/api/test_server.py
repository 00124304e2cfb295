"""A real server in its own process: what another site can do to it, how it stops, and why it will not start."""

from __future__ import annotations

import gzip
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from data.domain import events as e
from data.store import Store

ROOT = Path(__file__).parents[2]
EVIL = "http://evil.example"
LISTED = "https://tools.example.com"
SOCKETS = ["/api/v1/events?topics=fleet", "/_stcore/stream"]


def code(answer: httpx.Response) -> str:
    return answer.json()["error"]["code"]


def test_it_says_where_it_is_and_lives_there(server: Any):
    answer = httpx.get(f"{server.url}/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert httpx.get(f"{server.url}/ready").json() == {"status": "ready", "reasons": []}


@pytest.mark.parametrize("path", ["/", "/health", "/api/v1/tasks", "/_stcore/health", "/static/x.js", "/metrics"])
def test_another_host_is_refused_everywhere(server: Any, path: str):
    """A name that points here by DNS rebinding is not our name."""
    for host in ("evil.example", f"evil.example:{server.port}", "127.0.0.1.evil.example", "user@127.0.0.1", ""):
        answer = httpx.get(f"{server.url}{path}", headers={"host": host})
        assert (answer.status_code, code(answer)) == (421, "HOST_REFUSED"), host
    for host in ("localhost", f"LOCALHOST:{server.port}", "[::1]:80", "127.0.0.1"):
        assert httpx.get(f"{server.url}/health", headers={"host": host}).status_code == 200, host


@pytest.mark.parametrize("origin", [EVIL, "null", "https://127.0.0.1.evil.example", "file://", "http://localhost:1"])
def test_another_site_cannot_change_anything(server: Any, origin: str):
    before = httpx.get(f"{server.url}/api/v1/tasks").json()
    for method, path in [("POST", "/api/v1/tasks"), ("DELETE", "/api/v1/tasks/x"), ("PUT", "/_stcore/upload_file/a/b")]:
        answer = httpx.request(
            method, f"{server.url}{path}", headers={"origin": origin, "content-type": "text/plain"}, content=b"{}"
        )
        assert (answer.status_code, code(answer)) == (403, "CROSS_SITE")
        assert "access-control-allow-origin" not in answer.headers
    assert httpx.get(f"{server.url}/api/v1/tasks").json() == before


def test_a_form_of_another_site_without_an_origin_is_known_by_its_fetch_metadata(server: Any):
    answer = httpx.post(f"{server.url}/api/v1/tasks", headers={"sec-fetch-site": "cross-site"}, json={})
    assert code(answer) == "CROSS_SITE"


@pytest.mark.parametrize("path", SOCKETS)
@pytest.mark.parametrize("headers", [{"Origin": EVIL}, {"Origin": "null"}, {"Host": "evil.example"}], ids=str)
def test_another_site_cannot_open_a_socket(server: Any, path: str, headers: dict[str, str]):
    with pytest.raises(InvalidStatus) as refused, _opened(server, path, headers):
        pass
    assert refused.value.response.status_code in (403, 421)
    assert json.loads(refused.value.response.body)["error"]["code"] in ("CROSS_SITE", "HOST_REFUSED")


@pytest.mark.parametrize("path", SOCKETS)
def test_our_own_pages_open_both_sockets(server: Any, path: str):
    with _opened(server, path, {"Origin": server.url}):
        pass


def test_a_listed_site_may_use_the_api_and_no_other_socket(server: Any):
    with _opened(server, SOCKETS[0], {"Origin": LISTED}):
        pass
    with pytest.raises(InvalidStatus), _opened(server, SOCKETS[1], {"Origin": LISTED}):
        pass


def _opened(server: Any, path: str, headers: dict[str, str]) -> Any:
    """A socket with these headers; a Host of our own choosing needs a connection that is already there."""
    there = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    url = server.socket_url if "Host" not in headers else f"ws://{headers['Host']}"
    return connect(
        f"{url}{path}",
        sock=there,
        subprotocols=["streamlit"] if "_stcore" in path else None,
        additional_headers={k: v for k, v in headers.items() if k != "Host"},
        compression=None,
    )


def test_a_listed_site_gets_its_preflight_and_may_read(server: Any):
    ask = {"origin": LISTED, "access-control-request-method": "POST"}
    preflight = httpx.options(f"{server.url}/api/v1/tasks", headers=ask)
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == LISTED
    assert "POST" in preflight.headers["access-control-allow-methods"]
    read = httpx.get(f"{server.url}/api/v1/tasks", headers={"origin": LISTED})
    assert read.headers["access-control-allow-origin"] == LISTED
    assert "origin" in read.headers["vary"].lower()
    assert httpx.post(f"{server.url}/api/v1/tasks", headers={"origin": LISTED}, json={}).status_code == 422


def test_a_site_that_is_not_listed_gets_no_preflight_and_cannot_read(server: Any):
    ask = {"origin": EVIL, "access-control-request-method": "POST"}
    preflight = httpx.options(f"{server.url}/api/v1/tasks", headers=ask)
    assert (preflight.status_code, code(preflight)) == (403, "CROSS_SITE")
    for answer in (preflight, httpx.get(f"{server.url}/api/v1/tasks", headers={"origin": EVIL})):
        assert "access-control-allow-origin" not in answer.headers


def test_a_body_over_one_mebibyte_is_refused_even_in_pieces(server: Any):
    big = b" " * (1024 * 1024 + 1)
    announced = httpx.post(f"{server.url}/api/v1/tasks", content=big)
    assert (announced.status_code, code(announced)) == (413, "BODY_TOO_LARGE")
    pieces = httpx.post(f"{server.url}/api/v1/tasks", content=(big[:65536] for _ in range(17)))
    assert (pieces.status_code, code(pieces)) == (413, "BODY_TOO_LARGE")


def test_pages_are_ours_from_the_first_frame_and_protected(server: Any):
    for path in ("/", "/task"):
        answer = httpx.get(f"{server.url}{path}", headers={"accept": "text/html", "accept-encoding": "gzip"})
        assert "<title>Quarterdeck</title>" in answer.text
        assert 'class="boot"' in answer.text
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["x-content-type-options"] == "nosniff"
        policy = answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy
        assert "'sha256-" in policy
        assert "unsafe-eval'" not in policy.replace("wasm-unsafe-eval", "")


def test_the_page_asks_at_once_for_the_scripts_that_draw_its_first_picture(server: Any):
    page = httpx.get(f"{server.url}/", headers={"accept": "text/html"}).text
    listed = re.findall(r'<link rel="modulepreload"[^>]* href="\./(static/js/[^"]+)"', page)
    assert len(listed) == len(set(listed))
    for part in ("Html.", "BidiComponent."):
        [script] = [name for name in listed if name.startswith(f"static/js/{part}")]
        answer = httpx.get(f"{server.url}/{script}")
        assert "javascript" in answer.headers["content-type"]
        needs = re.findall(r'(?:from|import) ?"\./([^"]+\.js)"', answer.text)
        assert needs
        everything = page.partition('data-start href="./static/js/')[2].partition('"')[0]
        assert {f"static/js/{name}" for name in needs} <= {*listed, f"static/js/{everything}"}


def test_static_files_are_compressed_once_and_kept_for_ever(server: Any):
    page = httpx.get(f"{server.url}/", headers={"accept": "text/html"}).text
    script = page.partition('data-start href="./static/js/')[2].partition('"')[0]
    url = f"{server.url}/static/js/{script}"
    with httpx.stream("GET", url, headers={"accept-encoding": "gzip"}) as answer:
        packed = b"".join(answer.iter_raw())
    plain = httpx.get(url, headers={"accept-encoding": "identity"}).content
    assert answer.headers["content-encoding"] == "gzip"
    assert "immutable" in answer.headers["cache-control"]
    assert gzip.decompress(packed) == plain
    assert len(packed) < len(plain) / 2


@pytest.mark.parametrize(
    "path", ["/static/../index.html", "/static/js/%2e%2e/%2e%2e/%2e%2e/__init__.py", "/static//etc/x.js"]
)
def test_no_other_file_is_served(server: Any, path: str):
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as raw:
        request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n"
        raw.sendall(request.encode())
        answer = b"".join(iter(lambda: raw.recv(65536), b""))
    assert b"import streamlit" not in answer
    assert b"content-encoding: gzip" not in answer.partition(b"\r\n\r\n")[0]


def test_a_task_runs_and_its_stream_is_its_log(server: Any):
    made = server.submit()
    told = []
    with connect(f"{server.socket_url}/api/v1/events?topics=task:{made['id']}&after=0") as stream:
        while not told or told[-1]["data"]["data"].get("to") not in ("completed", "failed") or _not_the_task(told[-1]):
            told.append(json.loads(stream.recv(timeout=30)))
    logged, cursor = [], "0"
    while cursor is not None:
        page = httpx.get(f"{server.url}/api/v1/tasks/{made['id']}/events", params={"limit": "200", "cursor": cursor})
        logged += page.json()["items"]
        cursor = page.json()["next_cursor"]
    assert [message["data"] for message in told] == logged[: len(told)]
    assert httpx.get(f"{server.url}/api/v1/tasks/{made['id']}").json()["status"] == "completed"
    agents = httpx.get(f"{server.url}/api/v1/agents", params={"task_id": made["id"]}).json()["items"]
    assert {agent["status"] for agent in agents} == {"completed"}
    shown = {message["kind"] for message in told}
    assert {"task_submitted", "agent_created", "message_metered", "task_moved"} <= shown


def _not_the_task(message: dict[str, Any]) -> bool:
    return message["kind"] != "task_moved"


def test_the_projects_own_streamlit_settings_hold_in_any_folder(tmp_path: Path):
    """Without them each page run costs a full garbage collection, and files are watched in production."""
    ask = (
        "import streamlit_app; from streamlit import config; "
        "print(config.get_option('runner.postScriptGC'), config.get_option('server.fileWatcherType'))"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT), "QUARTERDECK_HOME": str(tmp_path)}
    run = subprocess.run([sys.executable, "-c", ask], cwd="/", env=env, capture_output=True, text=True, timeout=60)
    assert run.stdout.split() == ["False", "none"], run.stderr


def test_it_stops_within_two_seconds_with_open_sockets(start_server: Any, tmp_path: Path):
    server = start_server(tmp_path)
    with ExitStack() as open_sockets:
        for path in (*SOCKETS, *SOCKETS):
            open_sockets.enter_context(_opened(server, path, {"Origin": server.url}))
        began = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=10) == 0
        assert time.monotonic() - began < 2


Refused = Callable[..., str]


@pytest.fixture
def refusal(start_server: Any, tmp_path: Path) -> Refused:
    """Starts a server that must not start; its one sentence."""

    def run(*options: str, home: Path | None = None, **environment: str) -> str:
        server = start_server(home or tmp_path / "home", *options, wait=False, **environment)
        try:
            said, complaint = server.process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            pytest.fail("the server started")
        assert server.process.returncode == 1
        assert said == ""
        lines = complaint.strip().splitlines()
        assert len(lines) == 1, complaint
        return lines[0]

    return run


def test_a_port_that_is_taken(refusal: Refused):
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        assert refusal("--port", str(port)).startswith(f"Port {port} on 127.0.0.1 is taken")


def test_serving_the_world_without_sign_in(refusal: Refused):
    for options, environment in [(("--host", "0.0.0.0"), {}), ((), {"QUARTERDECK_HOST": "0.0.0.0"})]:
        assert "needs sign-in" in refusal(*options, **environment)


def test_an_address_that_is_not_here(refusal: Refused):
    assert "sign-in" in refusal("--host", "192.0.2.1")


def test_a_setting_that_is_not_known(refusal: Refused):
    assert refusal(QUARTERDECK_COLOUR="blue").startswith("Unknown setting QUARTERDECK_COLOUR.")


def test_a_store_of_a_newer_version(refusal: Refused, tmp_path: Path):
    home = tmp_path / "home"
    Store.open(f"sqlite:///{home / 'quarterdeck.sqlite'}").close()
    with closing(sqlite3.connect(home / "quarterdeck.sqlite")) as db:
        db.execute("update alembic_version set version_num = '9999'")
        db.commit()
    assert "newer version" in refusal(home=home)


def test_a_home_that_cannot_be_written(refusal: Refused, tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    assert "cannot be made" in refusal(home=tmp_path / "file" / "home")


def test_a_store_that_is_no_database(refusal: Refused, tmp_path: Path):
    home = tmp_path / "home"
    home.mkdir()
    (home / "quarterdeck.sqlite").write_text("not a database, but long enough to be looked at as if it were one" * 20)
    assert "cannot be used" in refusal(home=home)


def test_who_takes_nothing_is_dropped_and_holds_nobody_up(start_server: Any, tmp_path: Path):
    """A socket that is never read fills up; the server lets it go, and others hear on."""
    server = start_server(tmp_path)
    store = Store(f"sqlite:///{tmp_path / 'quarterdeck.sqlite'}")
    task = {"task_id": "big", "description": "x" * 50_000, "by": "grace", "task_type": "custom", "runtime": "attached"}
    plan = {"complexity": "simple", "analyst_included": False, "analyst_reason": "", "working_directory": "/srv"}
    step = {"key": "builder", "role": "builder", "scope": "s"}
    with store.write() as ledger:
        ledger.append(e.TaskSubmitted(**task, **plan, workflow=(step,)))
        ledger.append(e.TaskMoved(task_id="big", to="in_progress"))
    deaf = socket.create_connection(("127.0.0.1", server.port), timeout=60)
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    ask = (
        "GET /api/v1/events?topics=task:big&after=0 HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    deaf.sendall(ask.encode())
    with closing(deaf), _opened(server, "/api/v1/events?topics=task:big", {}) as other:
        for number in range(300):
            with store.write() as ledger:
                ledger.append(e.TaskPlanned(task_id="big", workflow=(step,), rationale=f"{number} " + "x" * 50_000))
            assert json.loads(other.recv(timeout=20))["data"]["data"]["rationale"].startswith(f"{number} ")
        deadline = time.monotonic() + 40
        while _streams(server) != 1:
            assert time.monotonic() < deadline, "the deaf socket is still held"
            time.sleep(0.2)
    store.close()


def _streams(server: Any) -> float:
    text = httpx.get(f"{server.url}/metrics").text
    return float(text.partition("\nquarterdeck_stream_subscribers ")[2].partition("\n")[0])
