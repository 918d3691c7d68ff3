"""Settings: file, environment and command line; every problem at once, each naming the setting."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from azenha.loading import DEFAULTS, RULES, SettingsError, load, load_with_sources, value, variable
from azenha.reading import Kind, NotAllowed, parse, show
from azenha.settings import Settings

DOCS = Path(__file__).parents[1] / "docs/reference/settings.md"


def file(folder: Path, text: str) -> Path:
    path = folder / "azenha.toml"
    path.write_text(text, encoding="utf-8")
    return path


def problems(
    path: Path | None, environ: dict[str, str] | None = None, **overrides: object
) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        load(path, environ or {}, {name.replace("__", "."): given for name, given in overrides.items()})
    return caught.value.problems


def test_without_file_environment_and_command_line_the_defaults_hold():
    assert load(None, {}) == Settings()


def test_the_environment_is_what_was_passed_and_not_what_the_process_has(monkeypatch):
    monkeypatch.setenv("AZENHA_SERVER__PORT", "1")
    assert load(None, {}).server.port == 8080


def test_command_line_beats_environment_beats_file_beats_default(tmp_path):
    path = file(tmp_path, "[server]\nport = 1\ntitle = 'file'\n[queue]\nslots = 3\n[jobs]\nmemory = 5\n")
    environ = {"AZENHA_SERVER__PORT": "2", "AZENHA_QUEUE__SLOTS": "4"}
    loaded = load_with_sources(path, environ, {"server.port": "9"})
    s = loaded.settings
    assert (s.server.port, s.queue.slots, s.server.title, s.jobs.memory) == (9, 4, "file", 5)
    names = ("server.port", "queue.slots", "server.title", "jobs.lease")
    assert [loaded.sources[n] for n in names] == ["command line", "AZENHA_QUEUE__SLOTS", str(path), "default"]


@pytest.mark.parametrize(
    ("toml", "name", "expected"),
    [
        ("[limits]\nbody = '2 GiB'", "limits.body", 2 * 1024**3),
        ("[limits]\nbody = 12", "limits.body", 12),
        ("[limits]\nbody = '1.5KiB'", "limits.body", 1536),
        ("[limits]\nbody = '5 MB'", "limits.body", 5_000_000),
        ("[jobs]\ntime = '1 h'", "jobs.time", 3600.0),
        ("[jobs]\ntime = '90 min'", "jobs.time", 5400.0),
        ("[jobs]\ntime = 0.5", "jobs.time", 0.5),
        ("[jobs]\nkeep = '2 d'", "jobs.keep", 172800.0),
        ("[jobs]\ngrace = '250 ms'", "jobs.grace", 0.25),
        ("[jobs]\ngrace = 0", "jobs.grace", 0.0),
        (
            "[server]\norigins = ['https://a.example', 'http://b:1']",
            "server.origins",
            ("https://a.example", "http://b:1"),
        ),
        ("[addresses]\nports = [80, 443]", "addresses.ports", (80, 443)),
        ("[server]\nhost = '::1'", "server.host", "::1"),
        ("[server]\nhost = '0.0.0.0'\npublic = true", "server.host", "0.0.0.0"),
        ("[children]\nstart = 'spawn'", "children.start", "spawn"),
        ("[server]\nurl = 'https://x.example/azenha'", "server.url", "https://x.example/azenha"),
    ],
)
def test_a_file_is_read_with_units_and_lists(tmp_path, toml, name, expected):
    got = value(load(file(tmp_path, toml), {}), name)
    assert got == expected
    assert type(got) is type(expected)


@pytest.mark.parametrize(
    ("key", "text", "name", "expected"),
    [
        ("AZENHA_SERVER__PORT", "8081", "server.port", 8081),
        ("AZENHA_SERVER__PUBLIC", "true", "server.public", True),
        ("AZENHA_SERVER__PUBLIC", "0", "server.public", False),
        ("AZENHA_LIMITS__OUTPUTS", "1 GiB", "limits.outputs", 1024**3),
        ("AZENHA_JOBS__TIME", "30", "jobs.time", 30.0),
        ("AZENHA_TARGETS", "a.py, b", "targets", ("a.py", "b")),
        ("AZENHA_TARGETS", "", "targets", ()),
        ("AZENHA_ADDRESSES__PORTS", "80,443", "addresses.ports", (80, 443)),
        ("AZENHA_DATA", "/srv/azenha", "data", Path("/srv/azenha")),
    ],
)
def test_a_variable_is_text_for_every_kind_of_setting(key, text, name, expected):
    assert value(load(None, {key: text, "HOME": "/x"}), name) == expected


@pytest.mark.parametrize(
    ("toml", "problem"),
    [
        ("[server]\nprot = 1", "unknown setting 'server.prot' in {}; did you mean 'server.port'?"),
        ("port = 1", "unknown setting 'port' in {}; did you mean 'server.port'?"),
        ("[serve]\nport = 1", "unknown setting 'serve' in {}"),
        ("[serve]\nport = 1", "; did you mean 'server'?"),
        ("[servr]\nport = 1", "; did you mean 'server'?"),
        ("[Server]\nport = 1", "unknown setting 'Server' in {}; did you mean 'server'?"),
        ("[server]\nPort = 1", "unknown setting 'server.Port' in {}; did you mean 'server.port'?"),
        (
            "'server.port' = 80",
            "unknown setting 'server.port' in {}: in quotes it is one name; write server.port without quotes",
        ),
        ("[zzzzz]\nqqqqq = 1", "unknown setting 'zzzzz' in {}"),
        ("server = 3", "'server' in {} is a table of settings: write [server] and its settings below"),
        (
            "[server]\nport = '80'",
            "setting 'server.port' ({}): given '80'; allowed: a whole number from 0 to 65535",
        ),
        ("[server]\nport = 70000", "given 70000; allowed: a whole number from 0 to 65535"),
        ("[server]\nport = true", "given true; allowed: a whole number from 0 to 65535"),
        ("[server]\nport = 80.0", "given 80.0; allowed: a whole number"),
        ("[server]\nport = {a = 1}", "given a table; allowed: a whole number"),
        ("[server]\npublic = 1", "given 1; allowed: true or false"),
        ("[server]\npublic = 'true'", "given 'true'; allowed: true or false"),
        ("[server]\ntitle = ''", "given ''; allowed: a text that is not empty"),
        ("[server]\ntitle = 3", "given 3; allowed: a text"),
        ("[server]\norigins = 'https://a'", "given 'https://a'; allowed: a list, each of it a text"),
        (
            "[server]\norigins = ['https://a/']",
            "given 'https://a/'; allowed: origins such as https://maps.example.org",
        ),
        (
            "[server]\ntrusted_proxies = ['proxy']",
            "given 'proxy'; allowed: addresses or networks such as 10.0.0.5",
        ),
        ("[references]\nroots = ['data']", "given 'data'; allowed: absolute paths such as /srv/data"),
        ("[references]\nroots = ['s3://B']", "given 's3://B'; allowed: absolute paths such as /srv/data"),
        ("[server]\nurl = 'ftp://a'", "given 'ftp://a'; allowed: an http or https address"),
        ("[limits]\nbody = '2 Gb'", "given '2 Gb'; allowed: a size in bytes, or with a unit as in '2 GiB'"),
        ("[limits]\nbody = 0", "given 0; allowed: a size in bytes, or with a unit as in '2 GiB'"),
        ("[limits]\nbody = 1.5", "not a part of a byte"),
        ("[limits]\nbody = -1", "given -1"),
        (
            "[jobs]\ntime = '1 week'",
            "given '1 week'; allowed: a time in seconds, or with a unit as in '30 s'",
        ),
        ("[jobs]\ntime = nan", "given nan; allowed: a time"),
        ("[jobs]\ntime = inf", "given inf; allowed: a time"),
        ("[jobs]\ntime = 0", "given 0; allowed: a time"),
        ("[children]\nstart = 'thread'", "given 'thread'; allowed: auto, fork, spawn"),
        ("[children]\nnice = 20", "given 20; allowed: a whole number from 0 to 19"),
        ("[addresses]\nports = [80, 0]", "given 0; allowed: a whole number from 1 to 65535"),
        ("[addresses]\nallow = ['http://a']", "given 'http://a'; allowed: host names, addresses or networks"),
        ("data = 3", "setting 'data' ({}): given 3; allowed: a path"),
        ("[server]\nhost = '0.0.0.0'", "together with --public (server.public = true)"),
        ("[server]\nhost = 'example.org'", "given 'example.org', which others can reach"),
        ("[jobs]\nheartbeat = 15", "given 15 s; allowed: less than half of jobs.lease, which is 30 s"),
        ("[jobs]\nlease = '20 s'", "given 10 s; allowed: less than half of jobs.lease, which is 20 s"),
        ("[formats]\nfetch_schemas = true", "formats.schemas names no folder to keep them in"),
        ("[limits]\nrow = '2 GiB'", "given 2 GiB; allowed: at most limits.inline, which is 1 GiB"),
        ("[server\nport = 1", "{} is not TOML: "),
        ("a = 1\n\nb = = 2", "line 3"),
        ("[jobs]\nkeep = 1e12", "given 1000000000000.0; allowed: a time in seconds"),
        ("[jobs]\nkeep = '36526 d'", "to 36525 d"),
        ("[jobs]\nkeep = 1" + "0" * 400, "to 36525 d"),
        ("[jobs]\nkeep = '1" + "0" * 400 + " d'", "to 36525 d"),
        ("[children]\nimport_time = '21 d'", "given '21 d'; allowed: a time in seconds, or with a unit"),
        ("[children]\nimport_time = '21 d'", "to 20 d"),
        ("[jobs]\nmemory = 9223372036854775808", "to 1048576 TiB"),
        ("[jobs]\nmemory = '8388608 TiB'", "to 1048576 TiB"),
        ("[jobs]\nprocesses = 99999999999", "a whole number from 1 to 1000000"),
        ("[queue]\nlength = 100000000000000000000", "a whole number from 0 to 1000000000"),
        ("[queue]\nslots = 5000", "a whole number from 1 to 512"),
    ],
    ids=lambda text: text[:60],
)
def test_what_is_wrong_in_a_file_is_named_with_what_is_allowed(tmp_path, toml, problem):
    path = file(tmp_path, toml)
    (found,) = problems(path)
    assert problem.format(path) in found


def test_a_name_with_its_table_before_it_is_read(tmp_path):
    assert load(file(tmp_path, "server.port = 80"), {}).server.port == 80


def test_a_name_that_nothing_is_near_has_no_hint(tmp_path):
    (found,) = problems(file(tmp_path, "[zzzzz]\nport = 1"))
    assert found.endswith("azenha.toml")


def test_every_problem_is_reported_at_once(tmp_path):
    path = file(tmp_path, "[server]\nprot = 1\nport = 'x'\n[limits]\nbody = 0\n[jobs]\nlease = 1\n")
    found = problems(path, {"AZENHA_QUEUE__SLOT": "1"}, children__nice="-1")
    assert len(found) == 6
    for part in (
        "server.prot",
        "'server.port' (",
        "limits.body",
        "AZENHA_QUEUE__SLOT'",
        "children.nice",
        "jobs.heartbeat",
    ):
        assert sum(part in problem for problem in found) == 1, part


@pytest.mark.parametrize(
    ("key", "near"),
    [
        ("AZENHA_SERVER__PROT", "AZENHA_SERVER__PORT"),
        ("AZENHA_DATTA", "AZENHA_DATA"),
        ("azenha_data", "AZENHA_DATA"),
    ],
)
def test_an_unknown_variable_is_an_error_with_the_nearest_one(key, near):
    assert problems(None, {key: "1"}) == (
        f"unknown setting '{key}' in the environment; did you mean '{near}'?",
    )


def test_a_file_that_is_not_there_is_named(tmp_path):
    (found,) = problems(tmp_path / "absent.toml")
    assert "absent.toml cannot be read: No such file" in found


def test_a_file_that_is_no_text_is_refused(tmp_path):
    path = tmp_path / "azenha.toml"
    path.write_bytes(b"a = '\xff'")
    assert problems(path) == (f"{path} is not UTF-8 text (byte 5)",)


def test_paths_in_a_file_are_relative_to_its_folder_and_module_names_stay(tmp_path):
    (tmp_path / "folder").mkdir()
    path = file(tmp_path, "data = 'd'\ntargets = ['a.py', 'folder', 'sub/b', 'some.module', '/abs/c.py']\n")
    settings = load(path, {"AZENHA_SERVER__PORT": "1"})
    assert settings.data == tmp_path / "d"
    inside = [str(tmp_path / name) for name in ("a.py", "folder", os.path.join("sub", "b"))]
    assert settings.targets == (*inside, "some.module", "/abs/c.py")


def test_paths_in_the_environment_and_on_the_command_line_are_relative_to_the_working_directory(tmp_path):
    path = file(tmp_path, "data = 'd'\n")
    assert load(path, {"AZENHA_DATA": "e"}).data == Path("e")
    assert load(path, {}, {"data": "f"}).data == Path("f")


MEASURED = [name for name, rule in RULES.items() if rule.kind in (Kind.SIZE, Kind.TIME, Kind.COUNT)]


@pytest.mark.parametrize("name", MEASURED)
def test_every_number_has_a_bound_that_it_may_reach_and_not_exceed(name):
    most = RULES[name].at_most
    assert most is not None
    assert parse(most if RULES[name].kind is Kind.TIME else int(most), RULES[name], text=False) == most
    with pytest.raises(NotAllowed, match=f"to {show(most, RULES[name])}" if most == int(most) else ""):
        parse(int(most) + 1, RULES[name], text=False)


@pytest.mark.parametrize("name", RULES)
def test_what_is_shown_of_a_default_can_be_read_back(name):
    rule, default = RULES[name], DEFAULTS[name]
    if default is None or default == ():
        assert show(default, rule) == "none"
    else:
        assert parse(show(default, rule), rule, text=True) == default


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.001, "1 ms"), (0.0005, "0.0005 s"), (90.0, "90 s"), (5400.0, "90 min"), (0.0, "0 s")],
)
def test_times_are_shown_in_the_largest_unit_that_is_whole(seconds, text):
    assert show(seconds, RULES["jobs.time"]) == text


@pytest.mark.parametrize("name", RULES)
def test_every_setting_stands_in_the_reference_with_variable_default_and_meaning(name):
    rows = [
        line for line in DOCS.read_text(encoding="utf-8").splitlines() if line.startswith(f"| `{name}` |")
    ]
    assert len(rows) == 1, f"{name} has {len(rows)} rows in {DOCS.name}"
    assert f"`{variable(name)}`" in rows[0]
    assert RULES[name].about in rows[0]
    if "number of cores" not in rows[0]:
        assert f"| {show(DEFAULTS[name], RULES[name])} |" in rows[0]


def test_the_reference_has_no_setting_that_does_not_exist():
    lines = DOCS.read_text(encoding="utf-8").splitlines()
    named = {line.split("`")[1] for line in lines if line.startswith("| `")}
    assert named == set(RULES)


def test_lists_and_single_values_are_the_kinds_their_types_say():
    several = {Kind.TEXTS, Kind.COUNTS}
    assert all(isinstance(DEFAULTS[n], tuple) == (RULES[n].kind in several) for n in RULES)


@pytest.mark.parametrize(
    ("root", "wrong"), [("", True), ("data", True), ("data/results", True), ("dat", False)]
)
def test_a_root_of_references_may_not_be_around_or_in_the_data_folder(tmp_path, root, wrong):
    text = f"data = 'data'\n[references]\nroots = [{str(tmp_path / root)!r}]\n"
    path = file(tmp_path, text)
    if wrong:
        (found,) = problems(path)
        assert "setting 'references.roots': given" in found
        assert "the data folder" in found
    else:
        assert load(path, {}).references.roots == (str(tmp_path / root),)


def test_a_bucket_without_the_library_for_it_is_told_before_the_server_starts(tmp_path, monkeypatch):
    monkeypatch.setattr("azenha.loading.find_spec", lambda name: None)
    (found,) = problems(file(tmp_path, "[references]\nroots = ['s3://scenes']\n"))
    assert "which needs obstore: pip install azenha[s3]" in found
