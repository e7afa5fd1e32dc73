/* Tests of the invariants, by stories: several children at once, lazy values, what tasks share,
 * time and deadlock. */
#include "test_stories.h"

/* ---- Several children ---- */

static void all_are_awaited(void **state)
{
    static const struct story story = {
        .program = "task main\n"
                   "p = async five\n"
                   "q = async boom\n"
                   "await-all p q\n"
                   "await-all\n"
                   "await-one\n"
                   "await-all q none\n"
                   "none = async five orphans=o => invalid\n"
                   "orphans o\n"
                   "task five\n"
                   "return 5\n"
                   "task boom\n"
                   "fail boom\n",
        .trace = "begin main 0\nspawn main 2 five\ndid main 2 ok\nspawn main 3 boom\n"
                 "did main 3 ok\nbegin five 0\nend five\nbegin boom 0\nend boom\n"
                 "did main 4 ok 5, failed boom\ndid main 5 none\ndid main 6 invalid\n"
                 "did main 7 invalid\nspawn main 8 five#2\ndid main 8 invalid\ndid main 9 ok\n"
                 "end main\nrun ok\n",
        .changes = {{"ok 5, failed boom", "ok 5, ok", "R2.4 4: failed boom, as task boom ended"},
                    {"ok 5, failed boom", "failed boom, ok 5", "R2.4 4: ok 5, as task five"},
                    {"ok 5, failed boom", "ok 5", "R2.4 4: failed boom, as task boom ended"},
                    {"ok 5, failed boom", "ok 5, failed boom, ok",
                     "R8.1 4: an outcome for each of 2 promises"},
                    {"ok 5, failed boom", "not-a-child", "R8.1 4: no error: the children are"},
                    {"ok 5, failed boom", "cancelled, failed boom",
                     "R2.4 4: how task five ended: no task had cancelled it"},
                    {"end boom\ndid main 4 ok 5, failed boom\n",
                     "did main 4 ok 5, failed boom\nend boom\n", "R2.9 4: task boom ends before"},
                    {"did main 5 none", "did main 5 ok", "R8.8 5: none: there is no promise"},
                    {"did main 6 invalid", "did main 6 ok", "R8.8 6: invalid: there is no"},
                    {"did main 7 invalid", "did main 7 failed boom, ok", "R2.11 7: invalid: the"},
                    {"ok 5, failed boom\n", "invalid\n",
                     "R2.1 0: still-has-children: task main returned"}},
    };

    (void)state;
    tell(&story);
}

static void several_of_a_stranger_are_refused(void **state)
{
    static const struct story story = {
        .program = "shared p q\ntask main\n"
                   "p = async child\n"
                   "q = async child\n"
                   "post up\n"
                   "await-all p q\n"
                   "task child\n"
                   "until up\n"
                   "await-all p => not-a-child | ok\n"
                   "await-one p q => not-a-child | ok\n"
                   "state p => not-a-child | finished\n",
        .trace = "begin main 0\nspawn main 3 child\ndid main 3 ok\nspawn main 4 child#2\n"
                 "did main 4 ok\ndid main 5 ok\nbegin child 0\ndid child 8 ok\n"
                 "did child 9 not-a-child\ndid child 10 not-a-child\ndid child 11 not-a-child\n"
                 "end child\nbegin child#2 0\ndid child#2 8 ok\ndid child#2 9 not-a-child\n"
                 "did child#2 10 not-a-child\ndid child#2 11 not-a-child\nend child#2\n"
                 "did main 6 ok\nend main\nrun ok\n",
        .changes = {{"child#2 9 not-a-child", "child#2 9 ok", "R8.10 9: not-a-child: the promise"},
                    {"child#2 10 not-a-child", "child#2 10 ok",
                     "R8.10 10: not-a-child: the promise"},
                    {"child#2 11 not-a-child", "child#2 11 finished", "R8.12 11: not-a-child"}},
    };

    (void)state;
    tell(&story);
}

static void one_is_awaited(void **state)
{
    static const struct story known = {
        .program = "task main\n"
                   "p = async five\n"
                   "q = async six\n"
                   "yield\n"
                   "await-one p q\n"
                   "await q\n"
                   "task five\n"
                   "return 5\n"
                   "task six\n"
                   "return 6\n",
        .trace = "begin main 0\nspawn main 2 five\ndid main 2 ok\nspawn main 3 six\n"
                 "did main 3 ok\nbegin five 0\nend five\nbegin six 0\nend six\ndid main 4 ok\n"
                 "did main 5 ok 5\ndid main 6 ok 6\nend main\nrun ok\n",
        .changes = {{"did main 5 ok 5", "did main 5 ok 7",
                     "R8.3 5: how one of the children that it lists had ended"},
                    {"did main 5 ok 5", "did main 5 invalid", "R8.3 5: no error"},
                    {"did main 5 ok 5\ndid main 6 ok 6\n", "did main 5 stopped\n",
                     "R2.14 0: task main is not stopped"},
                    {"did main 5 ok 5", "did main 5 ok 6",
                     "R2.1 0: still-has-children: task main returned and had neither awaited nor "
                     "cancelled five"},
                    {"did main 6 ok 6", "did main 6 cancelled", "R2.4 6: how task six ended"},
                    {"begin six 0\nend six\ndid main 4 ok\ndid main 5 ok 5",
                     "did main 4 ok\ndid main 5 ok 6\nbegin six 0\nend six", "R8.3 5: how one"}},
    };
    /* Two children ended alike, and one of them is left, whichever it is. */
    static const struct story either = {
        .program = "task main\n"
                   "p = repeat 2 async five\n"
                   "await-one p\n"
                   "free p\n"
                   "task five\n"
                   "return 5\n",
        .trace = "begin main 0\nspawn main 2 five\nspawn main 2 five#2\ndid main 2 ok\n"
                 "begin five 0\nend five\nbegin five#2 0\nend five#2\ndid main 3 ok 5\n"
                 "did main 4 busy, ok\nend main\nrun still-has-children\n",
        .changes = {{"run still-has-children", "run ok",
                     "R2.1 0: still-has-children: task main returned"}},
    };
    static const struct story twice = {
        .program = "task main\n"
                   "p = repeat 2 async five\n"
                   "await-one p\n"
                   "await-one p\n"
                   "task five\n"
                   "return 5\n",
        .trace = "begin main 0\nspawn main 2 five\nspawn main 2 five#2\ndid main 2 ok\n"
                 "begin five 0\nend five\nbegin five#2 0\nend five#2\ndid main 3 ok 5\n"
                 "did main 4 ok 5\nend main\nrun ok\n",
        .changes = {{"did main 4 ok 5", "did main 4 ok 6", "R8.3 4: how one of the children"}},
    };

    (void)state;
    tell(&known);
    tell(&either);
    tell(&twice);
}

