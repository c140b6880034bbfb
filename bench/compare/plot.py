"""Draws one data set's medians as an SVG for the README: a row per contender, a panel per measure, linear bars.

Plain text, no library: a white card with dark type, so that it reads on light and dark pages alike.
"""

from html import escape

from .contenders import LIMIT, PG2DUCK, Contender
from .datasets import DataSet
from .report import Summary
from .rounds import BOOTSTRAP

WIDTH, MARGIN, LABELS = 960, 24, 180
TOP, ROW, BAR = 92, 30, 16
GAP, VALUE = 28, 52  # between panels; room for the number behind the longest bar
INK, FAINT, RULE = "#1f2328", "#6e7781", "#d8dee4"
COLOURS = {PG2DUCK: "#e8871e", LIMIT: "#c3cbd3"}
OTHERS = "#7d9cc0"
FONT = "font-family=\"-apple-system, 'Segoe UI', 'Noto Sans', Helvetica, Arial, sans-serif\""


def draw(title: str, subtitle: str, data_set: DataSet, summary: Summary, contenders: list[Contender]) -> str:
    panels = [
        ("Bootstrap, seconds", lambda one: summary.seconds(one.name, BOOTSTRAP), 1, ""),
        ("Bootstrap, peak memory, MB", lambda one: summary.peak_mb(one.name, BOOTSTRAP), 0, ""),
    ]
    changed = next((phase for phase in summary.phases() if phase not in (BOOTSTRAP, "0")), None)
    if changed:
        heading = f"{int(changed):,} changed {data_set.unit}, seconds"
        panels.append((heading, lambda one: summary.seconds(one.name, changed), 1, "copies all again"))
    height = TOP + ROW * len(contenders) + MARGIN
    parts = [
        _card(height),
        f"<title>{escape(title)}</title>",
        _text(MARGIN, 36, title, 17, INK, "600"),
        _text(MARGIN, 56, subtitle, 12, FAINT),
    ]
    for at, contender in enumerate(contenders):
        weight = "600" if contender.name == PG2DUCK else "400"
        parts.append(_text(MARGIN, _middle(at), contender.title, 13, INK, weight))
    width = (WIDTH - 2 * MARGIN - LABELS - GAP * (len(panels) - 1)) / len(panels)
    for at, (heading, value, digits, absent) in enumerate(panels):
        left = MARGIN + LABELS + at * (width + GAP)
        parts += _panel(left, width, height, heading, {one: value(one) for one in contenders}, digits, absent)
    return "\n".join([*parts, "</svg>", ""])


def _panel(
    left: float, width: float, height: int, heading: str, values: dict[Contender, float | None], digits: int, absent: str
) -> list[str]:
    longest = max((found for found in values.values() if found), default=1)
    parts = [
        _text(left, TOP - 14, heading, 12, INK, "600"),
        f'<path d="M{left:.1f} {TOP - 4}V{height - MARGIN}" stroke="{RULE}"/>',
    ]
    for at, (one, found) in enumerate(values.items()):
        if found is None:
            if one.yields_lake and not one.incremental:
                parts.append(_text(left + 6, _middle(at), absent, 12, FAINT))
            continue
        length = max(1.0, (width - VALUE) * found / longest)
        top = TOP + at * ROW + (ROW - BAR) / 2
        colour = COLOURS.get(one.name, OTHERS)
        parts.append(f'<rect x="{left:.1f}" y="{top:.1f}" width="{length:.1f}" height="{BAR}" rx="2" fill="{colour}"/>')
        shown = f"{found:,.{0 if found >= 100 else digits}f}"
        parts.append(_text(left + length + 6, _middle(at), shown, 12, INK, "600" if one.name == PG2DUCK else "400"))
    return parts


def _card(height: int) -> str:
    size = f'width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" {FONT}>\n'
        f'<rect x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="8" fill="#ffffff" stroke="{RULE}"/>'
    )


def _middle(row: int) -> float:
    return TOP + row * ROW + ROW / 2 + 4.5


def _text(x: float, y: float, text: str, size: int, colour: str, weight: str = "400") -> str:
    style = f'font-size="{size}" font-weight="{weight}" fill="{colour}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}>{escape(text)}</text>'
