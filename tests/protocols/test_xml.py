"""XML in: cut, kept and refused."""

from __future__ import annotations

import io
import mmap
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from azenha.domain.binding import bind
from azenha.domain.complexes import BindingLimits
from azenha.domain.errors import BadRequest, Malformed, TooLarge
from azenha.domain.process import ComplexDomain, Format, InputDescription, ProcessDescription, Text
from azenha.domain.values import Coding, InlineText, Lexical, RawSlice
from azenha.protocols import xml, xml_cut, xml_skim
from azenha.protocols.xml_cut import Bounds, Content, KiB, MiB

W = "urn:w"
DATA = f"{{{W}}}Data"
SAMPLES = Path(__file__).parents[3] / "shared" / "samples"
TINY = Bounds(inline=0)


def body(content: str, more: str = "") -> bytes:
    return f'<w:R xmlns:w="{W}" xmlns="urn:d" {more}><w:Data a="1>2">{content}</w:Data></w:R>'.encode()


def data(raw: bytes, bounds: Bounds = xml.BOUNDS) -> str | RawSlice:
    document = xml.read(raw, [DATA], bounds=bounds)
    return document.data(document.root[0])


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", ""),
        ("  10 ", "  10 "),
        ("a &lt;b/&gt; &#233; &amp;", "a <b/> é &"),
        ("<![CDATA[<gml:x> & ]]]]><![CDATA[>]]> y", "<gml:x> & ]]> y"),
        ("a<!-- no -->b<?no no?>c", "abc"),
        (" <x/> ", f'<x xmlns:w="{W}" xmlns="urn:d"/>'),
        ("<!-- a --><x/><?b c?>", f'<x xmlns:w="{W}" xmlns="urn:d"/>'),
        ("<x>a > b</x>", f'<x xmlns:w="{W}" xmlns="urn:d">a > b</x>'),
        ('<x xmlns="">é</x\n>', f'<x xmlns:w="{W}" xmlns="">é</x\n>'),
        ("<w:x\n a='\">'>t<![CDATA[u]]></w:x>", f'<w:x xmlns:w="{W}" xmlns="urn:d"\n a=\'">\'>t<![CDATA[u]]></w:x>'),
        ("<w:Data>5</w:Data>", f'<w:Data xmlns:w="{W}" xmlns="urn:d">5</w:Data>'),
    ],
)  # fmt: skip
def test_small_data_comes_as_the_clients_own_characters(content: str, expected: str) -> None:
    assert data(body(content)) == expected


@pytest.mark.parametrize(
    ("content", "coding", "cut"),
    [
        ("aGVsbG8=\r\n", Coding.XML_TEXT, "aGVsbG8=\r\n"),
        ("<![CDATA[<x/>]]>", Coding.XML_TEXT, "<![CDATA[<x/>]]>"),
        ("\n <x>1</x>\n", Coding.XML, "<x>1</x>"),
        ("<x/>", Coding.XML, "<x/>"),
        ("<x a='/>'/><!-- > -->", Coding.XML, "<x a='/>'/>"),
        ("<x><x/></x >", Coding.XML, "<x><x/></x >"),
    ],
)
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf", "<?xml version='1.0'?>\n<!-- ü -->".encode()])
def test_large_data_is_a_slice_and_not_in_the_tree(
    mark: bytes, content: str, coding: Coding, cut: str
) -> None:
    raw = mark + body(content)
    document = xml.read(raw, [DATA], bounds=TINY)
    found = document.data(document.root[0])
    assert isinstance(found, RawSlice)
    assert found.coding is coding
    assert raw[found.start : found.end].decode() == cut
    assert document.root[0].text is None
    assert len(document.root[0]) == 0
    namespaces = {"": "urn:d", "w": W} if coding is Coding.XML else {}
    assert dict(found.namespaces) == namespaces


