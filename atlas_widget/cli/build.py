"""``python -m atlas_widget build``: atlases of a model's layers, in a folder."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from atlas_widget.cli.models import LoadedModel, load_model, named_object
from atlas_widget.cli.options import MODEL_FORMS, add_model_options, fraction, positive
from atlas_widget.cli.outcomes import describe_outcomes
from atlas_widget.errors import AtlasError

__all__ = ["add_command", "as_images", "as_labels", "as_transform"]

_DESCRIPTION = """\
Collect activations of some layers of a model over many images, lay them out, and save an atlas of
each layer in a folder. However many images: memory stays flat, and what is collected lies on disk,
shard by shard. Interrupted, killed or out of disk space: run the same again, and it goes on where
it was, with the same result to the bit on the same machine.
"""

_EXAMPLES = """\
examples:
  python -m atlas_widget layers --model torchvision:googlenet
  python -m atlas_widget build --model torchvision:googlenet --layers inception4c inception5b \\
      --images ~/photos --samples 100,000 --out atlases
  python -m atlas_widget build --model torchvision:googlenet --layers inception4c \\
      --images s3://bucket/photos --out /mnt/atlases --cluster auto
  python -m atlas_widget build --model nets.py:make_net --layers encoder.3 \\
      --images data.py:dataset --transform nets.py:normalise --out atlases --dtype float16

in a notebook:
  AtlasWidget(model, "inception4c", atlas="atlases")