static void a_value_is_taken_before_a_failure(void **state)
{
    static const struct story story = {
        .program = "task main\n"
                   "p = async fails\n"
                   "q = async five\n"
                   "yield\n"
                   "await-one p q\n"
                   "await p\n"
                   "task fails\n"
                   "fail bad\n"
                   "task five\n"
                   "return 5\n",
        .trace = "begin main 0\nspawn main 2 fails\ndid main 2 ok\nspawn main 3 five\n"
                 "did main 3 ok\nbegin fails 0\nend fails\nbegin five 0\nend five\n"
                 "did main 4 ok\ndid main 5 ok 5\ndid main 6 failed bad\nend main\nrun ok\n",
        .changes = {{"did main 5 ok 5", "did main 5 failed bad",
                     "R8.5 5: the value of a child, as task five had ended with one"}},
    };
    /* The child had not ended when the operation began. */
    static const struct story later = {
        .program = "task main\n"
                   "p = async fails\n"
                   "q = async five\n"
                   "await-one p q\n"
                   "await q\n"
                   "task fails\n"
                   "fail bad\n"
                   "task five\n"
                   "return 5\n",
        .trace = "begin main 0\nspawn main 2 fails\ndid main 2 ok\nspawn main 3 five\n"
                 "did main 3 ok\nbegin fails 0\nend fails\nbegin five 0\nend five\n"
                 "did main 4 failed bad\ndid main 5 ok 5\nend main\nrun ok\n",
    };

    (void)state;
    tell(&story);
    tell(&later);
}

static void the_first_is_awaited_and_others_cancelled(void **state)
{
    static const struct story story = {
        .program = "task main\n"
                   "p = async five\n"
                   "q = async waits\n"
                   "await-first p q\n"
                   "await q\n"
                   "await p\n"
                   "task five\n"
                   "return 5\n"
                   "task waits\n"
                   "until never\n"
                   "return 5\n",
        .trace = "begin main 0\nspawn main 2 five\ndid main 2 ok\nspawn main 3 waits\n"
                 "did main 3 ok\nbegin five 0\nend five\nbegin waits 0\ndid waits 10 stopped\n"
                 "end waits\ndid main 4 ok 5\ndid main 5 cancelled\ndid main 6 ok 5\nend main\n"
                 "run ok\n",
        .changes = {{"did main 4 ok 5", "did main 4 busy", "R8.6 4: no error"},
                    {"did main 5 cancelled", "did main 5 ok 5", "R2.13 5: cancelled: task waits"},
                    {"did main 6 ok 5", "did main 6 ok", "R2.4 6: ok 5, as task five ended"},
                    {"end waits\ndid main 4 ok 5\n", "did main 4 ok 5\nend waits\n",
                     "R8.7 4: nothing of task waits, nor below it, after 'did main 4 ok 5'"},
                    {"did main 4 ok 5", "did main 4 ok 6", "R8.6 4: how one of the children"},
                    {"did main 4 ok 5\n", "did main 4 invalid\n", "R2.14 0: task waits is not"}},
    };

    (void)state;
    tell(&story);
}

static void states_are_true(void **state)
{
    static const struct story story = {
        .program = "task main\n"
                   "p = async five\n"
                   "q = async boom\n"
                   "state p\n"
                   "yield\n"
                   "state p\n"
                   "state q\n"
                   "await-all p q\n"
                   "state p\n"
                   "free p\n"
                   "state p\n"
                   "task five\n"
                   "return 5\n"
                   "task boom\n"
                   "fail boom\n",
        .trace = "begin main 0\nspawn main 2 five\ndid main 2 ok\nspawn main 3 boom\n"
                 "did main 3 ok\ndid main 4 running\nbegin five 0\nend five\nbegin boom 0\n"
                 "end boom\ndid main 5 ok\ndid main 6 finished\ndid main 7 exited\n"
                 "did main 8 ok 5, failed boom\ndid main 9 finished\ndid main 10 ok\n"
                 "did main 11 invalid\nend main\nrun ok\n",
        .changes = {{"did main 4 running", "did main 4 finished",
                     "R8.12 4: not finished: the task five has not ended with a value"},
                    {"did main 4 running", "did main 4 exited", "R2.4 4: how task five ended"},
                    {"did main 4 running", "did main 4 not-a-child", "R8.12 4: no error"},
                    {"did main 6 finished", "did main 6 exited", "R2.4 6: how task five ended"},
                    {"did main 7 exited", "did main 7 finished", "R8.12 7: not finished"},
                    {"did main 9 finished", "did main 9 running", "R8.12 9: not running"},
                    {"did main 11 invalid", "did main 11 finished", "R2.11 11: invalid"}},
    };

    (void)state;
    tell(&story);
}

/* ---- Orphans ---- */

static void orphans_are_taken_and_counted(void **state)
{
    static const struct story story = {
        .program = "task main\n"
                   "orphans o\n"
                   "length o\n"
                   "repeat 3 async five orphans=o\n"
                   "length o\n"
                   "p = take o\n"
                   "get o\n"
                   "length o\n"
                   "repeat 2 get o\n"
                   "take o\n"
                   "await p\n"
                   "task five\n"
                   "return 5\n",
        .trace = "begin main 0\ndid main 2 ok\ndid main 3 ok\nspawn main 4 five\n"
                 "spawn main 4 five#2\nspawn main 4 five#3\ndid main 4 ok\ndid main 5 ok 3\n"
                 "did main 6 taken\nbegin five 0\nend five\nbegin five#2 0\nend five#2\n"
                 "begin five#3 0\nend five#3\ndid main 7 ok 5\ndid main 8 ok 1\n"
                 "did main 9 ok 5, empty\ndid main 10 empty\ndid main 11 ok 5\nend main\nrun ok\n",
        .changes = {{"did main 3 ok", "did main 3 ok 1", "R3.21 3: 0 in the orphanage"},
                    {"did main 5 ok 3", "did main 5 ok 2", "R3.21 5: 3 in the orphanage"},
                    {"did main 6 taken", "did main 6 empty", "R3.17 6: not empty: 3"},
                    {"did main 8 ok 1", "did main 8 ok 2", "R3.21 8: 1 in the orphanage"},
                    {"ok 5, empty", "empty, empty", "R3.19 9: not empty: 1"},
                    {"ok 5, empty", "ok 5, ok 5", "R3.19 9: empty: all of 3 were handed out"},
                    {"did main 10 empty", "did main 10 taken", "R3.17 10: empty: all of 3"},
                    {"begin five 0\nend five\nbegin five#2 0\nend five#2\nbegin five#3 0\n"
                     "end five#3\ndid main 7 ok 5\n",
                     "did main 7 ok 5\nbegin five 0\nend five\nbegin five#2 0\nend five#2\n"
                     "begin five#3 0\nend five#3\n",
                     "R3.20 7: no further child has ended"},
                    {"end five\nbegin five#2 0\nend five#2\nbegin five#3 0\nend five#3\n"
                     "did main 7 ok 5\ndid main 8 ok 1\ndid main 9 ok 5, empty\n",
                     "end five\ndid main 7 ok 5\ndid main 8 ok 1\ndid main 9 ok 5, empty\n"
                     "begin five#2 0\nend five#2\nbegin five#3 0\nend five#3\n",
                     "R3.20 9: no further child has ended"},
                    {"did main 11 ok 5\n", "did main 11 invalid\n", "R2.4 11: no error"},
                    {"did main 9 ok 5, empty\ndid main 10 empty\ndid main 11 ok 5\n",
                     "did main 9 stopped\n", "R2.14 0: task main is not stopped"}},
    };

    (void)state;
    tell(&story);
}

