"""The explanation of a row in HTML: coloured words, the picture, bars.

All is in the page itself: no script, no font, no picture from elsewhere. Ink is that of
the page's text on whatever lies behind, so that light and dark are alike.
"""

import base64
import html
import io

import numpy as np

from skmm._utils.markup import shorten, some_of
from skmm._utils.svg import COLORS
from skmm.inspection._explanation import signed

#: Blue raises, vermilion lowers; a dotted line or a hatching tells it in grey.
_UP, _DOWN = COLORS[0], COLORS[1]

_STYLE = f"""
.skmm-row {{ max-width: 60em; font: 14px/1.45 system-ui, sans-serif; color: inherit; }}
.skmm-row .skmm-head {{ margin: .3em 0 .6em; }}
.skmm-row .skmm-muted {{ opacity: .7; }}
.skmm-row .skmm-wide {{ overflow-x: auto; }}
.skmm-row table {{ border-collapse: collapse; font-size: 1em; margin: .2em 0 .6em; }}
.skmm-row tr:nth-child(n) {{ background: transparent; }}
.skmm-row tr > :is(td, th) {{ color: inherit; text-align: left; border: none;
  vertical-align: middle; padding: .15em .8em .15em 0; white-space: nowrap; }}
.skmm-row th {{ font-weight: 600; }}
.skmm-row td.skmm-number {{ text-align: right; font-variant-numeric: tabular-nums; }}
.skmm-row details {{ border-top: 1px solid rgba(127, 127, 127, .35);
  padding: .35em 0; }}
.skmm-row summary {{ cursor: pointer; font-weight: 600; }}
.skmm-row summary span {{ font-weight: 400; }}
.skmm-row p {{ margin: .5em 0; }}
.skmm-row .skmm-text {{ line-height: 2; overflow-wrap: anywhere; }}
.skmm-row .skmm-up, .skmm-row .skmm-down {{ border-radius: 2px; padding: .1em 0; }}
.skmm-row .skmm-up {{ border-bottom: 2px solid {_UP}; }}
.skmm-row .skmm-down {{ border-bottom: 2px dotted {_DOWN}; }}
.skmm-row figure {{ display: inline-block; margin: .3em 1em .3em 0; }}
.skmm-row figcaption {{ opacity: .7; font-size: .9em; }}
.skmm-row img {{ display: block; max-width: 100%; }}
.skmm-row svg {{ display: block; }}
"""

#: Rows of a table of parts, and characters of a text, beyond which the rest is counted.
_MAX_ROWS, _MAX_TEXT = 30, 6000
#: The longer side of pictures, in pixels.
_SIDE = 224
#: Words of less than this share of the largest value have no line below.
_FAINT = 0.1
_BAR = (140, 12)


def write_fragment(explanation):
    """Return what a notebook shows.

    Parameters
    ----------
    explanation : RowExplanation

    Returns
    -------
    fragment : str
    """
    modalities = explanation.modalities
    rows = [_row(one, _largest(modalities)) for one in modalities]
    detailed = [_details(one) for one in modalities if one.parts and not one.missing]
    return (
        f'<style>{_STYLE}</style>\n<div class="skmm-row">\n'
        f'<p class="skmm-head">{_headline(explanation)}</p>\n'
        f"{_table(rows)}\n{''.join(detailed)}"
        f'<p class="skmm-muted">{_legend(explanation)}</p>\n</div>\n'
    )


def _headline(explanation):
    told = html.escape(explanation.headline)
    known, _, rest = told.partition(" (")
    return f"<strong>{known}</strong> ({rest}" if rest else told


def _legend(explanation):
    what = html.escape(explanation.what)
    return (
        f'Values are shares of the {what}. <span class="skmm-up">What raises it</span> '
        'has a solid line, <span class="skmm-down">what lowers it</span> a dotted one '
        "or a hatching. The values of parts sum to that of their modality, those of "
        "the modalities to the prediction minus what is predicted if nothing is known."
    )


def _largest(parts):
    """Return the largest magnitude of some parts' values; 1 if all are 0."""
    return max([abs(one.value) for one in parts], default=0.0) or 1.0


def _table(rows):
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f'<div class="skmm-wide"><table><tbody>{body}</tbody></table></div>'


def _row(part, largest, cell="", strip=""):
    name = f"<th>{html.escape(shorten(part.name))}</th>"
    if part.missing:
        return f'{name}<td colspan="4" class="skmm-muted">missing</td>'
    return (
        f'{name}<td class="skmm-number">{signed(part.value)}</td>'
        f"<td>{_bar(part.value, largest)}</td>"
        + "".join(f"<td>{one}</td>" for one in (cell, strip) if one)
    )


