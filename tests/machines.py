"""Machines of a small network: namespaces of this one, each with an address of its own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Machine:
    """A namespace; its cable ends on this side in `link`."""

    name: str
    link: str
    address: str

    @property
    def inside(self) -> list[str]:
        """What to put before a command to run it there."""
        return ["ip", "netns", "exec", self.name]

    def cut_off(self) -> None:
        """Pull the cable: whatever is sent is lost without a word."""
        ip("link", "set", self.link, "down")


def ip(*arguments: str) -> None:
    """Linux's own command, of the package iproute2; it wants root."""
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


@contextmanager
def machines(count: int) -> Iterator[tuple[str, list[Machine]]]:
    """So many machines, and the address by which they reach this one."""
    own = os.getpid() % 10_000
    bridge, network = f"gb{own}", f"10.213.{own % 250}"
    with ExitStack() as stack:
        _add(stack, ["link", "add", bridge, "type", "bridge"], ["link", "del", bridge])
        ip("address", "add", f"{network}.1/24", "dev", bridge)
        ip("link", "set", bridge, "up")
        made = [_machine(stack, bridge, network, own, number) for number in range(count)]
        yield f"{network}.1", made


def _machine(stack: ExitStack, bridge: str, network: str, own: int, number: int) -> Machine:
    name, link, there = (f"{kind}{own}n{number}" for kind in ("gm", "gl", "gt"))
    machine = Machine(name, link, f"{network}.{number + 10}")
    _add(stack, ["netns", "add", name], ["netns", "del", name])
    ip("link", "add", link, "type", "veth", "peer", "name", there, "netns", name)
    ip("link", "set", link, "master", bridge, "up")
    for command in (
        ["link", "set", "lo", "up"],
        ["address", "add", f"{machine.address}/24", "dev", there],
        ["link", "set", there, "up"],
    ):
        subprocess.run([*machine.inside, "ip", *command], check=True)
    return machine


def _add(stack: ExitStack, make: list[str], undo: list[str]) -> None:
    ip(*make)
    stack.callback(ip, *undo)
