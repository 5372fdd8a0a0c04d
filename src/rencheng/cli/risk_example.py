"""`rencheng risk example`: a made-up town to try the other commands with."""

from __future__ import annotations

from pathlib import Path

from rencheng.cli import speaking


def example(folder: Path) -> None:
    """写出一个虚构小镇的示例文件 Write the files of a made-up town, to try the commands with.

    Parameters
    ----------
    folder
        示例文件夹 Folder of the examples
    """
    from rencheng.adapters.risk.example import write_example

    files = write_example(folder)
    speaking.say("cli.risk.example.written", style="green", path=str(folder), count=len(files))
