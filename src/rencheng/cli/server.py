"""Talking to a running server, for commands that change what it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from rencheng.cli import speaking
from rencheng.domain.errors import Fault, RenchengError, SourceUnavailableError

if TYPE_CHECKING:
    import httpx

Url = Annotated[str, Parameter(help="服务器地址 Address of the server")]
Token = Annotated[str, Parameter(help="账号令牌 Key of an account", env_var="RENCHENG_TOKEN")]
URL = "http://127.0.0.1:8000"


def client_of(url: str, token: str) -> httpx.Client:
    """Return a client of a server's API that signs with a token."""
    import httpx

    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.Client(
        base_url=f"{url.rstrip('/')}/api/v1", headers=headers, timeout=30.0, trust_env=False
    )


def ask(
    client: httpx.Client,
    method: str,
    path: str,
    body: dict[str, Any] | None = None,
    *,
    content: bytes | None = None,
) -> Any:
    """Ask the server; a problem that it names becomes an error with its words."""
    import httpx

    try:
        answer = client.request(method, path, json=body, content=content)
    except httpx.TransportError as error:
        raise SourceUnavailableError(
            "cli.server.unreachable",
            f"{client.base_url} does not answer: {error}",
            hint="Start the server with `rencheng serve`, or name its address with --url",
            params={"url": str(client.base_url)},
        ) from error
    if answer.is_error:
        raise _problem(answer)
    return answer.json()


def _problem(answer: httpx.Response) -> RenchengError:
    try:
        told = answer.json()
    except ValueError:
        told = {}
    named = told if isinstance(told, dict) else {}
    which = "en" if speaking.language() == "en" else "zh"

    def sentence(name: str, otherwise: str) -> str:
        text = named.get(name)
        return str(text.get(which) or otherwise) if isinstance(text, dict) else otherwise

    return RenchengError(
        "cli.server.refused",
        sentence("problem", f"HTTP {answer.status_code}"),
        hint=sentence("hint", "Look at the server's log"),
        params={
            "problem": sentence("problem", f"HTTP {answer.status_code}"),
            "hint": sentence("hint", "Look at the server's log"),
        },
        faults=[_fault(one, which) for one in named.get("faults") or ()],
    )


def _fault(one: dict[str, Any], which: str) -> Fault:
    """Return a fault as the server words it."""
    problem, hint = str(one["problem"][which]), str(one["hint"][which])
    return Fault(
        where=str(one["where"]),
        key=str(one["key"]),
        problem=problem,
        hint=hint,
        count=int(one["count"]),
        first=tuple(str(text) for text in one["first"]),
    )
