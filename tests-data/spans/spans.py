"""Makes spans.json: what seqeval says of random tags. Run it in this folder."""

import json
import random
import warnings
from importlib.metadata import version

from seqeval.metrics.sequence_labeling import get_entities
from seqeval.metrics.sequence_labeling import precision_recall_fscore_support as scores

warnings.filterwarnings("ignore")
random.seed(14)
TAGS = ["O"] + [f"{letter}-{kind}" for letter in "BIES" for kind in ("city", "day", "a-b")]


def case(letters, sequences):
    tags = [tag for tag in TAGS if tag[0] in letters]
    actual = [[random.choice(tags) for _ in range(random.randint(0, 9))] for _ in range(sequences)]
    # Two thirds of the tags are right.
    predicted = [
        [tag if random.random() < 0.67 else random.choice(tags) for tag in one] for one in actual
    ]
    return actual, predicted


def judged(actual, predicted):
    kinds = sorted({kind for kind, *_ in get_entities(actual) + get_entities(predicted)})
    of_types = scores(actual, predicted, average=None) if kinds else [[]] * 4
    micro = scores(actual, predicted, average="micro")
    return {
        "actual": actual,
        "predicted": predicted,
        "micro": [*map(float, micro[:3]), int(micro[3])],
        "macro_f1": float(scores(actual, predicted, average="macro")[2]) if kinds else 0.0,
        "weighted_f1": float(scores(actual, predicted, average="weighted")[2]) if kinds else 0.0,
        "types": [[kind, *(float(of[i]) for of in of_types[:3])] for i, kind in enumerate(kinds)],
    }


cases = [case("OBI", 6), case("OI", 6), case("OBIES", 8), case("OES", 5)]
cases.append(([["O", "I-city", "I-city", "B-city", "I-day"]], [["O", "B-city", "I-city", "B-city", "I-city"]]))
cases.append(([["O"]], [["B-city"]]))
document = {"made_by": f"seqeval {version('seqeval')}", "cases": [judged(*pair) for pair in cases]}
json.dump(document, open("spans.json", "w"))
