"""What a prediction over HTTP takes, beside an application that answers a constant.

Each server runs in a process of its own; the clients share another. The rows are of
``make_multimodal_classification``: four numbers, two categories and a text, one row a
request. "alone" is ``predict_proba`` of one row in this process, without a server.

    OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE python benchmarks/serving.py
"""

import argparse
import asyncio
import contextlib
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx2
import joblib
import numpy as np
from _common import environment, markdown_table

from skmm import MultimodalClassifier
from skmm.datasets import make_multimodal_classification

CONSTANT = """
import uvicorn
from fastapi import FastAPI, Request
app = FastAPI()

@app.post("/predict")
async def predict(request: Request):
    await request.json()
    return {"predictions": [{"prediction": 1, "probabilities": {"0": 0.2, "1": 0.8}}]}

uvicorn.run(app, port=0, access_log=False)
"""
MODEL = """
import joblib, uvicorn
from skmm.serving import make_app
uvicorn.run(make_app(joblib.load(PATH)), port=0, access_log=False)
"""


@contextlib.contextmanager
def running(script):
    """Run a server; yield its address and its process."""
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            for line in process.stderr:
                if found := re.search(r"running on (http://[\d.:]+)", line):
                    yield found[1], process.pid
                    break
        finally:
            process.terminate()
            process.stderr.read()


async def ask(address, rows, n_requests, n_clients):
    """Post requests; return the seconds of each."""
    left, seconds = iter(range(n_requests)), []

    async def client():
        async with httpx2.AsyncClient(base_url=address, timeout=120) as client:
            for i in left:
                start = time.perf_counter()
                body = {"rows": [rows[i % len(rows)]]}
                response = await client.post("/predict", json=body)
                seconds.append(time.perf_counter() - start)
                response.raise_for_status()

    await asyncio.gather(*[client() for _ in range(n_clients)])
    return np.array(seconds)


def measure(name, script, rows, n_requests, n_clients):
    """Return a line of the table."""
    with running(script) as (address, process):
        asyncio.run(ask(address, rows, 50, n_clients))  # imports, first calls
        before, start = cpu(process), time.perf_counter()
        seconds = asyncio.run(ask(address, rows, n_requests, n_clients))
        total, spent = time.perf_counter() - start, cpu(process) - before
    return line(name, n_clients, seconds, n_requests / total, spent / n_requests)


def line(name, n_clients, seconds, rate, spent):
    p50, p99 = 1000 * np.quantile(seconds, [0.5, 0.99])
    return {
        "what answers": name,
        "clients": n_clients,
        "p50, ms": f"{p50:.1f}",
        "p99, ms": f"{p99:.1f}",
        "requests/s": f"{rate:.0f}",
        "CPU of the server, ms a request": f"{1000 * spent:.2f}",
    }


def cpu(process):
    """Return the CPU seconds of a process so far, as Linux counts them."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure_alone(model, X, n_requests):
    """Return the line of predictions without a server."""
    frames = itertools.cycle([X.iloc[[i]] for i in range(len(X))])
    for frame in itertools.islice(frames, 50):
        model.predict_proba(frame)
    seconds, start, before = [], time.perf_counter(), time.process_time()
    for frame in itertools.islice(frames, n_requests):
        at = time.perf_counter()
        model.predict_proba(frame)
        seconds.append(time.perf_counter() - at)
    spent = (time.process_time() - before) / n_requests
    rate = n_requests / (time.perf_counter() - start)
    return line("predict_proba, alone", 1, np.array(seconds), rate, spent)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=1000)
    n_requests = parser.parse_args().requests
    X, y = make_multimodal_classification(n_samples=1000, missing=0.1, random_state=0)
    model = MultimodalClassifier(random_state=0).fit(X, y)
    linear = MultimodalClassifier(heads=["linear"], random_state=0).fit(X, y)
    rows = json.loads(X.to_json(orient="records"))
    print(environment())
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        scripts = {"a constant (FastAPI)": CONSTANT}
        for name, one in [("all heads", model), ("linear head", linear)]:
            path = Path(folder) / f"{name}.pkl"
            joblib.dump(one, path)
            scripts[f"skmm.serving, {name}"] = MODEL.replace("PATH", repr(str(path)))
        for n_clients in (1, 16):
            for name, script in scripts.items():
                lines.append(measure(name, script, rows, n_requests, n_clients))
    lines.append(measure_alone(model, X, n_requests))
    print(markdown_table(lines))


if __name__ == "__main__":
    main()
