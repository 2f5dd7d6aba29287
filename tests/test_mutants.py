"""The mutants of `make mutation` are small mistakes in code and data, and leave prose alone."""

from __future__ import annotations

import ast

import pytest

from tools.mutants import mutants


def changes(source: str) -> list[tuple[str, str]]:
    """Return what each mutant of a module exchanges for what."""
    return [(mutant.before, mutant.after) for mutant in mutants(source)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = a < b", [("a < b", "a <= b")]),
        ("x = a <= b < c", [("a <= b < c", "a < b < c"), ("a <= b < c", "a <= b <= c")]),
        ("x = a and b", [("a and b", "a or b")]),
        ("x = a + b", [("a + b", "a - b")]),
        ("x = not a", [("not a", "a")]),
        ("x = min(a, b)", [("min(a, b)", "max(a, b)")]),
        ("x = 7", [("7", "8")]),
        ("x = True", [("True", "False")]),
        ("x = 'word'", [("'word'", "'word?'")]),
        ("x = [a for a in b if a]", [("for a in b if a", "for a in b")]),
        ("def f():\n    return a", [("return a", "return None")]),
        ("raise ValueError(f'no {x}')", [("raise ValueError(f'no {x}')", "pass")]),
        ("a.b = c", [("a.b = c", "pass")]),
        ("if a: b = c", [("if a: b = c", "if not a: b = c")]),
    ],
)
def test_mistakes(source: str, expected: list[tuple[str, str]]) -> None:
    """Each kind of place has its mistakes."""
    assert changes(source) == expected


def test_table_loses_a_row_at_a_time() -> None:
    """A text of several lines is a table: each mutant lacks one line that is not blank."""
    found = [ast.unparse(mutant.tree) for mutant in mutants("x = '''\na b\nc d\n'''")]
    assert found == ["x = '\\nc d\\n'", "x = '\\na b\\n'"]


@pytest.mark.parametrize(
    "source",
    [
        "'''What the module is.'''",
        "from a import b",
        "x = f'{a} or so'",
        "x = 'several words'",
        "__slots__ = ('a', 'b')",
        "x: Literal['a']",
        "X: TypeAlias = Literal['a']",
        "@a('b')\ndef f(): ...",
    ],
)
def test_prose_is_left_alone(source: str) -> None:
    """Docstrings, imports, messages, annotations and decorators have no mutants."""
    assert changes(source) == []


def test_module_itself_stays_as_it_is() -> None:
    """Each mutant has one mistake: those before it are taken back."""
    found = [ast.unparse(mutant.tree) for mutant in mutants("x = 1\ny = 2")]
    assert found == ["x = 2\ny = 2", "x = 1\ny = 3"]


def test_mutants_of_a_line_are_numbered() -> None:
    """Two mutants of a line that read alike are told apart by their numbers."""
    assert [(mutant.line, mutant.number) for mutant in mutants("x = f(0, 0)\ny = 0")] == [
        (1, 1), (1, 2), (2, 1),
    ]  # fmt: skip
    assert [mutant.line for mutant in mutants("x = [\n    a\n    for a in b if a\n]")] == [3]


def test_mutants_compile() -> None:
    """Each mutant of a real module is a module, which differs from it, and no two are the same."""
    with open(mutants.__code__.co_filename, encoding="utf-8") as file:
        source = file.read()
    trees = [mutant.tree for mutant in mutants(source)]
    assert all(compile(tree, "mutant", "exec") for tree in trees)
    texts = [ast.unparse(tree) for tree in trees]
    assert ast.unparse(ast.parse(source)) not in texts
    assert len(set(texts)) == len(texts) > 50
