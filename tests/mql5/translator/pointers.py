"""Pointers to objects: `CFoo *p` and `p.m()`, which C++ writes `p->m()`."""

from tests.mql5.translator.tokens import WORD, Token, is_sign, is_word, matching

_DECLARES = ("=", ";", ",", ")", "(", "[", "{")


def rewrite(tokens: list[Token], classes: set[str]) -> list[Token]:
    """A name that is declared as a pointer anywhere is one everywhere."""
    declarations = [at for at in range(len(tokens)) if _is_declaration(tokens, at, classes)]
    names = {tokens[at + 2].text for at in declarations}
    stars = {at + 1 for at in declarations} | {
        at + 1
        for at in range(len(tokens))
        if is_word(tokens, at, *classes) and is_sign(tokens, at + 1, "*")
        and (is_sign(tokens, at + 2, "&", ">") or is_sign(tokens, at + 3, "::"))
    }  # fmt: skip
    arrows = _dots(tokens, names)
    found: list[Token] = []
    for at, token in enumerate(tokens):
        if at in stars:
            found[-1] = token.become(f"::mql5::Ptr<{found[-1].text}>", WORD)
        elif at in arrows:
            found.append(token.become("->"))
        else:
            found.append(token)
    return found


def _is_declaration(tokens: list[Token], at: int, classes: set[str]) -> bool:
    return (
        bool(classes)
        and is_word(tokens, at, *classes)
        and is_sign(tokens, at + 1, "*")
        and is_word(tokens, at + 2)
        and is_sign(tokens, at + 3, *_DECLARES)
    )


def _dots(tokens: list[Token], names: set[str]) -> set[int]:
    """The dots behind a pointer: `p.`, `p[i].`, `P(i).`"""
    found = set()
    for at, token in enumerate(tokens):
        if token.kind != WORD or token.text not in names:
            continue
        end = at + 1
        while is_sign(tokens, end, "[", "("):
            end = matching(tokens, end) + 1
        if is_sign(tokens, end, "."):
            found.add(end)
    return found
