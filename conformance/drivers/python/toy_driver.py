"""toy_driver: executes scenarios on the runtime of toy.py."""
import protocol
import toy


class ToyDriver(protocol.Driver):
    """Executes scenarios on the toy. What an instance does, its task does: me.task."""

    name = "toy_driver"
    runtime = "toy 1"
    steered = True
    stopped = toy.Cancelled

    def body(self, me):
        """The function of the task that carries an instance."""

        def body(task):
            me.task = task
            return self.task(me)

        return body

    def run(self, main, domains, choose):
        return toy.Run(domains, choose or (lambda n: 0)).execute(self.body(main))

    def domain(self, me):
        return me.task.domain

    def word_for(self, error):
        return str(error) if isinstance(error, toy.Refused) else None

    def given(self, me, give):
        return [me["resource", name] for name in give.split(",")] if give else []

    async def do_async(self, me, child, give=""):
        return me.task.start(self.body(child), self.given(me, give))

    async def do_call(self, me, child, give="", pin=None):
        if pin:
            pin = me.task.domain if pin == "self" else int(pin)
        return me.task.call(self.body(child), self.given(me, give), pin)

    async def do_parallel(self, me, children):
        return await me.task.parallel([self.body(child) for child in children])

    async def do_await(self, me, promise):
        return await me.task.join(promise)

    async def do_cancel(self, me, promise):
        await me.task.cancel(promise)

    async def do_await_all(self, me, promises):
        return await me.task.join_all(promises)

    async def do_await_one(self, me, promises):
        return await me.task.join_one(promises)

    async def do_await_first(self, me, promises):
        return await me.task.join_first(promises)

    async def do_yield(self, me):
        await me.task.yields()

    async def do_self(self, me):
        return me.task.domain

    async def do_available(self, me):
        return len(me.task.run.ready) - 1

    async def do_create(self, me, name):
        return toy.Resource(lambda owner: protocol.say("finalise", me.name, name, owner.domain))

    async def do_own(self, me, resource):
        me.task.own(resource)

    async def do_check(self, me, resource):
        me.task.check_owned(resource)

    async def do_disown(self, me, resource):
        me.task.disown(resource)

    async def do_release(self, me, resource):
        me.task.release(resource)

    async def do_transfer(self, me, resource):
        me.task.transfer(resource)


if __name__ == "__main__":
    ToyDriver().converse()
