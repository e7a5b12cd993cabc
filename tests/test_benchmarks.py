"""The benchmark suite works and reads its own figures right; what the hot path costs has not risen.

Wall-clock decides nothing here: figures are made up, or counted.
"""

import json
import xml.etree.ElementTree

import numpy as np
import pytest

from benchmarks import overhead, report, runner
from benchmarks.__main__ import main
from benchmarks.peers import PEERS, environment, peers_for
from benchmarks.worker import checked, differing
from benchmarks.workloads import Case, Unsupported, cases, chosen

ALL = cases(quick=True, device="cuda")
TIMED = [name for name, case in ALL.items() if case.measure == "time"]


def result(workload, peer, samples, per="", measure="time"):
    found = {"workload": workload, "peer": peer, "measure": measure, "per": per, "steps": 1}
    return found | runner.summary(samples)


def document(*results, **changed):
    settings = runner.Settings(rounds=3)._replace(**changed)._asdict()
    return {
        "format": 1,
        "date": "2026-01-01T00:00:00+00:00",
        "settings": settings,
        "machine": {"processor": "a processor", "cores": 2, "system": "a system"},
        "versions": {"python": "3.11.0", "numpy": "2.4.0"},
        "results": list(results),
        "skipped": [],
        "failed": [],
    }


@pytest.fixture
def made_up():
    return document(
        result("chain", "anygrad", [2.1e-6, 2.2e-6, 2.3e-6], per="operation"),
        result("chain", "numpy", [1.1e-6, 1.1e-6, 1.1e-6], per="operation"),
        result("chain", "torch", [4.4e-6, 4.4e-6, 4.4e-6], per="operation"),
        result("memory", "anygrad", [3 * 2**30], measure="memory"),
        result("memory", "torch", [6 * 2**30], measure="memory"),
        result("gather", "torch", [0.5]),
    )


# ---------------------------------------------------------------- workloads


@pytest.mark.parametrize("name", TIMED)
def test_anygrad_agrees_with_the_hand_written_code(name):
    try:
        step = checked(PEERS["anygrad"]("cpu"), ALL[name])
    except Unsupported as reason:
        pytest.skip(str(reason))
    first = step()
    assert len(first) == len(step())


@pytest.mark.parametrize("name", TIMED)
def test_a_case_has_the_same_inputs_every_time(name):
    one, other = (vars(ALL[name].inputs()) for _ in range(2))
    assert list(one) == list(other)
    for key, value in one.items():
        np.testing.assert_equal(value, other[key])


@pytest.mark.parametrize("case", ALL.values(), ids=lambda case: case.name)
def test_every_workload_says_what_it_stands_for_and_who_does_it(case):
    assert ": " in case.about and case.about.endswith(".")
    if case.measure == "start-up":
        return
    reasons = getattr(case.module, "CANNOT", {})
    for name, peer in PEERS.items():
        assert hasattr(case.module, peer.function) != (name in reasons), name


def test_cuda_has_the_cases_of_the_cpu_and_larger_ones():
    assert set(cases()) | {"elementwise-64M", "matmul"} == set(cases(device="cuda"))
    large = cases(device="cuda")["elementwise-64M"]
    assert large.parameters == {"n": 64_000_000, "dtype": "float32"}
    assert large.tiny.parameters == ALL["elementwise-64M"].parameters == {"n": 1000, "dtype": "float32"}


def test_a_case_that_takes_minutes_by_hand_is_checked_on_a_tiny_one(monkeypatch):
    case = ALL["matmul"]._replace(parameters={"n": 40})
    made = []
    monkeypatch.setattr(
        case.module, "inputs", lambda n, inputs=case.module.inputs: made.append(n) or inputs(n)
    )
    assert checked(PEERS["anygrad"]("cpu"), case)()[0].shape == (40, 40) and made == [16, 40]
    right = case.module.anygrad
    monkeypatch.setattr(case.module, "anygrad", lambda *given: lambda: [2 * a for a in right(*given)()])
    with pytest.raises(ArithmeticError, match="result 0 is off"):
        checked(PEERS["anygrad"]("cpu"), case)


def test_every_peer_computes_float32_in_float32():
    for name in PEERS:
        assert environment(name, "cuda", 1)["NVIDIA_TF32_OVERRIDE"] == "0"
    assert environment("jax", "cuda", 1)["JAX_DEFAULT_MATMUL_PRECISION"] == "highest"


