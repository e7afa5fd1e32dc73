"""Where C text can be mutated and how. Works on tokens; what does not compile is sorted out later.

mutants(file, text) yields every mutant of the functions in a text. An operator replaces one piece of text by another:

    delete      a statement is left out
    lock        a statement that takes or releases a lock is left out; an atomic operation becomes a plain one
    condition   a condition is negated, && is ||
    relation    < is <=, == is != and so on
    constant    a number is 0, 1, one more or one less; true is false
    return      another value is returned
    end         a list or queue is used at its other end
"""
import dataclasses
import hashlib
import re

TOKEN = re.compile(r"""
    (?P<space>\s+ | //[^\n]* | /\*.*?\*/) |
    (?P<directive>(?<![^\n])[ \t]*\#(?:\\\n|[^\n])*) |
    (?P<text>"(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*') |
    (?P<number>\.?\d[\w.]*) |
    (?P<word>[A-Za-z_]\w*) |
    (?P<sign>->|\+\+|--|<<=|>>=|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|\.\.\.|.)""", re.S | re.X)

OPENING, CLOSING = "([{", ")]}"
RELATIONS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}
# Words that begin something else than a statement that can be left out.
NO_STATEMENT = set("""if else while for do switch case default return goto static const struct union enum int unsigned
    long char void bool typedef extern""".split())
LOCKS = re.compile(r"pthread_mutex_(un)?lock|sync_(hold|leave)")
# What takes the other end, defined below.
OTHER_END = {"list_add": "list_add_last", "list_prepend": "list_append", "domain_ready": "domain_ready_first",
             "sync_queue": "sync_queue_first"}
NOT_ATOMIC = {"atomic_fetch_add": "plain_add", "atomic_fetch_sub": "plain_sub", "atomic_fetch_or": "plain_or",
              "atomic_exchange": "plain_exchange", "atomic_exchange_explicit": "plain_exchange",
              "atomic_compare_exchange_strong": "plain_store", "atomic_compare_exchange_strong_explicit": "plain_store",
              "atomic_compare_exchange_weak_explicit": "plain_store",
              "atomic_flag_test_and_set": "plain_test_and_set"}
HELPERS = {
    "list_add_last": """static inline void list_add_last(struct list *list, struct link *member)
        { struct link **end = &list->first; while (*end != NULL) end = &(*end)->next;
          member->next = NULL; member->place = end; *end = member; }""",
    "list_append": """static inline void list_append(struct list *list, struct list *members)
        { struct link **end = &list->first; while (*end != NULL) end = &(*end)->next;
          if ((*end = members->first) != NULL) members->first->place = end; members->first = NULL; }""",
    "list_last": """static inline struct link *list_last(const struct list *list)
        { struct link *last = list->first; while (last != NULL && last->next != NULL) last = last->next; return last; }""",
    "domain_ready_first": """static inline void domain_ready_first(struct domain *domain, struct task *task)
        { if (task->state != TASK_NEW) task->state = TASK_READY;
          if ((task->next = domain->ready) == NULL) domain->ready_end = &task->next; domain->ready = task; }""",
    "sync_queue_first": """static inline void sync_queue_first(struct sync *sync, struct sync_waiter *waiter, struct task *self)
        { *waiter = (struct sync_waiter){.task = self, .next = sync->first, .place = &sync->first};
          if (sync->first != NULL) sync->first->place = &waiter->next; else sync->end = &waiter->next;
          sync->first = waiter; }""",
    "plain_add": "#define plain_add(p, n) ({ __typeof__(n) was_ = atomic_load(p); atomic_store(p, was_ + (n)); was_; })",
    "plain_sub": "#define plain_sub(p, n) ({ __typeof__(n) was_ = atomic_load(p); atomic_store(p, was_ - (n)); was_; })",
    "plain_or": "#define plain_or(p, n) ({ __typeof__(n) was_ = atomic_load(p); atomic_store(p, was_ | (n)); was_; })",
    "plain_exchange": "#define plain_exchange(p, n, ...) ({ __auto_type was_ = atomic_load(p); atomic_store(p, n); was_; })",
    "plain_store": "#define plain_store(p, e, n, ...) (atomic_store(p, n), true)",
    "plain_test_and_set": "#define plain_test_and_set(p) (false)",
}


@dataclasses.dataclass
class Token:
    kind: str
    text: str
    start: int

    @property
    def end(self):
        return self.start + len(self.text)


