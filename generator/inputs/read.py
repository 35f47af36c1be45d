"""One file's bytes to the documents in it, whatever form they are in.

Accepted are UTF-8, and UTF-16 with a byte order mark, which is what `>` writes in PowerShell.
"""

import codecs
import io
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, BinaryIO, Final

from msgspec import Struct
from msgspec.structs import replace

from generator.errors import GenError, MachineError, Where
from generator.found import Found
from generator.inputs import cloudformation, json_text, terraform, wrapped
from generator.inputs.dump import looks_like_dump
from generator.inputs.items import Dump, Item, ReportFile, Skipped
from generator.inputs.parsed import Parsed
from generator.inputs.spool import Spool
from generator.positions import Positions

MAX_BYTES: Final = 64 * 1024 * 1024
# Enough to tell a dump: its lists come first, whoever has written it.
HEAD: Final = 64 * 1024
_UTF_16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_DUMP_KEYS: Final = frozenset({"UserDetailList", "GroupDetailList", "RoleDetailList"})
_REPORT: Final = "user,arn,"
# A file of a directory that is broken, has none of these, and is not JSON by its name is none of
# ours: there are templates of YAML that are not YAML yet.
_SIGNS: Final = ("Statement", "PolicyDocument", "AWS::", "aws_iam_", "DetailList")
_FORMS: Final = (
    "give a policy document, what the AWS CLI prints, a CloudFormation template, what "
    "`terraform show -json` prints, or an account dump"
)
_SHOW: Final = "run `terraform show -json`, and audit what it prints"


class File(Struct, frozen=True, eq=False):
    """A file to read. `named`: a person named it, so that it has to hold a policy.

    `scp`: a person said that its documents are service control policies. `stream` opens it, and
    may raise a GenError.
    """

    label: str
    stream: Callable[[], BinaryIO]
    named: bool = True
    scp: bool = False


def read(file: File) -> Iterator[Item]:
    """What is in a file; errors are items, too. Any bytes come to something."""
    try:
        found = _read(file)
    except GenError as error:
        yield error
        return
    except OSError as error:
        yield MachineError(f"cannot be read: {error.strerror}", where=Where(file.label))
        return
    if isinstance(found, Parsed):
        yield from _of_data(file, found)
    else:
        yield found


def _read(file: File) -> Parsed | Item:
    with file.stream() as stream:
        head = stream.read(HEAD)
        start = beginning(head)
        if looks_like_dump(start):
            return Dump(file.label, _utf_8(file, head))
        if start.startswith(_REPORT):
            return ReportFile(file.label, _utf_8(file, head))
        if file.label.lower().endswith(".csv") and not file.named:
            return Skipped(file.label)
        data = head + stream.read(MAX_BYTES + 1 - len(head))
    try:
        return _parsed(_text(data, file.label), file.label)
    except GenError:
        is_json = file.label.lower().endswith(".json")
        readable = data.replace(b"\0", b"").decode("utf-8", "replace")
        is_ours = file.named or is_json or any(sign in readable for sign in _SIGNS)
        if is_ours or len(data) > MAX_BYTES:
            raise
        return Skipped(file.label)


def beginning(head: bytes) -> str:
    """How a file begins, whatever its encoding."""
    if head.startswith(_UTF_16):
        return head.decode("utf-16", "replace")
    return head.decode("utf-8-sig", "replace")


def _utf_8(file: File, head: bytes) -> Callable[[], BinaryIO]:
    """The file as UTF-8 that can be searched."""
    if not head.startswith(_UTF_16):
        return file.stream
    spool = Spool()
    with io.TextIOWrapper(file.stream(), "utf-16", newline="") as text:
        try:
            spool.fill(iter(lambda: text.read(HEAD).encode(), b""), file.label)
        except UnicodeError as error:
            raise GenError("is not UTF-16 text", where=Where(file.label)) from error
    return spool.stream


