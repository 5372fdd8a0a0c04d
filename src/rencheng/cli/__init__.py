"""The command `rencheng`. Commands are read when they are used, so that the first line is fast."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cyclopts.exceptions import CycloptsError
    from rich.text import Text

COMMANDS = {
    "serve": ("rencheng.cli.serve:serve", "启动控制台服务 Serve the console"),
    "city": ("rencheng.cli.city:app", "构建、查看、检查城市 Build, show and check cities"),
    "replay": ("rencheng.cli.replay:app", "回放历史事件 Replay a past event"),
    "scene": ("rencheng.cli.scene:app", "遥感影像 Pictures from above"),
    "rule": ("rencheng.cli.rule:app", "报警规则与回测 Alarm rules and how they would have done"),
    "curve": ("rencheng.cli.curve:app", "损伤曲线库 The library of damage curves"),
    "risk": ("rencheng.cli.risk:app", "风险计算 Losses of assets under event sets"),
    "user": ("rencheng.cli.user:app", "管理账号 Manage accounts"),
    "token": ("rencheng.cli.token:app", "管理设备令牌 Manage the keys of devices"),
    "device": ("rencheng.cli.device:app", "批量登记设备与密钥 Provision devices and their keys"),
    "mqtt": ("rencheng.cli.mqtt:app", "检查 MQTT 映射文件 Check mapping files of MQTT"),
    "connector": ("rencheng.cli.connector:app", "接入器与数据源 Connectors and feeds"),
    "quality": ("rencheng.cli.quality:app", "质量控制阈值 Limits of quality control"),
    "history": ("rencheng.cli.history:app", "历史观测 Readings of the past"),
    "log": ("rencheng.cli.log:app", "核验日志 Verify the log"),
    "openapi": ("rencheng.cli.serve:openapi", "输出接口模式 Print the API's schema"),
}


def _refusal(error: CycloptsError) -> Text:
    from rencheng.cli.usage import refusal

    return refusal(error)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; errors of ours become a sentence and exit code 1."""
    from cyclopts import App

    from rencheng import __version__
    from rencheng.cli import speaking
    from rencheng.cli.options import TITLES
    from rencheng.domain.errors import RenchengError

    words = speaking.take_language(list(sys.argv[1:] if arguments is None else arguments))
    app = App(
        name="rencheng",
        help="韧城 Rencheng：韧性城市大脑 a city's resilience brain. --lang zh|en",
        version=__version__,
        result_action="return_value",
        **TITLES,
        error_formatter=_refusal,
    )
    app["--help"].help, app["--version"].help = "显示用法 Show this", "显示版本 Show the version"
    for name, (place, text) in COMMANDS.items():
        app.command(place, name=name, help=text)
    try:
        result = app(words)
    except RenchengError as error:
        speaking.complain(error)
        sys.exit(1)
    except OSError as error:
        if isinstance(error, BrokenPipeError):  # the reader of our output has gone, as `head` does
            sys.stderr.close()
            sys.exit(141)
        speaking.complain_of_file(error)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    if isinstance(result, int) and result:
        sys.exit(result)
