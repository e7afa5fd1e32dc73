"""coverage_page: what ci/coverage has measured as one page of HTML that needs no other file, and its sums."""
import collections
import functools
import html
import json
import os
import pathlib

from counters import KINDS


@functools.lru_cache(None)
def source(path):
    """The lines of a source file; none if it is not there."""
    try:
        return pathlib.Path(path).read_text(errors="replace").splitlines()
    except OSError:
        return []


def chapter_of(rule):
    return rule.lstrip("R").split(".")[0]


def percent(reached, there):
    return f"{100 * reached / there:.1f} %" if there else "-"


class Reach:
    """Of all lines, or all branches, which groups of tests reach them: (rule, kind), (chapter,) or (kind,)."""

    def __init__(self, measured, what, name):
        self.there = {(path, key) for path, counted in getattr(measured.whole, what).items() for key in counted}
        self.of = collections.defaultdict(set)  # by group
        self.by = collections.defaultdict(set)  # by line, or branch
        for group, counts in measured.by.items():
            for path, counted in getattr(counts, what).items():
                reached = {(path, key) for key, count in counted.items() if count > 0}
                self.of[name(*group)] |= reached
                for place in reached:
                    self.by[place].add(name(*group))

    def alone(self, group):
        """What no other group reaches."""
        return sorted(place for place in self.of[group] if len(self.by[place]) == 1)

    def share(self, group):
        return percent(len(self.of[group]), len(self.there))


def sums(measured, groups, name):
    """Of each group the share of lines that it reaches, how many it alone reaches, and the same of branches."""
    lines, branches = Reach(measured, "lines", name), Reach(measured, "branches", name)
    return {group: (lines.share(group), len(lines.alone(group)), branches.share(group), len(branches.alone(group)))
            for group in groups}


def by_chapter(measured):
    chapters = dict.fromkeys(chapter_of(rule) for rule in measured.rules)
    return sums(measured, chapters, lambda rule, kind: chapter_of(rule))


def by_kind(measured):
    return sums(measured, KINDS, lambda rule, kind: kind)


# ---- HTML

STYLE = """
:root { color-scheme: light dark; --line: #d5d9de; --dim: #5b6470; --red: #ffdcd7; --rare: #fff1c9; --bar: #2f7d4f }
@media (prefers-color-scheme: dark) {
  :root { --line: #3b424b; --dim: #9aa5b1; --red: #5b2320; --rare: #4a3d14; --bar: #58b27c } }
body { font: 16px/1.45 system-ui, sans-serif; margin: 0 auto; max-width: 72rem; padding: 1rem }
h1 { font-size: 1.5rem; margin: .2rem 0 } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem }
p, summary, .dim { color: var(--dim) } .wide { overflow-x: auto }
table { border-collapse: collapse } th { text-align: left; font-weight: 600 }
td, th { border-bottom: 1px solid var(--line); padding: .2rem .6rem .2rem 0; vertical-align: top }
td.n, th.n { text-align: right; white-space: nowrap } td.n { font-variant-numeric: tabular-nums }
progress { accent-color: var(--bar); width: 6rem }
input { font: inherit; max-width: 100%; padding: .25rem .5rem }
pre { margin: 0; overflow-x: auto; font-size: .82rem; line-height: 1.5 } code { font-size: .85em }
pre span { display: block; min-width: max-content; cursor: pointer } pre span.off { cursor: auto }
pre i { display: inline-block; font-style: normal; color: var(--dim); text-align: right; width: 3.2rem;
        margin-right: .8rem } pre i.c { width: 2rem }
pre b { display: block; font: 13px/1.5 system-ui, sans-serif; white-space: normal; padding: .3rem 0 .5rem 4rem;
        max-width: 60rem }
.none { background: var(--red) } .one { background: var(--rare) } details { margin: .3rem 0 }
"""

