"""The environment variables Fengsui reads, declared once; docs/reference/environment.md is generated from here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Variable:
    """One setting. `default` is what holds where it is not set; a `secret` is never printed."""

    name: str
    default: str
    zh: str
    en: str
    secret: bool = False


VARIABLES: tuple[Variable, ...] = (
    Variable(
        "FENGSUI_DATABASE_URL",
        "自带的私有集群 / own private cluster",
        "PostgreSQL 15 以上并装有 PostGIS 的数据库地址:postgresql://用户:口令@主机:端口/库;设置后不再启动私有集群;"
        "主备两台:@甲:5432,乙:5432/库?target_session_attrs=read-write",
        "Address of a PostgreSQL >= 15 database with PostGIS; where set, no private cluster is started; "
        "of a pair: @a:5432,b:5432/name?target_session_attrs=read-write",
        secret=True,
    ),
    Variable(
        "FENGSUI_DATABASE_URL_WEB",
        "同 FENGSUI_DATABASE_URL / as FENGSUI_DATABASE_URL",
        "网页部件连接外部数据库的地址，用最小权限的角色；见 ./fengsui roles",
        "Address by which the web connects to an external database, as a role with few rights; see ./fengsui roles",
        secret=True,
    ),
    Variable(
        "FENGSUI_DATABASE_URL_INGEST",
        "同 FENGSUI_DATABASE_URL / as FENGSUI_DATABASE_URL",
        "同上，接收部件",
        "The same for ingest",
        secret=True,
    ),
    Variable(
        "FENGSUI_DATABASE_URL_JOBS",
        "同 FENGSUI_DATABASE_URL / as FENGSUI_DATABASE_URL",
        "同上，作业和时限部件",
        "The same for worker and clocks",
        secret=True,
    ),
    Variable(
        "FENGSUI_DATABASE_ROLE",
        "由 ./fengsui 设置 / set by ./fengsui",
        "部件在自带数据库中的角色",
        "Role of a part at the private database",
    ),
    Variable(
        "FENGSUI_NATS_URL",
        "自带的 nats-server / own nats-server",
        "外部 NATS(JetStream)地址:nats://用户:口令@主机:端口;设置后不再启动自带的消息服务器",
        "Address of an external NATS server with JetStream; where set, no broker is started",
        secret=True,
    ),
    Variable("FENGSUI_MQTT_HOST", "127.0.0.1", "设备连接的 MQTT 主机", "MQTT host that devices connect to"),
    Variable(
        "FENGSUI_MQTT_PORT",
        "18830 起的空闲端口 / first free from 18830",
        "设备连接的 MQTT 端口",
        "MQTT port that devices connect to",
    ),
    Variable(
        "FENGSUI_DEVICES",
        "nats",
        "取设备消息的方式:nats(自带服务器的流)或 mqtt(任一 MQTT 服务器)",
        "How device messages are fetched: nats (the stream of the NATS server) or mqtt (any MQTT broker)",
    ),
    Variable("FENGSUI_MQTT_USER", "", "连接外部 MQTT 服务器的用户", "User at an external MQTT broker"),
    Variable("FENGSUI_MQTT_PASSWORD", "", "其口令", "Its password", secret=True),
    Variable(
        "FENGSUI_MQTT_SHARED",
        "",
        "外部 MQTT 服务器上的共享订阅组名",
        "Name of a shared subscription at an external MQTT broker",
    ),
    Variable(
        "FENGSUI_INGEST_METRICS_PORT",
        "无 / none",
        "接收进程的 Prometheus 指标端口(仅本机)",
        "Port of the ingest process' Prometheus metrics",
    ),
    Variable(
        "FENGSUI_SMTP_URL",
        "无 / none",
        "邮件服务器:smtp://用户:口令@主机:端口 或 smtps://;不设则邮件渠道报告“未配置”",
        "Mail server, smtp:// or smtps://; without it the e-mail channel says that it is not configured",
        secret=True,
    ),
    Variable(
        "FENGSUI_SMPP_URLS",
        "无 / none",
        "短信运营商（SMPP 3.4），按使用顺序，空格分隔:smpp://账号:口令@主机:端口?source=1069…&name=移动；"
        "见 docs/howto/send-text-messages.md",
        "Providers of text messages (SMPP 3.4) in order of use, separated by spaces: "
        "smpp://account:password@host:port?source=1069...&name=mobile; see docs/howto/send-text-messages.md",
        secret=True,
    ),
    Variable(
        "FENGSUI_SMS_UNCERTAIN",
        "again",
        "连接断在半途、不知对方收没收到的号码:again 再发(重听一次胜过听不到)，leave 不再发 [G]",
        "Numbers that were out when a connection died, so that nobody knows: again sends once more (heard twice is "
        "better than unheard), leave does not [G]",
    ),
    Variable(
        "FENGSUI_DASK",
        "本机 / this machine",
        "情景库在哪里算:Dask 调度器地址 tcp://主机:端口，其工作机装有同一版本的本平台;不设则在本机算",
        "Where scenario libraries are computed: a Dask scheduler, tcp://host:port, whose workers have the same version "
        "of this platform; without it, on this machine",
    ),
    Variable(
        "FENGSUI_CODE_CACHE",
        "var/compiled",
        "模型编译后的代码存在哪里，省得每个进程重编半分钟；写不了就不存",
        "Where compiled loops of the models are kept, so that no process compiles them anew for half a minute; where "
        "it cannot be written, nothing is kept",
    ),
    Variable("FENGSUI_MAIL_FROM", "fengsui@localhost", "邮件的发件人地址", "Sender address of mails"),
    Variable(
        "FENGSUI_FEED_CHECK_URL",
        "$FENGSUI_BASE_URL",
        "核验订阅源时本机访问网页的地址",
        "Address by which this machine reaches its own pages to check the feed",
    ),
    Variable(
        "FENGSUI_TIANDITU_KEY",
        "无 / none",
        "天地图的服务端密钥;设置后地图可换用天地图底图,由本机代取",
        "Server key of Tianditu; where set, the map can use its base map, fetched by this machine",
        secret=True,
    ),
    Variable(
        "FENGSUI_TIANDITU_URL",
        "https://t0.tianditu.gov.cn",
        "天地图或省、市节点的地址",
        "Address of Tianditu, or of a provincial or municipal node",
    ),
    Variable(
        "FENGSUI_SECRET_KEY",
        "生成并存于 var/secret_key / made once, kept in var/secret_key",
        "签名密钥;多台机器须相同",
        "Signing key; the same on all machines of one installation",
        secret=True,
    ),
    Variable(
        "FENGSUI_DISTRICT", "tiexi", "所服务的区:districts/ 下的目录名", "District served: a folder of districts/"
    ),
    Variable("FENGSUI_DISTRICTS", "<repo>/districts", "各区数据所在目录", "Folder of the districts' data"),
    Variable("FENGSUI_VAR", "<repo>/var", "运行数据、日志与状态所在目录", "Folder of run-time data, logs and status"),
    Variable(
        "FENGSUI_OSM",
        "生成的示意路网 / generated network",
        "路网与底图所用的 .osm.pbf",
        "Extract for roads and base map",
    ),
    Variable("FENGSUI_ROADS", "$FENGSUI_VAR/roads", "路网引擎所用的成品目录", "Folder of the built routing graph"),
    Variable(
        "FENGSUI_HTTP_PORT",
        "8600,被占用时取空闲端口 / 8600 or the next free one",
        "网页端口",
        "Port of the pages",
    ),
    Variable("FENGSUI_BIND", "127.0.0.1", "网页与 MQTT 监听的地址", "Address that web and MQTT listen on"),
    Variable(
        "FENGSUI_BASE_URL",
        "http://127.0.0.1:<port>",
        "用户看到的网址;https:// 时启用安全 Cookie",
        "Address as users see it; with https:// cookies become secure",
    ),
    Variable(
        "FENGSUI_HOSTS",
        "localhost,127.0.0.1,[::1],testserver",
        "允许的主机名,逗号分隔",
        "Allowed host names, separated by commas",
    ),
    Variable(
        "FENGSUI_ORIGINS", "", "允许提交表单的外部来源(含协议)", "Further origins that may post forms, with scheme"
    ),
    Variable(
        "FENGSUI_PROXIES",
        "127.0.0.1,::1",
        "反向代理的地址或网段,逗号分隔;只有它们写的 X-Forwarded-For 和 -Proto 才算数",
        "Addresses or networks of reverse proxies, separated by commas; X-Forwarded-* counts from them only",
    ),
    Variable("FENGSUI_HASH", "sha256", "审计链算法:sha256 或 sm3", "Hash of the audit chain: sha256 or sm3"),
    Variable(
        "FENGSUI_SECOND_FACTOR_ROLES",
        "system_admin,security_admin,audit_admin,duty_leader,commander",
        "登录要第二因素(TOTP)的角色,逗号分隔;等保三级要两种鉴别,哪些岗位属本地约定",
        "Roles that log in with a second factor (TOTP), separated by commas; level 3 asks for two kinds of proof, "
        "which posts is a local choice",
    ),
    Variable(
        "FENGSUI_PASSWORD_DAYS",
        "90",
        "特权岗位密码的最长使用天数,0 为不限",
        "Days until a privileged password must be changed; 0: never",
    ),
    Variable("FENGSUI_SESSION_S", "43200", "登录的最长秒数(一个班次)", "Longest seconds of a login (one shift)"),
    Variable(
        "FENGSUI_SESSION_IDLE_S",
        "14400",
        "无人操作多少秒后退出登录;页面自动刷新不算操作",
        "Seconds without use after which a login ends; pages that refresh themselves do not count",
    ),
    Variable(
        "FENGSUI_SESSION_ADMIN_IDLE_S",
        "900",
        "同上,系统、安全、审计管理员",
        "The same for system, security and audit administrators",
    ),
    Variable(
        "FENGSUI_SESSIONS_MAX",
        "3(演示 50)/ 3 (demonstration: 50)",
        "一个账号同时登录的最多处数,超过时最久未用的退出",
        "Logins of one account at the same time; of more, the one unused for longest ends",
    ),
    Variable(
        "FENGSUI_API_PER_MINUTE",
        "300",
        "一个令牌每分钟最多调用接口的次数",
        "Calls of the API that one token may make in a minute",
    ),
    Variable(
        "FENGSUI_CLOCKS",
        "",
        "演练或测试时改变时限:种类=秒,逗号分隔",
        "Other clock durations for drills or tests: kind=seconds, separated by commas",
    ),
    Variable(
        "FENGSUI_HALF_LIVES",
        "",
        "存活证明的半衰期:类别=秒,逗号分隔",
        "Half-lives of proofs of life: kind=seconds, separated by commas",
    ),
    Variable(
        "FENGSUI_METRICS_TOKEN",
        "无:/metrics 不存在 / none: /metrics does not exist",
        "读取 /metrics 的令牌",
        "Bearer token of /metrics",
        secret=True,
    ),
    Variable(
        "FENGSUI_WEBHOOK_URL",
        "无;演示时为自带接收端 / none; the demonstration's own receiver in demo",
        "融媒体中心等签名 webhook 渠道的地址",
        "Address of the signed webhook outlet",
    ),
    Variable(
        "FENGSUI_WEBHOOK_SECRET",
        "生成并存于 var/webhook_secret / made once, kept in var/webhook_secret",
        "webhook 签名密钥,交给接收方",
        "Key that signs webhooks; the receiver gets it too",
        secret=True,
    ),
    Variable(
        "FENGSUI_DEMO_PASSWORD",
        "生成并存于 var/demo_password / made once, kept in var/demo_password",
        "演示账号的口令;只在演示环境使用",
        "Password of the demonstration accounts; used in demonstrations only",
        secret=True,
    ),
    Variable("FENGSUI_LOG_LEVEL", "INFO", "日志级别", "Log level"),
    Variable("FENGSUI_LANG", "按 LANG / from LANG", "命令行语言:zh 或 en", "Language of the command line: zh or en"),
    Variable(
        "FENGSUI_PYTHON", "自动寻找 / searched", "建虚拟环境所用的 Python", "Python to build the environment with"
    ),
    Variable("FENGSUI_UV", "自动寻找 / searched", "uv 程序的位置", "Where uv is"),
    Variable(
        "FENGSUI_NO_APT",
        "",
        "设为 1 时只列出所缺系统软件包,不安装",
        "1: only list missing system packages, install none",
    ),
    Variable(
        "FENGSUI_OPEN_INCIDENT_FROM",
        "orange",
        "从哪一级预警起自动立案",
        "Level from which a bulletin opens an incident",
    ),
    Variable(
        "FENGSUI_KEEP_READINGS_MONTHS",
        "0",
        "测量读数保留几个月，最少 13；0 为一直保留",
        "Months that readings are kept, 13 at least; 0: for ever",
    ),
    Variable(
        "FENGSUI_DOUBT_AFTER_S",
        "43200",
        "测站与邻站不一致持续多少秒后标为存疑",
        "Seconds that a sensor must differ from its neighbours before pages call it doubted",
    ),
    Variable(
        "FENGSUI_KEEP_MARKS_DAYS", "92", "读数走势标记保留几天", "Days that marks of the course of readings are kept"
    ),
    Variable(
        "FENGSUI_BACKUP",
        "var/backup",
        "备份与归档日志的目录，应在另一块盘上；一套平台一个",
        "Folder of the backups and the archived log, better on another disk; one for each installation",
    ),
    Variable(
        "FENGSUI_BACKUP_HOURS",
        "24",
        "两次自动备份之间的小时数；0 不备份也不归档；演示默认 0",
        "Hours between two backups by the timer; 0 makes none and archives nothing; a demonstration's default is 0",
    ),
    Variable("FENGSUI_BACKUP_KEEP", "7", "留几次备份及其所需日志", "Backups kept, with the log they need"),
    Variable(
        "FENGSUI_BACKUP_WAL_S",
        "60",
        "最多隔多少秒归档一次日志：全损时可能丢失的时间",
        "Seconds after which the log is archived at latest: what a total loss may cost",
    ),
    Variable("FENGSUI_DEMO", "由 demo 命令设置 / set by demo", "1 表示演示环境", "1 marks a demonstration"),
    Variable(
        "FENGSUI_STARTED_AT",
        "由 ./fengsui 设置 / set by ./fengsui",
        "启动时刻,用于显示用时",
        "When the command was started, to show elapsed time",
    ),
)

ELSEWHERE = (
    "SSL_CERT_FILE",
    "NODE_EXTRA_CA_CERTS",
    "PIP_INDEX_URL",
    "UV_DEFAULT_INDEX",
    "HTTPS_PROXY",
    "XDG_RUNTIME_DIR",
)
"""Variables of others that ./fengsui respects; doctor shows them."""


def table() -> str:
    """docs/reference/environment.md, complete."""
    lines = [
        "# 环境变量 Environment variables",
        "",
        "Generated from `src/fengsui/config/ops/environment.py` by `python -m fengsui.config docs`. "
        "`./fengsui doctor` shows the values in force.",
        "",
        "| 变量 Variable | 默认 Default | 说明 | Meaning |",
        "|---|---|---|---|",
    ]
    for each in VARIABLES:
        default = f"`{each.default}`" if each.default and each.default.isascii() else each.default or "空 / empty"
        lines.append(f"| `{each.name}` | {default} | {each.zh}{'(机密)' if each.secret else ''} | {each.en} |")
    lines += [
        "",
        "Respected if set, as everywhere else: " + ", ".join(f"`{name}`" for name in ELSEWHERE) + ".",
        "`SSL_CERT_FILE` and `NODE_EXTRA_CA_CERTS` default to the system's CA bundle, "
        "`UV_DEFAULT_INDEX` to pip's configured index.",
        "",
    ]
    return "\n".join(lines)
