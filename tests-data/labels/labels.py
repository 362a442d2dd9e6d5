"""Makes labels.json: what scikit-learn says of decisions about several labels. Run it in this folder."""

import json

import numpy as np
import sklearn
from sklearn.metrics import accuracy_score, f1_score, hamming_loss, log_loss

rng = np.random.default_rng(14)


def case(rows, labels, thresholds):
    actual = (rng.random((rows, labels)) < rng.uniform(0.1, 0.7, labels)).astype(int)
    logits = np.round(rng.normal(size=actual.shape) * 1.5 + 2 * actual - 1, 4)
    probabilities = 1 / (1 + np.exp(-logits))
    said = (probabilities >= thresholds).astype(int)
    by_label = [log_loss(actual[:, k], probabilities[:, k], labels=[0, 1]) for k in range(labels)]
    return {
        "actual": actual.tolist(),
        "logits": logits.tolist(),
        "thresholds": list(thresholds),
        "micro_f1": float(f1_score(actual, said, average="micro", zero_division=0)),
        "macro_f1": float(f1_score(actual, said, average="macro", zero_division=0)),
        "subset_accuracy": float(accuracy_score(actual, said)),
        "hamming_loss": float(hamming_loss(actual, said)),
        "loss": float(np.mean(by_label)),
    }


cases = [case(20, 3, [0.5, 0.5, 0.5]), case(15, 4, [0.3, 0.62, 0.5, 0.45]), case(6, 2, [1.0, 0.9])]
document = {"made_by": f"scikit-learn {sklearn.__version__}", "cases": cases}
json.dump(document, open("labels.json", "w"))
