"""asyncio_driver: executes scenarios on asyncio, with what asyncio itself has. Each task opens a
task group for its children, and a promise is an asyncio task. There are no domains, no ownership
and no orphanages."""
import asyncio
import platform

import protocol


class AsyncioDriver(protocol.Driver):
    name = "asyncio_driver"
    runtime = f"asyncio {platform.python_version()}"
    stopped = asyncio.CancelledError
    null = False  # most of these calls are methods of the object

    async def function(self, me):
        async with asyncio.TaskGroup() as me.group:
            return await self.task(me)

    def run(self, main, domains, choose):
        return asyncio.run(self.function(main))

    def word_for(self, error):
        """A task group wraps the error of a task, however deep."""
        if isinstance(error, BaseExceptionGroup):
            return self.outcome(error.exceptions[0])

    async def do_run(self, me, main):
        main = self.function(main)
        try:
            return asyncio.run(main)
        except RuntimeError:  # "asyncio.run() cannot be called from a running event loop"
            main.close()
            return "busy"

    async def do_async(self, me, child):
        return me.group.create_task(self.function(child))

    async def do_await(self, me, promise):
        try:
            return await promise
        except asyncio.CancelledError as error:
            if asyncio.current_task().cancelling() or not promise.cancelled():
                raise
            return self.outcome(error)  # it was the child that was cancelled

    async def do_cancel(self, me, promise):
        promise.cancel()
        await asyncio.wait([promise])

    async def do_state(self, me, promise):
        if not promise.done():
            return "running"
        return "exited" if promise.cancelled() or promise.exception() else "finished"

    async def do_await_all(self, me, promises):
        return await asyncio.gather(*promises, return_exceptions=True)

    async def do_await_one(self, me, promises):
        done, _ = await asyncio.wait(promises, return_when=asyncio.FIRST_COMPLETED)
        return await self.do_await(me, done.pop())

    async def do_yield(self, me):
        await asyncio.sleep(0)

    async def do_sleep(self, me, milliseconds):
        await asyncio.sleep(int(milliseconds) / 1000)

    async def do_mutex(self, me, name):
        return asyncio.Lock()

    async def do_lock(self, me, mutex):
        await mutex.acquire()

    async def do_unlock(self, me, mutex):
        try:
            mutex.release()
        except RuntimeError:  # "Lock is not acquired."
            return "not-permitted"

    async def do_trigger(self, me, name):
        return asyncio.Event()

    async def do_await_trigger(self, me, trigger):
        await trigger.wait()

    async def do_signal_trigger(self, me, trigger):
        trigger.set()

    async def do_computation(self, me, name):
        return asyncio.get_running_loop().create_future()

    async def do_complete(self, me, computation, outcome):
        try:
            if outcome.isdecimal():
                computation.set_result(int(outcome))
            else:
                computation.set_exception(protocol.Failed(outcome))
        except asyncio.InvalidStateError:
            return "already"

    async def do_peek(self, me, computation):
        if not computation.done():
            return "running"
        return computation.exception() or computation.result()

    async def do_await_computation(self, me, computation):
        return await asyncio.shield(computation)


if __name__ == "__main__":
    AsyncioDriver().converse()