@dataclasses.dataclass
class Mutant:
    file: str
    function: str
    operator: str
    start: int  # the piece of text that is replaced
    end: int
    new: str
    source: str  # the whole text
    statement: int  # where the statement begins
    body: tuple  # the braces of the function
    again: int = 0  # how many mutants before it read the same

    def __post_init__(self):
        first = self.source.rfind("\n", 0, self.start) + 1
        last = self.source.find("\n", max(self.end - 1, self.start))
        self.line = self.line_of(self.start)
        self.before = " ".join(self.source[first:last].split())
        self.after = " ".join((self.source[first:self.start] + self.new + self.source[self.end:last]).split())

    def line_of(self, place):
        return self.source.count("\n", 0, place) + 1

    def lines(self, instrumented):
        """The lines that tell whether the mutant is reached: its own, or those of the statement, or of the function, as
        far as they are instrumented."""
        for start in self.start, self.statement, self.body[0]:
            end = self.body[1] if start == self.body[0] else self.end
            lines = instrumented & set(range(self.line_of(start), self.line_of(end) + 1))
            if lines:
                break
        return lines

    @property
    def head(self):
        return f"{self.file} {self.function}() {self.operator}"

    @property
    def key(self):
        """What a mutant is known by: where it is and what it reads, but no line number."""
        return self.head, self.before, self.after

    @property
    def name(self):
        return self.hash("")[:8]

    def hash(self, seed):
        return hashlib.sha256("\n".join((str(seed), *self.key, str(self.again))).encode()).hexdigest()

    def text(self):
        mutated = self.source[:self.start] + self.new + self.source[self.end:]
        helpers = [text for name, text in HELPERS.items() if re.search(rf"\b{name}\(", self.new)]
        if not helpers:
            return mutated
        include = [match.end() for match in re.finditer(r"^#include.*\n", self.source, re.M)][-1]
        return mutated[:include] + "\n".join(helpers) + "\n" + mutated[include:]


def tokenise(text):
    tokens = (Token(match.lastgroup, match.group(), match.start()) for match in TOKEN.finditer(text))
    return [token for token in tokens if token.kind not in ("space", "directive")]


def partners(tokens):
    """For each bracket the place of its partner."""
    pairs, stack = {}, []
    for i, token in enumerate(tokens):
        if token.kind == "sign" and token.text in OPENING:
            stack.append(i)
        elif token.kind == "sign" and token.text in CLOSING:
            pairs[i] = stack.pop()
            pairs[pairs[i]] = i
    return pairs


def functions(tokens, pairs):
    """The name of each function and the places of its braces."""
    i = 0
    while i < len(tokens):
        if tokens[i].text == "{":
            if tokens[i - 1].text == ")":
                yield tokens[pairs[i - 1] - 1].text, i, pairs[i]
            i = pairs[i]
        i += 1


