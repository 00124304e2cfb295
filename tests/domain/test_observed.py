"""One session is one task, whoever tells of it."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from data.domain import observed
from data.domain.texts import storable


@given(st.text(max_size=200), st.text(max_size=80), st.integers(1, 999))
def test_any_name_gives_ids_that_an_address_takes(session: str, subagent: str, life: int) -> None:
    session = storable(session)
    ids = (observed.task_id(session), observed.agent_id(session, subagent, life))
    assert all(re.fullmatch(r"[A-Za-z0-9_.:-]{1,64}", one) for one in ids)
    assert observed.agent_id(session, subagent) != observed.agent_id(session, subagent, 2)


def test_the_session_of_a_file_and_of_a_hook_is_the_same_one() -> None:
    assert observed.task_id("3090E3AA-0000-4000-8000-000000000001") == "3090e3aa000040008000000000000001"
    assert observed.task_id("one") != observed.task_id("two")
