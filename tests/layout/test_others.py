"""Other libraries, and a user's own objects, lay samples out in our place."""

from __future__ import annotations

import json
import random
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness

from atlas_widget.errors import AtlasError, MissingExtraError
from atlas_widget.layout import libraries, other_layout, umap_layout
from atlas_widget.progress import Cancelled
from tests.layout.activations import Shards, clusters


class Columns:
    """Lays out by two channels, and remembers what it was given."""

    def __init__(self, channels: tuple[int, int] = (0, 1), returns=lambda xy: xy) -> None:
        self.channels = channels
        self._returns = returns
        self.given: list[np.ndarray] = []

    def fit_transform(self, rows: np.ndarray) -> object:
        self.given.append(rows)
        return self._returns(rows[:, list(self.channels)])


def test_an_object_is_given_directions() -> None:
    vectors = clusters(60)
    vectors[7] = 0
    vectors[8] *= 1e20
    own = Columns()
    xy = umap_layout(vectors, other=other_layout(own))
    (rows,) = own.given
    assert rows.shape == (60, 25)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, rtol=1e-5)
    assert np.flatnonzero(rows[:, -1]).tolist() == [7], "what is zero has a direction of its own"
    assert np.corrcoef(xy[:, 0], rows[:, 0])[0, 1] > 0.8
    assert xy.min() >= 0
    assert xy.max() <= 1


def test_the_others_are_placed_among_its_places() -> None:
    vectors = clusters(900)
    own = Columns()
    told: list[tuple[int, int]] = []
    xy = umap_layout(
        Shards(vectors),
        fit_samples=300,
        other=other_layout(own),
        progress=lambda *now: told.append(now),
    )
    assert len(own.given[0]) == 300
    assert xy.shape == (900, 2)
    assert told[-1] == (1000, 1000)
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    assert np.corrcoef(xy[:, 0], units[:, 0])[0, 1] > 0.6


def test_torchdr_lays_out_as_ours_does() -> None:
    pytest.importorskip("torchdr")
    vectors = clusters(200)
    before = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
    xy = umap_layout(vectors, other=other_layout("torchdr"))
    after = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
    assert after == before, "the user's generators were disturbed"
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    ours = trustworthiness(units, umap_layout(vectors), n_neighbors=10)
    assert trustworthiness(units, xy, n_neighbors=10) > ours - 0.03


@pytest.mark.parametrize(
    ("name", "module", "also"),
    [
        ("cuml", "cuml/manifold.py", "metric='cosine' output_type='numpy'"),
        ("torchdr", "torchdr.py", "metric='sqeuclidean' backend=None device='cpu'"),
    ],
)
def test_a_library_has_our_parameters(
    name: str, module: str, also: str, tmp_path: Path, monkeypatch
) -> None:
    """Told of a library that writes down how it is called."""
    file = tmp_path / module
    file.parent.mkdir(exist_ok=True)
    file.write_text(
        "from pathlib import Path\n"
        "class UMAP:\n"
        "    def __init__(self, **given):\n"
        "        said = ' '.join(f'{name}={value!r}' for name, value in sorted(given.items()))\n"
        "        Path(__file__).with_name('said').write_text(said)\n"
        "    def fit_transform(self, rows):\n"
        "        return rows[:, :2].tolist()\n"
    )
    if file.parent != tmp_path:
        (file.parent / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(
        libraries.importlib.util, "find_spec", lambda n: n if n != "faiss" else None
    )
    umap_layout(clusters(60), seed=3, other=other_layout(name))
    said = file.with_name("said").read_text().split()
    assert set(said) == {"min_dist=0.05", "n_neighbors=11", "random_state=3", *also.split()}
    assert module.partition("/")[0].removesuffix(".py") not in sys.modules or name == "torchdr"


def test_what_is_missing_is_named(monkeypatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'atlas-widget\[cuml\]'"):
        other_layout("cuml")


@pytest.mark.parametrize(
    ("given", "said"),
    [("umap-troch", "Did you mean 'umap-torch'"), (Columns, "an object with"), (3, "3 must be")],
)
def test_what_lays_nothing_out(given: object, said: str) -> None:
    with pytest.raises(AtlasError, match=said):
        other_layout(given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("returns", "said"),
    [
        (lambda xy: xy[1:], r"shape \(59, 2\), not \(60, 2\)"),
        (lambda xy: xy[:, 0], r"shape \(60,\)"),
        (lambda xy: np.where(xy == xy[7, 0], np.nan, xy), "1 of 60 samples that are not finite"),
        (lambda xy: xy / "no", "Columns' fails on 60 samples: .*Error"),
    ],
)
def test_what_it_returns_is_checked(returns, said: str) -> None:
    vectors = clusters(60)
    vectors[:, 0] = np.arange(60) + 1
    with pytest.raises(AtlasError, match=said):
        umap_layout(vectors, other=other_layout(Columns(returns=returns)))


def test_it_is_not_begun_once_someone_wants_to_stop() -> None:
    asked = iter([False])
    own = Columns()
    with pytest.raises(Cancelled):
        umap_layout(clusters(60), other=other_layout(own), cancelled=lambda: next(asked, True))
    assert own.given == []


def test_objects_are_told_apart_by_their_parameters() -> None:
    first, second, again = (other_layout(Columns((0, last))) for last in (1, 2, 1))
    assert first == again != second
    assert first is not None
    assert first.record["parameters"] == {"channels": [0, 1], "given": []}
    fitted = PCA(2, random_state=np.random.default_rng(0).integers(9))
    before = other_layout(fitted)
    fitted.fit(clusters(10))
    assert other_layout(fitted) == before
    assert json.loads(json.dumps(before.record)) == before.record
    assert other_layout("umap-torch") is None


def test_the_default_is_umap_learn_and_its_version_is_recorded() -> None:
    default = other_layout("umap")
    assert default is not None
    assert default.record == {"library": "umap-learn", "version": version("umap-learn")}
    with pytest.warns(DeprecationWarning, match="'umap' now"):
        assert other_layout("umap-learn") == default


def test_an_object_draws_as_it_does_anywhere() -> None:
    class Random:
        def fit_transform(self, rows: np.ndarray) -> np.ndarray:
            return np.random.random((len(rows), 2))

    np.random.seed(0)
    umap_layout(clusters(60), other=other_layout(Random()))
    after = np.random.random()
    np.random.seed(0)
    np.random.random((60, 2))
    assert np.random.random() == after, "the user's generator was set back"
