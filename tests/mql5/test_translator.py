"""What the translator makes of a piece of MQL5; test_language.py compiles and runs it."""

from pathlib import Path

import pytest
from tests.mql5.translator import SourceError, translate


class Translated:
    """A source in a folder of its own, with its includes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (folder / "Include").mkdir()

    def include(self, name: str, text: str) -> None:
        path = self._folder / "Include" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def __call__(self, text: str) -> str:
        """The C++ of the source itself, with one space between words."""
        (self._folder / "Test.mq5").write_text(text)
        cpp = translate(self._folder / "Test.mq5", self._folder / "Include").cpp
        body = cpp.split("using namespace ::mql5;")[1].split('#line 1 "Test.program"')[0]
        lines = [line for line in body.splitlines() if not line.startswith("#line")]
        return " ".join(" ".join(lines).split())


@pytest.fixture
def cpp(tmp_path: Path) -> Translated:
    return Translated(tmp_path)


@pytest.mark.parametrize(
    "mql5,expected",
    [
        ("long a;", "long_t a ;"),
        ("char b = 'x';", "char_t b = ((ushort)L'x') ;"),
        ('string s = "a\\n\\\\";', 'string s = L"a\\n\\\\"_s ;'),
        ("datetime d = D'2020.01.02';", "datetime d = ((datetime)1577923200) ;"),
        ("datetime d = D'1970.01.01 00:01';", "datetime d = ((datetime)60) ;"),
        ("color c = C'255,0,1';", "color c = ((color)65791) ;"),
        ("double a[];", "Array<double> a ;"),
        ("double a[], b[3];", "Array<double> a , b {::mql5::Fixed{ 3 }} ;"),
        ("int a[] = {1, 2};", "Array<int> a {::mql5::Fixed{ -1 }, { 1 , 2 } } ;"),
        ("long a[N + 1];", "Array<long_t> a {::mql5::Fixed{ N + 1 }} ;"),
        (
            "void F(const long &a[], MqlTick &t);",
            "void F ( const Array<long_t>& a , MqlTick & t ) ;",
        ),
        ("static int calls[2];", "static Array<int> calls {::mql5::Fixed{ 2 }} ;"),
        ("enum E { A, B };", "enum E : int { A , B } ;"),
        (
            "struct S { int a; };",
            '_Pragma("pack(push, 1)") struct S { int a ; } ; _Pragma("pack(pop)")',
        ),
        ("class C { ~C() {} };", "class C { virtual ~ C ( ) { } } ;"),
        ("#property strict\nint a;", "int a ;"),
        (
            'input string Name = "x"; // shown',
            'static string Name_input = L"x"_s ; static const string& Name = Name_input;',
        ),
        ('input group "Group"\nint a;', "int a ;"),
        ("return a[0] * b[1];", "return a [ 0 ] * b [ 1 ] ;"),
        ("x = y ? a[i] : b[j];", "x = y ? a [ i ] : b [ j ] ;"),
    ],
)
def test_what_becomes_of(cpp: Translated, mql5: str, expected: str) -> None:
    assert cpp(mql5) == expected


def test_pointers_are_used_with_arrows(cpp: Translated) -> None:
    text = "class C { public: int N; }; C *p; C list[2]; void F() { p.N = list[0].N; delete p; }"
    assert "::mql5::Ptr<C> p ;" in cpp(text)
    assert "p -> N = list [ 0 ] . N ; delete p ;" in cpp(text)


def test_methods_that_return_pointers(cpp: Translated) -> None:
    text = "class C { public: C *Next(); int N; }; C *C::Next() { return NULL; } "
    made = cpp(text + "void F(C *c) { c.Next().N = 1; }")
    assert "::mql5::Ptr<C> C :: Next ( ) { return ::mql5::null ; }" in made
    assert "c -> Next ( ) -> N = 1 ;" in made


def test_arrays_of_pointers(cpp: Translated) -> None:
    made = cpp("class C { public: int N; }; C *all[]; void F() { all[1].N = 2 * 3; }")
    assert "Array<::mql5::Ptr<C>> all ;" in made
    assert "all [ 1 ] -> N = 2 * 3 ;" in made


def test_functions_may_stand_below_their_use(cpp: Translated) -> None:
    made = cpp("int a; void First() { Second(1); } void Second(const int n) {}")
    assert made.startswith(
        "int a ; void First ( ) ; void Second ( const int n ) ; void First ( ) {"
    )


def test_includes_come_once_and_with_backslashes(cpp: Translated) -> None:
    cpp.include("Sub/A.mqh", '#include "B.mqh"\nint a;')
    cpp.include("Sub/B.mqh", "int b;")
    text = "#include <Sub\\A.mqh>\n#include <Sub\\B.mqh>\n#include <Sub\\A.mqh>\nint c;"
    assert cpp(text) == "int b ; int a ; int c ;"


def test_windows_line_ends(cpp: Translated, tmp_path: Path) -> None:
    (tmp_path / "Include/A.mqh").write_bytes(b"int a;\r\n#define N \\\r\n   5\r\n")
    assert cpp("#include <A.mqh>\r\nint b;\r\n") == "int a ; #define N 5 int b ;"


def test_macros_keep_their_form(cpp: Translated) -> None:
    assert cpp('#define TWICE(x) ((x) * 2)  // double\n#define NAME "n"') == (
        '#define TWICE( x ) ( ( x ) * 2 ) #define NAME L"n"_s'
    )


def test_messages_speak_of_the_source(tmp_path: Path) -> None:
    (tmp_path / "Test.mq5").write_text("int a;\n\n\nint b;\n")
    cpp = translate(tmp_path / "Test.mq5", tmp_path).cpp.splitlines()
    begin = cpp.index(f'#line 1 "{(tmp_path / "Test.mq5").as_posix()}"')
    assert cpp[begin + 1].strip() == "int a ;"
    assert cpp[begin + 4].strip() == "int b ;"


def test_imports_become_guarded_calls(cpp: Translated) -> None:
    made = cpp(
        '#import "A.dll"\n'
        "int F(long n, const string s, const double &a[], ushort &b[], MqlTick &t);\n"
        "#import\nint a;"
    )
    assert made == (
        "static void* F_address; inline int F(long_t n, const string s, const Array<double>& a,"
        " Array<ushort>& b, MqlTick& t) { return ::mql5::call_library<int>("
        '"F", F_address, ::mql5::by_value(n), ::mql5::guarded_text(s),'
        " ::mql5::guarded_array(a), ::mql5::guarded_array(b), ::mql5::guarded_reference(t)); }"
        " int a ;"
    )


@pytest.mark.parametrize(
    "prototype,problem",
    [
        ("int F(string &a[]);", "arrays of strings cannot be passed"),
        ("int F(string &a);", "cannot write into a string"),
        ("int F(MqlTick t);", "by reference only"),
        ("int F(const double a[]);", "arrays are passed by reference"),
        ("string F();", "cannot return string"),
    ],
)
def test_what_cannot_cross_to_a_library(cpp: Translated, prototype: str, problem: str) -> None:
    with pytest.raises(SourceError, match=rf"Test\.mq5:2: .*{problem}"):
        cpp(f'#import "A.dll"\n{prototype}\n#import\n')


@pytest.mark.parametrize(
    "mql5,problem",
    [
        ("#include <None.mqh>", "there is no file None.mqh"),
        ("#pragma once", "MQL5 has no #pragma"),
        ("double a[2][3];", "more than one dimension"),
        ("datetime d = D'soon';", "is no date"),
        ("color c = C'256,0,0';", "is no colour"),
        ("enum { A };", "an enum needs a name"),
        ("void F( { }", "never closed"),
        ("int a = `1`;", "cannot read"),
        ("input int A;", "an input is"),
    ],
)
def test_what_is_no_mql5(cpp: Translated, mql5: str, problem: str) -> None:
    with pytest.raises(SourceError, match=problem):
        cpp(f"{mql5}\nstring s = EnumToString(1);")
