"""Numbers in prose: reading, comparing, rewriting."""

import re
import resource

import pytest
from conftest import OTHER_ENVIRONMENT, run

from initexplain.site import claims, results

# half of the last digit has a test of its own
AGREEING = [
    ("-4.595", -4.59512),
    ("1e-26", 1.4e-26),
    ("2.5e3", 2549.0),
    ("98 %", 0.984),
    ("0", 0.0),
    ("0.00", 0.0),
    ("1.0e0", 1.0),
    ("less than 1e-12", -9e-13),
    ("less than 2 %", 0.019),
    # a tie belongs to both neighbours: which one a machine computes is chance
    ("0.12", 0.125),
    ("0.13", 0.125),
]
DISAGREEING = [
    ("4.595", -4.595),
    ("1e-26", 1e-25),
    ("98", 0.984),
    ("1", float("inf")),
    ("-0", 0.0),
    ("−0.0", -0.04),
    # nothing of the value shows
    ("0", 0.0086),
    ("0", 0.4),
    ("0.00", 1e-300),
    ("0 %", 0.004),
    ("less than 1e-12", 1.1e-12),
    ("less than 0", 0.0),
]
NOT_NUMBERS = [
    "six",
    "",
    "1.",
    ".5",
    "1e",
    "1,00",
    "1 000",
    "0x10",
    "1.2.3",
    "5 %%",
    "1e3 %",
    "nan",
    "１２",
    "٣",
    "1e999999999",
    "0e5",
    "10e5",
    "020",
    "0,020",
    "0,000",
    "1e05",
    "1e-0",
    "5e2 %",
    "5e12 %",
    "less than",
    "less than six",
    "about 6",
]


@pytest.mark.parametrize(("text", "value"), AGREEING)
def test_a_number_agrees_at_the_precision_written(text, value):
    assert claims.agrees(text, value)


@pytest.mark.parametrize(("text", "value"), DISAGREEING)
def test_a_number_that_is_off_does_not_agree(text, value):
    assert not claims.agrees(text, value)


@pytest.mark.parametrize("text", NOT_NUMBERS)
@pytest.mark.parametrize("function", [claims.agrees, claims.rewritten])
def test_what_is_no_number_is_refused(function, text):
    with pytest.raises(ValueError, match="is not a number"):
        function(text, 1.0)


# text -> one in its last digit
UNITS = {
    "6": 1,
    "1.019": 1e-3,
    "−4.595": 1e-3,
    "2,000": 1,
    "1.2e-26": 1e-27,
    "98.7%": 1e-3,
    "1e-26": 1e-26,
    "50 %": 1e-2,
}


@pytest.mark.parametrize(("text", "unit"), UNITS.items())
def test_half_of_the_last_digit_decides(text, unit):
    plain = text.replace("−", "-").replace(",", "")
    value = float(plain.rstrip("%")) / (100 if "%" in text else 1)
    for share, agrees in ((0.49, True), (0.51, False), (1, False)):
        assert claims.agrees(text, value + share * unit) == agrees
        assert claims.agrees(text, value - share * unit) == agrees


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("6", 8.2, "8"),
        ("1.019", -0.25, "-0.250"),
        ("−1.0", -2.04, "−2.0"),
        ("2,000", 12345.6, "12,346"),
        ("1.2e-5", 0.5, "5.0e-1"),
        ("1e-26", 3.3e-30, "3e-30"),
        ("50 %", 0.126, "13 %"),
        ("50.0%", 0.12345, "12.3%"),
        ("-0.1", -0.001, "-0.001"),
        ("0", 0.0086, "0.009"),
        ("0", 0.096, "0.10"),
        ("0", -8.6e-9, "-9e-9"),
        ("0 %", 8.6e-5, "0.009 %"),
        ("-0.1", 0.0, "0.0"),
        ("1e-3", 0.0, "0"),
        ("less than 1e-12", 3e-8, "less than 1e-7"),
        ("less than 1e-12", -1e-8, "less than 1e-7"),
        ("less than 0", 0.0, "0"),
    ],
)
def test_rewriting_keeps_the_form(text, value, expected):
    assert claims.rewritten(text, value) == expected
    assert claims.agrees(expected, value)


@pytest.fixture
def computed(monkeypatch):
    values = {"page.one": 1.0, "page.pi": 3.14159}

    def claim(name):
        if name.startswith("raises."):
            raise RuntimeError("raises: Traceback")
        if name not in values:
            raise ValueError(f"unknown value {name!r}")
        return values[name], f"initexplain.{name}"

    monkeypatch.setattr(results, "claim", claim)


