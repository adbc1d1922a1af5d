"""What people read: README and its chapters, and the blocks in them that must work as they stand."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = {"README": ROOT / "README.md"} | {
    name: ROOT / f"config/guide/{name}.md"
    for name in ("start", "recipes", "troubleshooting", "web", "reference", "promises", "own-actor", "speed", "postgresql")
}
"""The pages in the order in which they are named."""


def page(name: str) -> str:
    """The text of one page."""
    return PAGES[name].read_text(encoding="utf-8")


GUIDE = "\n".join(page(name) for name in PAGES if name != "reference")
"""All that people have written; the reference is made, and has a test of its own."""


def chapter(title: str) -> str:
    """A chapter, on whatever page it stands."""
    found = re.search(rf"^## {title}\n(.*?)(?=^##? |\Z)", GUIDE, flags=re.DOTALL | re.MULTILINE)
    assert found, f"no page has a chapter {title!r}"
    return found[1]


def blocks(text: str, language: str) -> list[str]:
    """The code blocks of one language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)


def block_with(words: str) -> str:
    """The one block of TOML in the chapters that has some words in it."""
    (found,) = (block for block in blocks(GUIDE.removeprefix(page("README")), "toml") if words in block)
    return found
