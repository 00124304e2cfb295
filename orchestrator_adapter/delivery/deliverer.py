"""Delivers in the background, whether or not a page is open: what is due is taken, sent, and written down.

The row of a delivery is put down in the transaction of its alert, so none is lost. Whoever sends takes it first, for so
long that nobody else does; what was written down as sent is never sent again. A process that dies between the other
side's yes and its own writing sends it once more: at least once, in the rare case twice.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import structlog

from data.domain import events as e
from data.domain.channels import Address, Channel, ChannelKind
from data.domain.deliveries import GAP_S, HOLD_S, About
from data.domain.errors import ChannelNotFound, FleetError, ScheduleNotFound, StoreUnavailable
from data.store import Recorded, Store, channels, delivering
from data.store.delivering import Claim
from data.store.rows import ms
from orchestrator_adapter.delivery import messages, outlet
from orchestrator_adapter.delivery.outlet import Message, Sent

LOOK_S = 5.0
"""At the latest so often it looks what is due."""
AWAY_S = 1.0

log = structlog.get_logger("delivery")


class Deliverer:
    """The thread of one engine process that sends; several processes never take the same."""

    def __init__(
        self,
        store: Store,
        address: str = "",
        *,
        reports: Callable[[Claim, ChannelKind], Message] | None = None,
        gap_s: float = GAP_S,
        hold_s: float = HOLD_S,
    ) -> None:
        """`address`: where the product is reached; `reports`: makes the message of a report for a kind of channel."""
        self._store, self._address, self._reports = store, address, reports
        self._gap_ms, self._hold_ms = round(1000 * gap_s), round(1000 * hold_s)
        self._wake, self._ended = threading.Event(), False
        self._thread = threading.Thread(target=self._run, name="delivery", daemon=True)
        self._deaf: Callable[[], None] | None = None

    def start(self) -> None:
        self._deaf = self._store.listen(self._heard)
        self._thread.start()

    def stop(self) -> None:
        """Ends after what is being sent now; the rest is sent at the next start."""
        self._ended = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout=outlet.TIMEOUT_S)
        if self._deaf is not None:
            self._deaf()
            self._deaf = None

    def _heard(self, _clock: int, news: Sequence[Recorded]) -> None:
        if any(isinstance(entry.event, e.AlertRaised | e.ReportDue) for entry in news):  # what puts deliveries down
            self._wake.set()

    def _run(self) -> None:
        while not self._ended:
            self._wake.clear()
            try:
                wait = 0.0 if self.once() else self._until_due()
            except StoreUnavailable:
                wait = AWAY_S
            except Exception:  # whatever it was, the next message is sent all the same
                log.exception("delivery_failed")
                wait = LOOK_S
            if wait and not self._ended:
                self._wake.wait(wait)

    def _until_due(self) -> float:
        with self._store.read() as board:
            due = delivering.due_ms(board.connection, self._gap_ms)
        return LOOK_S if due is None else min(LOOK_S, max(0.05, (due - ms(self._store.now())) / 1000))

    def once(self) -> bool:
        """Make one try of what is due now; False if there is nothing."""
        now = ms(self._store.now())
        with self._store.read() as board:
            due = delivering.due_ms(board.connection, self._gap_ms)
        if due is None or due > now:
            return False
        with self._store.write(durable=True) as ledger:
            for settled in delivering.over(ledger.connection, now):
                ledger.append(settled)
            claim = delivering.claim(ledger.connection, now, self._gap_ms, self._hold_ms)
        if claim is None:
            return False
        sent = self._send(claim)
        with self._store.write(durable=True) as ledger:
            ledger.append(_moved(claim, sent))
        log.info("delivery", channel=claim.channel_id, about=claim.about.value, taken=sent.ok)
        return True

    def _send(self, claim: Claim) -> Sent:
        try:
            with self._store.read() as board:
                channel = board.channel(claim.channel_id)
                address = channels.address(board.connection, claim.channel_id)
                told = delivering.told(board.connection, claim.subjects) if claim.about is About.ALERT else []
            if claim.about is About.ALERT and not told:
                return Sent(False, "There is nothing left to tell.")
        except ChannelNotFound:
            return Sent(False, "The channel was removed.")
        if claim.about is About.ALERT:
            return outlet.send(channel.kind, address, messages.of_alerts(told, self._address))
        return self._send_report(claim, channel.kind, address)

    def _send_report(self, claim: Claim, kind: ChannelKind, address: Address) -> Sent:
        assert self._reports is not None
        try:
            message = self._reports(claim, kind)
        except ScheduleNotFound:
            return Sent(False, "The schedule was removed.")
        except FleetError as refused:  # what is wrong now may pass until the next try
            return Sent(False, f"The report could not be made: {refused}")
        return outlet.send(kind, address, message)


def _moved(claim: Claim, sent: Sent) -> e.DeliveryMoved:
    return e.DeliveryMoved(
        task_id="",
        about=claim.about,
        subjects=claim.subjects,
        due_ms=claim.at_ms if claim.about is About.REPORT else 0,
        channel_id=claim.channel_id,
        to="sent" if sent.ok else "failed",
        said=sent.said,
    )


def tried(channel: Channel, address: Address, by: str) -> Sent:
    """Send one test message now."""
    return outlet.send(channel.kind, address, messages.of_test(channel.name, by))
