"""The command `gen`, also as `python -m generator`: what a process needs around a command line."""

import gc
import os
import sys


def main() -> None:
    """Run the command line of this process and exit."""
    # A command lives for a tenth of a second and makes nothing that a collection could free.
    gc.disable()
    _open_streams()
    try:
        code = _run()
    except KeyboardInterrupt:
        # While modules were still being loaded: nothing has happened yet.
        from generator.errors import INTERRUPTED

        code = INTERRUPTED
    _leave_interrupts()
    # Nor is there anything to collect at the end, when Python would look through everything.
    gc.freeze()
    sys.exit(code)


def _run() -> int:
    from generator.cli import run
    from generator.console import ReaderGoneError
    from generator.errors import CLOSED_PIPE, YOUR_MACHINE, MachineError

    try:
        code = run(sys.argv[1:])
    except ReaderGoneError:
        code = CLOSED_PIPE
    except MachineError:
        # Not even the error could be said.
        code = YOUR_MACHINE
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            # What is still buffered must not raise again when Python ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    return code


def _open_streams() -> None:
    """A standard stream that the caller closed is None to Python; to us it is empty."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            # It stays open as long as the process lives.
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115


def _leave_interrupts() -> None:
    """What was asked for is done; Ctrl-C while Python ends would only print where it was."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)


if __name__ == "__main__":
    main()
