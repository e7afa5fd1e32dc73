/* operations.h: what each operation does in a task's turn, a file a chapter. Each returns whether
 * it has an outcome, which it has noted; else it goes on in a later turn. */
#ifndef MODEL_OPERATIONS_H
#define MODEL_OPERATIONS_H

#include "step.h"

/* Of a cancelled task: the operation is refused [R2.14]. */
bool stop(struct turn *turn);

bool do_spawn(struct turn *turn); /* async, call */
bool do_parallel(struct turn *turn);
bool do_await(struct turn *turn);
bool do_cancel(struct turn *turn);
bool do_free(struct turn *turn);
bool do_state(struct turn *turn);
bool do_await_all(struct turn *turn);
bool do_await_some(struct turn *turn); /* await-one, await-first */

bool do_orphans(struct turn *turn);
bool do_care(struct turn *turn);
bool do_take(struct turn *turn);
bool do_get(struct turn *turn);
bool do_length(struct turn *turn);
bool do_free_orphans(struct turn *turn);

bool do_create(struct turn *turn);
bool do_own(struct turn *turn);
bool do_check(struct turn *turn);
bool do_disown(struct turn *turn);
bool do_release(struct turn *turn);
bool do_transfer(struct turn *turn);

bool do_make(struct turn *turn);   /* mutex, condition, lazy, trigger, computation */
bool do_unmake(struct turn *turn); /* what frees one of them */
bool do_lock(struct turn *turn);
bool do_try_lock(struct turn *turn);
bool do_unlock(struct turn *turn);
bool do_wait(struct turn *turn);
void release_mutex(struct turn *turn); /* of a wait that is refused [R9.15] */
bool do_signal(struct turn *turn);
bool do_broadcast(struct turn *turn);
bool do_force(struct turn *turn);
bool do_on_signal(struct turn *turn);
bool do_await_trigger(struct turn *turn);
bool do_signal_trigger(struct turn *turn);
bool do_await_computation(struct turn *turn);
bool do_complete(struct turn *turn);
bool do_peek(struct turn *turn);
bool do_attach(struct turn *turn);
bool do_detach(struct turn *turn);
bool do_canceller(struct turn *turn);

bool do_yield(struct turn *turn);
bool do_until(struct turn *turn);
bool do_spin(struct turn *turn);
bool do_sleep(struct turn *turn);
bool do_self(struct turn *turn);
bool do_available(struct turn *turn);
bool do_print(struct turn *turn);
bool do_post(struct turn *turn);
bool do_run(struct turn *turn);
bool do_nothing(struct turn *turn);
bool do_protect(struct turn *turn);
bool do_protect_mutex(struct turn *turn);

#endif