# A click on a line shows the rules that reach it.
SCRIPT = """
const groups = set => set.split(',').flatMap(r => { const [a, b = a] = r.split('-').map(Number);
  return Array.from({ length: b - a + 1 }, (_, i) => a + i) });
const names = (set, kind) => groups(set).filter(g => g % 2 == kind).map(g => data.rules[g >> 1]).join(' ');
document.addEventListener('click', event => {
  const line = event.target.closest('span[data-s]');
  if (!line || event.target.closest('b')) return;
  const open = line.querySelector('b');
  if (open) { open.remove(); return }
  const said = document.createElement('b');
  const set = data.sets[line.dataset.s];
  said.textContent = ['scenarios', 'checks'].map((word, kind) => [word, names(set, kind)])
    .filter(([, rules]) => rules).map(([word, rules]) => `${word} of ${rules}`).join('; ');
  line.append(said);
});
document.getElementById('filter').addEventListener('input', event => {
  const wanted = event.target.value.toLowerCase();
  document.querySelectorAll('#rules tbody tr').forEach(row => {
    row.hidden = !row.dataset.t.includes(wanted) });
});
const follow = () => { const place = document.getElementById(location.hash.slice(1));
  if (!place) return;
  const details = place.closest('details'); if (details) details.open = true; place.scrollIntoView() };
addEventListener('hashchange', follow); follow();
"""


def cell(text, number=True):
    return f"<td class=n>{text}</td>" if number else f"<td>{text}</td>"


def heads(*words):
    return "<thead><tr>" + "".join(f"<th{'' if i == 0 or not word else ' class=n'}>{word}</th>"
                                   for i, word in enumerate(words)) + "</tr></thead>"


def bar(reached, there):
    return f"<progress max={max(there, 1)} value={reached}></progress>"


def ranges(numbers):
    """1-3,7 for 1, 2, 3 and 7, in ascending order."""
    spans = []
    for number in numbers:
        if spans and spans[-1][1] == number - 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return [str(a) if a == b else f"{a}-{b}" for a, b in spans]


