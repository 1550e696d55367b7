import json
import os

from atlas_widget.session.building import trim


def atlas(folder, name, size, age):
    path = folder / name
    path.mkdir(parents=True)
    (path / "atlas.json").write_text(json.dumps({}))
    (path / "samples.safetensors").write_bytes(b"x" * size)
    os.utime(path / "atlas.json", (1_000_000 - age, 1_000_000 - age))
    return path


def test_the_cache_keeps_what_was_used_last(tmp_path):
    old = atlas(tmp_path, "old", 1000, age=300)
    middle = atlas(tmp_path, "middle", 1000, age=200)
    new = atlas(tmp_path, "new", 1000, age=100)
    trim(tmp_path, 2500)
    assert not old.exists()
    assert middle.exists()
    assert new.exists()


def test_the_newest_atlas_stays_however_large(tmp_path):
    new = atlas(tmp_path, "new", 5000, age=0)
    (tmp_path / "not-an-atlas").mkdir()
    trim(tmp_path, 10)
    assert new.exists()
    assert (tmp_path / "not-an-atlas").exists()