/* A child that get took out is settled; one that take took out is not. */
static void what_get_took_is_settled(void **state)
{
    static const struct story story = {
        .program = "task main\n"
                   "orphans o\n"
                   "p = repeat 2 async five orphans=o\n"
                   "get o\n"
                   "take o\n"
                   "state p => finished | invalid\n"
                   "task five\n"
                   "return 5\n",
        .trace = "begin main 0\ndid main 2 ok\nspawn main 3 five\nspawn main 3 five#2\n"
                 "did main 3 ok\nbegin five 0\nend five\nbegin five#2 0\nend five#2\n"
                 "did main 4 ok 5\ndid main 5 taken\ndid main 6 invalid, finished\nend main\n"
                 "run still-has-children\n",
        .changes = {{"run still-has-children", "run ok", "R2.1 0: still-has-children"},
                    {"did main 5 taken", "did main 5 empty", "R3.17 5: not empty: 1"}},
    };

    (void)state;
    tell(&story);
}

static void an_orphanage_is_its_makers(void **state)
{
    static const struct story story = {
        .program = "shared o\ntask main\n"
                   "orphans o\n"
                   "p = async child\n"
                   "await p\n"
                   "task child\n"
                   "take o => empty | invalid\n"
                   "get o => empty | invalid\n"
                   "length o => ok | invalid\n",
        .trace = "begin main 0\ndid main 3 ok\nspawn main 4 child\ndid main 4 ok\nbegin child 0\n"
                 "did child 7 invalid\ndid child 8 invalid\ndid child 9 invalid\nend child\n"
                 "did main 5 ok\nend main\nrun ok\n",
        .changes = {{"did child 7 invalid", "did child 7 empty", "R3.7 7: invalid: the orphanage"},
                    {"did child 8 invalid", "did child 8 empty", "R3.22 8: invalid: the orphanage"},
                    {"did child 9 invalid", "did child 9 ok", "R3.22 9: invalid: the orphanage"}},
    };

    (void)state;
    tell(&story);
}

/* ---- Lazy values ---- */

static void lazy_values_are_computed_once(void **state)
{
    static const struct story story = {
        .program = "shared l k\ntask main\n"
                   "lazy l part\n"
                   "repeat 2 force l\n"
                   "force l\n"
                   "force k\n"
                   "lazy k inner\n"
                   "force k\n"
                   "task part\n"
                   "print hi\n"
                   "return 3\n"
                   "task inner\n"
                   "force k\n"
                   "force l\n"
                   "fail boom\n",
        .trace = "begin main 0\ndid main 3 ok\nforce main 4 part\nbegin part 0\nprint part hi\n"
                 "did part 10 ok\nend part\ndid main 4 ok 3\ndid main 5 ok 3\ndid main 6 invalid\n"
                 "did main 7 ok\nforce main 8 inner\nbegin inner 0\ndid inner 13 undefined\n"
                 "did inner 14 ok 3\nend inner\ndid main 8 failed boom\nend main\nrun ok\n",
        .changes = {{"begin part 0", "begin part 1",
                     "R9.17 4: a lazy value is computed by the task"},
                    {"did main 5 ok 3\n",
                     "force main 5 part#2\nbegin part#2 0\nprint part#2 hi\ndid part#2 10 ok\n"
                     "end part#2\ndid main 5 ok 3\n",
                     "R9.17 5: the value is computed once, as part / 'force main 5 part#2'"},
                    {"did main 5 ok 3", "did main 5 ok 4", "R9.18 5: what the value's task"},
                    {"did main 5 ok 3", "did main 5 undefined", "R9.19 5: not undefined"},
                    {"did inner 13 undefined", "did inner 13 failed boom", "R9.19 13: undefined"},
                    {"did main 8 failed boom", "did main 8 ok", "R9.18 8: what the value's"},
                    {"did main 6 invalid", "did main 6 failed boom",
                     "R9.29 6: invalid: k is not made yet"},
                    {"end part\ndid main 4 ok 3\n", "did main 4 ok 3\nend part\n",
                     "R9.18 4: what the value's task returned"},
                    {"end part\n", "", "R2.9 0: every task has ended"},
                    {"force main 4 part\n", "force main 4 part\nforce main 4 part#2\n",
                     "R9.20 4: task main waits: part still computes the value"},
                    {"did main 3 ok\n",
                     "did main 3 ok\nforce main 4 part#2\n"
                     "force main 4 part#3\nforce main 4 part#4\n",
                     "scenario.md 4: an operation has a line 'force' for each time, at most 2"}},
    };

    (void)state;
    tell(&story);
}

/* The children and resources of a part belong to the task that forces. */
static void a_part_is_of_its_task(void **state)
{
    static const struct story story = {
        .program = "shared r s o\n"
                   "task main\n"
                   "lazy l part\n"
                   "create r\n"
                   "own r\n"
                   "create s\n"
                   "orphans o\n"
                   "force l\n"
                   "get o\n"
                   "check s\n"
                   "disown s\n"
                   "task part\n"
                   "disown r\n"
                   "async five orphans=o\n"
                   "own s\n"
                   "return 3\n"
                   "task five\n"
                   "return 5\n",
        .trace = "begin main 0\ndid main 3 ok\ndid main 4 ok\ndid main 5 ok\ndid main 6 ok\n"
                 "did main 7 ok\nforce main 8 part\nbegin part 0\ndid part 13 ok\n"
                 "spawn part 14 five\ndid part 14 ok\ndid part 15 ok\nend part\n"
                 "did main 8 ok 3\nbegin five 0\nend five\ndid main 9 ok 5\ndid main 10 ok\n"
                 "did main 11 ok\nend main\nrun ok\n",
        .changes = {{"did part 13 ok", "did part 13 not-owner", "R5.8 13: ok: task main owns r"},
                    {"did part 14 ok", "did part 14 invalid", "R2.16 14: 'async five' was refused"},
                    {"did main 9 ok 5", "did main 9 empty", "R3.19 9: not empty: 1 in the"},
                    {"did main 9 ok 5", "did main 9 empty",
                     "R2.1 0: still-has-children: task main returned"},
                    {"did main 10 ok", "did main 10 not-owner", "R5.1 10: ok: task main owns s"},
                    {"did main 11 ok", "did main 11 not-owner",
                     "R5.4 0: resource-leaked: task main"},
                    {"begin five 0", "begin five 1", "R4.2 14: async keeps to its parent's"},
                    {"begin five 0\nend five\ndid main 9 ok 5\ndid main 10 ok\ndid main 11 ok\n",
                     "", "scenario.md 9: task main ends at the end of its program"}},
    };

    (void)state;
    tell(&story);
}

/* A part is an instance of its own, whose names are not those of its task. */
/* What is protected is a part of the task, and what is refused there tells nothing. */
static void what_is_protected_is_of_its_task(void **state)
{
    static const struct story story = {
        .wrong = "R8.14 0",
        .program = "shared r p\n"
                   "task main\n"
                   "create r\n"
                   "own r\n"
                   "p = async child\n"
                   "cancel p\n"
                   "protect first last on\n"
                   "await p\n"
                   "task first\n"
                   "check r\n"
                   "lazy l last\n"
                   "force l\n"
                   "task last\n"
                   "yield\n"
                   "task on\n"
                   "release r\n"
                   "await p\n"
                   "task child\n"
                   "yield\n",
        .trace = "begin main 0\ndid main 3 ok\ndid main 4 ok\nspawn main 5 child\ndid main 5 ok\n"
                 "did main 6 ok\nforce main 7 first\nbegin first 0\ndid first 10 ok\n"
                 "did first 11 ok\nforce first 12 last\nbegin last 0\ndid last 14 ok\nend last\n"
                 "did first 12 ok\nend first\n"
                 "force main 7 last#2\nbegin last#2 0\ndid last#2 14 ok\nend last#2\n"
                 "force main 7 on\nbegin on 0\ndid on 16 in-finaliser\ndid on 17 in-finaliser\n"
                 "end on\ndid main 7 ok\ndid main 8 cancelled\nend main\nfinalise main r 0\n"
                 "run resource-leaked\n",
        .changes = {{"did first 10 ok", "did first 10 not-owner", "R5.1 10: ok: task main owns r"},
                    {"begin last#2 0", "begin last#2 1",
                     "R8.14 7: what is protected is executed by"},
                    {"force main 7 last#2", "force main 7 last#3\nforce main 7 last#2",
                     "scenario.md 7"},
                    {"did on 17 in-finaliser", "did on 17 not-a-child", "R2.4 17: no error"}},
    };

    (void)state;
    tell(&story);
}

