"""toy: a runtime that is small enough to be read at once. Tasks are coroutines. The domains take
turns on one thread, so that every run can be steered. There are few choices to be made: in its
turn, a domain lets each of its ready tasks go on once, and it has no turn if all that these have
done since anything else happened is to yield, unless that holds for all domains. There are no
orphanages, no objects that tasks wait for, and no time."""
import collections
import itertools
import types


class Refused(Exception):
    """What a call raises when it does nothing; says why."""


class Cancelled(BaseException):
    """What every call that can suspend or spawn raises in a cancelled task."""


class Resource:
    def __init__(self, finaliser):
        self.finaliser, self.owner, self.ended = finaliser, None, False


@types.coroutine
def suspend(yields=False):
    yield yields


class Task:
    """A task, its promise, and the calls that it can make."""

    def __init__(self, run, parent, domain, body):
        self.run, self.parent, self.domain, self.coroutine = run, parent, domain, body(self)
        self.children = {}   # those that are not settled; dicts, for their order
        self.running = 0     # children that have not ended
        self.owned = {}      # resources, the newest last
        self.awaited = {}    # children whose ends the task waits for, and
        self.missing = 0     # how many of these ends
        self.next_worker = None  # of those on which it can call, the next
        self.seen = None  # run.news when it yielded last; None: it has not just yielded
        self.cancelled = self.returned = self.ended = False
        self.outcome = None  # a value, or the exception in its place

    # ---- spawning ----

    def check(self):
        if self.cancelled:
            raise Cancelled

    def spawn(self, domain, body, give=()):
        if len(set(give)) < len(give) or any(not r or r.owner is not self for r in give):
            raise Refused("not-owner")
        child = Task(self.run, self, domain, body)
        self.children[child] = True
        self.running += 1
        for resource in give:
            self.hand(resource, child)
        self.run.ready[domain].append(child)
        return child

    def workers(self):
        found = [n for n in range(1, len(self.run.ready)) if n != self.domain]
        if not found:
            raise Refused("no-domain-available")
        return found

    def start(self, body, give=()):
        """Spawn a child on this domain."""
        self.check()
        return self.spawn(self.domain, body, give)

    def call(self, body, give=(), pin=None):
        """Spawn a child on another domain: on any at first, and on the next one each time after that."""
        self.check()
        workers = self.workers()
        if pin is not None and pin not in workers:
            raise Refused("invalid")
        if pin is None:
            if self.next_worker is None:
                self.next_worker = self.run.choose(len(workers))
            pin = workers[self.next_worker % len(workers)]
            self.next_worker += 1
        return self.spawn(pin, body, give)

    async def parallel(self, bodies):
        """Call them all, spread evenly over the domains. Returns how each ended."""
        self.check()
        workers = itertools.cycle(self.workers() if bodies else [])
        return await self.join_all([self.spawn(next(workers), body) for body in bodies])

    # ---- waiting ----

    async def yields(self):
        self.check()
        self.run.ready[self.domain].append(self)
        await suspend(True)

    async def wait(self, children, count):
        """Wait until that many of the children have ended."""
        self.check()
        for child in children:
            if not isinstance(child, Task) or child.parent.ended:
                raise Refused("invalid")
            if child.parent is not self:
                raise Refused("not-a-child")
        running = {child: True for child in children if not child.ended}
        self.missing = count - (len(set(children)) - len(running))
        if self.missing > 0:
            self.awaited = running
            await suspend()

    def settle(self, child):
        self.children.pop(child, None)
        return child.outcome

    async def join_all(self, children):
        await self.wait(children, len(set(children)))
        return [self.settle(child) for child in children]

    async def join(self, child):
        """Returns how the child ended."""
        return (await self.join_all([child]))[0]

    async def take(self, children):
        """Wait for one of the children: of those that have ended, one with a value if any."""
        if not children:
            self.check()
            raise Refused("invalid")
        await self.wait(children, 1)
        ended = [child for child in dict.fromkeys(children) if child.ended]
        ended = [child for child in ended if isinstance(child.outcome, int)] or ended
        return ended[self.run.choose(len(ended))]

    async def join_one(self, children):
        return self.settle(await self.take(children))

    async def join_first(self, children):
        """The same, and cancel the others."""
        first = await self.take(children)
        for child in children:
            if child is not first:
                child.cancel_tree()
        await self.wait(children, len(set(children)))
        for child in children:
            if child is not first:
                child.outcome = Cancelled()
            self.settle(child)
        return first.outcome

    async def cancel(self, child):
        await self.wait([child], 0)
        child.cancel_tree()
        await self.wait([child], 1)
        child.outcome = Cancelled()
        self.settle(child)

    # ---- ownership ----

    def hand(self, resource, task):
        """Make a resource another task's, or nobody's."""
        if resource.owner:
            del resource.owner.owned[resource]
        resource.owner = task
        if task:
            task.owned[resource] = True

    def own(self, resource):
        if not resource or resource.ended or resource.owner is self:
            raise Refused("invalid")
        if resource.owner:
            raise Refused("not-owner")
        self.hand(resource, self)

    def check_owned(self, resource):
        if not resource:
            raise Refused("invalid")
        if resource.owner is not self:
            raise Refused("not-owner")

    def disown(self, resource):
        self.check_owned(resource)
        self.hand(resource, None)
        resource.ended = True

    def release(self, resource):
        self.disown(resource)
        resource.finaliser(self)

    def transfer(self, resource):
        self.check_owned(resource)
        if not self.parent:
            raise Refused("invalid")
        self.hand(resource, self.parent)

    # ---- the end ----

    def cancel_tree(self):
        """Cancel a task and all below it."""
        tasks = [self]
        for task in tasks:
            if task.cancelled or task.ended:
                continue
            task.cancelled = True
            tasks += task.children
            if task.awaited:
                task.awaited = {}
                self.run.ready[task.domain].append(task)

    def end(self, outcome):
        """The task's function has returned, or was left by an exception."""
        self.returned, self.outcome = True, outcome
        if not self.cancelled and not isinstance(outcome, BaseException):
            if self.owned:
                self.run.breaks("resource-leaked")
            elif self.children:
                self.run.breaks("still-has-children")
        for child in self.children:
            child.cancel_tree()
        task = self
        while task and task.returned and not task.running:
            task = task.ends()

    def ends(self):
        """The task's children have ended as well. Returns its parent, which may end by that."""
        while self.owned:
            self.release(next(reversed(self.owned)))
        if self.cancelled:
            self.outcome = Cancelled()
        self.ended, parent = True, self.parent
        if parent:
            parent.running -= 1
            if parent.awaited.pop(self, None):
                parent.missing -= 1
                if not parent.missing:
                    parent.awaited = {}
                    self.run.ready[parent.domain].append(parent)
        return parent