def test_what_is_kept_in_place_is_in_the_tree_too() -> None:
    document = xml.read(body("<w:LiteralValue uom='m'>5</w:LiteralValue>"), [DATA])
    assert document.root[0][0].tag == f"{{{W}}}LiteralValue"
    assert document.root[0][0].get("uom") == "m"


def test_only_the_outermost_data_element_counts() -> None:
    raw = body("<w:Execute><w:Data>" + "x" * 70_000 + "</w:Data></w:Execute>")
    found = data(raw)
    assert isinstance(found, RawSlice)
    assert raw[found.start : found.end].startswith(b"<w:Execute><w:Data>x")


def test_many_small_values_are_cut_once_they_add_up() -> None:
    one = "<w:Data>" + "x" * 60_000 + "</w:Data>"
    document = xml.read(f'<w:R xmlns:w="{W}">{one * 40}</w:R>'.encode(), [DATA])
    kinds = [type(document.data(e)) for e in document.root]
    assert kinds[0] is str
    assert kinds[-1] is RawSlice
    assert kinds.count(str) * 60_000 <= Bounds().kept


@pytest.mark.parametrize("space", ["&#13;\n", "&#x0D;&#xa;&#32;&#9;"])
def test_white_space_around_an_element_may_be_written_as_references(space: str) -> None:
    assert data(body(f"{space}<x/>{space}")) == data(body("<x/>"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("<x/><y/>", "'w:Data' holds 2 elements"),
        ("<x/>" * 30_000, "'w:Data' holds 30000 elements"),
        ("t<x/>", "text beside an element"),
        ("<x/>" + "t" * 70_000, "text beside an element"),
        ("<x/><![CDATA[ ]]>", "text beside an element"),
        ("<x/>&#13;&#65;", "text beside an element"),
        ("a<!-- b -->" + "c" * 70_000, "no comments"),
    ],
)
def test_data_that_is_no_single_value_is_refused_when_asked_for(content: str, words: str) -> None:
    document = xml.read(body(content), [DATA])
    with pytest.raises(Malformed, match=words) as caught:
        document.data(document.root[0], "features")
    assert caught.value.locator == "features"


ENTITY = '<!DOCTYPE r [<!ENTITY a "b">]><r>&a;</r>'
LAUGHS = (
    '<!DOCTYPE r [<!ENTITY l0 "lol">'
    + "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
    + "]><r>&l9;</r>"
)