"""


def add_command(commands: Any) -> None:
    """Add the command to a parser's."""
    parser = commands.add_parser(
        "build",
        help="build the atlases of a model's layers in a folder",
        description=_DESCRIPTION,
        epilog=f"{MODEL_FORMS}\n{_EXAMPLES}\n{describe_outcomes()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_model_options(parser)
    _add_inputs(parser)
    _add_atlas_options(parser)
    _add_run_options(parser)
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> None:
    """Build what was asked for."""
    from atlas_widget.build import build_atlases

    loaded = load_model(given.model, given.weights, given.seed)
    transform = as_transform(given.transform, loaded)
    build_atlases(
        loaded.model,
        given.layers,
        as_images(given.images),
        given.out,
        transform=transform,
        labels=loaded.labels if given.labels is None else as_labels(given.labels),
        num_samples=given.samples,
        grids=given.grids,
        seed=given.seed,
        device=given.device,
        input_size=given.input_size,
        crop_scale=tuple(given.crop_scale) if given.crop_scale else None,
        positions_per_crop=given.positions_per_crop,
        neighbors=given.neighbors,
        fit_samples=given.fit_samples,
        layout_method=_layout_method(given.layout_method),
        min_count=given.min_count,
        dtype=given.dtype,
        batch_size=given.batch_size,
        samples_per_shard=given.samples_per_shard,
        threads=given.threads,
        max_unreadable=given.max_unreadable,
        keep_shards=given.keep_shards,
        restart=given.restart,
        wait=given.wait,
        progress=not given.quiet,
        collector=_collector(given, loaded, transform),
    )


def _add_inputs(parser: argparse.ArgumentParser) -> None:
    inputs = parser.add_argument_group("what goes in, and where the atlases go")
    inputs.add_argument(
        "--layers",
        nargs="+",
        required=True,
        metavar="LAYER",
        help="names that `layers` lists; all are read in one pass over the images",
    )
    inputs.add_argument(
        "--images",
        required=True,
        metavar="IMAGES",
        help="a folder with everything below it; a URL that fsspec reads, such as "
        "s3://bucket/photos; 'demo' or 'imagenette'; or data.py:NAME, a dataset or a function "
        "without arguments that returns one",
    )
    inputs.add_argument(
        "--out",
        required=True,
        metavar="FOLDER",
        help="each layer's atlas becomes a folder in it",
    )
    inputs.add_argument(
        "--transform",
        metavar="nets.py:NAME",
        help="what normalises the model's input, as in AtlasWidget(transform=…); by default what "
        "the model's library says",
    )
    inputs.add_argument(
        "--labels",
        type=Path,
        metavar="FILE",
        help="names of the model's outputs: a JSON list, or a line each",
    )


def _add_atlas_options(parser: argparse.ArgumentParser) -> None:
    from atlas_widget.atlas import DEFAULT_GRIDS
    from atlas_widget.collect import NUM_SAMPLES, POSITIONS_PER_CROP

    atlas = parser.add_argument_group("the atlas")
    atlas.add_argument(
        "--samples",
        type=positive,
        default=NUM_SAMPLES,
        metavar="N",
        help=f"activations of each layer (default: {NUM_SAMPLES:,})",
    )
    atlas.add_argument(
        "--grids",
        type=positive,
        nargs="+",
        default=list(DEFAULT_GRIDS),
        metavar="N",
        help=f"cells along a side, at each level (default: {' '.join(map(str, DEFAULT_GRIDS))})",
    )
    atlas.add_argument(
        "--min-count", type=positive, metavar="N", help="samples that a cell needs to be there"
    )
    atlas.add_argument(
        "--crop-scale",
        type=fraction,
        nargs=2,
        metavar=("LEAST", "GREATEST"),
        help="sides of crops, as fractions of the image's shorter side",
    )
    atlas.add_argument(
        "--positions-per-crop",
        type=positive,
        default=POSITIONS_PER_CROP,
        metavar="N",
        help="at most, where there are fewer images than samples "
        f"(default: {POSITIONS_PER_CROP}; one where there are more)",
    )
    atlas.add_argument(
        "--neighbors", type=positive, metavar="N", help="of a sample that count in the layout"
    )
    atlas.add_argument(
        "--fit-samples",
        type=positive,
        metavar="N",
        help="samples that UMAP lays out; more are placed among them (default: 100,000)",
    )
    atlas.add_argument(
        "--layout-method",
        default="umap",
        metavar="METHOD",
        help="what lays those out: umap (umap-learn, the default), umap-torch (our own, also on a "
        "GPU), cuml or torchdr (extras of these names); or mine.py:NAME, an object with "
        "fit_transform, or a function without arguments "
        "that returns one",
    )


def _add_run_options(parser: argparse.ArgumentParser) -> None:
    from atlas_widget.atlas.defaults import MAX_UNREADABLE
    from atlas_widget.collect.plan import DTYPES, SAMPLES_PER_SHARD

    how = parser.add_argument_group("how it is done")
    how.add_argument("--device", metavar="DEVICE", help="cuda where there is one, else cpu")
    how.add_argument(
        "--input-size", type=positive, metavar="PIXELS", help="side of the model's input"
    )
    how.add_argument(
        "--dtype",
        choices=DTYPES,
        default=DTYPES[0],
        help="in what activations are kept; float16 takes half the disk (default: float32)",
    )
    how.add_argument(
        "--batch-size",
        type=positive,
        metavar="N",
        help="crops that go through the network at once (default: 16 on a CPU, else 64); halved "
        "where memory does not suffice. The last bits of activations depend on it",
    )
    how.add_argument(
        "--threads",
        type=positive,
        metavar="N",
        help="that read images (default: one a core for files, one for data sets)",
    )
    how.add_argument(
        "--cluster",
        metavar="ADDRESS",
        help="collect on a Ray cluster (extra `ray`), one worker a GPU or core: 'auto', host:6379, "
        "or 'local' for this machine's own; images have to be where each machine finds them",
    )
    how.add_argument(
        "--shards-at",
        metavar="URL",
        help="where the workers of a cluster keep shards, such as s3://bucket/shards; by default "
        "in the folder where they see it, else they send them",
    )
    how.add_argument(
        "--samples-per-shard",
        type=positive,
        default=SAMPLES_PER_SHARD,
        metavar="N",
        help=f"about so many; what is lost at most when killed (default: {SAMPLES_PER_SHARD:,})",
    )
    how.add_argument(
        "--max-unreadable",
        "--most-unreadable",  # its old name
        type=fraction,
        default=MAX_UNREADABLE,
        metavar="PART",
        help="which part of the images may be unreadable; those are listed and left out "
        f"(default: {MAX_UNREADABLE})",
    )
    how.add_argument(
        "--keep-shards", action="store_true", help="keep the shards of finished atlases"
    )
    how.add_argument(
        "--restart", action="store_true", help="throw away what the folder holds of something else"
    )
    how.add_argument(
        "--wait", action="store_true", help="wait while another process builds in the folder"
    )
    how.add_argument("--quiet", action="store_true", help="no progress, errors only")


def _collector(given: argparse.Namespace, loaded: LoadedModel, transform: Any) -> Any:
    if given.cluster is None:
        if given.shards_at is not None:
            raise AtlasError("--shards-at is for the workers of a --cluster.")
        return None
    from atlas_widget.cluster import cluster_collector

    return cluster_collector(
        loaded.model, given.cluster, transform=transform, store=given.shards_at
    )


def as_images(name: str) -> Any:
    """Return the images that ``--images`` names."""
    if ":" not in name or "://" in name or Path(name).expanduser().exists():
        return name
    found = named_object(name, "--images")
    is_maker = callable(found) and not hasattr(found, "__getitem__")
    return found() if is_maker else found


def _layout_method(name: str) -> Any:
    if ":" not in name:
        return name
    found = named_object(name, "--layout-method")
    is_maker = callable(found) and not hasattr(found, "fit_transform")
    return found() if is_maker or isinstance(found, type) else found


def as_transform(name: str | None, loaded: LoadedModel) -> Any:
    """Return the transform that ``--transform`` names; None names the model's own."""
    return loaded.transform if name is None else named_object(name, "--transform")


def as_labels(file: Path) -> list[str]:
    """Return the labels in the file that ``--labels`` names."""
    try:
        text = file.expanduser().read_text(encoding="utf-8")
        found = json.loads(text) if text.lstrip().startswith("[") else text.splitlines()
    except (OSError, ValueError) as error:
        raise AtlasError(f"--labels {str(file)!r} cannot be read: {error}") from error
    return [str(label) for label in found]
