"""Points: how those of a problem are divided among its parts, and those of a part in a rubric."""

from __future__ import annotations

HALVES = 2


def divided(total: float, parts: int) -> tuple[int | float, ...]:
    """Return the points of each part: whole numbers that add up to the total.

    They differ by one at most, and the larger ones go to the later parts, which rest on the
    earlier ones. Where there are fewer points than parts, half points take the place of whole
    ones; where there are not even enough of these, no part has points of its own.

    >>> divided(8, 3), divided(2, 3), divided(1, 3)
    ((2, 3, 3), (0.5, 0.5, 1), ())
    """
    units = round(total * HALVES)
    size = HALVES if units % HALVES == 0 and units >= HALVES * parts else 1
    if parts < 1 or units < size * parts:
        return ()
    each, rest = divmod(units // size, parts)
    return tuple(whole((each + (place >= parts - rest)) * size / HALVES) for place in range(parts))


def whole(points: float) -> int | float:
    """Return points as a whole number where they are one.

    >>> whole(2.0), whole(0.5)
    (2, 0.5)
    """
    return int(points) if points == int(points) else points


def points_text(points: float) -> str:
    """Return points in words.

    >>> points_text(1), points_text(0.5), points_text(1.5), points_text(2)
    ('1 point', '½ point', '1½ points', '2 points')
    """
    number, half = divmod(points, 1)
    digits = f"{int(number) or '' if half else int(number)}{'½' if half else ''}"
    return f"{digits} point{'' if 0 < points <= 1 else 's'}"


def points_latex(points: float) -> str:
    r"""Return points as the exam class reads them.

    >>> points_latex(2), points_latex(1.5)
    ('2', '1\\half')
    """
    number, half = divmod(points, 1)
    return f"{int(number) or '' if half else int(number)}{chr(92) + 'half' if half else ''}"
