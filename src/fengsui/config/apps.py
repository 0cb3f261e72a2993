from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig, apps

PARTS = ("policy", "jobs", "handlers", "words", "ledger", "lists", "findable", "proofs", "failed_jobs", "system")


class ConfigConfig(AppConfig):
    name = "fengsui.config"
    label = "config"

    def ready(self) -> None:
        """Handlers, jobs, policies, words and registers register themselves when imported; last of all apps."""
        for app in apps.get_app_configs():
            if app.name.startswith("fengsui."):
                for part in (
                    "policy",
                    "jobs",
                    "handlers",
                    "words",
                    "ledger",
                    "lists",
                    "findable",
                    "proofs",
                    "failed_jobs",
                    "system",
                ):
                    if find_spec(f"{app.name}.{part}"):
                        import_module(f"{app.name}.{part}")
        wiring = "fengsui.config.wiring"
        if find_spec(wiring):
            import_module(wiring)
