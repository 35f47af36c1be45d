"""Templates are not trusted: what they cannot reach, and how their mistakes are told."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import jinja2
import pytest
from jinja2 import nodes

from generator.build import build
from generator.errors import YOUR_INPUT, GenError
from generator.load import Source, load_text
from generator.render import render
from generator.sandbox import TemplateError, environment
from generator.view import view_of
from tests.support import ROOT

USER = "direct-user-deny/user-policy.json.j2"
TRUST = "role-assumption-with-mfa-trust/trust-policy.json.j2"
SECRET = '{"Sid": "Secret", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}'
PROFILE = """
name: team
description: Console users of the product team.
archetype: direct-user-deny
account: {id: "111122223333"}
roles: [{name: developer}]
"""


@pytest.fixture
def source() -> Source:
    return load_text(PROFILE, "team.yaml", Path())


@pytest.fixture
def refusal(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], str]:
    """Render the profile with a user policy of this text, which fails, and return what is said."""
    monkeypatch.chdir(tmp_path)
    environment.cache_clear()

    def rendered(text: str) -> str:
        path = tmp_path / "templates" / USER
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
        with pytest.raises(TemplateError) as caught:
            build(source, templates=Path("templates"))
        assert caught.value.exit_code == YOUR_INPUT
        return str(caught.value)

    return rendered


@pytest.mark.parametrize(
    "expression",
    [
        "''.__class__",
        "''.__class__.__mro__[1].__subclasses__()",
        "p.__init__",
        "p.__init__.__globals__",
        "p.__struct_fields__",
        "p.name.__class__",
        "p['__class__']",
        "p | attr('__class__')",
        "'{0.__class__}'.format(p)",
        "'{x.__init__.__globals__}'.format_map({'x': p})",
        "p.name.format.__self__",
        "self._TemplateReference__context",
        "self.__init__",
        "p.own_user_arns.append('x')",
        "p.own_user_arns.__iadd__(['x'])",
    ],
)
def test_python_is_out_of_reach(refusal: Callable[[str], str], expression: str) -> None:
    """No attribute leads from a value to Python, and no method changes a value."""
    said = refusal("{{ (" + expression + ") | tojson }}")

    assert said.startswith(f"templates/{USER}:1:1: ")
    assert "<class" not in said


@pytest.mark.parametrize(
    "expression",
    [
        "[p] | map(attribute='__class__') | first | string",
        "[p] | map('attr', '__class__') | first | string",
        "([p] | groupby('__class__') | first).grouper | string",
        "[p] | map(attribute='name.__class__') | first | string",
        "[p] | sort(attribute='__class__.__name__') | map(attribute='__class__') | list | string",
    ],
)
def test_filters_do_not_lead_to_python_either(
    source: Source, tmp_path: Path, expression: str
) -> None:
    """What the sandbox denies to an expression, it denies to a filter that looks for it."""
    path = tmp_path / USER
    path.parent.mkdir()
    sid = "{{ (" + expression + ") | tojson }}"
    path.write_text(SECRET.replace('"Secret"', sid), encoding="utf-8")
    view, _ = view_of(source.profile, None)

    try:
        found = render(USER, templates=tmp_path, p=view).statements[0].sid
    except TemplateError as error:
        found = str(error)

    assert found
    assert "<class" not in found


@pytest.mark.parametrize("name", ["range", "cycler", "joiner", "lipsum", "namespace", "dict"])
def test_there_are_no_globals(refusal: Callable[[str], str], name: str) -> None:
    """Templates have their names and no others, not even those that come with Jinja."""
    assert refusal("{{ " + name + "(1) }}") == (
        f"templates/{USER}:1:1: the template uses `{name}`, which does not exist\n"
        "  hint: docs/templates.md lists the names and filters"
    )


@pytest.mark.parametrize("tag", ["include '{}'", "import '{}' as x", "extends '{}'"])
@pytest.mark.parametrize("name", ["../secret.j2", "shared/../../secret.j2", "{absolute}"])
def test_only_templates_are_read(
    refusal: Callable[[str], str], tmp_path: Path, tag: str, name: str
) -> None:
    """A file outside of the template directories is not there, however it is called."""
    (tmp_path / "secret.j2").write_text(SECRET, encoding="utf-8")
    name = name.format(absolute=(tmp_path / "secret.j2").as_posix())

    said = refusal("{% " + tag.format(name) + " %}")

    assert said.startswith(f"templates/{USER}: there is no template `{name}`")


@pytest.mark.parametrize("link", ["shared/secret.j2", "secrets"])
def test_a_link_that_leads_out_is_not_followed(
    refusal: Callable[[str], str], tmp_path: Path, link: str
) -> None:
    """A link to a file or a folder elsewhere gives nothing away."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "secret.j2").write_text(SECRET, encoding="utf-8")
    target = tmp_path / "elsewhere" / ("secret.j2" if link.endswith(".j2") else "")
    place = tmp_path / "templates" / link
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(target)
    name = link if link.endswith(".j2") else f"{link}/secret.j2"

    assert "Secret" not in refusal("{% include '" + name + "' %}")


