"""The load: keep-alive connections over one epoll, closed loop (as fast as answers come) or open (at a rate).

In an open loop latency counts from the moment a request was *due*, so a server that falls behind shows it.
An answer is complete when its Content-Length is, however many pieces it comes in.
"""

from __future__ import annotations

import random
import select
import socket
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

Next = Callable[[], bytes]
WAIT_AT_END = 5.0  # seconds that answers may take after the last request


@dataclass
class Outcome:
    """What came of a run; latencies in seconds, sorted, those of the latecomers included."""

    seconds: float
    within: int
    latencies: list[float]
    failed: int
    unsent: int
    statuses: dict[int, int] = field(default_factory=dict)
    bytes: int = 0

    @property
    def rate(self) -> float:
        """Good answers a second, of those that came within the time."""
        return self.within / self.seconds

    def percentile_ms(self, share: float) -> float:
        """The latency in milliseconds that this share of the answers did not exceed."""
        if not self.latencies:
            return float("nan")
        return self.latencies[min(len(self.latencies) - 1, int(share * len(self.latencies)))] * 1000


class Connection:
    """One keep-alive connection, at most one request on it."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.due = 0.0
        self._have = b""

    def send(self, request: bytes, due: float) -> None:
        """Requests are far smaller than a socket's buffer, so this never waits."""
        self.due, self._have = due, b""
        self.socket.sendall(request)

    def receive(self) -> tuple[int, int] | None:
        """(status, bytes of the body) when the answer is whole, else None. ConnectionError at its end."""
        piece = self.socket.recv(262_144)
        if not piece:
            raise ConnectionError("closed by the server")
        self._have += piece
        head = self._have.find(b"\r\n\r\n")
        if head < 0:
            return None
        at = self._have.lower().find(b"content-length:", 0, head)
        if at < 0:
            raise ConnectionError("an answer without Content-Length")
        length = int(self._have[at + 15 : self._have.find(b"\r\n", at)])
        if len(self._have) < head + 4 + length:
            return None
        return int(self._have[9:12]), length


class Driver:
    """One run against one port. `following` gives the next request's bytes."""

    def __init__(self, port: int, connections: int, following: Next, good: tuple[int, ...] = (200,)) -> None:
        self._port, self._next, self._good = port, following, good
        self._epoll = select.epoll()
        self._open: dict[int, Connection] = {}
        self._idle: deque[Connection] = deque()
        for _ in range(connections):
            self._connect()
        self._latencies: list[float] = []
        self._statuses: dict[int, int] = {}
        self._failed = self._bytes = 0

    def _connect(self) -> None:
        made = Connection(self._port)
        self._epoll.register(made.socket.fileno(), select.EPOLLIN)
        self._open[made.socket.fileno()] = made
        self._idle.append(made)

    def closed(self, seconds: float) -> Outcome:
        """Every connection sends as soon as it is answered."""
        begun = time.perf_counter()
        until = begun + seconds
        while (now := time.perf_counter()) < until:
            while self._idle:
                self._idle.popleft().send(self._next(), now)
            self._collect(until - now)
        return self._finish(time.perf_counter() - begun, 0)

    def open(self, seconds: float, rate: float) -> Outcome:
        """Requests fall due at random moments, on average `rate` a second, whether answered or not."""
        gap, chance = 1 / rate, random.Random(20260101)
        begun = time.perf_counter()
        until = begun + seconds
        due, now = begun, begun
        while now < until:
            while self._idle and due <= now:
                self._idle.popleft().send(self._next(), due)
                due += chance.expovariate(1) * gap
            # With all connections busy only an answer helps; otherwise the next one's moment.
            self._collect(min(until, due if self._idle else until) - now)
            now = time.perf_counter()
        return self._finish(now - begun, max(0, int((now - due) * rate)))

    def _collect(self, timeout: float) -> None:
        # select on the epoll itself: epoll's own timeout is whole milliseconds.
        if timeout > 0:
            select.select([self._epoll], [], [], timeout)
        for number, _event in self._epoll.poll(0):
            connection = self._open[number]
            try:
                answer = connection.receive()
            except OSError:
                self._replace(connection)
                continue
            if answer is not None:
                self._note(connection, *answer)

    def _note(self, connection: Connection, status: int, length: int) -> None:
        self._statuses[status] = self._statuses.get(status, 0) + 1
        self._bytes += length
        if status in self._good:
            self._latencies.append(time.perf_counter() - connection.due)
        else:
            self._failed += 1
        self._idle.append(connection)

    def _replace(self, connection: Connection) -> None:
        number = connection.socket.fileno()
        self._epoll.unregister(number)
        del self._open[number]
        connection.socket.close()
        self._failed += 1
        self._connect()

    def _finish(self, seconds: float, unsent: int) -> Outcome:
        within = len(self._latencies)
        until = time.perf_counter() + WAIT_AT_END
        while len(self._idle) < len(self._open) and (now := time.perf_counter()) < until:
            self._collect(until - now)
        self._failed += len(self._open) - len(self._idle)
        for connection in self._open.values():
            connection.socket.close()
        self._epoll.close()
        return Outcome(seconds, within, sorted(self._latencies), self._failed, unsent, self._statuses, self._bytes)


def post(path: str, body: bytes, port: int) -> bytes:
    """The bytes of a POST."""
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body


def get(path: str, port: int, cookie: str) -> bytes:
    """The bytes of a GET of a signed-in browser."""
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: text/html\r\nCookie: {cookie}\r\n\r\n"
    return head.encode()
