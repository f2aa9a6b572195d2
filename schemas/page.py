"""What the pages for people are asked for."""

from __future__ import annotations

from schemas.fields import StrictString
from schemas.listing import PageQuery

MOST_SEARCHED = 256


class SearchQuery(PageQuery):
    """Which experiments to show."""

    search = StrictString(max_length=MOST_SEARCHED, load_default="")
