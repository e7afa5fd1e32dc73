"""protocol: what drivers in Python share. It talks with the suite as spec/scenario.md says, reads
programs and executes their tasks. A driver is a subclass of Driver: it says how to run a main task,
and has a method for each operation that its runtime has."""
import collections
import inspect
import sys
import traceback

# The operations, and what each works on. `each` is a promise; a name that stands for several of
# them is several operations. `new` is the name of an object that the method returns.
OPERATIONS = {
    "async": "task", "call": "task", "parallel": "tasks", "run": "task",
    "await": "each", "cancel": "each", "free": "each", "state": "each",
    "await-all": "promises", "await-one": "promises", "await-first": "promises",
    "print": "word", "post": "word", "until": "word word", "yield": "", "self": "", "available": "", "sleep": "word",
    "orphans": "new", "care": "orphanage", "take": "orphanage", "get": "orphanage",
    "length": "orphanage", "free-orphans": "orphanage",
    "create": "new", "own": "resource", "check": "resource", "disown": "resource",
    "release": "resource", "transfer": "resource",
    "mutex": "new", "lock": "mutex", "try-lock": "mutex", "unlock": "mutex", "free-mutex": "mutex",
    "condition": "new", "wait": "condition mutex", "signal": "condition", "broadcast": "condition",
    "free-condition": "condition",
    "lazy": "new word", "force": "lazy", "free-lazy": "lazy",
    "trigger": "new", "await-trigger": "trigger", "signal-trigger": "trigger",
    "free-trigger": "trigger",
    "computation": "new", "complete": "computation word", "await-computation": "computation",
    "peek": "computation", "attach": "computation trigger", "detach": "computation trigger",
    "free-computation": "computation",
}

# What none of these runtimes has.
BEYOND = """protect protect-mutex on-signal canceller handle ignore restore raise spin hook unhook outside no-monitor
    socket pipe listen accept connect read read-exactly write receive send shutdown close resource
    split wait-readable wait-writable deadline blocking""".split()
MAKES = {"orphans": "orphanage", "create": "resource"}  # other objects are named after the word


class Failed(Exception):
    """The error of a `fail NAME`."""


class Absent(Exception):
    """The runtime does not have what an operation needs."""


def say(*words):
    print(*words, flush=True)


class Line:
    """One operation: [p =] [repeat N] WORD ARGUMENT... OPTION=VALUE..."""

    def __init__(self, number, words):
        self.number, self.bound, self.repeat = number, None, 1
        while words[0] == "repeat" or words[1:2] == ["="]:
            if words[0] == "repeat":
                self.repeat = int(words[1])
            else:
                self.bound = words[0]
            words = words[2:]
        self.word = words[0]
        self.arguments = [word for word in words[1:] if "=" not in word]
        self.options = dict(word.split("=") for word in words[1:] if "=" in word)


class Program:
    def __init__(self, text):
        self.domains, self.shared, self.tasks = 1, set(), {}
        for number, line in enumerate(text, 1):
            words = line.split("#")[0].split()
            if not words:
                continue
            if words[0] == "domains":
                self.domains = int(words[1])
            elif words[0] == "shared":
                self.shared.update(words[1:])
            elif words[0] == "task":
                lines = self.tasks[words[1]] = []
            else:
                lines.append(Line(number, words))


class Execution:
    """One execution of a program: what all its instances have in common."""

    def __init__(self, program):
        self.program = program
        self.names, self.posted, self.counts = {}, collections.Counter(), collections.Counter()


class Instance:
    """One execution of a task."""

    def __init__(self, execution, task):
        execution.counts[task] += 1
        count = execution.counts[task]
        self.name = task if count == 1 else f"{task}#{count}"
        self.execution, self.names, self.abandoned = execution, {}, False
        self.lines = execution.program.tasks[task]

    def scope(self, name):
        return self.execution.names if name in self.execution.program.shared else self.names

    def bind(self, kind, name, thing):
        self.scope(name)[kind, name] = thing

    def __getitem__(self, key):
        """What a name stands for; key is its kind and the name."""
        return self.scope(key[1]).get(key)

    def promises(self, name):
        return self["promise", name] or [None]

    def spawn(self, line, task):
        """A new instance of that task, which the operation on that line is about to start."""
        child = Instance(self.execution, task)
        say("spawn", self.name, line.number, child.name)
        return child


