"""The linear floor: what a linear classifier makes of the same features, so that an easy set is seen to be easy."""

import numpy as np
from sklearn.linear_model import RidgeClassifier, RidgeClassifierCV
from sklearn.preprocessing import StandardScaler

TUNED_ON = 5000  # samples that choose the penalty: leave-one-out takes minutes on 60,000


def linear_floor(
    train_features: np.ndarray, train_y: np.ndarray, test_features: np.ndarray, test_y: np.ndarray
) -> float:
    """Test accuracy in [0, 1] of ridge classification on standardised features.

    The weight of the penalty is chosen on the training part alone, by leave-one-out on at most
    5,000 samples of it.

    Args:
        train_features, test_features: [n, ...], any fixed shape after the first axis; flattened.
        train_y, test_y: [n], labels.

    Raises:
        ValueError: no sample, or features that differ in shape between the two parts.
    """
    if not len(train_y) or not len(test_y) or train_features.shape[1:] != test_features.shape[1:]:
        raise ValueError(
            f"linear_floor: expected samples of one shape in both parts, got {train_features.shape} to train and "
            f"{test_features.shape} to test."
        )
    scaler = StandardScaler()
    train = scaler.fit_transform(np.asarray(train_features, np.float64).reshape(len(train_y), -1))
    test = scaler.transform(np.asarray(test_features, np.float64).reshape(len(test_y), -1))
    some = np.random.default_rng(0).permutation(len(train_y))[:TUNED_ON]
    tuned = RidgeClassifierCV(alphas=np.logspace(-1, 4, 6)).fit(train[some], train_y[some])
    # the penalty is weighed against a sum over samples, so it grows with their number
    ridge = RidgeClassifier(alpha=float(np.asarray(tuned.alpha_)) * len(train_y) / len(some)).fit(train, train_y)
    return float(ridge.score(test, test_y))