/* What expires is under a deadline that can pass, and no sleep outlasts one. */
static void deadlines_hold_for_what_is_below_them(void **state)
{
    static const struct story story = {
        .program = "shared m p\n"
                   "task main\n"
                   "mutex m\n"
                   "deadline 5 outer\n"
                   "deadline longest patient\n"
                   "await p\n"
                   "task outer\n"
                   "deadline 10 inner\n"
                   "sleep 200000 => expired | ok\n"
                   "sleep 5\n"
                   "task inner\n"
                   "p = async child\n"
                   "await p\n"
                   "lock m\n"
                   "deadline 0 now\n"
                   "task patient\n"
                   "sleep 7 => ok | expired\n"
                   "task child\n"
                   "sleep 8 => ok | expired\n"
                   "task now\n"
                   "sleep 1 => ok | expired\n",
        .trace = "begin main 0\ndid main 3 ok\nforce main 4 outer\nbegin outer 0\n"
                 "force outer 8 inner\nbegin inner 0\nspawn inner 12 child\ndid inner 12 ok\n"
                 "begin child 0\ndid inner 13 expired\ndid inner 14 expired\n"
                 "force inner 15 now\nbegin now 0\ndid now 21 expired\nend now\n"
                 "did inner 15 ok\nend inner\n"
                 "did outer 8 ok\ndid outer 9 expired\ndid outer 10 ok\nend outer\n"
                 "did main 4 ok\nforce main 5 patient\nbegin patient 0\n"
                 "did patient 17 ok\nend patient\ndid main 5 ok\n"
                 "did child 19 ok\nend child\ndid main 6 ok\nend main\nrun ok\n",
        .changes = {{"did child 19 ok", "did child 19 expired",
                     "R14.1 19: not expired: the task is under no deadline"},
                    {"did main 6 ok\n", "did main 6 expired\n", "R14.1 6: not expired"},
                    {"did patient 17 ok", "did patient 17 expired",
                     "R14.1 17: not expired: no deadline has passed"},
                    {"did outer 9 expired", "did outer 9 ok",
                     "R14.1 9: expired: the task is under a deadline of 5 ms"},
                    {"force inner 15 now\nbegin now 0\ndid now 21 expired",
                     "force inner 15 now\nbegin now 0\ndid now 21 ok",
                     "R14.2 21: expired: the task is under a deadline of 0 ms"},
                    {"begin inner 0", "begin inner 1",
                     "R14.1 8: what is under a deadline is executed by the task itself"}},
    };

    (void)state;
    tell(&story);
}

/* What blocks is on no domain, and is refused the calls of tasks. */
static void what_blocks_is_no_task(void **state)
{
    static const struct story story = {
        .program = "task main\n"
                   "p = async other\n"
                   "blocking waits\n"
                   "await p\n"
                   "task waits\n"
                   "yield => not-running\n"
                   "print here\n"
                   "task other\n"
                   "yield\n",
        .trace = "begin main 0\nspawn main 2 other\ndid main 2 ok\nforce main 3 waits\n"
                 "begin waits ?\nbegin other 0\ndid waits 6 not-running\ndid other 9 ok\n"
                 "print waits here\ndid waits 7 ok\nend waits\nend other\ndid main 3 ok\n"
                 "did main 4 ok\nend main\nrun ok\n",
        .changes = {{"force main 3 waits", "force main 3 waits#2\nforce main 3 waits",
                     "scenario.md 3"}},
    };

    (void)state;
    tell(&story);
}

/* A handler is a task on domain 0 that the run may cancel, and nobody's child. */
static void a_handler_is_a_task(void **state)
{
    static const struct story story = {
        .program = "task main\n"
                   "handle usr1 handler\n"
                   "raise usr1\n"
                   "yield\n"
                   "task handler\n"
                   "create r\n"
                   "own r\n"
                   "p = async child\n"
                   "await p\n"
                   "task child\n"
                   "yield\n",
        .trace = "begin main 0\ndid main 2 ok\ndid main 3 ok\ncallback main 2 handler\n"
                 "begin handler 0\ndid handler 6 ok\ndid handler 7 ok\nspawn handler 8 child\n"
                 "did handler 8 ok\nbegin child 0\ndid main 4 ok\nend main\n"
                 "did child 11 stopped\nend child\ndid handler 9 stopped\nend handler\n"
                 "finalise handler r 0\nrun ok\n",
        .changes = {{"begin handler 0", "begin handler 1", "R12.1 2: a handler runs on domain 0"},
                    {"begin child 0", "begin child 1", "R4.2 8: async keeps to its parent's"},
                    {"end handler\n", "", "R2.9 0: every task has ended"},
                    {"finalise handler r 0\n", "", "R5.7 0"},
                    {"did main 3 ok\ncallback main 2 handler\nbegin handler 0\n",
                     "callback main 2 handler\nbegin handler 0\ndid main 3 ok\n", "R1.10 0"},
                    {"run ok", "run resource-leaked", "R5.4 0: not resource-leaked"}},
    };

    (void)state;
    tell(&story);
}

/* Outside the run, in finalisers and in actions the rules for tasks do not hold; the rules for the
 * run hold all the same. */
static void what_is_no_task_is_left_alone(void **state)
{
    static const struct story story = {
        .program = "outside before\n"
                   "shared m r\n"
                   "task before\n"
                   "available\n"
                   "run inner\n"
                   "task inner\n"
                   "return 3\n"
                   "task main\n"
                   "mutex m\n"
                   "create r fin\n"
                   "own r\n"
                   "lock m\n"
                   "trigger t\n"
                   "on-signal t act\n"
                   "signal-trigger t\n"
                   "release r\n"
                   "task fin\n"
                   "unlock m\n"
                   "own r\n"
                   "task act\n"
                   "yield => in-finaliser\n",
        .trace = "outside before\nbegin before ?\ndid before 4 not-running\n"
                 "spawn before 5 inner\nbegin inner 0\nend inner\ndid before 5 ok 3\n"
                 "end before\nbegin main 0\ndid main 9 ok\ndid main 10 ok\ndid main 11 ok\n"
                 "did main 12 ok\ndid main 13 ok\ndid main 14 ok\ncallback main 14 act\n"
                 "begin act 0\ndid act 21 in-finaliser\nend act\ndid main 15 ok\n"
                 "finalise main r 0\ncallback main 10 fin\nbegin fin 0\ndid fin 18 ok\n"
                 "did fin 19 in-finaliser\nend fin\ndid main 16 ok\nend main\nrun ok\n",
        .changes = {{"begin main 0", "begin main 1", "R4.1 0: the main task runs on domain 0"},
                    {"begin inner 0", "begin inner 1", "R4.1 5: the main task runs on domain 0"},
                    {"did main 16 ok", "did main 16 not-owner", "R5.9 16: ok: task main owns r"},
                    {"end inner\n", "", "R2.9 0: every task has ended"},
                    {"end fin\n", "end fin\nfinalise main r 0\n", "R5.9 0: release of r calls"}},
    };

    (void)state;
    tell(&story);
}

