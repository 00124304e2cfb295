"""Files of sessions that others ran: nobody compared a folder, but the answers of calls tell what changed and how."""

from __future__ import annotations

from pathlib import Path

from data.domain import observed
from data.domain.files import FileDiff
from data.store import Store
from orchestrator_adapter.ingest.transcript_files import find
from orchestrator_adapter.ingest.transcripts import Scan
from tests.ingest.trees import PRICE, SESSION, calls, main_file, prompt, returns, write

OLD = "".join(f"line {n}\n" for n in range(20))


def told(store: Store, root: Path, *lines: dict) -> dict[str, FileDiff]:
    write(main_file(root), prompt("Fix the till"), *lines)
    Scan(store).run(find(root))
    with store.read() as board:
        agent_id = observed.agent_id(SESSION)
        return {one.path: board.file_diff(agent_id, one.path) for one in board.files_of_agent(agent_id)}


def edit(number: int, path: str, old: str, new: str, **answer: object) -> tuple[dict, dict]:
    given = {"file_path": path, "old_string": old, "new_string": new}
    return calls(number, "Edit", given, second=number), returns(number, {"filePath": path, **answer})


def test_whole_texts_come_from_the_answers(store: Store, tmp_path: Path) -> None:
    path = "/srv/shop/till.py"
    between = OLD.replace("line 2\n", "two\n").replace("line 10\n", "by a command\n")
    (diff,) = told(
        store,
        tmp_path,
        *edit(2, path, "line 2\n", "two\n", originalFile=OLD),
        calls(3, "Bash", {"command": "make"}, second=3),
        returns(3, {"stdout": ""}),
        *edit(4, path, "line 18\n", "eighteen\n", originalFile=between),
    ).values()
    assert diff.placed
    assert (diff.before, diff.after) == (OLD, between.replace("line 18\n", "eighteen\n"))
    assert [[(m.kind, m.tool_use_id, m.cost_nanousd) for m in one.makers] for one in diff.hunks] == [
        [("call", "toolu_2", PRICE)],
        [("command", "toolu_3", PRICE)],
        [("call", "toolu_4", PRICE)],
    ]


def test_a_new_file_and_one_of_which_the_answers_say_little(store: Store, tmp_path: Path) -> None:
    content = {"file_path": "/srv/shop/new.py", "content": "a\nb\n"}
    found = told(
        store,
        tmp_path,
        calls(2, "Write", content, second=2),
        returns(2, {"type": "create", "filePath": "/srv/shop/new.py", "content": "a\nb\n"}),
        *edit(3, "/srv/shop/old.py", "x\n", "y\n", structuredPatch=[{"lines": ["-x", "+y"]}]),
    )
    new, old = found["/srv/shop/new.py"], found["/srv/shop/old.py"]
    assert (new.before, new.after, new.placed) == ("", "a\nb\n", True)
    assert not old.placed
    assert [one.hunk.lines for one in old.hunks] == [(("-", "x\n"), ("+", "y\n"))]
    assert [maker.tool for maker in old.hunks[0].makers] == ["Edit"]


def test_a_secret_that_an_answer_tells_is_not_shown(store: Store, tmp_path: Path) -> None:
    original = "TOKEN = 'ghp_" + "a" * 36 + "'\nx\n"
    (diff,) = told(store, tmp_path, *edit(2, "/srv/shop/config.py", "x\n", "y\n", originalFile=original)).values()
    assert (diff.hunks, diff.before) == ((), None)
    assert diff.why_not == "Its content is not shown: holds what looks like a secret."
