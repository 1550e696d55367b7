"""The command line builds what the library builds, and survives what happens to long work."""

from __future__ import annotations

import errno
import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from atlas_widget import Atlas, cli
from atlas_widget.atlas.safetensors_stream import write_tensors
from atlas_widget.collect.lock import FolderLock
from atlas_widget.collect.shard import collect_shard
from atlas_widget.collect.shard_file import shard_name
from atlas_widget.errors import DiskError, SavedAtlasError
from tests.build.test_in_folder import contents
from tests.cli.nets import BATCH, dataset, make_net, normalise
from tests.conftest import tiny_picture

ROOT = Path(__file__).parents[2]
NETS = str(Path(__file__).with_name("nets.py"))
ARGUMENTS = [
    *("build", "--model", f"{NETS}:make_net", "--images", f"{NETS}:dataset"),
    *("--transform", f"{NETS}:normalise", "--layers", "2", "3", "--samples", "60"),
    *("--grids", "4", "--input-size", "32", "--device", "cpu"),
    *("--batch-size", str(BATCH), "--samples-per-shard", "8"),
]


def command(*arguments: str, held_by: Path) -> subprocess.Popen[str]:
    """Begin to build; it goes on only until that file is there."""
    own = {"HELD_BY": str(held_by), "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", "atlas_widget", *arguments],
        env={**os.environ, **own},
        stderr=subprocess.PIPE,
        text=True,
    )


def run(*arguments: str) -> int:
    return cli.main(list(arguments))


def wait_for(condition, process: subprocess.Popen[str], seconds: float = 240) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built in one go."""
    folder = tmp_path_factory.mktemp("whole")
    assert run(*ARGUMENTS, "--out", str(folder), "--quiet") == 0
    return folder


def test_it_is_what_the_library_builds(whole: Path) -> None:
    built = Atlas.load(whole / "2")
    here = Atlas.build(
        make_net(), "2", dataset(), transform=normalise, num_samples=60, grids=(4,), device="cpu",
        progress=False,
    )  # fmt: skip
    assert built.samples.image_names == here.samples.image_names
    assert built.provenance["images"] == here.provenance["images"]
    assert len(built) == 60


def test_killed_it_goes_on_where_it_was(whole: Path, tmp_path: Path) -> None:
    arguments = [*ARGUMENTS, "--out", str(tmp_path)]
    second = tmp_path / "shards" / "3" / shard_name(1)
    process = command(*arguments, held_by=second)
    wait_for(second.exists, process)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    assert not (tmp_path / "3").exists()
    assert len(list((tmp_path / "shards" / "3").glob("shard-*"))) == 2
    assert run(*arguments, "--quiet") == 0
    for layer in ("2", "3"):
        assert contents(tmp_path / layer) == contents(whole / layer)
    assert not (tmp_path / "shards").exists()


def test_interrupted_it_says_how_to_go_on(whole: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    def pressed(plan, number, *rest, **options):
        if number == 2:
            signal.raise_signal(signal.SIGINT)
        return collect_shard(plan, number, *rest, **options)

    monkeypatch.setattr("atlas_widget.collect.to_disk.collect_shard", pressed)
    # ignored where the tests themselves run in a shell's background
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert run(*ARGUMENTS, "--out", str(tmp_path)) == 130
    finally:
        signal.signal(signal.SIGINT, before)
    assert "Run the same again" in capsys.readouterr().err
    assert len(list((tmp_path / "shards" / "3").glob("shard-*"))) == 2
    monkeypatch.undo()
    assert run(*ARGUMENTS, "--out", str(tmp_path), "--quiet") == 0
    assert contents(tmp_path / "3") == contents(whole / "3")


def test_a_second_one_is_told_who_is_at_work(whole: Path, capsys) -> None:
    with FolderLock(whole):
        assert run(*ARGUMENTS, "--out", str(whole)) == 4
    assert f"process {os.getpid()}" in capsys.readouterr().err
    assert run(*ARGUMENTS, "--out", str(whole)) == 0
    assert "there already" in capsys.readouterr().err


def test_a_full_disk(tmp_path: Path, whole: Path, monkeypatch, capsys) -> None:
    """A file that outgrows its limit fails in the middle, as on a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limited(*arguments):
        resource.setrlimit(resource.RLIMIT_FSIZE, (3000, limits[1]))
        try:
            return write_tensors(*arguments)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    monkeypatch.setattr("atlas_widget.collect.shard_file.write_tensors", limited)
    assert run(*ARGUMENTS, "--out", str(tmp_path)) == 5
    assert "The disk is full" in capsys.readouterr().err
    assert not list(tmp_path.rglob(".shard-*"))
    assert not list(tmp_path.rglob("shard-*"))
    monkeypatch.undo()
    assert run(*ARGUMENTS, "--out", str(tmp_path), "--quiet") == 0
    assert contents(tmp_path / "3") == contents(whole / "3")