/* A descriptor is closed once, and carries bytes in their order. */
static void descriptors_end_once(void **state)
{
    static const struct story story = {
        .program = "shared b\n"
                   "task main\n"
                   "socket l tcp4\n"
                   "listen l\n"
                   "socket a tcp4\n"
                   "connect a l\n"
                   "accept b l\n"
                   "write a 3\n"
                   "read b 10\n"
                   "p = call other\n"
                   "close b\n"
                   "read b 1\n"
                   "await p\n"
                   "read-exactly a 1\n"
                   "receive a 1\n"
                   "task other\n"
                   "close b\n"
                   "resource r b\n",
        .trace = "begin main 0\ndid main 3 ok\nport main 4 4711\ndid main 4 ok\ndid main 5 ok\n"
                 "did main 6 ok\ndid main 7 ok\ndid main 8 ok 3\ndid main 9 ok 3\n"
                 "spawn main 10 other\ndid main 10 ok\nbegin other 1\ndid main 11 ok\n"
                 "did other 17 bad-descriptor\ndid other 18 empty\nend other\n"
                 "did main 12 bad-descriptor\ndid main 13 ok\ndid main 14 end-of-file\n"
                 "did main 15 ok\nend main\nrun ok\n",
        .changes = {{"did main 9 ok 3", "did main 9 garbled", "R6.4 9: the bytes that were sent"},
                    {"did main 14 end-of-file", "did main 14 garbled", "R6.34 14: the bytes"},
                    {"did main 15 ok", "did main 15 garbled", "R6.36 15: the bytes"},
                    {"other 17 bad-descriptor", "other 17 ok", "R6.38 17: bad-descriptor"},
                    {"main 12 bad-descriptor", "main 12 ok 1",
                     "R6.8 12: bad-descriptor: it is closed by 'did main 11 ok'"},
                    {"other 18 empty", "other 18 ok", "R6.8 18: bad-descriptor"},
                    {"port main 4 4711\n", "port main 5 4711\n", "no task listens on that line"},
                    {"port main 4 4711\n", "port main 4 0\n", "not a port"}},
    };

    (void)state;
    tell(&story);
}

/* What a descriptor's resource is worth is not known: it may leak, and be given and transferred. */
static void descriptors_are_owned(void **state)
{
    static const struct story story = {
        .program = "shared r\n"
                   "task main\n"
                   "socket c tcp4 owned\n"
                   "resource r c\n"
                   "p = call child give=r\n"
                   "await p\n"
                   "check r\n"
                   "task child\n"
                   "check r\n"
                   "transfer r\n",
        .trace = "begin main 0\ndid main 3 ok\ndid main 4 ok\nspawn main 5 child\ndid main 5 ok\n"
                 "begin child 1\ndid child 9 ok\ndid child 10 ok\nend child\ndid main 6 ok\n"
                 "did main 7 ok\nend main\nrun resource-leaked\n",
        .changes = {{"begin child 1", "begin child 0", "R4.3 5: domain 0 takes no task"}},
    };

    (void)state;
    tell(&story);
}

static void a_part_has_names_of_its_own(void **state)
{
    static const struct story story = {
        .program = "task main\n"
                   "p = async five\n"
                   "lazy l part\n"
                   "force l\n"
                   "await p\n"
                   "task part\n"
                   "p = async six\n"
                   "await p\n"
                   "task five\n"
                   "return 5\n"
                   "task six\n"
                   "return 6\n",
        .trace = "begin main 0\nspawn main 2 five\ndid main 2 ok\ndid main 3 ok\n"
                 "force main 4 part\nbegin part 0\nspawn part 7 six\ndid part 7 ok\n"
                 "begin five 0\nend five\nbegin six 0\nend six\ndid part 8 ok 6\nend part\n"
                 "did main 4 ok\ndid main 5 ok 5\nend main\nrun ok\n",
        .changes = {{"did main 5 ok 5", "did main 5 ok 6", "R2.4 5: ok 5, as task five ended"},
                    {"did part 8 ok 6", "did part 8 ok 5", "R2.4 8: ok 6, as task six ended"}},
    };

    (void)state;
    tell(&story);
}

/* Each instance makes all its things under the same names as another. */
static void each_instance_has_things_of_its_own(void **state)
{
    static const struct story story = {
        .program = "task main\n"
                   "p = repeat 2 async child\n"
                   "await p\n"
                   "task child\n"
                   "orphans o\n"
                   "async leaf orphans=o\n"
                   "mutex m\n"
                   "lock m\n"
                   "trigger t\n"
                   "signal-trigger t\n"
                   "computation x\n"
                   "complete x 1\n"
                   "lazy l part\n"
                   "yield\n"
                   "length o\n"
                   "try-lock m\n"
                   "await-trigger t\n"
                   "peek x\n"
                   "force l\n"
                   "get o\n"
                   "unlock m\n"
                   "try-lock m\n"
                   "unlock m\n"
                   "free-mutex m\n"
                   "lock m\n"
                   "task leaf\n"
                   "task part\n"
                   "return 2\n",
#define FIRST(child, leaf)                                                                         \
    "begin " child " 0\ndid " child " 5 ok\nspawn " child " 6 " leaf "\ndid " child " 6 ok\n"      \
    "did " child " 7 ok\ndid " child " 8 ok\ndid " child " 9 ok\ndid " child " 10 ok\n"            \
    "did " child " 11 ok\ndid " child " 12 ok\ndid " child " 13 ok\n"
#define THEN(child, leaf, part)                                                                    \
    "begin " leaf " 0\nend " leaf "\ndid " child " 14 ok\ndid " child " 15 ok 1\n"                 \
    "did " child " 16 busy\ndid " child " 17 ok\ndid " child " 18 ok 1\n"                          \
    "force " child " 19 " part "\nbegin " part " 0\nend " part "\ndid " child " 19 ok 2\n"         \
    "did " child " 20 ok\ndid " child " 21 ok\ndid " child " 22 ok\ndid " child " 23 ok\n"         \
    "did " child " 24 ok\ndid " child " 25 invalid\nend " child "\n"
        .trace = "begin main 0\nspawn main 2 child\nspawn main 2 child#2\ndid main 2 ok\n" FIRST(
            "child", "leaf") FIRST("child#2", "leaf#2") THEN("child", "leaf", "part")
            THEN("child#2", "leaf#2", "part#2") "did main 3 ok\nend main\nrun ok\n",
        .changes = {{"did child#2 12 ok", "did child#2 12 already", "R9.25 12: ok: the"},
                    {"did child#2 15 ok 1", "did child#2 15 ok 2", "R3.21 15: 1 in the orphanage"},
                    {"did child#2 16 busy", "did child#2 16 ok", "R9.5 16: busy: the task holds"},
                    {"did child#2 17 ok", "did child#2 17 busy", "R9.22 17: ok: the trigger has"},
                    {"did child#2 18 ok 1", "did child#2 18 ok 2", "R9.25 18: ok 1, with which"},
                    {"did child#2 18 ok 1", "did child#2 18 running", "R9.25 18: not running"},
                    {"did child#2 19 ok 2", "did child#2 19 ok 3", "R9.18 19: what the value's"},
                    {"did child#2 20 ok", "did child#2 20 empty", "R3.19 20: not empty: 1 in"},
                    {"did child#2 21 ok", "did child#2 21 not-permitted", "R9.4 21: ok: the task"},
                    {"did child#2 22 ok\ndid child#2 23 ok",
                     "did child#2 22 busy\ndid child#2 23 not-permitted",
                     "R9.5 22: ok: no task holds the mutex"},
                    {"did child#2 25 invalid", "did child#2 25 ok", "R9.29 25: invalid: m has"}},
    };

    (void)state;
    tell(&story);
}

