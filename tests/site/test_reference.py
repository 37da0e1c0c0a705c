"""Signatures of the reference stand in lines as Ruff sets them."""

import subprocess

import pytest
from ruff.__main__ import find_ruff_bin

from initexplain.site.reference import in_lines

WIDTH = 60


def by_ruff(signature):
    command = [find_ruff_bin(), "format", "--isolated", f"--line-length={WIDTH}", "-"]
    code = f"def {signature}: pass"
    done = subprocess.run(command, input=code, capture_output=True, text=True, check=True)
    return done.stdout.removeprefix("def ").strip().removesuffix("pass").strip().removesuffix(":")


@pytest.mark.parametrize(
    "signature",
    [
        "one_line_of_parameters(rng: Generator, *, size: int = 8) -> list[int]",
        "one_for_each(weights: Array, biases: Array, largest: float, odd: bool)",
        "a_single_one(base: Normalized) -> tuple[dict[str, Array], Array]",
        "brackets(f: Callable[[Array, int], Array], *given: Any, sizes: tuple = (1, 2)) -> None",
        "texts(optimizer: str = 'sgd', loss: str = 'squared_error') -> float",
    ],
)
def test_a_signature_stands_as_ruff_sets_it(signature):
    found = in_lines(signature, WIDTH)
    assert found == by_ruff(signature)
    assert found != signature


@pytest.mark.parametrize(
    "signature",
    [
        "text_like_code(between: str = '), ', behind: str = '(', before: str = '[') -> str",
        "quoted(text: str = 'the \\'other\\' one', another: str = 'of the same kind') -> str",
        f"too_long(values: dict[str, {'list[' * 9}int{']' * 9}], others: Array) -> Array",
    ],
)
def test_what_takes_more_than_that_is_left_to_ruff(signature):
    assert in_lines(signature, WIDTH) is None
