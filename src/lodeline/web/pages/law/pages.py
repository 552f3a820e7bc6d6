"""The addresses of the law."""

from lodeline.web.page import Page
from lodeline.web.pages.law.diff import law_diff
from lodeline.web.pages.law.law import law
from lodeline.web.pages.law.pack import law_pack
from lodeline.web.pages.law.packs import law_packs
from lodeline.web.pages.law.replay import law_replay
from lodeline.web.pages.law.text import law_text

PAGES: tuple[Page, ...] = (
    Page(at="law/", view=law, name="law", permission="anyone"),
    Page(at="law/texts/<str:instrument>/", view=law_text, name="law-text", permission="anyone"),
    Page(at="law/diff/", view=law_diff, name="law-diff", permission="anyone"),
    Page(at="law/replay/", view=law_replay, name="law-replay", permission="nation.read"),
    Page(at="law/packs/", view=law_packs, name="law-packs", permission="anyone", posts=True),
    Page(at="law/packs/<int:entry>/", view=law_pack, name="law-pack", permission="nation.read", posts=True),
)
