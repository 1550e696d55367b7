"""Make the table of what ImageNet's classes are kinds of again, from WordNet 3.0.

    python tools/make_hypernyms.py --download       # fetches Debian's wordnet-base with apt-get
    python tools/make_hypernyms.py folder/with/deb  # or takes it from there

Writes ``atlas_widget/attribution/wordnet/imagenet.tsv`` and WordNet's licence beside it. ImageNet's
classes are nouns of WordNet 3.0, which timm lists in their order; the table has them, and all that
they are kinds of, with every word that WordNet has for each. Needs ``dpkg-deb`` and timm.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "atlas_widget" / "attribution" / "wordnet"
HEAD = """\
# What ImageNet's classes are kinds of: a part of WordNet 3.0, made by tools/make_hypernyms.py.
# WordNet 3.0 Copyright 2006 by Princeton University; its licence is in LICENSE beside this file.
# Tab-separated: number of the synset, its words, numbers of its hypernyms. The classes come first,
# in their order.
"""
UPWARDS = ("@", "@i")  # hypernym, and what an instance is an instance of


def main() -> None:
    """Write the table and the licence."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("deb", type=Path, nargs="?", help="folder with wordnet-base_*.deb")
    parser.add_argument("--download", action="store_true", help="fetch it: apt-get download")
    options = parser.parse_args()
    if (options.deb is None) != options.download:
        parser.error("name the folder with the package, or --download")
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.deb or Path(scratch)
        if options.download:
            subprocess.run(["apt-get", "download", "wordnet-base"], cwd=folder, check=True)
        package = max(folder.glob("wordnet-base_*3.0-*.deb"))
        root = Path(scratch, "root")
        subprocess.run(["dpkg-deb", "-x", package, root], check=True)
        nouns = read_nouns(root / "usr" / "share" / "wordnet" / "data.noun")
        copyright_ = (root / "usr" / "share" / "doc" / "wordnet-base" / "copyright").read_text()
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "LICENSE").write_text(licence(copyright_), encoding="utf-8")
    classes = imagenet_synsets()
    order = list(classes)
    for synset in order:  # which grows meanwhile
        order.extend(above for above in nouns[synset][1] if above not in order)
    lines = [
        "\t".join([str(synset), "|".join(nouns[synset][0]), " ".join(map(str, nouns[synset][1]))])
        for synset in order
    ]
    (FOLDER / "imagenet.tsv").write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(classes)} classes, {len(order) - len(classes)} kinds of things")


def read_nouns(file: Path) -> dict[int, tuple[list[str], list[int]]]:
    """Read the words and hypernyms of all nouns; see wndb(5WN)."""
    nouns = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.startswith("  "):  # the licence
            continue
        offset, _, _, count, *rest = line.partition(" | ")[0].split()
        words = [word.replace("_", " ") for word in rest[: 2 * int(count, 16) : 2]]
        rest = rest[2 * int(count, 16) + 1 :]
        pointers = zip(rest[::4], rest[1::4], strict=False)
        nouns[int(offset)] = (words, [int(to) for symbol, to in pointers if symbol in UPWARDS])
    return nouns


def imagenet_synsets() -> list[int]:
    """Return the offsets of ImageNet's classes in WordNet 3.0, in the order of their numbers."""
    import timm.data

    listed = Path(timm.data.__file__).parent / "_info" / "imagenet_synsets.txt"
    return [int(line.removeprefix("n")) for line in listed.read_text().split()]


def licence(copyright_: str) -> str:
    """Return the text of WordNet's licence out of Debian's copyright file."""
    text = copyright_.partition("License: WordNet3.0\n")[2].partition("\n\n")[0]
    lines = [line.removeprefix(" ") for line in text.splitlines()]
    return "\n".join("" if line == "." else line for line in lines).strip() + "\n"


if __name__ == "__main__":
    main()
