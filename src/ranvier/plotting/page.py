"""The HTML around the report: one style sheet, a few small pieces, nothing fetched from anywhere."""

import math
from collections.abc import Iterable, Sequence
from html import escape

from ranvier.plotting.style import theme_css

CSS = """
:root{color-scheme:light dark;--page:#f5f6f7;--code:#f0f2f4}
@media (prefers-color-scheme: dark){:root{--page:#0f1216;--code:#1f242c}}
*{box-sizing:border-box}
html{scroll-behavior:smooth;-webkit-text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--ink);
 font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,"Noto Sans",sans-serif}
main{max-width:1000px;margin:0 auto;padding:36px 20px 60px}
h1{font-size:30px;line-height:1.2;letter-spacing:-.015em;margin:2px 0 18px;overflow-wrap:anywhere}
h2{font-size:19px;letter-spacing:-.01em;margin:0 0 4px}
h3{font-size:14px;margin:20px 0 6px}
p{margin:6px 0 12px;max-width:76ch}
.muted,.eyebrow,figcaption{color:var(--muted)}
.eyebrow{font-size:13px;letter-spacing:.02em}
section,.hero{background:var(--paper);border:1px solid var(--grid);border-radius:12px;padding:24px 28px;margin:0 0 18px}
.hero{display:grid;grid-template-columns:auto 1fr;gap:8px 40px;align-items:center}
.big{font-size:68px;font-weight:680;letter-spacing:-.04em;line-height:1}
.big small{font-size:30px;font-weight:560;letter-spacing:0;color:var(--muted);margin-left:4px}
.hero .note{grid-column:1/-1;margin:10px 0 0;padding-top:14px;border-top:1px solid var(--grid);max-width:none}
.bars{display:grid;grid-template-columns:max-content 1fr max-content;gap:7px 12px;align-items:center;font-size:14px}
.track{height:10px;border-radius:5px;background:var(--grid);overflow:hidden;min-width:60px}
.track i{display:block;height:100%;border-radius:5px}
.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(205px,1fr));gap:1px;margin:0 0 18px;
 background:var(--paper);border:1px solid var(--grid);border-radius:12px;overflow:hidden}
.facts div{padding:11px 16px;box-shadow:0 0 0 1px var(--grid)}
.facts .wide{grid-column:1/-1}
.facts dt{color:var(--muted);font-size:12.5px}
.facts dd{margin:1px 0 0;font-weight:500;font-size:14px;overflow-wrap:anywhere;line-height:1.4}
.warn{border-color:var(--accent);border-left-width:5px}
.warn ul{margin:6px 0 0;padding-left:20px}
nav{display:flex;flex-wrap:wrap;gap:4px 18px;font-size:13.5px;margin:0 2px 18px}
a{color:var(--blue);text-decoration:none}a:hover{text-decoration:underline}
figure{margin:14px 0 0;overflow-x:auto}
figure svg{display:block;overflow:visible;width:100%;height:auto;min-width:640px}
figure.natural svg{width:var(--natural);max-width:100%;min-width:0}
figure svg text{font-family:inherit!important;font-variant-numeric:tabular-nums}
figcaption{font-size:13px;margin-top:6px}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:14px;font-variant-numeric:tabular-nums;margin-top:10px}
th{color:var(--muted);font-weight:500;font-size:12.5px;text-align:left;vertical-align:bottom}
th,td{padding:6px 14px 6px 0;border-bottom:1px solid var(--grid)}
td.n,th.n{text-align:right;white-space:nowrap}td:last-child,th:last-child{padding-right:0}
tr.total td{font-weight:640;border-bottom:0}
td .track{min-width:110px;height:8px}.track+.track{margin-top:3px}
.key{color:var(--accent)}.after{margin-top:14px}
.bad{color:var(--red);font-weight:600}
ul.pairs{margin:6px 0 0;padding-left:20px}
.split{display:flex;flex-wrap:wrap;gap:8px 32px;align-items:flex-start}
.split>figure{max-width:100%}.split>div{flex:1 1 230px}
pre,code{font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace}
pre{background:var(--code);padding:12px 14px;border-radius:8px;overflow-x:auto;margin:8px 0 12px}
details{margin-top:12px}summary{cursor:pointer;color:var(--blue);font-size:14px}
footer{color:var(--muted);font-size:13px;margin:6px 4px}
@media (max-width:760px){.hero{grid-template-columns:minmax(0,1fr)}section,.hero{padding:18px 16px}
 .big{font-size:54px}}
@media print{body{background:none}section,.hero{break-inside:avoid;border:0;padding:8px 0}nav{display:none}}
"""


def document(title: str, body: str) -> str:
    """A whole page; `title` is plain text, `body` is HTML."""
    # An empty icon keeps browsers from asking a server for one.
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">'
        f"<title>{escape(title)}</title><style>{theme_css()}{CSS}</style></head>\n<body><main>\n{body}\n</main></body></html>\n"
    )


def number(value: float) -> str:
    """A count for readers, three digits: 950, 12.3 k, 4.56 M; a dash for what is not a number."""
    if not math.isfinite(value):
        return "–"
    scales = ((1.0, ""), (1e3, "&nbsp;k"), (1e6, "&nbsp;M"), (1e9, "&nbsp;G"), (1e12, "&nbsp;T"))
    limit, unit = next((scale for scale in scales if abs(value) < 999.5 * scale[0]), scales[-1])
    return f"{value / limit:.3g}{unit}"


def percent(value: float | None, decimals: int = 1) -> str:
    """A fraction as a percentage; a dash for None and what is not a number."""
    return "–" if value is None or not math.isfinite(value) else f"{100 * value:.{decimals}f}&nbsp;%"


def track(fraction: float, colour: str) -> str:
    """A horizontal bar filled to `fraction`."""
    share = min(max(fraction, 0.0), 1.0) if math.isfinite(fraction) else 0.0
    return f'<div class="track"><i style="width:{100 * share:.2f}%;background:{colour}"></i></div>'


def table(head: Sequence[str], rows: Iterable[Sequence[str]], total: Sequence[str] | None = None) -> str:
    """A table of HTML cells; every column but those whose head starts with `<` (left-aligned) is right-aligned."""
    left = [cell.startswith("<") for cell in head]
    names = [cell.removeprefix("<") for cell in head]

    def line(cells: Sequence[str], tag: str, kind: str = "") -> str:
        body = "".join(
            f"<{tag}{'' if plain else ' class=n'}>{cell}</{tag}>" for cell, plain in zip(cells, left, strict=True)
        )
        return f"<tr{kind}>{body}</tr>"

    body = "".join(line(row, "td") for row in rows)
    foot = line(total, "td", " class=total") if total else ""
    return f'<div class="scroll"><table><thead>{line(names, "th")}</thead><tbody>{body}{foot}</tbody></table></div>'


def figure(svg: str, caption: str = "", natural: float | None = None) -> str:
    """An inline figure with an HTML caption; `natural` is a width in CSS pixels not to be stretched beyond."""
    kind = f' class="natural" style="--natural:{natural:.0f}px"' if natural else ""
    return f"<figure{kind}>{svg}{f'<figcaption>{caption}</figcaption>' if caption else ''}</figure>"


def section(identifier: str, title: str, body: str) -> str:
    """One titled card, a target of the contents line."""
    return f'<section id="{identifier}"><h2>{title}</h2>{body}</section>'


def details(summary: str, body: str) -> str:
    """A part that is folded away until asked for."""
    return f"<details><summary>{summary}</summary>{body}</details>"
