"""Who is asking, as far as the public side may know: a truncated network, a signed device id, a robot or a person.

Only a configured proxy is believed about the address behind it.
"""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from hashlib import blake2b
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

DEVICE_COOKIE: Final = "sl_device"
SEEN_COOKIE: Final = "sl_seen"
RELOAD_US: Final = 10 * 60 * 1_000_000

# Programs that fetch a link to show a preview of it, by what they call themselves; none of them is somebody who scans.
_ROBOTS = (
    "facebookexternalhit",
    "facebot",
    "zalo-preview",
    "zalobot",
    "twitterbot",
    "telegrambot",
    "whatsapp/",
    "viber",
    "skypeuripreview",
    "slackbot",
    "discordbot",
    "linkedinbot",
    "googlebot",
    "bingbot",
    "google-read-aloud",
    "applebot",
    "coccocbot",
    "bot.htm",
    "crawler",
    "spider",
)


_PURPOSES = (b"sec-purpose", b"purpose", b"x-moz")


def is_robot(headers: Mapping[bytes, str]) -> bool:
    """Whether this is a prefetch or a link preview, which is not a scan. Headers by their lower-case names."""
    purpose = " ".join(headers[name] for name in _PURPOSES if name in headers).lower()
    return "prefetch" in purpose or "preview" in purpose or _previews(headers.get(b"user-agent", ""))


@lru_cache(maxsize=4096)
def _previews(agent: str) -> bool:
    agent = agent.lower()
    return any(name in agent for name in _ROBOTS)


class Proxies:
    """The proxies whose forwarding headers are believed."""

    def __init__(self, trusted: Collection[str]) -> None:
        self._networks = tuple(ip_network(one, strict=False) for one in trusted)
        # Few addresses send most requests.
        self._trusts = lru_cache(maxsize=4096)(self._is_trusted)

    def client(self, peer: str, forwarded_for: str) -> str:
        """The client's address: the nearest one that is not a trusted proxy."""
        chain = [peer, *(_bare(part) for part in reversed(forwarded_for.split(",")) if part.strip())]
        for address in chain:
            if not self._trusts(address):
                return address
        return chain[-1]

    def _is_trusted(self, address: str) -> bool:
        found = _address(address)
        return found is not None and any(found in network for network in self._networks)


def _bare(text: str) -> str:
    """An address without the port that some proxies write behind it: `192.0.2.1:80`, `[2001:db8::1]:80`."""
    text = text.strip()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text


@lru_cache(maxsize=4096)
def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(text)
    except ValueError:
        return None
    # An IPv4 client on a socket of both kinds; else all of IPv4 would be one network.
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found


@lru_cache(maxsize=4096)
def network_of(address: str) -> str:
    """The network of an address, which is all that is used of it: /24, or /48 of IPv6."""
    found = _address(address)
    if found is None:
        return ""
    if isinstance(found, IPv4Address):
        return str(IPv4Network((int(found), 24), strict=False))
    return str(IPv6Network((int(found), 48), strict=False))


class Signer:
    """Signs what a cookie carries (BLAKE2b with a key, RFC 7693): nobody can invent a device or claim another's."""

    def __init__(self, secret: bytes, random: Callable[[int], bytes]) -> None:
        # A key of BLAKE2b has at most 64 bytes.
        self._key = blake2b(secret, person=b"estamp-cookie").digest()
        self._random = random

    def new_device(self) -> str:
        """A fresh device id, 128 random bits."""
        return urlsafe_b64encode(self._random(16)).decode().rstrip("=")

    def sign(self, purpose: str, value: str) -> str:
        """The value with its signature."""
        return f"{value}.{self._mac(purpose, value)}"

    def read(self, purpose: str, signed: str | None) -> str | None:
        """The value in a signed text, None where it is missing or not ours."""
        value, dot, mac = (signed or "").rpartition(".")
        right = dot and mac.isascii() and hmac.compare_digest(mac, self._mac(purpose, value))
        return value if right else None

    def _mac(self, purpose: str, value: str) -> str:
        digest = blake2b(f"{purpose}\0{value}".encode(), digest_size=16, key=self._key).digest()
        return urlsafe_b64encode(digest).decode().rstrip("=")
