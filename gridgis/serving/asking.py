"""What every route needs: the caller's address, answers to bad requests, parameters."""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gridgis.errors import GridgisError, InputError

_HOST = re.compile(r"[A-Za-z0-9.\-]{1,253}(:\d{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:\d{1,5})?")
_STATUS = {400: "InvalidParameterValue", 401: "Unauthorized", 404: "NotFound", 405: "MethodNotAllowed",
           409: "Conflict", 411: "LengthRequired", 413: "TooLarge", 415: "UnsupportedMediaType", 422: "Unprocessable"}  # fmt: skip


def address(request: Request) -> str:
    """Return what the links of an answer begin with: the address that the caller used, without a slash at the end."""
    host = request.headers.get("host", "")
    host = host if _HOST.fullmatch(host) else "localhost"
    return f"{request.url.scheme}://{host}{request.scope.get('root_path', '').rstrip('/')}"


def problem(status: int, zh: str, en: str) -> Response:
    """Return an error as JSON: a code, and one sentence in both languages."""
    code = _STATUS.get(status, "NoApplicableCode")
    return JSONResponse({"code": code, "description": f"{zh} {en}", "zh": zh, "en": en}, status_code=status)


def refused(error: GridgisError, status: int = 400) -> Response:
    """Return an error of the core as JSON."""
    return problem(status, error.zh, error.en)


def number(request: Request, name: str, low: float, high: float) -> float:
    """Return a parameter that must be a number between two bounds.

    Raises
    ------
    InputError
        It is missing, or is not.
    """
    text = request.query_params.get(name, "")
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise InputError(
            f"参数 {name}={text or '（缺）'} 不可用：应为 {low:g} 到 {high:g} 的数。",
            f"{name}={text or '(missing)'} cannot be used: it must be a number from {low:g} to {high:g}.",
        )
    return value


def whole(request: Request, name: str, default: int, low: int, high: int) -> int:
    """Return a parameter that must be a whole number between two bounds, or its default.

    Raises
    ------
    InputError
        It is given and is not.
    """
    text = request.query_params.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"-?\d{1,9}", text) or not low <= int(text) <= high:
        raise InputError(
            f"参数 {name}={text} 不可用：应为 {low} 到 {high} 的整数。",
            f"{name}={text} cannot be used: it must be a whole number from {low} to {high}.",
        )
    return int(text)


def one_of(value: Any, name: str, known: tuple[str, ...]) -> str:
    """Return a value that must be one of those known.

    Raises
    ------
    InputError
        It is not.
    """
    if value not in known:
        raise InputError(
            f"参数 {name}={value} 不可用：可用的有 {'、'.join(known)}。",
            f"{name}={value} cannot be used: it must be one of {', '.join(known)}.",
        )
    return str(value)
