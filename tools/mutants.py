"""Make mutants of a Python module: the module with one small mistake, such as people make.

Prose is left alone: docstrings, annotations, messages of errors, and strings with a blank in them, unless
they are tables of rows, from which a line at a time is taken away.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass

SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or,
    ast.Or: ast.And, ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Add, ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.BitXor: ast.BitOr,
    ast.LShift: ast.RShift, ast.RShift: ast.LShift,
}  # fmt: skip
CALLS = {"min": "max", "max": "min", "any": "all", "all": "any"}
NAMED = (ast.Name, ast.Attribute, ast.Call, ast.NamedExpr)
"""Conditions to negate; those with an operator have it exchanged."""

LEFT_ALONE = ("annotation", "returns", "decorator_list", "type_params", "bases")
SLOTS = ("__slots__", "__all__")


@dataclass(frozen=True, slots=True)
class Mutant:
    """One mutant: which of a line's, what was there, what is there instead, and the module as a tree."""

    line: int
    number: int
    before: str
    after: str
    tree: ast.Module


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a node hangs in the tree: its parent's field, and the index in it if that is a list."""

    parent: ast.AST
    field: str
    index: int | None


def mutants(source: str) -> Iterator[Mutant]:
    """Yield every mutant of a module, in the order of the places where they differ from it."""
    module = ast.parse(source)
    numbers: dict[int, int] = {}
    for node, place in list(_nodes(module)):
        line = _line(node)
        for other in _others(node):
            numbers[line] = numbers.get(line, 0) + 1
            yield _mutant(module, node, place, other, numbers[line])


def _mutant(module: ast.Module, node: ast.AST, place: _Place, other: ast.AST, number: int) -> Mutant:
    """Hang another node in for a moment and copy the tree."""
    _hang(place, other)
    ast.copy_location(other, node)
    tree = ast.fix_missing_locations(copy.deepcopy(module))
    _hang(place, node)
    return Mutant(_line(node), number, _shown(node), _shown(other), tree)


def _line(node: ast.AST) -> int:
    """Return the line of a node; a comprehension's `for` has that of its variable."""
    return int(getattr(node.target if isinstance(node, ast.comprehension) else node, "lineno", 0))


def _hang(place: _Place, node: ast.AST) -> None:
    if place.index is None:
        setattr(place.parent, place.field, node)
    else:
        getattr(place.parent, place.field)[place.index] = node


def _shown(node: ast.AST) -> str:
    return " ".join(ast.unparse(node).split())[:100]


def _nodes(parent: ast.AST) -> Iterator[tuple[ast.AST, _Place]]:
    """Yield the nodes that may be mutated, with their places."""
    for field, value in ast.iter_fields(parent):
        if field in LEFT_ALONE:
            continue
        for index, node in enumerate(value if isinstance(value, list) else [value]):
            if isinstance(node, ast.AST) and not _is_prose(parent, field, index, node):
                yield node, _Place(parent, field, index if isinstance(value, list) else None)
                if not isinstance(node, ast.Raise):
                    yield from _nodes(node)


def _is_prose(parent: ast.AST, field: str, index: int, node: ast.AST) -> bool:
    """Tell whether a node is a text for people, an import, a type, or a list of attributes."""
    if isinstance(node, ast.Import | ast.ImportFrom | ast.JoinedStr):
        return True
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True
    if isinstance(node, ast.AnnAssign) and ast.unparse(node.annotation) == "TypeAlias":
        return True
    names = node.targets if isinstance(node, ast.Assign) else []
    return any(isinstance(name, ast.Name) and name.id in SLOTS for name in names)


def _others(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what may stand in a node's place."""
    yield from _operators(node)
    if isinstance(node, ast.Constant):
        yield from _constants(node)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS:
        yield ast.Call(ast.Name(CALLS[node.func.id], ast.Load()), node.args, node.keywords)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
        yield node.operand
    elif isinstance(node, ast.If | ast.While | ast.IfExp) and isinstance(node.test, NAMED):
        negated = copy.copy(node)
        negated.test = ast.UnaryOp(ast.Not(), node.test)
        yield negated
    elif isinstance(node, ast.comprehension) and node.ifs:
        for index in range(len(node.ifs)):
            fewer = copy.copy(node)
            fewer.ifs = node.ifs[:index] + node.ifs[index + 1 :]
            yield fewer
    elif isinstance(node, ast.Return) and node.value is not None:
        if not isinstance(node.value, ast.Constant):  # constants have mutants of their own
            yield ast.Return(ast.Constant(None))
    elif _is_left_out(node):
        yield ast.Pass()


def _is_left_out(node: ast.AST) -> bool:
    """Tell whether a statement may be left out, which one that binds a name may not."""
    if isinstance(node, ast.Assign):
        return not isinstance(node.targets[0], ast.Name)
    return isinstance(node, ast.Expr | ast.AugAssign | ast.Raise | ast.Continue | ast.Break)


def _operators(node: ast.AST) -> Iterator[ast.AST]:
    """Yield an expression with one of its operators exchanged."""
    if isinstance(node, ast.BinOp | ast.BoolOp | ast.AugAssign):
        swapped = SWAPS.get(type(node.op))
        if swapped is not None:
            other = copy.copy(node)
            other.op = swapped()  # type: ignore[assignment]
            yield other
    elif isinstance(node, ast.Compare):
        for index, operator in enumerate(node.ops):
            compared = copy.copy(node)
            compared.ops = [*node.ops]
            compared.ops[index] = SWAPS[type(operator)]()  # type: ignore[call-overload]
            yield compared


def _constants(node: ast.Constant) -> Iterator[ast.AST]:
    value = node.value
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int):
        yield ast.Constant(value + 1)
    elif isinstance(value, str | bytes) and "\n" not in str(value) and " " not in str(value):
        yield ast.Constant(value + (b"?" if isinstance(value, bytes) else "?"))  # type: ignore[operator]
    elif isinstance(value, str) and "\n" in value:
        lines = value.split("\n")
        for index, line in enumerate(lines):
            if line.strip():
                yield ast.Constant("\n".join(lines[:index] + lines[index + 1 :]))