def _text(data: bytes, label: str) -> str:
    if len(data) > MAX_BYTES:
        problem = f"is larger than {MAX_BYTES // 1024 // 1024} MiB"
        hint = "only account dumps may be larger; audit its documents one by one"
        raise GenError(problem, where=Where(label), hint=hint)
    if data.startswith(b"PK\x03\x04"):
        hint = f"if it is a plan of Terraform, {_SHOW}"
        raise GenError("is a zip archive, not text", where=Where(label), hint=hint)
    is_wide = data.startswith(_UTF_16)
    try:
        text = data.decode("utf-16" if is_wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = 0 if is_wide else data.count(b"\n", 0, error.start) + 1
        problem = f"is not {'UTF-16' if is_wide else 'UTF-8'} text"
        where = Where(label, line, 1 if line else 0)
        raise GenError(problem, where=where, hint="save the file as UTF-8") from error
    if "\0" in text:
        raise GenError("is not text", where=Where(label), hint="save the file as UTF-8")
    if not text.strip():
        raise GenError("is empty", where=Where(label), hint=_FORMS)
    return text


def _parsed(text: str, label: str) -> Parsed:
    """JSON or YAML: by the name of the file; if it says neither, by how the text begins."""
    start = text.lstrip()
    if json_text.is_encoded(start) and "\n" not in start.strip():
        return Parsed(label, start.strip(), cache(lambda: Positions(text)))
    is_yaml = label.endswith((".yaml", ".yml"))
    if label.endswith(".json") or (start.startswith(("{", "[", '"')) and not is_yaml):
        return json_text.parse(text, label)
    if start.startswith("{"):
        try:
            return json_text.parse(text, label)
        except GenError:
            pass
    # Only who has YAML pays for it.
    from generator.inputs import yaml_text

    return yaml_text.parse(text, label)


def _of_data(file: File, parsed: Parsed) -> Iterator[Item]:
    data = parsed.data
    if _is_dump(data):
        yield _dump(file, parsed)
    elif terraform.is_show(data) or cloudformation.is_template(data):
        form = terraform if terraform.is_show(data) else cloudformation
        yield from _or_skipped(file, form.documents(parsed))
    elif isinstance(data, dict) and {"Content", "ReportFormat"} <= data.keys():
        yield _searchable(file, ReportFile)
    else:
        found = list(wrapped.documents(parsed))
        if found or not file.named:
            yield from _or_skipped(file, iter(found), declared=False)
        else:
            yield _without(parsed)


def _or_skipped(
    file: File, found: Iterator[Found | GenError], *, declared: bool = True
) -> Iterator[Item]:
    """A plan, a state or a template may well have no policy; it is not an error.

    `declared`: a resource around each document says what it is for.
    """
    is_any = False
    for item in found:
        is_any = True
        yield _as_scp(item, declared) if file.scp and isinstance(item, Found) else item
    if not is_any:
        yield Skipped(file.label)


def _as_scp(found: Found, declared: bool) -> Found:
    """A document as what the person says that it is, unless its surroundings say otherwise.

    That it was fetched as a managed policy says nothing: it may be a draft of the SCP.
    """
    is_bare = all(isinstance(key, int) for key in found.root)
    is_open = found.kind == "identity" and not found.holders and not (declared and found.form)
    return replace(found, kind="scp", form="") if is_bare or is_open else found


def _is_dump(data: Any) -> bool:
    if isinstance(data, list) and data:
        data = data[0]
    if not isinstance(data, dict):
        return False
    policies = data.get("Policies")
    first = policies[0] if isinstance(policies, list) and policies else None
    return bool(_DUMP_KEYS & data.keys()) or (
        isinstance(first, dict) and "PolicyVersionList" in first
    )


def _dump(file: File, parsed: Parsed) -> Item:
    if parsed.source().form == "yaml":
        hint = "write it with `--output json`"
        return GenError("an account dump has to be JSON", where=Where(file.label), hint=hint)
    return _searchable(file, Dump)


def _searchable(file: File, kind: type[Dump | ReportFile]) -> Item:
    try:
        with file.stream() as stream:
            return kind(file.label, _utf_8(file, stream.read(HEAD)))
    except GenError as error:
        return error


def _without(parsed: Parsed) -> GenError:
    """What to say of a file that a person named and that holds no policy."""
    data, where = parsed.data, Where(parsed.label)
    if terraform.is_state_file(data):
        return GenError("is the file that Terraform keeps its state in", where=where, hint=_SHOW)
    if isinstance(data, dict) and isinstance(data.get("Policies"), list):
        hint = "give what `aws iam get-account-authorization-details` prints"
        return GenError("lists policies without their documents", where=where, hint=hint)
    return GenError("holds no policy", where=where, hint=_FORMS)