def test_cases_are_chosen_by_how_their_names_begin():
    assert [case.name for case in chosen(["elementwise", "gather"], cases())] == [
        "elementwise-float32",
        "elementwise-float64",
        "gather",
    ]
    assert len(chosen([], cases())) == len(cases())
    with pytest.raises(LookupError, match="no workload is called 'nothing'"):
        chosen(["nothing"], cases())


@pytest.mark.parametrize(
    ("got", "why"),
    [
        ([np.float64(1.0), np.ones(2)], None),
        ([np.float64(1.0)], "1 results, not 2"),
        ([np.float64(1.0), np.ones(3)], "shape"),
        ([np.float64(1.0), np.ones(2, dtype=np.float32)], "dtype float32"),
        ([np.float64(1.0), np.array([1.0, 1.001])], "off by 0.001"),
        ([np.float64(np.nan), np.ones(2)], "off by nan"),
    ],
)
def test_a_wrong_result_is_noticed(got, why):
    found = differing([np.asarray(a) for a in got], [np.asarray(1.0), np.ones(2)])
    assert found is None if why is None else why in found


# ---------------------------------------------------------------- a run, end to end


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    folder = tmp_path_factory.mktemp("benchmarks")
    files = folder / "run.json", folder / "run.svg"
    command = ["--quick", "--peers", "numpy", "--rounds", "2", "rosenbrock", "memory"]
    status = main([*command, "--json", str(files[0]), "--plot", str(files[1])])
    return status, json.loads(files[0].read_text()), files


def test_a_quick_run_measures_both_peers(ran):
    status, found, _ = ran
    assert status == 0 and found["failed"] == found["skipped"] == []
    pairs = [(r["workload"], r["peer"], len(r["samples"])) for r in found["results"]]
    assert pairs == [
        ("rosenbrock", "anygrad", 2),
        ("rosenbrock", "numpy", 2),
        ("memory", "anygrad", 1),
        ("memory", "numpy", 1),
    ]
    assert all(0 < r["q1"] <= r["median"] <= r["q3"] for r in found["results"])
    assert {"python", "numpy", "anygrad"} <= set(found["versions"])
    assert found["machine"]["cores"] >= 1


def test_its_chart_is_a_picture(ran):
    root = xml.etree.ElementTree.parse(ran[2][1]).getroot()
    assert root.tag.endswith("svg") and len(list(root.iter())) > 50


def test_a_run_compares_with_itself(ran, capsys):
    found = ran[1]
    text, slower = report.comparison(found, found)
    assert slower == [] and "+0.0%" in text


def test_a_peer_that_is_not_installed_is_skipped_with_a_line(monkeypatch):
    monkeypatch.setattr(PEERS["mygrad"], "imported", "a_module_that_is_not_there")
    said = []
    found = runner.run([], ["anygrad", "mygrad"], runner.Settings(), say=said.append)
    assert said == ["mygrad skipped: not installed"]
    assert [s["peer"] for s in found["skipped"]] == ["mygrad"]


def test_a_peer_that_fails_is_reported_and_the_others_go_on(monkeypatch):
    start = cases(quick=True)["start-up"]
    imported = runner.Run.imported

    def failing(self, peer, bytecode):
        if peer == "numpy":
            raise runner.Lost("it broke")
        return imported(self, peer, bytecode)

    monkeypatch.setattr(runner.Run, "imported", failing)
    settings = runner.Settings(rounds=1, quick=True)
    found = runner.run([start], ["anygrad", "numpy"], settings, say=lambda line: None)
    assert [r["peer"] for r in found["results"]] == ["anygrad"]
    assert found["failed"] == [{"workload": "start-up", "peer": "numpy", "why": "it broke"}]


