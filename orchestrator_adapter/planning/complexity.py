"""Estimating from a description how much work it asks for: the one estimator of page, API and engine."""

from __future__ import annotations

from dataclasses import dataclass

from data.domain.tasks import Complexity
from orchestrator_adapter.planning import vocabulary

LONG = 50
"""Words from which a description is taken for complex by its length."""

NEARLY, BARELY = 35, 75
"""From here on nearly long, and below this one barely long: with the length alone, both are borderline."""

COMPLEX = {
    "refactor|refactors|refactored|refactoring": "usually means work across many files",
    "redesign|redesigns|redesigned|redesigning": "usually means work across many files",
    "migrate|migrates|migrated|migrating|migration|migrations": "usually means that old and new must agree",
    "architecture|architectures|architectural": "concerns how the parts fit together",
    "research|researches|researched|researching": "asks for reading before writing",
    "analyze|analyzes|analyzed|analyzing|analyse|analysed|analysing": "asks for reading before writing",
    "investigate|investigates|investigated|investigating|investigation": "means that the cause is not known yet",
    "comprehensive|comprehensively": "asks for everything, not for one place",
    "system|systems": "reaches beyond a single file",
    "multiple": "asks for changes in several places",
}
"""Words of which one is enough, and why; inflections are listed, never guessed."""

SIMPLE = ("write a", "create a simple", "add a simple", "fix a simple", "simple function", "quick fix")
"""Phrases with which people announce a small change, even in a long description."""

TOPICS = (
    "authentication|authenticate",
    "authorization|authorisation",
    "oauth2|oauth|openid|oidc",
    "jwt",
    "saml",
    "sso",
    "payment|payments|billing",
    "encryption|encrypt",
    "concurrency|concurrent",
    "distributed",
    "microservice|microservices",
    "infrastructure",
    "scalability",
)
"""Topics that say little alone (a typo on the payment page) and much when two come together."""


@dataclass(frozen=True)
class Estimate:
    """How much work, and the sentences that say why."""

    complexity: Complexity
    reasons: tuple[str, ...]
    borderline: str = ""
    """Why one sign more or less would have turned the verdict; empty for a clear case."""


def estimate(description: str) -> Estimate:
    """Simple or complex: by a listed word first, then by a simple phrase, by topics, by length."""
    return estimate_of(vocabulary.read(description))


def estimate_of(wording: vocabulary.Wording) -> Estimate:
    complexity, reasons = _verdict(wording)
    return Estimate(complexity, reasons, _borderline(wording, complexity))


def _verdict(wording: vocabulary.Wording) -> tuple[Complexity, tuple[str, ...]]:
    length = f"{wording.count} {'word' if wording.count == 1 else 'words'} of description"
    long = (length,) if wording.count >= LONG else ()
    if words := _complex_words(wording):
        return Complexity.COMPLEX, words + long
    if phrases := wording.hits(SIMPLE):
        return Complexity.SIMPLE, tuple(f"'{phrase}' announces a small change" for phrase in phrases)
    if len(topics := wording.hits(TOPICS)) > 1:
        return Complexity.COMPLEX, (f"{_listed(topics)} together reach into many parts of a program", *long)
    if long:
        return Complexity.COMPLEX, long
    return Complexity.SIMPLE, (f"{length}, none of which announces more than a small change",)


def _borderline(wording: vocabulary.Wording, complexity: Complexity) -> str:
    """Complex by a single sign, or simple with all but one; a sign is a listed word, two topics, or the length."""
    words, topics = [f for f in COMPLEX if wording.first(f)], wording.hits(TOPICS)
    long, phrase = wording.count >= LONG, next(iter(wording.hits(SIMPLE)), None)
    signs = len(words) + (len(topics) > 1) + long
    if complexity is Complexity.COMPLEX:
        if signs > 1 or len(topics) > 2 or wording.count >= BARELY:
            return ""
        if words:
            return f"the word '{wording.first(words[0])}' alone makes it complex"
        return (
            f"its length of {wording.count} words alone makes it complex"
            if long
            else "two topics alone make it complex"
        )
    if phrase:
        return f"'{phrase}' alone makes it simple" if signs else ""
    if topics:
        return f"with one more topic beside '{topics[0]}' it would be complex"
    return f"with {LONG - wording.count} more words it would be complex" if wording.count >= NEARLY else ""


def _complex_words(wording: vocabulary.Wording) -> tuple[str, ...]:
    return tuple(f"the word '{hit}' {why}" for family, why in COMPLEX.items() if (hit := wording.first(family)))


def _listed(words: tuple[str, ...]) -> str:
    quoted = [f"'{word}'" for word in words]
    return f"{', '.join(quoted[:-1])} and {quoted[-1]}"
