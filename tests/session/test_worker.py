import subprocess
import sys
import threading
import time

import pytest

from atlas_widget.session.worker import Worker


class Counting:
    """A job that counts its slices."""

    def __init__(self, wait=0.0):
        self.slices = 0
        self.errors = []
        self.closed_on = None
        self.wait = wait
        self.raises = None

    def advance(self):
        self.slices += 1
        if self.raises is not None:
            error, self.raises = self.raises, None
            raise error
        time.sleep(0.001)
        return self.wait

    def failed(self, error):
        self.errors.append(error)

    def close(self):
        self.closed_on = threading.current_thread()


@pytest.fixture
def worker():
    made = Worker("test-worker")
    yield made
    assert made.stop()


def until(condition, seconds=5.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.002)


def test_commands_run_between_slices_in_order_on_the_one_thread(worker):
    job = Counting()
    worker.start(job)
    seen = []
    for number in range(3):
        worker.post(lambda number=number: seen.append((number, threading.current_thread())))
    until(lambda: len(seen) == 3)
    assert [number for number, _ in seen] == [0, 1, 2]
    assert {thread.name for _, thread in seen} == {"test-worker"}
    assert worker.alive
    assert not worker.is_current


def test_stopping_ends_the_thread_and_closes_the_job_on_it(worker):
    job = Counting()
    worker.start(job)
    until(lambda: job.slices > 2)
    assert worker.stop()
    assert worker.stop(), "twice is fine"
    assert job.closed_on is not None
    assert job.closed_on.name == "test-worker"
    assert not any(thread.name == "test-worker" for thread in threading.enumerate())


def test_a_sleeping_worker_wakes_for_commands_and_for_the_end(worker):
    job = Counting(wait=None)
    worker.start(job)
    until(lambda: job.slices == 1)
    time.sleep(0.05)
    assert job.slices == 1, "nothing to do: no slices"
    woke = threading.Event()
    worker.post(woke.set)
    assert woke.wait(1)
    started = time.monotonic()
    assert worker.stop()
    assert time.monotonic() - started < 1


@pytest.mark.parametrize("error", [ValueError("slice"), KeyboardInterrupt(), SystemExit(1)])
def test_errors_are_told_and_the_worker_goes_on(worker, error):
    job = Counting()
    job.raises = error
    worker.start(job)

    def bad():
        raise RuntimeError("command")

    worker.post(bad)
    until(lambda: len(job.errors) == 2)
    before = job.slices
    until(lambda: job.slices > before)
    assert error in job.errors


def test_long_slices_can_let_commands_in(worker):
    class Long(Counting):
        def advance(self):
            self.slices += 1
            end = time.monotonic() + 5
            while time.monotonic() < end and not heard.is_set() and not worker.stopping:
                worker.run_commands()
                time.sleep(0.001)

    heard = threading.Event()
    job = Long()
    worker.start(job)
    until(lambda: job.slices == 1)
    worker.post(heard.set)
    assert heard.wait(1)


def test_stop_from_within_does_not_wait_for_itself(worker):
    job = Counting()
    worker.start(job)
    worker.post(lambda: worker.stop())
    until(lambda: not worker.alive)


def test_torch_threads_of_others_stay_as_they_are(worker):
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    inside = []
    worker.start(Counting(wait=None))
    done = threading.Event()
    worker.post(lambda: (inside.append(torch.get_num_threads()), done.set()))
    assert done.wait(10)
    assert inside == [1]
    assert torch.get_num_threads() == before
    fresh = []
    thread = threading.Thread(target=lambda: fresh.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert fresh == [before], "threads that come later have the user's setting"


def test_a_running_worker_does_not_keep_the_interpreter_from_ending():
    code = (
        "import time\n"
        "from atlas_widget.session.worker import Worker\n"
        "class Job:\n"
        "    def advance(self):\n"
        "        time.sleep(0.01); return 0.0\n"
        "    def failed(self, error): ...\n"
        "    def close(self): print('closed')\n"
        "Worker('w').start(Job())\n"
        "time.sleep(0.2)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "closed\n"
    assert done.stderr == ""
