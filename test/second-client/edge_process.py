"""A real edge, or a real controller, in a process of its own."""

import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from turn import EdgeAddress


class EdgeProcess:
    """Use it in a `with`. @param command what starts outrider @param folder for certificate and output of this edge"""

    def __init__(
        self,
        command: Sequence[str],
        flags: Sequence[str],
        folder: Path,
        credentials: str = "",
        port: int = 0,
        service: str = "edge",
    ) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.is_secure = "--tls-self-signed" in flags
        self.credentials = credentials
        self.service = service
        self.words = [*command, service, "--port", str(port), *flags]

    def __enter__(self) -> "EdgeProcess":
        environment = {**os.environ, "OUTRIDER_STATE": str(self.folder), "NO_COLOR": "1"}
        for name in ("OUTRIDER_KEY", "OUTRIDER_CONTROLLER_KEY", "OUTRIDER_EDGE_KEY"):
            environment.pop(name, None)
        if self.credentials:
            environment["OUTRIDER_KEY"] = self.credentials
        self.notes = (self.folder / "notes.txt").open("w+")
        self.process = subprocess.Popen(
            self.words,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self.notes,
            text=True,
            start_new_session=True,
        )
        for line in self.process.stdout:
            if line.startswith(("ws://", "wss://")):
                authority = str(self.folder / f"{self.service}-certificate.pem") if self.is_secure else None
                self.address = EdgeAddress(line.strip(), self.credentials, authority)
                return self
        self.__exit__()
        raise RuntimeError(f"the {self.service} did not start: {(self.folder / 'notes.txt').read_text()[-1000:]}")

    def send(self, sign: signal.Signals) -> None:
        """To the edge and whatever has started it."""
        os.killpg(self.process.pid, sign)

    @property
    def port(self) -> int:
        return int(self.address.url.rpartition(":")[2])

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.send(signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.send(signal.SIGKILL)
            self.process.wait()
        self.process.stdout.close()
        self.notes.close()
