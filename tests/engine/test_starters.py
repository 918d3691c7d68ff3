"""Both ways to start a child, with the programs that the server starts."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Collection
from pathlib import Path

import pytest

from azenha.engine.sandbox import forking, tree
from azenha.engine.sandbox.child import CannotStart, Starter
from azenha.engine.sandbox.forking import Forking
from azenha.engine.sandbox.spawning import Spawning
from azenha.testing.sandbox import StarterConformance, eventually

IMPORT_TIME = 60.0


def spawning() -> Spawning:
    return Spawning([sys.executable, "-m", "azenha", "child"])


class TestSpawning(StarterConformance):
    def make_starter(self, folder: Path) -> Starter:
        return spawning()


@pytest.mark.skipif(not forking.available(), reason="children are forked only on Linux")
class TestForking(StarterConformance):
    def make_starter(self, folder: Path) -> Starter:
        return Forking([sys.executable, "-m", "azenha", "warm", "576"], spawning(), IMPORT_TIME)

    def test_a_killed_warm_parent_is_replaced_and_its_children_end(self, tmp_path: Path) -> None:
        with self.started(tmp_path) as it:
            child, pid = it.waiting()
            (warm,) = [p for p in tree.children(os.getpid()) if pid in tree.children(p)]
            os.kill(warm, signal.SIGKILL)
            assert child.exit_code(30) == -signal.SIGKILL
            eventually(lambda: not Path(f"/proc/{pid}").exists())
            child.close()
            fresh = it.child()
            answer = it.run(fresh, "double", n=4)
            assert answer is not None
            assert answer["t"] == "done"
            fresh.close()

    def test_children_share_one_warm_parent_until_it_is_idle(self, tmp_path: Path) -> None:
        with self.started(tmp_path) as it:
            before = set(tree.children(os.getpid()))
            first, _ = it.waiting()
            second, _ = it.waiting()
            (warm,) = set(tree.children(os.getpid())) - before
            it.starter.tidy(0)
            assert Path(f"/proc/{warm}").exists(), "it has children with jobs"
            for child in (first, second):
                child.kill()
                assert child.exit_code(30) is not None
                child.close()
            it.starter.tidy(3600)
            assert Path(f"/proc/{warm}").exists(), "it is needed again soon"
            it.starter.tidy(0)
            eventually(lambda: not Path(f"/proc/{warm}").exists())

    def test_who_has_closed_it_may_start_what_it_wants(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The end of a warm parent leaves orphans, and what is no child of ours is taken for one."""
        closed, late = threading.Event(), []
        kill_orphans = tree.kill_orphans

        def slowly(*known: Collection[int]) -> None:
            late.append(closed.wait(0.3))
            kill_orphans(*known)

        with self.started(tmp_path) as it:
            child, _ = it.waiting()
            monkeypatch.setattr(tree, "kill_orphans", slowly)
            it.starter.close()
            closed.set()
            child.close()
        assert late == [False]

    def test_a_source_with_threads_is_not_forked(self, tmp_path: Path) -> None:
        text = (
            "import threading, time, os\nfrom azenha import process\n"
            "threading.Thread(target=time.sleep, args=(600,), daemon=True).start()\n"
            "@process\ndef double(n: int) -> int:\n    return n * 2\n"
        )
        with self.started(tmp_path, text) as it:
            child = it.child()
            pid = child.pid()
            assert pid in tree.children(os.getpid()), "it was spawned, by this process itself"
            answer = it.run(child, "double", n=4)
            assert answer is not None
            assert answer["t"] == "done"
            child.close()

    def test_its_children_are_forked_after_a_rehearsal(self, tmp_path: Path) -> None:
        text = (
            "import sys\nfrom azenha import process\n"
            "@process\ndef double(n: int) -> bool:\n    return 'azenha.engine.rehearsal' in sys.modules\n"
        )
        with self.started(tmp_path, text) as it:
            child = it.child()
            answer = it.run(child, "double", n=4)
            assert answer is not None
            assert answer["values"]["result"][0][1] == ["b", True]
            child.close()

    def test_an_import_that_does_not_end_is_given_up(self, tmp_path: Path) -> None:
        class Impatient(TestForking):
            def make_starter(self, folder: Path) -> Starter:
                return Forking([sys.executable, "-m", "azenha", "warm", "576"], spawning(), 2.0)

        with (
            Impatient().started(tmp_path, "import time\ntime.sleep(600)") as it,
            pytest.raises(forking.CannotStart, match=r"children\.import_time"),
        ):
            it.child()

    def test_a_warm_parent_that_no_process_can_be_made_for_is_told_as_that(self, tmp_path: Path) -> None:
        starter = Forking([str(tmp_path / "no program")], spawning(), IMPORT_TIME)
        with pytest.raises(CannotStart, match="no process can be started: "):
            starter.start("{}", 0)
        starter.close()