class Run:
    """One run: that many domains beside dom0, each with its ready tasks. choose(n) is asked for
    each choice; 0 is fair, and an answer out of range ends the run."""

    def __init__(self, domains, choose):
        self.ready = [collections.deque() for _ in range(domains + 1)]
        self.ask = choose
        self.broken = None
        self.news = 0  # how often a task has done more than yield

    def choose(self, n):
        answer = self.ask(n) if n > 1 else 0
        if answer < n:
            return answer
        self.ask = lambda n: 0
        self.breaks("invalid")
        return 0

    def breaks(self, rule):
        self.broken = self.broken or Refused(rule)
        self.main.cancel_tree()

    def execute(self, body):
        self.main = Task(self, None, 0, body)
        self.ready[0].append(self.main)
        domain = 0
        while not self.main.ended:
            able = [n for n in range(len(self.ready)) if self.ready[n]]
            able.sort(key=lambda n: n <= domain)  # the next one comes first
            fresh = [n for n in able if self.has_news(n)] or able[:1]
            domain = fresh[self.choose(len(fresh))]
            queue = self.ready[domain]
            for _ in range(len(queue)):
                task = queue.popleft()
                yielded = self.step(task)
                self.news += not yielded
                task.seen = self.news if yielded else None
        return self.broken or self.main.outcome

    def has_news(self, domain):
        """Whether one of its ready tasks could do otherwise than yield again."""
        return any(task.seen != self.news for task in self.ready[domain])

    def step(self, task):
        """Let a task go on until it suspends or ends. Returns True if it yields."""
        try:
            if task.cancelled:
                task.coroutine.throw(Cancelled())  # a task that has not begun does not begin
            else:
                return task.coroutine.send(None)
        except StopIteration as end:
            task.end(end.value)
        except (Exception, Cancelled) as error:
            task.end(error)
