"""Make the living example's base and the side files of its migrations from the published audit.

Usage: python examples/newsgroups/prepare.py [TOP]. Writes below TOP (default: this repository):

- data/newsgroups.base.csv: id, label_name, self_confidence (the model's probability of the given label);
- migrations/newsgroups/m0001_fix_labels.csv: the labels that at least 3 of 5 reviewers corrected;
- migrations/newsgroups/m0002_review_outcome.csv: what the reviewers of each of the 93 labels decided.
"""

import csv
import gzip
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
MAJORITY = 3
OUTCOMES = ("given", "guessed", "both", "neither")


def write(path: Path, header: list[str], rows: Iterable[list[Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def outcome(votes: dict[str, int]) -> str:
    return next((name for name in OUTCOMES if votes[name] >= MAJORITY), "no_consensus")


def main(top: Path) -> None:
    with (HERE / "given_labels.csv").open(encoding="utf-8", newline="") as stream:
        given = list(csv.DictReader(stream))
    with gzip.open(HERE / "predicted_probabilities.csv.gz", "rt", encoding="utf-8", newline="") as stream:
        confidence = [row[label["label_name"]] for row, label in zip(csv.DictReader(stream), given, strict=True)]
    reviews = sorted(json.loads((HERE / "reviews.json").read_text(encoding="utf-8")), key=lambda item: item["id"])

    write(
        top / "data/newsgroups.base.csv",
        ["id", "label_name", "self_confidence"],
        ([row["id"], row["label_name"], f"{float(share):.6f}"] for row, share in zip(given, confidence, strict=True)),
    )
    migrations = top / "migrations/newsgroups"
    write(
        migrations / "m0001_fix_labels.csv",
        ["id", "old", "new"],
        (
            [item["id"], item["given_original_label_name"], item["our_guessed_label_name"]]
            for item in reviews
            if outcome(item["mturk"]) == "guessed"
        ),
    )
    write(
        migrations / "m0002_review_outcome.csv",
        ["id", "review"],
        ([item["id"], outcome(item["mturk"])] for item in reviews),
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent.parent)
