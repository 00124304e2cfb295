"""Budgets over HTTP: made, changed, removed, told with what is used of them, and remembered."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from data.domain import events as e
from data.domain.agents import Role, Runtime
from data.domain.budgets import Act
from data.domain.money import NANO, Tokens
from orchestrator_adapter.api import answers

BUDGETS = "/api/v1/budgets"
EVENTS = "ws://127.0.0.1:8501/api/v1/events"
DAILY = {"name": "Daily", "period": "day", "limit_usd": 10}
FUZZ = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def refused(answer: Any, status: int, code: str, field: str | None = None) -> str:
    assert answer.status_code == status, answer.text
    error = answers.RefusalShape.model_validate(answer.json()).error
    assert error.code == code
    assert error.message.endswith(".")
    assert "\n" not in error.message
    assert field is None or error.details["field"] == field
    return error.message


def made(client: TestClient, **body: object) -> dict[str, Any]:
    answer = client.post(BUDGETS, json={**DAILY, **body})
    assert answer.status_code == 201, answer.text
    answers.BudgetShape.model_validate(answer.json())
    found: dict[str, Any] = answer.json()
    return found


def listed(client: TestClient) -> list[dict[str, Any]]:
    page = client.get(BUDGETS).json()
    answers.BudgetList.model_validate(page)
    found: list[dict[str, Any]] = page["items"]
    return found


def history(client: TestClient, query: str = "") -> list[dict[str, Any]]:
    page = client.get(f"{BUDGETS}/history{query}").json()
    answers.BudgetHistory.model_validate(page)
    found: list[dict[str, Any]] = page["items"]
    return found


def spend(fleet: Any, usd: float, task_id: str = "t1", runtime: Runtime = Runtime.CLAUDE, **fields: object) -> None:
    """A task one of whose agents has had one reply."""
    fleet.task(task_id, runtime=runtime, **fields)
    ids = {"task_id": task_id, "agent_id": f"a-{task_id}"}
    model = "claude-sonnet-5-5"
    with fleet.store.write() as ledger:
        ledger.append(
            e.AgentCreated(**ids, step="builder", role=Role.BUILDER, name="Builder", model=model, runtime=runtime)
        )
        ledger.append(
            e.MessageMetered(
                **ids,
                message_id=f"m-{task_id}",
                model=model,
                tokens=Tokens(input=1000, output=500),
                cost_nanousd=round(usd * NANO),
            )
        )


def reach(fleet: Any, budget_id: str, name: str, percent: int, act: Act) -> None:
    with fleet.store.write() as ledger:
        event = e.BudgetReached(
            task_id="t1",
            budget_id=budget_id,
            name=name,
            act=act,
            percent=percent,
            spent_nanousd=8 * NANO,
            spent_tokens=1500,
            limit_nanousd=10 * NANO,
            period_ms=0,
        )
        ledger.append(event)


def test_a_budget_is_made_with_what_was_not_said_filled_in(client: TestClient):
    found = made(client)
    assert listed(client) == [found]
    assert (found["scope"], found["subject"], found["period"], found["simulated"]) == ("fleet", "", "day", False)
    assert found["stages"] == [{"percent": 80, "act": "warn"}, {"percent": 100, "act": "interrupt"}]
    assert (found["limit_usd"], found["limit_tokens"], found["cheaper_model"]) == (10, None, "claude-haiku-5-5")
    assert (found["spent_usd"], found["spent_tokens"], found["reserved_usd"], found["percent_used"]) == (0, 0, 0, 0)
    began = datetime.fromisoformat(found["period_started_at"])
    assert (began.hour, began.minute, began.utcoffset()) == (0, 0, UTC.utcoffset(began))


def test_a_budget_tells_how_much_of_it_is_used(client: TestClient, fleet: Any):
    spend(fleet, 3.4)
    spend(fleet, 2.0, "t2", Runtime.SCRIPTED)
    made(client)
    made(client, name="Demo", simulated=True, limit_usd=None, limit_tokens=6000)
    made(client, name="Ever", period="total", scope="user", subject="grace")
    found = {b["name"]: (b["spent_usd"], b["spent_tokens"], b["percent_used"]) for b in listed(client)}
    assert found == {"Daily": (3.4, 1500, 34.0), "Demo": (2.0, 1500, 25.0), "Ever": (3.4, 1500, 34.0)}
    assert [b["period_started_at"] is None for b in listed(client)] == [False, False, True]


def test_a_budget_tells_what_is_held_back_for_steps_that_run(client: TestClient, fleet: Any):
    spend(fleet, 0.25)
    with fleet.store.write() as ledger:
        ledger.begin_run("t1/builder/1", "t1", "builder", "a-t1")
        ledger.reserve("t1/builder/1", NANO)
    made(client)
    assert listed(client)[0]["reserved_usd"] == 0.75


def test_a_budget_of_single_agents_has_no_sum(client: TestClient, fleet: Any):
    spend(fleet, 3.4)
    found = made(client, scope="agent")
    assert [found[key] for key in ("spent_usd", "spent_tokens", "reserved_usd", "percent_used")] == [None] * 4


def test_only_what_is_sent_changes(client: TestClient):
    first = made(client, limit_tokens=5000, stages=[{"percent": 90, "act": "pause"}])
    answer = client.post(BUDGETS, json={"id": first["id"], "limit_usd": 25.5})
    assert answer.status_code == 200, answer.text
    assert answer.json() == first | {"limit_usd": 25.5}
    without = client.post(BUDGETS, json={"id": first["id"], "limit_usd": None, "name": "Tokens"}).json()
    assert listed(client) == [first | {"limit_usd": None, "name": "Tokens"}] == [without]


def test_a_budget_is_removed_once(client: TestClient):
    where = f"{BUDGETS}/{made(client)['id']}"
    gone = client.delete(where)
    assert (gone.status_code, gone.content) == (204, b"")
    assert listed(client) == []
    refused(client.delete(where), 404, "BUDGET_NOT_FOUND")
    refused(client.post(BUDGETS, json={"id": where.rpartition("/")[2], "limit_usd": 5}), 404, "BUDGET_NOT_FOUND")


@pytest.mark.parametrize(
    ("body", "code", "field", "says"),
    [
        ({"limit_usd": 0}, "INVALID_FIELD", "limit_usd", "greater than 0"),
        ({"limit_usd": 1e-12}, "BUDGET_INVALID", "limit_usd", "more than 0"),
        ({"limit_usd": 1_000_001}, "INVALID_FIELD", "limit_usd", "1000000"),
        ({"limit_usd": None}, "BUDGET_INVALID", "limit_usd", "limit_usd or limit_tokens"),
        ({"limit_tokens": 0}, "INVALID_FIELD", "limit_tokens", "greater than 0"),
        ({"limit_tokens": 10**15 + 1}, "INVALID_FIELD", "limit_tokens", "1000000000000000"),
        ({"limit_tokens": 2.5}, "INVALID_FIELD", "limit_tokens", "valid integer"),
        ({"name": ""}, "BUDGET_INVALID", "name", "1 to 120"),
        ({"name": " "}, "BUDGET_INVALID", "name", "1 to 120"),
        ({"name": "x" * 121}, "INVALID_FIELD", "name", "at most 120"),
        ({"scope": "planet"}, "INVALID_FIELD", "scope", "'folder'"),
        ({"scope": "user"}, "BUDGET_INVALID", "subject", "must name the user"),
        ({"scope": "fleet", "subject": "grace"}, "BUDGET_INVALID", "subject", "have none"),
        ({"scope": "task", "subject": "nobody"}, "BUDGET_INVALID", "subject", "There is no task nobody"),
        ({"scope": "folder", "subject": "src"}, "BUDGET_INVALID", "subject", "from the root on"),
        ({"scope": "folder", "subject": "/" + "x" * 4096}, "INVALID_FIELD", "subject", "at most 4096"),
        ({"period": "year"}, "INVALID_FIELD", "period", "'month'"),
        ({"stages": []}, "BUDGET_INVALID", "stages", "rising percents"),
        ({"stages": [5]}, "INVALID_FIELD", "stages.0", "valid dictionary"),
        ({"stages": [{"percent": 101, "act": "warn"}]}, "INVALID_FIELD", "stages.0.percent", "100"),
        ({"stages": [{"percent": 50, "act": "sing"}]}, "INVALID_FIELD", "stages.0.act", "'interrupt'"),
        ({"stages": [{"percent": 50}]}, "INVALID_FIELD", "stages.0.act", "missing"),
        ({"stages": [{"percent": n, "act": "warn"} for n in range(1, 30)]}, "INVALID_FIELD", "stages", "at most 20"),
        ({"stages": [{"percent": n, "act": "warn"} for n in (9, 8)]}, "BUDGET_INVALID", "stages", "rising"),
        ({"cheaper_model": "gpt-99"}, "MODEL_UNKNOWN", "cheaper_model", "gpt-99"),
        ({"simulated": "maybe"}, "INVALID_FIELD", "simulated", "boolean"),
        ({"colour": "blue"}, "INVALID_FIELD", "colour", "not known here"),
    ],
)
def test_a_wrong_budget_is_refused_by_its_field(
    client: TestClient, body: dict[str, object], code: str, field: str, says: str
):
    assert says in refused(client.post(BUDGETS, json={**DAILY, **body}), 422, code, field)
    assert listed(client) == []
    assert history(client) == []


@pytest.mark.parametrize(
    ("scope", "subject", "counts"),
    [
        ("task", "t1", True),
        ("task", "t2", False),
        ("folder", "/srv/calc/", True),
        ("folder", "//srv/other/../calc", True),
        ("folder", "/srv", True),
        ("folder", "/", True),
        ("folder", "/srv/cal", False),
        ("user", "grace", True),
        ("user", "ada", False),
    ],
)
def test_a_budget_counts_what_its_subject_spent(client: TestClient, fleet: Any, scope: str, subject: str, counts: bool):
    spend(fleet, 3.4)
    fleet.task("t2")
    assert made(client, scope=scope, subject=subject)["spent_usd"] == (3.4 if counts else 0)


def test_the_history_tells_who_did_what_and_what_was_reached(client: TestClient, fleet: Any):
    fleet.task()
    budget_id = made(client)["id"]
    client.post(BUDGETS, json={"id": budget_id, "limit_usd": 20, "name": "Bigger"})
    reach(fleet, budget_id, "Bigger", 80, Act.WARN)
    reach(fleet, "task:t1", "The budget of this task", 100, Act.INTERRUPT)
    client.delete(f"{BUDGETS}/{budget_id}")
    found = history(client)
    assert [(i["what"], i["name"], i["by"], i["limit_usd"]) for i in found] == [
        ("removed", "Bigger", "local", None),
        ("reached", "The budget of this task", None, 10),
        ("reached", "Bigger", None, 10),
        ("changed", "Bigger", "local", 20),
        ("made", "Daily", "local", 10),
    ]
    assert {i["budget_id"] for i in found} == {budget_id, "task:t1"}
    reached = found[2]
    assert (reached["stage"], reached["task_id"]) == ({"percent": 80, "act": "warn"}, "t1")
    assert (reached["spent_usd"], reached["spent_tokens"]) == (8, 1500)


def test_the_history_is_walked_while_it_grows(client: TestClient):
    ids = [made(client, name=f"B{number}")["id"] for number in range(7)]
    seen, cursor = [], None
    while True:
        page = client.get(f"{BUDGETS}/history", params={"limit": 3} | ({"cursor": cursor} if cursor else {})).json()
        seen += [item["budget_id"] for item in page["items"]]
        made(client, name="late")
        if (cursor := page["next_cursor"]) is None:
            break
    assert seen == ids[::-1]


@pytest.mark.parametrize("cursor", ["0", "-1", "x", str(2**63)])
def test_a_wrong_place_in_the_history_is_refused(client: TestClient, cursor: str):
    refused(client.get(f"{BUDGETS}/history?cursor={cursor}"), 422, "INVALID_FIELD", "cursor")


def test_the_stream_tells_of_budgets(client: TestClient, fleet: Any):
    fleet.task()
    with (
        client.websocket_connect(f"{EVENTS}?topics=fleet") as everything,
        client.websocket_connect(f"{EVENTS}?topics=task:t1") as one,
    ):
        budget_id = made(client)["id"]
        reach(fleet, budget_id, "Daily", 80, Act.WARN)
        client.delete(f"{BUDGETS}/{budget_id}")
        heard = [everything.receive_json() for _ in range(3)]
        assert [message["kind"] for message in heard] == ["budget_set", "budget_reached", "budget_removed"]
        assert heard[0]["data"]["data"]["limit_usd"] == 10
        assert heard[1]["data"]["data"]["spent_usd"] == 8
        assert one.receive_json()["kind"] == "budget_reached"


def spend_note(client: TestClient) -> str:
    with client.websocket_connect(f"{EVENTS}?topics=board:fleet") as socket:
        return str(socket.receive_json()["data"]["set"]["kpis"]["spend_note"])


def test_the_board_shows_the_tightest_budget_of_the_fleet(client: TestClient, fleet: Any):
    spend(fleet, 3.4)
    assert spend_note(client) == ""
    made(client, name="Of one", scope="user", subject="grace", limit_usd=1)
    made(client, name="Of demos", simulated=True, limit_usd=1)
    assert spend_note(client) == ""
    made(client)
    assert spend_note(client) == "34 % of $10.00 today"
    made(client, name="Month", period="month", limit_usd=1000, limit_tokens=2000)
    assert spend_note(client) == "75 % of 2 k tokens this month"
    made(client, name="Spent", period="total", limit_usd=2)
    assert spend_note(client) == "170 % of $2.00 in total"
    spend(fleet, 1.0, "t2", Runtime.SCRIPTED)
    assert spend_note(client) == "170 % of $2.00 in total, $1.00 simulated apart"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=6,
)
NAMES = ["id", "name", "scope", "subject", "period", "limit_usd", "limit_tokens", "stages", "cheaper_model"]
GOOD = {
    "scope": st.sampled_from(["fleet", "task", "agent", "user", "folder"]),
    "subject": st.text(max_size=20) | st.text(max_size=20).map(lambda text: f"/{text}"),
    "period": st.sampled_from(["total", "day", "week", "month"]),
    "limit_usd": st.none() | st.floats(allow_nan=False),
    "stages": st.lists(
        st.fixed_dictionaries({"percent": st.integers(-1, 102), "act": st.sampled_from(list(Act))}), max_size=3
    ),
}
NEARLY = st.fixed_dictionaries(
    {"name": st.just("x") | st.text(), "limit_tokens": st.just(5) | st.integers()}, optional=GOOD
)
BODIES = st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=8), JSON, max_size=5) | NEARLY


@FUZZ
@given(st.binary(max_size=100) | BODIES.map(lambda body: json.dumps(body).encode()))
@example(b'{"name": "", "limit_tokens": 5, "scope": "task", "subject": "\\n"}')
def test_no_body_is_a_surprise(client: TestClient, body: bytes):
    answer = client.post(BUDGETS, content=body)
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        refused(answer, answer.status_code, answer.json()["error"]["code"])
    listed(client)
    history(client, "?limit=5")
