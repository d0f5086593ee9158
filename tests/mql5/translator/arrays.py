"""`T a[]`, `T a[N]` and `T &a[]`: all become the one array class of the prelude."""

from tests.mql5.translator.tokens import SIGN, WORD, SourceError, Token, is_sign, is_word, matching

# Words that can stand before `name[` without being its type.
_NOT_TYPES = {"return", "delete", "case", "else", "do", "new", "operator"}
_STARTS = ("{", "}", ";", ")", "(", ",", ":", ">")
_BEFORE_A_TYPE = {"const", "static", "public", "private", "protected", "else"}


def rewrite(tokens: list[Token]) -> list[Token]:
    found: list[Token] = []
    at = 0
    while at < len(tokens):
        declared = _declaration(tokens, at)
        if declared is None:
            found.append(tokens[at])
            at += 1
            continue
        kind_end, is_reference = declared
        kind = " ".join(token.text for token in tokens[at:kind_end])
        at = kind_end + is_reference
        found.append(tokens[at].become(f"Array<{kind}>{'&' if is_reference else ''}"))
        at = _declarators(tokens, at, found)
    return found


def _declaration(tokens: list[Token], at: int) -> tuple[int, bool] | None:
    """Whether the type of an array stands here: where it ends, and whether `&` follows."""
    if not is_word(tokens, at) or tokens[at].text in _NOT_TYPES | _BEFORE_A_TYPE:
        return None
    before_is_start = (
        at == 0
        or is_sign(tokens, at - 1, *_STARTS)
        or tokens[at - 1].kind
        not in {
            SIGN,
            WORD,
        }
    )
    if not before_is_start and not is_word(tokens, at - 1, *_BEFORE_A_TYPE):
        return None
    end = at + 1
    if is_sign(tokens, end, "<"):
        while end < len(tokens) and not is_sign(tokens, end, ">", ";", "(", ")"):
            end += 1
        end += 1
    is_reference = is_sign(tokens, end, "&")
    name = end + is_reference
    if not is_word(tokens, name) or not is_sign(tokens, name + 1, "["):
        return None
    if is_reference and not is_sign(tokens, name + 2, "]"):
        return None
    return end, is_reference


def _declarators(tokens: list[Token], at: int, found: list[Token]) -> int:
    """`a[], b[5], c[] = {...}` up to the `;` or to what ends a parameter."""
    while True:
        if not is_word(tokens, at) or not is_sign(tokens, at + 1, "["):
            raise SourceError(tokens[at], "declare arrays apart from what is none")
        found.append(tokens[at])
        closing = matching(tokens, at + 1)
        size = tokens[at + 2 : closing]
        at = closing + 1
        if is_sign(tokens, at, "["):
            raise SourceError(tokens[at], "arrays of more than one dimension are not supported")
        if is_sign(tokens, at, "="):
            at = _initialiser(tokens, at, size, found)
        elif size:
            found += [tokens[at].become("{::mql5::Fixed{"), *size, tokens[at].become("}}")]
        if not is_sign(tokens, at, ",") or not is_sign(tokens, at + 2, "["):
            return at
        found.append(tokens[at])
        at += 1


def _initialiser(tokens: list[Token], at: int, size: list[Token], found: list[Token]) -> int:
    opening = tokens[at]
    if not is_sign(tokens, at + 1, "{"):
        raise SourceError(opening, "an array is initialised with {...}")
    closing = matching(tokens, at + 1)
    count = size or [opening.become("-1")]
    found += [
        opening.become("{::mql5::Fixed{"),
        *count,
        opening.become("},"),
        *tokens[at + 1 : closing + 1],
        opening.become("}"),
    ]
    return closing + 1
