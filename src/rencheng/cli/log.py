"""`rencheng log`: prove that the log was not altered."""

from __future__ import annotations

from cyclopts import App

from rencheng.cli import speaking
from rencheng.cli.options import STATE, State, open_existing

app = App(name="log", help="核验日志 Verify the log")


@app.command
def verify(*, state: State = STATE) -> int:
    """核验日志链 Walk the whole chain; exit code 1 when a line was altered, moved or lost."""
    from rencheng.domain.log import GENESIS, first_broken

    _, store = open_existing(state)
    count, head = 0, GENESIS
    with store() as work:
        broken = first_broken(work.log.walk())
        for entry in work.log.walk():
            count, head = count + 1, entry.hash
    store.close()
    if broken is not None:
        speaking.say("cli.log.broken", style="bold red", seq=broken, count=count)
        return 1
    speaking.say("cli.log.whole", style="green", count=count, head=head)
    return 0
