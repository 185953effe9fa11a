"""Image networks: packaged, from transformers or timm, or a module of the user's."""

import dataclasses
import os
import pathlib
import warnings

import numpy as np

from skmm._pretrained.hashes import hash_module
from skmm._pretrained.inference import inference, on_device, run_batches
from skmm._pretrained.pooling import pool
from skmm._pretrained.sources import (
    PACKAGED,
    check_all_trained,
    check_no_revision,
    find_loader,
    load_from_hub,
    load_once,
    packaged_names,
    packaged_path,
    quiet,
)
from skmm._utils.optional import optional_import

#: Of the pictures of ImageNet, from 0 to 1: what most networks were trained with.
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
#: Pictures a batch: on a CPU more are slower, since they leave its caches.
BATCH_SIZE = {"cpu": 8, "cuda": 256}


@dataclasses.dataclass
class ImageNetwork:
    """A network, and how it wants its pictures.

    Parameters
    ----------
    module : torch.nn.Module
    device : torch.device
    revision : str
    size : (int, int)
        Height and width.
    mean, std : tuple of float
        Of each channel, for pixels from 0 to 1.
    own_pooling : bool
        Whether the weights of its own pooling are trained.
    dimension : int or None
        Width of its vectors, where it is known.
    """

    module: object
    device: object
    revision: str
    size: tuple = (224, 224)
    mean: tuple = IMAGENET_MEAN
    std: tuple = IMAGENET_STD
    own_pooling: bool = True
    dimension: int | None = None

    def embed(self, pictures, *, precision, pooling, batch_size, advance):
        """Return the vectors of pictures.

        Parameters
        ----------
        pictures : list of ndarray
            uint8 (height, width, 3), or floats (channels, height, width) that are
            preprocessed already; all of one shape.

        Returns
        -------
        vectors : ndarray of float32 of shape (n_pictures, dimension)
        """
        shapes = {picture.shape for picture in pictures}
        if len(shapes) > 1:
            raise ValueError(
                f"preprocessing gives arrays of several shapes: {sorted(shapes)[:3]}. "
                "Resize to one size in it, or set size."
            )
        if batch_size == "auto":
            batch_size = BATCH_SIZE.get(self.device.type, 32)
        starts = range(0, len(pictures), batch_size)
        batches = (pictures[start : start + batch_size] for start in starts)
        vectors = []

        def run(batch):
            output = self.module(self._to_tensor(np.stack(batch)))
            return pool(output, pooling, self.own_pooling).float().cpu().numpy()

        with inference(self.module, self.device, precision):
            for batch, result in run_batches(run, batches):
                vectors.append(result)
                advance(len(batch))
        return np.concatenate(vectors)

    def measure(self, picture):
        """Return the dimension, found by embedding a picture."""
        options = dict(precision="float32", pooling="mean", batch_size=1)
        return self.embed([picture], **options, advance=lambda n: None).shape[1]

    def _to_tensor(self, pixels):
        import torch

        tensor = torch.from_numpy(pixels).to(self.device)
        if pixels.dtype != np.uint8:
            return tensor.to(memory_format=torch.channels_last)
        # Channels that were last stay last in memory, which convolutions like.
        tensor = tensor.permute(0, 3, 1, 2).float()
        mean, std = (
            255 * tensor.new_tensor(of).view(-1, 1, 1) for of in (self.mean, self.std)
        )
        return (tensor - mean) / std


def load_image_network(model, device, revision=None, size=None):
    """Load an image network; those with names once a process.

    Parameters
    ----------
    model : str, path or torch.nn.Module
        A name in `PACKAGED`, a folder of transformers, ``organisation/name`` of
        transformers on the hub, or a name of timm.
    device : torch.device
    revision : str, default=None
        Commit, branch or tag on the hub.
    size : (int, int), default=None
        Height and width, for networks that are built for one size.

    Returns
    -------
    network : ImageNetwork
        Not to be changed.
    """
    if not isinstance(model, (str, os.PathLike)):
        check_no_revision(revision, "a module")
        return ImageNetwork(on_device(model, device), device, hash_module(model))
    name = os.fspath(model)
    if is_timm(name):
        check_no_revision(revision, "a timm model")
        state, load = None, _load_timm
    else:
        loaders = _load_efficientnet_lite, _load_transformers
        state, load = find_loader(name, "image", revision, *loaders)

    def load_and_measure():
        network = load(name, device, revision or state, size)
        picture = np.zeros((*(size or network.size), 3), np.uint8)
        return dataclasses.replace(network, dimension=network.measure(picture))

    key = ("image", name, revision, state, size, str(device))
    return load_once(key, load_and_measure)


def is_timm(name):
    """Tell if a name that is not a package's or a folder's is one of timm."""
    if name in PACKAGED or pathlib.Path(name).is_dir():
        return False
    return "/" not in name or name.startswith(("timm/", "hf-hub:", "hf_hub:"))