def test_a_stale_claim_says_name_text_and_value(computed):
    with pytest.raises(ValueError, match=r"page\.pi.*says 3\.15.*3\.14.*3\.14159"):
        claims.check("3.15", "page.pi")


def test_only_stale_numbers_are_rewritten(computed):
    text = (
        'A **[1](claim:page.one)**, b [3.15](claim:page.pi "b") and [c](https://example.org/3.15).'
    )
    renewed, changes, faults = claims.rewrite(text)
    assert renewed == text.replace("[3.15]", "[3.14]")
    assert changes == ["page.pi: 3.15 -> 3.14"]
    assert faults == []


def test_what_cannot_be_rewritten_keeps_nothing_else_from_being(computed):
    text = (
        "[2](claim:page.two), [2](claim:page.two), [x](claim:page.one), [1](claim:raises.a), "
        "[2](claim:raises.b) and {}"
    )
    renewed, changes, faults = claims.rewrite(text.format("[3.15](claim:page.pi)"))
    assert renewed == text.format("[3.14](claim:page.pi)")
    assert len(changes) == 1
    assert [fault.partition(":")[0] for fault in faults] == [
        "claim page.two",
        "claim page.one",
        "raises",
    ]


def test_without_room_a_page_stays_as_it_was(computed, tmp_path, capsys):
    page, text = tmp_path / "page.md", f"[2](claim:page.one) {'and so on ' * 200}"
    page.write_text(text, "utf-8")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        assert claims.rewrite_folders([str(tmp_path)]) == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert page.read_text("utf-8") == text
    assert list(tmp_path.iterdir()) == [page]
    output = capsys.readouterr()
    assert re.search(r"page\.md: .*too large; the page is as it was", output.err)
    assert "->" not in output.out


def test_folders_are_rewritten_and_what_cannot_be_is_reported(computed, tmp_path, capsys):
    good = tmp_path / "good.md"
    good.write_bytes("A\r\n[2](claim:page.one)\r\n\r\n−\n".encode())
    (tmp_path / "unknown.md").write_text("[2](claim:page.two)", encoding="utf-8")
    (tmp_path / "encoded.md").write_bytes("é".encode("latin-1"))
    assert claims.rewrite_folders([str(tmp_path)]) == 1
    assert good.read_bytes() == "A\r\n[1](claim:page.one)\r\n\r\n−\n".encode()
    assert (tmp_path / "unknown.md").read_text(encoding="utf-8") == "[2](claim:page.two)"
    reported = capsys.readouterr().err
    assert "page.two" in reported
    assert "encoded.md" in reported


def test_any_locale_can_show_what_is_rewritten(tmp_path):
    (tmp_path / "page.md").write_text("[−1](claim:row_symmetry.units)", encoding="utf-8")
    status, output = run("-m", "initexplain.site", tmp_path, **OTHER_ENVIRONMENT)
    assert (status, output.count("\\u22121 -> 6")) == (0, 1), output


@pytest.mark.parametrize("folders", [[], ["nowhere"], ["empty"], ["pages", "nowhere"]])
def test_a_folder_without_pages_is_an_error(computed, tmp_path, monkeypatch, capsys, folders):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "one.md").write_text("[1](claim:page.one)", encoding="utf-8")
    assert claims.rewrite_folders(folders) == 1
    expected = f"no pages in {(folders or [''])[-1]!r}; name the folder that has them"
    assert expected in capsys.readouterr().err


CODE = [
    "```markdown\n[2](claim:page.one)\n[2](claim:page.unknown)\n```\n",
    "    ~~~~ text\n    [2](claim:page.one)\n    ~~~\n    ~~~~\n",
    "# ```\n# [2](claim:page.one)\n# ```\n",
    "as in `[2](claim:page.one)`, ",
]


@pytest.mark.parametrize("code", CODE)
def test_what_stands_in_code_is_no_claim(computed, code):
    text = code + "then [2](claim:page.one) and `x`.\n" + code
    renewed, changes, _ = claims.rewrite(text)
    assert renewed == code + "then [1](claim:page.one) and `x`.\n" + code
    assert changes == ["page.one: 2 -> 1"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-4.5", "−4.5"),
        ("1e-26", "10⁻²⁶"),
        ("-1.2e5", "−1.2 × 10⁵"),
        ("98 %", "98 %"),
        ("less than 1e-9", "less than 10⁻⁹"),
    ],
)
def test_typesetting(text, expected):
    assert claims.typeset(text) == expected
