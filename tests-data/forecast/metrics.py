"""Scores of forecasts, and forecasts without training, by the libraries of the field.

    python metrics.py > metrics.json

utilsforecast 0.2.17  mae, mse, rmse, mape, wape, mase, rmsse, quantile_loss, mqloss (crps is twice it), coverage, winkler_score
darts 0.48.1          smape (0 to 200), crps of samples
statsforecast 2.1.1   Naive, SeasonalNaive, RandomWalkWithDrift, HistoricAverage
scipy 1.17.1          the powers of Box and Cox, Student's t

The test of Diebold and Mariano is in none of them: it is written here in NumPy from Harvey, Leybourne & Newbold (1997).
"""

import json

import darts.metrics
import numpy as np
import pandas as pd
import scipy.special
import scipy.stats
import utilsforecast.losses as losses
from darts import TimeSeries
from statsforecast.models import HistoricAverage, Naive, RandomWalkWithDrift, SeasonalNaive

LEVELS = [80, 95]
QUANTILES = [0.1, 0.5, 0.9]


def rounded(values):
    """Few digits, so that the file holds the very numbers."""
    return np.round(np.asarray(values, float), 3)


def case(name, training, actual, forecast, season, rng):
    horizon = len(actual)
    spread = 0.5 + np.abs(rng.normal(size=horizon))
    frame = pd.DataFrame({"unique_id": "a", "ds": np.arange(len(training), len(training) + horizon), "y": actual, "m": forecast})
    history = pd.DataFrame({"unique_id": "a", "ds": np.arange(len(training)), "y": training})
    score = lambda table: float(table["m"].iloc[0])
    out = {"name": name, "training": list(training), "actual": list(actual), "forecast": list(forecast), "season": season}
    scores = {
        metric: score(getattr(losses, metric)(frame, ["m"])) for metric in ["mae", "mse", "rmse", "mape", "wape"]
    }
    for metric in ["mase", "rmsse"]:
        scores[metric] = score(getattr(losses, metric)(frame, ["m"], season, history))
    series = lambda values: TimeSeries.from_values(np.asarray(values))
    scores["smape"] = float(darts.metrics.smape(series(actual), series(forecast)))
    out["scores"] = scores
    out["intervals"] = []
    for level in LEVELS:
        width = spread * level / 60
        lo, hi = rounded(forecast - width), rounded(forecast + width)
        lo[0] = actual[0]  # on the edge: inside
        frame[f"m-lo-{level}"], frame[f"m-hi-{level}"] = lo, hi
        out["intervals"].append(
            {
                "level": level / 100,
                "lo": list(lo),
                "hi": list(hi),
                "coverage": score(losses.coverage(frame, ["m"], level)),
                "winkler": score(losses.winkler_score(frame, ["m"], level)),
            }
        )
    out["quantiles"] = []
    for quantile in QUANTILES:
        frame[f"q{quantile}"] = rounded(forecast + spread * scipy.stats.norm.ppf(quantile))
        loss = losses.quantile_loss(frame, {"m": f"q{quantile}"}, quantile)
        out["quantiles"].append({"quantile": quantile, "forecast": list(frame[f"q{quantile}"]), "loss": score(loss)})
    columns = [f"q{quantile}" for quantile in QUANTILES]
    out["crps_of_quantiles"] = 2 * score(losses.mqloss(frame, {"m": columns}, np.array(QUANTILES)))
    samples = rounded(forecast[0] + spread[0] * rng.normal(size=37))
    stochastic = TimeSeries.from_values(samples.reshape(1, 1, -1))
    out["samples"] = list(samples)
    out["crps_of_samples"] = float(darts.metrics.crps(series(actual[:1]), stochastic))
    out["baselines"] = baselines(np.asarray(training), season, horizon)
    return out


def baselines(training, season, horizon):
    models = {
        "naive": Naive(),
        "seasonal-naive": SeasonalNaive(season),
        "drift": RandomWalkWithDrift(),
        "mean": HistoricAverage(),
    }
    return {name: [float(v) for v in model.forecast(training, horizon)["mean"]] for name, model in models.items()}


def diebold_mariano(errors, others, horizon):
    gains = errors**2 - others**2
    n, mean = len(gains), gains.mean()
    covariances = [((gains[lag:] - mean) * (gains[: n - lag] - mean)).sum() / n for lag in range(horizon)]
    statistic = mean / np.sqrt((covariances[0] + 2 * sum(covariances[1:])) / n)
    corrected = statistic * np.sqrt((n + 1 - 2 * horizon + horizon * (horizon - 1) / n) / n)
    p_value = 2 * scipy.stats.t.sf(abs(corrected), n - 1)
    return {
        "errors": list(errors), "others": list(others), "horizon": horizon,
        "statistic": float(corrected), "p_value": float(p_value),
    }


def main():
    rng = np.random.default_rng(16)
    wave = lambda n, season: np.sin(2 * np.pi * np.arange(n) / season)
    noise = lambda n: rng.normal(size=n)
    trend = rounded(20 + 0.1 * np.arange(30) + 3 * wave(30, 6) + 0.4 * noise(30))
    counts = np.round(np.abs(2 * noise(24)))
    counts[20] = 0.0
    large = rounded(1e6 + 4e4 * wave(40, 12)[:40] + 1e4 * noise(40))
    cases = [
        case("a trend with a season", trend[:24], trend[24:], rounded(trend[24:] + noise(6)), 6, rng),
        case("counts with a zero", counts[:18], counts[18:], rounded(counts[18:] + 0.5 * noise(6)), 1, rng),
        case("below zero", -trend[:24], -trend[24:], rounded(2 * noise(6) - trend[24:]), 1, rng),
        case("large", large[:36], large[36:], rounded(large[36:] + 1e4 * noise(4)), 12, rng),
    ]
    tests = [
        diebold_mariano(rounded(noise(n)), rounded(scale * noise(n)), horizon)
        for n, scale, horizon in [(12, 1.0, 1), (40, 1.6, 3), (200, 1.1, 12)]
    ]
    values = rounded(np.exp(noise(9)))
    powers = [
        {"lambda": power, "values": list(values), "transformed": list(scipy.special.boxcox(values, power))}
        for power in [-0.5, 0.0, 0.3, 2.0]
    ]
    document = {"cases": cases, "diebold_mariano": tests, "box_cox": powers}
    line = lambda entry: json.dumps(entry, default=float)
    parts = [f'"{name}": [\n' + ",\n".join(map(line, entries)) + "\n]" for name, entries in document.items()]
    print("{\n" + ",\n".join(parts) + "\n}")


main()
