"""A WebSocket client (RFC 6455) over asyncio streams: binary messages, fragments, pings, closes; no compression, no extensions."""

import asyncio
import base64
import hashlib
import os
import ssl
import struct
from collections.abc import Sequence
from urllib.parse import urlsplit

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA


class HandshakeRefusedError(Exception):
    """@param status of HTTP @param body its first line"""

    def __init__(self, status: int, body: str) -> None:
        super().__init__(f"HTTP {status}: {body}")
        self.status = status
        self.body = body


class ClosedError(Exception):
    """The connection is over. @param status of the peer's close frame; 1006: there was none"""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status} {reason}".strip())
        self.status = status
        self.reason = reason


class WebSocket:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.pongs = 0

    def post(self, payload: bytes, opcode: int = BINARY, pieces: int = 1) -> None:
        """@param pieces number of fragments"""
        size = max(1, -(-len(payload) // pieces))
        parts = [payload[at : at + size] for at in range(0, len(payload), size)] or [b""]
        for index, part in enumerate(parts):
            self.writer.write(frame_of(part, opcode if index == 0 else 0, index == len(parts) - 1))

    async def receive(self) -> bytes:
        """The next message. @raises ClosedError"""
        message = b""
        while True:
            is_final, opcode, payload = await self._read_frame()
            if opcode == CLOSE:
                status, reason = struct.unpack(">H", payload[:2])[0] if payload else 1005, payload[2:].decode()
                self.writer.write(frame_of(payload, CLOSE, True))
                raise ClosedError(status, reason)
            if opcode == PING:
                self.writer.write(frame_of(payload, PONG, True))
            elif opcode == PONG:
                self.pongs += 1
            elif opcode == TEXT:
                raise ClosedError(1003, "the edge sent a text message")
            else:
                message += payload
                if is_final:
                    return message

    async def _read_frame(self) -> tuple[bool, int, bytes]:
        try:
            head, length = await self.reader.readexactly(2)
            if head & 0x70 or length & 0x80:
                raise ClosedError(1002, "the edge's frame is compressed or masked")
            if length > 125:
                width, form = (2, ">H") if length == 126 else (8, ">Q")
                length = struct.unpack(form, await self.reader.readexactly(width))[0]
            return bool(head & 0x80), head & 0x0F, await self.reader.readexactly(length)
        except (asyncio.IncompleteReadError, OSError) as error:
            raise ClosedError(1006, str(error)) from error

    async def close(self, status: int = 1000, reason: str = "done") -> None:
        """Says so, and waits a moment for the edge to do the same."""
        try:
            self.post(struct.pack(">H", status) + reason.encode(), CLOSE)
            async with asyncio.timeout(2):
                while True:
                    await self.receive()
        except (ClosedError, TimeoutError):
            self.cut()

    def cut(self) -> None:
        """Ends the connection without a word, as a lost network does."""
        self.writer.transport.abort()


def frame_of(payload: bytes, opcode: int, is_final: bool) -> bytes:
    """A frame of a client, masked."""
    head = bytes([(0x80 if is_final else 0) | opcode])
    if len(payload) < 126:
        head += bytes([0x80 | len(payload)])
    elif len(payload) < 65_536:
        head += bytes([0x80 | 126]) + struct.pack(">H", len(payload))
    else:
        head += bytes([0x80 | 127]) + struct.pack(">Q", len(payload))
    mask = os.urandom(4)
    key = int.from_bytes((mask * (len(payload) // 4 + 1))[: len(payload)])
    return head + mask + (int.from_bytes(payload) ^ key).to_bytes(len(payload))


async def connect(
    url: str, subprotocol: str | None, authority: str | None = None, headers: Sequence[str] = ()
) -> WebSocket:
    """
    @param authority for wss: a file with the certificate to trust, whatever name it has, in place of the system's
    @raises HandshakeRefusedError, OSError
    """
    parts = urlsplit(url)
    is_secure = parts.scheme == "wss"
    context = ssl.create_default_context(cafile=authority) if is_secure else None
    if context is not None and authority is not None:
        context.check_hostname = False
    port = parts.port or (443 if is_secure else 80)
    reader, writer = await asyncio.open_connection(parts.hostname, port, ssl=context)
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [
        f"GET {parts.path or '/'} HTTP/1.1",
        f"Host: {parts.netloc}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}",
        "Sec-WebSocket-Version: 13",
        *headers,
        *([] if subprotocol is None else [f"Sec-WebSocket-Protocol: {subprotocol}"]),
    ]
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
    answer = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in answer[1:])}
    status = int(answer[0].split()[1])
    if status != 101:
        body = (await reader.readexactly(int(headers.get("content-length", "0")))).decode()
        writer.close()
        raise HandshakeRefusedError(status, body.strip())
    expected = base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()
    if headers.get("sec-websocket-accept") != expected or headers.get("sec-websocket-protocol") != subprotocol:
        raise HandshakeRefusedError(status, "the answer is not one to this handshake")
    return WebSocket(reader, writer)
