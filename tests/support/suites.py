"""Three suites as users of pytest-benchmark write them; the last has one test for each possible mistake."""

from __future__ import annotations

LIBRARY = """
def add_up(count):
    total = 0
    for number in range(count):
        total += number * number
    return total
"""

SUMS = """
import asyncio
import contextvars

import pytest
import add_up_of_a_test as library

PLACE = contextvars.ContextVar("place")

@pytest.mark.benchmark(group="sums")
def test_sum(benchmark):
    print("said by the test")
    benchmark.extra_info["count"] = 300
    assert benchmark(library.add_up, count=300) == 8955050
    assert 0 < benchmark.stats.stats.mean == benchmark.stats["mean"]

@pytest.mark.parametrize("count", [10, 1000])
def test_many(benchmark, count):
    assert benchmark.pedantic(library.add_up, args=(count,), rounds=5, iterations=10) > 0

def test_async(benchmark):
    async def nothing():
        await asyncio.sleep(0)
        return PLACE.get()
    PLACE.set("here")
    with asyncio.Runner() as runner:
        assert benchmark(lambda: runner.run(nothing(), context=contextvars.copy_context())) == "here"

def test_without():
    pass
"""

DATABASE = """
import sqlite3

import pytest

@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("databases")

@pytest.fixture
def database(folder):
    connection = sqlite3.connect(folder / "numbers.db")
    connection.execute("create table numbers (number)")
    yield connection
    connection.close()
    (folder / "numbers.db").unlink()

class TestDatabase:
    def test_insert(self, benchmark, database):
        def setup():
            database.execute("delete from numbers")
            return (database, range(50)), {}
        def insert(connection, numbers):
            connection.executemany("insert into numbers values (?)", [(number,) for number in numbers])
            return connection.execute("select count(*) from numbers").fetchone()[0]
        assert benchmark.pedantic(insert, setup=setup, rounds=10) == 50

    def test_count(self, benchmark, database):
        assert benchmark(lambda: database.execute("select count(*) from numbers").fetchone()) == (0,)
"""

WRONG = """
import pytest

def test_wrong(benchmark):
    assert benchmark(len, "ab") == 3

def test_twice(benchmark):
    benchmark(len, "ab")
    benchmark(len, "ab")

def test_never(benchmark):
    pass

def test_raising(benchmark):
    benchmark(int, "no number")

def test_expected(benchmark):
    with pytest.raises(ValueError):
        benchmark(int, "no number")

@pytest.mark.skip(reason="not today")
def test_skipped(benchmark):
    benchmark(len, "ab")

def test_before(benchmark):
    assert 1 == 2

@pytest.fixture
def broken():
    yield
    raise OSError("cannot be removed")

def test_teardown(benchmark, broken):
    benchmark(len, "ab")
"""