def test_an_override_that_leads_out_is_not_ignored_in_silence(
    source: Source, tmp_path: Path
) -> None:
    """Who overrides a template by a link to elsewhere is told, and does not get ours instead."""
    (tmp_path / "elsewhere.j2").write_text(SECRET, encoding="utf-8")
    path = tmp_path / "templates" / USER
    path.parent.mkdir(parents=True)
    path.symlink_to(tmp_path / "elsewhere.j2")

    with pytest.raises(TemplateError, match="leads out of the directory"):
        build(source, templates=tmp_path / "templates")


@pytest.mark.parametrize(
    "value",
    [
        "p.name",
        "p.own_user_arns",
        "p.own_user_arns | join(',')",
        "p.name ~ 'x'",
        "p.name | safe",
        "p.name | e",
        "p.name | forceescape",
        "p.name | urlize",
    ],
)
def test_a_value_without_tojson_is_refused(refusal: Callable[[str], str], value: str) -> None:
    """Text of a profile gets into a document through `tojson` alone, so it never changes JSON."""
    said = refusal('\n{"Sid": "{{ ' + value + ' }}"}')

    assert said.startswith(f"templates/{USER}:2:1: ")
    assert "tojson" in said or "not a Jinja template" in said


@pytest.mark.parametrize(
    ("text", "name", "line"),
    [
        ("{{ p.nam }}", "nam", 1),
        ("\n\n{{ p.nam | tojson }}", "nam", 3),
        ("{{ p.devices.totpp | tojson }}", "totpp", 1),
        ("\n{{ fact.before_mfa | tojson }}", "fact", 2),
        ("{{ nope | tojson }}", "nope", 1),
        ("{% if nope %}{% endif %}", "nope", 1),
        ("\n{% for x in nope %}{% endfor %}", "nope", 2),
        ("{{ role.arn | tojson }}", "role", 1),
    ],
)
def test_a_name_that_does_not_exist_is_told_by_name_and_line(
    refusal: Callable[[str], str], text: str, name: str, line: int
) -> None:
    """A slip of the pen is an error at its line that says which name it was."""
    assert refusal(text) == (
        f"templates/{USER}:{line}:1: the template uses `{name}`, which does not exist\n"
        "  hint: docs/templates.md lists the names and filters"
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("\n{% if p.name %}", 2),
        ("{% for x %}{% endfor %}", 1),
        ("\n\n{{ p.name | tojosn }}", 3),
        ("{% do p %}", 1),
        ("\n{{ p.name", 2),
    ],
)
def test_a_syntax_error_is_told_by_line(
    refusal: Callable[[str], str], text: str, line: int
) -> None:
    """What is not Jinja is refused where it stands."""
    assert refusal(text).startswith(f"templates/{USER}:{line}:1: not a Jinja template: ")


