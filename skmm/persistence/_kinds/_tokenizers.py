"""Tokenizers of the package of that name: a text each, which it reads and checks."""

from skmm.persistence._kinds._base import Kind, expect, field

_FLAGS = ("single_word", "lstrip", "rstrip", "normalized", "special")


class Tokenizer(Kind):
    """A tokenizer."""

    tag = "tokenizer"

    def holds(self, value):
        return _is(value, "Tokenizer")

    def dump(self, value, dumper):
        return value.to_str()

    def restore(self, body, restorer, remember):
        import tokenizers

        return tokenizers.Tokenizer.from_str(expect(body, str))


class Token(Kind):
    """A token that was added to a vocabulary."""

    tag = "token"

    def holds(self, value):
        return _is(value, "AddedToken")

    def dump(self, value, dumper):
        return {
            "content": value.content,
            **{name: bool(getattr(value, name)) for name in _FLAGS},
        }

    def restore(self, body, restorer, remember):
        import tokenizers

        flags = {name: field(body, name, bool) for name in _FLAGS}
        return tokenizers.AddedToken(field(body, "content", str), **flags)


def _is(value, name):
    cls = type(value)
    return cls.__name__ == name and cls.__module__.partition(".")[0] == "tokenizers"


KINDS = [Tokenizer(), Token()]
