"""The report on paper: what was spent, on what, and what came of it, as one would hand it to a manager."""

from __future__ import annotations

import functools
import io
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
from fpdf import FPDF, FontFace
from fpdf.enums import XPos, YPos

from data.domain import words
from data.domain.money import AXIS, NANO
from data.domain.windows import Grain, zone
from data.warehouse import Standing, Warehouse, costs, performance
from data.warehouse.costs import By, Costs, Cut
from data.warehouse.performance import Performance
from orchestrator_adapter import report_charts

FONTS = Path("/usr/share/fonts/truetype/dejavu")
"""Letters of all languages where the machine has them; else those that every reader of PDF has."""
MOST_PARTS, MOST_ROWS = 8, 10
REST = "all others"
PARTS = {By.ROLE: "By role", By.MODEL: "By model", By.FOLDER: "By project folder"}
"""What spending is parted by, and the headings of that."""
FORMATS = {Grain.HOUR: "%d %b %H:%M", Grain.DAY: "%d %b", Grain.WEEK: "%d %b", Grain.MONTH: "%b %Y"}
WIDTH_MM = 180.0
INK, QUIET, RULE, ACCENT = (11, 12, 14), (75, 85, 99), (223, 227, 232), (11, 92, 173)
BOUND = "Names and descriptions are as people wrote them. Amounts in tables are rounded; the exports are exact."


class Paper(FPDF):
    """A4 with a foot that says what it is of."""

    def __init__(self, foot: str, marked: str) -> None:
        super().__init__(format="A4")
        self._foot, self._marked = foot, marked
        self.set_margins(15, 15, 15)
        self.set_auto_page_break(True, margin=18)
        self.unicode = (FONTS / "DejaVuSans.ttf").exists() and (FONTS / "DejaVuSans-Bold.ttf").exists()
        self.face = "letters" if self.unicode else "helvetica"
        if self.unicode:
            self.add_font("letters", "", FONTS / "DejaVuSans.ttf")
            self.add_font("letters", "B", FONTS / "DejaVuSans-Bold.ttf")

    def header(self) -> None:
        if self._marked:
            self.say(self._marked, 9, "B", (154, 91, 0))

    def footer(self) -> None:
        self.set_y(-12)
        self.set_font(self.face, "", 8)
        self.set_text_color(*QUIET)
        self.cell(0, 6, self.legible(self._foot))
        self.set_x(self.l_margin)
        self.cell(0, 6, f"{self.page_no()} / {{nb}}", align="R")

    def legible(self, text: str) -> str:
        return text if self.unicode else text.encode("latin-1", "replace").decode("latin-1")

    def say(
        self, text: str, size: float, style: str = "", colour: tuple[int, int, int] = INK, gap: float = 1.0
    ) -> None:
        self.set_font(self.face, style, size)
        self.set_text_color(*colour)
        self.multi_cell(0, size * 0.5, self.legible(text), new_x=XPos.LMARGIN, new_y=YPos.NEXT, align="L")
        self.ln(gap)

    def heading(self, text: str) -> None:
        """With room for what it stands above."""
        if self.will_page_break(45):
            self.add_page()
        self.ln(3)
        self.say(text, 12, "B", gap=1.5)

    def figures(self, found: Sequence[tuple[str, str]]) -> None:
        """Numbers side by side, each with what it is of."""
        width, top = WIDTH_MM / len(found), self.get_y()
        for place, (value, note) in enumerate(found):
            self.set_xy(self.l_margin + place * width, top)
            self.set_font(self.face, "B", 15)
            self.set_text_color(*ACCENT)
            self.cell(width, 8, self.legible(value))
            self.set_xy(self.l_margin + place * width, top + 8)
            self.set_font(self.face, "", 8)
            self.set_text_color(*QUIET)
            self.multi_cell(width - 3, 3.8, self.legible(note), align="L")
        self.set_xy(self.l_margin, top + 20)

    def drawn(self, spec: dict[str, Any], told: str) -> None:
        picture = report_charts.png(spec)
        self.image(io.BytesIO(picture), w=WIDTH_MM, alt_text=told)
        self.ln(1)

    def listed(self, columns: Sequence[str], lines: Sequence[Sequence[str]], widths: Sequence[int]) -> None:
        """A table; the first column is text, the others are numbers."""
        self.set_font(self.face, "", 8.5)
        self.set_text_color(*INK)
        self.set_draw_color(*RULE)
        align = ("LEFT", *["RIGHT"] * (len(columns) - 1))
        head = FontFace(emphasis="BOLD", color=QUIET)
        with self.table(
            col_widths=tuple(widths),
            text_align=align,
            headings_style=head,
            borders_layout="HORIZONTAL_LINES",
            line_height=4.6,
            padding=0.7,
        ) as table:
            for line in [columns, *lines]:
                table.row([self.legible(cell) for cell in line])
        self.ln(2)


