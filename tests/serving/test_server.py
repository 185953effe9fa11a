"""A server in a process of its own, with clients as there are: programs, a browser."""

import asyncio
import contextlib
import json
import re
import subprocess
import sys
import time

import httpx2
import numpy as np
import pytest
from headless_chromium import find_chromium, open_page
from served_rows import make_row, png

import skmm
from skmm import MultimodalClassifier
from skmm.datasets import make_multimodal_classification

pytestmark = pytest.mark.slow


@contextlib.contextmanager
def running(model, folder):
    """Save a model and serve it at a free port; yield the address."""
    path = folder / "model.skmm"
    skmm.save(model, path)
    with subprocess.Popen(
        [sys.executable, "-m", "skmm", "serve", str(path), "--port", "0"],
        stdout=subprocess.DEVNULL,  # a line for each request
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        lines = []
        try:
            for line in process.stderr:
                lines.append(line)
                if found := re.search(r"running on (http://[\d.:]+)", line):
                    yield found[1]
                    break
            else:
                pytest.fail("".join(lines))
        finally:
            process.terminate()
            process.stderr.read()


def test_a_thousand_requests_of_sixteen_clients(tmp_path):
    X, y = make_multimodal_classification(n_samples=400, missing=0.1, random_state=0)
    model = MultimodalClassifier(random_state=0).fit(X, y)
    rows = json.loads(X.to_json(orient="records"))
    expected = model.predict_proba(X)[:, 1]

    async def client(address, places, found, seconds):
        async with httpx2.AsyncClient(base_url=address, timeout=60) as client:
            for place in places:
                start = time.perf_counter()
                body = {"rows": [rows[place % len(rows)]]}
                response = await client.post("/predict", json=body)
                seconds.append(time.perf_counter() - start)
                assert response.status_code == 200, response.text
                (row,) = response.json()["predictions"]
                found[place] = row["probabilities"]["1"]

    async def run(address):
        found, seconds = np.full(1000, np.nan), []
        await asyncio.gather(
            *[client(address, range(i, 1000, 16), found, seconds) for i in range(16)]
        )
        return found, np.array(seconds)

    with running(model, tmp_path) as address:
        start = time.perf_counter()
        found, seconds = asyncio.run(run(address))
        total = time.perf_counter() - start
    p50, p99 = 1000 * np.quantile(seconds, [0.5, 0.99])
    print(f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, {1000 / total:.0f} requests/s")
    np.testing.assert_allclose(found, expected[np.arange(1000) % len(rows)], atol=1e-6)


@pytest.mark.skipif(
    find_chromium() is None, reason="needs Chromium, which is not installed"
)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_row_in_a_browser(media_model, tmp_path, theme):
    picture = tmp_path / "a picture.png"
    picture.write_bytes(png(200))
    with (
        running(media_model, tmp_path) as address,
        open_page(address, tmp_path / "user") as page,
    ):
        media = [{"name": "prefers-color-scheme", "value": theme}]
        page.send("Emulation.setEmulatedMedia", features=media)
        page.wait_for("!document.getElementById('predict').disabled")
        background = page.run("getComputedStyle(document.body).backgroundColor")
        assert background == ("rgb(255, 255, 255)", "rgb(22, 24, 28)")[theme == "dark"]
        # Every field has a label and a hint, and can be reached by the keyboard.
        fields = "form input, form select, form textarea"
        assert page.run(
            f"[...document.querySelectorAll('{fields}')].every(e => e.labels.length"
            " && document.getElementById(e.getAttribute('aria-describedby'))"
            " && e.tabIndex === 0)"
        )
        assert page.run(f"document.querySelectorAll('{fields}').length") == 9
        # A row without files, by the keyboard alone.
        page.run("document.querySelector('[name=note]').value = 'good and cheap'")
        page.run("document.querySelector('[name=price]').focus()")
        page.press("Enter", 13, "\r")
        page.wait_for("document.querySelector('#result .label')")
        label = page.run("document.querySelector('#result .label').textContent")
        assert label in ("yes", "no")
        first = page.run("document.querySelector('.bars').textContent")
        shares = re.findall(r"([\d.]+) %", first)
        assert sum(map(float, shares)) == pytest.approx(100, abs=0.11)
        # With a picture, which is shown and uploaded.
        page.choose_file("[name=photo]", picture)
        page.wait_for("document.querySelector('img.preview')?.naturalWidth === 12")
        page.run("document.querySelector('.label').remove()")
        page.run("document.getElementById('predict').click()")
        page.wait_for("document.querySelector('#result .label')")
        assert page.run("document.querySelector('.bars').textContent") != first
        assert page.run("document.getElementById('error').textContent") == ""
        said, page.messages = page.messages, []
        assert said == []
        # A fault is told, named, and gets the focus.
        page.run("document.querySelector('[name=price]').value = 'dear'")
        page.run("document.getElementById('predict').click()")
        page.wait_for("document.getElementById('error').textContent")
        told = page.run("document.getElementById('error').textContent")
        assert "Column 'price'" in told and "'dear'" in told
        assert page.run("document.activeElement.id") == "error"
        # What was typed is text wherever it is shown.
        page.run("document.querySelector('[name=price]').value = '<b>dear</b>'")
        page.run("document.getElementById('predict').click()")
        page.wait_for("document.getElementById('error').textContent.includes('<b>')")
        assert page.run("document.querySelectorAll('main b').length") == 0
        # Narrow as a telephone, it does not scroll sideways.
        size = {"width": 360, "height": 640, "deviceScaleFactor": 1, "mobile": True}
        page.send("Emulation.setDeviceMetricsOverride", **size)
        assert page.run("document.documentElement.scrollWidth") <= 360
        asked = [url for url in page.requests if url.startswith("http")]
    assert asked
    assert all(url.startswith(address) for url in asked)


def test_the_process_ends_when_it_is_told_to(media_model, tmp_path):
    with running(media_model, tmp_path) as address:
        row = make_row()
        response = httpx2.post(f"{address}/predict", json={"rows": [row]}, timeout=60)
        assert response.status_code == 200
        assert "server" not in response.headers
