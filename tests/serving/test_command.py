"""``skmm serve``, and the server that it runs."""

import sys

import pytest

import skmm
from skmm import serving
from skmm.__main__ import main


def test_the_command_serves_what_it_loads(monkeypatch, regressor):
    loaded, served = [], []

    def load(path):
        loaded.append(path)
        return regressor

    monkeypatch.setattr(skmm, "load", load, raising=False)
    monkeypatch.setattr(
        serving, "serve", lambda *args, **options: served.append((args, options))
    )
    options = ["--host", "0.0.0.0", "--port", "0", "--max-rows", "5"]
    options += ["--max-megabytes", "2", "--timeout", "1.5"]
    assert main(["serve", "a model.skmm", *options]) == 0
    assert loaded == ["a model.skmm"]
    assert served == [
        (
            (regressor,),
            {
                "host": "0.0.0.0",
                "port": 0,
                "max_rows": 5,
                "max_bytes": 2 * 2**20,
                "timeout": 1.5,
            },
        )
    ]


def test_a_model_that_cannot_be_loaded_is_one_line(monkeypatch, capsys):
    def load(path):
        raise FileNotFoundError(f"there is no file {path!r}.")

    monkeypatch.setattr(skmm, "load", load, raising=False)
    assert main(["serve", "none.skmm"]) == 1
    assert capsys.readouterr().err == "skmm serve: there is no file 'none.skmm'.\n"


def test_the_application_is_run_by_uvicorn(monkeypatch, regressor):
    uvicorn = pytest.importorskip("uvicorn")
    ran = []
    monkeypatch.setattr(
        uvicorn, "run", lambda app, **options: ran.append((app, options))
    )
    serving.serve(regressor, port=8123, title="Prices")
    ((app, options),) = ran
    assert app.title == "Prices"
    assert (options["host"], options["port"]) == ("127.0.0.1", 8123)
    with pytest.raises(TypeError, match="max_row"):
        serving.serve(regressor, max_row=3)


def test_without_uvicorn_the_extra_is_named(monkeypatch, regressor):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(ImportError, match=r"skmm\[serve\]"):
        serving.serve(regressor)
