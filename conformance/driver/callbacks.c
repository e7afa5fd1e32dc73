/* callbacks.c: the arguments of functions that an operation passes to the runtime: each tells the
 * instance and its operation. */
#include "driver.h"

#include "scenario/memory.h"

struct callback {
    struct kept kept;
    struct callback *before;
    unsigned number;
    struct self self;
    const struct operation *op;
};

static _Atomic(struct callback *) callbacks; /* the last one */

void *callback_argument(const struct self *self, const struct operation *op)
{
    struct callback *fresh = keep(zeroed(1, sizeof *fresh));

    fresh->self = *self;
    fresh->op = op;
    fresh->before = atomic_load_explicit(&callbacks, memory_order_acquire);
    do
        fresh->number = fresh->before ? fresh->before->number + 1 : 0;
    while (!atomic_compare_exchange_weak_explicit(&callbacks, &fresh->before, fresh,
                                                  memory_order_release, memory_order_acquire));
    return numbered(fresh->number);
}

struct self callback_of(const void *argument, const struct operation **op)
{
    const struct callback *callback = atomic_load_explicit(&callbacks, memory_order_acquire);
    unsigned number = number_of(argument);

    while (callback && callback->number != number)
        callback = callback->before;
    *op = callback ? callback->op : NULL;
    return callback ? callback->self : self_of(NULL);
}

void forget_callbacks(void)
{
    atomic_store(&callbacks, NULL);
}
