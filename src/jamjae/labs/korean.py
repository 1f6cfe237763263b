"""Korean."""

KOREAN: dict[str, str] = {"original": "원본"}
