"""Agreeing: what one section says of another device holds for that one too, as an interlock does that stands at one side only."""

from collections.abc import Mapping

from gateway.actors import Settings
from gateway.actors.errors import ANYTHING
from gateway.actors.words import described
from gateway.config.checks import Section
from gateway.config.document import Document
from gateway.config.locator import KeyPath


def agreed(document: Document, section: Section, devices: Mapping[str, Settings]) -> Section:
    """A device's section with what the others of `devices`, by their ids, say of it; a problem is noted where both cannot be."""
    if not section.whole:
        return section
    try:
        return section._replace(settings=section.settings.among("/".join(map(str, section.key_path)), devices))
    except ValueError as error:
        document.add(*_placed(document, section, str(error)))
    except ANYTHING as error:  # it may be a user's code, and raise anything
        model = type(section.settings).__name__
        document.add(section.key_path, f"cannot put it beside the other devices: {described(error)}; mend {model}")
    return section


def _placed(document: Document, section: Section, said: str) -> tuple[KeyPath, str]:
    """The path of the key that a sentence begins with, and the sentence behind it."""
    key, colon, text = said.partition(": ")
    known = colon and key.split(".")[0] in type(section.settings).model_fields
    return (section.path_of(document, key), text) if known else (section.key_path, said)
