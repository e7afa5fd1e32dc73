"""trio_driver: executes scenarios on trio, with what trio itself has. Each task opens a nursery for
its children. A promise is what programs on trio use for one: a cancel scope around the child, and
an event for its end. There are no domains, no ownership and no orphanages."""
import protocol
import trio


class Promise:
    def __init__(self):
        self.scope, self.ended, self.outcome = trio.CancelScope(), trio.Event(), "cancelled"


class TrioDriver(protocol.Driver):
    name = "trio_driver"
    runtime = f"trio {trio.__version__}"
    stopped = trio.Cancelled
    null = False  # these calls are methods of the object

    async def function(self, me):
        async with trio.open_nursery() as me.nursery:
            return await self.task(me)

    async def child(self, me, promise):
        with promise.scope:
            promise.outcome = await self.function(me)
        promise.ended.set()

    def run(self, main, domains, choose):
        return trio.run(self.function, main)

    async def do_run(self, me, main):
        try:
            return trio.run(self.function, main)
        except RuntimeError:  # "Attempted to call run() from inside a run()"
            return "busy"

    async def do_async(self, me, child):
        promise = Promise()
        me.nursery.start_soon(self.child, child, promise)
        return promise

    async def do_await(self, me, promise):
        await promise.ended.wait()
        return promise.outcome

    async def do_cancel(self, me, promise):
        promise.scope.cancel()
        await promise.ended.wait()

    async def do_yield(self, me):
        await trio.lowlevel.checkpoint()

    async def do_sleep(self, me, milliseconds):
        await trio.sleep(int(milliseconds) / 1000)

    async def do_mutex(self, me, name):
        return trio.Lock()

    async def do_lock(self, me, mutex):
        try:
            await mutex.acquire()
        except RuntimeError:  # "attempt to re-acquire an already held Lock"
            return "would-deadlock"

    async def do_try_lock(self, me, mutex):
        try:
            mutex.acquire_nowait()
        except (trio.WouldBlock, RuntimeError):
            return "busy"

    async def do_unlock(self, me, mutex):
        try:
            mutex.release()
        except RuntimeError:  # "can't release a Lock you don't own"
            return "not-permitted"

    async def do_trigger(self, me, name):
        return trio.Event()

    async def do_await_trigger(self, me, trigger):
        await trigger.wait()

    async def do_signal_trigger(self, me, trigger):
        trigger.set()


if __name__ == "__main__":
    TrioDriver().converse()
