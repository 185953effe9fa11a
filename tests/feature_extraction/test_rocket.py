"""MiniRocket against its definition: convolve, compare, count."""

import itertools

import numpy as np
import pytest

from skmm.feature_extraction._rocket import KERNELS, MiniRocket


def naive_kernels():
    """Length 9, weights -1 and 2, the sum of the weights 0: 84 of them."""
    return [
        np.array(weights)
        for weights in itertools.product([2, -1], repeat=9)
        if sum(weights) == 0
    ]


def naive_convolution(values, weights, dilation):
    """Give the convolution at each time; the series is zero beyond its ends."""
    dilated = np.zeros(8 * dilation + 1)
    dilated[::dilation] = weights
    padded = np.pad(values, 4 * dilation)
    return np.convolve(padded, dilated[::-1], mode="valid")


def naive_features(values, rocket):
    """Give the features of one series (time, channels)."""
    features = []
    for i, one in enumerate(rocket.dilations):
        for k, weights in enumerate(naive_kernels()):
            summed = values[:, one.channels[k]].sum(axis=1)
            convolved = naive_convolution(summed, weights, one.dilation)
            reach = 4 * one.dilation
            if (i + k) % 2 and len(values) > 2 * reach:
                convolved = convolved[reach:-reach]
            features += [np.mean(convolved > bias) for bias in one.biases[k]]
    return np.array(features)


def make_series(lengths, n_channels, seed=0):
    """Whole numbers, so that sums in another order are the same in float32."""
    rng = np.random.default_rng(seed)
    shapes = [(length, n_channels) for length in lengths]
    return [rng.integers(-50, 50, shape).astype(float) for shape in shapes]


LENGTHS = {
    "one length": [60] * 5,
    "lengths": [60, 9, 33, 8, 1, 17, 60, 25],
    "shorter than a kernel": [3, 5],
    "longer than a byte counts": [700, 300, 699],
}


@pytest.mark.parametrize("n_channels", [1, 4])
@pytest.mark.parametrize("lengths", LENGTHS.values(), ids=LENGTHS)
def test_features_are_those_of_the_definition(lengths, n_channels):
    series = make_series(lengths, n_channels)
    rocket = MiniRocket(84 * 12, 0).fit(series)
    features = rocket.transform(series)
    assert features.dtype == np.float32
    expected = [naive_features(values, rocket) for values in series]
    np.testing.assert_allclose(features, expected, rtol=1e-6)
    assert features.std() > 0.1


def test_new_series_may_be_longer_and_shorter():
    rocket = MiniRocket(84 * 12, 0).fit(make_series([40, 50], 2))
    new = make_series([200, 51, 4], 2, seed=1)
    expected = [naive_features(values, rocket) for values in new]
    np.testing.assert_allclose(rocket.transform(new), expected, rtol=1e-6)


def test_kernels_are_all_those_with_three_weights_of_two():
    ours = [[2 if place in places else -1 for place in range(9)] for places in KERNELS]
    assert ours == [list(weights) for weights in naive_kernels()]
    assert len(ours) == 84


def test_biases_are_quantiles_of_the_convolution_of_a_series_at_fit():
    series = make_series([70, 45, 60], 1)
    rocket = MiniRocket(10_000, 0).fit(series)
    chosen = set()
    quantiles = iter(np.arange(1, 9997) * (1 + 5**0.5) / 2 % 1)
    for one in rocket.dilations:
        for weights, biases in zip(naive_kernels(), one.biases):
            places = [next(quantiles) for _ in biases]
            far = [
                np.abs(
                    np.quantile(
                        naive_convolution(values[:, 0], weights, one.dilation), places
                    )
                    - biases
                ).max()
                for values in series
            ]
            assert min(far) < 1e-3
            chosen.add(int(np.argmin(far)))
    assert chosen == {0, 1, 2}


@pytest.mark.parametrize(
    "length, expected",
    [
        (9, {1: 119}),
        # 32 exponents from 0 to log2(16 / 8), and to log2(40 / 8): of the latter, 14
        # give dilation 1, 8 give 2, 5 give 3, 4 give 4, one gives 5.
        (17, {1: 116, 2: 3}),
        (41, {1: 53, 2: 29, 3: 19, 4: 15, 5: 3}),
        (3, {1: 119}),
    ],
)
def test_dilations(length, expected):
    rocket = MiniRocket(10_000, 0).fit(make_series([length], 1))
    found = {one.dilation: one.biases.shape[1] for one in rocket.dilations}
    assert found == expected


def test_dilations_of_long_series_are_at_most_32_and_span_no_more_than_the_series():
    rocket = MiniRocket(10_000, 0).fit(make_series([5000], 1))
    dilations = [one.dilation for one in rocket.dilations]
    assert dilations[0] == 1
    assert len(dilations) <= 32
    assert 8 * max(dilations) <= 4999 < 16 * max(dilations)


def test_kernels_add_up_one_to_nine_channels():
    rocket = MiniRocket(10_000, 0).fit(make_series([300], 20))
    sizes = [len(set(chosen)) for one in rocket.dilations for chosen in one.channels]
    assert set(sizes) == set(range(1, 10))
    assert sizes.count(1) > sizes.count(5)
    used = {i for one in rocket.dilations for chosen in one.channels for i in chosen}
    assert used == set(range(20))


def test_level_does_not_matter_inside_of_a_series():
    """All but what looks over the ends: the weights of a kernel add up to 0."""
    series = make_series([40] * 6, 1)
    rocket = MiniRocket(84, 0).fit(series)
    inside = slice(1, None, 2)
    features = rocket.transform(series)[:, inside]
    raised = rocket.transform([values + 1000 for values in series])[:, inside]
    np.testing.assert_array_equal(raised, features)
