"""The theme that a page is sent is the same as Streamlit would send, and made once."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from streamlit import config
from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.runtime import app_session

from orchestrator_adapter.api import theme

SECTIONS = {
    "theme": lambda message: message,
    "theme.light": lambda message: message.light,
    "theme.dark": lambda message: message.dark,
    "theme.sidebar": lambda message: message.sidebar,
    "theme.light.sidebar": lambda message: message.light.sidebar,
    "theme.dark.sidebar": lambda message: message.dark.sidebar,
}
WATCH = "server.fileWatcherType"


@pytest.fixture
def theirs() -> Iterator[Callable[..., None]]:
    """Streamlit's own function, in place again afterwards."""
    before, watched = app_session._populate_theme_msg, config.get_option(WATCH)
    yield before
    app_session._populate_theme_msg = before
    config.set_option(WATCH, watched)


def whole(populate: Callable[..., None]) -> CustomThemeConfig:
    message = CustomThemeConfig()
    for section, part in SECTIONS.items():
        populate(part(message), section)
    return message


def test_a_page_is_sent_the_same_theme_each_time(theirs: Callable[..., None]) -> None:
    config.get_config_options(force_reparse=True)
    kept = theme.Kept(theirs)
    first, second = whole(kept), whole(kept)
    assert first == second == whole(theirs)
    assert first.dark.background_color == "#0e1117"
    assert not first.HasField("sidebar"), "a section that nobody gave is not sent"


def test_the_theme_is_read_once(theirs: Callable[..., None]) -> None:
    read: list[str] = []

    def counted(message: CustomThemeConfig, section: str = "theme") -> None:
        read.append(section)
        theirs(message, section)

    kept = theme.Kept(counted)
    whole(kept)
    whole(kept)
    assert read == list(SECTIONS)


def test_a_theme_that_is_being_edited_is_read_each_time(theirs: Callable[..., None]) -> None:
    config.set_option(WATCH, "auto")
    theme.keep()
    assert app_session._populate_theme_msg is theirs
    config.set_option(WATCH, "none")
    theme.keep()
    assert isinstance(app_session._populate_theme_msg, theme.Kept)