def made(warehouse: Warehouse, cut: Cut, standing: Standing) -> bytes:
    """The whole report of a window. Raises WindowInvalid, QuestionTooLong."""
    grain = cut.window.grain()
    spent: Costs = warehouse.ask(costs.page, cut, grain, By.ROLE, as_of=standing)
    parts = {part: warehouse.ask(costs.by, cut, part, as_of=standing) for part in PARTS}
    work: Performance = warehouse.ask(performance.page, cut, grain, as_of=standing)
    paper = Paper(f"Quarterdeck, as of event {standing.clock:,}", "SIMULATED: demos, nobody was billed" * cut.simulated)
    paper.set_title("Fleet report")
    paper.set_creation_date(cut.window.end)
    paper.set_lang("en")
    paper.add_page()
    _first(paper, spent, work, cut)
    _money(paper, spent, cut, grain)
    for part, title in PARTS.items() if spent.total.replies else ():
        paper.heading(title)
        _parts(paper, parts[part], spent.total.cost_nanousd)
    _work(paper, work)
    _dearest(paper, spent)
    paper.say(BOUND, 8, colour=QUIET)
    return bytes(paper.output())


def _first(paper: Paper, spent: Costs, work: Performance, cut: Cut) -> None:
    here = zone(cut.window.zone)
    begin, last = cut.window.begin.astimezone(here), (cut.window.end - timedelta(seconds=1)).astimezone(here)
    paper.say("Fleet report", 20, "B", gap=0)
    paper.say(f"{begin:%d %B %Y} to {last:%d %B %Y}, days of {cut.window.zone}{_filters(cut)}", 10, colour=QUIET, gap=3)
    paper.say(_answer(spent, work, cut), 11, gap=4)
    done, bad = (int(work.success[name].sum()) for name in ("completed", "failed"))
    each = spent.per_success_nanousd()
    paper.figures(
        [
            (
                words.dollars(spent.total.cost_nanousd),
                f"spent in {words.count(spent.total.replies, 'reply', 'replies')}",
            ),
            (words.percent(done, done + bad), f"of {words.count(done + bad, 'task')} succeeded"),
            ("–" if each is None else words.dollars(each), "for each completed task"),
            (words.dollars(spent.total.saved_nanousd), "saved by the cache"),
        ]
    )


def _filters(cut: Cut) -> str:
    named = {"role": cut.role, "model": cut.model, "type": cut.task_type, "folder": cut.folder, "person": cut.user}
    chosen = [f"{name} {value}" for name, value in named.items() if value is not None]
    if cut.analyst is not None:
        chosen.append("with ANALYST" if cut.analyst else "without ANALYST")
    return f"; only {', '.join(chosen)}" if chosen else ""


def _answer(spent: Costs, work: Performance, cut: Cut) -> str:
    """What somebody reads who reads one sentence."""
    now, before = spent.total.cost_nanousd, spent.before.cost_nanousd
    if not spent.total.replies:
        return "Nothing was spent in this time."
    text = f"{words.dollars(now)} were spent"
    if before:
        change = round(100 * (now - before) / before)
        more = f"{change} % more" if change > 0 else f"{-change} % less" if change < 0 else "as much"
        text += f", {more} {'as' if more == 'as much' else 'than'} in the same time before ({words.dollars(before)})"
    if spent.total.analyst_nanousd and cut.role is None:
        text += f"; ANALYST agents were {words.percent(spent.total.analyst_nanousd, now)} of it"
    text += "."
    if spent.total.unpriced:
        text += f" {words.count(spent.total.unpriced, 'reply', 'replies')} without a known price are not in it."
    if spent.simulated_nanousd and not cut.simulated:
        text += " Simulated work of demos is in no number."
    if len(work.overall):
        median = words.duration(int(work.overall["p50_ms"].iloc[0]) / 1000)
        slow = words.duration(int(work.overall["p95_ms"].iloc[0]) / 1000)
        text += f" Half of all agents were done within {median}, 95 % within {slow}."
    return text


