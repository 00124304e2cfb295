"""Keeps the part of Streamlit's messages that says the theme: it would be made anew for every run of a page.

Six looks through all options of the configuration are a fifth of what it takes to wake a page, and the theme does not
change while the server runs.
"""

from __future__ import annotations

from collections.abc import Callable

from streamlit import config
from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.runtime import app_session

Populate = Callable[..., None]


def keep() -> None:
    """From now on make the theme's message once; where the configuration is watched for edits, leave it as it is."""
    theirs: Populate | None = getattr(app_session, "_populate_theme_msg", None)
    if theirs is None or isinstance(theirs, Kept) or config.get_option("server.fileWatcherType") != "none":
        return
    app_session._populate_theme_msg = Kept(theirs)


class Kept:
    """Stands for Streamlit's function: fills a message from what it once made of the same section."""

    def __init__(self, populate: Populate) -> None:
        self._populate = populate
        self._made: dict[str, CustomThemeConfig] = {}

    def __call__(self, msg: CustomThemeConfig, section: str = "theme") -> None:
        if section not in self._made:
            made = CustomThemeConfig()
            self._populate(made, section)
            self._made[section] = made
        if self._made[section].ByteSize():  # else an empty section would count as one that is given
            msg.MergeFrom(self._made[section])
