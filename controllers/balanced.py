"""gunicorn's threaded worker, but one that leaves a connection to the process that has fewer.

All processes wait at one socket, and by itself the one that is awake takes all that come: where
one of two held all 32 connections of a client, both cores answered a quarter of what they can.
"""

from __future__ import annotations

import selectors
import socket
import struct
import time
import uuid
from contextlib import suppress
from functools import partial
from typing import Any

from gunicorn import util  # type: ignore[import-untyped]
from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]

from controllers import refusals
from controllers.seats import AWAY, seats
from controllers.strict_http import StrictParser

TURN = 0.0005  # seconds for another process to wake and take the connection
PATIENCE = 4  # turns; then this one takes it, for the others are busy
# Between two pieces of a request; the kernel's, for gunicorn's own reads know no end.
PIECE_SECONDS = struct.pack("ll", 10, 0)
OURS = 500  # from this status on it is the service's fault, but for what it does not know (501)
NOT_IMPLEMENTED = 501


class BalancedWorker(ThreadWorker):  # type: ignore[misc]
    """A worker that knows how many connections the others have."""

    seat: int
    declined = 0

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """One round of gunicorn's loop; then the others are told."""
        super().wait_for_and_dispatch_events(timeout)
        seats.counts[self.seat] = self.nr_conns if self.alive else AWAY

    def accept(self, listener: Any) -> None:
        """Take the connection that waits, or leave it for now."""
        if self.nr_conns > seats.fewest() and self.declined < PATIENCE:
            self.declined += 1
            time.sleep(TURN)
        else:
            self.declined = 0
            super().accept(listener)

    def set_accept_enabled(self, enabled: bool) -> None:
        """Begin or cease to take connections; a process that stops takes those that wait, first.

        gunicorn itself leaves the socket open until its last answer is sent: whoever came
        meanwhile waited in vain, and was cut off.
        """
        super().set_accept_enabled(enabled)
        if not enabled and not self.alive:
            for listener in self.sockets:
                if listener.sock is not None:  # it may have been left before
                    self._leave(listener)

    def _leave(self, listener: Any) -> None:
        before = None
        while before != self.nr_conns:
            before = self.nr_conns
            super().accept(listener)
        listener.close()

    def enqueue_req(self, conn: Any) -> None:
        """Give a connection to a thread; a new one only once something has come over it.

        gunicorn itself lets each hold a thread for five seconds first: so many that say nothing
        would keep all others waiting.
        """
        if conn.parser is None:
            conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, PIECE_SECONDS)
            conn.parser = StrictParser(self.cfg, conn.sock, conn.client)
            if not conn.wait_for_data(0):
                self._await_first_bytes(conn)
                return
        super().enqueue_req(conn)

    def _await_first_bytes(self, conn: Any) -> None:
        conn.sock.setblocking(False)
        conn.set_timeout()
        self.pending_conns.append(conn)
        readable = partial(self.on_pending_socket_readable, conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, readable)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:
        """Answer what cannot be read, or what went wrong outside the application, by a problem."""
        status, number = refusals.status_of(exc), uuid.uuid4().hex
        if status >= OURS and status != NOT_IMPLEMENTED:
            self.log.error("request %s failed outside the application", number, exc_info=exc)
        else:
            self.log.warning("request %s was refused with %s: %s", number, status, exc)
        with suppress(OSError):
            util.write_nonblock(client, refusals.answer(status, number))
