"""Channels: where alerts and reports go to people who do not look at the page, and the secret address of each."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from urllib.parse import SplitResult, parse_qs, quote, unquote, urlencode, urlsplit

from data.domain.errors import ChannelInvalid

MOST_NAME = 80
MOST_ADDRESS = 2_000
MOST_RECIPIENTS = 10
MOST_CHANNELS = 50
_SLACK = re.compile(r"https://hooks\.slack\.com/services/([A-Za-z0-9]+)/([A-Za-z0-9]+)/([A-Za-z0-9]+)/?")
_DISCORD = re.compile(r"https://(?:discord|discordapp)\.com/api/webhooks/(\d+)/([A-Za-z0-9_-]+)/?")
_MAILBOX = re.compile(r"[^@\s<>,;:\"()\[\]\\]+@[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?|[0-9A-Fa-f:.]+")


class ChannelKind(StrEnum):
    """How a channel reaches somebody; what is in the app needs none."""

    EMAIL = "email"
    WEBHOOK = "webhook"
    SLACK = "slack"
    DISCORD = "discord"


class Security(StrEnum):
    """How the connection to a mail server is kept private."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


PORTS = {Security.STARTTLS: 587, Security.TLS: 465, Security.NONE: 25}
EXAMPLES = {
    ChannelKind.EMAIL: "smtp://USER:PASSWORD@mail.example.com:587?from=deck@example.com&to=ana@example.com",
    ChannelKind.WEBHOOK: "https://example.com/hooks/TOKEN",
    ChannelKind.SLACK: "https://hooks.slack.com/services/T000/B000/TOKEN",
    ChannelKind.DISCORD: "https://discord.com/api/webhooks/NUMBER/TOKEN",
}


