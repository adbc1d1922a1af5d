"""URLs and headers as the file writes them: whether a request can be made of them, and no secret stands in them."""

import re
from urllib.parse import SplitResult, urlsplit

TOKEN = "{token}"
"""Stands for the content of token_file."""

_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]+\]")
_PATH = re.compile(r"[A-Za-z0-9._~:@!$&'()*+,;=%/?{}-]*")
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_OURS = ("host", "content-length", "content-type", "transfer-encoding", "connection", "idempotency-key")
_SECRET = ("authorization", "cookie", "token", "key", "secret", "password")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def server_of(url: str) -> dict[str, tuple[str, int]]:
    """The server that a section with the key `url` talks to, as `Settings.servers` says it; empty where none is named."""
    parts = urlsplit(url)
    return {"url": (parts.hostname, parts.port or (443 if parts.scheme == "https" else 80))} if parts.hostname else {}


def check_url(url: str) -> str:
    """Return `url` when a request can be made to it; raise ValueError otherwise. What may be a secret in it is not repeated."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise ValueError(f"no URL: {error}; write https://host/path") from None
    if parts.scheme not in {"https", "http"}:
        raise ValueError("it begins with neither https:// nor http://; write one of them")
    if parts.username is not None or parts.password is not None:
        raise ValueError("a user or a password does not belong in this file; use token_file")
    if parts.fragment or "#" in url:
        raise ValueError("a part behind # is never sent; leave it out")
    if not _HOST.fullmatch(host_of(parts)):
        raise ValueError("no host is in it; write https://host/path (an international name in its xn-- form)")
    if not _PATH.fullmatch(parts.path + ("?" + parts.query if parts.query else "")):
        raise ValueError("its path has a character that no URL has; write it as %XX")
    if {"{", "}"}.intersection(url.replace(TOKEN, "")):
        raise ValueError(f"braces hold nothing but {TOKEN} in a URL; did you mean {TOKEN}? write others as %7B and %7D")
    return url


def host_of(parts: SplitResult) -> str:
    """The host of a URL as it stands there, an IPv6 address in its brackets."""
    return parts.netloc.rpartition(":")[0] if parts.port is not None else parts.netloc.rstrip(":")


def check_header(name: str, value: str) -> None:
    """Raise ValueError where a header cannot be sent as the file says it, or holds a secret."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a header; use letters, digits and -")
    if name.lower() in _OURS:
        raise ValueError(f"{name} is set by the gateway itself; leave it out")
    if not value.isprintable() or not value.isascii():
        raise ValueError(f"the value of {name} has a character that no header takes; write ASCII on one line")
    if TOKEN not in value and any(word in name.lower() for word in _SECRET):
        raise ValueError(f'a secret does not belong in this file; write {name} = "{TOKEN}", and token_file')


def is_in_clear(url: str) -> bool:
    """Whether what goes to a URL can be read on its way, because it is no https and not this host."""
    return url.startswith("http:") and urlsplit(url).hostname not in _LOOPBACK
