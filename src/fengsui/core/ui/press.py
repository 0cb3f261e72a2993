"""HTML to PDF. Called from jobs, never from a request: the first sheet of a process loads for seconds."""

from __future__ import annotations

from functools import cache
from typing import Any


@cache
def _press() -> tuple[Any, Any]:
    """WeasyPrint and its fonts, loaded by the first paper of a process: three seconds that no request pays."""
    import weasyprint
    from weasyprint.text.fonts import FontConfiguration

    return weasyprint, FontConfiguration()


def _nothing(url: str, *args: Any, **kwargs: Any) -> Any:
    """A paper fetches nothing from anywhere."""
    raise ValueError(f"a paper holds everything it shows: {url}")


def pdf_of(html: str) -> tuple[bytes, int]:
    """The document and its number of pages."""
    weasyprint, fonts = _press()
    document = weasyprint.HTML(string=html, url_fetcher=_nothing).render(font_config=fonts)
    return document.write_pdf(), len(document.pages)
