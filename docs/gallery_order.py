"""The order of the examples in the gallery: that in which one learns."""

from pathlib import Path

ORDER = [
    "plot_tables_and_text.py",
    "plot_does_fusion_help.py",
    "plot_importance.py",
    "plot_missing_modalities.py",
    "plot_several_tasks.py",
    "plot_few_labels.py",
    "plot_fusions_grid_search.py",
    "plot_emoji.py",
    "plot_sound_and_transcript.py",
    "plot_end_to_end.py",
    "plot_fine_tuning.py",
    "plot_textbook_programs.py",
    "plot_knowledge_graph.py",
]


class LearnersOrder:
    """Sort files by their place in ORDER; a file that is not in it is an error.

    Parameters
    ----------
    src_dir : str
        Folder of the examples, which sphinx-gallery passes.
    """

    def __init__(self, src_dir):
        self.src_dir = src_dir

    def __call__(self, filename):
        """Return the place of a file."""
        return ORDER.index(Path(filename).name)
