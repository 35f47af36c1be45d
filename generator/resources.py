"""Where the data that ships with the program lies: in a checkout and in a wheel."""

from pathlib import Path

from generator.errors import MachineError

PACKAGE = Path(__file__).resolve().parent


def data_dir(name: str) -> Path:
    """Return the directory of shipped data called `name` ("templates" or "profiles").

    A wheel carries the tree as `generator/_data/<name>` (`force-include` in pyproject.toml); a
    checkout, editable install included, has it beside the package and never has `_data`. The
    wheel's place is tried first: beside an installed package is site-packages, where a directory
    called `templates` may belong to anyone.

    Raises:
        MachineError: neither exists, so the installation is broken.
    """
    for place in (PACKAGE / "_data" / name, PACKAGE.parent / name):
        if place.is_dir():
            return place
    raise MachineError(f"the installation has no `{name}` directory", hint="install gen again")
