"""A running `outrider env`: one line of JSON to it, one line back. Knows no agents."""

import json
import os
import shlex
import subprocess

PROTOCOL = 1


class OutriderError(RuntimeError):
    """What outrider refused: `code` (docs/use/errors.md), the cause, and what to do."""

    def __init__(self, code: str, cause: str, remedy: str):
        super().__init__(f"{cause}. {remedy} [{code}]")
        self.code = code
        self.cause = cause
        self.remedy = remedy


class OutriderProcess:
    """Starts the command, and reads its first line. `close` ends it; it also ends when this process ends, since its input closes then."""

    def __init__(self, parameters, command=None):
        """
        :param parameters: after "outrider env", such as ["--scenario", "paper"]
        :param command: how outrider is started, a list; without it OUTRIDER_COMMAND, and without that "outrider"
        """
        start = list(command) if command is not None else shlex.split(os.environ.get("OUTRIDER_COMMAND", "outrider"))
        try:
            self._child = subprocess.Popen(
                [*start, "env", *parameters],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                encoding="utf-8",
            )
        except OSError as error:
            raise OutriderError(
                "bad-argument",
                f"{start[0]} can't be started: {error.strerror}",
                "Install outrider, or say how it is started: OutriderEnv(command=[...]) or the variable OUTRIDER_COMMAND.",
            ) from error
        try:
            self.hello = self._read()
        except OutriderError:
            self.close()
            raise
        if self.hello.get("protocol") != PROTOCOL:
            self.close()
            raise OutriderError(
                "bad-argument",
                f"outrider speaks protocol {self.hello.get('protocol')} of its environment, this package {PROTOCOL}",
                "Use a package and a program of the same version.",
            )

    def ask(self, request):
        """Sends a request and returns the answer. Raises OutriderError for what is refused."""
        try:
            self._child.stdin.write(json.dumps(request) + "\n")
            self._child.stdin.flush()
        except (BrokenPipeError, ValueError) as error:
            raise self._ended() from error
        return self._read()

    def close(self):
        """Ends the program. May be called twice."""
        for stream in (self._child.stdin, self._child.stdout, self._child.stderr):
            try:
                stream.close()
            except BrokenPipeError:
                pass
        try:
            self._child.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def _read(self):
        line = self._child.stdout.readline()
        if line == "":
            raise self._ended()
        answer = json.loads(line)
        if answer["kind"] == "error":
            raise OutriderError(answer["code"], answer["cause"], answer["remedy"])
        return answer

    def _ended(self):
        told = "" if self._child.stderr.closed else self._child.stderr.read().strip()
        reason = told.splitlines()[0] if told else "it said nothing"
        return OutriderError("internal", f"outrider env has ended: {reason}", "Run the command in a terminal.")