def _bar(value, largest):
    """Return a bar to the right of its middle line, or to the left of it."""
    width, height = _BAR
    middle, long = width / 2, width / 2 * min(abs(value) / largest, 1.0)
    told = signed(value)
    left = middle if value >= 0 else middle - long
    bar = (
        f'<rect x="{left:.1f}" y="1" width="{long:.1f}" height="{height - 2}" '
        f'fill="{_UP if value >= 0 else _DOWN}"/>'
    )
    return (
        f'<svg width="{width}" height="{height}" role="img" aria-label="{told}">'
        f'{bar}<path d="M{middle} 0V{height}" stroke="currentColor" '
        'stroke-opacity=".5"/></svg>'
    )


def _details(modality):
    """Return what is seen inside a modality, which can be folded up."""
    shown = [one for one in modality.parts if one.kind == "column"]
    rest = [one for one in modality.parts if one.kind == "presence"]
    kinds = {part.kind for one in shown for part in one.parts}
    parts = [*(part for one in shown for part in one.parts), *rest]
    largest = _largest([one for one in parts if one.kind != "presence"])
    if kinds:
        body = "".join(_cell(column, largest) for column in shown)
        body += _table([_row(one, _largest(rest + [modality])) for one in rest])
    else:
        body = _columns(shown, rest)
    value = f'<span class="skmm-muted">{signed(modality.value)}</span>'
    return (
        f"<details open><summary>{html.escape(shorten(modality.name))} {value}"
        f"</summary>\n{body}</details>\n"
    )


def _columns(columns, rest):
    """Return a table's columns, those that matter most first, missing ones last."""
    columns = sorted(columns, key=lambda one: (one.missing, -abs(one.value)))
    shown, n_more = some_of(columns, _MAX_ROWS)
    largest = _largest([*columns, *rest])
    rows = [
        _row(one, largest, html.escape(shorten(_tell(one.cell), 30)), _strip(one))
        for one in shown
    ]
    if n_more:
        rows.append(f"<td>… {n_more:,} more columns</td>")
    return _table([*rows, *(_row(one, largest) for one in rest)])


def _tell(cell):
    if isinstance(cell, (float, np.floating)):
        return f"{cell:.6g}"
    return str(cell)


def _strip(part):
    """Return where a number lies among those of the training rows."""
    if part.fitted is None or len(part.fitted) < 3 or not np.isfinite(part.number):
        return ""
    low, high = float(part.fitted[0]), float(part.fitted[-1])
    width, height, spread = 120, 14, high - low
    # What is due to the rounding of float32 is neither shown nor outside.
    rounding = 1e-6 * spread
    low, high = (0.0 if abs(end) < rounding else end for end in (low, high))
    ticks = np.clip((part.fitted - low) / spread, 0, 1) * (width - 10) + 5
    place = float(np.clip((part.number - low) / spread, 0, 1) * (width - 10) + 5)
    lines = "".join(f"M{x:.1f} 4v6" for x in ticks)
    told = f"training rows: {low:.6g} to {high:.6g}, a tick for each quantile"
    svg = (
        f'<svg width="{width}" height="{height}" role="img" aria-label="{told}" '
        f'style="display: inline; vertical-align: middle"><title>{told}</title>'
        f'<path d="M5 7H{width - 5}{lines}" stroke="currentColor" '
        'stroke-opacity=".45" fill="none"/>'
        f'<circle cx="{place:.1f}" cy="7" r="4" fill="{COLORS[5]}" '
        'stroke="currentColor"/></svg>'
    )
    is_inside = low - rounding <= part.number <= high + rounding
    outside = "" if is_inside else " (outside)"
    return (
        f'<span class="skmm-muted">{low:.4g}</span> {svg} '
        f'<span class="skmm-muted">{high:.4g}{outside}</span>'
    )


def _cell(column, largest):
    """Return a text, a picture or a sound with its parts in colours."""
    name = f"{html.escape(shorten(column.name))}"
    if column.missing:
        return f'<p><strong>{name}</strong> <span class="skmm-muted">missing</span></p>'
    told = f"<strong>{name}</strong> {signed(column.value)}"
    draw = {"words": _words, "region": _picture, "stretch": _sound}
    kind = column.parts[0].kind
    return f"<p>{told}</p>{draw[kind](column, largest)}"


def _words(column, largest):
    text, pieces, end = column.cell, [], 0
    for word in column.parts:
        start = word.place[0]
        if start > _MAX_TEXT:
            break
        pieces.append(html.escape(text[end:start]))
        pieces.append(_word(word, largest))
        end = word.place[1]
    more = len(text) - end
    if more > 0 and end < len(text) and text[end:].strip():
        pieces.append(f' <span class="skmm-muted">… {more:,} more characters</span>')
    return f'<p class="skmm-text">{"".join(pieces)}</p>'