/* If a task is cancelled while it computes a value, another computes it from the beginning. */
static void the_cancelled_leave_it_to_others(void **state)
{
    static const struct story story = {
        .program = "shared l\ntask main\n"
                   "lazy l part\n"
                   "p = async child\n"
                   "q = async child\n"
                   "yield\n"
                   "cancel p\n"
                   "await q\n"
                   "task child\n"
                   "force l\n"
                   "task part\n"
                   "yield\n"
                   "return 3\n",
        .trace = "begin main 0\ndid main 3 ok\nspawn main 4 child\ndid main 4 ok\n"
                 "spawn main 5 child#2\ndid main 5 ok\nbegin child 0\nforce child 10 part\n"
                 "begin part 0\nbegin child#2 0\ndid main 6 ok\ndid part 12 stopped\nend part\n"
                 "did child 10 stopped\nend child\nforce child#2 10 part#2\nbegin part#2 0\n"
                 "did main 7 ok\ndid part#2 12 ok\nend part#2\ndid child#2 10 ok 3\nend child#2\n"
                 "did main 8 ok\nend main\nrun ok\n",
        .changes = {{"did child 10 stopped", "did child 10 ok", "R9.18 10: what the value's task"},
                    {"did child#2 10 ok 3", "did child#2 10 ok", "R9.18 10: what the value's task"},
                    {"did child#2 10 ok 3", "did child#2 10 undefined", "R9.19 10: not undefined"},
                    {"did part 12 stopped\nend part\ndid child 10 stopped\nend child\n"
                     "force child#2 10 part#2\nbegin part#2 0\n",
                     "force child#2 10 part#2\nbegin part#2 0\ndid part 12 stopped\nend part\n"
                     "did child 10 stopped\nend child\n",
                     "R9.20 10: task child#2 waits: part still computes the value"}},
    };

    (void)state;
    tell(&story);
}

/* The next turn of a wait lets go of the mutex that one turn got: both have one event. */
static void turns_hold_a_mutex_for_a_moment(void **state)
{
    static const struct story story = {
        .program =
            "domains 0\nshared m c\ntask main\nmutex m\ncondition c\np = async a\nq = async b\n"
            "await p\nawait q\ntask a\nlock m\nrepeat 2 wait c m\n"
            "task b\nlock m\nsignal c\nunlock m\nyield\nlock m\n",
        .trace = "begin main 0\ndid main 4 ok\ndid main 5 ok\nspawn main 6 a\ndid main 6 ok\n"
                 "spawn main 7 b\ndid main 7 ok\nbegin a 0\ndid a 11 ok\nbegin b 0\n"
                 "did b 14 ok\ndid b 15 ok\ndid b 16 ok\ndid b 17 ok\ndid b 18 ok\nend b\n"
                 "did main 8 stopped\nend main\ndid a 12 ok, stopped\nend a\nrun deadlock\n",
        .changes = {{"did a 12 ok, stopped", "did a 12 ok", "R9.1 12: task a does not hold"}},
    };

    (void)state;
    tell(&story);
}

/* ---- What tasks share ---- */

/* Lines of two domains may stand in either order, whichever came first: a line that is only late
 * breaks no rule. */
static void mutexes_exclude(void **state)
{
    static const struct story story = {
        .program = "domains 1\nshared m\n"
                   "task main\n"
                   "mutex m\n"
                   "p = call child\n"
                   "lock m\n"
                   "print a\n"
                   "unlock m\n"
                   "await p\n"
                   "task child\n"
                   "lock m\n"
                   "print b\n"
                   "unlock m\n",
        .trace = "begin main 0\ndid main 4 ok\nspawn main 5 child\ndid main 5 ok\nbegin child 1\n"
                 "did main 6 ok\nprint main a\ndid main 7 ok\ndid child 11 ok\ndid main 8 ok\n"
                 "print child b\ndid child 12 ok\ndid child 13 ok\nend child\ndid main 9 ok\n"
                 "end main\nrun ok\n",
        .changes = {{"did main 7 ok\ndid child 11 ok\n", "did child 11 ok\ndid main 7 ok\n",
                     "R9.1 11: task child does not hold the mutex while task main does, since 'did "
                     "main 6 ok' (line 7 of the trace) / 'did child 11 ok'"},
                    {"did main 6 ok\nprint main a\ndid main 7 ok\ndid child 11 ok\n",
                     "did child 11 ok\ndid main 6 ok\nprint main a\ndid main 7 ok\n", "R9.1 6"},
                    {"did main 8 ok", "did main 8 not-permitted", "R9.4 8: ok: the task holds"},
                    {"did main 8 ok", "did main 8 not-permitted", "R9.1 11: task child does not"}},
    };

    (void)state;
    tell(&story);
}

static void a_mutex_knows_its_holder(void **state)
{
    static const struct story story = {
        .program = "task main\n"
                   "lock m\n"
                   "mutex m\n"
                   "unlock m\n"
                   "try-lock m\n"
                   "try-lock m\n"
                   "lock m\n"
                   "free-mutex m\n"
                   "repeat 2 unlock m\n"
                   "lock m\n"
                   "unlock m\n"
                   "free-mutex m\n"
                   "lock m\n",
        .trace = "begin main 0\ndid main 2 invalid\ndid main 3 ok\ndid main 4 not-permitted\n"
                 "did main 5 ok\ndid main 6 busy\ndid main 7 would-deadlock\ndid main 8 busy\n"
                 "did main 9 ok, not-permitted\ndid main 10 ok\ndid main 11 ok\ndid main 12 ok\n"
                 "did main 13 invalid\nend main\nrun ok\n",
        .changes = {{"did main 2 invalid", "did main 2 ok", "R9.29 2: invalid: m is not made yet"},
                    {"did main 4 not-permitted", "did main 4 ok", "R9.4 4: not-permitted"},
                    {"did main 6 busy", "did main 6 ok", "R9.5 6: busy: the task holds"},
                    {"did main 7 would-deadlock", "did main 7 ok", "R9.3 7: would-deadlock"},
                    {"did main 8 busy", "did main 8 ok", "R9.10 8: busy: a task holds the mutex"},
                    {"ok, not-permitted", "ok", "R9.4 9: not-permitted"},
                    {"ok, not-permitted", "not-permitted, ok", "R9.4 9: ok: the task holds"},
                    {"did main 10 ok", "did main 10 would-deadlock", "R9.3 10: not would-deadlock"},
                    {"did main 13 invalid", "did main 13 ok", "R9.29 13: invalid: m has been"}},
    };

    (void)state;
    tell(&story);
}

