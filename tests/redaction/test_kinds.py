"""Each kind is known by its true examples, and by nothing else."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from tests.redaction.corpus import EXAMPLES, Example, false_texts
from timetracer_otel.redaction.hiding import Hider
from timetracer_otel.redaction.kinds import BY_NAME, KINDS, Kind
from timetracer_otel.redaction.policy import DEFAULT

RULES = DEFAULT.for_request("")
KEY = b"k" * 32
EACH = 8


class Seen:
    """Pseudonyms, and the kinds that they were made for."""

    def __init__(self) -> None:
        self.kinds: Counter[str] = Counter()

    def __call__(self, kind: Kind, value: str) -> str:
        self.kinds[kind.name] += 1
        return kind.pseudonym(value, KEY)


def hidden(text: str, name: str = "") -> tuple[str, Counter[str]]:
    seen = Seen()
    return Hider(RULES, seen).text(text, name), seen.kinds


def _true(example: Example, count: int = EACH) -> list[str]:
    rng = random.Random(example.kind)
    return [example.true(rng) for _ in range(count)]


def test_every_kind_has_examples() -> None:
    assert {example.kind for example in EXAMPLES} == BY_NAME.keys()
    assert len(KINDS) > 100


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.kind)
def test_true_examples_are_hidden_alone_in_prose_and_in_json(example: Example) -> None:
    for value in _true(example):
        secret = example.secret(value)
        if example.field:
            shown, kinds = hidden(value, example.field)
            assert secret not in shown and kinds == {example.kind: 1}
            in_json = hidden(f'{{"a": 1, "{example.field}": "{value}"}}')[0]
            assert secret not in in_json
        else:
            written = f"seen: {example.before}{value}, and more"
            assert secret not in hidden(written)[0]
            assert secret not in hidden(example.before + value, "note")[0]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.kind)
def test_false_examples_stay(example: Example) -> None:
    for text in example.false:
        assert hidden(text)[0] == text
        assert hidden(f"seen: {text}, and more")[0] == f"seen: {text}, and more"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.kind)
def test_a_pseudonym_is_as_long_and_is_taken_for_its_kind_again(example: Example) -> None:
    for value in _true(example):
        text = value if example.field else example.before + value
        shown, kinds = hidden(text, example.field)
        assert len(shown.encode()) == len(text.encode())
        again, kinds_again = hidden(shown, example.field)
        assert kinds == kinds_again or example.kind == "bitcoin address"
        assert hidden(text, example.field)[0] == shown
        assert again != value


def test_precision_and_recall_over_a_labelled_corpus(capsys: pytest.CaptureFixture[str]) -> None:
    rng = random.Random(1)
    found = missed = wrong = right = 0
    for example in EXAMPLES:
        for value in _true(example, 20):
            name = example.field or rng.choice(("note", "text", "value", "message"))
            text = value if example.field else example.before + value
            if example.secret(value) in hidden(text, name)[0]:
                missed += 1
            else:
                found += 1
    wrongly = []
    for name, value in false_texts(rng, 20 * len(EXAMPLES)):
        if hidden(value, name)[0] == value:
            right += 1
        else:
            wrong += 1
            wrongly.append((name, value))
    recall, precision = found / (found + missed), found / (found + wrong)
    with capsys.disabled():
        print(f"\n{len(EXAMPLES)} kinds, {found + missed} true and {right + wrong} false values:")
        print(f"recall {recall:.4f}, precision {precision:.4f}")
    assert recall >= 0.99
    assert precision >= 0.99, wrongly[:10]