class Page:
    def __init__(self, measured, root, runtime):
        self.measured, self.root, self.runtime = measured, root, runtime
        self.lines = Reach(measured, "lines", lambda rule, kind: rule)
        self.branches = Reach(measured, "branches", lambda rule, kind: rule)
        groups = Reach(measured, "lines", lambda rule, kind: (rule, kind))
        number = {rule: i for i, rule in enumerate(measured.rules)}
        self.sets = {}
        self.set_of = {}
        for place, reaching in groups.by.items():
            text = ",".join(ranges(sorted(2 * number[rule] + KINDS.index(kind) for rule, kind in reaching)))
            self.set_of[place] = self.sets.setdefault(text, len(self.sets))
        self.files = {path: i for i, path in enumerate(sorted(measured.whole.lines))}

    def short(self, path):
        return html.escape(os.path.relpath(path, self.root))

    def anchor(self, path, line):
        return f"f{self.files[path]}-{line}"

    def links(self, places):
        """Links to lines, those that follow each other as one."""
        by_file = collections.defaultdict(list)
        for path, line in places:
            by_file[path].append(line)
        return "<br>".join(
            f"{self.short(path)} " + ", ".join(f'<a href="#{self.anchor(path, int(span.split("-")[0]))}">{span}</a>'
                                               for span in ranges(sorted(lines)))
            for path, lines in sorted(by_file.items()))

    def totals(self):
        rows = []
        for what in "lines", "functions", "branches":
            counts = [count for counted in getattr(self.measured.whole, what).values() for count in counted.values()]
            reached = sum(count > 0 for count in counts)
            cells = cell(percent(reached, len(counts))) + cell(f"{reached} of {len(counts)}")
            rows.append(f"<tr>{cell(what, False)}{cells}<td>{bar(reached, len(counts))}</td></tr>")
        return f"<table>{heads('', 'reached', '', '')}{''.join(rows)}</table>"

    def groups(self, first, named):
        rows = "".join("<tr>" + cell(name, False) + "".join(map(cell, values)) + "</tr>" for name, values in named)
        return f"<div class=wide><table>{heads(first, 'lines', 'alone', 'branches', 'alone')}{rows}</table></div>"

    def rule_row(self, rule):
        level, title = self.measured.rules[rule]
        alone = self.lines.alone(rule)
        seen = f"<details><summary>{len(alone)}</summary>{self.links(alone)}</details>" if alone else "0"
        return (f'<tr id="{rule}" data-t="{html.escape((rule + " " + level + " " + title).lower())}">'
                f"<td>{rule} <span class=dim>{level}</span><br>{html.escape(title)}</td>"
                + cell(self.lines.share(rule)) + cell(seen) + cell(self.branches.share(rule))
                + cell(len(self.branches.alone(rule))) + "</tr>")

    def rules(self):
        rows = "".join(map(self.rule_row, self.measured.rules))
        head = heads("rule", "lines", "alone", "branches", "alone")
        return ("<p><input id=filter placeholder='filter: R2.1, should, cancel' aria-label=filter></p>"
                f"<div class=wide><table id=rules>{head}<tbody>{rows}</tbody></table></div>")

    def line(self, path, number, text):
        count = self.measured.whole.lines[path].get(number)
        rules = self.lines.by.get((path, number), ())
        kind = "off" if count is None else "none" if not rules else "one" if len(rules) == 1 else "many"
        shown = "" if count is None else len(rules)
        data = f" data-s={self.set_of[path, number]}" if rules else ""
        return (f"<span id={self.anchor(path, number)} class={kind}{data}><i>{number}</i><i class=c>{shown}</i>"
                f"{html.escape(text) or ' '}</span>")

    def file(self, path):
        lines = self.measured.whole.lines[path]
        reached = sum(count > 0 for count in lines.values())
        branches = self.measured.whole.branches[path].values()
        taken = sum(count > 0 for count in branches)
        text = source(path)
        body = "".join(self.line(path, i + 1, line) for i, line in enumerate(text)) or "(the file is not there)"
        return (f"<details><summary>{self.short(path)}: lines {percent(reached, len(lines))} of {len(lines)}, branches "
                f"{percent(taken, len(branches))} of {len(branches)} {bar(reached, len(lines))}</summary>"
                f"<pre>{body}</pre></details>")

    def unreached(self):
        rows = []
        for path, lines in sorted(self.measured.whole.lines.items()):
            text = source(path)
            for line in sorted(line for line, count in lines.items() if not count):
                shown = text[line - 1].strip() if line <= len(text) else ""
                rows.append(f'<tr><td><a href="#{self.anchor(path, line)}">{self.short(path)}:{line}</a></td>'
                            f"<td><code>{html.escape(shown)}</code></td></tr>")
        open_ = " open" if len(rows) <= 100 else ""
        return (f"<details{open_}><summary>{len(rows)}</summary><div class=wide><table>{''.join(rows)}</table></div>"
                "</details>")

    def write(self):
        data = {"rules": list(self.measured.rules), "sets": list(self.sets)}
        chapters = [(f"R{name}", values) for name, values in by_chapter(self.measured).items()]
        parts = [
            "<h1>Coverage by rule</h1>",
            f"<p>What the tests of each rule reach in <code>{html.escape(self.runtime)}</code>."
            " <i>Alone</i> counts what no other row of the table reaches."
            " <a href='html/index.html'>genhtml's pages</a></p>", self.totals(),
            "<h2>Scenarios and checks in C</h2>", self.groups("tests", by_kind(self.measured).items()),
            "<h2>Chapters</h2>", self.groups("chapter", chapters),
            "<h2>Lines that no rule reaches</h2>", self.unreached(),
            "<h2>Files</h2><p>Behind the number of a line stands how many rules reach it; a click on it shows them."
            " <span class=none>No rule</span>, <span class=one>one rule</span>.</p>", *map(self.file, self.files),
            "<h2>Rules</h2>", self.rules()]
        return ("<!DOCTYPE html>\n<html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
                f"<title>Coverage by rule</title><style>{STYLE}</style>\n" + "\n".join(parts)
                + f"\n<script>const data = {json.dumps(data, separators=(',', ':'))};{SCRIPT}</script></html>\n")


def page(measured, root, runtime):
    return Page(measured, root, runtime).write()
