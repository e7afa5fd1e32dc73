/* abort.c: ends a run early, by cancelling its main task and so all others. */
#include "runtime.h"

static void deliver_abort(struct message *message)
{
    task_cancel(CONTAINER(message, struct run, abort)->main);
}

void run_abort(struct run *run, int code)
{
    int none = 0;

    if (!atomic_compare_exchange_strong(&run->code, &none, code))
        return;
    atomic_fetch_add(&run->cancelling, 1);
    if (domain_self == &run->domains[0]) {
        deliver_abort(&run->abort);
    } else {
        run->abort.deliver = deliver_abort;
        domain_send(&run->domains[0], &run->abort);
    }
}