def attributes(count: int) -> bytes:
    return b"<a " + b" ".join(b'a%d=""' % i for i in range(count)) + b"/>"


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        pytest.param(b"", "not XML: no element found at line 1, column 1", id="empty"),
        pytest.param(b"{}", "not XML", id="json"),
        pytest.param(b"<a>\n <b></a>", "mismatched tag at line 2, column 7", id="mismatch"),
        pytest.param(b"<wps:a xmlns:wps='u'><b></wps:a></b>", "mismatched tag", id="crossed"),
        pytest.param(b"<a><b>", "no element found", id="truncated"),
        pytest.param(b"<a b='", "not XML", id="truncated tag"),
        pytest.param(b"<a/><b/>", "junk after document element", id="two roots"),
        pytest.param(b"<a>\0</a>", "invalid token", id="nul"),
        pytest.param(b"\0" * 1000, "not XML", id="nuls"),
        pytest.param(b"<a>&#0;</a>", "reference to invalid character", id="nul reference"),
        pytest.param(b"<a>\xff</a>", "invalid token", id="bad utf-8"),
        pytest.param(b"<a>\xed\xa0\x80</a>", "invalid token", id="surrogate"),
        pytest.param(b"<a>\xc0\xaf</a>", "invalid token", id="overlong"),
        pytest.param(b"<a:b/>", "unbound prefix", id="prefix"),
        pytest.param(b"<a>&x;</a>", "undefined entity", id="entity"),
        pytest.param(b"<a b='1' b='2'/>", "duplicate attribute", id="duplicate"),
        pytest.param(b"<a xmlns:p='u' xmlns:q='u' p:b='1' q:b='2'/>", "duplicate attribute", id="duplicate ns"),
        pytest.param(ENTITY.encode(), "document type", id="doctype"),
        pytest.param(LAUGHS.encode(), "document type", id="billion laughs"),
        pytest.param(ENTITY.encode("utf-16"), "document type", id="doctype utf-16"),
        pytest.param(ENTITY.encode("utf-16-le"), "not XML|document type", id="doctype utf-16-le"),
        pytest.param(b"<?xml version='1.0' encoding='ISO-8859-1'?>" + ENTITY.encode(), "document type", id="latin"),
        pytest.param(ENTITY.encode("utf-32"), "'utf-32'", id="doctype utf-32"),
        pytest.param(b"<?xml version='1.0' encoding='UTF-7'?>+ADw-r/+AD4-", "'UTF-7'", id="utf-7"),
        pytest.param(b"\x4c\x6f\xa7\x94\x93", "not XML", id="ebcdic"),
        pytest.param(b"<!DOCTYPE r SYSTEM 'file:///etc/passwd'><r/>", "document type", id="external subset"),
        pytest.param(b"<!DOCTYPE r [<!ENTITY x SYSTEM 'http://127.0.0.1/'>]><r>&x;</r>", "document type", id="xxe"),
        pytest.param(b"<!DOCTYPE r [<!ENTITY % p SYSTEM 'http://h/'> %p;]><r/>", "document type", id="parameter"),
        pytest.param(b"<!DOCTYPE " + b"r" * 3_000_000 + b"><r/>", "document type|bytes", id="long doctype"),
        pytest.param(attributes(100_000), "256 attributes|bytes", id="attributes"),
        pytest.param(attributes(257), "256 attributes", id="257"),
        pytest.param(b"<a>" * 1_000_000, "64 elements \\(setting limits.depth\\), at line 1, column 193", id="depth"),
        pytest.param(body("<a>" * 100_000), "64 elements", id="depth in data"),
        pytest.param(b"<" + b"n" * 1001 + b"/>", "1000 characters", id="name"),
        pytest.param(b"<" + b"n" * 50_000_000, "1048576 bytes", id="huge name"),
        pytest.param(b"<a " + b"n" * 1001 + b"=''/>", "1000 characters", id="attribute's name"),
        pytest.param(b"<a b='" + b"n" * 50_000_000 + b"'/>", "1048576 bytes", id="huge value"),
        pytest.param(b"<!--" + b"n" * 50_000_000 + b"--><a/>", "1048576 bytes", id="huge comment"),
        pytest.param(b"<a><?p " + b"n" * 50_000_000 + b"?></a>", "1048576 bytes", id="huge instruction"),
        pytest.param(b"<a>" + b"<b/>" * 200_000 + b"</a>", "50100 elements", id="elements"),
        pytest.param(
            body("<x>" + "".join(f"<n{i}/>" for i in range(200_000)) + "</x>"), "20000 different names", id="names"
        ),
    ],
)  # fmt: skip
def test_an_attack_or_a_slip_is_refused_fast(raw: bytes, words: str) -> None:
    start = time.perf_counter()
    with pytest.raises((Malformed, TooLarge), match=words):
        xml.read(raw, [DATA])
    assert time.perf_counter() - start < 2


FAR = "<x>" + "<a>1</a>\n" * 99_000  # over many windows


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("<a>" * 62, "64 elements \\(setting limits.depth\\), at line 99001, column 184"),
        ("<!-- a --><a>" * 62, "64 elements \\(setting limits.depth\\), at line 99001, column 804"),
        ("<a" + "".join(f" b{i}=''" for i in range(257)) + "/>", "256 attributes, at line 99001, column 1"),
        ("<" + "n" * 1001 + "/>", "the name 'n+…?' has more than 1000 characters, at line 99001, column 1"),
        ("<a b='' b=''/>", "duplicate attribute at line 99001, column 9"),
        ("<p:a/>", "unbound prefix at line 99001, column 1"),
        ("<!DOCTYPE a>", "not XML"),
        ("</y>", "mismatched tag at line 99001, column 3"),
        ("\x01", "invalid token"),
    ],
)
def test_what_is_wrong_in_the_midst_of_much_data_is_refused_at_its_place(content: str, words: str) -> None:
    with pytest.raises(Malformed, match=words):
        xml.read(body(FAR + content + FAR + "</x></x>"), [DATA])