# ------------------------------------------------------------------------- packaged


def _load_efficientnet_lite(name, device, revision, size):
    import torch

    library = optional_import("efficientnet_lite_pytorch", "image")
    size = size or (224, 224)
    # Its padding is built for one size.
    network = library.EfficientNet.from_name(name, image_size=size)
    network.load_state_dict(
        torch.load(packaged_path(name), map_location="cpu", weights_only=True)
    )
    network.eval()
    _fold_batch_norms(network)
    module = _make_features(network).to(device, memory_format=torch.channels_last)
    # As in TensorFlow's training: (pixel - 127) / 128.
    mean, std = (127 / 255,) * 3, (128 / 255,) * 3
    return ImageNetwork(module, device, revision, size, mean, std)


def _make_features(network):
    import torch

    class Features(torch.nn.Module):
        """The last maps, without the head for ImageNet's classes."""

        def __init__(self):
            super().__init__()
            self.network = network

        def forward(self, pixels):
            return self.network.extract_features(pixels)

    return Features().eval()


def _fold_batch_norms(network):
    """Multiply batch norms into the convolutions before them: 1.7 times as fast."""
    import torch

    blocks = ("_expand_conv", "_bn0"), ("_depthwise_conv", "_bn1")
    pairs = [(network, "_conv_stem", "_bn0"), (network, "_conv_head", "_bn1")]
    for block in network._blocks:
        for conv, norm in (*blocks, ("_project_conv", "_bn2")):
            if hasattr(block, conv):
                pairs.append((block, conv, norm))
    for owner, conv, norm in pairs:
        conv, fold = getattr(owner, conv), getattr(owner, norm)
        conv.weight, conv.bias = torch.nn.utils.fusion.fuse_conv_bn_weights(
            conv.weight,
            conv.bias,
            fold.running_mean,
            fold.running_var,
            fold.eps,
            fold.weight,
            fold.bias,
        )
        setattr(owner, norm, torch.nn.Identity())
    for module in network.modules():
        if isinstance(module, torch.nn.ReLU6):
            module.inplace = True


# ------------------------------------------------------------------------- libraries


def _load_transformers(name, device, revision, size):
    library = optional_import("transformers", "text")
    is_folder = pathlib.Path(name).is_dir()
    options = {} if is_folder else {"revision": revision or "main"}
    with quiet():
        module, report = load_from_hub(library.AutoModel, name, options)
        processing = _read_processing(name, options)
    module = getattr(module, "vision_model", module)  # of pictures and texts
    untrained = check_all_trained(name, report)
    size = _size_of(processing) or _both(getattr(module.config, "image_size", 224))
    mean = processing.get("image_mean") or IMAGENET_MEAN
    std = processing.get("image_std") or IMAGENET_STD
    if not processing.get("do_normalize", True):
        mean, std = (0.0,) * 3, (1.0,) * 3
    if is_folder:
        commit = revision  # the hash of its files
    else:
        commit = getattr(module.config, "_commit_hash", None) or hash_module(module)
    module = module.eval().to(device)
    return ImageNetwork(
        module, device, commit, size, tuple(mean), tuple(std), not untrained
    )


def _read_processing(name, options):
    # Not the processor itself, which may need torchvision.
    from transformers.image_processing_base import ImageProcessingMixin

    try:
        return ImageProcessingMixin.get_image_processor_dict(name, **options)[0]
    except OSError:
        return {}


def _size_of(processing):
    crops = processing.get("do_center_crop", False) and processing.get("crop_size")
    size = crops or processing.get("size")
    if isinstance(size, dict):
        if "height" in size:
            return size["height"], size["width"]
        size = size.get("shortest_edge")
    return _both(size) if size else None


def _both(size):
    return tuple(size) if isinstance(size, (tuple, list)) else (size, size)


def _load_timm(name, device, revision, size):
    import torch

    try:
        import timm
        import timm.data
    except Exception as error:  # torchvision's own, where it does not match torch
        raise ImportError(
            f"model={name!r} is taken for the name of a timm model, and timm cannot be "
            f"imported: {type(error).__name__}: {error}. Remedy: install timm and a "
            f"torchvision build that matches torch {torch.__version__}, or take one "
            f"of {packaged_names('image')}, a folder, or 'organisation/name' of "
            "transformers on the hub."
        ) from error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = timm.create_model(name, pretrained=True, num_classes=0)
        config = timm.data.resolve_model_data_config(module)
    revision = hash_module(module)
    module = module.eval().to(device, memory_format=torch.channels_last)
    return ImageNetwork(
        module,
        device,
        revision,
        tuple(config["input_size"][1:]),
        tuple(config["mean"]),
        tuple(config["std"]),
    )
