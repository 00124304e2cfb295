"""Hands one message to the other side of a channel, and says what was answered: the one user of apprise."""

from __future__ import annotations

import ast
import logging
import re
import threading
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

import structlog

from data.domain import words
from data.domain.channels import Address, ChannelKind, Security, discord, mail, scrubbed, slack

TIMEOUT_S = 10.0
"""How long the other side may take to connect, and to answer each thing."""
MOST_SAID = 300
_MODES = {Security.STARTTLS: "starttls", Security.TLS: "ssl", Security.NONE: "insecure"}
_STATUS = re.compile(r"error=(\d{3})\b")
_BODY = re.compile(r"Response Details:\s*(b?['\"].*['\"])\s*$", re.DOTALL)
_SMTP = re.compile(r"\(?(\d{3}), (b?'(?:[^'\\]|\\.)*'|b?\"(?:[^\"\\]|\\.)*\")")
_SYSTEM = re.compile(r"\[Errno -?\d+\] ([^'\")>]+)")
_PINGS = re.compile(r"@(?=everyone|here)")

log = structlog.get_logger("delivery")


@dataclass(frozen=True)
class Attachment:
    """A file that goes with a message."""

    name: str
    media_type: str
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class Message:
    """What is said."""

    title: str
    body: str
    urgent: bool = False
    data: dict[str, Any] = field(default_factory=dict)
    """For programs: stands beside the words in what a webhook gets."""
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True)
class Sent:
    """Whether the other side took a message, and what it said."""

    ok: bool
    said: str


class _Heard(logging.Handler):
    """What apprise logs in this thread, while one message is handed over."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread:
            self.lines.append(record.getMessage())


def send(kind: ChannelKind, address: Address, message: Message) -> Sent:
    """Hand it over; whatever goes wrong is an answer, too. The address stands in no answer and in no log."""
    heard, logger = _Heard(), logging.getLogger("apprise")
    logger.setLevel(logging.DEBUG)
    logger.propagate = False  # its lines may name addresses: nobody else gets them
    logger.addHandler(heard)
    try:
        ok = bool(_handed_over(kind, address, message))
    except Exception as error:  # the boundary of an outlet: a message that cannot be sent holds up no other
        log.warning("outlet_failed", kind=kind.value, error=type(error).__name__)
        return Sent(False, f"It could not be sent: {type(error).__name__}.")
    finally:
        logger.removeHandler(heard)
    return Sent(ok, "The other side took it." if ok else scrubbed(answered(heard.lines), address))


def _handed_over(kind: ChannelKind, address: Address, message: Message) -> object:
    import apprise  # here: it takes long, and most processes never send anything
    from apprise.attachment.memory import AttachMemory

    asset = apprise.AppriseAsset(app_id="Quarterdeck", app_desc="Quarterdeck", app_url="", async_mode=False)
    plugin = _plugin(kind, address, message, asset)
    attached = apprise.AppriseAttachment(asset=asset)
    for file in message.attachments:
        media_type = file.media_type.partition(";")[0]
        attached.add(AttachMemory(content=file.body, name=file.name, mimetype=media_type, asset=asset))
    body = _PINGS.sub("@\u200b", message.body) if kind is ChannelKind.DISCORD else message.body
    level = apprise.NotifyType.WARNING if message.urgent else apprise.NotifyType.INFO
    given = {"title": message.title, "notify_type": level, "body_format": apprise.NotifyFormat.TEXT}
    return plugin.notify(body=body, attach=attached if message.attachments else None, **given)


def _plugin(kind: ChannelKind, address: Address, message: Message, asset: Any) -> Any:
    """What apprise calls a service; it unquotes what it is given."""
    from apprise.plugins.custom_json import NotifyJSON
    from apprise.plugins.discord import NotifyDiscord
    from apprise.plugins.email.base import NotifyEmail
    from apprise.plugins.slack import NotifySlack

    common = {"asset": asset, "rto": TIMEOUT_S, "cto": TIMEOUT_S, "redirect": "no"}
    match kind:
        case ChannelKind.EMAIL:
            found = mail(address)
            return NotifyEmail(
                smtp_host=found.server,
                host=quote(found.sender.rpartition("@")[2]),
                port=found.port,
                secure_mode=_MODES[found.security],
                from_addr=f"Quarterdeck <{found.sender}>",
                targets=list(found.recipients),
                user=quote(found.user, safe=""),
                password=quote(found.password, safe=""),
                schema="mailto",
                format="text",
                **common,
            )
        case ChannelKind.WEBHOOK:
            parts = urlsplit(address.reveal())
            host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
            return NotifyJSON(
                schema="jsons" if parts.scheme == "https" else "json",
                host=host,
                port=parts.port,
                fullpath=f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}",  # taken as it is
                user=parts.username,
                password=parts.password,
                payload=message.data,
                **common,
            )
        case ChannelKind.SLACK:
            a, b, c = slack(address)
            return NotifySlack(token_a=a, token_b=b, token_c=c, include_image=False, include_footer=False, **common)
        case ChannelKind.DISCORD:
            number, token = discord(address)
            return NotifyDiscord(webhook_id=number, webhook_token=token, avatar=False, **common)


def answered(lines: list[str]) -> str:
    """Why it was not taken, from what apprise logged: the other side's number and words, or what became of the line."""
    text = "\n".join(lines)
    if (status := _STATUS.search(text)) is not None:
        body = next((found[1] for line in lines if (found := _BODY.search(line))), "''")
        said = words.shortened(_literal(body), MOST_SAID)
        return f"It answered {status[1]}{f': {said}' if said else ''}."
    errors = [line.partition("Exception:")[2].strip() for line in lines if "Exception:" in line]
    last = errors[-1] if errors else lines[-1] if lines else ""
    if (refused := _SMTP.search(last) or _SMTP.search(text)) is not None:
        return f"It answered {refused[1]}: {words.shortened(_literal(refused[2]), MOST_SAID)}."
    if (system := _SYSTEM.search(last)) is not None:
        return f"It could not be reached: {system[1].strip()}."
    if "timed out" in last.lower():
        return f"It did not answer within {TIMEOUT_S:g} s."
    return f"It could not be sent: {words.shortened(last, MOST_SAID).rstrip('.') or 'nobody said why'}."


def _literal(text: str) -> str:
    """The text of a literal of Python, as logs show bytes."""
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
