"""How a run of the benchmarks stands to the goals, where its file goes, what an interrupt leaves of it."""

import json
import os
import threading
from unittest import mock

import pytest

from benchmarks import goals, profiled, report, runner
from benchmarks.__main__ import main
from benchmarks.peers import PEERS
from benchmarks.workloads import cases
from tests.test_benchmarks import document, result


def figures(*ratios):
    """Return a run in which anygrad needs so many times what a peer does."""
    results = []
    for workload, peer, ratio in ratios:
        results += [result(workload, "anygrad", [ratio] * 3), result(workload, peer, [1.0] * 3)]
    return document(*results)


def test_every_goal_is_of_a_workload_and_a_peer_that_there_are():
    for device, wanted in goals.GOALS.items():
        known = cases(device=device)
        for goal in wanted:
            assert goal.workload in known and device in PEERS[goal.peer].devices, goal


def test_a_goal_is_met_or_missed_or_not_measured(monkeypatch):
    monkeypatch.setitem(goals.GOALS, "cpu", [goals.Goal("a", "torch", 0.5), goals.Goal("b", "numpy", 1.1)])
    text, met = goals.standing(figures(("a", "torch", 0.504), ("b", "numpy", 1.1)))
    assert met and [line.split()[-1] for line in text.splitlines()[2:]] == ["met", "met"]
    text, met = goals.standing(figures(("a", "torch", 0.52), ("b", "torch", 1.0)))
    assert not met and "a / torch" in text and "0.52        MISSED" in text
    assert text.splitlines()[-1].endswith("-  not measured")


def test_missed_goals_are_told_by_the_status(monkeypatch, capsys, tmp_path):
    found = figures(("rosenbrock", "torch", 0.3))
    monkeypatch.setattr(runner, "run", lambda *arguments: found)
    assert main(["rosenbrock"]) == 0 and "goal" not in capsys.readouterr().out
    assert main(["rosenbrock", "--goals"]) == 4 and "not measured" in capsys.readouterr().out
    monkeypatch.setitem(goals.GOALS, "cpu", [goals.Goal("rosenbrock", "torch", 0.35)])
    assert main(["rosenbrock", "--goals", "--json", str(tmp_path)]) == 0
    assert json.loads((tmp_path / "2026-01-01-2-cores.json").read_text()) == found


def test_a_file_is_named_by_date_and_card(made_up_machine="NVIDIA H100 80GB HBM3"):
    found = document()
    found["machine"]["device"] = made_up_machine
    assert report.file_name(found) == "2026-01-01-nvidia-h100-80gb-hbm3.json"


def test_one_sample_tells_nothing_of_the_noise():
    before, after = (document(result("w", "anygrad", [t])) for t in (1.0, 1.5))
    assert report.comparison(after, before)[1] == []
    before, after = (document(result("w", "anygrad", [t], measure="memory")) for t in (1.0, 1.5))
    assert report.comparison(after, before)[1] == ["w"]


def test_a_folder_takes_no_picture_and_a_picture_needs_matplotlib(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for arguments, told in (
        (["--plot", str(tmp_path / "a.svg")], "matplotlib is not installed"),
        (["--plot", str(tmp_path)], "expected a name that ends in .svg"),
    ):
        with pytest.raises(SystemExit):
            main(arguments)
        assert told in capsys.readouterr().err
    monkeypatch.setattr(os, "access", lambda file, mode: False)
    with pytest.raises(SystemExit):
        main(["--json", str(tmp_path / "a.json")])
    assert "a.json cannot be written: no permission" in capsys.readouterr().err


def test_a_process_that_was_killed_is_lost_and_not_the_run():
    worker = runner.Worker("numpy", cases(quick=True)["rosenbrock"], runner.Settings(quick=True))
    with worker:
        worker.answer()
        worker.process.kill()
        worker.process.wait()
        with pytest.raises(runner.Lost, match="its process ended with status -9"):
            worker.answer({"target": 0.001})


def test_imports_are_timed_in_as_many_rounds_as_a_warm_one_allows(monkeypatch):
    taken = {"anygrad": iter([9.0, *[0.1] * 20]), "numpy": iter([0.1] * 20)}
    monkeypatch.setattr(runner.Run, "imported", lambda self, peer, bytecode: next(taken[peer]))
    found = runner.run([cases()["start-up"]], list(taken), runner.Settings(rounds=7), say=lambda line: None)
    assert [len(r["samples"]) for r in found["results"]] == [7, 7]


def test_an_interrupt_ends_the_run_and_what_was_measured_is_written(monkeypatch, tmp_path, capsys):
    def time(self, case, peers):
        if case.name == "regression":
            raise KeyboardInterrupt
        self.record(case, "anygrad", [1.0, 1.0])

    monkeypatch.setattr(runner.Run, "time", time)
    file = tmp_path / "run.json"
    command = ["--quick", "--peers", "numpy", "--json", str(file)]
    assert main([*command, "regression"]) == 130 and not file.exists()
    assert main([*command, "rosenbrock", "regression", "gather"]) == 130
    found = json.loads(file.read_text())
    assert found["interrupted"] and [r["workload"] for r in found["results"]] == ["rosenbrock"]
    out, errors = capsys.readouterr()
    assert "interrupted: regression and what would have come after it have no result" in out + errors


def test_an_interrupt_leaves_no_thread_that_waits():
    worker = runner.Worker("numpy", cases(quick=True)["rosenbrock"], runner.Settings(quick=True))

    class Interrupted:
        def readline(self):
            raise KeyboardInterrupt

        def close(self):
            pass

    with worker, mock.patch.object(worker.process, "stdout", Interrupted()):
        with pytest.raises(KeyboardInterrupt):
            worker.answer()
        timers = [t for t in threading.enumerate() if isinstance(t, threading.Timer)]
        assert all(t.finished.is_set() for t in timers)
    assert worker.process.poll() is not None


def test_what_has_no_step_is_not_profiled(capsys):
    with pytest.raises(SystemExit):
        profiled.main(["--quick", "start-up"])
    assert "start-up measures start-up: it has no step to profile" in capsys.readouterr().err
