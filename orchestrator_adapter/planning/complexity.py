"""Estimating from a description how much work it asks for: the one estimator of page, API and engine."""

from __future__ import annotations

from dataclasses import dataclass

from data.domain.tasks import Complexity
from orchestrator_adapter.planning import vocabulary

LONG = 50
"""Words from which a description is taken for complex by its length."""

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


def estimate(description: str) -> Estimate:
    """Simple or complex: by a listed word first, then by a simple phrase, by topics, by length."""
    return estimate_of(vocabulary.read(description))


def estimate_of(wording: vocabulary.Wording) -> Estimate:
    length = f"{wording.count} {'word' if wording.count == 1 else 'words'} of description"
    long = (length,) if wording.count >= LONG else ()
    if words := _complex_words(wording):
        return Estimate(Complexity.COMPLEX, words + long)
    if phrases := wording.hits(SIMPLE):
        return Estimate(Complexity.SIMPLE, tuple(f"'{phrase}' announces a small change" for phrase in phrases))
    if len(topics := wording.hits(TOPICS)) > 1:
        return Estimate(Complexity.COMPLEX, (f"{_listed(topics)} together reach into many parts of a program", *long))
    if long:
        return Estimate(Complexity.COMPLEX, long)
    return Estimate(Complexity.SIMPLE, (f"{length}, none of which announces more than a small change",))


def _complex_words(wording: vocabulary.Wording) -> tuple[str, ...]:
    return tuple(f"the word '{hit}' {why}" for family, why in COMPLEX.items() if (hit := wording.first(family)))


def _listed(words: tuple[str, ...]) -> str:
    quoted = [f"'{word}'" for word in words]
    return f"{', '.join(quoted[:-1])} and {quoted[-1]}"