class Function:
    """Finds what can be replaced in one function: pieces (operator, start, end, new)."""

    def __init__(self, source, tokens, pairs, opening, closing):
        self.source, self.tokens, self.pairs = source, tokens, pairs
        self.opening, self.closing = opening, closing

    def start_of_statement(self, place):
        """Where the statement begins, or the part of it, that is at this place of the text."""
        start = self.tokens[self.opening + 1].start
        for before, token in zip(self.tokens[self.opening:self.closing], self.tokens[self.opening + 1:self.closing]):
            if token.start > place:
                break
            if before.text in (";", "{", "}"):
                start = token.start
        return start

    def pieces(self):
        for i in range(self.opening + 1, self.closing):
            token = self.tokens[i]
            if token.kind == "number":
                yield from self.number(token)
            elif token.kind == "sign":
                yield from self.sign(i, token)
            elif token.kind == "word":
                yield from self.word(i, token)
            if self.begins_statement(i):
                yield from self.statement(i)

    def text(self, first, last):
        return self.source[self.tokens[first].start:self.tokens[last].end]

    def piece(self, operator, first, last, new):
        return operator, self.tokens[first].start, self.tokens[last].end, new

    def until(self, i, stops):
        """The first place from i on, outside of brackets, of one of these signs, or of the bracket around all."""
        while self.tokens[i].text not in stops and self.tokens[i].text not in CLOSING:
            i = self.pairs[i] if self.tokens[i].text in OPENING else i
            i += 1
        return i

    # ---- operators

    def number(self, token):
        value = re.fullmatch(r"(0[xX][0-9a-fA-F]+|\d+)([uUlL]*)", token.text)
        if value is None:
            return
        number = int(value.group(1), 0)
        for other in sorted({0, 1, number + 1, max(number - 1, 0)} - {number}):
            yield "constant", token.start, token.end, f"{other}{value.group(2)}"

    def sign(self, i, token):
        if token.text in RELATIONS:
            yield self.piece("relation", i, i, RELATIONS[token.text])
        elif token.text == "&&":
            yield self.piece("condition", i, i, "||")
        elif token.text == "||":
            yield self.piece("condition", i, i, "&&")
        elif token.text == "?":
            colon = self.colon(i)
            end = self.until(colon + 1, (",", ";", ":"))
            yield self.piece("condition", i, end - 1,
                             f"? ({self.text(colon + 1, end - 1)}) : ({self.text(i + 1, colon - 1)})")

    def colon(self, i):
        """The colon of the question mark at i."""
        depth = 0
        while True:
            i = self.until(i + 1, ("?", ":"))
            if self.tokens[i].text == ":" and depth == 0:
                return i
            depth += 1 if self.tokens[i].text == "?" else -1

    def word(self, i, token):
        following = self.tokens[i + 1].text
        if token.text in ("true", "false"):
            yield self.piece("constant", i, i, "false" if token.text == "true" else "true")
        elif token.text in ("if", "while"):
            yield self.negation(i + 2, self.pairs[i + 1] - 1)
        elif token.text == "for":
            start = self.until(i + 2, ";") + 1
            end = self.until(start, ";")
            if end > start:
                yield self.negation(start, end - 1)
        elif token.text == "return" and following != ";":
            yield from self.returned(i, self.until(i, ";"))
        elif token.text in OTHER_END and following == "(":
            yield self.piece("end", i, i + 1, OTHER_END[token.text] + "(")
        elif token.text in NOT_ATOMIC and following == "(":
            yield self.piece("lock", i, i + 1, NOT_ATOMIC[token.text] + "(")
        elif token.text == "first" and self.tokens[i - 1].text in (".", "->") and following not in ("==", "!="):
            yield self.last(i)

    def negation(self, first, last):
        return self.piece("condition", first, last, f"!({self.text(first, last)})")

    def returned(self, i, end):
        value = self.text(i + 1, end - 1)
        for other in "0", "1":
            if value != other and not (value in ("true", "false") and other == str(int(value == "true"))):
                yield self.piece("return", i, end, f"return {other};")

    def last(self, i):
        """The last member of a list in place of its first."""
        start = i - 2
        while True:
            if self.tokens[start].text in CLOSING:
                start = self.pairs[start]
                if self.tokens[start - 1].kind == "word":
                    start -= 1
            if self.tokens[start - 1].text not in (".", "->"):
                break
            start -= 2
        to = "&" if self.tokens[i - 1].text == "." else ""
        return self.piece("end", start, i, f"list_last({to}{self.text(start, i - 2)})")

    # ---- statements

    def begins_statement(self, i):
        before = self.tokens[i - 1]
        if before.text == ")":
            return self.tokens[self.pairs[i - 1] - 1].text in ("if", "while", "for", "switch")
        if before.text == ":" and self.tokens[i - 2].text != "default" and self.tokens[i - 3].text != "case":
            return False
        return before.text in ("{", "}", ";", "else", "do", ":") and not self.in_brackets(i)

    def in_brackets(self, i):
        """Whether a ( or [ is open at i."""
        for j in range(i - 1, self.opening, -1):
            if self.tokens[j].text in "([" and self.tokens[j].kind == "sign" and self.pairs[j] > i:
                return True
        return False

    def statement(self, i):
        token, following = self.tokens[i], self.tokens[i + 1]
        end = self.until(i, ";")
        if (self.tokens[end].text != ";" or token.text in NO_STATEMENT or token.text in "{;" or
                self.is_declaration(i) or token.text.startswith("ANNOTATE_")):
            if token.text == "return" and following.text == ";":
                yield self.piece("delete", i, end, ";")
            return
        operator = "lock" if LOCKS.fullmatch(token.text) else "delete"
        yield self.piece(operator, i, end, ";")

    def is_declaration(self, i):
        words = self.tokens[i:i + 3]
        return words[0].kind == "word" and (
            words[1].kind == "word" or words[1].text == "*" and words[2].kind == "word" or words[1].text == ":")


def mutants(file, text):
    tokens = tokenise(text)
    pairs = partners(tokens)
    seen = {}
    for name, opening, closing in functions(tokens, pairs):
        function = Function(text, tokens, pairs, opening, closing)
        for operator, start, end, new in function.pieces():
            mutant = Mutant(file, name, operator, start, end, new, text, function.start_of_statement(start),
                            (tokens[opening].start, tokens[closing].start))
            mutant.again = seen[mutant.key] = seen.get(mutant.key, -1) + 1
            yield mutant
