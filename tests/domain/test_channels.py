"""Addresses of channels: read and written again, refused in a sentence, and never shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.domain.channels import Address, ChannelKind, Mail, Security, checked, mail, scrubbed, secrets, shown
from data.domain.deliveries import BACKOFF_S, MOST_TRIES, next_ms
from data.domain.errors import ChannelInvalid
from orchestrator_adapter.delivery.outlet import answered

EMAIL, WEBHOOK, SLACK, DISCORD = ChannelKind.EMAIL, ChannelKind.WEBHOOK, ChannelKind.SLACK, ChannelKind.DISCORD
SECRET = "t0ps3cret"
WORD = st.from_regex(r"[a-z0-9]{1,12}", fullmatch=True)
MAILBOX = st.builds("{}+{}@{}.example".format, WORD, WORD, WORD)
TEXT = st.text(st.characters(min_codepoint=32, codec="utf-8"), max_size=20)


@given(
    st.builds(
        Mail,
        server=st.one_of(WORD, st.just("::1"), st.just("mail.example.com")),
        port=st.integers(1, 65535),
        security=st.sampled_from(Security),
        sender=MAILBOX,
        recipients=st.lists(MAILBOX, min_size=1, max_size=10).map(tuple),
        user=TEXT.filter(bool),
        password=TEXT,
    )
)
def test_the_address_of_mail_says_all_of_it(given: Mail) -> None:
    assert mail(given.address()) == given
    assert repr(given.address()) == "Address(…)"
    assert "password" not in repr(given)


@pytest.mark.parametrize(
    ("kind", "text", "seen"),
    [
        (EMAIL, f"smtp://deck:{SECRET}@mx:25?from=d@e.f&to=a@b.c,g@h.i", "a@b.c, g@h.i by mx:25"),
        (EMAIL, f"smtps://deck:{SECRET}@mx?from=d@e.f&to=ana+x@b.c", "ana+x@b.c by mx:465"),
        (WEBHOOK, f"https://u:{SECRET}@example.com:8443/{SECRET}?key={SECRET}", "https://example.com:8443/…"),
        (WEBHOOK, f"http://[::1]/{SECRET}", "http://[::1]/…"),
        (SLACK, f"https://hooks.slack.com/services/T01/B02/{SECRET}", "hooks.slack.com, workspace T01"),
        (DISCORD, f"https://discord.com/api/webhooks/4711/{SECRET}", "discord.com, webhook 4711"),
    ],
)
def test_what_everybody_may_see_is_no_secret(kind: ChannelKind, text: str, seen: str) -> None:
    address = Address(text)
    assert shown(kind, address) == seen
    assert SECRET not in seen + repr(address) + str(address) + f"{address}"
    assert SECRET not in scrubbed(f"could not reach {text}: {SECRET} /{SECRET}?key={SECRET}", address)
    assert any(SECRET in one for one in secrets(address))


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        *[(kind, text) for kind in ChannelKind for text in ("", "nonsense", f"ftp://example.com/{SECRET}", "https://")],
        (WEBHOOK, f"https://exam ple.com/{SECRET}"),
        (WEBHOOK, f"https://example.com:99999/{SECRET}"),
        (WEBHOOK, f"https://example.com/{SECRET}#part"),
        (WEBHOOK, f"https://example.com/{SECRET}\nx"),
        (WEBHOOK, "https://example.com/" + "x" * 2000),
        (SLACK, f"https://hooks.slack.com.evil.example/services/T/B/{SECRET}"),
        (DISCORD, f"https://discord.com/api/webhooks/abc/{SECRET}"),
        (EMAIL, f"smtp://deck:{SECRET}@mx?to=a@b.c"),
        (EMAIL, f"smtp://deck:{SECRET}@mx?from=d@e.f&to="),
        (EMAIL, f"smtp://deck:{SECRET}@mx?from=d@e.f&to=nobody"),
        (EMAIL, f"smtp://deck:{SECRET}@mx?from=d@e.f&to=a@b.c&security=hope"),
        (EMAIL, f"smtp://deck:{SECRET}@mx?from=d@e.f&to=a@b.c&to=g@h.i"),
        (EMAIL, f"smtp://deck:{SECRET}@mx?from=d@e.f&to=a@b.c&colour=blue"),
        (EMAIL, "smtp://mx?from=d@e.f&to=" + ",".join(f"a{n}@b.c" for n in range(11))),
    ],
)
def test_a_wrong_address_is_refused_without_repeating_it(kind: ChannelKind, text: str) -> None:
    with pytest.raises(ChannelInvalid) as refused:
        checked(kind, "Ops", Address(text))
    assert refused.value.details == {"field": "address"}
    assert str(refused.value).startswith("address ")
    assert str(refused.value).endswith(".")
    assert SECRET not in str(refused.value)


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    for kind in ChannelKind:
        try:
            seen = shown(kind, Address(text))
        except ChannelInvalid:
            continue
        assert seen


@pytest.mark.parametrize("name", ["", "  ", "x" * 81, "two\nlines"])
def test_a_wrong_name_is_refused(name: str) -> None:
    with pytest.raises(ChannelInvalid, match="name must have 1 to 80 characters"):
        checked(WEBHOOK, name, None)


def test_tries_come_later_and_later_and_end() -> None:
    assert [next_ms(0, tries) for tries in range(1, MOST_TRIES + 1)] == [1000 * wait for wait in BACKOFF_S] + [None]


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["Failed to send JSON POST notification: Not Found, error=404."], "It answered 404."),
        (["x, error=400.", "Response Details:\r\nb'invalid_payload\\n'"], "It answered 400: invalid_payload."),
        (["Socket Exception: {'a@b.c': (550, b'5.1.1 nobody')}"], "It answered 550: 5.1.1 nobody."),
        (["Socket Exception: [Errno 111] Connection refused"], "It could not be reached: Connection refused."),
        (["Socket Exception: timed out"], "It did not answer within 10 s."),
        (
            ["Connection error", "Socket Exception: certificate has expired"],
            "It could not be sent: certificate has expired.",
        ),
        ([], "It could not be sent: nobody said why."),
    ],
)
def test_what_was_answered_is_one_sentence(lines: list[str], says: str) -> None:
    assert answered(lines) == says
