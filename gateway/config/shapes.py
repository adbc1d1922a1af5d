"""What is odd about the classes of actors: it runs, and does not do what its writer thinks.

    a method that looks like a verb and is not marked        nobody can send it
    a verb that returns its answer                           whoever asked waits in vain
    a verb that keeps something on `self`                    all actors of the kind share it, and it is gone with the process
    a verb of a host-bound actor with a stage, or the reverse    it is given the other

It is read in the source, so no line of it is run.
"""

import ast
from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

from gateway.actors import Actor, HostBound

Kind = type[Actor[Any]] | type[HostBound]

_GIVEN = {"stage": "Stage", "delivery": "Delivery"}
_LOST = "all actors of the kind share and no power cut survives; keep it in the state"
_CHANGES = ("append", "extend", "insert", "add", "update", "setdefault", "pop", "popleft", "appendleft", "remove", "discard", "clear")


class Oddity(NamedTuple):
    """One odd thing, and its line."""

    line: int
    text: str


def oddities(kind: Kind, defined: ast.ClassDef) -> list[Oddity]:
    """What is odd about a class, by its own definition."""
    methods = [node for node in defined.body if isinstance(node, ast.FunctionDef)]
    mentioned = set(_mentioned(defined))
    found = [one for method in methods for one in _of_method(kind, method, mentioned)]
    return sorted(found)


def _mentioned(defined: ast.ClassDef) -> Iterator[str]:
    """Every name that a class itself uses: what it calls, and what its machine names."""
    for node in ast.walk(defined):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _of_method(kind: Kind, method: ast.FunctionDef, mentioned: Collection[str]) -> Iterator[Oddity]:
    where, ordinary = f"{kind.__name__}.{method.name}", issubclass(kind, Actor)
    names = [argument.arg for argument in method.args.args]
    given, wanted = _given(method), "stage" if ordinary else "delivery"
    if method.name in kind.verbs:
        if given and given != _GIVEN[wanted]:
            fact = "an ordinary actor's verb is given a stage" if ordinary else "a host-bound actor's verb is given a delivery"
            yield Oddity(method.lineno, f"{where} takes a {given.lower()}, and {fact}; write ({', '.join([*names[:-1], wanted])})")
        yield from _returned(where, method, "stage.reply(...)" if ordinary else "delivery.done(...)")
    elif given and method.name not in mentioned and _looks_like_a_verb(kind, method, names):
        yield Oddity(method.lineno, f"{where} looks like a verb and is not marked; write @verb above it, or begin its name with _")
    if ordinary and method.name != "__init__":
        yield from _kept(where, method, kind.__name__)


def _given(method: ast.FunctionDef) -> str:
    """Which of Stage and Delivery the last parameter of a method is, by its annotation, else by its name; empty for none."""
    if not method.args.args:
        return ""
    last = method.args.args[-1]
    said = ast.unparse(last.annotation).strip("\"'").partition("[")[0].rpartition(".")[2] if last.annotation else ""
    return said if said in _GIVEN.values() else "" if said else _GIVEN.get(last.arg, "")


def _looks_like_a_verb(kind: Kind, method: ast.FunctionDef, names: list[str]) -> bool:
    """Whether somebody probably wants a method to be sent: it is public, no hook, and takes what a verb does."""
    hook = any(hasattr(parent, method.name) for parent in kind.__mro__[1:])
    plain = not method.decorator_list and not method.args.kwonlyargs and names[:1] == ["self"] and len(names) in (2, 3)
    return plain and not hook and not method.name.startswith("_")


def _inside(method: ast.FunctionDef) -> Iterator[ast.AST]:
    """Everything in a method's body but what stands in functions within it."""
    left: list[ast.AST] = list(method.body)
    while left:
        node = left.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            left += ast.iter_child_nodes(node)


def _returned(where: str, method: ast.FunctionDef, answer: str) -> Iterator[Oddity]:
    for node in _inside(method):
        if isinstance(node, ast.Return) and node.value is not None and not _is_no_answer(node.value):
            yield Oddity(node.lineno, f"{where} returns something, which nobody gets; answer with {answer}")


def _is_no_answer(value: ast.expr) -> bool:
    """Whether a value that is returned is probably None: None itself, or a call that works on the stage, by which people end early."""
    if isinstance(value, ast.Constant):
        return value.value is None
    if not isinstance(value, ast.Call):
        return False
    handed = [one for one in (*value.args, *(keyword.value for keyword in value.keywords)) if isinstance(one, ast.Name)]
    on = value.func.value if isinstance(value.func, ast.Attribute) else None
    return any(isinstance(one, ast.Name) and one.id in _GIVEN for one in (*handed, on))


def _kept(where: str, method: ast.FunctionDef, kind: str) -> Iterator[Oddity]:
    """What a method keeps elsewhere than in the state: on self, on its class, in its module."""
    local = {node.id for node in ast.walk(method) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    for node in _inside(method):
        if isinstance(node, ast.Global):
            yield Oddity(node.lineno, f"{where} changes {', '.join(node.names)} of its module, which {_LOST}")
        for target in _changed(node):
            root, name = _rooted(target)
            if root == "self" and name not in ("", "settings"):
                yield Oddity(target.lineno, f"{where} keeps {name!r} on self, which {_LOST}")
            elif root == kind and name:
                yield Oddity(target.lineno, f"{where} keeps {name!r} on its class, which {_LOST}")
            elif root.isupper() and not name and root not in local and not isinstance(target, ast.Name):
                yield Oddity(target.lineno, f"{where} changes {root} of its module, which {_LOST}")


def _changed(node: ast.AST) -> Iterator[ast.expr]:
    """Everything that one statement or call changes."""
    if isinstance(node, ast.Assign | ast.Delete):
        yield from (one for target in node.targets for one in _apart(target))
    elif isinstance(node, ast.AugAssign | ast.AnnAssign | ast.For):
        yield from _apart(node.target)
    elif isinstance(node, ast.With):
        yield from (one for item in node.items if item.optional_vars is not None for one in _apart(item.optional_vars))
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _CHANGES:
        yield ast.copy_location(ast.Subscript(node.func.value, ast.Constant(""), ast.Store()), node)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "setattr" and len(node.args) > 1:
        name = node.args[1]
        attribute = str(name.value) if isinstance(name, ast.Constant) else "something"
        yield ast.copy_location(ast.Attribute(node.args[0], attribute, ast.Store()), node)


def _apart(target: ast.expr) -> Iterator[ast.expr]:
    """The targets of an assignment that has several: `self.a, self.b = ...`."""
    if isinstance(target, ast.Tuple | ast.List):
        for inner in target.elts:
            yield from _apart(inner)
    else:
        yield target.value if isinstance(target, ast.Starred) else target


def _rooted(target: ast.expr) -> tuple[str, str]:
    """The name that what is changed belongs to, with the attribute of that which is changed; a class is named, too, as type(self)."""
    while isinstance(target, ast.Subscript):
        target = target.value
    attribute = ""
    while isinstance(target, ast.Attribute):
        attribute, target = (attribute if target.attr == "__class__" else target.attr), target.value
        while isinstance(target, ast.Subscript):
            target = target.value
    if isinstance(target, ast.Call) and isinstance(target.func, ast.Name) and target.func.id == "type":
        return "self", attribute
    return (target.id, attribute) if isinstance(target, ast.Name) else ("", attribute)
