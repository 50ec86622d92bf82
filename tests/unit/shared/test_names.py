"""Names in order, found by halving."""

from hypothesis import given
from hypothesis import strategies as st

from shared.names import each_in_order, holds, in_order


@given(st.lists(st.text(max_size=3)), st.text(max_size=3))
def test_a_name_is_found_as_a_search_one_by_one_finds_it(names: list[str], name: str) -> None:
    assert holds(in_order(names), name) is (name in names)
    assert all(holds(in_order(names), each) for each in names)


def test_names_under_keys_are_sorted_each_once() -> None:
    assert each_in_order({"a": ["y", "x", "y"], "b": []}) == {"a": ("x", "y"), "b": ()}
