"""Tables of mixed columns become numbers, and the same tables again."""

from __future__ import annotations

import datetime as dt
import json
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

from jamjae import TableEncoder
from jamjae.data.archives import UnsoundError
from jamjae.errors import InvalidDataError, InvalidTypeError, ShapeMismatchError

RNG = np.random.default_rng(0)


@parametrize_with_checks([TableEncoder()])
def test_scikit_learn_s_checks(estimator, check):
    check(estimator)


@pytest.fixture
def people():
    n = 40
    return pd.DataFrame(
        {
            "age": RNG.integers(18, 90, n),
            "height": RNG.normal(170, 9, n),
            "weight": RNG.normal(70, 9, n).astype("float32"),
            "member": RNG.random(n) < 0.4,
            "city": RNG.choice(["서울", "부산", "대구"], n),
            "size": pd.Categorical(
                RNG.choice(["S", "M"], n), categories=["S", "M", "L"], ordered=True
            ),
            "born": pd.Timestamp("1980-03-01") + pd.to_timedelta(RNG.integers(0, 9999, n), "D"),
            "seen": pd.to_datetime(RNG.integers(0, 10**9, n), unit="s", utc=True),
            "waited": pd.to_timedelta(RNG.integers(0, 9999, n), "s"),
            "count": pd.array(RNG.integers(0, 9, n), dtype="Int64"),
        }
    )


def test_a_table_comes_back_as_it_was(people):
    encoder = TableEncoder().fit(people)
    Z = encoder.transform(people)
    assert Z.shape == (40, 3 + 1 + 3 + 3 + 3 + 1)
    back = encoder.inverse_transform(Z)
    pd.testing.assert_frame_equal(back, people, rtol=1e-6, check_exact=False)
    names = list(encoder.get_feature_names_out())
    assert names[4:7] == ["city=대구", "city=부산", "city=서울"]


def test_each_column_counts_alike(people):
    encoder = TableEncoder().fit(people)
    Z, start = encoder.transform(people), 0
    np.testing.assert_allclose(Z.mean(axis=0), 0, atol=1e-9)
    for codec in encoder.codecs_:
        block = Z[:, start : start + codec.width]
        assert block.var(axis=0).sum() == pytest.approx(1)
        start += codec.width


def test_missing_cells_stay_missing(people):
    people = people.astype({"member": "boolean"})
    rows = dict(zip(people.columns, range(len(people.columns)), strict=True))
    for name, row in rows.items():
        people.loc[row, name] = None if name != "age" else people.loc[row, name]
    encoder = TableEncoder().fit(people)
    Z = encoder.transform(people)
    back = encoder.inverse_transform(Z)
    np.testing.assert_array_equal(back.isna(), people.isna())
    assert np.isnan(Z[rows["city"], 4:7]).all()
    assert np.isfinite(Z[20:]).all()


def test_unknown_categories_are_none_of_the_known_and_said(people):
    encoder = TableEncoder().fit(people)
    other = people.assign(city="인천")
    with pytest.warns(UserWarning, match=r"city 40 cells"):
        Z = encoder.transform(other)
    assert len(np.unique(Z[:, 4:7], axis=0)) == 1


def test_columns_are_found_by_name_and_missed_by_name(people):
    encoder = TableEncoder().fit(people)
    turned = people[list(reversed(people.columns))]
    np.testing.assert_array_equal(encoder.transform(turned), encoder.transform(people))
    with pytest.raises(ShapeMismatchError, match=r"not fitted to some columns .*: extra"):
        encoder.transform(people.assign(extra=1))
    with pytest.raises(ShapeMismatchError, match="lacks: city, size"):
        encoder.transform(people.drop(columns=["city", "size"]))


