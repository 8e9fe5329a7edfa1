"""Ray: the numbers are those of this machine's own engine, and a worker that is killed takes nothing with it."""

# ruff: noqa: E402 - what needs torch is imported once it is known to be there

import os
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

import annealing as an
from tests.conftest import require

torch = require("torch")
require("loky")
ray = require("ray")

from annealing.core.errors import ArgumentError, TaskError, TrainingError
from annealing.lockstep import Halving
from annealing.study.engines.job import Finished, Heard, Job
from annealing.study.engines.local import local
from annealing.study.engines.own import Own
from annealing.study.engines.ray import cluster
from annealing.study.store import open_store
from annealing.study.train import Setting
from annealing.study.tune import concluded

pytestmark = pytest.mark.slow

_PATIENCE = 400.0  # seconds: every new worker loads Ray and PyTorch, 10 s of a core that others use as well


@pytest.fixture(scope="module")
def address():
    """A cluster of two node processes, one worker each."""
    from ray.cluster_utils import Cluster

    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False, "wait": False})
    nodes.add_node(num_cpus=1, wait=False)
    nodes.wait_for_nodes(timeout=180)  # a busy machine takes longer than the 30 s that are usual
    yield nodes.address
    ray.shutdown()
    nodes.shutdown()


def settings(count, updates=60, seed=0):
    return tuple(Setting(str(i), (0.01 * 2**i * an.cosine()).over(updates), 0.01 * 2**i, seed, "tuning") for i in range(count))


def jobs():
    return [Job(1, settings(8), Halving()), Job(2, settings(4, seed=1)), Job(3, settings(4, seed=2))]


def trained(engine, asked, *, until=_PATIENCE, watch=lambda events: None):
    for job in asked:
        engine.submit(job)
    ended, heard, begun = {}, Counter(), time.monotonic()
    while len(ended) < len(asked):
        assert time.monotonic() - begun < until, (
            f"{sorted(ended)} of {len(asked)} jobs have ended, {dict(heard)} points were heard"
        )
        events = engine.events(0.2)
        watch(events)
        heard.update(event.job for event in events if isinstance(event, Heard))
        ended.update({event.job: event.runs for event in events if isinstance(event, Finished)})
    return {number: [(run.loss, run.curve, run.cut, run.diverged) for run in runs] for number, runs in ended.items()}, heard


def test_two_nodes_give_the_bits_of_the_local_engine_and_tell_points_on_the_way(address, line):
    task = line()
    with local(task, 1, stacks=True) as engine:
        expected, _ = trained(engine, jobs())
    with cluster(task, None, address, stacks=True) as engine:
        assert engine.workers == 2
        found, heard = trained(engine, jobs())

    assert found == expected
    assert any(cut for _, _, cut, _ in found[1])
    assert sum(heard.values()) > 0
    assert not ray.is_initialized()


def test_a_worker_killed_in_the_middle_is_replaced_and_the_numbers_stay(address, line, tmp_path):
    folder = str(tmp_path)

    def slow_loss(output, target):
        Path(folder, f"worker-{os.getpid()}").touch()
        time.sleep(0.01)
        return torch.nn.functional.mse_loss(output, target)

    task, asked = line(loss=slow_loss), [Job(1, settings(2, updates=100)), Job(2, settings(2, updates=100, seed=1))]
    killed = []

    def kill(events):
        workers = sorted(tmp_path.glob("worker-*"))
        if workers and not killed:
            time.sleep(0.5)
            killed.append(int(workers[0].name.partition("-")[2]))
            os.kill(killed[0], signal.SIGKILL)

    with cluster(task, None, address, stacks=True) as engine:
        found, _ = trained(engine, asked, watch=kill)
        again, _ = trained(engine, asked)

    assert killed
    assert len(list(tmp_path.glob("worker-*"))) > 2  # another one took over
    assert found == again


def test_what_a_task_raises_comes_back_as_one_line(address, line):
    def raising(output, target):
        raise RuntimeError("the cat\nis gone")

    with cluster(line(loss=raising), None, address, stacks=True) as engine, pytest.raises(TaskError) as refused:
        trained(engine, jobs()[:1])

    assert "RuntimeError: the cat is gone (test_ray.py, line " in str(refused.value)


def test_a_mailbox_that_is_gone_is_one_line(address, line):
    with cluster(line(), None, address, stacks=True) as engine:
        ray.kill(engine._mailbox)
        with pytest.raises(TrainingError, match=r"the cluster lost its work .*ActorDiedError") as refused:
            trained(engine, jobs()[:1])

    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("lost", ["OutOfMemoryError", "ObjectLostError", "NodeDiedError"])
def test_what_the_cluster_loses_is_one_line(address, line, lost, monkeypatch):
    kind = getattr(ray.exceptions, lost)
    error = kind("ab" * 20, None, "gone\nfor good") if lost == "ObjectLostError" else kind("gone\nfor good")
    with cluster(line(), None, address, stacks=True) as engine:

        def get(promise):
            raise error

        monkeypatch.setattr(ray, "get", get)
        with pytest.raises(TrainingError, match=lost) as refused:
            engine.events(0)

    assert "\n" not in str(refused.value)


def test_a_whole_study_there_gives_the_table_of_this_machine_and_names_the_engine(address, line, tmp_path):
    asked = {"updates": 40, "budget": 8, "seeds": 2, "finalists": 2}
    here = an.tune(line(), engine="lockstep", workers=1, **asked)
    there = an.tune(line(), engine="ray", address=address, store=tmp_path / "s.db", study="there", **asked)
    with open_store(tmp_path / "s.db") as store:
        read = concluded(store.study("there"), "")

    assert here.engine == "lockstep"
    assert there.engine == read.engine == "ray"
    assert there.rows == here.rows
    assert there.tried == here.tried
    assert there.best == here.best


def test_a_function_of_ones_own_trains_there(address):
    def train(run):
        x = run.values["start"]
        for update in range(run.updates):
            x -= run.plan(update) * 2 * x
            if run.report(update + 1, x * x):
                return

    asked = [
        Job(i, (Setting("0", an.cosine().over(20) * 0.1, 0.1, 0, "tuning", values={"start": float(i)}),)) for i in range(1, 4)
    ]
    with cluster(Own(train), None, address, stacks=False) as engine:
        found, _ = trained(engine, asked)

    assert found[1][0][0] < 0.2
    assert found[3][0][0] == pytest.approx(9 * found[1][0][0])


def test_an_address_where_no_cluster_is_is_refused_in_one_line(line):
    with (
        pytest.raises(ArgumentError, match="no Ray cluster answers") as refused,
        cluster(line(), None, "127.0.0.1:1", stacks=True),
    ):
        pass

    assert "\n" not in str(refused.value)
