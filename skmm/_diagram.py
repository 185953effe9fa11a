"""The diagram of an estimator in a notebook, of scikit-learn's own boxes.

Modalities with their encoders, then the heads side by side, the fused one under its
fusion, then what mixes them. The page's style and its dark mode are scikit-learn's.
"""

from __future__ import annotations

import html

import numpy as np

from skmm._utils.compat import VisualBlock
from skmm._utils.diagram_box import Box
from skmm._utils.markup import shorten, some_of, table
from skmm._utils.svg import COLORS, Line, line_chart, sample
from skmm._utils.validation import Part
from skmm.encoders import ENCODERS
from skmm.fusion import FUSIONS

#: More than these are counted, not shown.
_MAX_COLUMNS = 20
_MAX_MODALITIES = 10
_MAX_FOLDS = 10

#: What each head is, in a word.
HEADS = {
    "fused": "perceptron",
    "wide": "linear model, trained",
    "linear": "linear model, solved",
    "boosting": "boosted trees",
    "lightgbm": "boosted trees",
    "xgboost": "boosted trees",
    "catboost": "boosted trees",
}
#: What ``heads="auto"`` takes, unless the target forbids it.
AUTO = ("fused", "wide", "linear", "boosting")

_DASHES = ("6 2", "6 2 1 2", "2 1", "6 2 1 2 1 2")

#: The names are this package's own, the colours scikit-learn's. What sums up a fitted
#: estimator is open at first, unless the estimator is a part of another.
_STYLE = """<style>
.sk-global .skmm-summary { padding: 0.5em 0.8em; color: var(--sklearn-color-text); }
.sk-global .skmm-summary svg { display: block; }
.sk-global .skmm-summary table { margin: 0 0 0.5em 0; border-collapse: collapse; }
.sk-global .skmm-summary tr:nth-child(n), .sk-global .skmm-summary tr:hover {
  background: transparent; }
.sk-global .skmm-summary tr > :is(td, th) { color: var(--sklearn-color-text);
  text-align: left; vertical-align: middle; padding: 0.1em 1em 0.1em 0; border: none;
  font-size: 0.9em; }
.sk-container > .sk-item > .sk-serial > .sk-item > .sk-estimator >
  .sk-toggleable__content:has(> .skmm-summary) { display: block !important; }
.sk-container > .sk-item > .sk-serial > .sk-item > .sk-estimator >
  input:checked ~ .sk-toggleable__content:has(> .skmm-summary) {
  display: none !important; }
</style>"""


def make_block(estimator):
    """Return the diagram of a classifier or a regressor, fitted or not.

    Parameters
    ----------
    estimator : BaseMultimodal

    Returns
    -------
    block : VisualBlock
    """
    parts = _Fitted(estimator) if hasattr(estimator, "_learner") else _Plan(estimator)
    rows = [parts.modalities(), parts.heads(), parts.end()]
    return VisualBlock("serial", rows, dash_wrapped=True)


