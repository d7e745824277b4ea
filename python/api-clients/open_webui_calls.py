"""The server of Open WebUI, driven by `outrider trial api`: driver.py says how. It runs in a process and a folder of its own, and is asked for
what its page asks for.
"""

import atexit
import functools
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from importlib.metadata import version
from pathlib import Path

VERSION = version("open-webui")
START_SECONDS = 600

# No accounts, and nothing is asked of anybody but the endpoint.
QUIET = {
    "WEBUI_AUTH": "False",
    "WEBUI_SECRET_KEY": "trial",
    "OFFLINE_MODE": "True",
    "HF_HUB_OFFLINE": "1",
    "ENABLE_OLLAMA_API": "False",
    "ENABLE_VERSION_UPDATE_CHECK": "False",
    "RAG_EMBEDDING_ENGINE": "openai",
    "ANONYMIZED_TELEMETRY": "False",
}


class Server:
    """Open WebUI on a free port of this machine, and its only person."""

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="outrider-open-webui-")
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        self.base = f"http://127.0.0.1:{port}"
        self.token = ""
        self.process = subprocess.Popen(
            [Path(sys.executable).with_name("open-webui"), "serve", "--host", "127.0.0.1", "--port", str(port)],
            cwd=self.folder.name,
            env={**os.environ, **QUIET, "DATA_DIR": self.folder.name, "HOME": self.folder.name},
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,
        )
        atexit.register(self.close)
        try:
            self.wait()
            self.token = json.loads(self.ask("/api/v1/auths/signin", {"email": "", "password": ""}))["token"]
        except BaseException:
            # The next call starts another one.
            self.close()
            raise

    def wait(self) -> None:
        for _ in range(START_SECONDS):
            assert self.process.poll() is None, f"open-webui has ended with status {self.process.returncode}"
            try:
                self.ask("/health")
                return
            except OSError:
                time.sleep(1)
        raise TimeoutError(f"open-webui does not answer after {START_SECONDS} s")

    def close(self) -> None:
        atexit.unregister(self.close)
        self.process.kill()
        self.process.wait()
        self.folder.cleanup()

    def ask(self, path: str, body: dict | None = None) -> str:
        headers = {"content-type": "application/json", "authorization": f"Bearer {self.token}"}
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(self.base + path, data, headers), timeout=600) as answer:
            return answer.read().decode()


@functools.cache
def server() -> Server:
    return Server()


def said(kind: str, place: dict, fields: dict) -> str:
    one = server()
    if kind == "test of a connection":
        tested = one.ask("/openai/verify", {"url": place["baseUrl"], "key": place["key"]})
        return json.loads(tested)["data"][0]["id"]
    connection = {"OPENAI_API_BASE_URLS": [place["baseUrl"]], "OPENAI_API_KEYS": [place["key"]]}
    one.ask("/openai/config/update", {"ENABLE_OPENAI_API": True, **connection, "OPENAI_API_CONFIGS": {}})
    one.ask("/api/models?refresh=true")
    if kind == "chat":
        return json.loads(one.ask("/api/chat/completions", fields))["choices"][0]["message"]["content"]
    events = one.ask("/api/chat/completions", {**fields, "stream": True}).split("\n")
    data = [event.removeprefix("data: ") for event in events if event.startswith("data: {")]
    choices = [choice for event in data for choice in json.loads(event)["choices"]]
    return "".join(choice["delta"].get("content") or "" for choice in choices)