def _word(word, largest):
    share = min(abs(word.value) / largest, 1.0)
    told = html.escape(word.name)
    if share < _FAINT:
        return f'<span title="{signed(word.value)}">{told}</span>'
    red, green, blue = _rgb(word.value)
    css = "skmm-up" if word.value > 0 else "skmm-down"
    return (
        f'<span class="{css}" title="{signed(word.value)}" style="background: '
        f'rgba({red}, {green}, {blue}, {0.5 * share:.2f})">{told}</span>'
    )


def _rgb(value):
    color = _UP if value >= 0 else _DOWN
    return tuple(int(color[i : i + 2], 16) for i in (1, 3, 5))


def _picture(column, largest):
    from PIL import Image

    image = Image.fromarray(column.cell)
    # On white, as most are made for.
    white = Image.new("RGBA", image.size, "white")
    image = Image.alpha_composite(white, image).convert("RGB")
    scale = _SIDE / max(image.size)
    size = tuple(max(round(side * scale), 1) for side in image.size)
    image = image.resize(size)
    over = Image.fromarray(_saliency(np.asarray(image), column, scale, largest))
    told = html.escape(_tell_regions(column))
    plain = _figure(image, "the picture", "the picture")
    return plain + _figure(over, told, "what its regions bring")


def _figure(image, told, caption):
    file = io.BytesIO()
    image.save(file, "PNG")
    data = base64.b64encode(file.getvalue()).decode()
    return (
        f'<figure><img src="data:image/png;base64,{data}" width="{image.width}" '
        f'height="{image.height}" alt="{told}" title="{told}">'
        f"<figcaption>{caption}</figcaption></figure>"
    )


def _saliency(pixels, column, scale, largest):
    """Return a picture in grey with its regions in colours; hatched what lowers."""
    grey = pixels.astype(float).mean(axis=2, keepdims=True)
    over = np.repeat(0.6 * grey + 0.4 * 255, 3, axis=2)
    y, x = np.ogrid[: pixels.shape[0], : pixels.shape[1]]
    stripes = (x + y) % 8 < 3
    for region in column.parts:
        top, left, bottom, right = (round(scale * edge) for edge in region.place)
        inside = np.s_[top:bottom, left:right]
        share = 0.75 * min(abs(region.value) / largest, 1.0)
        weight = np.full(over[inside].shape[:2], share)
        if region.value < 0:
            weight = np.where(stripes[inside], share, 0.3 * share)
        color = np.array(_rgb(region.value), dtype=float)
        over[inside] += weight[..., None] * (color - over[inside])
    return np.clip(over, 0, 255).astype(np.uint8)


def _tell_regions(column):
    most = sorted(column.parts, key=lambda one: -abs(one.value))[:3]
    return "; ".join(f"{one.name}: {signed(one.value)}" for one in most)


def _sound(column, largest):
    """Return the wave of a sound over its stretches."""
    samples, rate = column.cell
    width, height = 480, 90
    seconds = len(samples) / rate
    bands = "".join(_stretch(one, seconds, largest, width, 60) for one in column.parts)
    n = min(240, len(samples))
    ends = np.linspace(0, len(samples), n + 1).astype(int)[:-1]
    peaks = np.maximum.reduceat(np.abs(samples), ends)
    peaks = 28 * peaks / max(float(peaks.max()), 1e-9)
    wave = "".join(
        f"M{(k + 0.5) * width / n:.1f} {30 - p:.1f}V{30 + p:.1f}"
        for k, p in enumerate(peaks)
    )
    label = f"{seconds:.2f} s"
    return (
        f'<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'role="img" aria-label="the sound and its stretches">{bands}'
        f'<path d="{wave}" stroke="currentColor" stroke-opacity=".7"/>'
        f'<text x="0" y="{height - 4}" font-size="10" fill="currentColor">0</text>'
        f'<text x="{width}" y="{height - 4}" font-size="10" text-anchor="end" '
        f'fill="currentColor">{label}</text></svg>'
    )


def _stretch(part, seconds, largest, width, height):
    """Return a band behind the wave, and a bar below that goes up or down."""
    left = part.place[0] / seconds * width
    wide = (part.place[1] - part.place[0]) / seconds * width
    share = min(abs(part.value) / largest, 1.0)
    color = _UP if part.value >= 0 else _DOWN
    dash = "" if part.value >= 0 else ' stroke-dasharray="2 2"'
    return (
        f"<g><title>{html.escape(part.name)}: {signed(part.value)}</title>"
        f'<rect x="{left:.1f}" y="0" width="{wide:.1f}" height="{height}" '
        f'fill="{color}" fill-opacity="{0.6 * share:.2f}"/>'
        f'<path d="M{left:.1f} {height + 6}h{wide - 1:.1f}" stroke="{color}" '
        f'stroke-width="{1 + 5 * share:.1f}"{dash}/></g>'
    )