def test_decoded_values_are_valid(people):
    encoder = TableEncoder().fit(people)
    noise = RNG.normal(size=(30, 14)) * 3
    made = encoder.inverse_transform(noise)
    assert made.dtypes.equals(people.dtypes)
    assert set(made["city"]) <= {"서울", "부산", "대구"}
    assert (made["age"] % 1 == 0).all()


def test_it_is_json_and_back(people):
    encoder = TableEncoder().fit(people)
    again = TableEncoder.from_dict(json.loads(json.dumps(encoder.to_dict())))
    np.testing.assert_array_equal(again.transform(people), encoder.transform(people))
    pickled = pickle.loads(pickle.dumps(encoder))
    np.testing.assert_array_equal(pickled.transform(people), encoder.transform(people))
    assert not hasattr(clone(encoder), "codecs_")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("codec", "code"),
        ("mean", "1"),
        ("deviation", 0.0),
        ("dtype", "no such type"),
        ("kind", "letters"),
        ("mean", float("nan")),
        ("dtype", "category"),
        ("dtype", "datetime64[ns]"),
        ("step", -1),
        ("origin", 2**80),
    ],
)
def test_a_damaged_description_is_refused(people, name, value):
    given = TableEncoder().fit(people[["height"]]).to_dict()
    given["columns"][0][name] = value
    with pytest.raises(UnsoundError):
        TableEncoder.from_dict(given)


def test_what_cannot_be_encoded_is_refused():
    with pytest.raises(InvalidTypeError, match=r"column 'a'.*\[1, 2\]"):
        TableEncoder().fit(pd.DataFrame({"a": [[1, 2], [3]]}))
    many = pd.DataFrame({"a": [f"t{i}" for i in range(200)]})
    with pytest.raises(InvalidDataError, match=r"200 different texts.*100 are allowed"):
        TableEncoder().fit(many)
    assert TableEncoder(max_categories=200).fit(many).transform(many).shape == (200, 200)
    with pytest.raises(InvalidDataError, match="infinity"):
        TableEncoder().fit(pd.DataFrame({"a": [1.0, np.inf]}))
    with pytest.raises(InvalidDataError, match="named 'a'"):
        TableEncoder().fit(pd.DataFrame([[1, 2]], columns=["a", "a"]))


@pytest.mark.parametrize("dtype", ["float32", "int8", "uint16", "float64"])
def test_one_row_and_constant_columns(dtype):
    X = np.array([[3, 5]], dtype=dtype)
    encoder = TableEncoder().fit(X)
    np.testing.assert_array_equal(encoder.inverse_transform(encoder.transform(X)), X)


DAYS = np.array(["0001-01-02", "2020-02-29", "9999-12-31"], dtype="datetime64[s]")


