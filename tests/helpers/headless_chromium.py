"""Chromium without a window, driven through two pipes: no driver is needed."""

import contextlib
import json
import os
import shutil
import subprocess
import sys

#: Chromium reads commands from file 3, and answers in file 4.
_WRAPPER = (
    "import os, sys; r, w = int(sys.argv[1]), int(sys.argv[2]); "
    "os.dup2(r, 3); os.dup2(w, 4); os.execvp(sys.argv[3], sys.argv[3:])"
)


def find_chromium():
    """Return the program, or None."""
    return shutil.which("chromium") or shutil.which("google-chrome")


@contextlib.contextmanager
def open_page(address, folder):
    """Open a page.

    Parameters
    ----------
    address : str
    folder : path
        For Chromium's own files.

    Yields
    ------
    page : Page
    """
    import fcntl

    read_commands, commands = os.pipe()
    answers, write_answers = os.pipe()
    # Above those that the wrapper overwrites.
    high = [fcntl.fcntl(fd, fcntl.F_DUPFD, 10) for fd in (read_commands, write_answers)]
    arguments = [find_chromium(), "--headless", "--no-sandbox", "--disable-gpu"]
    arguments += [f"--user-data-dir={folder}", "--remote-debugging-pipe", "about:blank"]
    process = subprocess.Popen(
        [sys.executable, "-c", _WRAPPER, *map(str, high), *arguments],
        pass_fds=high,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for fd in (read_commands, write_answers, *high):
        os.close(fd)
    with os.fdopen(commands, "wb", 0) as out, os.fdopen(answers, "rb", 0) as back:
        try:
            yield Page(address, out, back)
        finally:
            process.terminate()
            process.wait(30)


class Page:
    """A page, and what it said on the console."""

    def __init__(self, address, commands, answers):
        self._commands, self._answers = commands, answers
        self._buffer, self._n = b"", 0
        self._session = None
        self.messages = []
        self.requests = []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        attached = self.send("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "DOM"):
            self.send(f"{domain}.enable")
        self.send("Page.navigate", url=address)

    def send(self, method, **params):
        """Send a command; return its result."""
        self._n += 1
        command = {"id": self._n, "method": method, "params": params}
        if self._session is not None:
            command["sessionId"] = self._session
        self._commands.write(json.dumps(command).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._n:
                assert "error" not in answer, answer["error"]
                return answer["result"]

    def _receive(self):
        while b"\0" not in self._buffer:
            block = os.read(self._answers.fileno(), 1 << 16)
            assert block, "Chromium has ended."
            self._buffer += block
        message, _, self._buffer = self._buffer.partition(b"\0")
        message = json.loads(message)
        method = message.get("method")
        if method in (
            "Runtime.consoleAPICalled",
            "Runtime.exceptionThrown",
            "Log.entryAdded",
        ):
            self.messages.append(json.dumps(message["params"])[:500])
        elif method == "Network.requestWillBeSent":
            self.requests.append(message["params"]["request"]["url"])
        return message

    def run(self, script):
        """Return the value of an expression, awaited if it is a promise."""
        answer = self.send(
            "Runtime.evaluate",
            expression=script,
            awaitPromise=True,
            returnByValue=True,
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait_for(self, condition):
        """Wait until an expression is true, 30 seconds at most."""
        self.run(
            "new Promise((resolve, reject) => {"
            "  const end = Date.now() + 30000;"
            "  const look = () => {"
            f"    if ({condition}) resolve();"
            "    else if (Date.now() > end) reject(new Error('It took too long.'));"
            "    else setTimeout(look, 20);"
            "  };"
            "  look();"
            "})"
        )

    def choose_file(self, selector, path):
        """Choose a file in a field, as a user does."""
        root = self.send("DOM.getDocument")["root"]["nodeId"]
        node = self.send("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.send("DOM.setFileInputFiles", files=[str(path)], nodeId=node)

    def press(self, key, code, text=""):
        """Press a key."""
        event = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        self.send("Input.dispatchKeyEvent", type="keyDown", text=text, **event)
        self.send("Input.dispatchKeyEvent", type="keyUp", **event)
