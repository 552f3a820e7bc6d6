"""What nomenklatura and Splink say about pairs of names; a program of its own, run in an environment that has them.

Reads `{"fit": [[one, other, same], …], "score": [[one, other], …]}` on standard input and prints peer → its version,
scores in the order of `score`, or why there are none. logic-v2 has no weights to fit. Splink is given what a careful
user would give it from names alone: the folded name, its words and its first word, m-probabilities from the labels of
`fit`, u-probabilities from random pairs of the same names.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import logging
import sys
import unicodedata
from collections.abc import Sequence
from typing import Any

Pairs = Sequence[Sequence[Any]]


def nomenklatura(_fit: Pairs, score: Pairs) -> list[float]:
    """logic-v2 with its own settings, for two companies with one name each."""
    proxy = importlib.import_module("followthemoney").EntityProxy
    matching = importlib.import_module("nomenklatura.matching")
    config = matching.ScoringConfig.defaults()

    def entity(name: str) -> Any:
        return proxy.from_dict({"id": name, "schema": "Company", "properties": {"name": [name]}})

    return [float(matching.LogicV2.compare(entity(one), entity(other), config).score) for one, other, *_ in score]


def splink(fit: Pairs, score: Pairs) -> list[float]:
    """Match weights of a model with three comparisons, trained on the labelled pairs."""
    frames = importlib.import_module("pandas")
    library = importlib.import_module("splink")
    comparisons = importlib.import_module("splink.comparison_library")

    def side(pairs: Pairs, at: int) -> Any:
        return frames.DataFrame([
            {
                "unique_id": f"{at}-{number}", "pair": str(number), "name": text,
                "words": " ".join(sorted(text.split())),
                "first": text.split()[0] if text.split() else None, "label": str(number) if pair[2:] == [True] else
                f"{at}-{number}",
            }
            for number, pair in enumerate(pairs)
            for text in [_folded(pair[at])]
        ])  # fmt: skip

    settings = {
        "link_type": "link_only",
        "blocking_rules_to_generate_predictions": [library.block_on("pair")],
        "comparisons": [
            comparisons.JaroWinklerAtThresholds("name", [0.95, 0.88, 0.8]),
            comparisons.JaroWinklerAtThresholds("words", [0.95, 0.88, 0.8]),
            comparisons.LevenshteinAtThresholds("first", [1, 2]),
        ],
        "probability_two_random_records_match": 0.5,
    }
    linker = _linker(library, [side(fit, 0), side(fit, 1)], settings)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    linker.training.estimate_m_from_label_column("label")
    trained = linker.misc.save_model_to_json()
    asked = _linker(library, [side(score, 0), side(score, 1)], trained)
    found = asked.inference.predict().as_pandas_dataframe()
    weights = {
        int(left.partition("-")[2]): float(weight)
        for left, weight in zip(found["unique_id_l"], found["match_weight"], strict=True)
    }
    return [weights.get(number, -100.0) for number in range(len(score))]


def _linker(library: Any, frames: list[Any], settings: Any) -> Any:
    database = library.DuckDBAPI()
    return library.Linker([database.register(one, dataset_display_name=f"side{at}") for at, one in enumerate(frames)],
                          settings)  # fmt: skip


def _folded(text: str) -> str:
    kept = "".join(one if one.isalnum() else " " for one in unicodedata.normalize("NFKC", text).casefold())
    return " ".join(kept.split())


def main() -> None:
    logging.disable(logging.CRITICAL)
    asked = json.load(sys.stdin)
    told: dict[str, dict[str, Any]] = {}
    for name, peer in (("nomenklatura", nomenklatura), ("splink", splink)):
        try:
            scores = peer(asked["fit"], asked["score"])
            told[name] = {"version": importlib.metadata.version(name), "scores": scores}
        # Whatever a peer fails with is told, and the others go on.
        except Exception as error:
            told[name] = {"why": f"{type(error).__name__}: {error}"[:300]}
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
