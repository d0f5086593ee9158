"""Definitions of structs, classes and enums."""

from tests.mql5.translator.tokens import WORD, SourceError, Token, is_sign, is_word, matching


def rewrite(tokens: list[Token]) -> list[Token]:
    """Structs are packed to 1 byte, enums are ints, destructors are virtual: as MQL5 has them."""
    found: list[Token] = []
    ends: dict[int, str] = {}  # where a definition ends, and what follows it
    names_are_asked = any(token.text == "EnumToString" for token in tokens)
    depth = 0
    for at, token in enumerate(tokens):
        depth += is_sign(tokens, at, "{") - is_sign(tokens, at, "}")
        opening = _body(tokens, at)
        if opening and is_word(tokens, at, "struct"):
            found.append(token.become('_Pragma("pack(push, 1)")'))
            ends[matching(tokens, opening) + 1] = '_Pragma("pack(pop)")'
        if opening and is_word(tokens, at, "enum") and depth == 0 and names_are_asked:
            ends[matching(tokens, opening) + 1] = _names(tokens, at + 1, opening)
        if is_sign(tokens, at, "{") and is_word(tokens, at - 2, "enum"):
            found.append(token.become(": int"))
        if _is_destructor(tokens, at) and is_sign(tokens, at - 1, "{", "}", ";", ":"):
            found.append(token.become("virtual"))
        found.append(token)
        if at in ends:
            found.append(token.become(ends[at]))
    return found


def defined_names(tokens: list[Token]) -> set[str]:
    """Structs, classes and template parameters, also those only declared."""
    return {
        tokens[at + 1].text
        for at in range(len(tokens) - 1)
        if is_word(tokens, at, "struct", "class", "typename", "interface")
        and tokens[at + 1].kind == WORD
    }


def _body(tokens: list[Token], at: int) -> int | None:
    """Where the `{` of the definition that begins here stands."""
    if not is_word(tokens, at, "struct", "class", "enum"):
        return None
    for place in range(at + 1, len(tokens)):
        if is_sign(tokens, place, "{"):
            return place
        if is_sign(tokens, place, ";", "(", "="):
            return None
    return None


def _is_destructor(tokens: list[Token], at: int) -> bool:
    return (
        is_sign(tokens, at, "~") and is_sign(tokens, at + 2, "(") and is_sign(tokens, at + 3, ")")
    )


def _names(tokens: list[Token], name: int, opening: int) -> str:
    """EnumToString for an enum of the source."""
    if not is_word(tokens, name):
        raise SourceError(tokens[name], "an enum needs a name")
    kind = tokens[name].text
    inside = range(opening + 1, matching(tokens, opening))
    values = [
        tokens[at].text
        for at in inside
        if is_word(tokens, at) and is_sign(tokens, at - 1, "{", ",")
    ]
    cases = " ".join(f'if (value == {each}) return L"{each}"_s;' for each in values)
    return (
        f"inline string EnumToString({kind} value) {{ {cases}"
        f' return L"{kind}::"_s + IntegerToString((int)value); }}'
    )