class _Plan:
    """What an estimator will be, by its parameters."""

    def __init__(self, estimator):
        self.estimator = estimator

    def modalities(self):
        """Return the modalities side by side, an encoder under each."""
        modalities = self._named_modalities()
        if isinstance(modalities, str):
            return Box(
                f"modalities: {modalities}",
                caption="found in the columns at fit",
                details="See skmm.detect_modalities(X).",
            )
        modalities, n_more = some_of(modalities, _MAX_MODALITIES)
        boxes = [self._encoder(name, encoder) for name, encoder, _ in modalities]
        names = [shorten(name) for name, _, _ in modalities]
        details = [_tell_columns(columns) for _, _, columns in modalities]
        if n_more:
            boxes.append(Box(f"… {n_more:,} more modalities"))
            names.append(None)
            details.append(None)
        return VisualBlock("parallel", boxes, names=names, name_details=details)

    def heads(self):
        """Return the heads side by side; the fused one stands under its fusion."""
        columns = []
        for head in self._named_heads():
            box = self._head(head)
            if head == "fused":
                parts = [self._fusion(), box]
                names = ["fusion", None]
                box = VisualBlock("serial", parts, names=names, dash_wrapped=False)
            columns.append(box)
        return VisualBlock("parallel", columns)

    def end(self):
        """Return what makes one prediction of them."""
        return Box("mixture", caption="weights by the validation rows")

    def _named_modalities(self):
        return self.estimator.modalities

    def _named_heads(self):
        heads = self.estimator.heads
        if isinstance(heads, str):
            return AUTO
        # What is not a pair is left for fit to complain of.
        return [head if isinstance(head, str) else str(head[0]) for head in heads]

    def _encoder(self, name, encoder):
        if isinstance(encoder, str):
            known = ENCODERS.get(encoder)
            caption = None if known is None else known[1]
            return Box(encoder, caption=caption, details=encoder)
        if isinstance(encoder, type):
            return Box(encoder.__name__)
        return Box.around(encoder) if isinstance(encoder, Part) else encoder

    def _fusion(self, caption=None):
        fusion = self.estimator.fusion
        if isinstance(fusion, Part):
            return Box.around(fusion, caption=caption or "fusion")
        if isinstance(fusion, str):
            caption = caption or FUSIONS.get(fusion, (None, "fusion"))[1]
            return Box(fusion, caption=caption, details=f"fusion={fusion!r}")
        name = getattr(fusion, "__name__", type(fusion).__name__)
        return Box(name, caption=caption or "fusion")

    def _head(self, head):
        return Box(head, caption=HEADS.get(head, "estimator"))