def test_an_error_in_a_process_is_told_and_the_process_ends():
    case = Case("a workload that is not there", cases()["gather"].module, {})
    worker = runner.Worker("numpy", case, runner.Settings(quick=True))
    with worker, pytest.raises(runner.Lost, match="KeyError"):
        worker.answer()
    assert worker.process.poll() is not None


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nothing"], "no workload is called 'nothing'"),
        (["--peers", "nobody"], "no peer 'nobody' for cpu"),
        (["--device", "cuda", "--peers", "numpy"], "no peer 'numpy' for cuda"),
        (["--rounds", "0"], "expected a number of at least 1, got '0'"),
        (["--compare", "not/there.json"], "not/there.json cannot be read: No such file"),
        (["--compare", "README.md"], "README.md is no JSON"),
        (["--compare", "benchmarks/overhead.json"], "overhead.json is not of a run"),
        (["--json", "not/there.json"], "there is no folder not"),
        (["--goals", "--quick"], "--goals is of full inputs and one thread"),
        (["--goals", "--threads", "2"], "--goals is of full inputs and one thread"),
        (["--plot", "chart.foo"], "expected a name that ends in .svg"),
    ],
)
def test_a_wrong_command_line_ends_with_status_2(arguments, told, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert told in capsys.readouterr().err


def test_a_device_that_is_not_there_ends_with_status_1_before_anything_runs(monkeypatch, capsys):
    monkeypatch.setattr(PEERS["anygrad"], "missing", lambda self: f"no {self.device} here")
    assert main(["--device", "cuda"]) == 1
    assert capsys.readouterr().out == "nothing to measure: no cuda here\n"


def test_list_names_every_workload(capsys):
    assert main(["--list"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(cases())


def test_the_peers_of_a_device_begin_with_anygrad():
    assert peers_for("cpu") == ["anygrad", "numpy", "torch", "jax", "jax-eager", "autograd", "mygrad"]
    assert peers_for("cuda") == ["anygrad", "cupy", "torch", "jax"]


# ---------------------------------------------------------------- how figures are read


def test_ratios_and_their_geometric_mean(made_up):
    found = report.ratios(made_up)
    assert list(found) == ["chain", "memory"]
    assert found["chain"] == pytest.approx({"numpy": 2.0, "torch": 0.5})
    assert report.geometric_mean(r["torch"] for r in found.values()) == pytest.approx(0.5)
    assert np.isnan(report.geometric_mean([]))


def test_tables_end_with_the_geometric_mean(made_up):
    lines = report.tables(made_up).splitlines()
    assert lines[0].split()[-3:] == ["anygrad", "numpy", "torch"]
    assert lines[2].split()[:3] == ["chain,", "per", "operation"]
    assert "2.20 µs ±  2 %" in lines[2]
    assert "3.00 GiB" in lines[3] and "6.00 GiB" in lines[3]
    assert lines[-3].split() == ["chain", "2.00", "0.50"]
    assert lines[-2].split() == ["memory", "-", "0.50"]
    assert lines[-1].split() == ["geometric", "mean", "2.00", "0.50"]


@pytest.mark.parametrize(
    ("value", "measure", "text"),
    [
        (1.5, "time", "1.50 s"),
        (0.0456, "time", "45.6 ms"),
        (123e-6, "time", "123 µs"),
        (4.2e-10, "time", "0.42 ns"),
        (6.4e9, "memory", "5.96 GiB"),
        (4096, "memory", "4.00 KiB"),
    ],
)
def test_quantities_have_three_digits(value, measure, text):
    assert report.quantity(value, measure) == text


def test_quartiles_are_those_of_the_samples():
    assert runner.summary([4.0, 1.0, 2.0, 3.0, 5.0]) | {"samples": 0} == {
        "q1": 2.0,
        "median": 3.0,
        "q3": 4.0,
        "samples": 0,
    }
    assert runner.summary([7.0])["q1"] == runner.summary([7.0])["q3"] == 7.0


@pytest.mark.parametrize(
    ("now", "by_hand", "mark", "counted"),
    [
        ([2.0, 2.1, 2.2], [1.0, 1.0, 1.0], "", False),
        ([2.0, 2.4, 3.0], [1.0, 1.0, 1.0], "", False),  # slower, but the quartiles' ranges meet
        ([2.5, 2.6, 2.7], [1.0, 1.0, 1.0], "SLOWER", True),
        ([2.5, 2.6, 2.7], [1.3, 1.3, 1.3], "slower, as by hand is", False),
        ([1.0, 1.1, 1.2], [1.0, 1.0, 1.0], "faster", False),
    ],
)
def test_what_got_slower_by_more_than_the_noise_is_marked(now, by_hand, mark, counted):
    before = document(result("w", "anygrad", [2.0, 2.1, 2.3]), result("w", "numpy", [1.0, 1.0, 1.0]))
    after = document(result("w", "anygrad", now), result("w", "numpy", by_hand))
    text, slower = report.comparison(after, before)
    assert text.splitlines()[2].endswith("  " + mark if mark else "%")
    assert slower == (["w"] if counted else [])


def test_a_change_below_the_floor_is_noise():
    before = document(result("w", "anygrad", [1.0, 1.0, 1.0]))
    assert report.comparison(document(result("w", "anygrad", [1.01] * 3)), before)[1] == []
    assert report.comparison(document(result("w", "anygrad", [1.03] * 3)), before)[1] == ["w"]


def test_comparison_names_other_versions_and_refuses_other_settings(made_up):
    before = json.loads(json.dumps(made_up))
    before["versions"]["numpy"] = "1.0"
    before["versions"]["jax"] = "1.0"  # which did not run again
    told = report.comparison(made_up, before)[0]
    assert "numpy was 1.0, is 2.4.0" in told and "jax" not in told
    before["settings"]["threads"] = 2
    with pytest.raises(ValueError, match="threads=2"):
        report.comparison(made_up, before)


def test_compare_on_the_command_line_says_slower_by_its_status(ran, tmp_path, monkeypatch, capsys):
    found = ran[1]
    before = json.loads(json.dumps(found))
    for r in before["results"]:
        if r["peer"] == "anygrad":
            r |= runner.summary([s / 100 for s in r["samples"]])
    (tmp_path / "old.json").write_text(json.dumps(before))
    monkeypatch.setattr(runner, "run", lambda *arguments: found)
    command = ["--quick", "rosenbrock", "--compare", str(tmp_path / "old.json")]
    assert main(command) == 3
    assert "SLOWER" in capsys.readouterr().out
    found_failed = found | {"failed": [{"workload": "w", "peer": "p", "why": "wrong"}]}
    monkeypatch.setattr(runner, "run", lambda *arguments: found_failed)
    assert main(command) == 1


# ---------------------------------------------------------------- overhead


def test_counting_is_of_every_function_that_runs():
    names = {}
    exec("def inner(n):\n    return n\n\ndef outer(f):\n    return f(1) + f(2)\n", names)
    outer, inner = names["outer"], names["inner"]
    (alone, calls), (both, more) = (overhead.count(lambda f=f: outer(f)) for f in (abs, inner))
    assert (calls, more) == (2, 4)  # the lambda and outer; and inner twice
    (empty, _), (once, _) = overhead.count(lambda: None), overhead.count(lambda: inner(1))
    assert 0 < empty < once < alone < both
    assert overhead.count(lambda: outer(inner)) == overhead.count(lambda: outer(inner))


def test_a_rise_of_more_than_five_percent_is_noticed():
    before = {"p": {"calls": 100.0, "instructions": 1000.0}}
    assert overhead.risen({"p": {"calls": 105.0, "instructions": 900.0}}, before) == []
    assert overhead.risen({"p": {"calls": 106.0, "instructions": 900.0}}, before) == [
        "p: calls rose from 100 to 106 an operation"
    ]
    assert len(overhead.risen({"p": {"calls": 100.0}, "q": {"calls": 1.0}}, before)) == 2


def test_the_hot_path_costs_no_more_than_it_did(capsys):
    if overhead.PYTHON not in json.loads(overhead.FILE.read_text()):
        pytest.skip(f"there are no figures for Python {overhead.PYTHON}")
    assert overhead.main([]) == 0, capsys.readouterr().out


def test_figures_are_those_of_one_version(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(overhead, "FILE", tmp_path / "overhead.json")
    monkeypatch.setattr(overhead, "counted", lambda: {"p": {"calls": 2.0}})
    for version in ("3.11", "3.12"):
        monkeypatch.setattr(overhead, "PYTHON", version)
        assert overhead.main(["--write"]) == 0
    monkeypatch.setattr(overhead, "counted", lambda: {"p": {"calls": 3.0}})
    assert overhead.main([]) == 1 and "rose from 2 to 3" in capsys.readouterr().out
    monkeypatch.setattr(overhead, "PYTHON", "3.99")
    assert overhead.main([]) == 0 and "for Python 3.11, 3.12, this is 3.99" in capsys.readouterr().out
