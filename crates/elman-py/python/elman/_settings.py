"""From the parameters of an estimator to the library's description of a training."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from elman import _elman

ONE_PASS = {"epochs": 1, "schedule": "constant", "validation_fraction": 0.0, "patience": None, "monitor": "loss"}
"""What `partial_fit` sets: one pass at a constant rate, on all that is given."""

LAYER = ("cell", "hidden_size", "num_layers", "direction", "layer_dropout", "state_dropout")
POOLINGS = {"last": "last-step", "first": "first-step", "mean": "mean", "max": "max"}


WHOLE = ("epochs", "num_layers", "batch_size", "bptt", "patience", "horizon", "context", "season", "segment", "members")
"""Parameters that count something."""


def check_whole(parameters: dict[str, Any]) -> None:
    """Refuses what is no whole number where something is counted."""
    sizes = parameters.get("hidden_size")
    given = [("hidden_size", size) for size in _listed(sizes)] if sizes is not None else []
    given += [(name, parameters[name]) for name in WHOLE if parameters.get(name) is not None]
    for name, value in given:
        is_whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
        if not is_whole or value < 0:
            raise ValueError(f"{name}: expected a whole number that is not negative, got {value!r}")


def settings_of(parameters: dict[str, Any], seed: int, defaults: str) -> str:
    """The settings as JSON: what is left open is as on the command line."""
    check_whole(parameters)
    settings: dict[str, Any] = json.loads(defaults)
    training, network = settings["training"], settings["network"]
    _network(network, parameters)
    for name in ("epochs", "max_seconds", "patience", "batch_size", "learning_rate", "bptt", "monitor"):
        training[name] = parameters[name]
    training["validation_fraction"] = parameters["validation_fraction"]
    training["scaling"] = parameters["scaling"]
    training["optimizer"] = _kind(parameters["optimizer"], "optimizer")
    if parameters["schedule"] is not None:
        training["schedule"] = _kind(parameters["schedule"], "schedule")
    limit = parameters["clip_norm"]
    training["clip"] = "none" if limit is None else {"norm": {"limit": limit}}
    training["seed"] = seed
    training["threads"] = threads(parameters["n_jobs"])
    for part, extra in (parameters["settings"] or {}).items():
        known(part, settings, "settings")
        for name, value in extra.items():
            known(name, settings[part], f"settings[{part!r}]")
            settings[part][name] = value
    return json.dumps(settings, default=_plain)


def _network(network: dict[str, Any], parameters: dict[str, Any]) -> None:
    parameters = {**parameters, "state_dropout": _state_dropout(parameters)}
    if all(parameters[name] in (None, 0.0) for name in LAYER):
        layers = network["layers"]
    else:
        layers = _layers(network["layers"][0], parameters)
    network["layers"] = layers
    if parameters["pooling"] == "none":
        network["readout"] = "every-step"
    elif parameters["pooling"] is not None:
        network["readout"] = {"pooled": [_pooling(part) for part in _listed(parameters["pooling"])]}
    network["head"]["dropout"] = parameters["dropout"]


def _state_dropout(parameters: dict[str, Any]) -> float:
    given: float | None = parameters["state_dropout"]
    if given is not None:
        return given
    # As `elman train`: a GRU without further options, which is also what no `cell` stands for.
    return _elman.STATE_DROPOUT_OF_CLASSES if parameters["cell"] in (None, "gru", {"gru": {}}) else 0.0


def _layers(default: dict[str, Any], parameters: dict[str, Any]) -> list[dict[str, Any]]:
    size, count = parameters["hidden_size"], parameters["num_layers"]
    sizes = _listed(default["hidden_size"] if size is None else size)
    if count is not None and len(sizes) == 1:
        sizes = sizes * count
    if not sizes or (count is not None and count != len(sizes)):
        raise ValueError(f"num_layers: expected {len(sizes)}, one for each hidden_size, and at least 1, got {count}")
    cell, direction = parameters["cell"], parameters["direction"]
    changed: dict[str, Any] = {}
    if cell is not None:
        changed["cell"] = {cell: {}} if isinstance(cell, str) else cell
    if direction is not None:
        changed["directions"] = direction
    if parameters["state_dropout"] != 0.0:
        changed["regularization"] = {**default["regularization"], "state_dropout": parameters["state_dropout"]}
    between = [0.0, *[parameters["layer_dropout"]] * (len(sizes) - 1)]
    return [
        {**default, **changed, "hidden_size": size, "dropout": dropout}
        for size, dropout in zip(sizes, between, strict=True)
    ]


def _pooling(part: Any) -> Any:
    if isinstance(part, str):
        known(part, POOLINGS, "pooling")
        return POOLINGS[part]
    return part


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple, np.ndarray)) else [value]


def _kind(value: Any, name: str) -> Any:
    if isinstance(value, str):
        return {"kind": value}
    if not isinstance(value, dict):
        raise TypeError(f"{name}: expected a name or a dict with its kind, got {type(value).__name__}")
    return value


def known(name: str, names: Any, where: str) -> None:
    """Refuses a name that is none of `names`, with the nearest one."""
    if name not in names:
        import difflib  # only here, as most programs never need it

        near = difflib.get_close_matches(str(name), list(names), 1)
        hint = f" (hint: did you mean {near[0]!r}?)" if near else ""
        raise ValueError(f"{where}: expected one of {', '.join(names)}, got {name!r}{hint}")


def threads(n_jobs: int | None) -> int | None:
    """Threads for `n_jobs`; all processors for None and -1."""
    return None if n_jobs in (None, -1) else n_jobs


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise TypeError(f"options: expected plain values, got {type(value).__name__}")


def seed_of(random_state: Any) -> int:
    """A seed of the library; None and a generator of NumPy draw one."""
    if random_state is None:
        random_state = np.random.mtrand._rand
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**31))
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31 - 1))
    if isinstance(random_state, (int, np.integer)) and random_state >= 0:
        return int(random_state)
    raise ValueError(f"random_state: expected None, a generator or an integer of 0 or more, got {random_state!r}")
