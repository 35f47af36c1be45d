"""The command `gen`, also as `python -m generator`: what a process needs around a command line."""

import gc
import sys


def main() -> None:
    """Run the command line of this process and exit."""
    # A command lives for a tenth of a second and makes nothing that a collection could free.
    gc.disable()
    try:
        from generator.cli import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        # While modules were still being loaded: nothing has happened yet.
        from generator.errors import INTERRUPTED

        code = INTERRUPTED
    _leave_interrupts()
    # Nor is there anything to collect at the end, when Python would look through everything.
    gc.freeze()
    sys.exit(code)


def _leave_interrupts() -> None:
    """What was asked for is done; Ctrl-C while Python ends would only print where it was."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)


if __name__ == "__main__":
    main()
