"""A fitted estimator in a folder that other programs run."""


def export(estimator, path, format="onnx"):
    """Write a fitted estimator as a graph that runs without torch.

    Parameters
    ----------
    estimator : MultimodalClassifier or MultimodalRegressor
        Fitted.
    path : str or path
        The folder to write.
    format : {"onnx"}, default="onnx"
    """
    raise NotImplementedError