@pytest.mark.parametrize(
    "text",
    [
        "{{ 1 / 0 }}",
        "{{ 'a' + 1 }}",
        "{{ p.name() }}",
        "{% set p.name = 'x' %}",
        "{{ p | xmlattr }}",
        "{{ 'a' | truncate(-5) }}",
        "{{ p | tojson }}",
        "{% include 5 %}",
        "[]",
        "5",
        '{"Sid": "A", }',
        '[{"Sid": "A"}, {"Sid": "B"}]',
        '{"Sid": ' + "[" * 5000 + "]" * 5000 + "}",
        "{% include '" + USER + "' %}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    ],
    ids=lambda text: text[:40],
)
def test_whatever_fails_in_a_template_is_its_mistake(
    refusal: Callable[[str], str], text: str
) -> None:
    """However a template fails, it is a message at the template and exit 2, not a crash."""
    assert refusal(text).startswith(f"templates/{USER}:")


def test_a_template_that_is_not_text_says_so(source: Source, tmp_path: Path) -> None:
    """A template in another encoding is named."""
    path = tmp_path / USER
    path.parent.mkdir()
    path.write_bytes(b"{# caf\xe9 #}")

    with pytest.raises(GenError, match=rf"{USER}: is not UTF-8 text"):
        build(source, templates=tmp_path)


MEGABYTE = 1_000_000
DOUBLED = "{% set x = p.description %}" + "{% set x = OP %}" * 5


@pytest.mark.parametrize(
    "text",
    [
        "{{ ('a' * 10**9) | tojson }}",
        "{{ ('a' * 30000000) | tojson }}",
        "{{ ([0] * 30000000) | tojson }}",
        "{{ 10**10**10 }}",
        "{% for i in range(1000000000) %}{% endfor %}",
        "{{ 'a' | center(30000000) | tojson }}",
        "{{ 'a'.ljust(30000000) | tojson }}",
        "{{ '{:>30000000}'.format('a') | tojson }}",
        "{{ ('%30000000d' % 1) | tojson }}",
        "{{ '%30000000d' | format(1) | tojson }}",
        "{{ 'a' | indent(30000000, first=true) | tojson }}",
        "{{ p.own_user_arns | tojson(indent=30000000) }}",
        "{{ [1] | slice(200000) | list | tojson }}",
        "{{ [1] | batch(1500000, 0) | list | tojson }}",
        DOUBLED.replace("OP", "x ~ x ~ x ~ x ~ x ~ x ~ x ~ x ~ x ~ x ~ x ~ x ~ x")
        + "{{ x | tojson }}",
        DOUBLED.replace("OP", "x + x + x + x + x + x + x + x + x + x + x + x + x")
        + "{{ x | tojson }}",
        "{% set x = p.description %}"
        + "{% set x = x.replace('o', x) %}" * 3
        + "{{ x.replace('o', x[:4000]) | tojson }}",
    ],
    ids=lambda text: text[-70:],
)
def test_a_bomb_is_refused_before_it_goes_off(refusal: Callable[[str], str], text: str) -> None:
    """A few characters of template cannot fill the memory."""
    tracemalloc.start()
    try:
        refusal(text)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 10 * MEGABYTE


def test_one_template_is_replaced_and_the_others_are_ours(source: Source, tmp_path: Path) -> None:
    """A directory with a single template replaces that one and leaves the rest as it is."""
    path = tmp_path / TRUST
    path.parent.mkdir()
    text = (ROOT / "templates" / TRUST).read_text(encoding="utf-8")
    path.write_text(text.replace("{{ sid | tojson }}", '"OurOwnTrust"'), encoding="utf-8")
    usual, found = build(source).files, build(source, templates=tmp_path).files

    assert "OurOwnTrust" in found["roles/developer/trust-policy.json"]
    changed = {p for p in usual if usual[p] != found[p]}
    assert changed == {"proof.md", "roles/developer/trust-policy.json"}
    assert found["proof.md"] == usual["proof.md"].replace("`TrustWithMfa`", "`OurOwnTrust`")


def test_a_template_may_include_ours(source: Source, tmp_path: Path) -> None:
    """A template of the user's own includes a shipped one by its name."""
    path = tmp_path / USER
    path.parent.mkdir()
    text = (ROOT / "templates" / USER).read_text(encoding="utf-8")
    path.write_text(text, encoding="utf-8")

    assert build(source, templates=tmp_path).files == build(source).files


@pytest.mark.parametrize(
    "path",
    sorted((ROOT / "templates").rglob("*.j2")),
    ids=lambda path: f"{path.parent.name}-{path.name}",
)
def test_every_value_in_our_templates_goes_through_tojson(path: Path) -> None:
    """The rule for all templates holds in ours by sight, not only when they run."""
    tree = jinja2.Environment(autoescape=True).parse(path.read_text(encoding="utf-8"))
    written = [node for output in tree.find_all(nodes.Output) for node in output.nodes]

    for node in written:
        assert isinstance(node, nodes.TemplateData) or (
            isinstance(node, nodes.Filter) and node.name == "tojson"
        )


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ({}, "{0}: replaces no template\n  hint: the names are direct-user-deny/trust-policy"),
        ({USER.replace("-p", "_p"): ""}, "{0}: replaces no template\n  hint: the names are "),
        ({f"{USER}/x": ""}, f"{{0}}/{USER}: is not a file"),
    ],
    ids=["empty", "misnamed", "folder"],
)
def test_a_directory_that_replaces_nothing_is_a_mistake(
    source: Source, tmp_path: Path, made: dict[str, str], said: str
) -> None:
    """Whoever names a directory of templates means them to be used."""
    for name, text in made.items():
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(text, encoding="utf-8")

    with pytest.raises(TemplateError) as caught:
        build(source, templates=tmp_path)

    assert str(caught.value).startswith(said.format(tmp_path.as_posix()))
