"""YAML in: scalars as typed, the place of every value, and nothing but messages for the rest."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from generator.document import MAX_DEPTH, MAX_VALUES, Document, Place, parse
from generator.errors import GenError, Where
from generator.text import MAX_BYTES, decode, read_text

LABEL = "team.yaml"
# YAML ends a line at any of these.
LINE_ENDS = re.compile("\r\n|[\r\n\x85\u2028\u2029]")

words = st.text("abcxyz", min_size=1, max_size=5)
plain = st.integers(-(10**18), 10**18) | st.booleans() | st.none() | words
data = st.recursive(
    plain | st.text("ab:#- 'é\n\t\"\\", max_size=6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
    max_leaves=12,
)
# Pieces that mean something to YAML, in no order that makes sense.
RUBBISH = r"""
    a b 1 012 : - ? , [ ] { } & * ! | > ' " % @ ` # ~ << --- ... &a *a !!str !x |2 >- yes null é
""".split()
SPACES = (
    "\n",
    "\n",
    "\n  ",
    " ",
    "\t",
    "\r",
    ": ",
    "- ",
    "\u2028",
    "\x85",
    "\ufeff",
    "\0",
    "\7",
    "\U0001f600",
)
rubbish = st.lists(st.sampled_from([*RUBBISH, *SPACES]), max_size=25).map("".join)


def inside(text: str, where: Where | None) -> bool:
    """Whether a place is one of this text: a line it has, a column up to the line's end."""
    if where is None or where.path != LABEL:
        return False
    lines = LINE_ENDS.split(text)
    return 1 <= where.line <= len(lines) and 1 <= where.column <= len(lines[where.line - 1]) + 1


def at(text: str, mark: tuple[int, int]) -> str:
    """The text from a line and column on."""
    lines = text.split("\n")
    return "\n".join(lines[mark[0] - 1 :])[mark[1] - 1 :]


def problem_of(text: str) -> GenError:
    """What is wrong with a text."""
    with pytest.raises(GenError) as caught:
        parse(text, LABEL)
    return caught.value


@given(rubbish | st.text())
@example("\ufeffa: 1")
@example("a: \x00")
@example("é" * 40 + "\n\x07")
@example("? a\n: b")
@example("? [a]\n: b")
@example("*a : 1")
@example("a: *b")
@example("a: &a [*a]")
@example("&a a: 1")
@example("%YAML 9.9\n---\na")
@example("a: 1\n---\nb: 2")
@example("- a\nb: 1")
@example("\ta: 1")
@example("a: !<tag:x> 1")
@example("a: 'x")
@example("a: [1")
@example("a: {b")
def test_any_text_is_data_or_a_message_with_its_place(text: str) -> None:
    """No text makes anything but data or messages, each of which points into the text."""
    try:
        document = parse(text, LABEL)
    except GenError as error:
        for one in error.each():
            assert inside(text, one.where), (one.where, one.problem)
    else:
        # The place of a value that is left out may be the line after the last.
        marks = (*document.values.values(), *document.keys.values())
        assert all(inside(text + "\n", Where(LABEL, *mark)) for mark in marks)


@given(data, st.sampled_from((None, 1, 2)), st.sampled_from(((", ", ": "), (",", ":"))))
def test_json_is_read_as_the_yaml_library_reads_it(
    value: Any, indent: int | None, separators: tuple[str, str]
) -> None:
    """A JSON document is the same data here, in PyYAML, and where it came from."""
    text = json.dumps(value, indent=indent, separators=separators, ensure_ascii=False)

    assert parse(text, LABEL).data == value
    assert yaml.safe_load(text) == value


@given(data, st.sampled_from((None, 1, 2)))
def test_places_in_json_are_exact(value: Any, indent: int | None) -> None:
    """At the place of a key or scalar stands its text, at that of a container its bracket."""
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    document = parse(text, LABEL)

    for place, mark in document.values.items():
        found = value_at(value, place)
        written = json.dumps(found, indent=indent, ensure_ascii=False)
        assert at(text, mark).startswith(written[0] if isinstance(found, (dict, list)) else written)
    for place, mark in document.keys.items():
        assert at(text, mark).startswith(json.dumps(place[-1]))
    assert len(document.values) == count(value)


@given(
    st.recursive(
        words,
        lambda inner: st.lists(inner, min_size=1, max_size=3)
        | st.dictionaries(words, inner, min_size=1, max_size=3),
    )
)
def test_places_in_indented_yaml_are_exact(value: Any) -> None:
    """The same for the block style that people write."""
    text = "# comment\n" + "\n".join(block(value)) + "\n"
    document = parse(text, LABEL)

    assert document.data == value
    for place, mark in document.values.items():
        found = value_at(value, place)
        first = next(iter(found)) + ":" if isinstance(found, dict) else found
        assert at(text, mark).startswith("- " if isinstance(found, list) else first)
    for place, mark in document.keys.items():
        assert at(text, mark).startswith(f"{place[-1]}:")


