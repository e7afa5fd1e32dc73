/* refused_calls: every call of the headers, for the rules that have them refused whatever their
 * arguments: outside a run, in a finaliser and its kin, and in a cancelled task. Nothing here
 * asserts but the function that says so. */
#ifndef REFUSED_CALLS_H
#define REFUSED_CALLS_H

#include "tasks.h"

/* Groups of calls; a runtime has a group as a whole, or does not have it. */
enum call_group {
    TASK_CALLS, /* of chapters 1 to 5 */
    COMBINATOR_CALLS,
    MONITOR_CALLS,
    HOOK_CALLS,
    SLEEP_CALLS,
    SIGNAL_CALLS,
    DESCRIPTOR_CALLS,
    SYNC_CALLS,
    SERVER_CALLS
};

/* Which of them are refused. */
enum call_kind {
    SUSPENDING = 1, /* those that can suspend or spawn, and those that take from an orphanage */
    OWNING = 2,     /* those that create something, or change ownership */
    OTHER = 4,
    NEEDS_MONITOR = 8, /* with right arguments, those that need the POSIX monitor */
    SUSPENDING_OR_OWNING = SUSPENDING | OWNING,
    EVERY_CALL = SUSPENDING | OWNING | OTHER | NEEDS_MONITOR
};

/* What the calls are made with; NULL stands for nothing. */
struct objects {
    miou_promise *child; /* that has been awaited */
    miou_orphans *orphans;
    miou_resource *owned, *unowned;
    miou_syscall *point;
    miou_hook *hook;
    miou_fd *fd, *listener;
    miou_mutex *mutex;
    miou_condition *condition;
    miou_lazy *lazy;
    miou_trigger *trigger;
    miou_computation *computation;
};

/* Create what the calls of a group are made with; and disown what is owned of it. */
int objects_create(struct objects *objects, enum call_group group);
int objects_disown(const struct objects *objects);

/* Make every call of a group and of those kinds, some several times: with these objects, with
 * nothing in their place, and with arguments that are wrong beside them. Returns the text of the
 * first call that does not return that error, or that writes or calls something; NULL if all are
 * refused. */
const char *first_accepted(enum call_group group, enum call_kind kinds, int error,
                           const struct objects *with);

/* Fail unless that returned NULL. */
void assert_all_refused(const char *accepted);
#define assert_all_refused(...) IN_HELPER(assert_all_refused, (__VA_ARGS__), #__VA_ARGS__)

/* Assert that a group is refused, in a run by run with one domain beside dom0: in finalisers, of a
 * task that goes on and of one that is cancelled; in on_cancellation of miou_protect; in the action
 * of a trigger; and in a cancelled task, where no other task of the domain runs meanwhile. Each is
 * tried with the task's own objects, with those of another task, and with none. */
void assert_refused_in_finalisers(enum call_group group, check_runner *run);
#define assert_refused_in_finalisers(...)                                                          \
    IN_HELPER(assert_refused_in_finalisers, (__VA_ARGS__), #__VA_ARGS__)
void assert_refused_on_cancellation(enum call_group group, check_runner *run);
#define assert_refused_on_cancellation(...)                                                        \
    IN_HELPER(assert_refused_on_cancellation, (__VA_ARGS__), #__VA_ARGS__)
void assert_refused_in_actions(enum call_group group, check_runner *run);
#define assert_refused_in_actions(...)                                                             \
    IN_HELPER(assert_refused_in_actions, (__VA_ARGS__), #__VA_ARGS__)
void assert_refused_when_cancelled(enum call_group group, check_runner *run);
#define assert_refused_when_cancelled(...)                                                         \
    IN_HELPER(assert_refused_when_cancelled, (__VA_ARGS__), #__VA_ARGS__)

#endif
