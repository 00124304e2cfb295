"""A thread that the modes of files hold for, as they do for people; root passes over them."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
_VERSION_3 = 0x20080522
_PASSES_OVER = 1 << 1 | 1 << 2
"""CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH."""


def _give_up() -> None:
    """Rights belong to a thread, and the threads it starts begin with its own."""
    libc = ctypes.CDLL(None, use_errno=True)
    header, rights = (ctypes.c_uint32 * 2)(_VERSION_3, 0), (ctypes.c_uint32 * 6)()
    assert libc.capget(header, rights) == 0
    rights[0] &= ~_PASSES_OVER  # effective
    rights[1] &= ~_PASSES_OVER  # permitted
    assert libc.capset(header, rights) == 0


def obeying_modes(do: Callable[[], T]) -> T:
    """What it gives, or raises, where no file may be read or written that its mode does not allow."""
    with ThreadPoolExecutor(1, initializer=_give_up if sys.platform == "linux" else None) as one:
        return one.submit(do).result()
