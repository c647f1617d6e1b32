"""Which cassette a test has, by its markers, its parameters and the folders that are chosen."""

from __future__ import annotations

from tests.pytest_plugin.project import Project

MANY = """
import os, httpx, pytest

def ask(path):
    return httpx.get(os.environ["UPSTREAM"] + path).json()["path"]

@pytest.mark.cassette("checkout_flow.json")
def test_named():
    assert ask("/named") == "/named"

@pytest.mark.cassette("inner/flow")
@pytest.mark.parametrize("item", ["tea", "a/b c"])
def test_parameters(item):
    assert ask("/" + item)

@pytest.mark.cassette
class TestClass:
    def test_in_class(self):
        assert ask("/class")

    @pytest.mark.cassette(live=["httpx"])
    def test_live(self):
        assert ask("/live")

@pytest.mark.cassette("login")
class TestShared:
    def test_one(self):
        assert ask("/one")

    def test_two(self):
        assert ask("/two")

def test_by_fixture(cassette):
    assert ask("/fixture")
    assert cassette.path.name == "test_by_fixture.json"
    assert cassette.mode in ("once", "none")
    assert cassette.is_replaying is (cassette.mode == "none")

def test_without():
    pass
"""
FILES = [
    "TestClass.test_in_class.json",
    "TestClass.test_live.json",
    "checkout_flow.json",
    "inner/flow[a-b-c]-b0b3feb6.json",
    "inner/flow[tea].json",
    "login/TestShared.test_one.json",
    "login/TestShared.test_two.json",
    "test_by_fixture.json",
]


def test_each_test_has_a_cassette_of_its_own(project: Project) -> None:
    project.write("test_it.py", MANY)
    project.passes()
    names = [name.removeprefix("cassettes/test_it/") for name in project.cassettes]
    assert names == FILES
    asked = list(project.upstream.asked)
    project.passes("--record-mode=none")
    assert project.upstream.asked == [*asked, "/live"]


CHOSEN = """
import os, httpx, pytest

@pytest.mark.cassette
def test_it():
    httpx.get(os.environ["UPSTREAM"] + "/tea")
"""
OWN = """
import pytest

@pytest.fixture(scope="module")
def cassette_dir(tmp_path_factory, request):
    return request.path.parent / "mine"

@pytest.fixture(autouse=True)
def asks_before():
    import os, httpx
    httpx.get(os.environ["UPSTREAM"] + "/before")
"""


def test_the_folder_is_chosen_by_fixture_option_or_configuration(project: Project) -> None:
    project.write("a/test_one.py", CHOSEN)
    project.write("b/test_one.py", CHOSEN)
    project.write("b/conftest.py", OWN)
    project.write(
        "pytest.ini", "[pytest]\ncassette_dir = kept\naddopts = --import-mode=importlib\n"
    )
    project.passes()
    assert list(project.cassettes) == ["b/mine/test_it.json", "kept/a/test_one/test_it.json"]
    project.passes("--cassette-dir=other", "a")
    assert "other/a/test_one/test_it.json" in project.cassettes
    project.upstream.stop()
    project.passes()


SEVERAL = """
import os, httpx, pytest

@pytest.mark.cassette("{own}")
{above}
def test_it():
    for path in ("/a", "/b"):
        httpx.get(os.environ["UPSTREAM"] + path)
"""


def test_several_cassettes_answer_one_test(project: Project) -> None:
    project.write(
        "test_it.py", SEVERAL.format(own="a.json", above="").replace('"/a", "/b"', '"/a",')
    )
    project.passes()
    project.write(
        "test_it.py", SEVERAL.format(own="b.json", above="").replace('"/a", "/b"', '"/b",')
    )
    project.passes()
    project.upstream.stop()
    two = '@pytest.mark.cassette("b.json")'
    project.write("test_it.py", SEVERAL.format(own="a.json", above=two))
    project.passes("--record-mode=none")
    above = 'pytestmark = pytest.mark.cassette("b.json")\n'
    project.write("test_it.py", SEVERAL.format(own="a.json", above="").replace("@", above + "@", 1))
    project.passes("--record-mode=none")


WRONG = """
import pytest

@pytest.mark.cassette(mode="sometimes")
def test_mode(): pass

@pytest.mark.cassette(5)
def test_name(): pass

@pytest.mark.cassette(compares=True)
def test_option(): pass

@pytest.mark.cassette("same.json")
def test_first(): pass

@pytest.mark.cassette("same.json", mode="all")
def test_second(): pass
"""


def test_what_a_marker_cannot_mean_is_said(project: Project) -> None:
    project.write("test_it.py", WRONG)
    result = project.run()
    result.assert_outcomes(errors=4, passed=1)
    result.stdout.fnmatch_lines_random(
        [
            "*mode='sometimes' is none of once, none,*",
            "*a cassette is named by text, not by 5",
            "*the marker has no 'compares'; it has mode, compare,*",
            "*same.json was recorded by test_it.py::test_first just now*",
        ]
    )