def test_images_that_cannot_be_read(tmp_path: Path, capsys) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(16):
        tiny_picture(number).save(photos / f"{number}.png")
    for number in range(4):
        (photos / f"{number}.png").write_bytes(b"no")
    own = [*ARGUMENTS, "--images", str(photos), "--samples", "16", "--out", str(tmp_path / "out")]
    assert run(*own) == 3
    assert "--max-unreadable 0.5" in capsys.readouterr().err
    assert run(*own, "--max-unreadable", "0.5") == 0
    assert "4 of 16 images could not be read" in capsys.readouterr().err
    assert len(Atlas.load(tmp_path / "out" / "2")) == 12
    (photos / "another.png").write_bytes((photos / "9.png").read_bytes())
    assert run(*own, "--max-unreadable", "0.5") == 6
    assert "the images (one was added" in capsys.readouterr().err
    assert run(*own, "--max-unreadable", "0.5", "--restart", "--quiet") == 0


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (["--layers", "22"], "22"),
        (["--images", "no/such/folder"], "no/such/folder"),
        (["--samples", "few"], "'few' is not a whole number"),
        (["--dtype", "float8"], "float16"),
        (["--labels", "no/labels.txt"], "no/labels.txt"),
        (["--device", "cuda:99"], "cuda:99"),
        (["--out", "s3://bucket/atlases"], "is a URL"),
        (["--layout-method", "umapp"], "Did you mean 'umap'"),
        (["--layout-method", f"{NETS}:not_a_net"], "fit_transform"),
    ],
)
def test_wrong_arguments(tmp_path: Path, capsys, changed: list[str], said: str) -> None:
    assert run(*ARGUMENTS, "--out", str(tmp_path / "out"), *changed) == 2
    assert said in capsys.readouterr().err


def test_labels_and_half_precision(tmp_path: Path) -> None:
    (tmp_path / "labels.json").write_text(json.dumps(["one"]))
    arguments = [*ARGUMENTS, "--layers", "2", "--dtype", "float16", "--out", str(tmp_path / "out")]
    assert run(*arguments, "--quiet") == 0
    assert Atlas.load(tmp_path / "out").activations.dtype == np.float16


def test_a_layout_of_ones_own(whole: Path, tmp_path: Path, capsys) -> None:
    arguments = [*ARGUMENTS, "--layers", "2", "--layout-method", f"{NETS}:Columns"]
    assert run(*arguments, "--out", str(tmp_path)) == 0
    assert "Columns lays out: it cannot" in capsys.readouterr().err
    built = Atlas.load(tmp_path)
    first = built.activations[:, 0] / np.linalg.norm(built.activations, axis=1).clip(1e-9)
    assert np.corrcoef(built.xy[:, 0], first)[0, 1] > 0.8
    np.testing.assert_array_equal(built.activations, Atlas.load(whole / "2").activations)


def test_help_teaches(capsys) -> None:
    assert run("build", "--help") == 0
    page = capsys.readouterr().out
    for wanted in (
        "torchvision:googlenet",
        "--weights random",
        "goes on where",
        "exit codes",
        "130",
    ):
        assert wanted in page
    assert run("--help") == 0
    assert "layers" in capsys.readouterr().out
    assert run() == 2


def test_layers_are_listed(capsys) -> None:
    assert run("layers", "--model", f"{NETS}:make_net") == 0
    listed = capsys.readouterr().out.splitlines()
    assert [line.split() for line in listed][:2] == [["0", "Held"], ["1", "Conv2d"]]


def test_the_layers_of_a_known_model_need_no_download(capsys, monkeypatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr("torch.hub.load_state_dict_from_url", refuse)
    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", refuse)
    assert run("layers", "--model", "torchvision:resnet18") == 0
    assert "layer4.1.bn2" in capsys.readouterr().out


def test_an_error_names_its_exit_code() -> None:
    from atlas_widget.cli.outcomes import outcome_of

    assert outcome_of(DiskError("full")) == 5
    saving = SavedAtlasError("while it is saved")
    saving.__cause__ = OSError(errno.ENOSPC, "No space left on device")
    assert outcome_of(saving) == 5
    assert outcome_of(SavedAtlasError("something else")) == 2
