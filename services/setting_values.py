"""What a setting may say: each parses one kind, or raises ValueError with what is expected."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
KEY_LENGTH, LONGEST_KEY = 32, 512
UNSET = ""
OF_MACHINE = 0.75  # of its memory is for the service, unless it is told
# Of the two kinds of cgroup that there are.
CGROUP_MEMORY = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


def whole(low: int, high: int) -> Callable[[str], int]:
    """A whole number in a range."""

    def parse(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,12}", text) or not low <= int(text) <= high:
            raise ValueError(f"expected a whole number from {low:,} to {high:,}")
        return int(text)

    return parse


def size(text: str) -> int:
    """Bytes, as 512M."""
    match = re.fullmatch(r"([0-9]{1,12})([KMGT]?)", text)
    if not match or not int(match[1]):
        raise ValueError("expected a size in bytes such as 500000, 512M or 10G")
    return int(match[1]) * UNITS[match[2]]


def size_or_none(text: str) -> int | None:
    """Bytes, or None."""
    return None if text is UNSET else size(text)


def memory(text: str) -> int:
    """Bytes, or most of what this machine, or the container that we are in, has."""
    if text is not UNSET:
        return size(text)
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    bounds = [path.read_text().strip() for path in CGROUP_MEMORY if path.exists()]
    most = min([machine, *(int(bound) for bound in bounds if bound.isdigit())])
    return int(most * OF_MACHINE)


def choice(*choices: str) -> Callable[[str], str]:
    """One of some words."""

    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(f"expected one of {', '.join(choices)}")
        return text

    return parse


def bind(text: str) -> str:
    """Where to listen."""
    port = re.fullmatch(r".+:([0-9]{1,5})", text)
    if text.startswith("unix:/") or (port and 0 < int(port[1]) < 2**16):
        return text
    raise ValueError("expected HOST:PORT or unix:/PATH")


def key(text: str) -> str | None:
    """A key, or None."""
    if text is UNSET:
        return None
    plain = text.isascii() and text.isprintable() and " " not in text
    if not KEY_LENGTH <= len(text) <= LONGEST_KEY or not plain:
        raise ValueError(f"expected {KEY_LENGTH} to {LONGEST_KEY} printable ASCII characters")
    return text


def hosts(text: str) -> frozenset[str]:
    """Names of this service."""
    hosts = frozenset(each.strip().lower() for each in text.split(",") if each.strip())
    if not all(re.fullmatch(r"[a-z0-9.-]+|\[[0-9a-f:]+\]", host) for host in hosts):
        raise ValueError("expected names such as grove.example.org, with commas and without ports")
    return hosts


def redis_url(text: str) -> str:
    """Where Redis is."""
    if text is not UNSET and not re.fullmatch(r"(rediss?://|unix:///)\S+", text):
        raise ValueError("expected redis://HOST:PORT/NUMBER, rediss://… or unix:///PATH")
    return text


def site(text: str) -> str:
    """The address of a site, without a path; or nothing."""
    if text is not UNSET and not re.fullmatch(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?/?", text):
        raise ValueError("expected https://HOST or https://HOST:PORT, in small letters")
    return text.rstrip("/")


def web_address(text: str) -> str:
    """An address of HTTP, or nothing."""
    if text is not UNSET and not re.fullmatch(r"https?://[^/\s]+/\S*", text):
        raise ValueError("expected an address such as http://HOST:4318/v1/traces")
    return text


def all_or_number(text: str) -> int | None:
    """A number, or None for all."""
    return None if text == "all" else whole(1, 10**9)(text)


def database_url(text: str) -> str:
    """Where the database is."""
    if text is UNSET:
        return text
    try:
        url = make_url(text)
    except ArgumentError:
        raise ValueError("expected an address such as postgresql+psycopg://HOST/NAME") from None
    if url.drivername == "postgresql+psycopg":
        return text
    if url.drivername == "sqlite" and url.database and Path(url.database).is_absolute():
        return text
    raise ValueError("expected postgresql+psycopg://HOST/NAME or sqlite:////ABSOLUTE/PATH")


def dask_scheduler(text: str) -> str | None:
    """Where a Dask scheduler listens, or None."""
    if text is UNSET:
        return None
    match = re.fullmatch(r"(tcp|tls)://[^/\s]+:([0-9]{1,5})", text)
    if not match or not 0 < int(match[2]) < 2**16:
        raise ValueError("expected tcp://HOST:PORT or tls://HOST:PORT")
    return text


def address(text: str) -> str | None:
    """A folder or a URL, or None."""
    if text is UNSET:
        return None
    if not text.startswith("/") and not re.fullmatch(r"[a-z][a-z0-9+.-]*://\S+", text):
        raise ValueError("expected a folder's whole path, or an address such as s3://BUCKET/FOLDER")
    return text.rstrip("/")
