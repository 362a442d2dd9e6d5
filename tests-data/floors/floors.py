"""Makes floors.json: what scikit-learn's simple models say of small data. Run it in this folder."""

import json

import numpy as np
import sklearn
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import MultinomialNB
from sklearn.neighbors import NearestNeighbors

rng = np.random.default_rng(14)
CLASSES, CHANNELS = 3, 2


def sequence(kind):
    """A ragged sequence whose level, spread and slope depend a little on its class."""
    steps = np.arange(rng.integers(3, 8))[:, None]
    slope = np.array([0.2 * (kind - 1), 0.1])
    noise = rng.normal(size=(len(steps), CHANNELS)) * (0.5 + 0.3 * kind)
    return np.round(steps * slope + noise + [0.5 * kind, 100.0], 3)


def statistics(sequences):
    return np.array([np.stack([x.mean(0), x.std(0), x[0], x[-1]], 1).ravel() for x in sequences])


class Scaled:
    """Standardised to thousandths, as Elman keeps them."""

    def __init__(self, rows):
        self.mean, self.deviation = rows.mean(0), rows.std(0)
        self.deviation[self.deviation == 0] = 1.0

    def __call__(self, rows):
        return np.round((rows - self.mean) / self.deviation, 3)


def numbers(labels, sequences):
    of = [[2.0 * k + x[:, 0].mean(), 50.0 - x[-1, 1]] for k, x in zip(labels, sequences)]
    return np.round(np.array(of) + rng.normal(size=(len(labels), 2)) * 0.3, 3)


labels = [np.arange(n) % CLASSES for n in (40, 30)]
sequences = [[sequence(k) for k in part] for part in labels]
targets = [numbers(k, x) for k, x in zip(labels, sequences)]
scaled = Scaled(statistics(sequences[0]))
rows = [scaled(statistics(part)) for part in sequences]

nearest = NearestNeighbors(n_neighbors=2, algorithm="brute").fit(rows[0])
of_test = nearest.kneighbors(rows[1], return_distance=False)[:, 0]
of_training = nearest.kneighbors(rows[0], return_distance=False)[:, 1]
logistic = LogisticRegression(C=1.0, tol=1e-10, max_iter=10_000).fit(rows[0], labels[0])
ridge = Ridge(alpha=1.0, solver="cholesky").fit(rows[0], targets[0])

# At steps: the channels alone, and a target that follows them.
steps = [np.concatenate(part) for part in sequences]
of_steps = [np.round(0.7 * x[:, :1] - 0.1 * x[:, 1:] + rng.normal(size=(len(x), 1)), 3) for x in steps]
channels = Scaled(steps[0])
step_ridge = Ridge(alpha=1.0, solver="cholesky").fit(channels(steps[0]), of_steps[0])

LETTERS = ["abno", "bcko", "dkost"]


def name(kind):
    return "".join(rng.choice(list(LETTERS[kind]), rng.integers(2, 7))).capitalize()


kinds = [np.arange(n) % CLASSES for n in (45, 30)]
names = [[name(k) for k in part] for part in kinds]
padded = [[f" {text} " for text in part] for part in names]
counts = CountVectorizer(analyzer="char", ngram_range=(1, 3), lowercase=False).fit(padded[0])
bayes = MultinomialNB(alpha=1.0).fit(counts.transform(padded[0]), kinds[0])

json.dump(
    {
        "made_by": f"scikit-learn {sklearn.__version__}, NumPy {np.__version__}",
        "sequences": [[x.tolist() for x in part] for part in sequences],
        "labels": [part.tolist() for part in labels],
        "targets": [part.tolist() for part in targets],
        "nearest": {"training": labels[0][of_training].tolist(), "test": labels[0][of_test].tolist()},
        "nearest_values": targets[0][of_test].tolist(),
        "logistic": {
            "weights": np.vstack([logistic.coef_.T, logistic.intercept_]).round(7).tolist(),
            "test": logistic.predict(rows[1]).tolist(),
        },
        "ridge": ridge.predict(rows[1]).round(7).tolist(),
        "of_steps": [part.tolist() for part in of_steps],
        "step_ridge": step_ridge.predict(channels(steps[1])).round(7).reshape(-1, 1).tolist(),
        "names": names,
        "kinds": [part.tolist() for part in kinds],
        "bayes": bayes.predict(counts.transform(padded[1])).tolist(),
    },
    open("floors.json", "w"),
)
