"""Small jobs that are done again and again in the background, whatever becomes of one of them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event

from rencheng.domain.errors import RenchengError

_LOG = logging.getLogger("rencheng")


def go_round(
    name: str, jobs: tuple[Callable[[], object], ...], stop: Event, pause_s: float
) -> None:
    """Do jobs in turn until told to stop; one that fails holds up no other and is tried again.

    Parameters
    ----------
    name
        Of what is done, for the log.
    jobs
        Called without arguments.
    stop
        Set it to stop.
    pause_s
        Between two rounds. [s]
    """
    # Each job runs as a future: its error is a value here, so nothing can end the rounds.
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix=name) as pool:
        while not stop.wait(pause_s):
            for job in jobs:
                error = pool.submit(job).exception()
                if isinstance(error, RenchengError):
                    _LOG.warning("%s waits: %s", name, error)
                elif error is not None:
                    _LOG.error("%s failed", name, exc_info=error)