@pytest.mark.parametrize("filler", ["<a>", "<!-- x -->" * 1000])
def test_too_much_beside_data_is_too_large(filler: str) -> None:
    text = "<a>" + (filler * 1000 if filler != "<a>" else "x" * 9 * MiB) + "</a>"
    with pytest.raises(TooLarge, match="8388608 bytes beside"):
        xml.read(text.encode() if len(text) > 8 * MiB else (text + " " * 9 * MiB).encode())


@pytest.mark.parametrize(
    ("encoding", "charset", "declared"),
    [
        ("iso-8859-1", None, "ISO-8859-1"),
        ("iso-8859-1", "iso-8859-1", ""),
        ("iso-8859-1", '"ISO-8859-1"', "UTF-8"),  # the header counts more (RFC 7303 §3)
        ("windows-1252", None, "windows-1252"),
        ("utf-16", None, "UTF-16"),
        ("utf-16", "utf-8", ""),  # the mark counts more than that
        ("utf-16-be", None, "UTF-16"),
        ("utf-8", None, ""),
        ("utf-8-sig", None, "utf-8"),
        ("utf-8", "UTF-8", "ISO-8859-1"),
    ],
)
def test_other_encodings_of_small_bodies_are_read(encoding: str, charset: str | None, declared: str) -> None:
    declaration = f'<?xml version="1.0" encoding="{declared}"?>' if declared else '<?xml version="1.0"?>'
    raw = (declaration + body("<x>é</x>" + " " * 100_000).decode()).encode(encoding)
    document = xml.read(raw, [DATA], charset=charset)
    found = document.data(document.root[0])
    if encoding.startswith("utf-8"):
        assert isinstance(found, RawSlice)
        assert raw[found.start : found.end].decode() == "<x>é</x>"
    else:
        assert found == f'<x xmlns:w="{W}" xmlns="urn:d">é</x>'


