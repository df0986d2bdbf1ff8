"""Population pooling: several output neurons stand for one class."""

from torch import Tensor

from ranvier.checks import output_shape, value_range


def population(output: Tensor, *, classes: int) -> Tensor:
    """Sum of the neurons of each class, ready for any decoder or loss.

        pooled[t, b, c] = sum_{j < k} output[t, b, c * k + j],  k = C / classes

    The sum keeps spike counts whole numbers, so that ties stay ties; every class has the same k, so it orders classes
    as the mean does.

    Args:
        output: spikes or membrane potentials, shape [T, B, C], the k neurons of a class side by side.
        classes: number of classes; must divide C.

    Returns:
        Shape [T, B, classes]; in the dtype of `output`, integers and booleans in int64.

    Raises:
        TypeError: `output` is not a tensor.
        ValueError: `output` is not [T, B, C], is empty or not finite, or `classes` does not divide C.
    """
    value_range("population", "output", output)
    output_shape("population", "output", output)
    neurons = output.shape[2]
    if classes < 1 or neurons % classes:
        raise ValueError(
            f"population: classes must divide the {neurons} neurons on axis 2 of output, got {classes}. "
            f"Use an output layer of {max(classes, 1)} * k neurons."
        )
    return output.unflatten(2, (classes, neurons // classes)).sum(3)