def _money(paper: Paper, spent: Costs, cut: Cut, grain: Grain) -> None:
    if not spent.total.replies:
        return
    paper.heading(f"What did each {grain} cost, by role?")
    found = spent.over_time
    order = list(found.groupby("name")["cost_nanousd"].sum().sort_values(ascending=False).index)
    order = [str(name) for name in order]
    when = functools.partial(_when, grain=grain, here=cut.window.zone)
    rows = [
        {
            "when": when(int(row.at)),
            "part": str(row.name),
            "value": row.cost_nanousd / NANO,
            "order": order.index(str(row.name)),
        }
        for row in found.itertuples(index=False)
    ]
    steps = [when(int(at.timestamp() * 1000)) for at in cut.window.edges(grain)]
    told = f"Spending by {grain}: {words.dollars(spent.total.cost_nanousd)} in all"
    paper.drawn(report_charts.stacked(rows, steps, order[:MOST_PARTS], AXIS), told)


def _when(at_ms: int, grain: Grain, here: str) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, zone(here)):{FORMATS[grain]}}"


def _parts(paper: Paper, found: pd.DataFrame, whole: int) -> None:
    lines = [
        [
            str(row.name),
            _cost(row),
            words.percent(int(row.cost_nanousd), whole),
            words.tokens(int(row.tokens)),
            f"{row.tasks:,}",
        ]
        for row in found.head(MOST_PARTS).itertuples(index=False)
    ]
    rest = found.iloc[MOST_PARTS:]
    if len(rest):
        cost = int(rest["cost_nanousd"].sum())
        tokens = words.tokens(int(rest["tokens"].sum()))
        lines.append([f"{REST} ({len(rest)})", words.dollars(cost), words.percent(cost, whole), tokens, ""])
    paper.listed(["Name", "Cost", "Share", "Tokens", "Tasks"], lines, (44, 14, 14, 14, 14))


def _cost(row: Any) -> str:
    return "unpriced" if row.unpriced and not row.cost_nanousd else words.dollars(int(row.cost_nanousd))


def _work(paper: Paper, work: Performance) -> None:
    if len(work.success):
        paper.heading("Which types of task succeed?")
        names = [str(name).replace("_", " ") for name in work.success["name"]]
        rows = [
            {"name": name, "part": part, "value": int(row[part]), "order": order}
            for name, row in zip(names, work.success.to_dict("records"), strict=True)
            for order, part in enumerate(report_charts.ENDS)
        ]
        told = "; ".join(f"{row['name']} {row['completed']} completed" for row in work.success.to_dict("records"))
        paper.drawn(report_charts.ends(rows, names), told)
    if len(work.by_role):
        paper.heading("How long do agents work?")
        lines = [
            [
                str(row["name"]),
                f"{row['agents']:,}",
                *(words.duration(row[f"{q}_ms"] / 1000) for q in ("p50", "p95", "p99")),
            ]
            for row in work.by_role.to_dict("records")
        ]
        paper.listed(["Role", "Agents", "p50", "p95", "p99"], lines, (44, 14, 14, 14, 14))
    if len(work.tools):
        paper.heading("Which tools fail?")
        lines = [
            [
                str(row["tool"]),
                f"{row['calls']:,}",
                f"{row['failed']:,}",
                f"{row['refused']:,}",
                words.percent(row["failed"], row["calls"]),
            ]
            for row in work.tools.head(MOST_ROWS).to_dict("records")
        ]
        paper.listed(["Tool", "Calls", "Failed", "Refused", "Failed"], lines, (44, 14, 14, 14, 14))


def _dearest(paper: Paper, spent: Costs) -> None:
    if not len(spent.tasks):
        return
    paper.heading("The dearest tasks")
    lines = [
        [words.title(str(row.description), 70), str(row.task_type).replace("_", " "), str(row.status), _cost(row)]
        for row in spent.tasks.itertuples(index=False)
    ]
    paper.listed(["Task", "Type", "Status", "Cost"], lines, (52, 22, 14, 12))
