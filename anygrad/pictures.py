"""Pictures of boxes and links: DOT text, and its rendering by Graphviz or by matplotlib.

Graphviz draws where its program and its package are installed, ``layout`` and matplotlib where they are not.
Knows nothing of tensors.
"""

from __future__ import annotations

import html
import importlib
import io
import shutil
import warnings
from collections.abc import Sequence
from typing import Any

from anygrad.errors import message
from anygrad.layout import APART, HEAD, LINE, SIZE, SMALL, Box, Link, Sheet, arranged, depths, routes

__all__ = ["by_graphviz", "by_matplotlib", "dot_text"]

TEXT, INK, BACK = "#1f2933", "#7b8794", "#d9480f"
LOOKS = {
    "leaf": ("#e3f0fc", "#2b7bba"),
    "operation": ("#f5f6f8", "#98a2b0"),
    "output": ("#e3f6e8", "#2f9e58"),
}
FONT = "Helvetica,Arial,DejaVu Sans,sans-serif"
LONGEST = 48  # characters of a line
MARGIN = 14.0
SPAN = 1500
"""How many layers all links may cross together for Graphviz: its time grows with the square, to minutes."""


def clean(text: str) -> str:
    """Return one line of printable characters, not too many."""
    text = "".join(c if c.isprintable() else " " for c in text)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def dot_text(boxes: list[Box], links: list[Link], caption: tuple[str, str]) -> str:
    """Write the graph in Graphviz's language."""

    def label(lines: list[str]) -> str:
        return f"label=<{'<BR/>'.join(lines)}>"

    legend = (
        f'<FONT COLOR="{colour}">{html.escape(text)}</FONT><BR ALIGN="LEFT"/>'
        for colour, text in zip((INK, BACK), caption, strict=True)
    )
    lines = [
        "digraph anygrad {",
        "  graph [rankdir=LR, bgcolor=white, pad=0.2, nodesep=0.2, ranksep=0.4]",
        f'  graph [label=<{"".join(legend)}>, labeljust=l, fontname="{FONT}", fontsize=10]',
        f'  node [shape=box, style="rounded,filled", height=0.3, margin="0.11,0.07", fontname="{FONT}"]',
        f'  node [fontsize=11, fontcolor="{TEXT}"]',
        f'  edge [color="{INK}:{BACK}", dir=both, arrowsize=0.6, fontname="{FONT}"]',
        f'  edge [fontsize=10, fontcolor="{BACK}"]',
    ]
    for i, box in enumerate(boxes):
        fill, line = LOOKS[box.look]
        text = [f"<B>{html.escape(box.title)}</B>"] if box.title else []
        text += [html.escape(part) for part in box.lines]
        lines.append(f'  n{i} [{label(text)}, fillcolor="{fill}", color="{line}"]')
    for link in links:
        lines.append(f"  n{link.tail} -> n{link.head} [{label([html.escape(part) for part in link.lines])}]")
    return "\n".join([*lines, "}"]) + "\n"


def by_graphviz(source: str, boxes: list[Box], links: list[Link], kind: str) -> bytes | None:
    """Draw with Graphviz; None where its program or its package is missing, fails, or would take minutes."""
    depth = depths(len(boxes), links)
    if shutil.which("dot") is None or sum(depth[link.head] - depth[link.tail] for link in links) > SPAN:
        return None
    try:
        graphviz = importlib.import_module("graphviz")
    except ImportError:
        return None
    if kind == "png":
        source = source.replace("rankdir=LR", "rankdir=LR, dpi=160", 1)
    try:
        made: bytes = graphviz.Source(source).pipe(format=kind)
    except (OSError, graphviz.ExecutableNotFound, graphviz.CalledProcessError) as error:
        warnings.warn(message("draw", f"dot failed ({error})", "matplotlib draws the picture"), stacklevel=4)
        return None
    return made


def _drawn(ax: Any, sheet: Sheet, mpl: Any) -> None:
    """Draw the lines of all links: forward with a head at the right, backward with one at the left."""
    kinds = mpl.path.Path
    if not any(len(chain) > 1 for chain in sheet.chains):
        return
    for colour, y_shift, first, last in ((INK, APART, 0.0, -HEAD), (BACK, -APART, HEAD, 0.0)):
        pieces, ends = routes(sheet, y_shift, first, last)
        vertices: list[tuple[float, float]] = []
        for (x0, y0), (x1, y1) in pieces:
            vertices += [(x0, y0), ((x0 + x1) / 2, y0), ((x0 + x1) / 2, y1), (x1, y1)]
        codes = [kinds.MOVETO, kinds.CURVE4, kinds.CURVE4, kinds.CURVE4] * len(pieces)
        look = {"edgecolor": colour, "facecolor": "none", "linewidth": 1.1, "capstyle": "butt"}
        ax.add_artist(mpl.patches.PathPatch(kinds(vertices, codes), **look))
        tip = -HEAD if first else HEAD
        vertices = [v for x, y in ends for v in ((x + tip, y), (x, y - 2.4), (x, y + 2.4), (x + tip, y))]
        codes = [kinds.MOVETO, kinds.LINETO, kinds.LINETO, kinds.CLOSEPOLY] * len(ends)
        ax.add_artist(mpl.patches.PathPatch(kinds(vertices, codes), facecolor=colour, linewidth=0))


