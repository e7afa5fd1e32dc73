"""counters: what the tests of each rule reach in a runtime that was compiled with --coverage: gcov reads the counters
that conform --coverage has kept apart. GCOV is the gcov of the compiler."""
import collections
import concurrent.futures
import dataclasses
import hashlib
import json
import os
import pathlib
import shutil
import subprocess

BUILD = pathlib.Path(os.environ.get("B") or "build")
GCOV = os.environ.get("GCOV") or "gcov"
CORES = len(os.sched_getaffinity(0))
AT_ONCE = 32  # files of counters that one gcov reads
SYSTEM = ("/usr/include/", "/usr/lib/")
KINDS = ("scenarios", "checks")  # of tests


class Unable(Exception):
    """Nothing can be measured, and why."""


# ---- what gcov reads of the counters


def distinct(counters):
    """The files of counters, each content once: where the object's notes are, and the tests that left it."""
    found = {}
    for test in sorted(path for path in counters.glob("R*/*") if path.is_dir()):
        for path in test.rglob("*.gcda"):
            notes = ("/" / path.relative_to(test)).with_suffix(".gcno")
            key = notes, hashlib.sha256(path.read_bytes()).digest()
            found.setdefault(key, (path, notes, []))[2].append(f"{test.parent.name}/{test.name}")
    return list(found.values())


def read_batch(directory, batch):
    """What gcov says of some files, each as its object's source files with what was counted in them."""
    directory.mkdir(parents=True)
    for i, (path, notes, _) in enumerate(batch):
        os.symlink(path.resolve(), directory / f"{i}.gcda")
        os.symlink(notes, directory / f"{i}.gcno")
    ran = subprocess.run([GCOV, "--branch-probabilities", "--json-format", "--stdout",
                          *(f"{i}.gcda" for i in range(len(batch)))], cwd=directory, text=True, capture_output=True)
    shutil.rmtree(directory)
    read = {}
    for text in ran.stdout.splitlines():
        if text.startswith("{"):
            whole = json.loads(text)
            read[int(whole["data_file"].split(".")[0])] = [summary(whole, file) for file in whole["files"]]
    if len(read) != len(batch):
        raise Unable(f"{GCOV} cannot read the counters of the runtime's compiler; GCOV=gcov-N names another gcov\n"
                     + "\n".join(sorted(set(ran.stderr.splitlines()))[:5]))
    return [read[i] for i in range(len(batch))]


def summary(whole, file):
    """Where a source file is; the count of each line, of each branch, and of each function at its line."""
    lines, branches, functions = collections.Counter(), {}, {}
    for line in file["lines"]:
        number = line["line_number"]
        lines[number] += line["count"]
        # What an exception alone takes is no branch of the source.
        taken = [branch["count"] for branch in line.get("branches", ()) if not branch["throw"]]
        for i, count in enumerate(taken if len(taken) > 1 else ()):
            branches[number, line.get("function_name", ""), i] = count
    for function in file["functions"]:
        functions[function["start_line"], function["demangled_name"]] = function["execution_count"]
    path = os.path.normpath(os.path.join(whole["current_working_directory"], file["file"]))
    return path, dict(lines), branches, functions


# ---- what the tests reach

class Counts:
    """What was counted: of each file the lines, branches and functions."""

    def __init__(self):
        self.lines = collections.defaultdict(collections.Counter)
        self.branches = collections.defaultdict(collections.Counter)
        self.functions = collections.defaultdict(collections.Counter)

    def add(self, path, lines, branches, functions, times=1):
        for mine, theirs in (self.lines, lines), (self.branches, branches), (self.functions, functions):
            counts = mine[path]
            for key, count in theirs.items():
                counts[key] += times * count

    def lines_reached(self):
        return {(path, line) for path, lines in self.lines.items() for line, count in lines.items() if count > 0}


@dataclasses.dataclass
class Measured:
    rules: dict  # of each its level and its title
    by: dict  # (rule, kind): Counts
    whole: Counts  # all that there is, with what is reached by any test


def read_checks():
    """The rules of each check, whose tests it is, though it is executed only once."""
    listed = subprocess.run([BUILD / "checks", "--list"], text=True, capture_output=True, check=True).stdout
    checks = collections.defaultdict(list)
    for line in listed.splitlines():
        rule, name = line.split()
        checks[name].append(rule)
    return checks


def owners(test, checks, rules):
    """The rules that a test is one of, each with its kind."""
    rule, name = test.split("/")
    if rule in checks.get(name, ()):
        return [(other, "checks") for other in checks[name] if other in rules]
    return [(rule, "scenarios")]


def need_notes(files):
    missing = sorted({str(notes) for _, notes, _ in files if not notes.exists()})
    if missing:
        raise Unable(f"{missing[0]} is not there. The compiler wrote it, and gcov needs it, as well as "
                     f"{len(missing) - 1} others; it must not be moved")


def measure(counters, rules, work):
    """What the tests of these rules have left in a directory of `conform --coverage`. gcov works in another one."""
    files, checks = distinct(counters), read_checks()
    need_notes(files)
    batches = [files[i:i + AT_ONCE] for i in range(0, len(files), AT_ONCE)]
    measured = Measured(rules, collections.defaultdict(Counts), Counts())
    with concurrent.futures.ProcessPoolExecutor(CORES) as pool:
        read = pool.map(read_batch, [work / str(i) for i in range(len(batches))], batches)
        for batch, results in zip(batches, read):
            for (_, _, tests), sources in zip(batch, results):
                add(measured, [owners(test, checks, rules) for test in tests], sources)
    return measured


def add(measured, tests, sources):
    times = collections.Counter(key for keys in tests for key in keys)
    for source in sources:
        if source[0].startswith(SYSTEM):
            continue
        measured.whole.add(*source, len(tests))
        for key, number in times.items():
            measured.by[key].add(*source, number)
