"""No pattern of the gateway takes longer than its text is long, whatever the text is: bytes from outside cannot hold it up."""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import devices
import gateway
from devices.mqtt.topics import filter_pattern
from tests.patterns import slow_for

ROOTS = [Path(str(package.__file__)).parent for package in (gateway, devices)]
METHODS = ("match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer")
MADE = {
    "compiled": [re.compile(r"(?P<x>[0-9]++) kg")],  # the user's own: see tests/devices/codecs/test_regex.py
    "filter_pattern": [filter_pattern(text) for text in ("+/+/x/+", "a/+/#", "#", "+/#")],
}
"""Patterns that are made while the gateway runs, by the function that makes them."""


class Use(NamedTuple):
    """A pattern, and the method of `re` it is used with."""

    pattern: re.Pattern[Any]
    method: str


def sources() -> Iterator[tuple[str, ast.Module]]:
    """Every module of the gateway: its name, and what stands in it."""
    for root in ROOTS:
        for path in sorted(root.rglob("*.py")):
            name = ".".join(path.relative_to(root.parent).with_suffix("").parts)
            yield name.removesuffix(".__init__"), ast.parse(path.read_text())


def is_re(call: ast.Call, method: str) -> bool:
    """Whether a call is one of `re.method(...)`."""
    called = call.func
    return isinstance(called, ast.Attribute) and called.attr == method and isinstance(called.value, ast.Name) and called.value.id == "re"


def all_uses() -> dict[str, Use]:
    """Every pattern of the gateway with each method that it is used with, by where it stands. Fails where one cannot be found."""
    trees = dict(sources())
    everywhere = {name: methods_of(tree) for name, tree in trees.items()}
    found: dict[str, Use] = {}
    for name, tree in trees.items():
        found |= {f"{name}:{where}": use for where, use in uses_in(name, tree, everywhere)}
    return found


def methods_of(tree: ast.Module) -> dict[str, set[str]]:
    """The methods of `re` that are called on each name of a module. One that is handed on is held to be matched where it begins."""
    called: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in METHODS and isinstance(node.value, ast.Name):
            called.setdefault(node.value.id, set()).add(node.attr)
        elif isinstance(node, ast.Call):
            for given in (inner for argument in node.args for inner in ast.walk(argument) if isinstance(inner, ast.Name)):
                called.setdefault(given.id, set()).add("match")
    return called


def uses_in(name: str, tree: ast.Module, everywhere: dict[str, dict[str, set[str]]]) -> Iterator[tuple[str, Use]]:
    """The patterns of one module, with their uses in it, or in all where the name is not private."""
    at_top = [
        node for node in tree.body if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and is_re(node.value, "compile")
    ]
    for node in at_top:
        for target in node.targets:
            assert isinstance(target, ast.Name)
            pattern = getattr(importlib.import_module(name), target.id)
            modules = [everywhere[name]] if target.id.startswith("_") else everywhere.values()
            methods = sorted(set().union(*(called.get(target.id, set()) for called in modules)))
            assert methods, f"{name}.{target.id} is used nowhere"
            yield from ((f"{target.id}.{method}", Use(pattern, method)) for method in methods)
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
            if is_re(call, "compile"):
                assert function.name in MADE, f"{name}.{function.name} makes a pattern: write it at the head of the module, or try it here"
                for number, pattern in enumerate(MADE[function.name]):
                    yield f"{function.name}[{number}]", Use(pattern, "fullmatch")
            for method in METHODS:
                if is_re(call, method):
                    assert isinstance(call.args[0], ast.Constant), (
                        f"{name}.{function.name} makes a pattern: write it at the head of the module"
                    )
                    flags = re.DOTALL if len(call.args) > 2 and method == "fullmatch" else 0
                    yield f"{function.name}.{method}", Use(re.compile(call.args[0].value, flags), method)


USES = all_uses()


def test_the_patterns_are_found() -> None:
    """They are those of the codecs and the payloads, too."""
    assert len(USES) > 30
    assert {
        "devices.codecs.nmea:_SENTENCE.fullmatch",
        "gateway.actors.payloads:_TEXTS.sub",
        "gateway.config.locator:_STRING.match",
    } <= USES.keys()


@pytest.mark.parametrize("where", sorted(USES))
def test_a_pattern_takes_no_longer_than_its_text_is_long(where: str) -> None:
    """Twice the bytes, twice the time: nothing made of its own parts has it try again and again."""
    assert slow_for(*USES[where]) == ""


@pytest.mark.parametrize(
    ("pattern", "method"),
    [
        (r'"(?:[^"\\]|\\.)*"', "sub"),
        (r"(a+)+b", "fullmatch"),
        (r"\$([ -z]*)(?:\*[0-9]{2})?[\s\0]*", "fullmatch"),
        (r"a*a*a*b", "match"),
        (r"[a-z]+@", "search"),
        (r"(?:a|aa)+b", "match"),
    ],
)
def test_one_that_tries_again_is_found(pattern: str, method: str) -> None:
    """The square, the cube and worse: what this test is for."""
    assert slow_for(re.compile(pattern, re.DOTALL), method)
