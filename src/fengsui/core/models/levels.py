"""How much is logged for a while: every process looks here every few seconds (core.log_levels)."""

from __future__ import annotations

from django.db import models


class LogLevel(models.Model):
    """One logger and everything below it, until a moment: a level left at DEBUG would fill the disk."""

    name = models.CharField("日志器", primary_key=True, max_length=120, help_text="root 为全部")
    level = models.CharField("级别", max_length=8)
    until = models.DateTimeField("到")
    set_at = models.DateTimeField("设于")

    class Meta:
        verbose_name = "日志级别"

    def __str__(self) -> str:
        return f"{self.name}={self.level}"