static void mutexes_are_taken_in_turn(void **state)
{
    static const struct story story = {
        .program = "shared m\ntask main\n"
                   "mutex m\n"
                   "lock m\n"
                   "p = repeat 2 async child\n"
                   "yield\n"
                   "unlock m\n"
                   "await p\n"
                   "try-lock m\n"
                   "task child\n"
                   "lock m\n"
                   "unlock m\n",
        .trace = "begin main 0\ndid main 3 ok\ndid main 4 ok\nspawn main 5 child\n"
                 "spawn main 5 child#2\ndid main 5 ok\nbegin child 0\nbegin child#2 0\n"
                 "did main 6 ok\ndid main 7 ok\ndid child 11 ok\ndid child 12 ok\nend child\n"
                 "did child#2 11 ok\ndid child#2 12 ok\nend child#2\ndid main 8 ok\n"
                 "did main 9 ok\nend main\nrun ok\n",
        .changes = {{"did child 11 ok\ndid child 12 ok\nend child\ndid child#2 11 ok\n"
                     "did child#2 12 ok\nend child#2\n",
                     "did child#2 11 ok\ndid child#2 12 ok\nend child#2\ndid child 11 ok\n"
                     "did child 12 ok\nend child\n",
                     "R9.2 11: before the lock that began on this domain after 'begin child#2 0'"},
                    {"did main 9 ok", "did main 9 busy", "R9.5 9: ok: no task holds the mutex"}},
    };

    (void)state;
    tell(&story);
}

/* A task that waits for a condition does not hold the mutex meanwhile, but does after the wait. */
static void conditions_give_up_the_mutex(void **state)
{
    static const struct story story = {
        .program = "shared m c\ntask main\n"
                   "mutex m\n"
                   "condition c\n"
                   "wait c m\n"
                   "p = async child\n"
                   "lock m\n"
                   "wait c m\n"
                   "unlock m\n"
                   "await p\n"
                   "free-condition c\n"
                   "signal c\n"
                   "task child\n"
                   "lock m\n"
                   "signal c\n"
                   "unlock m\n",
        .trace = "begin main 0\ndid main 3 ok\ndid main 4 ok\ndid main 5 not-permitted\n"
                 "spawn main 6 child\ndid main 6 ok\ndid main 7 ok\nbegin child 0\n"
                 "did child 14 ok\ndid child 15 ok\ndid child 16 ok\nend child\ndid main 8 ok\n"
                 "did main 9 ok\ndid main 10 ok\ndid main 11 ok\ndid main 12 invalid\nend main\n"
                 "run ok\n",
        .changes = {{"did main 5 not-permitted", "did main 5 ok", "R9.14 5: not-permitted"},
                    {"did main 8 ok", "did main 8 not-permitted", "R9.14 8: not not-permitted"},
                    {"did child 15 ok\ndid child 16 ok\nend child\ndid main 8 ok\n",
                     "did main 8 ok\ndid child 15 ok\ndid child 16 ok\nend child\n",
                     "R9.1 8: task main does not hold the mutex while task child does"},
                    {"did main 8 ok", "did main 8 busy", "R9.4 9: not-permitted: the task does"},
                    {"did main 12 invalid", "did main 12 ok", "R9.29 12: invalid: c has been"}},
    };

    (void)state;
    tell(&story);
}

static void triggers_happen_once(void **state)
{
    static const struct story story = {
        .program = "shared t\ntask main\n"
                   "trigger t\n"
                   "p = async child\n"
                   "yield\n"
                   "await-trigger t\n"
                   "signal-trigger t\n"
                   "await p\n"
                   "repeat 2 await-trigger t\n"
                   "task child\n"
                   "await-trigger t\n",
        .trace = "begin main 0\ndid main 3 ok\nspawn main 4 child\ndid main 4 ok\nbegin child 0\n"
                 "did main 5 ok\ndid main 6 busy\ndid main 7 ok\ndid child 11 ok\nend child\n"
                 "did main 8 ok\ndid main 9 ok\nend main\nrun ok\n",
        .changes = {{"did main 7 ok\ndid child 11 ok\nend child\n",
                     "did child 11 ok\nend child\ndid main 7 ok\n", ""},
                    {"did main 6 busy", "did main 6 ok", "R9.22 6: nothing yet: no task has"},
                    {"did main 9 ok", "did main 9 busy", "R9.22 9: ok: the trigger has been"},
                    {"begin child 0\ndid main 5 ok\ndid main 6 busy\n",
                     "did main 5 ok\ndid main 6 busy\nbegin child 0\n",
                     "R9.23 6: not busy: no other task awaits the trigger"}},
    };

    (void)state;
    tell(&story);
}

static void computations_are_completed_once(void **state)
{
    static const struct story story = {
        .program = "shared x\ntask main\n"
                   "computation x\n"
                   "trigger t\n"
                   "peek x\n"
                   "attach x t\n"
                   "p = async child\n"
                   "yield\n"
                   "complete x boom\n"
                   "repeat 2 complete x 4\n"
                   "peek x\n"
                   "trigger u\n"
                   "attach x u\n"
                   "await p\n"
                   "await-trigger t\n"
                   "task child\n"
                   "await-computation x\n",
        .trace = "begin main 0\ndid main 3 ok\ndid main 4 ok\ndid main 5 running\ndid main 6 ok\n"
                 "spawn main 7 child\ndid main 7 ok\nbegin child 0\ndid main 8 ok\ndid main 9 ok\n"
                 "did main 10 already\ndid main 11 failed boom\ndid main 12 ok\n"
                 "did main 13 already\ndid child 17 failed boom\nend child\ndid main 14 ok\n"
                 "did main 15 ok\nend main\nrun ok\n",
        .changes = {{"did main 5 running", "did main 5 failed boom",
                     "R9.25 5: no outcome: the computation is not complete"},
                    {"did main 9 ok", "did main 9 already", "R9.25 9: ok: the computation is not"},
                    {"did main 10 already", "did main 10 already, ok",
                     "R9.25 10: already: the computation has been completed"},
                    {"did main 11 failed boom", "did main 11 ok 4", "R9.25 11: failed boom, with"},
                    {"did main 11 failed boom", "did main 11 running", "R9.25 11: not running"},
                    {"did main 13 already", "did main 13 ok", "R9.27 13: already: the"},
                    {"did child 17 failed boom", "did child 17 ok 4", "R9.25 17: failed boom"},
                    {"did main 8 ok\ndid main 9 ok\ndid main 10 already\ndid main 11 failed boom\n"
                     "did main 12 ok\ndid main 13 already\ndid child 17 failed boom\nend child\n",
                     "did child 17 failed boom\nend child\ndid main 8 ok\ndid main 9 ok\n"
                     "did main 10 already\ndid main 11 failed boom\ndid main 12 ok\n"
                     "did main 13 already\n",
                     "R9.25 17: no outcome"}},
    };

    (void)state;
    tell(&story);
}

/* If a name is made twice, it is not known which object an operation means. */
static void what_is_made_twice_is_not_judged(void **state)
{
    static const struct story story = {
        .wrong = "R9.1 7",
        .program = "task main\n"
                   "repeat 2 mutex m\n"
                   "repeat 2 computation x\n"
                   "repeat 2 lazy l part\n"
                   "repeat 2 trigger t\n"
                   "lock m\n"
                   "lock m\n"
                   "complete x 1\n"
                   "peek x\n"
                   "force l\n"
                   "force l\n"
                   "await-trigger t\n"
                   "task part\n",
        .trace = "begin main 0\ndid main 2 ok\ndid main 3 ok\ndid main 4 ok\ndid main 5 ok\n"
                 "did main 6 ok\ndid main 7 ok\ndid main 8 ok\ndid main 9 running\n"
                 "force main 10 part\nbegin part 0\nend part\ndid main 10 ok\n"
                 "force main 11 part#2\nbegin part#2 0\nend part#2\ndid main 11 ok\n"
                 "did main 12 ok\nend main\nrun ok\n",
        .changes = {{"did main 2 ok", "did main 2 ok, no-memory", "R9.3 7: would-deadlock"}},
    };

    (void)state;
    tell(&story);
}

