"""Files as others may see them: from the current folder, and with no path of this machine."""

import posixpath
from pathlib import PurePath

STANDARD_INPUT = "-"


def relative(file: str, folder: str = "") -> str:
    """A file as it is called from `folder`, with `/`.

    What lies outside the folder is `outside/` and its name: the folders above it are of one
    machine only.
    """
    if file == STANDARD_INPUT:
        return "standard-input"
    found = posixpath.normpath(PurePath(file).as_posix())
    if folder:
        inside = posixpath.normpath(PurePath(folder).as_posix()).rstrip("/") + "/"
        found = posixpath.normpath(posixpath.join(inside, found)).removeprefix(inside)
    if found.startswith(("/", "../")) or PurePath(found).is_absolute():
        return f"outside/{posixpath.basename(found)}"
    return found
