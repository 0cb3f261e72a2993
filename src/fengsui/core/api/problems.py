"""Every refusal of the API as problem details (RFC 9457, application/problem+json), in the user's words.

`code` is for programs and stays the same; `title` and `detail` are sentences in the language asked for. `errors` names
each field that cannot be used by its key and its word. `instance` is the chain's number, as in X-Correlation-Id.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as mark

from fengsui.core import wording
from fengsui.core.record import plain
from fengsui.kernel.errors import FengsuiError, Invalid

KIND = "application/problem+json"
ASKS_FOR = 'Bearer realm="fengsui"'

_FIELD_WORDS = {
    "missing": mark("缺少这一项"),
    "extra_forbidden": mark("没有这一项，去掉它"),
    "string_too_long": mark("太长，最多 %(max_length)s 个字"),
    "string_too_short": mark("太短，至少 %(min_length)s 个字"),
    "string_type": mark("要填文字"),
    "uuid_parsing": mark("不是有效的标识"),
    "uuid_type": mark("不是有效的标识"),
    "int_parsing": mark("要填整数"),
    "int_type": mark("要填整数"),
    "int_from_float": mark("要填整数"),
    "float_parsing": mark("要填数字"),
    "float_type": mark("要填数字"),
    "finite_number": mark("要填有限的数字"),
    "bool_parsing": mark("要填 true 或 false"),
    "bool_type": mark("要填 true 或 false"),
    "greater_than_equal": mark("不能小于 %(ge)s"),
    "less_than_equal": mark("不能大于 %(le)s"),
    "greater_than": mark("要大于 %(gt)s"),
    "less_than": mark("要小于 %(lt)s"),
    "literal_error": mark("只能是 %(expected)s"),
    "enum": mark("只能是 %(expected)s"),
    "list_type": mark("要填一个列表"),
    "too_long": mark("太多，最多 %(max_length)s 项"),
    "too_short": mark("太少，至少 %(min_length)s 项"),
    "dict_type": mark("要填一个对象"),
    "json_invalid": mark("不是有效的 JSON"),
    "timezone_aware": mark("时间要带时区，如 2026-07-28T18:30:00+08:00"),
    "datetime_parsing": mark("时间写成 2026-07-28T18:30:00+08:00"),
    "datetime_from_date_parsing": mark("时间写成 2026-07-28T18:30:00+08:00"),
    "datetime_type": mark("时间写成 2026-07-28T18:30:00+08:00"),
    "not_text": mark("含有不能保存的字符"),
}
wording.words(
    core__api__no_token=(mark("没有带令牌"), mark("在请求头写 Authorization: Bearer 令牌；令牌在“我的账号”里生成")),
    core__api__unknown_token=(mark("令牌不能用：不存在、已撤销或已过期"), mark("在“我的账号”里另生成一个")),
    core__api__scope=(mark("这个令牌没有“%(scope)s”这项用途"), mark("在“我的账号”里生成一个含此用途的令牌")),
    core__api__too_many=(mark("这个令牌一分钟内最多调用 %(most)s 次"), mark("%(seconds)s 秒后再试")),
    core__api__world=(mark("不在这场演练中"), mark("先在页面上进入演练；或去掉 X-Fengsui-World，回到实战")),
    core__api__key_other_body=(
        mark("这个 Idempotency-Key 已经用于另一个内容的请求"),
        mark("内容不同的请求要用新的键"),
    ),
    core__api__key_in_use=(mark("同一个 Idempotency-Key 的请求正在办"), mark("稍等再用同一个键重发，会得到同样的答复")),
    core__api__bad_key=(mark("Idempotency-Key 不能用"), mark("用 8 至 64 个字母、数字、点、横线或下划线")),
    core__api__bad_cursor=(mark("cursor 不能用"), mark("用上一页给出的 next_cursor，排序与筛选不变；或从第一页开始")),
    core__api__changed=(mark("您读过之后，它已经变了"), mark("重新读取，看清现状，再用新的 ETag 提交")),
    core__api__needs_match=(mark("没有说改的是哪一版"), mark("先读取这一行，把它的 ETag 写进 If-Match")),
    core__api__fields=(mark("提交的内容不能用"), mark("按 errors 逐项改正后再提交")),
    core__api__unreadable=(mark("请求读不懂"), mark("检查地址和内容的格式")),
    core__api__no_such=(mark("没有这个地址"), mark("所有操作见 /api/ 与 /api/v1/openapi.json")),
    core__api__method=(mark("这个地址不能这样用"), mark("可用的方法见 Allow")),
    core__api__too_large=(mark("内容太大"), mark("一次最多 2.5 MB")),
    core__api__broken=(mark("平台出了问题，已记录"), mark("把 instance 里的编号告诉系统管理员；同一个键可以重试")),
)


class PreconditionFailed(FengsuiError):
    """If-Match names another version than the present one (RFC 9110)."""

    status = 412


class PreconditionRequired(FengsuiError):
    """A change that must say which version it saw (RFC 6585)."""

    status = 428


class TooLarge(FengsuiError):
    """More than one call may carry."""

    status = 413


class _Status(FengsuiError):
    """An answer that Django gave without a code of ours."""


_STATUS_CODES = {
    400: "core.api.unreadable",
    404: "core.api.no_such",
    405: "core.api.method",
    413: "core.api.too_large",
}


def problem(
    request: HttpRequest, error: FengsuiError, *, errors: Iterable[Mapping[str, str]] = (), status: int = 0
) -> HttpResponse:
    """The answer for a refusal."""
    said, status = wording.say(error), status or error.status
    facts = {key: plain(value) for key, value in error.facts.items() if value not in ("", None) and key != "field"}
    body: dict[str, Any] = {
        "type": f"urn:fengsui:problem:{error.code}",
        "title": said.what,
        "status": status,
        "detail": said.todo,
        "code": error.code,
        "instance": f"urn:uuid:{getattr(request, 'correlation', '')}",
    }
    if facts:
        body["facts"] = facts
    listed = list(errors)
    if isinstance(error, Invalid) and error.field and not listed:
        listed = [{"field": error.field, "name": word_of(request, error.field), "what": said.what}]
    if listed:
        body["errors"] = listed
    answer = HttpResponse(orjson.dumps(body, default=str), content_type=KIND, status=status)
    answer.headers["Cache-Control"] = "no-store"
    if status == 401:
        answer.headers["WWW-Authenticate"] = ASKS_FOR
    elif status == 429:
        answer.headers["Retry-After"] = str(error.facts.get("seconds", 1))
    elif error.code == "core.api.key_in_use":
        answer.headers["Retry-After"] = "1"
    return answer


def word_of(request: HttpRequest, field: str) -> str:
    """What the operation's description calls a field, in the request's language; the key itself where it says none."""
    words: Mapping[str, str] = getattr(request, "field_words", {})
    return _(words[field]) if field in words else field


def of_validation(request: HttpRequest, error: Any) -> HttpResponse:
    """What was sent does not fit the description (ninja's ValidationError): each field by its name."""
    found = [_field(request, each) for each in error.errors[:50]]
    return problem(request, Invalid("core.api.fields"), errors=found)


def _field(request: HttpRequest, error: Mapping[str, Any]) -> dict[str, str]:
    place = [str(each) for each in error["loc"] if str(each) not in ("body", "query", "path", "header")]
    key = ".".join(place)
    name = next((place[at] for at in range(len(place) - 1, -1, -1) if not place[at].isdigit()), "")
    return {"field": key, "name": word_of(request, name), "what": _what(error)}


def _what(error: Mapping[str, Any]) -> str:
    text = _FIELD_WORDS.get(str(error.get("type")))
    if text is None:
        return _("不能用")
    try:
        return _(text) % (error.get("ctx") or {})
    except (KeyError, TypeError):
        return _(text)


def of_status(request: HttpRequest, answer: HttpResponseBase) -> HttpResponse:
    """An answer that never reached an operation (unknown address, wrong method, unreadable body), as a problem."""
    code = _STATUS_CODES.get(
        answer.status_code, "core.api.broken" if answer.status_code >= 500 else "core.api.unreadable"
    )
    made = problem(request, _Status(code), status=answer.status_code)
    if allow := answer.headers.get("Allow"):
        made.headers["Allow"] = allow
    return made
