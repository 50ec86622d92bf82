"""Files and functions stay short."""

import ast
import io
import tokenize
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from tests.support.tree import PACKAGES, sources, text

FILE_LINES = 250
TEST_FILE_LINES = 400
FUNCTION_LINES = 40
MEDIAN_FUNCTION_LINES = 8

_NO_CODE = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}


def lines_of_code(source: str) -> set[int]:
    """Numbers of the lines that hold code: neither blank nor comment."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    code = [token for token in tokens if token.type not in _NO_CODE]
    return {line for token in code for line in range(token.start[0], token.end[0] + 1)}


def function_sizes(source: str) -> Iterator[tuple[str, int]]:
    """Name and lines of code of every function, without its signature and docstring."""
    code = lines_of_code(source)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            lines = {
                line
                for statement in body
                for line in range(statement.lineno, (statement.end_lineno or 0) + 1)
            }
            yield node.name, len(lines & code)


def too_long(paths: list[Path], limit: int) -> dict[str, int]:
    lengths = {str(path): len(text(path).splitlines()) for path in paths}
    return {name: length for name, length in lengths.items() if length > limit}


def test_files_are_within_their_ceiling() -> None:
    product = sources(".py", *PACKAGES) + sources(".lua", *PACKAGES)
    assert too_long(product, FILE_LINES) == {}
    assert too_long(sources(".py", "tests"), TEST_FILE_LINES) == {}


def test_functions_are_within_their_ceiling() -> None:
    sizes = {
        f"{path}:{name}": size
        for path in sources(".py", *PACKAGES, "tests")
        for name, size in function_sizes(text(path))
    }
    assert {name: size for name, size in sizes.items() if size > FUNCTION_LINES} == {}


def test_most_functions_of_the_product_are_very_short() -> None:
    sizes = [size for path in sources(".py", *PACKAGES) for _, size in function_sizes(text(path))]
    typical = median(sizes)
    print(f"{len(sizes)} functions, median {typical:g} lines of code")  # noqa: T201 - for -s
    assert typical <= MEDIAN_FUNCTION_LINES


def test_only_code_counts() -> None:
    source = '''
def one(
    argument,
):
    """Documentation."""

    # a comment
    return [
        argument,
    ]
'''
    assert list(function_sizes(source)) == [("one", 3)]
