"""Requests that wait at the same time, predicted at once."""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import Future


class BusyError(RuntimeError):
    """More requests wait than may."""


#: Jobs that may wait until nothing else does.
_MOST_LATER = 8


class Batcher:
    """One thread that predicts, and takes with it what waits.

    A request that comes alone is predicted at once: nothing is waited for. While the
    model is busy, requests gather, and are one batch next. Jobs that take long stand
    back behind all others.

    Parameters
    ----------
    predict : callable
        Called with a list of frames, and with what is asked of them; returns a list
        with a result for each, or with an exception.
    max_rows : int
        Rows that are predicted at once; a job of more is a batch of its own.
    max_waiting : int
        Jobs that may wait; more are refused.

    Attributes
    ----------
    n_batches, n_jobs : int
        Of which anything was computed.
    """

    def __init__(self, predict, max_rows, max_waiting):
        self.predict = predict
        self.max_rows = max_rows
        self.max_waiting = max_waiting
        self.n_batches = self.n_jobs = 0
        self._waiting, self._later = deque(), deque()
        self._changed = threading.Condition()
        self._thread = None
        self._closed = False

    def submit(self, frame, asked, can_share=True, later=False):
        """Let rows be predicted.

        Parameters
        ----------
        frame : DataFrame
        asked : object
            What is asked of them. Rows of which the same is asked may share a call.
        can_share : bool, default=True
            Whether other frames may be in the same call.
        later : bool, default=False
            Whether it takes long, and all others come before it.

        Returns
        -------
        future : concurrent.futures.Future
            Of the result; one that is cancelled while it waits is not computed.

        Raises
        ------
        BusyError
            If too many wait.
        """
        future = Future()
        with self._changed:
            queue, most = self._waiting, self.max_waiting
            if later:
                queue, most = self._later, min(most, _MOST_LATER)
            if len(queue) >= most:
                raise BusyError(f"{len(queue)} requests wait already.")
            if self._thread is None:
                self._closed = False
                self._thread = threading.Thread(
                    target=self._run, name="skmm-serving", daemon=True
                )
                self._thread.start()
            queue.append((future, frame, asked, can_share))
            self._changed.notify()
        return future

    @property
    def n_waiting(self):
        """How many jobs wait."""
        return len(self._waiting) + len(self._later)

    def close(self):
        """End the thread once what it has begun is done; what waits is cancelled."""
        with self._changed:
            thread, self._thread, self._closed = self._thread, None, True
            for queue in (self._waiting, self._later):
                for future, *_ in queue:
                    future.cancel()
                queue.clear()
            self._changed.notify()
        if thread is not None:
            thread.join()

    def _run(self):
        while (batch := self._take()) is not None:
            self._compute(batch)

    def _take(self):
        """Wait for jobs; return those of one batch, None at the end."""
        with self._changed:
            while True:
                while not self.n_waiting and not self._closed:
                    self._changed.wait()
                if not self.n_waiting:
                    return None
                queue = self._waiting or self._later
                batch, n_rows = [], 0
                while queue and self._fits(queue[0], batch, n_rows):
                    job = queue.popleft()
                    # From here on it cannot be cancelled.
                    if job[0].set_running_or_notify_cancel():
                        batch.append(job)
                        n_rows += len(job[1])
                if batch:
                    self.n_batches += 1
                    self.n_jobs += len(batch)
                    return batch

    def _fits(self, job, batch, n_rows):
        """Tell whether a job may be added to a batch."""
        if not batch:
            return True
        _, frame, asked, can_share = job
        _, _, first, shares = batch[0]
        is_alike = asked == first and can_share and shares
        return is_alike and n_rows + len(frame) <= self.max_rows

    def _compute(self, batch):
        try:
            results = self.predict([frame for _, frame, _, _ in batch], batch[0][2])
        except BaseException as error:  # the thread must live on
            results = [error] * len(batch)
        for (future, *_), result in zip(batch, results):
            if isinstance(result, BaseException):
                future.set_exception(result)
            else:
                future.set_result(result)