def by_matplotlib(boxes: list[Box], links: list[Link], caption: tuple[str, str], kind: str) -> bytes:
    """Draw boxes and links, numbered from inputs to output, with matplotlib; return a file's contents.

    Raises ``ModuleNotFoundError`` where matplotlib is not installed.
    """
    try:
        mpl = importlib.import_module("matplotlib")
        agg, figures, fonts = (
            importlib.import_module(f"matplotlib.{name}")
            for name in ("backends.backend_agg", "figure", "font_manager")
        )
        importlib.import_module("matplotlib.patches")
    except ModuleNotFoundError as error:
        got = f"{error.name} is not installed"
        raise ModuleNotFoundError(
            message("draw", got, 'from the checkout: pip install -e ".[plot]"')
        ) from error
    family = ["DejaVu Sans"]
    rule = agg.FigureCanvasAgg(figures.Figure(dpi=288)).get_renderer()

    def font(size: float, bold: bool = False) -> Any:
        return fonts.FontProperties(family=family, size=size, weight="bold" if bold else "normal")

    def measure(text: str, size: float, bold: bool) -> float:
        return (
            float(rule.get_text_width_height_descent(text, font(size, bold), False)[0]) / 4 if text else 0.0
        )

    with mpl.rc_context({"svg.hashsalt": "anygrad", "text.usetex": False}), warnings.catch_warnings():
        # A name in a script that the font lacks is drawn as boxes, which is no reason to draw nothing.
        warnings.filterwarnings("ignore", "Glyph .* missing from")
        sheet = arranged(boxes, links, measure)
        wide = max(sheet.columns[-1][1], *(measure(text, SMALL, False) for text in caption))
        below = max(at + sheet.reach[item][1] for item, at in sheet.y.items())
        high = below + 10 + 2 * SMALL * LINE
        size = ((wide + 2 * MARGIN) / 72, (high + 2 * MARGIN) / 72)
        figure = figures.Figure(figsize=size, facecolor="white")
        ax = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        ax.set(xlim=(-MARGIN, wide + MARGIN), ylim=(high + MARGIN, -MARGIN))
        ax.axis("off")

        def write(
            x: float, top: float, rows: Sequence[tuple[str, float, bool]], colour: str, align: str
        ) -> None:
            for text, points, bold in rows:
                look = {
                    "color": colour,
                    "fontproperties": font(points, bold),
                    "ha": align,
                    "parse_math": False,
                }
                ax.text(x, top + points * (LINE / 2 + 0.35), text, **look)
                top += points * LINE

        _drawn(ax, sheet, mpl)
        for item, at in sheet.y.items():
            middle = sum(sheet.columns[sheet.column[item]]) / 2
            if item[0] == "label":
                rows = [(line, SMALL, False) for line in links[item[1]].lines]
                write(middle, at - APART - 3 - SMALL * LINE * len(rows), rows, BACK, "center")
            elif item[0] == "box":
                box, half, width = boxes[item[1]], sheet.reach[item][0], sheet.width[item]
                fill, edge = LOOKS[box.look]
                style = mpl.patches.BoxStyle.Round(pad=0, rounding_size=5)
                look = {"boxstyle": style, "facecolor": fill, "edgecolor": edge, "linewidth": 1.1}
                ax.add_artist(
                    mpl.patches.FancyBboxPatch((middle - width / 2, at - half), width, 2 * half, **look)
                )
                rows = [(box.title, SIZE, True)] * bool(box.title) + [
                    (line, SMALL, False) for line in box.lines
                ]
                write(middle, at - sum(points * LINE for _, points, _ in rows) / 2, rows, TEXT, "center")
        for i, (text, colour) in enumerate(zip(caption, (INK, BACK), strict=True)):
            write(0.0, below + 10 + i * SMALL * LINE, [(text, SMALL, False)], colour, "left")
        file = io.BytesIO()
        # Agg refuses pictures of 65,536 pixels and more along a side, and a large one takes long to compress.
        dpi = min(160.0, 60000 / max(size), (3e7 / (size[0] * size[1])) ** 0.5)
        figure.savefig(file, format=kind, dpi=dpi, metadata={"Date": None} if kind == "svg" else None)
    return file.getvalue()
