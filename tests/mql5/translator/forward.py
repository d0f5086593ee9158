"""Functions may be used above their definition in MQL5: C++ gets them declared first."""

from tests.mql5.translator.tokens import Token, is_sign, is_word, matching


def rewrite(tokens: list[Token]) -> list[Token]:
    """Each file's functions are declared before the first function that the file defines."""
    declarations: dict[int, list[Token]] = {}  # by where they go
    first_of_file: dict[object, int] = {}
    at = 0
    while at < len(tokens):
        begin = _definition(tokens, at)
        if begin is not None:
            first = first_of_file.setdefault(tokens[at].file, begin)
            closing = matching(tokens, at + 1)
            has_defaults = any(is_sign(tokens, i, "=") for i in range(at, closing))
            is_method = is_sign(tokens, at - 1, "::")
            if not is_method and not has_defaults:
                here = tokens[first]
                prototype = [here.become(t.text, t.kind) for t in tokens[begin : closing + 1]]
                declarations.setdefault(first, []).extend([*prototype, here.become(";")])
            at = closing
        elif is_sign(tokens, at, "{"):
            at = matching(tokens, at)
        at += 1
    return [each for at, token in enumerate(tokens) for each in [*declarations.get(at, []), token]]


def _definition(tokens: list[Token], at: int) -> int | None:
    """Where the definition of a function begins, if its name stands at `at`."""
    if not is_word(tokens, at) or not is_sign(tokens, at + 1, "("):
        return None
    after = matching(tokens, at + 1) + 1
    if is_word(tokens, after, "const"):
        after += 1
    if not is_sign(tokens, after, "{", ":"):
        return None
    begin = at
    while begin > 0 and (is_word(tokens, begin - 1) or is_sign(tokens, begin - 1, "::", "~", "*")):
        begin -= 1
    is_template = is_sign(tokens, begin - 1, ">")
    return None if is_template or begin == at else begin
