"""Progress lines on standard error, so that a long phase is seen to be alive. Results go to standard output, never here."""

import sys
import time

_started = time.monotonic()


def note(text: str) -> None:
    minutes, seconds = divmod(int(time.monotonic() - _started), 60)
    print(f"bench {minutes:3d}:{seconds:02d}  {text}", file=sys.stderr, flush=True)
