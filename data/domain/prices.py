"""What a model's reply costs: dated list prices in whole nano-dollars per token, and context windows."""

from __future__ import annotations

import re
import tomllib
from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from data.domain.errors import SettingInvalid
from data.domain.money import NANO, PRICES, Tokens

LONG_CONTEXT = "[1m]"
"""Suffix that asks Claude Code for a context of a million tokens."""

_SNAPSHOT = re.compile(r"-(?:\d{8}|latest)$")
_US_SURCHARGE = Decimal("1.1")


def _whole_nanousd(value: object, units: int) -> int:
    """A price in dollars for so many units as nano-dollars for one."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not Decimal(value).is_finite():
        raise ValueError(f"must be a number of dollars, not {value!r}")
    nanousd, rest = divmod(Decimal(value) * NANO, units)
    if rest or nanousd <= 0:
        raise ValueError(f"{value} dollars for {units} is not a whole, positive number of nano-dollars for one")
    return int(nanousd)


PerToken = Annotated[int, BeforeValidator(lambda value: _whole_nanousd(value, 1_000_000))]
PerSearch = Annotated[int, BeforeValidator(lambda value: _whole_nanousd(value, 1_000))]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Price(_Strict):
    """Nano-dollars for one token of each kind, from a date on, for prompts above a size."""

    effective_from: date
    above_prompt: int = Field(default=0, ge=0)
    input: PerToken
    output: PerToken
    cache_read: PerToken
    cache_write_5m: PerToken
    cache_write_1h: PerToken

    def nanousd(self, tokens: Tokens) -> int:
        return (
            self.input * tokens.input
            + self.output * tokens.output
            + self.cache_read * tokens.cache_read
            + self.cache_write_5m * tokens.cache_write_5m
            + self.cache_write_1h * tokens.cache_write_1h
        )


class Model(_Strict):
    """One model: its context window and every price it ever had."""

    context_window: int = Field(gt=0)
    fast: int = Field(default=1, ge=1)
    """Factor on every token price in fast mode."""
    prices: tuple[Price, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _no_gaps(self) -> Self:
        steps = [(p.effective_from, p.above_prompt) for p in self.prices]
        if len(set(steps)) != len(steps):
            raise ValueError("two prices hold from the same date for the same size of prompt")
        if missing := {day for day, _ in steps} - {day for day, above in steps if above == 0}:
            raise ValueError(f"no price for small prompts from {min(missing)} on")
        return self

    def price(self, prompt: int, at: datetime) -> Price | None:
        """The row that prices a request with so large a prompt at that time."""
        begun = [p for p in self.prices if datetime.combine(p.effective_from, time(), UTC) <= at]
        newest = max((p.effective_from for p in begun), default=None)
        fits = [p for p in begun if p.effective_from == newest and (p.above_prompt == 0 or prompt > p.above_prompt)]
        return max(fits, key=lambda p: p.above_prompt, default=None)


class PriceBook(_Strict):
    """All prices that are known; what it does not know has no price, which is not the same as costing nothing."""

    per_web_search: PerSearch = Field(alias="web_searches_per_thousand")
    aliases: dict[str, str]
    table: dict[str, Model] = Field(alias="models", min_length=1)

    @model_validator(mode="after")
    def _aliases_lead_somewhere(self) -> Self:
        if lost := sorted(alias for alias, name in self.aliases.items() if name not in self.table):
            raise ValueError(f"the alias {lost[0]} names a model that is not in the table")
        return self

    def models(self) -> list[str]:
        """Full names of the models in our own table, as it lists them."""
        return list(self.table)

    def canonical(self, model: str) -> str:
        """The full name behind an alias or a dated snapshot; any other name as it is, without `[1m]`."""
        name = model.removesuffix(LONG_CONTEXT)
        for candidate in (name, _SNAPSHOT.sub("", name)):
            full = self.aliases.get(candidate, candidate)
            if full in self.table:
                return full
        return name

    def knows(self, model: str, at: datetime) -> bool:
        """Whether a reply of this model at that time has a price."""
        return self.cost_nanousd(model, Tokens(), at) is not None

    def context_window(self, model: str) -> int | None:
        """Tokens the model can read at once; None if nobody told us."""
        name = self.canonical(model)
        if model.endswith(LONG_CONTEXT):
            return 1_000_000
        return self.table[name].context_window if name in self.table else _listed_window(name)

    def cost_nanousd(
        self, model: str, tokens: Tokens, at: datetime, *, web_searches: int = 0, speed: str = "standard", geo: str = ""
    ) -> int | None:
        """What one request cost, rounded half up to the nano-dollar once, at its end; None if it has no price.

        `tokens` must be those of one request: long prompts can be dearer as a whole. `speed` and `geo` are the
        `speed` and `inference_geo` of its usage; a speed nobody measured has no price.
        """
        if speed not in ("standard", "fast", ""):
            return None
        name = self.canonical(model)
        if known := self.table.get(name):
            price = known.price(tokens.prompt, at)
            factor = known.fast if speed == "fast" else 1
            nanousd = None if price is None else Decimal(price.nanousd(tokens) * factor)
        else:
            nanousd = None if speed == "fast" else _listed_nanousd(name, tokens, at)
        if nanousd is None:
            return None
        if geo == "us":
            nanousd *= _US_SURCHARGE
        return int(nanousd.to_integral_value(ROUND_HALF_UP)) + web_searches * self.per_web_search


def _listed_nanousd(model: str, tokens: Tokens, at: datetime) -> Decimal | None:
    """The price in the list that the genai-prices package carries (no network), for models our table lacks."""
    from genai_prices import Usage, calc_price

    usage = Usage(
        input_tokens=tokens.prompt,
        output_tokens=tokens.output,
        cache_read_tokens=tokens.cache_read,
        cache_write_tokens=tokens.cache_write_5m + tokens.cache_write_1h,
        cache_write_1h_tokens=tokens.cache_write_1h,
    )
    try:
        found = calc_price(usage, model, genai_request_timestamp=at)
    except LookupError:
        return None
    if found.model_price.input_mtok is None or found.model_price.output_mtok is None:
        return None
    return found.total_price * NANO


def _listed_window(model: str) -> int | None:
    from genai_prices import Usage, calc_price

    try:
        return calc_price(Usage(), model).model.context_window
    except LookupError:
        return None


def load(text: str) -> PriceBook:
    """The prices in a table; a torn table is refused with one sentence that names the place."""
    try:
        return PriceBook.model_validate(tomllib.loads(text, parse_float=Decimal))
    except tomllib.TOMLDecodeError as error:
        raise SettingInvalid(f"The price table is not TOML: {error}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "top"
        raise SettingInvalid(
            f"The price table is torn at {place}: {first['msg'].removeprefix('Value error, ')}.", place=place
        ) from error


@cache
def book() -> PriceBook:
    """The prices this version ships with, read once."""
    return load(PRICES.read_text(encoding="utf-8"))
