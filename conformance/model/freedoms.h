/* freedoms: what the rules leave open. At each of these places the model takes every branch, so
 * that it is the loosest runtime that keeps the rules. spec/model.md has this list.
 *
 * FREEDOM(name, rules, what is left open). */
#ifndef MODEL_FREEDOMS_H
#define MODEL_FREEDOMS_H

#define FREEDOMS                                                                                   \
    FREEDOM(INTERLEAVING, "R4.15",                                                                 \
            "Which domain goes on next, and when a domain hears of what another has done.")        \
    FREEDOM(TURN, "R1.21",                                                                         \
            "When a cancelled task that is ready goes on, and in which order those go on that "    \
            "one event has made ready.")                                                           \
    FREEDOM(UNBEGUN, "R2.22",                                                                      \
            "Whether a task that is cancelled before it has begun begins; and if not, whether it " \
            "ends at that moment or in its turn.")                                                 \
    FREEDOM(DESCENT, "R2.14, R2.24",                                                               \
            "When the children of a cancelled task are cancelled: at any moment from then "        \
            "on, at the latest when its function returns, if it has not returned before; "         \
            "and whether a task that is spawned below it meanwhile begins.")                       \
    FREEDOM(THROWN, "R2.14",                                                                       \
            "Whether a part that is stopped takes along the operation that executes it, as it "    \
            "does where it is left by an exception.")                                              \
    FREEDOM(SUSPENDS, "R1.10",                                                                     \
            "Whether a call that may suspend lets others run although it need not wait, and for "  \
            "how many turns.")                                                                     \
    FREEDOM(ENDING, "R2.9, R5.6",                                                                  \
            "When a task that has waited for its children, has broken a rule or owns resources "   \
            "ends, once its children have ended, and whether others run between its finalisers.")  \
    FREEDOM(TARGET, "R4.3, R4.4", "Which of the other worker domains a called task goes to.")      \
    FREEDOM(SPREAD, "R4.10", "Which domains get one task more than others in a miou_parallel.")    \
    FREEDOM(TAKEN, "R8.5",                                                                         \
            "Which of several children that have ended is taken, and whether that is decided "     \
            "when the first of them has ended or when the task goes on.")                          \
    FREEDOM(HANDED, "R3.4", "Which of several orphans that have ended is handed out.")             \
    FREEDOM(ANY_ORPHAN, "R3.17", "Which orphan miou_orphans_take hands out.")                      \
    FREEDOM(ARRIVAL, "R5.14",                                                                      \
            "When a transferred resource is the parent's: at the latest when the child is "        \
            "settled.")                                                                            \
    FREEDOM(CODE, "R2.17", "Which error of several that apply to a call is returned.")             \
    FREEDOM(AWAITED, "R9.10",                                                                      \
            "Whether a task of another domain that has been cancelled counts as waiting for what " \
            "is freed, until it has gone on.")                                                     \
    FREEDOM(RELOCK, "R9.11",                                                                       \
            "Whether a task that a signal wakes waits for the mutex at once, or when it goes on.") \
    FREEDOM(HAND_ON, "R9.7, R9.15, R9.21",                                                         \
            "Whether what a task was woken for passes on when it is cancelled, or when it goes "   \
            "on.")                                                                                 \
    FREEDOM(COMPUTES, "R9.21", "Which of the tasks that wait for a lazy value computes it anew.")  \
    FREEDOM(SIGNALLING, "R9.24, R9.27",                                                            \
            "In which order the triggers of a computation are detached and signalled, their "      \
            "actions are called and the tasks that await it become ready; and whether the "        \
            "computation is in use until then, if no action of its triggers is being called.")     \
    FREEDOM(SLEEPERS, "R10.2",                                                                     \
            "Which of several sleeps is over first, unless one began no later and is no longer.")

#define FREEDOM(name, rules, what) FREEDOM_##name,
enum freedom { FREEDOMS FREEDOM_KINDS };
#undef FREEDOM

const char *freedom_name(enum freedom freedom);
const char *freedom_rules(enum freedom freedom);
const char *freedom_sentence(enum freedom freedom);

#endif
