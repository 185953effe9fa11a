import warnings

import numpy as np
import pandas as pd
import pytest

from skmm import MultimodalClassifier
from skmm.datasets import make_messy_table
from skmm.modalities import detect_modalities

pytest.importorskip("pyarrow")
pytestmark = pytest.mark.filterwarnings("ignore:Column .* is read as a category")


def test_every_column_is_read_as_what_it_is():
    X, _, readers = make_messy_table(600, return_readers=True, random_state=1)
    assert X.shape == (600, 40)
    found = detect_modalities(X).columns_
    told = {c.column: getattr(c.reader, "kind", c.reader) for c in found}
    assert told == readers


def test_clean_and_messy_are_the_same_values():
    X, y = make_messy_table(100, random_state=0)
    clean, y_clean = make_messy_table(100, clean=True, random_state=0)
    assert np.array_equal(y, y_clean)
    assert X.columns.equals(clean.columns)
    assert clean["price_us"].dtype == float
    assert X.loc[0, "price_us"] == f"${clean.loc[0, 'price_us']:,.2f}"


def test_notes_tell_what_a_user_would_want_to_know():
    with pytest.warns(UserWarning, match="'id' is read as a category, and 600 of 600"):
        columns = detect_modalities(make_messy_table(600, random_state=1)[0]).columns_
    notes = {column.column: column.note for column in columns}
    assert notes["price_eu"] == "decimal comma, unit '€'"
    assert notes["zip_code"].startswith("digits with leading zeros")
    assert notes["id"] == "ids"
    assert notes["address"] == "addresses (URLs)"
    assert notes["source"] == "constant"
    assert notes["row"] == "nearly the row number"
    assert notes["sensor_eu"] == "decimal comma, 1 of 570 values are no numbers"


def test_a_model_reads_the_mess_as_well_as_the_clean_columns():
    scores = {}
    for clean in (False, True):
        X, y = make_messy_table(1500, clean=clean, random_state=0)
        with warnings.catch_warnings():
            # Some cells that are no numbers, said by the column's own word for that.
            warnings.filterwarnings("ignore", "Column 'sensor_eu'")
            model = MultimodalClassifier(max_epochs=6, random_state=0)
            scores[clean] = model.fit(X[:1000], y[:1000]).score(X[1000:], y[1000:])
    assert scores[True] > 0.7
    # 500 rows: a hundredth is 5 of them; the guide has the figures of many.
    assert abs(scores[True] - scores[False]) < 0.05


def test_a_messy_table_fits_in_one_container_and_predicts_in_another():
    X, y = make_messy_table(300, random_state=0)
    X = X.drop(columns=["id", "address"])
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Column 'sensor_eu'")
        model = MultimodalClassifier(max_epochs=1, random_state=0).fit(X, y)
        expected = model.predict_proba(X)
        others = pd.DataFrame({name: X[name].to_numpy(object) for name in X})
        assert np.allclose(model.predict_proba(others), expected, atol=1e-5)