class _Fitted(_Plan):
    """What an estimator has become."""

    def __init__(self, estimator):
        super().__init__(estimator)
        self.learner = estimator._learner
        self.members = self.learner.members

    def end(self):
        estimator = self.estimator
        told = [f"{estimator.n_parameters_:,} parameters"]
        if estimator.n_iter_:
            told.insert(0, _plural(estimator.n_iter_, "epoch"))
        if estimator.validation_score_ is not None:
            told.insert(0, f"validation score {estimator.validation_score_:.3g}")
        name = "mixture" if len(estimator.head_weights_) > 1 else "prediction"
        lines = self._lines()
        chart = ""
        if estimator.n_iter_:
            drawn = [one for some in lines.values() for one in some]
            chart = line_chart(drawn, title="loss of each head by epoch")
        content = (
            f'{_STYLE}<div class="skmm-summary">{table(self._facts())}'
            f"{self._heads_table(lines)}{chart}</div>"
        )
        caption, details = " · ".join(told), "\n".join(told)
        return Box(name, caption=caption, details=details, html=content)

    def _named_modalities(self):
        return self.estimator.modalities_

    def _named_heads(self):
        return list(self.estimator.head_weights_)

    def _encoder(self, name, encoder):
        if not isinstance(encoder, Part):
            return encoder
        if self.learner.fused is None:
            return Box.around(encoder)
        place = self.learner.fused.names.index(name)
        count = sum(_count(one.fused.encoders[place]) for one in self.members)
        caption = f"{count:,} parameters"
        if hasattr(encoder, "transformer"):  # what the user put in an encoder's place
            caption = f"{type(encoder.transformer).__name__} · {caption}"
        return Box.around(encoder, caption=caption)

    def _fusion(self, caption=None):
        fused = self.learner.fused
        caption = f"{len(fused.names)} × {fused.spec.width} → {fused.out_features}"
        return super()._fusion(caption)

    def _head(self, head):
        told = [HEADS.get(head, "estimator"), f"share {self._share(head):.2f}"]
        best = self.estimator.best_epoch_.get(head)
        if best is not None:
            told.append(f"epoch {best:.3g}")
        return Box(head, caption=" · ".join(told))

    def _share(self, head):
        """Return a head's share in what is predicted, the mean over the outputs."""
        return float(np.mean(self.estimator.head_weights_[head]))

    def _facts(self):
        """Return rows of name and value."""
        estimator = self.estimator
        score, seconds = estimator.validation_score_, self._seconds()
        epochs = f"{estimator.n_iter_:,}"
        if seconds is not None:
            epochs += f", in {seconds:.2f} s"
        facts = {
            "validation score": "no validation" if score is None else f"{score:.4g}",
            "models": f"{len(self.members)}, one for each fold",
            "epochs": epochs,
            "parameters": f"{estimator.n_parameters_:,}",
            "width": str(estimator.width),
            "device": str(self.members[0].module.device),
        }
        if len(self.members) == 1:
            del facts["models"]
        if not estimator.n_iter_:
            del facts["epochs"]
        return [(html.escape(k), html.escape(v)) for k, v in facts.items()]

    def _seconds(self):
        """Return how long the epochs took; None where it was not measured."""
        spent = [epoch.get("dur") for epoch in self.estimator.history_]
        return sum(spent) if spent and None not in spent else None

    def _lines(self):
        """Return the lines of the chart, by head."""
        from skmm._training.curves import MIXTURE, read_curves, read_solved

        curves = [one for one in read_curves(self.learner) if one.fold < _MAX_FOLDS]
        thin = len(self.members) > 1
        names, lines = list(self.estimator.head_weights_), {}
        for one in curves:
            is_valid = not np.isnan(one.valid).all()
            losses, part = (
                (one.valid, "validation") if is_valid else (one.train, "training")
            )
            look = {"title": f"{one.head}, {part} loss", "width": 1 if thin else 1.5}
            if one.head == MIXTURE:
                look["width"] = 1 if thin else 2.5
            else:
                look["color"] = COLORS[names.index(one.head) % len(COLORS)]
            line = Line(one.epochs, losses, mark=one.best, **look)
            lines.setdefault(one.head, []).append(line)
        for i, (head, losses) in enumerate(read_solved(self.learner).items()):
            look = {"color": COLORS[names.index(head) % len(COLORS)]}
            look |= {"dash": _DASHES[i % len(_DASHES)], "width": 1 if thin else 1.5}
            look["title"] = f"{head}, validation loss"
            levels = [Line([], [loss], **look) for loss in losses[:_MAX_FOLDS]]
            lines[head] = levels
        return lines

    def _heads_table(self, lines):
        """Return a table of the heads, which is the chart's legend too."""
        losses = {}
        for one in self.members:
            for head, loss in one.validation_losses.items():
                losses.setdefault(head, []).append(loss)
        rows = []
        for head in self.estimator.head_weights_:
            best = self.estimator.best_epoch_.get(head)
            loss = losses.get(head)
            rows.append(
                (
                    sample(lines[head][0]) if head in lines else "",
                    html.escape(shorten(head)),
                    f"{self._share(head):.2f}",
                    "" if best is None else f"{best:.3g}",
                    "" if loss is None else f"{np.mean(loss):.4g}",
                )
            )
        if "mixture" in lines:
            rows.append((sample(lines["mixture"][0]), "mixture", "", "", ""))
        titles = ("", "head", "share", "best epoch", "validation loss")
        return table(rows, head=titles)


def _plural(n, what):
    return f"{n:,} {what}" + "s" * (n != 1)


def _count(module):
    """Return how many numbers a module learns."""
    from skmm._nn.freezing import is_learnable

    return sum(one.numel() for one in module.parameters() if is_learnable(one))


def _tell_columns(columns):
    """Return columns as a user gave them, a line each; of many the first ones."""
    if isinstance(columns, dict):
        columns = [f"{label}: {shorten(how)}" for label, how in columns.items()]
    if not isinstance(columns, (list, tuple)):
        return shorten(columns, 200)
    shown, n_more = some_of(columns, _MAX_COLUMNS)
    lines = [shorten(one) for one in shown]
    if n_more:
        lines.append(f"… {n_more:,} more columns")
    return "\n".join(lines)
