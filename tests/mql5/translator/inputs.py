"""`input` variables: constant for the code, set by the host before OnInit."""

from tests.mql5.translator.tokens import CPP, WORD, SourceError, Token, is_sign, is_word


def rewrite(tokens: list[Token]) -> tuple[list[Token], list[str]]:
    """The tokens and the inputs' names.

    `input T name = value;` becomes a variable that the host writes and a constant reference to it
    under the name.
    """
    found: list[Token] = []
    names: list[str] = []
    at = 0
    while at < len(tokens):
        if not is_word(tokens, at, "input", "sinput"):
            found.append(tokens[at])
            at += 1
            continue
        if _is_group(tokens, at + 1):
            at += 3
            continue
        end = next((i for i in range(at, len(tokens)) if is_sign(tokens, i, ";")), len(tokens))
        if end - at < 5:
            raise SourceError(tokens[at], "an input is `input TYPE NAME = VALUE;`")
        keyword, kind, name, *value = tokens[at:end]
        if not is_sign(value, 0, "=") or kind.kind != WORD:
            raise SourceError(keyword, "an input is `input TYPE NAME = VALUE;`")
        names.append(name.text)
        found += [
            keyword.become(f"static {kind.text} {name.text}_input"),
            *value,
            keyword.become(f"; static const {kind.text}& {name.text} = {name.text}_input;"),
        ]
        at = end + 1
    return found, names


def _is_group(tokens: list[Token], at: int) -> bool:
    """`input group "Name"`, whose text has become C++ by now."""
    return is_word(tokens, at, "group") and at + 1 < len(tokens) and tokens[at + 1].kind == CPP
