"""The options of `jamjae.read`, as one value that every reader gets."""

from __future__ import annotations

from dataclasses import dataclass, fields

DEFAULT_SUBSET = "train"


@dataclass(frozen=True)
class ReadOptions:
    """How a source is read; None means that it is found out. Described by `jamjae.read`."""

    # tables
    label: str | None = None
    index: str | None = None
    columns: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    na: tuple[str, ...] = ()
    encoding: str | None = None
    separator: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    header: bool | None = None
    # arrays
    key: str | None = None
    shape: tuple[int, ...] | None = None
    channels: str | None = None
    # images
    image_size: tuple[int, int] | None = None
    frames: str = "rows"
    background: str = "white"
    label_file: str | None = None
    skip_bad: bool = False
    # all
    subset: str | None = None
    limit: int | None = None
    limit_first: bool = False
    random_state: int | None = 0
    lazy: bool | str = "auto"

    def given(self, *names: str) -> list[str]:
        """Give those of some options that differ from their defaults."""
        defaults = {field.name: field.default for field in fields(self)}
        return [name for name in names if getattr(self, name) != defaults[name]]
