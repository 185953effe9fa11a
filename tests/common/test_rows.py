"""A row is predicted alone as it is among others, whatever its cells are written in."""

import numpy as np
import pandas as pd
import pytest

from skmm import MultimodalClassifier

N = 60

rng = np.random.default_rng(0)
AMOUNTS = rng.integers(1_000, 99_999, N) + 0.5
DAYS = pd.Timestamp("2020-01-15") + pd.to_timedelta(rng.integers(0, 700, N), unit="D")
WORDS = ["red", "blue", "green", "soft", "hard", "long", "short", "new", "old", "fine"]


def _european(amount):
    return f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))


#: Name -> the cells of the fit, and of other rows that could be read in several ways.
COLUMNS = {
    "money": ([f"${a:,.2f}" for a in AMOUNTS], ["1,234", "1.234", "0,5", "12,5", "7"]),
    "euros": ([_european(a) for a in AMOUNTS], ["1,234", "1.234", "0.5", "12.5", "7"]),
    "unit": ([f"{a / 99:.2f} kg" for a in AMOUNTS], ["5", "1,234", "5,1 kg", "0.5"]),
    "short": ([f"{a / 9:.1f}k" for a in AMOUNTS], ["5M", "5m", "700", "1,234", "0,5"]),
    "percent": ([f"{a / 999:.1f}%" for a in AMOUNTS], ["5", "1,234", "7 %", "0,5"]),
    "objects": (
        [a if a % 2 else str(a) for a in AMOUNTS // 1],
        ["1,234", 1.234, "0,5"],
    ),
    "day first": (
        DAYS.strftime("%d/%m/%Y"),
        ["03/04/2020", "13/04/2020", "04/13/2020"],
    ),
    "month first": (DAYS.strftime("%m/%d/%Y"), ["03/04/2020", "04/13/2020", "13/4/20"]),
    "zone": (
        DAYS.tz_localize("Europe/Paris"),
        [pd.Timestamp("2020-04-03 12:00"), pd.Timestamp("2020-04-03 12:00", tz="UTC")],
    ),
    "offset": (
        DAYS.strftime("%Y-%m-%dT10:00:00+02:00"),
        ["2020-04-03T10:00:00", "2020-04-03T10:00:00Z", "2020-04-03T23:00:00-05:00"],
    ),
    "time": ([f"{i % 24:02d}:{i:02d}" for i in range(N)], ["9:30 pm", "09:30", "9:30"]),
    "span": ([f"{i % 9} h {i:02d} min" for i in range(N)], ["00:05", "1 d", "0:05:00"]),
    "flag": (["yes", "no", "Y"] * (N // 3), ["N", "TRUE", "0", "maybe", "off"]),
    "category": (["a", "b", "c"] * (N // 3), ["A ", " b", "d", "1.0", 1]),
    "text": (
        [" ".join(rng.choice(WORDS, 6)) for _ in range(N)],
        ["red, BLUE", "x", "."],
    ),
    "name": (
        ["".join(rng.choice([*"abcdef"], 7)) for _ in range(N)],
        ["abc", "zz", "7"],
    ),
    "vector": (
        [[float(v) for v in rng.normal(size=3)] for _ in range(N)],
        ["[1, 2, 3]"],
    ),
}


@pytest.fixture(scope="module")
def fitted():
    X = pd.DataFrame(
        {
            name: pd.Series(list(cells), dtype=object)
            for name, (cells, _) in COLUMNS.items()
        }
    )
    y = (np.median(AMOUNTS) < AMOUNTS) ^ (np.arange(N) % 3 == 0)
    return X, MultimodalClassifier(heads=["linear"], random_state=0).fit(X, y)


@pytest.mark.filterwarnings("ignore:Column")
@pytest.mark.parametrize("name", COLUMNS)
def test_a_row_alone_is_as_among_others(fitted, name):
    X, model = fitted
    cells = COLUMNS[name][1]
    rows = pd.concat([X.iloc[[i]] for i in range(len(cells) + 2)], ignore_index=True)
    rows[name] = pd.Series([*cells, *X[name].iloc[:2]], dtype=object)
    together = model.predict_proba(rows)
    alone = [model.predict_proba(rows.iloc[[i]])[0] for i in range(len(rows))]
    np.testing.assert_allclose(together, alone, rtol=1e-6, atol=1e-9)
    # Nor do the others matter if the rest of them is as it was at fit, or the reverse.
    among = model.predict_proba(pd.concat([X, rows], ignore_index=True))[-len(rows) :]
    np.testing.assert_allclose(together, among, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", COLUMNS)
def test_what_is_missing_is_so_in_every_spelling(fitted, name):
    X, model = fitted
    ways = [None, np.nan, pd.NA, "", "  ", "N/A", "n/a", "null", "None"]
    rows = pd.concat([X.iloc[[0]]] * len(ways), ignore_index=True)
    rows[name] = pd.Series(ways, dtype=object)
    predicted = model.predict_proba(rows)
    np.testing.assert_allclose(predicted, predicted[[0] * len(ways)], rtol=1e-6)