class Address:
    """An address that may carry a secret: nothing that prints it shows it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "Address(…)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Address) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)


@dataclass(frozen=True)
class Channel:
    """One channel without its secret."""

    id: str
    name: str
    kind: ChannelKind
    shown: str
    """What of its address everybody may see."""
    changed_by: str = ""
    changed_at: datetime | None = None


@dataclass(frozen=True)
class Mail:
    """What an e-mail channel needs to know, as its address says it."""

    server: str
    port: int
    security: Security
    sender: str
    recipients: tuple[str, ...]
    user: str = ""
    password: str = field(default="", repr=False)

    def address(self) -> Address:
        """As one text, from which `mail` makes the same again."""
        user = quote(self.user, safe="")
        login = f"{user}:{quote(self.password, safe='')}@" if self.password else f"{user}@" if user else ""
        host = f"[{self.server}]" if ":" in self.server else self.server
        more = {"security": self.security.value, "from": self.sender, "to": ",".join(self.recipients)}
        return Address(f"smtp://{login}{host}:{self.port}?{urlencode(more, safe='@,')}")


def mail(address: Address) -> Mail:
    """What the address of an e-mail channel says. Raises ChannelInvalid."""
    parts = _split(address, ("smtp", "smtps"))
    given = parse_qs(parts.query.replace("+", "%2B"), keep_blank_values=True)  # ana+deck@example.com is a mailbox
    if unknown := sorted(given.keys() - {"security", "from", "to"}):
        raise _invalid(f"takes from, to and security behind the question mark, not {unknown[0][:40]!r}")
    if twice := [name for name, values in given.items() if len(values) > 1]:
        raise _invalid(f"has {twice[0]} twice; several recipients are parted by commas")
    usual = Security.TLS if parts.scheme == "smtps" else Security.STARTTLS
    said = given.get("security", [usual.value])[0]
    if said not in set(Security):
        raise _invalid(f"must have security={', '.join(Security)}")
    security = Security(said)
    sender = given.get("from", [""])[0].strip()
    recipients = tuple(filter(None, (one.strip() for one in given.get("to", [""])[0].split(","))))
    if not _MAILBOX.fullmatch(sender):
        raise _invalid("must say with from=NAME@DOMAIN who sends")
    if not 1 <= len(recipients) <= MOST_RECIPIENTS or not all(map(_MAILBOX.fullmatch, recipients)):
        raise _invalid(f"must say with to=NAME@DOMAIN who gets the mail: 1 to {MOST_RECIPIENTS}, parted by commas")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return Mail(parts.hostname or "", parts.port or PORTS[security], security, sender, recipients, user, password)


def checked(kind: ChannelKind, name: str, address: Address | None) -> tuple[str, str | None]:
    """The name as it is kept, and what of the address may be shown; None if the address stays as it is.

    Raises ChannelInvalid, which never repeats the address.
    """
    name = name.strip()
    if not 1 <= len(name) <= MOST_NAME or not name.isprintable():
        raise ChannelInvalid(f"name must have 1 to {MOST_NAME} characters in one line.", field="name")
    return name, None if address is None else shown(kind, address)


def shown(kind: ChannelKind, address: Address) -> str:
    """What of an address everybody may see: who gets the mail, or the host. Raises ChannelInvalid."""
    match kind:
        case ChannelKind.EMAIL:
            found = mail(address)
            return f"{', '.join(found.recipients)} by {found.server}:{found.port}"
        case ChannelKind.WEBHOOK:
            parts = _split(address, ("http", "https"))
            host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
            return f"{parts.scheme}://{host}{f':{parts.port}' if parts.port else ''}/…"
        case ChannelKind.SLACK:
            return f"hooks.slack.com, workspace {slack(address)[0]}"
        case ChannelKind.DISCORD:
            return f"discord.com, webhook {discord(address)[0]}"


def slack(address: Address) -> tuple[str, str, str]:
    """The three parts of an incoming webhook of Slack. Raises ChannelInvalid."""
    found = _SLACK.fullmatch(address.reveal())
    if found is None:
        raise _invalid(f"must be an incoming webhook of Slack, like {EXAMPLES[ChannelKind.SLACK]}")
    return found[1], found[2], found[3]


def discord(address: Address) -> tuple[str, str]:
    """Number and token of a webhook of Discord. Raises ChannelInvalid."""
    found = _DISCORD.fullmatch(address.reveal())
    if found is None:
        raise _invalid(f"must be a webhook of Discord, like {EXAMPLES[ChannelKind.DISCORD]}")
    return found[1], found[2]


def secrets(address: Address) -> list[str]:
    """Every part of an address that must not be seen anywhere, the longest first."""
    text = address.reveal()
    try:
        parts = urlsplit(text)
    except ValueError:
        return [text]
    found = {text, parts.netloc.rpartition("@")[0], parts.password or "", unquote(parts.password or "")}
    if parts.scheme in ("http", "https"):
        query = [value for values in parse_qs(parts.query).values() for value in values]
        found |= {f"{parts.path}?{parts.query}", parts.path, parts.query, *query, *parts.path.split("/")}
        found |= {unquote(one) for one in found}
    return sorted((one for one in found if len(one) >= 4 or one == parts.password), key=len, reverse=True)


def scrubbed(words: str, address: Address) -> str:
    """The words without anything secret of the address."""
    for secret in filter(None, secrets(address)):
        words = words.replace(secret, "…")
    return words


def _split(address: Address, schemes: tuple[str, ...]) -> SplitResult:
    text = address.reveal()
    if not 1 <= len(text) <= MOST_ADDRESS or not text.isascii() or not text.isprintable() or " " in text:
        raise _invalid(f"must be 1 to {MOST_ADDRESS:,} plain characters without spaces")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise _invalid("has a host or a port that cannot be") from None
    if parts.scheme not in schemes or port == 0 or not _HOST.fullmatch(parts.hostname or ""):
        raise _invalid(f"must begin with {schemes[0]}:// or {schemes[1]}:// and name a host")
    if parts.fragment:
        raise _invalid("must have no part behind a #")
    return parts


def _invalid(says: str) -> ChannelInvalid:
    return ChannelInvalid(f"address {says}.", field="address")
