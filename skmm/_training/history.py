"""What was recorded in each epoch."""

from skorch.history import History


class TrainingHistory(History):
    """skorch's history, a list with a dict for each epoch, and a table of it."""

    def to_frame(self):
        """Return a table: a row for each epoch, counted from 1, a column for each key.

        What was recorded for each batch is left out.

        Returns
        -------
        table : pandas DataFrame
        """
        import pandas as pd

        rows = [
            {key: value for key, value in epoch.items() if key != "batches"}
            for epoch in self
        ]
        return pd.DataFrame(rows).set_index("epoch") if rows else pd.DataFrame()