/* ---- Time, and the end of all hope ---- */

static void sleeps_are_over_in_order(void **state)
{
    static const struct story story = {
        .wrong = "R1.21 0",
        .program = "domains 1\n"
                   "task main\n"
                   "p = async long\n"
                   "q = async short\n"
                   "r = call short\n"
                   "s = async short\n"
                   "await-all p q r s\n"
                   "task long\n"
                   "sleep 20\n"
                   "task short\n"
                   "sleep 10\n",
        .trace = "begin main 0\nspawn main 3 long\ndid main 3 ok\nspawn main 4 short\n"
                 "did main 4 ok\nspawn main 5 short#2\ndid main 5 ok\nspawn main 6 short#3\n"
                 "did main 6 ok\nbegin short 0\nbegin long 0\nbegin short#2 1\nbegin short#3 0\n"
                 "did short 11 ok\nend short\ndid short#3 11 ok\nend short#3\ndid long 9 ok\n"
                 "end long\ndid short#2 11 ok\nend short#2\ndid main 7 ok\nend main\nrun ok\n",
        .changes = {{"did short 11 ok\nend short\ndid short#3 11 ok\nend short#3\ndid long 9 ok\n",
                     "did long 9 ok\ndid short 11 ok\nend short\ndid short#3 11 ok\nend short#3\n",
                     "R10.2 9: a sleep of 10 ms that began after 'begin short 0' (line 11 of the "
                     "trace), on the same domain, is over first / 'did long 9 ok'"},
                    {"did short 11 ok\nend short\ndid short#3 11 ok\nend short#3\n",
                     "did short#3 11 ok\nend short#3\ndid short 11 ok\nend short\n",
                     "R10.2 11: a sleep of 10 ms that began after 'begin short 0'"}},
    };

    (void)state;
    tell(&story);
}

/* Of two sleeps of zero, one may go on at once, and the other when it is its turn [R10.3]. */
static void no_sleep_need_not_wait(void **state)
{
    static const struct story story = {
        .program = "task main\n"
                   "p = async a\n"
                   "q = async b\n"
                   "r = async c\n"
                   "await-all p q r\n"
                   "task a\n"
                   "sleep 0\n"
                   "task b\n"
                   "sleep 0\n"
                   "task c\n"
                   "sleep 1\n",
        .trace = "begin main 0\nspawn main 2 a\ndid main 2 ok\nspawn main 3 b\n"
                 "did main 3 ok\nspawn main 4 c\ndid main 4 ok\nbegin a 0\nbegin b 0\n"
                 "did b 9 ok\nend b\nbegin c 0\ndid a 7 ok\nend a\ndid c 11 ok\nend c\n"
                 "did main 5 ok\nend main\nrun ok\n",
        .changes = {{"did a 7 ok\nend a\ndid c 11 ok\nend c\n",
                     "did c 11 ok\nend c\ndid a 7 ok\nend a\n",
                     "R10.2 11: a sleep of 0 ms that began after 'begin a 0'"}},
    };

    (void)state;
    tell(&story);
}

static void a_deadlock_is_one(void **state)
{
    static const struct story story = {
        .program = "shared m\ntask main\n"
                   "mutex m\n"
                   "lock m\n"
                   "p = async child\n"
                   "q = async other\n"
                   "await p\n"
                   "task child\n"
                   "lock m\n"
                   "task other\n"
                   "yield\n"
                   "return 3\n",
        .trace = "begin main 0\ndid main 3 ok\ndid main 4 ok\nspawn main 5 child\ndid main 5 ok\n"
                 "spawn main 6 other\ndid main 6 ok\nbegin child 0\nbegin other 0\n"
                 "did other 11 ok\nend other\ndid main 7 stopped\nend main\ndid child 9 stopped\n"
                 "end child\nrun deadlock\n",
        .changes = {{"did other 11 ok\nend other\ndid main 7 stopped\nend main\n",
                     "did main 7 stopped\nend main\ndid other 11 stopped\nend other\n",
                     "R13.3 11: no deadlock: task other waited for no other"},
                    {"run deadlock", "run ok", "R2.14 0: task main is not stopped"},
                    {"begin child 0\nbegin other 0\n", "begin child 0\n",
                     "scenario.md 0: task other does nothing before it begins"}},
    };

    (void)state;
    tell(&story);
}

/* ---- Steered runs ---- */

static void an_answer_out_of_range_ends_the_run(void **state)
{
    static const struct story story = {
        .program = "schedule 0 beyond\n"
                   "task main\n"
                   "p = async child\n"
                   "yield => ok | stopped\n"
                   "task child\n"
                   "yield\n",
        .trace = "chose 0 2\nbegin main 0\nspawn main 3 child\ndid main 3 ok\nchose 3 3\n"
                 "did main 4 stopped\nend main\nrun invalid\n",
        .changes = {{"chose 3 3\n", "chose 3 3\nchose 0 2\n",
                     "R13.7 0: no choice is asked for after an answer out of range / 1 more"},
                    {"run invalid", "run busy", "R13.7 0: the run ends with invalid"}},
    };

    (void)state;
    tell(&story);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_are_awaited),
        cmocka_unit_test(several_of_a_stranger_are_refused),
        cmocka_unit_test(one_is_awaited),
        cmocka_unit_test(a_value_is_taken_before_a_failure),
        cmocka_unit_test(the_first_is_awaited_and_others_cancelled),
        cmocka_unit_test(states_are_true),
        cmocka_unit_test(orphans_are_taken_and_counted),
        cmocka_unit_test(what_get_took_is_settled),
        cmocka_unit_test(an_orphanage_is_its_makers),
        cmocka_unit_test(lazy_values_are_computed_once),
        cmocka_unit_test(a_part_is_of_its_task),
        cmocka_unit_test(what_is_protected_is_of_its_task),
        cmocka_unit_test(deadlines_hold_for_what_is_below_them),
        cmocka_unit_test(what_blocks_is_no_task),
        cmocka_unit_test(a_handler_is_a_task),
        cmocka_unit_test(what_is_no_task_is_left_alone),
        cmocka_unit_test(descriptors_end_once),
        cmocka_unit_test(descriptors_are_owned),
        cmocka_unit_test(a_part_has_names_of_its_own),
        cmocka_unit_test(each_instance_has_things_of_its_own),
        cmocka_unit_test(the_cancelled_leave_it_to_others),
        cmocka_unit_test(turns_hold_a_mutex_for_a_moment),
        cmocka_unit_test(mutexes_exclude),
        cmocka_unit_test(a_mutex_knows_its_holder),
        cmocka_unit_test(mutexes_are_taken_in_turn),
        cmocka_unit_test(conditions_give_up_the_mutex),
        cmocka_unit_test(triggers_happen_once),
        cmocka_unit_test(computations_are_completed_once),
        cmocka_unit_test(what_is_made_twice_is_not_judged),
        cmocka_unit_test(sleeps_are_over_in_order),
        cmocka_unit_test(no_sleep_need_not_wait),
        cmocka_unit_test(a_deadlock_is_one),
        cmocka_unit_test(an_answer_out_of_range_ends_the_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
