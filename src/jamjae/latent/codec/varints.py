"""Whole numbers in few bytes: seven bits a byte, the low ones first, as LEB128 has them.

A number that may be negative is written as twice its magnitude, less one if it is negative
(0, -1, 1, -2, ... become 0, 1, 2, 3, ...).
"""

from __future__ import annotations

from collections.abc import Iterable

from jamjae.data.archives import UnsoundError

LONGEST = 9  # bytes; 63 bits


def write(*numbers: int) -> bytes:
    """Write numbers from 0 to 2**63 - 1, one after another."""
    made = bytearray()
    for number in numbers:
        left = number
        while left >= 0x80:
            made.append(left & 0x7F | 0x80)
            left >>= 7
        made.append(left)
    return bytes(made)


def signed(number: int) -> int:
    """Map a whole number to one that is not negative."""
    return 2 * number if number >= 0 else -2 * number - 1


def unsigned(number: int) -> int:
    """Reverse `signed`."""
    return -(number + 1 >> 1) if number & 1 else number >> 1


class Cursor:
    """Reads bytes from front to back, and never more than there are.

    Parameters
    ----------
    content : bytes
    what : str
        What is read, for messages.
    """

    def __init__(self, content: bytes | memoryview, what: str) -> None:
        self._content = memoryview(content)
        self._what = what
        self.at = 0

    @property
    def left(self) -> int:
        """Bytes not read yet."""
        return len(self._content) - self.at

    def number(self, least: int = 0, most: int = (1 << 63) - 1) -> int:
        """Read a number, and refuse one outside of what is allowed.

        Raises
        ------
        UnsoundError
        """
        found = shift = 0
        for byte in self._content[self.at : self.at + LONGEST]:
            self.at += 1
            found |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                if not least <= found <= most:
                    raise UnsoundError(f"{self._what}: {found:,} is not from {least:,} to {most:,}")
                return found
        raise UnsoundError(f"{self._what}: it ends within a number, or the number is too large")

    def numbers(self, count: int, least: int = 0, most: int = (1 << 63) - 1) -> list[int]:
        """Read several numbers."""
        if count > self.left:  # of which each takes a byte at least
            raise UnsoundError(
                f"{self._what}: {count:,} numbers are announced, {self.left:,} bytes left"
            )
        return [self.number(least, most) for _ in range(count)]

    def take(self, count: int) -> bytes:
        """Read bytes.

        Raises
        ------
        UnsoundError
            There are fewer.
        """
        if count > self.left:
            raise UnsoundError(
                f"{self._what}: {count:,} bytes are announced, {self.left:,} are left"
            )
        self.at += count
        return bytes(self._content[self.at - count : self.at])

    def end(self) -> None:
        """Refuse bytes that are left.

        Raises
        ------
        UnsoundError
        """
        if self.left:
            raise UnsoundError(f"{self._what}: {self.left:,} bytes follow its end")


def text(strings: Iterable[str]) -> bytes:
    """Write strings, each as the number of its UTF-8 bytes and these."""
    encoded = [one.encode("utf-8", "surrogateescape") for one in strings]
    return b"".join(write(len(one)) + one for one in encoded)