class Driver:
    """The methods of a subclass get the instance that executes the operation and what the operation
    works on. They return None for `ok`, a number, an outcome in words or a list of outcomes; those
    of async and call return the promise, those that make an object return the object. An operation
    without a method is lacking."""

    name = runtime = None  # of the driver; of the runtime, with its version
    steered = False  # run uses its argument choose
    null = True      # the runtime may be given None where it wants an object
    stopped = ()     # the exception that leaves a cancelled task

    def run(self, main, domains, choose):
        """Run self.task(main) as the main task of a run with that many domains beside dom0. Returns
        how the run ends, or raises it. choose(n) makes the choices of the run, 0 to n - 1; it is
        None if nothing asks for a schedule."""
        raise NotImplementedError

    def domain(self, me):
        return "?"

    def word_for(self, error):
        """The word for an exception of the runtime, or None."""

    # ---- outcomes ----

    def outcome(self, result):
        """A value, or the exception in its place, as an outcome."""
        if result is None or result == 0:
            return "ok"
        if isinstance(result, Failed):
            return f"failed {result}"
        if isinstance(result, Absent):
            return "absent"
        if isinstance(result, self.stopped):
            return "cancelled"
        if isinstance(result, BaseException):
            return self.word_for(result) or self.unknown(result)
        return result if isinstance(result, str) else f"ok {result}"

    def unknown(self, error):
        """The outcome for an exception that no rule knows. The report shows where it came from."""
        traceback.print_exception(error)
        return f"error {type(error).__name__}"

    # ---- operations ----

    def method(self, word):
        return getattr(self, "do_" + word.replace("-", "_"), None)

    def objects(self, me, line):
        """What an operation works on: for each promise of an `each`, the arguments of the method."""
        kinds = OPERATIONS.get(line.word, "").split()
        if kinds == ["tasks"]:
            return [[[me.spawn(line, task) for task in line.arguments]]]
        if kinds == ["task"]:
            return [[me.spawn(line, line.arguments[0])]]
        if kinds == ["promises"]:
            return [[[p for name in line.arguments for p in me.promises(name)]]]
        if kinds == ["each"]:
            return [[promise] for promise in me.promises(line.arguments[0])]
        return [[name if kind in ("new", "word") else me[kind, name]
                 for kind, name in zip(kinds, line.arguments)]]

    async def once(self, me, line, arguments):
        """Carry an operation out. Returns its outcomes, and what it binds."""
        method = self.method(line.word)
        if not method:
            raise Absent
        if line.options and not set(line.options) <= set(inspect.signature(method).parameters):
            raise Absent
        if line.word == "create" and len(arguments) < len(line.arguments):
            raise Absent  # a finaliser that executes a task
        if not self.null and (None in arguments or [None] in arguments):
            raise Absent
        result = await method(me, *arguments, **line.options)
        if "new" in OPERATIONS[line.word]:
            me.bind(MAKES.get(line.word, line.word), arguments[0], result)
        elif line.word in ("async", "call"):
            return [None], [result]
        elif isinstance(result, list):
            return result, []
        else:
            return [result], []
        return [None], []

    async def operation(self, me, line):
        """Carry out all that a line asks for, and say how it went."""
        outcomes, bound = [], []
        try:
            for _ in range(line.repeat):
                for arguments in self.objects(me, line):
                    try:
                        results, promises = await self.once(me, line, arguments)
                        outcomes += results
                        bound += promises
                    except Exception as error:
                        outcomes.append(error)
        except self.stopped:
            outcomes.append("stopped")
            raise
        except GeneratorExit:  # the runtime has abandoned the task
            me.abandoned = True
            raise
        finally:
            if line.bound:
                me.bind("promise", line.bound, bound)
            words = [self.outcome(outcome) for outcome in outcomes] or ["none"]
            if line.word != "parallel" and len(set(words)) == 1:
                words = words[:1]
            if not me.abandoned:
                say("did", me.name, line.number, ", ".join(words))

    async def task(self, me):
        """The function of each task."""
        say("begin", me.name, self.domain(me))
        try:
            for line in me.lines:
                if line.word == "return":
                    return int(line.arguments[0])
                if line.word == "fail":
                    raise Failed(line.arguments[0])
                await self.operation(me, line)
        finally:
            if not me.abandoned:
                say("end", me.name)
        return 0

    async def do_print(self, me, word):
        say("print", me.name, word)

    async def do_post(self, me, flag):
        me.execution.posted[flag] += 1

    async def do_until(self, me, flag, count="1"):
        while me.execution.posted[flag] < int(count):
            await self.do_yield(me)

    # ---- the conversation ----

    def execute(self, text, choose):
        program = Program(text)
        me = Instance(Execution(program), "main")
        try:
            result = self.run(me, program.domains, choose)
        except Exception as error:
            result = error
        say("run", self.outcome(result))

    def converse(self):
        say("driver 2", self.name)
        say("runtime", self.runtime)
        say("lacks", *[word for word in OPERATIONS if not self.method(word)],
            *[] if self.steered else ["choose"], *BEYOND)
        say("ready")
        lines = (line.strip() for line in sys.stdin)
        for first in lines:
            text = list(iter(lambda: next(lines), "go"))
            schedules = []
            while text and text[0].split()[:1] == ["schedule"]:
                schedules.append(text.pop(0).split()[1:])
            for schedule in schedules or [None]:
                say(first)
                self.execute(text, choices(schedule))
            say("ready")


# ---- schedules ----


def answers(schedule):
    """The answers that a schedule gives, without end; None is out of range."""
    if schedule[:1] != ["seed"]:
        yield from (None if word == "beyond" else int(word) for word in schedule)
        while True:
            yield 0
    state, mask = int(schedule[1]), (1 << 64) - 1
    while True:  # SplitMix64
        z = state = (state + 0x9E3779B97F4A7C15) & mask
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & mask
        z = (z ^ z >> 27) * 0x94D049BB133111EB & mask
        yield z ^ z >> 31


def choices(schedule):
    """What makes the choices of a run by that schedule, and says so; None if there is none."""
    if schedule is None:
        return None
    given = answers(schedule)

    def choose(n):
        answer = next(given)
        answer = n if answer is None else answer % n
        say("chose", answer, n)
        return answer

    return choose