@pytest.mark.parametrize(
    "column",
    [
        pd.Series(DAYS),
        pd.Series(pd.to_datetime(RNG.integers(0, 2**44, 200) * 1000, unit="us")),
        pd.Series(pd.to_datetime(RNG.integers(0, 2**50, 200), unit="us")),
        pd.Series(pd.to_datetime(RNG.integers(0, 2**50, 200), unit="ns")),
        pd.Series(pd.to_datetime(RNG.integers(0, 2**40, 9), unit="s", utc=True)).dt.tz_convert(
            "Asia/Seoul"
        ),
        pd.Series(RNG.integers(2**60, 2**60 + 2**50, 200)),
        pd.Series(RNG.integers(-(2**62), 2**62, 200) // 2**20 * 2**20),
        pd.Series(pd.array([2**60, None, 2**60 + 7], dtype="Int64")),
        pd.Series(np.array([0, 255, 3], dtype=np.uint8)),
        pd.Series(pd.to_timedelta(RNG.integers(0, 2**50, 99), unit="us")),
    ],
)
def test_whole_numbers_and_times_are_exact(column):
    frame = pd.DataFrame({"a": column})
    encoder = TableEncoder().fit(frame)
    again = TableEncoder.from_dict(json.loads(json.dumps(encoder.to_dict())))
    pd.testing.assert_frame_equal(again.inverse_transform(encoder.transform(frame)), frame)


NOON = dt.datetime.fromisoformat("2020-02-29T12:00")
DATES = [dt.date(1999, 12, 31), None, dt.date(9999, 12, 31), dt.date(1, 1, 1)]


@pytest.mark.parametrize(
    "values",
    [
        [True, False, True],
        [True, None, False],
        DATES,
        [dt.date(2020, 2, 29)],
        [NOON, None, NOON.replace(year=1600)],
        [NOON.replace(tzinfo=dt.UTC), None],
        [1, 2**60 + 1, None],
        [1.0, 2.5, None],
        [None, None],
        ["a", None, "b"],
    ],
    ids=str,
)
def test_columns_of_objects_come_back_as_they_were(values):
    frame = pd.DataFrame({"a": pd.Series(values, dtype=object), "b": np.arange(len(values))})
    encoder = TableEncoder().fit(frame)
    again = TableEncoder.from_dict(json.loads(json.dumps(encoder.to_dict())))
    back = again.inverse_transform(encoder.transform(frame))["a"]
    assert back.dtype == object
    assert back.tolist() == values
    assert all(isinstance(new, type(old)) for new, old in zip(back, values, strict=True))
    encoder.transform(frame.iloc[:1])


@pytest.mark.parametrize("dtype", ["object", "str", "string"])
def test_text_without_values_comes_back_missing(dtype):
    frame = pd.DataFrame({"a": pd.Series([None, None], dtype=dtype), "b": [1.0, 2.0]})
    encoder = TableEncoder().fit(frame)
    again = TableEncoder.from_dict(json.loads(json.dumps(encoder.to_dict())))
    Z = encoder.transform(frame)
    assert np.isnan(Z[:, 0]).all()
    for encoded in (Z, np.nan_to_num(Z)):
        pd.testing.assert_frame_equal(again.inverse_transform(encoded), frame)


def test_other_columns_of_objects_are_met_by_what_they_hold():
    frame = pd.DataFrame({"a": pd.Series(DATES, dtype=object)})
    encoder = TableEncoder().fit(frame)
    same = pd.DataFrame(
        {"a": pd.Series([dt.datetime.fromisoformat("1999-12-31"), None], dtype=object)}
    )
    np.testing.assert_array_equal(encoder.transform(same), encoder.transform(frame.iloc[:2]))
    for values in (["text"], [1.5], [True]):
        with pytest.raises(InvalidDataError, match="fitted to dates in the column 'a'"):
            encoder.transform(pd.DataFrame({"a": pd.Series(values, dtype=object)}))


def test_a_column_without_values_is_named():
    with pytest.raises(InvalidDataError, match="column 'a': it has no values"):
        TableEncoder().fit(pd.DataFrame({"a": pd.Categorical([None, None])}))


def test_a_column_without_a_value_may_be_of_any_type():
    frame = pd.DataFrame({"n": [1.5, 2.5], "c": ["a", "b"], "d": pd.to_datetime(["2024", "2025"])})
    encoder = TableEncoder().fit(frame)
    empty = encoder.transform(pd.DataFrame({"n": [2.0], "c": [None], "d": [np.nan]}))
    np.testing.assert_array_equal(np.isnan(empty), [[False, True, True, True]])


def test_columns_of_arrow_come_back_in_their_type():
    pytest.importorskip("pyarrow")
    frame = pd.DataFrame({"whole": [3, 250, 8], "part": [0.5, 1.5, -2.0]})
    frame = frame.astype({"whole": "uint8[pyarrow]", "part": "double[pyarrow]"})
    encoder = TableEncoder().fit(frame)
    encoded = encoder.transform(frame)
    pd.testing.assert_frame_equal(encoder.inverse_transform(encoded), frame)
    assert encoder.inverse_transform(9 * encoded)["whole"].max() == 255  # within the type's range
