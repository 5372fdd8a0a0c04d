"""`rencheng log`: prove that the log was not altered."""

from __future__ import annotations

from rencheng.cli import speaking
from rencheng.cli.options import STATE, State, commands, open_existing

app = commands("log", "核验日志 Verify the log")


@app.command
def verify(*, head: str = "", state: State = STATE) -> int:
    """核验日志链 Walk the whole chain; exit code 1 when a line was altered, moved or lost.

    Parameters
    ----------
    head
        以前记下的链尾哈希 A head noted elsewhere before: who can write the file can also cut its
        end off or chain it anew, and only a hash kept outside shows that.
    """
    from rencheng.domain.log import GENESIS, first_broken

    _, store = open_existing(state)
    count, last = 0, GENESIS
    is_known = not head
    with store() as work:
        broken = first_broken(work.log.walk())
        for entry in work.log.walk():
            count, last = count + 1, entry.hash
            is_known = is_known or entry.hash == head
    store.close()
    if broken is not None:
        speaking.say("cli.log.broken", style="bold red", seq=broken, count=count)
        return 1
    if not is_known:
        speaking.say("cli.log.head_lost", style="bold red", head=head)
        return 1
    speaking.say("cli.log.whole", style="green", count=count, head=last)
    return 0