def block(value: Any) -> list[str]:
    """Data as lines of block-style YAML."""
    if isinstance(value, str):
        return [value]
    lines: list[str] = []
    for key in value if isinstance(value, dict) else range(len(value)):
        inner = block(value[key])
        if isinstance(value, list):
            lines += [f"- {inner[0]}", *("  " + line for line in inner[1:])]
        elif isinstance(value[key], str):
            lines.append(f"{key}: {inner[0]}")
        else:
            lines += [f"{key}:", *("  " + line for line in inner)]
    return lines


def value_at(value: Any, place: Place) -> Any:
    """The value at a place of plain data."""
    for step in place:
        value = value[step]
    return value


def count(value: Any) -> int:
    """How many values data is made of."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(count, inner))


def test_a_place_that_is_not_there_is_the_nearest_around_it() -> None:
    """What is missing is reported at the mapping it is missing from."""
    document = parse("a:\n  - b: 1\n    c: [x]\n", LABEL)

    assert document.where(("a", 0, "d")) == Where(LABEL, 2, 5)
    assert document.where(("a", 0, "c", 7, "e")) == Where(LABEL, 3, 8)
    assert document.where(("a", 0, "c"), key=True) == Where(LABEL, 3, 5)
    assert document.where(("z",), key=True) == document.where(()) == Where(LABEL, 1, 1)


@given(st.from_regex(r"[-+]?[0-9]{1,30}", fullmatch=True))
@example("012345670123")
@example("000000000000")
@example("08")
@example("-0")
@example("18446744073709551616")
@example("123456789012345678901234567890")
def test_digits_are_kept_or_refused(digits: str) -> None:
    """A number without quotes, such as an account id, never turns into another one."""
    if re.match("[-+]?0[0-9]", digits):
        error = problem_of(f"id: {digits}")
        assert error.where == Where(LABEL, 1, 5)
        assert error.hint == f'put it in quotes: "{digits}"'
    else:
        document = parse(f"id: {digits}", LABEL)
        value = document.data["id"]
        assert digits == (value if isinstance(value, str) else document.typed[("id",)])
        assert int(value) == int(digits)


@pytest.mark.parametrize("digits", ["012345670123", "00", "-07", "+012", "0o17", "0_1", "08"])
def test_octal_numbers_are_refused(digits: str) -> None:
    """What other readers of YAML take for an octal number is refused, with the remedy."""
    error = problem_of(f"- {digits}")

    assert error.problem == (
        f"`{digits}` starts with 0 and other YAML readers take it for an octal number"
    )
    assert error.hint == f'put it in quotes: "{digits}"'
    assert parse(f'- "{digits}"', LABEL).data == [digits]


@pytest.mark.parametrize(
    "word",
    "yes Yes NO no on Off y n Y tRUE nULL 1.5 1e3 .inf .nan 0x1F 0b1 1_000 1:30 2026-01-01 +5 ="
    " none None o-a1b2c3d4e5 12h arn:aws:iam::111122223333:root".split(),
)
def test_words_stay_text(word: str) -> None:
    """Only true, false, null and plain integers are anything but text."""
    assert parse(f"key: {word}", LABEL).data == {"key": word}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("True", True),
        ("TRUE", True),
        ("false", False),
        ("False", False),
        ("FALSE", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("0", 0),
        ("-7", -7),
        ("'true'", "true"),
        ('"12"', "12"),
        ("|\n  12\n", "12\n"),
    ],
)
def test_typed_words(text: str, value: object) -> None:
    """The words of YAML 1.2 have their types, and quotes make anything text."""
    found = parse(f"key: {text}", LABEL).data["key"]

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("key", ["yes", "no", "12", "012", "true", "~", "1.5", "null"])
def test_keys_are_text(key: str) -> None:
    """A key is the word that stands there; session tags may be called `on`."""
    assert parse(f"{key}: 1", LABEL).data == {key: 1}


@pytest.mark.parametrize(
    ("text", "line", "column", "problem"),
    [
        ("a: 1\nb: 2\na: 3", 3, 1, "the key `a` stands twice"),
        ("a: 1\n'a': 3", 2, 1, "the key `a` stands twice"),
        ("x: {a: 1, a: 1}", 1, 11, "the key `a` stands twice"),
        ("a: 1\n---\nb: 2", 2, 1, "a second document starts here"),
        ("a: *b", 1, 4, "`*b` names no anchor above it"),
        ("a: &a {b: [*a]}", 1, 12, "`*a` contains itself"),
        ("a: &a 1\n*a : 2", 2, 1, "a key here is not text"),
        ("? [a]\n: b", 1, 3, "a key here is not text"),
        ("? {a: b}\n: c", 1, 3, "a key here is not text"),
        ("&a b: 1", 1, 1, "a key cannot carry an anchor"),
        ("a: " + "[" * MAX_DEPTH, 1, 3 + MAX_DEPTH, f"nested more than {MAX_DEPTH} levels deep"),
        ("a:\n\t- 1", 2, 1, "not valid YAML: found character that cannot start any token"),
        ("a: [1\n", 2, 1, "not valid YAML: did not find expected ',' or ']'"),
        ("a: 1\nb: \x07", 2, 4, "not valid YAML: the character U+0007 is not allowed"),
        ("a: !!str 12", 1, 4, "`!!str` is a tag, which has no meaning here"),
        ("é: 'é'\nb: é \x00", 2, 6, "not valid YAML: the character U+0000 is not allowed"),
    ],
)
def test_messages(text: str, line: int, column: int, problem: str) -> None:
    """Each kind of mistake has its words, at the line and column of the mistake."""
    error = problem_of(text)

    assert error.problem == problem
    assert error.where == Where(LABEL, line, column)


def test_the_first_of_two_keys_is_named() -> None:
    """A key that stands twice says where the other one is."""
    assert problem_of("a: 1\nb: 2\na: 3").hint == "keep one; the other is on line 1"


def test_aliases_are_the_value_they_name() -> None:
    """An alias is a copy of its anchor, reported where the alias stands."""
    document = parse("a: &x [1, {b: 007x}]\nc: *x\nd: &y 8\ne: *y\n", LABEL)

    assert document.data == {"a": [1, {"b": "007x"}], "c": [1, {"b": "007x"}], "d": 8, "e": 8}
    assert document.where(("c", 1, "b")) == Where(LABEL, 2, 4)
    assert document.typed[("c", 0)] == "1"
    assert document.typed[("e",)] == "8"


def bomb(width: int, levels: int) -> str:
    """Lists of aliases of lists of aliases: `width` to the power of `levels` values."""
    lines = ["l0: &l0 [" + "x, " * width + "]"]
    for n in range(1, levels):
        lines.append(f"l{n}: &l{n} [" + f"*l{n - 1}, " * width + "]")
    return "\n".join(lines)


def ladder(levels: int) -> str:
    """Lists that are deep only where their aliases are expanded."""
    deep = MAX_DEPTH - 2
    lines = ["l0: &l0 " + "[" * deep + "x" + "]" * deep]
    for n in range(1, levels):
        lines.append(f"l{n}: &l{n} " + "[" * deep + f"*l{n - 1}" + "]" * deep)
    return "\n".join(lines)


@pytest.mark.parametrize("text", [bomb(10, 9), bomb(2, 40), "a: [" + "x," * MAX_VALUES + "]"])
def test_expansion_is_bounded(text: str) -> None:
    """A small file that expands to millions of values is refused before it does."""
    assert problem_of(text).problem == f"expands to more than {MAX_VALUES:,} values"


@pytest.mark.parametrize("levels", [2, 10, 36])
def test_depth_counts_through_aliases(levels: int) -> None:
    """Aliases cannot nest deeper than brackets can, so nothing that walks the data overflows."""
    error = problem_of(ladder(levels))

    assert error.problem == f"nested more than {MAX_DEPTH} levels deep"
    assert error.where is not None
    assert error.where.line == 2


def test_depth_up_to_the_limit() -> None:
    """As many levels as the message says are fine."""
    depth = MAX_DEPTH

    assert isinstance(parse("[" * depth + "]" * depth, LABEL), Document)


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n", "--- \n...\n"])
def test_a_file_without_a_value(text: str) -> None:
    """An empty file is the value null, not an error of its own here."""
    assert parse(text, LABEL).data is None


def test_bytes_with_and_without_a_byte_order_mark() -> None:
    """Editors that write a byte order mark make the same file."""
    assert decode(b"\xef\xbb\xbfa: \xc3\xa9", LABEL) == decode(b"a: \xc3\xa9", LABEL) == "a: é"


def test_bytes_that_are_not_utf_8() -> None:
    """Another encoding is refused at the line of its first odd byte."""
    with pytest.raises(GenError) as caught:
        decode(b"a: 1\nb: \xe9\nc: 1\n", LABEL)

    assert str(caught.value) == "team.yaml:2:1: is not UTF-8 text\n  hint: save the file as UTF-8"


def test_files_are_bounded(tmp_path: Path) -> None:
    """A file that is larger than any profile is not read to its end."""
    path = tmp_path / "large"
    path.write_bytes(b"#" * MAX_BYTES)
    assert len(read_text(path, LABEL)) == MAX_BYTES

    path.write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(GenError) as caught:
        read_text(path, LABEL)
    assert caught.value.problem == "is larger than 256 KiB"


def test_files_that_are_not_there(tmp_path: Path) -> None:
    """No file, a directory and a name no file can have are the user's mistake."""
    (tmp_path / "file").touch()
    for path, problem in (
        (tmp_path / "none", "no such file"),
        (tmp_path / "file" / "none", "no such file"),
        (tmp_path, "is a directory, not a file"),
        (tmp_path / ("x" * 5000), "no such file"),
    ):
        with pytest.raises(GenError) as caught:
            read_text(path, LABEL)
        assert (caught.value.problem, caught.value.exit_code) == (problem, 2)
