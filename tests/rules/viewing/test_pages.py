"""Pages of the reading time, and where a text is broken into them."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rules.viewing.pages import LEAST, MOST, MOST_PAGES, Block, divide, page_at, page_range, page_ranges, weight

counts = st.integers(1, 500)
lengths = st.integers(1, 172_800_000)
blocks = st.lists(
    st.builds(Block, st.sampled_from([0, 1, 60, 400, LEAST, 1500, MOST + 1, 9000]), st.booleans(), st.booleans()),
    max_size=80,
)


@given(counts, lengths)
def test_pages_fill_the_reading_time_without_gap_or_overlap(count: int, length_ms: int) -> None:
    ranges = page_ranges(count, length_ms)
    assert (len(ranges), ranges[0][0], ranges[-1][1]) == (count, 0, length_ms)
    assert all(before[1] == after[0] for before, after in pairwise(ranges))
    sizes = {end - start for start, end in ranges}
    assert max(sizes) - min(sizes) <= 1, "every page has the same part"


@given(counts, lengths, st.data())
def test_a_moment_lies_on_its_page(count: int, length_ms: int, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, length_ms - 1))
    start, end = page_range(page_at(at, count, length_ms), count, length_ms)
    assert start <= at < end


@pytest.mark.parametrize(("at", "page"), [(-1, 1), (0, 1), (29_999, 1), (30_000, 2), (60_000, 2), (10**9, 2)])
def test_moments_at_the_edges(at: int, page: int) -> None:
    assert page_at(at, 2, 60_000) == page


@pytest.mark.parametrize(("number", "count"), [(0, 3), (4, 3), (1, 0), (-1, 3)])
def test_there_is_no_such_page(number: int, count: int) -> None:
    with pytest.raises(ValueError, match="of"):
        page_range(number, count, 1000)


@given(blocks)
def test_every_block_stands_on_one_page_in_order(given_blocks: list[Block]) -> None:
    pages = divide(given_blocks)
    assert [at for page in pages for at in page] == list(range(len(given_blocks)))
    assert 1 <= len(pages) <= MOST_PAGES
    assert all(page for page in pages) or not given_blocks
    for page in pages[:-1]:
        assert sum(given_blocks[at].weight for at in page) >= LEAST, "a page is worth opening"
    assert divide(list(given_blocks)) == pages, "the same text always has the same pages"


def test_a_page_begins_with_a_heading_and_is_no_stub() -> None:
    part = [Block(8, heads=True, opens=True), Block(LEAST)]
    assert divide(part * 3) == [range(0, 2), range(2, 4), range(4, 6)]
    stub = [Block(8, heads=True, opens=True), Block(40)]
    assert divide(stub * 3) == [range(6)], "short sections share a page"
    assert divide(part + stub) == [range(4)], "a last page of a few words belongs to the one before"


def test_a_long_section_is_broken_and_its_heading_goes_along() -> None:
    assert divide([Block(900)] * 5) == [range(0, 2), range(2, 4), range(4, 5)]
    text = [Block(1000), Block(900), Block(20, heads=True), Block(1000), Block(900)]
    assert divide(text) == [range(0, 2), range(2, 5)]


def test_a_very_long_text_has_larger_pages() -> None:
    assert 40 < len(divide([Block(1000, opens=True)] * 400)) <= MOST_PAGES


def test_the_weight_of_words() -> None:
    assert (weight("汉字"), weight("a b\n"), weight("")) == (4, 2, 0)