@pytest.mark.parametrize("encoding", ["iso-8859-1", "utf-16"])
def test_a_large_body_in_another_encoding_is_refused_with_the_reason(encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?><a>{"x" * 2_000_000}</a>'
    with pytest.raises(Malformed, match="only UTF-8 is read"):
        xml.read(text.encode(encoding))


def test_a_body_that_is_a_map_of_a_file_is_read_like_any() -> None:
    raw = body("<x>" + "<y/>" * 1_500_000 + "</x>")
    with tempfile.TemporaryFile() as file:
        file.write(raw)
        file.flush()
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            document = xml.read(mapped, [DATA])
            assert document.data(document.root[0]) == data(raw)


# -- property: what is cut out is what stands there --------------------------------------------------

NAMES = st.sampled_from(["a", "b-c", "p:a", "q:x", "é"])
SCOPES = st.sampled_from(
    [
        "",
        ' xmlns="urn:1"',
        ' xmlns:p="urn:2"',
        ' xmlns=""',
        " xmlns:q='urn:a&amp;b'",
        ' xmlns:p="urn:3" xmlns="urn:4"',
    ]
)
ATTRIBUTES = st.sampled_from(["", ' k="v"', " k='>'", ' p:k="&lt;/a&gt;"', " \n k = 'é\"' "])
LEAVES = st.sampled_from(
    ["t", "é😀", "&amp;", "&#10;", "<![CDATA[</a> & ]]>", "<!-- <a> -->", "<?p <b>?>", " \r\n", "]] ", ">"]
)


@st.composite
def elements(draw: st.DrawFn, depth: int = 3) -> str:
    name, scope, attributes = draw(NAMES), draw(SCOPES), draw(ATTRIBUTES)
    parts = st.one_of(LEAVES, elements(depth - 1)) if depth else LEAVES
    content = "".join(draw(st.lists(parts, max_size=4)))
    start = f"<{name}{scope}{attributes}"
    return f"{start}>{content}</{name} >" if content or draw(st.booleans()) else f"{start}/>"


def canonical(element: etree._Element) -> bytes:
    target = io.BytesIO()
    etree.ElementTree(element).write_c14n(target, exclusive=True)
    return target.getvalue()


@given(elements(), st.sampled_from(["", " ", "<!-- <a> -->", "\n<?p ?>\t"]), SCOPES)
@settings(deadline=None)
def test_an_element_that_was_cut_out_is_what_stands_in_place(element: str, gap: str, scope: str) -> None:
    outer = f'<w:R xmlns:w="{W}" xmlns:p="urn:p" xmlns:q="urn:q"><w:Data{scope}>'
    raw = f"{outer}{gap}{element}{gap}</w:Data></w:R>".encode()
    parser = etree.XMLParser(resolve_entities=False)
    there = next(c for c in etree.fromstring(raw, parser)[0] if isinstance(c.tag, str))
    found = data(raw, TINY)
    assert isinstance(found, RawSlice)
    cut = raw[found.start : found.end]
    assert cut.decode() == element
    alone = etree.fromstring(xml.declare(cut, found.namespaces), parser)
    assert canonical(alone) == canonical(there)
    assert {k or "": v for k, v in alone.nsmap.items() if v} == {
        k or "": v for k, v in there.nsmap.items() if v
    }
    kept = data(raw)
    assert isinstance(kept, str)
    assert kept.encode() == xml.declare(cut, found.namespaces)


@given(st.lists(st.one_of(elements(), LEAVES), max_size=5), st.booleans())
@settings(deadline=None)
def test_the_tree_around_is_the_same_with_and_without_the_data(siblings: list[str], cut: bool) -> None:
    around = "".join(siblings)
    raw = (
        f'<w:R xmlns:w="{W}" xmlns:p="urn:p" xmlns:q="urn:q">{around}<w:Data x="1">5</w:Data>{around}</w:R>'
    ).encode()
    root = xml.read(raw, [DATA], bounds=TINY if cut else xml.BOUNDS).root
    expected = etree.fromstring(raw, etree.XMLParser(remove_comments=True, remove_pis=True))
    if cut:
        expected.find(DATA).text = None
    assert etree.tostring(root, method="c14n") == etree.tostring(expected, method="c14n")


MANY = st.lists(elements(), max_size=8).map("".join)
BROKEN = st.sampled_from(
    ["", "", "", "<", ">", "/>", "&", "--", "<!--", "<![CDATA[", "]]>", "<?", "<a>", "</a>", "\x01"]
)


@given(MANY, MANY, BROKEN, st.sampled_from([4, 6, 64]), st.sampled_from([1, 256]), st.sampled_from([3, 1000]))
@settings(deadline=None, max_examples=400)
def test_elements_looked_at_as_a_whole_are_read_as_if_each_were_looked_at(
    first: str, second: str, broken: str, depth: int, attributes: int, name: int
) -> None:
    outer = f'<w:R xmlns:w="{W}" xmlns:p="urn:p" xmlns:q="urn:q"><w:Data>'
    inner = f"<{{0}}>{first}{second}{broken}{first}<p:b>{second}</p:b></{{0}}>"
    for root in ("a", "p:list"):  # the first stands within, too
        raw = f"{outer}{inner.format(root)}</w:Data><w:Data>{first}</w:Data></w:R>".encode()
        bounds = Bounds(depth=depth, attributes=attributes, name=name, inline=100)
        assert found_in(raw, bounds, window=24) == found_in(raw, bounds, window=len(raw))


def test_what_a_parser_puts_off_is_not_missed() -> None:
    # expat 2.6 and newer put off a token that is longer than what came of it so far: here the reference, and all
    # that stands behind it.
    for zeros in range(20, 60):
        raw = body(f"t<p:a xmlns:p='urn:p'>&#{'0' * zeros}65;</p:a><!-- c -->")
        for window in (16, 20, 24, 28, 32):
            assert found_in(raw, Bounds(), window) == found_in(raw, Bounds(), window=len(raw)) != []


def found_in(raw: bytes, bounds: Bounds, window: int) -> list[Content] | str:
    """With a window as long as the body no element is passed over."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(xml_cut, "WINDOW", window)
        try:
            return xml_cut.contents(raw, [DATA], bounds)
        except Malformed as error:
            return str(error)


SMALL = st.lists(st.one_of(elements(1), LEAVES), max_size=3).map("".join)


@given(SMALL, BROKEN, st.sampled_from(["", "<?xml version='1.0'?>", "\ufeff"]), st.sampled_from([6, 64]))
@settings(deadline=None, max_examples=400)
def test_a_small_body_is_read_as_one_that_is_gone_through_first(
    content: str, broken: str, start: str, depth: int
) -> None:
    raw = (
        f'{start}<w:R xmlns:w="{W}" xmlns:p="urn:p" xmlns:q="urn:q"><w:Data>{content}</w:Data>'
        f"<w:Data>&lt;{broken}</w:Data>{content}</w:R>"
    ).encode()
    assert read_as(raw, Bounds(depth=depth), small=len(raw)) == read_as(raw, Bounds(depth=depth), small=0)


def read_as(raw: bytes, bounds: Bounds, small: int) -> tuple[bytes, list[str]] | str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(xml, "_SMALL", small)
        try:
            document = xml.read(raw, [DATA], bounds=bounds)
            return etree.tostring(document.root), [str(document.found[e]) for e in document.root.iter(DATA)]
        except Malformed as error:
            return str(error)


@pytest.mark.parametrize(
    "wrong", ["<x:y:z/>", "<z:a/>", "<a xmlns:p=''/>", "<a xmlns:e='http://www.w3.org/XML/1998/namespace'/>"]
)
def test_an_error_of_namespaces_is_not_hidden_by_a_warning_after_it(wrong: str) -> None:
    with pytest.raises(Malformed):
        xml.read(body(f"{wrong}<a xml:space='x'/>"), [DATA])


@pytest.mark.parametrize(
    ("content", "alone"),
    [
        (" <x>1</x>\n", True),
        ("t<x/>", False),
        ("<x/>t", False),
        ("<x/><y/>", False),
        ("t", False),
        ("<x/><!-- c -->", False),
    ],
)
def test_an_element_alone_is_plain_to_see(content: str, alone: bool) -> None:
    document = xml.read(body(content), [DATA])
    assert document.lone(document.root[0]) is (document.root[0][0] if alone else None)


@pytest.mark.parametrize(
    ("piece", "size", "kept"),
    [
        (b"text", 4, b"text"),
        (b"<a b='>'>text", 13, b"<a b='>'>text"),
        (b"<a>text</a", 7, b"<a>text"),
        (b"<a><b c='>", 3, b"<a>"),
        (b"<a>1<!-- <b> -->2<c", 17, b"<a>12"),
        (b"<a>1<!-- <b> --", 4, b"<a>1"),
        (b"<a>1<!-->", 4, b"<a>1"),
        (b"<a>1<![CDATA[</a>]] >]]>2", 25, b"<a>12"),
        (b"<a><![CDATA[</a>]]", 3, b"<a>"),
        (b"<?p <a>?><?p?><b><?", 17, b"<b>"),
        (b"<!", 0, b""),
        (b"<a", 0, b""),
    ],
)
def test_a_piece_ends_with_no_half_of_a_tag_or_remark(piece: bytes, size: int, kept: bytes) -> None:
    assert xml_skim.whole(piece) == (size, kept)


@pytest.mark.parametrize(
    ("kept", "depth"),
    [
        (b"1 > 2", 5),
        (b"<a><b>x</b>", 6),
        (b"</b></c><d>", 4),
        (b"<a b='/>' c=\"&lt;\"/>", 5),
        (b"<a>1 /> 2</a><b>http://c/d</b><e/>", 5),
        (b"<a>" * 5 + b"</a>" * 3, 7),
        (b"<a>" * 6, None),  # deeper than ten
        (b"<a>" * 5 + b"<b/>", None),
        (b"</a>" * 2 + b"</x>" * 3 + b"<a>", None),  # the one around ends
        (b"</a>" * 2 + b"</x>" + b"<a>", 3),
        (b"<a b='' c='' d='' xmlns='u'/>", None),
        (b"<abcdefghi/>", None),
        (b"<a abcdefghi=''/>", None),
    ],
)
def test_a_piece_is_passed_over_if_no_bound_is_near(kept: bytes, depth: int | None) -> None:
    skim = xml_skim.Skim(depth=10, attributes=3, name=8)
    assert [skim.passed(kept, 5, b"x", 1) for _ in range(2)] == [depth, depth]
    varied = b"".join(b"<e>%d</e>" % number for number in range(200)) + kept
    assert [skim.passed(varied, 5, b"x", 1) for _ in range(2)] == [depth, depth]


def test_names_of_what_is_passed_over_are_known() -> None:
    skim = xml_skim.Skim(depth=10, attributes=3, name=8)
    skim.passed(b"<p:a b = 'c=\"d\"' xmlns:q='e'>f g='h'</p:a><i/>", 5, b"x", 1)
    assert skim.names == {b"p:a", b"b", b"xmlns:q", b"i"}


@given(st.binary(max_size=60))
def test_whatever_the_bytes_there_is_a_tree_or_a_clean_error(raw: bytes) -> None:
    for given_bytes in (raw, b"<a>" + raw + b"</a>"):
        try:
            xml.read(given_bytes, ["a"])
        except Malformed:
            pass


@pytest.mark.parametrize(
    ("document", "start"),
    [
        (b"<a/>", 0),
        (b"\xef\xbb\xbf<?xml version='1.0' encoding='utf-8'?>\n<!-- <b/> --><a>\xc3\xa9</a>\n<!-- c -->", 55),
        (b"<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe9</a>", None),
        ("<a/>".encode("utf-16"), None),
        (b"<!DOCTYPE a><a/>", None),
        (b"<a>\xe9</a>", None),
        (b"<a><b></a>", None),
        (b"<p:a/>", None),
        (b"<a/><a/>", None),
        (b"text", None),
        (b"", None),
    ],
)
def test_a_document_stands_in_another_only_if_nothing_breaks(document: bytes, start: int | None) -> None:
    assert xml.embeddable(document) == start
    if start is not None:
        etree.fromstring(b"<r>" + document[start:] + b"</r>")


# -- what stands in a tree -----------------------------------------------------------------------------


def test_text_and_attributes_are_trimmed_and_empty_ones_are_absent() -> None:
    root = xml.read(b"<r a=' x\n' b='' c='  '> \n id <!-- c -->\t</r>").root
    assert xml.text(root) == "id"
    assert [xml.attribute(root, name) for name in "abcd"] == ["x", None, None, None]


@pytest.mark.parametrize(
    ("raw", "words"), [(b"<r><x/><x/></r>", "'r' holds 'x' 2 times"), (b"<r xmlns='u'><q:x xmlns:q='q'/></r>", "")]
)  # fmt: skip
def test_one_child_is_one_child(raw: bytes, words: str) -> None:
    root = xml.read(raw).root
    if not words:
        assert xml.child(root, "x") is None
        assert xml.child(root, "{q}x") is not None
        with pytest.raises(BadRequest, match="'r' holds 'q:x'; it takes text"):
            xml.text(root)
        return
    with pytest.raises(BadRequest, match=words):
        xml.child(root, "x")


# -- official samples, size ----------------------------------------------------------------------------

FILES = sorted(SAMPLES.glob("**/*.xml"))


@pytest.mark.skipif(not FILES, reason="the official samples are not beside this checkout")
def test_the_official_samples_are_read() -> None:
    names = [f"{{http://www.opengis.net/wps/{v}}}{n}" for v, n in (("1.0.0", "ComplexData"), ("2.0", "Data"))]
    wrong = {}
    for path in FILES:
        raw = path.read_bytes()
        try:
            root = etree.fromstring(raw)
        except etree.XMLSyntaxError:
            root = None  # some are broken on purpose, or by their publishers
        try:
            document = xml.read(raw, names)
            for element in document.found:
                document.data(element)
        except Malformed as error:
            if root is not None:
                wrong[path.name] = str(error)
        else:
            assert root is not None, path
    assert wrong == {}


MEASURE = """
import mmap, resource, sys
from azenha.domain.values import RawSlice
from azenha.protocols import xml
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with open(sys.argv[1], "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as body:
    xml.read(b"<r/>")
    before = peak()
    document = xml.read(body, ["{urn:w}Data"])
    found = document.data(document.root[0])
    assert isinstance(found, RawSlice) and found.size > 99_000_000, found
    print(peak() - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="ru_maxrss is in KiB on Linux alone")
@pytest.mark.parametrize("kind", ["base64", "gml"])
def test_a_body_of_100_mb_is_read_in_constant_memory(kind: str, tmp_path: Path) -> None:
    line = {
        "base64": "TWFueSBoYW5kcyBtYWtlIGxpZ2h0IHdvcmsuTWFueSBoYW5kcyBtYWtlIGxpZ2h0IHdvcmsuTWFu\n",
        "gml": "<g:posList srsDimension='2'>" + "45.25 8.75 " * 100 + "</g:posList>\n",
    }[kind]
    first, last = ('<g:M xmlns:g="urn:g">', "</g:M>") if kind == "gml" else ("", "")
    path = tmp_path / "body.xml"
    with path.open("w") as file:
        file.write(f'<w:R xmlns:w="{W}"><w:Data>{first}')
        for _ in range(100):
            file.write(line * (1_000_000 // len(line) + 1))
        file.write(f"{last}</w:Data></w:R>")
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) * KiB < 12 * MiB


# -- the same data in every way of writing it -----------------------------------------------------

MARKUP = '<g:a xmlns:g="urn:g" b="1">t &amp; <g:c/></g:a>'


@pytest.mark.parametrize(
    "written",
    [
        MARKUP,
        f"\n  {MARKUP}\n",
        f"<![CDATA[{MARKUP}]]>",
        MARKUP.replace("&", "&amp;").replace("<", "&lt;"),
        MARKUP.replace("&", "&#38;").replace("<", "&#x3C;").replace(">", "&gt;"),
        f"<![CDATA[{MARKUP[:9]}]]><![CDATA[{MARKUP[9:]}]]>",
    ],
)
def test_xml_data_is_the_same_as_an_element_as_escaped_text_and_in_a_cdata_section(written: str) -> None:
    body = f"<d>{written}</d>".encode()
    document = xml.read(body, ("d",))
    data = document.data(document.root)
    assert isinstance(data, str)
    format = Format("text/xml")
    input = InputDescription("a", ComplexDomain((format,)), Text("a"))
    description = ProcessDescription("p", "1", Text("p"), (input,))
    bound = bind(description, {"a": (Lexical(data),)}, limits=BindingLimits(1000))
    assert bound == {"a": (InlineText(MARKUP, format),)}
