"""What the queues of jobs and the waiting rooms of the web are called on a page. Logs and /metrics keep the codes."""

from __future__ import annotations

from fengsui.kernel.terms import Term, Terms

JOBS = Terms(
    "job_queues",
    Term("events", "事件处理", "reactions to events"),
    Term("deliver", "预警投递", "deliveries of warnings"),
    Term("forecasts", "测站预报", "forecasts of gauges"),
    Term("drills", "演练", "exercises"),
    Term("ledger", "台账成批处理", "registers in bulk"),
    Term("papers", "文书与图纸", "papers and printed maps"),
    Term("upkeep", "日常维护", "upkeep"),
    Term("builtin", "作业库自身维护", "the job library's own upkeep"),
    Term("floods", "积水推演", "flood trials"),
    Term("scenarios", "情景库计算", "computing of scenario libraries"),
)
WEB = Terms(
    "web_queues",
    Term("first", "按下的事和登录", "presses and the login"),
    Term("warnings", "预警页面", "pages of warnings"),
    Term("pages", "其他页面", "other pages"),
    Term("readings", "读数接口", "readings by the API"),
    Term("parts", "页面自动刷新", "parts that pages fetch by themselves"),
    Term("statistics", "统计与查询", "statistics and searches"),
    Term("public", "公众所问", "what the public asks"),
    Term("live", "推送连接", "live connections"),
)
