"""What commands say of what they did: results on standard output, words on standard error."""

from collections.abc import Sequence
from pathlib import Path

from generator import show
from generator.batch import Outcome
from generator.build import PROOF, Bundle
from generator.console import bold, coloured, put, put_json, say, yellow
from generator.errors import NO, OK
from generator.outputs import STAGING


def documents(bundles: Sequence[Bundle], form: str) -> int:
    """The documents themselves; in JSON, every file."""
    files = {f"{b.name}/{path}": text for b in bundles for path, text in b.files.items()}
    if form == "json":
        put_json({"version": show.FORMAT_VERSION, "files": files})
        return OK
    files = {path: text for path, text in files.items() if not path.endswith(f"/{PROOF}")}
    for bundle in bundles:
        _say_who(bundle)
        _say_about(bundle)
    if len(files) == 1:
        put(next(iter(files.values())), newline=False)
    else:
        for path, text in files.items():
            put(f"==> {path} <==")
            put(text)
    return OK


def rendered(outcomes: Sequence[Outcome], out: Path, form: str) -> int:
    """What was written and decided, and what to do next where it is about one profile."""
    if form == "json":
        put_json(show.as_json(outcomes, out))
        return OK
    if any(outcome.bundle is None for outcome in outcomes):
        changed = sum(bool(outcome.drifts) for outcome in outcomes)
        files = sum(outcome.documents for outcome in outcomes)
        put(f"{len(outcomes):,} profiles, {files:,} files: {changed:,} profiles changed")
        return OK
    for outcome in outcomes:
        bundle = outcome.bundle
        assert bundle is not None
        _say_who(bundle)
        for line in show.written(outcome, out):
            put(f"  {line}")
        _say_about(bundle)
    if len(outcomes) == 1 and outcomes[0].bundle is not None:
        account = outcomes[0].bundle.source.profile.account.id
        say(bold("next, in the console" + (f" of account {account}:" if account else ":")))
        for line in show.steps(outcomes[0].bundle, out):
            say(f"  {line}")
    return OK


def _say_who(bundle: Bundle) -> None:
    say(bold(f"{bundle.name} ({bundle.source.profile.archetype})"))


def _say_about(bundle: Bundle) -> None:
    """What was decided for a profile, and what may surprise."""
    for line in show.decided(bundle):
        say(f"  {line}")
    for line in show.warnings(bundle):
        say(f"  {yellow('warning')}: {line}")


def checked(outcomes: Sequence[Outcome], strays: list[str], out: Path, form: str) -> int:
    """How `out` differs from what was rendered; `strays` are folders that nothing renders into."""
    code = NO if strays or any(outcome.drifts for outcome in outcomes) else OK
    if form == "json":
        put_json({**show.as_json(outcomes, out), "strays": strays})
        return code
    for outcome in outcomes:
        for line in show.drifted(outcome, out):
            put(coloured(line))
    for name in strays:
        put(f"leftover  {(out / name).as_posix()}/")
    drifted = [outcome for outcome in outcomes if outcome.drifts]
    if drifted:
        labels = " ".join(o.label for o in drifted) if len(drifted) <= 5 else "--all"
        say(f"run `gen render {labels}` and commit the result")
    if any(not name.startswith(STAGING) for name in strays):
        say(f"no profile renders into those folders; delete what {out.as_posix()}/ no longer needs")
    elif strays:
        say("an interrupted render left them; the next gen render removes them")
    if not code:
        plural = "" if len(outcomes) == 1 else "s"
        say(f"{out.as_posix()}/ is as rendered from {len(outcomes):,} profile{plural}")
    return code
