"""The command that hands a county on over HTTP: serve."""

from __future__ import annotations

import contextlib
import socket
from typing import Annotated, Any, Literal

import typer

from gridgis.cli.common import County, Lang, say
from gridgis.disclosing import SMALL
from gridgis.errors import InputError


def register(app: typer.Typer) -> None:
    """Add this command to the application."""
    app.command()(serve)


def serve(
    county: County,
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="端口 / port")] = 8600,
    host: Annotated[str, typer.Option("--host", help="监听地址，默认只限本机 / address to listen on")] = "127.0.0.1",
    role: Annotated[
        Literal["internal", "public"] | None,
        typer.Option("--role", help="public：去掉内部列，隐去小数字；监听其他地址时必须写明 / must be said unless loopback"),
    ] = None,
    k: Annotated[int, typer.Option("--k", min=0, max=1000, help="public 时隐去小于 k 的数字 / numbers below k are hidden")] = SMALL,
    incidents: Annotated[
        str,
        typer.Option("--incidents", metavar="TOKEN", envvar="GRIDGIS_INCIDENTS", help="接收持此令牌者的事件上报 / take reports"),
    ] = "",
    lang: Lang = "zh",
) -> None:  # fmt: skip
    """提供 OGC API Features、矢量瓦片、坐标落格；Ctrl+C 结束 / Serve over HTTP; Ctrl+C ends it."""
    # The libraries of the service take a second to load, and no other command needs them.
    from gridgis.serving.service import LOCAL_HOSTS, is_loopback, service
    from gridgis.serving.source import Role, Source

    local = is_loopback(host)
    if not local and role is None:
        raise InputError(
            f"监听 {host} 会让其他机器读到数据：请写明 --role public 或 --role internal。",
            f"Others can read what is served on {host}: say --role public or --role internal.",
        )
    source = Source(county, Role(role or "internal", k))
    try:
        listening = _listen(host, port)
    except InputError:
        source.close()
        raise
    app = service(source, token=incidents, hosts=LOCAL_HOSTS if local else ("*",))
    shown = f"http://{f'[{host}]' if ':' in host else host}:{port}/"
    say(lang, f"{shown} 已开放（角色 {source.role.name}），Ctrl+C 结束。",
        f"Serving on {shown} (role {source.role.name}); Ctrl+C ends it.")  # fmt: skip
    _run(app, listening)


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise InputError(
            f"无法监听 {host}:{port}（{error.strerror}）：请换一个端口（--port）。",
            f"Cannot listen on {host}:{port} ({error.strerror}): choose another port (--port).",
        ) from error


def _run(app: Any, listening: socket.socket) -> None:
    import uvicorn

    config = uvicorn.Config(app, log_level="warning", server_header=False, lifespan="on")
    # Ctrl+C is how a service ends, not a failure; it is raised again once everything is closed.
    with listening, contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listening])
