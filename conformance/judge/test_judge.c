/* Tests of the judge: its invariants of tasks, children, orphans and resources, by stories, and
 * what a scenario itself expects. */
#include "test_stories.h"

#include "alternatives.h"
#include "scenario/memory.h"

/* ---- Programs ---- */

static const struct story following = {
    .program = "task main\n"
               "p = async child\n"
               "await p\n"
               "return 3\n"
               "task child\n"
               "print hi\n"
               "return 5\n",
    .trace = "begin main 0\n"
             "spawn main 2 child\n"
             "did main 2 ok\n"
             "begin child 0\n"
             "print child hi\n"
             "did child 6 ok\n"
             "end child\n"
             "did main 3 ok 5\n"
             "end main\n"
             "run ok 3\n",
    .changes =
        {{"print child hi\n", "",
          "scenario.md 6: an operation has a line 'print' for each time, in all 1"},
         {"print child hi\n", "print child hi\nprint child hi\n",
          "scenario.md 6: an operation has a line 'print' for each time, in all 1"},
         {"did child 6 ok\n", "", "scenario.md 6: task child ends at the end"},
         {"did child 6 ok\n", "did child 6 ok\ndid child 6 ok\n",
          "scenario.md 6: task child does its operations one after the other, and that of line "
          "7 is next"},
         {"did child 6 ok\n", "did child 6 stopped\nprint child hi\n",
          "scenario.md 7: task child does nothing after its outcome stopped"},
         {"begin child 0\n", "", "scenario.md 0: task child does nothing before it begins"},
         {"begin child 0\n", "begin child 0\nbegin child 0\n",
          "scenario.md 0: task child begins once"},
         {"end child\n", "end child\nprint child hi\n",
          "scenario.md 0: task child does nothing after its end"},
         {"end child\n", "end child\nend child\n", "scenario.md 0: task child does nothing"},
         {"end child\n", "", "R2.9 0: every task has ended when the run has"},
         {"spawn main 2 child\n", "spawn main 2 child\nspawn main 2 child#2\n",
          "scenario.md 2: an operation has a line 'spawn' for each time, in all 1"},
         {"did main 2 ok\n", "", "scenario.md 3: task main does its operations"},
         {"did main 2 ok\n", "did main 3 ok\n",
          "scenario.md 3: task main does its operations one after the other, and that of line "
          "2 is next"},
         {"did main 3 ok 5\n", "", "scenario.md 3: task main ends at the end"}},
};

static void tasks_follow_their_programs(void **state)
{
    (void)state;
    tell(&following);
}

/* A stopped operation ends the program, and stopped ends a list. */
static void stopped_tasks_only_end(void **state)
{
    static const struct story story = {
        .wrong = "R2.14 6",
        .program = "task main\n"
                   "p = async child\n"
                   "yield\n"
                   "cancel p\n"
                   "task child\n"
                   "repeat 3 yield\n"
                   "print late\n",
        .trace = "begin main 0\nspawn main 2 child\ndid main 2 ok\nbegin child 0\ndid main 3 ok\n"
                 "did child 6 ok, stopped\nend child\ndid main 4 ok\nend main\nrun ok\n",
        .changes = {{"end child\n", "print child late\ndid child 7 ok\nend child\n",
                     "scenario.md 7: task child does nothing after its outcome stopped"},
                    {"ok, stopped", "ok, stopped, ok", "scenario.md 6: a list has an outcome for"},
                    {"ok, stopped", "ok, ok, ok, ok, stopped",
                     "scenario.md 6: a list has an outcome for each thing done"}},
    };

    (void)state;
    tell(&story);
}

static void outcomes_are_those_of_the_child(void **state)
{
    struct story story = following;
    const struct change changes[CHANGES] = {
        {"did main 3 ok 5", "did main 3 ok 6",
         "R2.4 3: ok 5, as task child ended / await had the outcome ok 6"},
        {"did main 3 ok 5", "did main 3 cancelled", "R2.4 3: how task child ended: no task"},
        {"did main 3 ok 5", "did main 3 not-a-child", "R2.4 3: no error"},
        {"did main 3 ok 5", "did main 3 invalid", "R2.4 3: no error"},
        {"end child\ndid main 3 ok 5\n", "did main 3 ok 5\nend child\n",
         "R2.9 3: task child ends before its await returns"},
        {"begin child 0\nprint child hi\ndid child 6 ok\nend child\n", "",
         "R2.9 3: task child ends before"},
        {"did main 3 ok 5\n", "did main 3 stopped\n", "R2.14 0: task main is not stopped"},
        {"run ok 3", "run ok 4", "R1.1 0: the run ends as main does, with ok 3 / ok 4"},
        {"run ok 3", "run busy", "R1.1 0: the run ends as main does"},
        {"run ok 3", "run still-has-children", "R2.1 0: not still-has-children"},
        {"run ok 3", "run resource-leaked", "R5.4 0: not resource-leaked"}};

    (void)state;
    memcpy(story.changes, changes, sizeof changes);
    tell(&story);
}

/* A child for which there is no stack fails without having begun. */
static void who_never_began_may_lack_memory(void **state)
{
    static const struct story story = {
        .program = "task main\n"
                   "p = async child\n"
                   "await p\n"
                   "await p\n"
                   "parallel child child\n"
                   "task child\n",
        .trace = "begin main 0\nspawn main 2 child\ndid main 2 ok\ndid main 3 no-memory\n"
                 "did main 4 no-memory\nspawn main 5 child#2\nspawn main 5 child#3\n"
                 "begin child#2 1\nend child#2\ndid main 5 ok, no-memory\nend main\nrun ok\n",
        .changes = {{"did main 3 no-memory", "did main 3 ok", "R2.9 3: task child ends before"},
                    {"did main 3 no-memory", "begin child 0\nend child\ndid main 3 no-memory",
                     "R2.4 3: ok, as task child ended / await had the outcome no-memory"},
                    {"ok, no-memory", "no-memory, no-memory", "R2.4 5: ok, as task child#2 ended"}},
    };

    (void)state;
    tell(&story);
}

static void failures_are_those_of_the_task(void **state)
{
    static const struct story story = {
        .program = "task main\n"
                   "p = async child\n"
                   "await p\n"
                   "fail bang\n"
                   "task child\n"
                   "fail boom\n",
        .trace = "begin main 0\nspawn main 2 child\ndid main 2 ok\nbegin child 0\nend child\n"
                 "did main 3 failed boom\nend main\nrun failed bang\n",
        .changes = {{"did main 3 failed boom", "did main 3 failed bang", "R2.4 3: failed boom"},
                    {"did main 3 failed boom", "did main 3 ok", "R2.4 3: failed boom"},
                    {"run failed bang", "run failed boom", "R1.2 0: the run ends as main does"},
                    {"run failed bang", "run ok", "R1.2 0: the run ends as main does"}},
    };
    static const struct story nothing = {.program = "task main\n",
                                         .trace = "begin main 0\nend main\nrun ok\n",
                                         .changes = {{"begin main 0\nend main\n", "\n",
                                                      "- 0: a driver that keeps to its protocol"}}};
    char findings[1024];

    (void)state;
    tell(&story);
    tell(&nothing);
    judge_text("task main\nexpect run ok\n", "run ok\n", findings, sizeof findings);
    assert_true(contains(findings, "R1.1 0: the main task begins"));
}

/* ---- Domains and turns ---- */

static void tasks_run_where_they_may(void **state)
{
    static const struct story story = {
        .program = "domains 2\n"
                   "task main\n"
                   "p = async child\n"
                   "q = call child\n"
                   "r = call other pin=2\n"
                   "parallel other other\n"
                   "await p\n"
                   "await q\n"
                   "await r\n"
                   "available\n"
                   "task child\n"
                   "task other\n",
        .trace = "begin main 0\n"
                 "spawn main 3 child\ndid main 3 ok\n"
                 "spawn main 4 child#2\nbegin child#2 1\ndid main 4 ok\n"
                 "spawn main 5 other\nbegin other 2\nend child#2\nend other\ndid main 5 ok\n"
                 "spawn main 6 other#2\nspawn main 6 other#3\nbegin other#2 1\nbegin other#3 2\n"
                 "end other#2\nbegin child 0\nend child\nend other#3\ndid main 6 ok, ok\n"
                 "did main 7 ok\ndid main 8 ok\ndid main 9 ok\n"
                 "did main 10 ok 2\nend main\nrun ok\n",
        .changes = {{"begin main 0", "begin main 1", "R4.1 0: the main task runs on domain 0"},
                    {"begin child 0", "begin child 1", "R4.2 3: async keeps to its parent's"},
                    {"begin child#2 1", "begin child#2 0", "R4.3 4: domain 0 takes no task"},
                    {"begin other#2 1", "begin other#2 0", "R4.12 6: domain 0 takes no task"},
                    {"begin other 2", "begin other 1", "R4.7 5: the task runs where it is pinned"},
                    {"begin child#2 1", "begin child#2 3", "R4.14 4: domains are numbered"},
                    {"begin child#2 1", "begin child#2 -22", "R4.14 4: domains are numbered"},
                    {"ok 2\nend main", "ok 3\nend main",
                     "R4.13 10: the number of domains beside domain 0 is 2"},
                    {"did main 6 ok, ok", "did main 6 no-domain-available",
                     "R4.5 6: one of the domains 1 to 2 can take the task"}},
    };
    /* Some runtimes know the domains of some tasks only. */
    static const struct story in_part = {
        .program = "domains 2\ntask main\np = async child\nawait p\nq = call child\nawait q\n"
                   "task child\n",
        .trace = "begin main ?\nspawn main 3 child\ndid main 3 ok\nbegin child 0\nend child\n"
                 "did main 4 ok\nspawn main 5 child#2\ndid main 5 ok\nbegin child#2 1\n"
                 "end child#2\ndid main 6 ok\nend main\nrun ok\n",
        .changes = {{"begin child#2 1", "begin child#2 0", "R4.3 5: domain 0 takes no task"}},
    };

    (void)state;
    tell(&story);
    tell(&in_part);
}

static void no_task_goes_where_there_is_nothing(void **state)
{
    static const struct story none = {
        .program = "domains 0\ntask main\np = call child => ok | no-domain-available\nawait p\n"
                   "task child\n",
        .trace = "begin main 0\nspawn main 3 child\ndid main 3 no-domain-available\n"
                 "did main 4 invalid\nend main\nrun ok\n",
        .changes = {{"no-domain-available\ndid main 4 invalid",
                     "ok\nbegin child 1\nend child\ndid main 4 ok",
                     "R4.5 3: without another domain"},
                    {"did main 4", "begin child 1\nend child\ndid main 4",
                     "R2.16 3: 'call child' was refused, and task child never begins"}},
    };
    static const struct story only = {
        .program = "domains 1\ntask main\np = call child\nawait p\n"
                   "task child\nq = call other => ok | no-domain-available\nawait q\ntask other\n",
        .trace = "begin main 0\nspawn main 3 child\ndid main 3 ok\nbegin child 1\n"
                 "spawn child 6 other\ndid child 6 no-domain-available\ndid child 7 invalid\n"
                 "end child\ndid main 4 ok\nend main\nrun ok\n",
        .changes = {{"no-domain-available\ndid child 7 invalid",
                     "ok\nbegin other 1\nend other\ndid child 7 ok",
                     "R4.4 6: the task goes to another"},
                    {"no-domain-available\ndid child 7 invalid",
                     "ok\nbegin other 1\nend other\ndid child 7 ok", "R4.6 6: the only domain"},
                    {"did main 3 ok\nbegin child 1\nspawn child 6 other\n"
                     "did child 6 no-domain-available\ndid child 7 invalid\nend child\n"
                     "did main 4 ok\n",
                     "did main 3 no-domain-available\ndid main 4 invalid\n",
                     "R4.5 3: domain 1 can take"}},
    };
    static const struct story pinned = {
        .program = "domains 2\ntask main\np = call child pin=3 => ok | invalid\nawait p\n"
                   "q = call child pin=self => ok | invalid\nawait q\ntask child\n",
        .trace = "begin main 0\nspawn main 3 child\ndid main 3 invalid\ndid main 4 invalid\n"
                 "spawn main 5 child#2\ndid main 5 invalid\ndid main 6 invalid\nend main\nrun ok\n",
        .changes = {{"did main 3 invalid\ndid main 4 invalid",
                     "did main 3 ok\nbegin child 1\nend child\ndid main 4 ok",
                     "R4.8 3: a pin to nowhere is invalid"},
                    {"did main 5 invalid\ndid main 6 invalid",
                     "did main 5 ok\nbegin child#2 1\nend child#2\ndid main 6 ok",
                     "R4.8 5: a pin to nowhere is invalid"}},
    };

    (void)state;
    tell(&none);
    tell(&only);
    tell(&pinned);
}

static void a_task_cannot_start_a_run(void **state)
{
    static const struct story story = {
        .program = "task main\nrun child\ntask child\n",
        .trace = "begin main 0\nspawn main 2 child\ndid main 2 busy\nend main\nrun ok\n",
        .changes = {{"did main 2 busy", "begin child 0\nend child\ndid main 2 ok",
                     "R1.5 2: 'run child' was refused"}},
    };

    (void)state;
    tell(&story);
}

static void tasks_of_one_domain_take_turns(void **state)
{
    static const struct story story = {
        .program = "domains 1\n"
                   "task main\n"
                   "a = async child\n"
                   "b = call far\n"
                   "print one\n"
                   "create r\n"
                   "own r\n"
                   "release r\n"
                   "yield\n"
                   "print two\n"
                   "await a\n"
                   "await b\n"
                   "task child\n"
                   "print three\n"
                   "yield\n"
                   "task far\n"
                   "print four\n",
        .trace = "begin main 0\nspawn main 3 child\ndid main 3 ok\n"
                 "spawn main 4 far\nbegin far 1\ndid main 4 ok\n"
                 "print far four\nprint main one\ndid far 17 ok\ndid main 5 ok\nend far\n"
                 "did main 6 ok\ndid main 7 ok\nfinalise main r 0\ndid main 8 ok\n"
                 "begin child 0\n"
                 "print child three\n"
                 "did child 14 ok\n"
                 "did main 9 ok\n"
                 "print main two\n"
                 "did main 10 ok\n"
                 "did child 15 ok\n"
                 "end child\n"
                 "did main 11 ok\n"
                 "did main 12 ok\n"
                 "end main\n"
                 "run ok\n",
        .changes =
            {{"did main 6 ok\ndid main 7 ok\nfinalise main r 0\ndid main 8 ok\nbegin child 0\n",
              "begin child 0\ndid main 6 ok\ndid main 7 ok\nfinalise main r 0\ndid main 8 ok\n",
              "R1.7 0: task main does not suspend between 'did main 5 ok'"},
             {"did main 3 ok\n", "begin child 0\ndid main 3 ok\n", "scenario.md 0"},
             {"did main 9 ok\nprint main two\ndid main 10 ok\ndid child 15 ok\n",
              "did main 9 ok\nprint main two\ndid child 15 ok\ndid main 10 ok\n",
              "R1.10 0: task main does not suspend between 'print main two'"},
             {"print child three\ndid child 14 ok\ndid main 9 ok\n",
              "print child three\ndid main 9 ok\ndid child 14 ok\n",
              "R1.10 0: task child does not suspend between 'print child three'"}},
    };

    (void)state;
    tell(&story);
}

/* ---- Children ---- */

static void children_are_not_forgotten(void **state)
{
    static const struct story kept = {
        .program = "task main\n"
                   "p = async child\n"
                   "await p\n"
                   "task child\n"
                   "q = async grandchild\n"
                   "await q => ok | invalid\n"
                   "task grandchild\n",
        .trace = "begin main 0\nspawn main 2 child\ndid main 2 ok\nbegin child 0\n"
                 "spawn child 5 grandchild\ndid child 5 ok\nbegin grandchild 0\nend grandchild\n"
                 "did child 6 ok\nend child\ndid main 3 ok\nend main\nrun ok\n",
        .changes = {{"did child 6 ok", "did child 6 invalid",
                     "R2.3 0: still-has-children: task child returned and had neither awaited nor "
                     "cancelled grandchild"},
                    {"did child 6 ok", "did child 6 invalid",
                     "its parent's await said that it had ended"}},
    };
    static const struct story forgotten = {
        .program = "task main\np = async child\nyield\ntask child\n",
        .trace = "begin main 0\nspawn main 2 child\ndid main 2 ok\nbegin child 0\nend child\n"
                 "did main 3 ok\nend main\nrun still-has-children\n",
        .changes = {{"run still-has-children", "run ok",
                     "R2.1 0: still-has-children: task main returned and had neither awaited nor "
                     "cancelled child / the run ended with ok"},
                    {"run still-has-children", "run resource-leaked",
                     "R5.4 0: not resource-leaked"}},
    };
    static const struct story failed = {
        .program = "task main\np = async child\nfail boom\ntask child\nyield\nyield\n",
        .trace = "begin main 0\nspawn main 2 child\ndid main 2 ok\nend main\nrun failed boom\n",
        .changes = {{"run failed boom", "run still-has-children",
                     "R2.1 0: not still-has-children"}},
    };

    (void)state;
    tell(&kept);
    tell(&forgotten);
    tell(&failed);
}

/* A task whose parent has failed may have been cancelled before it forgot its child. */
static void who_may_have_been_cancelled_is_no_offender(void **state)
{
    static const struct story story = {
        .program = "domains 1\n"
                   "task main\n"
                   "p = call child\n"
                   "fail boom\n"
                   "task child\n"
                   "q = async grandchild\n"
                   "task grandchild\n",
        .trace = "begin main 0\nspawn main 3 child\ndid main 3 ok\nend main\nbegin child 1\n"
                 "spawn child 6 grandchild\ndid child 6 ok\nend child\nrun failed boom\n",
        .changes = {{NULL, NULL, NULL}},
    };

    (void)state;
    tell(&story);
}

static void promises_belong_to_the_parent(void **state)
{
    static const struct story story = {
        .program = "shared p\ntask main\n"
                   "p = async child\n"
                   "q = async other\n"
                   "await q\n"
                   "await p\n"
                   "free p\n"
                   "await p\n"
                   "task child\n"
                   "task other\n"
                   "await p\n"
                   "cancel p\n"
                   "free p\n",
        .trace = "begin main 0\nspawn main 3 child\ndid main 3 ok\nspawn main 4 other\n"
                 "did main 4 ok\nbegin child 0\nend child\nbegin other 0\n"
                 "did other 11 not-a-child\ndid other 12 not-a-child\ndid other 13 not-a-child\n"
                 "end other\ndid main 5 ok\ndid main 6 ok\ndid main 7 ok\ndid main 8 invalid\n"
                 "end main\nrun ok\n",
        .changes = {{"did other 11 not-a-child", "did other 11 ok",
                     "R2.6 11: not-a-child: the promise is not one of task other"},
                    {"did other 12 not-a-child", "did other 12 ok", "R2.7 12: not-a-child"},
                    {"did other 13 not-a-child", "did other 13 ok", "R2.15 13: not-a-child"},
                    {"did main 7 ok", "did main 7 busy", "R2.15 7: ok: the child was awaited"},
                    {"did main 8 invalid", "did main 8 ok",
                     "R2.11 8: invalid: the promise has been given back"}},
    };
    static const struct story unsettled = {
        .program = "task main\np = async child\nfree p\nawait p\nawait q\n"
                   "q = async child\nawait q\ntask child\n",
        .trace = "begin main 0\nspawn main 2 child\ndid main 2 ok\ndid main 3 busy\n"
                 "begin child 0\nend child\ndid main 4 ok\ndid main 5 invalid\n"
                 "spawn main 6 child#2\ndid main 6 ok\nbegin child#2 0\nend child#2\n"
                 "did main 7 ok\nend main\nrun ok\n",
        .changes = {{"did main 3 busy", "did main 3 ok", "R2.15 3: busy: the child is neither"},
                    {"did main 3 busy", "did main 3 invalid",
                     "R2.15 3: busy: the child is neither"},
                    {"did main 5 invalid", "did main 5 ok",
                     "R2.11 5: invalid: the name stands for no promise"}},
    };

    (void)state;
    tell(&story);
    tell(&unsettled);
}

static void cancelled_is_cancelled(void **state)
{
    static const struct story story = {
        .program = "task main\n"
                   "p = async child\n"
                   "yield\n"
                   "cancel p\n"
                   "await p\n"
                   "task child\n"
                   "yield\n"
                   "return 1\n",
        .trace = "begin main 0\nspawn main 2 child\ndid main 2 ok\nbegin child 0\ndid main 3 ok\n"
                 "did child 7 stopped\nend child\ndid main 4 ok\ndid main 5 cancelled\n"
                 "end main\nrun ok\n",
        .changes =
            {{"did main 4 ok", "did main 4 invalid", "R2.12 4: no error"},
             {"did main 5 cancelled", "did main 5 ok 1", "R2.13 5: cancelled: task child"},
             {"did child 7 stopped\nend child\ndid main 4 ok\n",
              "did main 4 ok\ndid child 7 stopped\nend child\n",
              "R2.9 4: nothing of task child, nor below it, after 'did main 4 ok' (line 7 of "
              "the trace) / 'end child'"}},
    };
    static const struct story awaited = {
        .program = "task main\np = async child\nawait p\ntask child\nyield\n",
        .trace = "begin main 0\nspawn main 2 child\ndid main 2 ok\nbegin child 0\ndid child 5 ok\n"
                 "end child\ndid main 3 ok\nend main\nrun ok\n",
        .changes = {{"did child 5 ok", "did child 5 stopped", "R2.14 3: cancelled: task child was"},
                    {"did child 5 ok", "did child 5 stopped",
                     "R2.14 0: task child is not stopped: no task cancelled it"}},
    };
    /* A task that is stopped while it cancels a child may have cancelled it. */
    static const struct story stopped = {
        .wrong = "R1.8 7",
        .program = "task main\na = async child\nyield\ncancel a\n"
                   "task child\nb = async leaf\nyield\ncancel b\ntask leaf\nyield\nyield\n",
        .trace = "begin main 0\nspawn main 2 child\ndid main 2 ok\nbegin child 0\n"
                 "spawn child 6 leaf\ndid child 6 ok\ndid main 3 ok\nbegin leaf 0\n"
                 "did child 7 ok\ndid child 8 stopped\nend child\ndid leaf 10 stopped\n"
                 "end leaf\ndid main 4 ok\nend main\nrun ok\n",
        .changes = {{"did main 4 ok\n", "did main 4 invalid\n", "R2.12 4: no error"}},
    };
    /* The child may have been stopped before it began. */
    static const struct story unstarted = {
        .program = "task main\np = async child\ncancel p\nawait p\ntask child\nyield\n",
        .trace = "begin main 0\nspawn main 2 child\ndid main 2 ok\ndid main 3 ok\n"
                 "did main 4 cancelled\nend main\nrun ok\n",
        .changes = {{"did main 4 cancelled\n",
                     "did main 4 cancelled\nbegin child 0\n"
                     "did child 6 stopped\nend child\n",
                     "R2.9 3: nothing of task child"}},
    };

    (void)state;
    tell(&story);
    tell(&awaited);
    tell(&stopped);
    tell(&unstarted);
}

/* Nothing happens below a task after its await, on any domain. */
static void trees_end_together(void **state)
{
    static const struct story story = {
        .program = "domains 2\n"
                   "task main\n"
                   "p = call child\n"
                   "await p\n"
                   "print done\n"
                   "task child\n"
                   "q = call grandchild\n"
                   "fail boom\n"
                   "task grandchild\n"
                   "until up\n",
        .trace = "begin main 0\nspawn main 3 child\ndid main 3 ok\nbegin child 1\n"
                 "spawn child 7 grandchild\ndid child 7 ok\nbegin grandchild 2\nend child\n"
                 "did grandchild 10 stopped\nend grandchild\ndid main 4 failed boom\n"
                 "print main done\ndid main 5 ok\nend main\nrun ok\n",
        .changes = {{"end grandchild\ndid main 4 failed boom\n",
                     "did main 4 failed boom\nend grandchild\n", "R2.9 4: nothing of task child"}},
    };

    (void)state;
    tell(&story);
}

static void parallel_gives_how_its_tasks_ended(void **state)
{
    static const struct story story = {
        .program =
            "domains 2\ntask main\nparallel one two\ntask one\nreturn 1\ntask two\nfail two\n",
        .trace = "begin main 0\nspawn main 3 one\nspawn main 3 two\nbegin two 2\nend two\n"
                 "begin one 1\nend one\ndid main 3 ok 1, failed two\nend main\nrun ok\n",
        .changes = {{"ok 1, failed two", "failed two, ok 1", "R2.4 3: failed two, as task two"},
                    {"ok 1, failed two", "ok 1, busy", "R4.9 3: how task two ended"},
                    {"ok 1, failed two", "ok 1, cancelled", "R2.4 3: how task two ended: no task"},
                    {"end one\ndid main 3 ok 1, failed two\n",
                     "did main 3 ok 1, failed two\nend one\n", "R2.9 3: task one ends before"},
                    {"did main 3 ok 1, failed two\n", "did main 3 no-domain-available\n",
                     "R2.16 3: 'parallel one' was refused"}},
    };

    (void)state;
    tell(&story);
}

/* A turn that is refused has one member in the list; any other turn has one for each task. */
static void parallel_may_be_repeated(void **state)
{
    static const struct story refused = {
        .program = "domains 0\ntask main\nrepeat 2 parallel one one\ntask one\nreturn 1\n",
        .trace = "begin main 0\nspawn main 3 one\nspawn main 3 one#2\nspawn main 3 one#3\n"
                 "spawn main 3 one#4\ndid main 3 no-domain-available, no-domain-available\n"
                 "end main\nrun ok\n",
        .changes = {{"no-domain-available, no-domain-available",
                     "no-domain-available, ok 1, ok 1, ok 1, ok 1",
                     "scenario.md 3: a list has an outcome for each thing done"},
                    {"no-domain-available, no-domain-available", "ok 1, ok 1, ok 1",
                     "scenario.md 3: a list has an outcome for each thing done"},
                    {"did main 3 no-domain-available, no-domain-available", "did main 3 ok 1",
                     "R4.5 3: without another domain"}},
    };

    (void)state;
    tell(&refused);
}

/* One name may stand for many promises. */
static void lists_go_by_their_members(void **state)
{
    static const struct story many = {
        .program = "task main\np = repeat 3 async child\nawait p\ntask child\nprint hi\nreturn 4\n",
        .trace = "begin main 0\nspawn main 2 child\nspawn main 2 child#2\nspawn main 2 child#3\n"
                 "did main 2 ok\nbegin child 0\nprint child hi\ndid child 5 ok\nend child\n"
                 "begin child#2 0\nprint child#2 hi\ndid child#2 5 ok\nend child#2\n"
                 "begin child#3 0\nprint child#3 hi\ndid child#3 5 ok\nend child#3\n"
                 "did main 3 ok 4\nend main\nrun ok\n",
        .changes =
            {{"did main 3 ok 4", "did main 3 ok 4, ok 4, ok 5", "R2.4 3: ok 4, as task child#3"},
             {"did main 3 ok 4", "did main 3 ok 4, ok 5, ok 4", "R2.4 3: ok 4, as task child#2"},
             {"did main 2 ok", "did main 2 ok, invalid", "scenario.md 2: a list has an outcome"},
             {"did main 2 ok", "did main 2 ok, ok, invalid",
              "R2.16 2: 'async child' was refused, and task child#3 never begins"}},
    };
    static const struct story shared = {
        .program = "task main\na = repeat 2 async child\nawait a\n"
                   "task child\nb = async leaf\nawait b\nreturn 1\ntask leaf\nreturn 2\n",
        .trace = "begin main 0\nspawn main 2 child\nspawn main 2 child#2\ndid main 2 ok\n"
                 "begin child 0\nspawn child 5 leaf\ndid child 5 ok\n"
                 "begin child#2 0\nspawn child#2 5 leaf#2\ndid child#2 5 ok\n"
                 "begin leaf 0\nend leaf\nbegin leaf#2 0\nend leaf#2\n"
                 "did child 6 ok 2\nend child\ndid child#2 6 ok 2\nend child#2\n"
                 "did main 3 ok 1\nend main\nrun ok\n",
        .changes = {{"did child 6 ok 2", "did child 6 ok 3", "R2.4 6: ok 2, as task leaf ended"},
                    {"did child#2 6 ok 2", "did child#2 6 ok 3", "R2.4 6: ok 2, as task leaf#2"}},
    };

    (void)state;
    tell(&many);
    tell(&shared);
}

/* When another domain's promises were bound is not known, but the task that they belong to is. */
static void strangers_are_known_on_other_domains(void **state)
{
    static const struct story story = {
        .wrong = "R2.15 12",
        .program = "domains 1\nshared p\n"
                   "task main\n"
                   "p = async child\n"
                   "q = call far\n"
                   "await p\n"
                   "await q\n"
                   "task child\n"
                   "task far\n"
                   "await p\n"
                   "cancel p\n"
                   "free p\n"
                   "await-all p => ok | not-a-child\n"
                   "repeat 2 await-one p => ok | not-a-child\n"
                   "state p => finished | not-a-child\n",
        .trace = "begin main 0\nspawn main 4 child\ndid main 4 ok\nspawn main 5 far\n"
                 "begin far 1\ndid main 5 ok\ndid far 10 not-a-child\ndid far 11 not-a-child\n"
                 "did far 12 invalid\ndid far 13 not-a-child\ndid far 14 not-a-child\n"
                 "did far 15 not-a-child\nend far\nbegin child 0\nend child\ndid main 6 ok\n"
                 "did main 7 ok\nend main\nrun ok\n",
        .changes = {{"did far 10 not-a-child", "did far 10 ok", "R2.6 10: not-a-child"},
                    {"did far 11 not-a-child", "did far 11 ok", "R2.7 11: not-a-child"},
                    {"did far 12 invalid", "did far 12 ok", "R2.15 12: not-a-child"},
                    {"did far 13 not-a-child", "did far 13 ok", "R8.10 13: not-a-child"},
                    {"did far 14 not-a-child", "did far 14 not-a-child, ok", "R8.10 14: not-a"},
                    {"did far 15 not-a-child", "did far 15 finished", "R8.12 15: not-a-child"}},
    };

    (void)state;
    tell(&story);
}

/* Two instances may bind one name at the same time, even on two domains. */
static void each_instance_has_promises_of_its_own(void **state)
{
    static const struct story awaited = {
        .program = "domains 2\ntask main\na = call child\nb = call child\nawait a\nawait b\n"
                   "task child\np = async leaf\nyield\nawait p\n"
                   "task leaf\n",
        .trace = "begin main 0\nspawn main 3 child\ndid main 3 ok\nspawn main 4 child#2\n"
                 "did main 4 ok\nbegin child 1\nbegin child#2 2\nspawn child 8 leaf\n"
                 "spawn child#2 8 leaf#2\ndid child 8 ok\ndid child#2 8 ok\nbegin leaf 1\n"
                 "begin leaf#2 2\nend leaf\nend leaf#2\ndid child 9 ok\ndid child#2 9 ok\n"
                 "did child 10 ok\ndid child#2 10 ok\nend child\nend child#2\n"
                 "did main 5 ok\ndid main 6 ok\nend main\nrun ok\n",
        .changes = {{"did child 10 ok", "did child 10 ok 3", "R2.4 10: ok, as task leaf ended"},
                    {"did child#2 10 ok", "did child#2 10 ok 3", "R2.4 10: ok, as task leaf#2"},
                    {"did child#2 10 ok", "did child#2 10 not-a-child", "R2.4 10: no error"},
                    {"end leaf#2\ndid child 9 ok\ndid child#2 9 ok\ndid child 10 ok\n"
                     "did child#2 10 ok\n",
                     "did child 9 ok\ndid child#2 9 ok\ndid child 10 ok\ndid child#2 10 ok\n"
                     "end leaf#2\n",
                     "R2.9 10: task leaf#2 ends before"}},
    };
    static const struct story cancelled = {
        .program = "domains 2\ntask main\na = call child\nb = call child\nawait a\nawait b\n"
                   "task child\np = async leaf\ncancel p\nfree p\nfree p\nawait p\n"
                   "task leaf\nyield\n",
        .trace = "begin main 0\nspawn main 3 child\ndid main 3 ok\nspawn main 4 child#2\n"
                 "did main 4 ok\nbegin child 1\nbegin child#2 2\nspawn child 8 leaf\n"
                 "spawn child#2 8 leaf#2\ndid child 8 ok\nbegin leaf 1\ndid child#2 8 ok\n"
                 "did leaf 14 stopped\nend leaf\ndid child 9 ok\ndid child#2 9 ok\n"
                 "did child 10 ok\ndid child#2 10 ok\ndid child#2 11 invalid\n"
                 "did child#2 12 invalid\nend child#2\ndid child 11 invalid\n"
                 "did child 12 invalid\nend child\ndid main 5 ok\ndid main 6 ok\nend main\n"
                 "run ok\n",
        .changes = {{"did child 9 ok", "did child 9 not-a-child", "R2.12 9: no error: the child"},
                    {"did child 10 ok", "did child 10 busy", "R2.15 10: ok: the child was"},
                    {"did child#2 11 invalid", "did child#2 11 ok", "R2.11 11: invalid: the"},
                    {"did child#2 12 invalid", "did child#2 12 cancelled", "R2.11 12: invalid"}},
    };

    (void)state;
    tell(&awaited);
    tell(&cancelled);
}

/* ---- Orphans ---- */

static void orphans_are_handed_out_once(void **state)
{
    static const struct story story = {
        .program = "task main\n"
                   "orphans o\n"
                   "p = care o\n"
                   "async child orphans=o\n"
                   "p = care o\n"
                   "yield\n"
                   "p = care o\n"
                   "await p\n"
                   "await p\n"
                   "p = care o\n"
                   "task child\n"
                   "return 2\n",
        .trace = "begin main 0\ndid main 2 ok\ndid main 3 empty\nspawn main 4 child\n"
                 "did main 4 ok\ndid main 5 running\nbegin child 0\nend child\ndid main 6 ok\n"
                 "did main 7 ended\ndid main 8 ok 2\ndid main 9 ok 2\ndid main 10 empty\n"
                 "end main\nrun ok\n",
        .changes =
            {{"did main 3 empty", "did main 3 running", "R3.1 3: empty: all were handed out"},
             {"did main 3 empty", "did main 3 ended", "R3.4 3: empty: all of 0 were handed"},
             {"did main 5 running", "did main 5 empty", "R3.2 5: not empty: 1 in the"},
             {"did main 5 running", "did main 5 ended", "R3.3 5: no further child"},
             {"did main 9 ok 2", "did main 9 ok 3", "R2.5 9: ok 2, as when it was awaited"},
             {"did main 9 ok 2", "did main 9 cancelled", "R2.5 9: ok 2, as when it was awaited"},
             {"did main 10 empty", "did main 10 ended", "R3.4 10: empty: all of 1 were handed"},
             {"did main 8 ok 2\ndid main 9 ok 2", "did main 8 invalid\ndid main 9 invalid",
              "R2.1 0: still-has-children"}},
    };

    (void)state;
    tell(&story);
}

static void cared_promises_are_like_others(void **state)
{
    static const struct story story = {
        .program = "task main\n"
                   "orphans o\n"
                   "repeat 2 async child orphans=o\n"
                   "yield\n"
                   "p = care o\n"
                   "q = care o\n"
                   "free p\n"
                   "await p\n"
                   "cancel p\n"
                   "await p\n"
                   "free p\n"
                   "await p\n"
                   "cancel q\n"
                   "task child\n"
                   "return 1\n",
        .trace = "begin main 0\ndid main 2 ok\nspawn main 3 child\nspawn main 3 child#2\n"
                 "did main 3 ok\nbegin child 0\nend child\nbegin child#2 0\nend child#2\n"
                 "did main 4 ok\ndid main 5 ended\ndid main 6 ended\ndid main 7 busy\n"
                 "did main 8 ok 1\ndid main 9 ok\ndid main 10 cancelled\ndid main 11 ok\n"
                 "did main 12 invalid\ndid main 13 ok\nend main\nrun ok\n",
        .changes = {{"did main 7 busy", "did main 7 ok", "R2.15 7: busy: the child is neither"},
                    {"did main 10 cancelled", "did main 10 ok 1", "R2.13 10: cancelled: it was"},
                    {"did main 11 ok", "did main 11 busy", "R2.15 11: ok: the child was awaited"},
                    {"did main 12 invalid", "did main 12 cancelled",
                     "R2.11 12: invalid: the promise"},
                    {"did main 8 ok 1", "did main 8 not-a-child", "R2.4 8: no error"},
                    {"did main 13 ok", "did main 13 not-a-child", "R2.1 0: still-has-children"}},
    };

    (void)state;
    tell(&story);
}

/* An orphan that is settled directly and then handed out counts once. */
static void settled_orphans_count_once(void **state)
{
    static const struct story story = {
        .program = "task main\n"
                   "orphans o\n"
                   "a = async child orphans=o\n"
                   "async child orphans=o\n"
                   "await a\n"
                   "p = care o\n"
                   "await p\n"
                   "p = care o\n"
                   "await p\n"
                   "task child\n",
        .trace = "begin main 0\ndid main 2 ok\nspawn main 3 child\ndid main 3 ok\n"
                 "spawn main 4 child#2\ndid main 4 ok\nbegin child 0\nend child\nbegin child#2 0\n"
                 "end child#2\ndid main 5 ok\ndid main 6 ended\ndid main 7 ok\ndid main 8 ended\n"
                 "did main 9 ok\nend main\nrun ok\n",
        .changes = {{"did main 7 ok\ndid main 8 ended\ndid main 9 ok\n", "did main 7 stopped\n",
                     "R2.14 0: task main is not stopped"},
                    {"did main 6 ended\ndid main 7 ok\ndid main 8 ended\ndid main 9 ok\n",
                     "did main 6 running\ndid main 7 invalid\ndid main 8 running\n"
                     "did main 9 invalid\n",
                     "R2.1 0: still-has-children: task main returned and had neither"}},
    };
    /* It is not known whether the child that was awaited was handed out, or the other. */
    static const struct story open = {
        .program = "task main\norphans o\na = async child orphans=o\nasync child orphans=o\n"
                   "await a\np = care o\nawait p\ntask child\n",
        .trace = "begin main 0\ndid main 2 ok\nspawn main 3 child\ndid main 3 ok\n"
                 "spawn main 4 child#2\ndid main 4 ok\nbegin child 0\nend child\nbegin child#2 0\n"
                 "end child#2\ndid main 5 ok\ndid main 6 ended\ndid main 7 ok\n"
                 "end main\nrun ok\n",
        .changes = {{"run ok", "run resource-leaked", "R5.4"}},
    };

    (void)state;
    tell(&story);
    tell(&open);
    {
        struct story other = open;
        char trace[1024];

        snprintf(trace, sizeof trace, "%.*srun still-has-children\n",
                 (int)(strstr(open.trace, "run ok") - open.trace), open.trace);
        other.trace = trace;
        other.changes[0] = (struct change){NULL, NULL, NULL};
        tell(&other);
    }
}

static void orphanages_are_for_their_makers(void **state)
{
    static const struct story story = {
        .program = "shared o\ntask main\n"
                   "orphans o\n"
                   "p = async child\n"
                   "await p\n"
                   "task child\n"
                   "q = care o\n"
                   "r = async leaf orphans=o => ok | invalid\n"
                   "await r\n"
                   "task leaf\n",
        .trace = "begin main 0\ndid main 3 ok\nspawn main 4 child\ndid main 4 ok\nbegin child 0\n"
                 "did child 7 invalid\nspawn child 8 leaf\ndid child 8 invalid\n"
                 "did child 9 invalid\nend child\ndid main 5 ok\nend main\nrun ok\n",
        .changes = {{"did child 7 invalid", "did child 7 empty",
                     "R3.7 7: invalid: the orphanage is"},
                    {"did child 8 invalid\ndid child 9 invalid",
                     "did child 8 ok\nbegin leaf 0\nend leaf\ndid child 9 ok",
                     "R3.7 8: invalid: the orphanage is another task's"}},
    };

    (void)state;
    tell(&story);
}

/* ---- Ownership ---- */

static void owners_may_and_others_may_not(void **state)
{
    static const struct story story = {
        .program = "shared r\ntask main\n"
                   "create r\n"
                   "check r\n"
                   "own r\n"
                   "p = async child\n"
                   "yield\n"
                   "check r\n"
                   "own r\n"
                   "await p\n"
                   "disown r\n"
                   "check r\n"
                   "task child\n"
                   "check r\n"
                   "disown r\n"
                   "release r\n"
                   "transfer r\n"
                   "own r\n",
        .trace = "begin main 0\ndid main 3 ok\ndid main 4 not-owner\ndid main 5 ok\n"
                 "spawn main 6 child\ndid main 6 ok\nbegin child 0\ndid child 14 not-owner\n"
                 "did child 15 not-owner\ndid child 16 not-owner\ndid child 17 not-owner\n"
                 "did child 18 not-owner\nend child\ndid main 7 ok\ndid main 8 ok\n"
                 "did main 9 invalid\ndid main 10 ok\ndid main 11 ok\ndid main 12 not-owner\n"
                 "end main\nrun ok\n",
        .changes = {{"did main 4 not-owner", "did main 4 ok",
                     "R5.2 4: not-owner: task main does not"},
                    {"did child 14 not-owner", "did child 14 ok", "R5.2 14: not-owner"},
                    {"did child 15 not-owner", "did child 15 ok", "R5.2 15: not-owner"},
                    {"did child 16 not-owner", "did child 16 ok", "R5.2 16: not-owner"},
                    {"did child 17 not-owner", "did child 17 ok", "R5.2 17: not-owner"},
                    {"did child 18 not-owner", "did child 18 ok", "R5.3 0: r is owned once"},
                    {"did main 8 ok", "did main 8 not-owner", "R5.1 8: ok: task main owns r"},
                    {"did main 9 invalid", "did main 9 ok", "R5.3 0: r is owned once"},
                    {"did main 11 ok", "did main 11 not-owner", "R5.8 11: ok: task main owns r"},
                    {"did main 12 not-owner", "did main 12 ok", "R5.2 12: not-owner"},
                    {"did main 11 ok", "did main 11 ok\nfinalise main r 0",
                     "R5.8 0: r is not finalised: it was disowned"}},
    };

    (void)state;
    tell(&story);
}

static void released_is_finalised_at_once(void **state)
{
    static const struct story story = {
        .program = "task main\ncreate r\nown r\nrelease r\nprint done\nrelease r\n",
        .trace = "begin main 0\ndid main 2 ok\ndid main 3 ok\nfinalise main r 0\ndid main 4 ok\n"
                 "print main done\ndid main 5 ok\ndid main 6 not-owner\nend main\nrun ok\n",
        .changes =
            {{"finalise main r 0\n", "",
              "R5.9 0: release of r calls its finaliser once, before it "
              "returns / the finaliser was not called"},
             {"finalise main r 0\n", "finalise main r 0\nfinalise main r 0\n",
              "R5.9 0: release of r calls its finaliser once, before it returns / the "
              "finaliser was called 2 times"},
             {"finalise main r 0\ndid main 4 ok\n", "did main 4 ok\nfinalise main r 0\n", "R5.9 0"},
             {"did main 3 ok\nfinalise main r 0\n", "finalise main r 0\ndid main 3 ok\n", "R5.9 0"},
             {"finalise main r 0", "finalise main r 1", "R5.19 0: r is finalised on domain 0"},
             {"did main 6 not-owner", "did main 6 ok", "R5.2 6: not-owner"},
             {"did main 4 ok", "did main 4 not-owner", "R5.9 4: ok: task main owns r"}},
    };
    static const struct story twice = {
        .program = "task main\ncreate r\nown r\nrepeat 2 disown r\n",
        .trace = "begin main 0\ndid main 2 ok\ndid main 3 ok\ndid main 4 ok, not-owner\nend main\n"
                 "run ok\n",
        .changes = {{"ok, not-owner", "ok", "R5.10 4: ok once"}},
    };

    (void)state;
    tell(&story);
    tell(&twice);
}

static void what_is_kept_is_leaked(void **state)
{
    static const struct story leaked = {
        .program = "task main\ncreate r\nown r\n",
        .trace = "begin main 0\ndid main 2 ok\ndid main 3 ok\nend main\nfinalise main r 0\n"
                 "run resource-leaked\n",
        .changes =
            {{"run resource-leaked", "run ok",
              "R5.4 0: resource-leaked: task main returned and owned r / the run ended with ok"},
             {"run resource-leaked", "run still-has-children", "R2.1 0: not still-has-children"},
             {"finalise main r 0\n", "",
              "R5.4 0: r is finalised once, when its owner main has "
              "ended / the finaliser was not called"},
             {"finalise main r 0\n", "finalise main r 0\nfinalise main r 0\n",
              "R5.4 0: r is finalised once"},
             {"end main\nfinalise main r 0\n", "finalise main r 0\nend main\n",
              "R5.4 0: r is finalised once"},
             {"finalise main r 0", "finalise main r 1", "R5.19 0: r is finalised on domain 0"}},
    };
    static const struct story both = {
        .program = "task main\ncreate r\nown r\np = async child\ntask child\n",
        .trace = "begin main 0\ndid main 2 ok\ndid main 3 ok\nspawn main 4 child\ndid main 4 ok\n"
                 "end main\nfinalise main r 0\nrun resource-leaked\n",
        .changes = {{"run resource-leaked", "run still-has-children",
                     "R5.5 0: resource-leaked, which takes precedence"}},
    };
    static const struct story seen = {
        .program = "task main\np = async child\nawait p\ntask child\ncreate r\nown r\n",
        .trace = "begin main 0\nspawn main 2 child\ndid main 2 ok\nbegin child 0\ndid child 5 ok\n"
                 "did child 6 ok\nend child\ndid main 3 stopped\nend main\nfinalise child r 0\n"
                 "run resource-leaked\n",
        .changes =
            {{"did main 3 stopped\nend main\nfinalise child r 0\n",
              "finalise child r 0\ndid main 3 ok\nend main\n",
              "R5.4 0: resource-leaked: task child returned and owned r / its parent's await"}},
    };
    static const struct story never = {
        .program = "task main\ncreate r\n",
        .trace = "begin main 0\ndid main 2 ok\nend main\nrun ok\n",
        .changes = {{"end main\n", "end main\nfinalise main r 0\n",
                     "R5.21 0: r is not finalised: no task ever owned it"}},
    };

    (void)state;
    tell(&leaked);
    tell(&both);
    tell(&seen);
    tell(&never);
}

static void resources_end_before_the_parent_goes_on(void **state)
{
    static const struct story failing = {
        .program = "domains 1\n"
                   "task main\n"
                   "p = call child\n"
                   "await p\n"
                   "task child\n"
                   "create a\n"
                   "own a\n"
                   "create b\n"
                   "own b\n"
                   "q = async leaf\n"
                   "yield\n"
                   "fail boom\n"
                   "task leaf\n"
                   "until up\n",
        .trace =
            "begin main 0\nspawn main 3 child\ndid main 3 ok\nbegin child 1\ndid child 6 ok\n"
            "did child 7 ok\ndid child 8 ok\ndid child 9 ok\nspawn child 10 leaf\n"
            "did child 10 ok\nbegin leaf 1\ndid child 11 ok\nend child\n"
            "did leaf 14 stopped\nend leaf\n"
            "finalise child b 1\nfinalise child a 1\ndid main 4 failed boom\nend main\nrun ok\n",
        .changes =
            {{"finalise child b 1\nfinalise child a 1\n",
              "finalise child a 1\nfinalise child b 1\n",
              "R5.6 0: b, which its owner child owned later, is finalised before a"},
             {"finalise child a 1\ndid main 4 failed boom\n",
              "did main 4 failed boom\nfinalise child a 1\n", "R5.6 4: nothing of task child"},
             {"did leaf 14 stopped\nend leaf\nfinalise child b 1\nfinalise child a 1\n",
              "finalise child b 1\ndid leaf 14 stopped\nend leaf\nfinalise child a 1\n",
              "R5.25 0: the children of task child end before what it owns is finalised"},
             {"end child\ndid leaf 14 stopped\nend leaf\nfinalise child b 1\nfinalise child a 1\n",
              "finalise child b 1\nend child\ndid leaf 14 stopped\nend leaf\nfinalise child a 1\n",
              "R5.6 0: b is finalised once, when its owner child has ended"},
             {"finalise child b 1", "finalise child b 0", "R5.19 0: b is finalised on domain 1"},
             {"finalise child b 1\n", "", "R5.6 0: b is finalised once"}},
    };
    static const struct story cancelled = {
        .program = "task main\np = async child\nyield\ncancel p\ntask child\ncreate r\nown r\n"
                   "until up\n",
        .trace =
            "begin main 0\nspawn main 2 child\ndid main 2 ok\nbegin child 0\ndid child 6 ok\n"
            "did child 7 ok\ndid main 3 ok\ndid child 8 stopped\nend child\nfinalise child r 0\n"
            "did main 4 ok\nend main\nrun ok\n",
        .changes = {{"finalise child r 0\ndid main 4 ok\n", "did main 4 ok\nfinalise child r 0\n",
                     "R5.7 4: nothing of task child"},
                    {"finalise child r 0\n", "", "R5.7 0: r is finalised once"}},
    };

    (void)state;
    tell(&failing);
    tell(&cancelled);
}

static void what_is_given_is_the_childs(void **state)
{
    static const struct story story = {
        .program = "domains 1\nshared r\n"
                   "task main\n"
                   "create r\n"
                   "own r\n"
                   "create s\n"
                   "own s\n"
                   "p = call child give=r\n"
                   "check r\n"
                   "q = async other give=r => ok | not-owner\n"
                   "o = async other give=s,s => ok | not-owner\n"
                   "await p\n"
                   "disown s\n"
                   "await q\n"
                   "await o\n"
                   "task child\n"
                   "check r\n"
                   "disown r\n"
                   "task other\n",
        .trace = "begin main 0\ndid main 4 ok\ndid main 5 ok\ndid main 6 ok\ndid main 7 ok\n"
                 "spawn main 8 child\nbegin child 1\ndid child 17 ok\ndid main 8 ok\n"
                 "did child 18 ok\nend child\ndid main 9 not-owner\n"
                 "spawn main 10 other\ndid main 10 not-owner\nspawn main 11 other#2\n"
                 "did main 11 not-owner\ndid main 12 ok\ndid main 13 ok\ndid main 14 invalid\n"
                 "did main 15 invalid\nend main\nrun ok\n",
        .changes =
            {{"did main 9 not-owner", "did main 9 ok", "R5.2 9: not-owner: task main does not"},
             {"did child 17 ok", "did child 17 not-owner", "R5.1 17: ok: task child owns r"},
             {"did main 10 not-owner", "did main 10 ok", "R5.13 10: not-owner: task main does not"},
             {"did main 11 not-owner", "did main 11 ok", "R5.13 11: not-owner: s is listed"}},
    };
    static const struct story unstarted = {
        .program = "task main\ncreate r\nown r\np = async child give=r\ncancel p\ntask child\n",
        .trace = "begin main 0\ndid main 2 ok\ndid main 3 ok\nspawn main 4 child\ndid main 4 ok\n"
                 "finalise main r 0\ndid main 5 ok\nend main\nrun ok\n",
        .changes = {{"finalise main r 0\n", "",
                     "R5.17 0: r is finalised once, when its owner child"},
                    {"finalise main r 0\ndid main 5 ok\n", "did main 5 ok\nfinalise main r 0\n",
                     "R5.7 5: nothing of task child"},
                    {"finalise main r 0\n", "finalise main r 1\n",
                     "R5.19 0: r is finalised on domain 0"}},
    };

    (void)state;
    tell(&story);
    tell(&unstarted);
}

/* The parent may own what its child transfers before the line of the transfer is written. */
static void what_is_transferred_is_the_parents(void **state)
{
    static const struct story story = {
        .program = "domains 1\nshared r\n"
                   "task main\n"
                   "p = call child\n"
                   "check r\n"
                   "await p\n"
                   "check r\n"
                   "transfer r\n"
                   "release r\n"
                   "task child\n"
                   "create r\n"
                   "own r\n"
                   "transfer r\n"
                   "check r\n",
        .trace = "begin main 0\nspawn main 4 child\nbegin child 1\ndid child 11 ok\n"
                 "did main 4 ok\ndid child 12 ok\ndid main 5 ok\ndid child 13 ok\n"
                 "did child 14 not-owner\nend child\ndid main 6 ok\ndid main 7 ok\n"
                 "did main 8 invalid\nfinalise child r 0\ndid main 9 ok\nend main\nrun ok\n",
        .changes = {{"did child 12 ok\ndid main 5 ok\n", "did main 5 ok\ndid child 12 ok\n",
                     "R5.2 5: not-owner: task main does not own r"},
                    {"did child 14 not-owner", "did child 14 ok", "R5.2 14: not-owner"},
                    {"did main 7 ok", "did main 7 not-owner", "R5.1 7: ok: task main owns r"},
                    {"did main 8 invalid", "did main 8 ok", "R5.15 8: invalid: main has no parent"},
                    {"did child 13 ok", "did child 13 not-owner",
                     "R5.14 13: ok: task child owns r"},
                    {"finalise child r 0", "finalise child r 1",
                     "R5.19 0: r is finalised on domain 0"}},
    };
    /* The resource goes down and up again before the parent's spawn has returned. */
    static const struct story back = {
        .program =
            "domains 1\nshared r\ntask main\ncreate r\nown r\np = call child give=r\nawait p\n"
            "q = call child give=r\nawait q\ndisown r\ntask child\ntransfer r\n",
        .trace = "begin main 0\ndid main 4 ok\ndid main 5 ok\nspawn main 6 child\nbegin child 1\n"
                 "did child 12 ok\nend child\ndid main 6 ok\ndid main 7 ok\n"
                 "spawn main 8 child#2\nbegin child#2 1\ndid child#2 12 ok\nend child#2\n"
                 "did main 8 ok\ndid main 9 ok\ndid main 10 ok\nend main\nrun ok\n",
        .changes = {{"did main 10 ok\n", "did main 10 not-owner\n",
                     "R5.8 10: ok: task main owns r"}},
    };

    (void)state;
    tell(&story);
    tell(&back);
}

/* The resources of a name that is created several times are only counted. */
static void each_instance_has_resources_of_its_own(void **state)
{
    static const struct story story = {
        .program = "task main\np = repeat 2 async child\nawait p\n"
                   "task child\ncreate r\nown r\nfail boom\n",
        .trace = "begin main 0\nspawn main 2 child\nspawn main 2 child#2\ndid main 2 ok\n"
                 "begin child 0\ndid child 5 ok\ndid child 6 ok\nend child\nfinalise child r 0\n"
                 "begin child#2 0\ndid child#2 5 ok\ndid child#2 6 ok\nend child#2\n"
                 "finalise child#2 r 0\ndid main 3 failed boom\nend main\nrun ok\n",
        .changes = {{"finalise child#2 r 0\n", "",
                     "R5.6 0: r is finalised once, when its owner "
                     "child#2 has ended / the finaliser was not"},
                    {"finalise child#2 r 0\n", "finalise child r 0\n",
                     "R5.6 0: r is finalised once, when its owner child has ended / the finaliser "
                     "was called 2 times, first as 'finalise child r 0'"},
                    {"end child#2\nfinalise child#2 r 0\n", "finalise child#2 r 0\nend child#2\n",
                     "R5.6 0: r is finalised once, when its owner child#2 has ended"},
                    {"did child#2 6 ok\nend child#2\nfinalise child#2 r 0\n",
                     "did child#2 6 not-owner\nend child#2\nfinalise child#2 r 0\n",
                     "R5.21 0: r is not finalised: no task ever owned it"}},
    };

    (void)state;
    tell(&story);
}

/* Under one name of one instance they are not told apart. */
static void resources_of_one_name_are_counted(void **state)
{
    static const struct story story = {
        .program = "task main\nrepeat 2 create r\nown r\ncreate r\nown r\nfail boom\n",
        .trace = "begin main 0\ndid main 2 ok\ndid main 3 ok\ndid main 4 ok\ndid main 5 ok\n"
                 "end main\nfinalise main r 0\nfinalise main r 0\nrun failed boom\n",
        .changes = {{"finalise main r 0\n", "",
                     "R5.4 0: every r that was owned is disowned or finalised, once: 2 in all / 0 "
                     "disowned, 1 finalised"},
                    {"finalise main r 0\n", "finalise main r 0\nfinalise main r 0\n",
                     "3 finalised"}},
    };

    (void)state;
    tell(&story);
}

/* ---- Expectations ---- */

struct expected {
    const char *lines;   /* of expectations, from line 14 on */
    const char *finding; /* "": none */
};

static const char expecting_program[] = "domains 2\n"
                                        "task main\n"
                                        "p = repeat 2 call child\n"
                                        "await p => ok 1 | failed boom\n"
                                        "create r\n"
                                        "own r\n"
                                        "release r\n"
                                        "parallel child\n"
                                        "yield\n"
                                        "return 1\n"
                                        "task child\n"
                                        "print hi\n"
                                        "fail boom\n";

static const char expecting_trace[] = "begin main 0\n"
                                      "spawn main 3 child\nspawn main 3 child#2\n"
                                      "begin child#2 2\nbegin child 1\nprint child hi\n"
                                      "did child 12 ok\nend child\ndid main 3 ok\n"
                                      "print child#2 hi\ndid child#2 12 ok\nend child#2\n"
                                      "did main 4 failed boom\ndid main 5 ok\ndid main 6 ok\n"
                                      "finalise main r 0\ndid main 7 ok\nspawn main 8 child#3\n"
                                      "begin child#3 1\nprint child#3 hi\ndid child#3 12 ok\n"
                                      "end child#3\ndid main 8 failed boom\ndid main 9 ok\n"
                                      "end main\nrun ok 1\n";

static const struct expected expected[] = {
    {"expect run ok 1\n", ""},
    {"expect run failed boom | ok 1\n", ""},
    {"expect run ok\n", "- 14: the run ends with ok / ok 1\n"},
    {"expect run ok | failed boom\n", "- 14: the run ends with ok | failed boom / ok 1\n"},
    {"expect run ok 1\nexpect exactly hi hi finalise:r hi\n", ""},
    {"expect run ok 1\nexpect exactly hi finalise:r hi hi\n",
     "- 15: exactly these prints and finalisers: hi finalise:r hi hi / hi hi finalise:r hi\n"},
    {"expect run ok 1\nexpect exactly hi hi finalise:r hi hi\n", "- 15: exactly these"},
    {"expect run ok 1\nexpect exactly hi hi finalise:r\n", "- 15: exactly these"},
    {"expect run ok 1\nexpect exactly\n", "- 15: exactly these prints and finalisers: none / hi"},
    {"expect run ok 1\nexpect order done:3 finalise:r done:8\n", ""},
    {"expect run ok 1\nexpect order begin:main begin:child\n", ""},
    {"expect run ok 1\nexpect order hi finalise:r\n",
     "- 15: every hi happens before every finalise:r / 'finalise main r 0' (line 17 of the trace), "
     "but "
     "'print child#3 hi' (line 21 of the trace)\n"},
    {"expect run ok 1\nexpect order end:main end:child\n", "- 15: every end:main happens before"},
    {"expect run ok 1\nexpect seen hi finalise:r begin:child end:child done:8\n", ""},
    {"expect run ok 1\nexpect once finalise:r done:9 end:main\n", ""},
    {"expect run ok 1\nexpect once hi\n",
     "- 15: hi happens 1 time / it happened 3 times, first as 'print child hi'"},
    {"expect run ok 1\nexpect count 3 hi\nexpect count 2 end:child\n",
     "- 16: end:child happens 2 times / it happened 3 times"},
    {"expect run ok 1\nexpect never done:9\n", "- 15: done:9 never happens / it happened 1 time"},
    {"expect run ok 1\nexpect on 0 main\n", ""},
    {"expect run ok 1\nexpect on 1 child\n",
     "- 15: task child begins on domain 1 / 'begin child#2 2' (line 5 of the trace)\n"},
    {"expect run ok 1\nexpect on 1 idle\ntask idle\n",
     "- 15: task idle begins on domain 1 / it did not begin\n"},
    {"expect run ok 1\nexpect apart main child\nexpect apart child main\n", ""},
    {"expect run ok 1\nexpect apart child child\n",
     "- 15: no task child begins on the domain of a task child / "},
    {"expect run ok 1\nexpect seen end:idle\ntask idle\n",
     "- 15: end:idle happens / it did not happen\n"},
    {"expect run ok 1\nexpect order hi late\ntask idle\nprint late\n",
     "- 15: late happens / it did not happen\n"},
    {"expect run ok 1\nexpect never late\ntask idle\nprint late\n", ""},
};

static void expectations_are_judged(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        char program[1024], findings[4096];

        snprintf(program, sizeof program, "%s%s", expecting_program, expected[i].lines);
        judge_text(program, expecting_trace, findings, sizeof findings);
        if (*expected[i].finding == '\0' && *findings != '\0')
            fail_msg("%s%s", expected[i].lines, findings);
        assert_true(contains(findings, expected[i].finding));
    }
}

static struct verdict *judge_all(const struct program *program, const struct trace *trace)
{
    return judge(program, trace, NULL);
}

static struct verdict *verdict_by(struct verdict *by(const struct program *, const struct trace *),
                                  const char *text, const char *output)
{
    struct complaints complaints = {.size = 0};
    struct program *program =
        program_parse(text, strlen(text), PROGRAM_WITH_ANSWERS, complain, &complaints);
    struct verdict *verdict;
    struct trace *trace;

    if (!program)
        fail_msg("%s", complaints.text);
    trace = trace_parse(program, 1, output, strlen(output));
    verdict = by(program, trace);
    trace_free(trace);
    program_free(program);
    assert_non_null(verdict);
    return verdict;
}

static struct verdict *verdict_of(const char *text, const char *output)
{
    return verdict_by(judge_all, text, output);
}

/* What deviates is told without names of the scenario's objects and without its lines. */
static void deviations_are_told_in_short(void **state)
{
    static const struct {
        const char *program, *trace, *deviation;
    } cases[] = {
        {"task main\norphans o\nlength o => ok 1\nexpect run ok\n",
         "scenario 1\nbegin main 0\ndid main 2 ok\ndid main 3 ok\nend main\nrun ok\n",
         "length has the outcome ok; expected: ok 1"},
        {"task main\nyield\norphans them\nlength them => ok 1\nexpect run ok\n",
         "scenario 1\nbegin main 0\ndid main 2 ok\ndid main 3 ok\ndid main 4 ok\nend main\nrun "
         "ok\n",
         "length has the outcome ok; expected: ok 1"},
        {"task main\norphans a\nrepeat 3 length a => ok 1 | ok 2\nexpect run ok\n",
         "scenario 1\nbegin main 0\ndid main 2 ok\ndid main 3 ok 2, ok, ok 1\nend main\nrun ok\n",
         "length has the outcome ok; expected: ok 1 | ok 2"},
        {"task main\nexpect run ok 1\n", "scenario 1\nbegin main 0\nend main\nrun ok\n",
         "the run ends with ok; expected: ok 1"},
        {"task main\nprint a\nexpect run ok\nexpect never a\n",
         "scenario 1\nbegin main 0\nprint main a\ndid main 2 ok\nend main\nrun ok\n", "a happens"},
        {"task main\nexpect run ok\n", "scenario 1\nbegin main 0\nrubbish\n",
         "it breaks the protocol: not an event: 'rubbish'"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct verdict *verdict = verdict_of(cases[i].program, cases[i].trace);

        assert_null(verdict->findings[0].rule);
        assert_string_equal(verdict->findings[0].deviation, cases[i].deviation);
        verdict_free(verdict);
    }
}

/* An answer is matched by a list as a whole, or by each member; parallel's only as a whole. */
static void answers_are_judged(void **state)
{
    static const struct {
        const char *answers[2]; /* of await and of parallel */
        const char *finding;
    } cases[] = {
        {{"ok, failed boom", "ok, failed boom"}, ""},
        {{"ok | failed boom", "ok, failed boom"}, ""},
        {{"cancelled | failed boom | ok", "cancelled, ok | ok, failed boom"}, ""},
        {{"ok", "ok, failed boom"},
         "- 3: 'await p' has the outcome ok / ok, failed boom, in task main (line 3 of the "
         "trace)\n"},
        {{"failed boom, ok", "ok, failed boom"},
         "- 3: 'await p' has the outcome failed boom, ok / "},
        {{"ok, ok | failed boom, failed boom", "ok, failed boom"}, ""},
        {{"ok | failed boom", "ok | failed boom"},
         "- 4: 'parallel good' has the outcome ok | failed boom / ok, failed boom, in task main "
         "(line "
         "4 of the trace)\n"},
        {{"ok | failed boom", "ok"}, "- 4: 'parallel good' has the outcome ok / "},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char program[1024], findings[4096];

        snprintf(program, sizeof program,
                 "task main\norphans o\nawait p => %s\nparallel good bad => %s\n"
                 "p = repeat 2 care o\ntask good\ntask bad\nfail boom\nexpect run ok\n",
                 cases[i].answers[0], cases[i].answers[1]);
        /* Out of the program's order, so that only the scenario's own expectations count. */
        judge_text(program,
                   "begin main 0\ndid main 3 ok, failed boom\ndid main 4 ok, failed boom\nrun ok\n",
                   findings, sizeof findings);
        if (*cases[i].finding == '\0')
            assert_null(strstr(findings, "- "));
        assert_true(contains(findings, cases[i].finding));
    }
}

/* A list of this many members, which are the same but for the first. To be freed. */
static char *long_list(const char *first, const char *other, const char *between, int count)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);

    for (int i = 0; i < count; i++)
        fprintf(stream, "%s%s", i > 0 ? between : "", i == 0 ? first : other);
    fclose(stream);
    return text;
}

/* However long a list is, the member that differs is shown. */
static void the_member_that_differs_is_shown(void **state)
{
    enum { MANY = 20 };
    char *oks = long_list("ok", "ok", ", ", MANY), *fewer = long_list("ok", "ok", ", ", MANY - 1);
    char *failed = long_list("failed boom", "ok", ", ", MANY);
    char *more = long_list("ok", "ok", ", ", MANY + 1);
    char *tasks = long_list("t", "t", " ", MANY);
    const struct {
        const char *answers, *outcomes, *difference, *deviation;
    } cases[] = {
        {more, oks, "ok; there is no member 21, but ok is expected, in task main",
         "parallel has no member 21; expected: ok"},
        {fewer, oks, "ok; member 20 is ok, but 19 are expected, in task main",
         "parallel has the member 20, ok; expected: only 19"},
        {"ok, ok | failed boom", oks, "ok; member 3 is ok, but 2 are expected, in task main",
         "parallel has the member 3, ok; expected: only 2"},
        {oks, failed,
         "failed boom, 19 x ok; member 1 is failed boom, but ok is expected, in task main",
         "parallel has the member 1, failed boom; expected: ok"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *program = text_of("task main\nparallel %s => %s\ntask t\nfail boom\nexpect run ok\n",
                                tasks, cases[i].answers);
        char *trace =
            text_of("scenario 1\nbegin main 0\ndid main 2 %s\nrun ok\n", cases[i].outcomes);
        struct verdict *verdict = verdict_of(program, trace);

        assert_true(contains(verdict->findings[0].observed, cases[i].difference));
        assert_string_equal(verdict->findings[0].deviation, cases[i].deviation);
        verdict_free(verdict);
        free(trace);
        free(program);
    }
    free(oks);
    free(fewer);
    free(failed);
    free(more);
    free(tasks);
}

/* The same of what every member may be, and of prints. */
static void a_member_that_is_no_answer_is_shown(void **state)
{
    char *oks = long_list("ok 1", "ok", ", ", 100), *prints = long_list("b", "a", " ", 30);
    char *program = text_of("task main\norphans o\nrepeat 100 length o => ok | ok 2\n"
                            "repeat 30 print a\nprint b\nexpect run ok\nexpect exactly %s\n",
                            prints);
    char *printed = long_list("print main a\n", "print main a\n", "", 30);
    char *trace =
        text_of("scenario 1\nbegin main 0\ndid main 2 ok\ndid main 3 %s\n%sdid main 4 ok\n"
                "end main\nrun ok\n",
                oks, printed);
    struct verdict *verdict = verdict_of(program, trace);

    (void)state;
    assert_true(
        contains(verdict->findings[0].observed, "ok 1, 99 x ok; member 1 is ok 1, in task main"));
    assert_string_equal(verdict->findings[0].deviation,
                        "length has the outcome ok 1; expected: ok | ok 2");
    assert_true(contains(verdict->findings[1].observed, "a ...; number 1 is a, but b is expected"));
    assert_string_equal(verdict->findings[1].deviation,
                        "print or finaliser number 1 is a; expected: b");
    verdict_free(verdict);
    free(trace);
    free(printed);
    free(program);
    free(prints);
    free(oks);
}

static void some_operations_are_expected_to_succeed(void **state)
{
    static const char *const operations[] = {
        "async main", "call main",     "yield",   "print w",     "post f",
        "orphans o",  "create r",      "mutex m", "condition c", "lazy l main",
        "trigger t",  "computation x", "sleep 1"};
    static const char *const others[] = {"own r",  "self",       "free p", "care o",
                                         "take o", "transfer r", "get o",  "await-one p"};
    char program[256], findings[2048];

    (void)state;
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
        snprintf(program, sizeof program, "task main\n%s\nexpect run ok\n", operations[i]);
        judge_text(program, "begin main 0\ndid main 2 invalid\nrun ok\n", findings,
                   sizeof findings);
        assert_true(contains(findings, "- 2: '"));
        assert_true(contains(findings, "has the outcome ok | stopped / invalid"));
        judge_text(program, "begin main 0\ndid main 2 stopped\nrun ok\n", findings,
                   sizeof findings);
        assert_null(strstr(findings, "- 2"));
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        snprintf(program, sizeof program,
                 "task main\n%s\ncreate r\norphans o\np = async main\nexpect run ok\n", others[i]);
        judge_text(program, "begin main 0\ndid main 2 invalid\nrun ok\n", findings,
                   sizeof findings);
        assert_null(strstr(findings, "- 2"));
    }
}

/* ---- Verdicts ---- */

static void verdicts_tell_what_kept_from_judging(void **state)
{
    static const char program[] = "task main\nexpect run ok\n";
    struct verdict *verdict = verdict_of(program, "scenario 1\nabsent miou_await\n");

    (void)state;
    assert_int_equal(verdict->kind, VERDICT_ABSENT);
    assert_string_equal(verdict->absent, "miou_await");
    verdict_free(verdict);
    verdict = verdict_of(program, "scenario 1\nbegin main 0\n");
    assert_int_equal(verdict->kind, VERDICT_GARBAGE);
    assert_string_equal(verdict->findings[0].observed,
                        "nothing after 'begin main 0' (line 2 of the trace)");
    verdict_free(verdict);
    verdict = verdict_of(program, "");
    assert_int_equal(verdict->kind, VERDICT_GARBAGE);
    assert_string_equal(verdict->findings[0].observed, "no event at all");
    verdict_free(verdict);
    verdict = verdict_of(program, "scenario 2\nbegin main 0\nend main\nrun ok\n");
    assert_int_equal(verdict->kind, VERDICT_GARBAGE);
    assert_string_equal(verdict->findings[0].observed,
                        "line 1 of its output: not 'scenario 1': 'scenario 2'");
    verdict_free(verdict);
}

/* What else is expected of the run may still come. */
static void answers_before_a_hang_are_judged(void **state)
{
    static const char program[] =
        "task main\npost up => ok\nyield => ok\nprint b\nexpect run ok\nexpect seen b\n";
    static const char right[] = "scenario 1\nbegin main 0\ndid main 2 ok\ndid main 3 ok\n";
    static const char wrong[] = "scenario 1\nbegin main 0\ndid main 2 ok\ndid main 3 busy\n";
    static const char absent[] = "scenario 1\nbegin main 0\ndid main 2 absent\n";
    struct verdict *verdict = verdict_by(judge_begun, program, right);

    (void)state;
    assert_int_equal(verdict->finding_count, 0);
    verdict_free(verdict);
    verdict = verdict_by(judge_begun, program, wrong);
    assert_int_equal(verdict->finding_count, 1);
    assert_int_equal(verdict->findings[0].line, 3);
    assert_string_equal(verdict->findings[0].deviation, "yield has the outcome busy; expected: ok");
    verdict_free(verdict);
    verdict = verdict_by(judge_begun, program, absent);
    assert_int_equal(verdict->finding_count, 0);
    verdict_free(verdict);
    verdict = verdict_of(program, wrong);
    assert_int_equal(verdict->kind, VERDICT_GARBAGE);
    assert_string_equal(verdict->findings[0].deviation, "yield has the outcome busy; expected: ok");
    verdict_free(verdict);
}

/* The verdict on a task that does one line and then another, of which one is absent. NULL: it is
 * judged, and nothing is found; else the operation without which it cannot be. */
static void expect_absent(const char *first, const char *second, const char *outcomes,
                          const char *operation)
{
    char program[256], trace[256];
    struct verdict *verdict;

    snprintf(program, sizeof program,
             "task main\nmutex m\np = async child\norphans o\nq = async child orphans=o\n%s\n%s\n"
             "task child\nexpect run ok\n",
             first, second);
    snprintf(trace, sizeof trace,
             "scenario 1\nbegin main ?\ndid main 2 ok\nspawn main 3 child\ndid main 3 ok\n"
             "did main 4 ok\nspawn main 5 child#2\ndid main 5 ok\n%sbegin child ?\nend child\n"
             "begin child#2 ?\nend child#2\nend main\nrun still-has-children\n",
             outcomes);
    verdict = verdict_of(program, trace);
    if (operation) {
        assert_int_equal(verdict->kind, VERDICT_ABSENT);
        assert_string_equal(verdict->absent, operation);
    } else {
        assert_int_equal(verdict->kind, VERDICT_FAIL);
        assert_int_equal(verdict->finding_count, 1); /* the run is expected to be ok */
        assert_true(contains(verdict->findings[0].expected, "ok"));
    }
    verdict_free(verdict);
}

static void what_only_gives_back_or_asks_may_be_absent(void **state)
{
    static const char both[] = "did main 6 absent\ndid main 7 absent\n";
    static const char one[] = "did main 6 absent\ndid main 7 ok\n";

    (void)state;
    expect_absent("free-mutex m", "state p", both, NULL);
    expect_absent("free-mutex m => ok", "self", both, NULL);
    expect_absent("free-mutex m => busy", "self", both, "free-mutex");
    expect_absent("free-mutex m", "lock m", one, "free-mutex");
    expect_absent("state p => running", "self", both, "state");
    expect_absent("free p", "self", both, NULL);
    expect_absent("free q", "self", both, "free");
    expect_absent("yield", "self", both, "yield");
    expect_absent("until f", "self", both, "until");
}

static void domains_that_nobody_knows_break_no_rule(void **state)
{
    static const char program[] = "domains 2\ntask main\np = call child\nawait p\ntask child\n"
                                  "create r\nown r\nrelease r\nexpect run ok\n%s";
    static const char trace[] = "scenario 1\nbegin main ?\nspawn main 3 child\ndid main 3 ok\n"
                                "begin child ?\ndid child 6 ok\ndid child 7 ok\n"
                                "finalise child r ?\ndid child 8 ok\nend child\ndid main 4 ok\n"
                                "end main\nrun ok\n";
    char text[256];
    struct verdict *verdict;

    (void)state;
    snprintf(text, sizeof text, program, "");
    verdict = verdict_of(text, trace);
    assert_int_equal(verdict->kind, VERDICT_PASS);
    verdict_free(verdict);
    snprintf(text, sizeof text, program, "expect on 1 child\n");
    verdict = verdict_of(text, trace);
    assert_int_equal(verdict->kind, VERDICT_ABSENT);
    assert_string_equal(verdict->absent, "miou_domain_self");
    verdict_free(verdict);
}

/* A driver's runtime has errors of its own, which are no outcome that a scenario can expect. */
static void errors_of_another_language_have_names(void **state)
{
    struct verdict *verdict =
        verdict_of("task main\nyield => ok\nexpect run ok\n",
                   "scenario 1\nbegin main 0\ndid main 2 error Broken_pipe\nend main\nrun ok\n");

    (void)state;
    assert_int_equal(verdict->kind, VERDICT_FAIL);
    assert_true(contains(verdict->findings[0].observed, "error Broken_pipe"));
    verdict_free(verdict);
}

static void findings_beyond_the_most_are_counted(void **state)
{
    char program[4096] = "task main\n", output[4096] = "scenario 1\nbegin main 0\n";
    struct verdict *verdict;

    (void)state;
    for (int i = 0; i < 20; i++) {
        strcat(program, "yield => stopped\n");
        sprintf(output + strlen(output), "did main %d ok\n", i + 2);
    }
    verdict = verdict_of(strcat(program, "expect run ok\n"), strcat(output, "end main\nrun ok\n"));
    assert_int_equal(verdict->kind, VERDICT_FAIL);
    assert_int_equal(verdict->finding_count, FINDINGS_MAX);
    assert_int_equal(verdict->more, 20 - FINDINGS_MAX);
    assert_int_equal(verdict->findings[15].line, 17);
    verdict_free(verdict);
}

/* Fifty thousand orphans, each with a resource of one name. */
static void long_traces_are_judged(void **state)
{
    enum { TASKS = 50000 };
    static const char program[] = "task main\n"
                                  "orphans o\n"
                                  "repeat 50000 async child orphans=o\n"
                                  "yield\n"
                                  "p = repeat 50000 care o\n"
                                  "await p => ok\n"
                                  "task child\n"
                                  "create r\n"
                                  "own r\n"
                                  "disown r\n"
                                  "expect run ok\n"
                                  "expect count 50000 end:child\n";
    char *output = malloc(TASKS * 200), *end = output;
    struct verdict *verdict;

    (void)state;
    end += sprintf(end, "scenario 1\nbegin main 0\ndid main 2 ok\nspawn main 3 child\n");
    for (int i = 2; i <= TASKS; i++)
        end += sprintf(end, "spawn main 3 child#%d\n", i);
    end += sprintf(end, "did main 3 ok\n");
    for (int i = 1; i <= TASKS; i++) {
        char name[32];

        snprintf(name, sizeof name, i > 1 ? "child#%d" : "child", i);
        end += sprintf(end, "begin %s 0\ndid %s 8 ok\ndid %s 9 ok\ndid %s 10 ok\nend %s\n", name,
                       name, name, name, name);
    }
    sprintf(end, "did main 4 ok\ndid main 5 ended\ndid main 6 ok\nend main\nrun ok\n");
    verdict = verdict_of(program, output);
    if (verdict->kind != VERDICT_PASS)
        fail_msg("%s / %s", verdict->findings[0].expected, verdict->findings[0].observed);
    verdict_free(verdict);
    free(output);
}

/* Whatever a driver says, there is a verdict. */
static void any_trace_is_judged(void **state)
{
    char program[1024];
    unsigned random = 3;
    int whole = 0;

    (void)state;
    snprintf(program, sizeof program, "%sexpect run ok 1\n", expecting_program);
    for (int i = 0; i < 3000; i++) {
        char output[2 * sizeof expecting_trace] = "scenario 1\n";
        size_t size = sizeof expecting_trace - 1;
        struct verdict *verdict;

        memcpy(output + 11, expecting_trace, size);
        /* Whole lines are swapped, so that much of it stays a trace. */
        for (unsigned swaps = next_random(&random) % 4; swaps > 0; swaps--) {
            char *line = strchr(output + next_random(&random) % size, '\n');
            char *next = line != NULL ? strchr(line + 1, '\n') : NULL;
            char *last = next != NULL ? strchr(next + 1, '\n') : NULL;
            char copy[100];

            if (last == NULL)
                continue;
            memcpy(copy, line, (size_t)(next - line));
            memmove(line, next, (size_t)(last - next));
            memcpy(line + (last - next), copy, (size_t)(next - line));
        }
        size += 11;
        if (i % 2 == 0)
            mutate(output, &size, sizeof output - 1, &random);
        output[size] = '\0';
        verdict = verdict_of(program, output);
        whole += verdict->kind == VERDICT_FAIL;
        verdict_free(verdict);
    }
    assert_in_range(whole, 100, 3000);
}

/* ---- Alternatives ---- */

static void note_trace(struct alternatives *alternatives, const struct program *program,
                       const char *text)
{
    struct trace *trace = trace_parse(program, 1, text, strlen(text));

    assert_int_equal(trace->end, TRACE_WHOLE);
    alternatives_note(alternatives, trace);
    trace_free(trace);
}

static void every_alternative_is_to_be_met(void **state)
{
    static const char text[] = "schedule all\ntask main\np = async child\n"
                               "parallel child child => ok, ok | ok, ok 1\nawait p => ok | ok 1\n"
                               "task child\nrepeat 2 yield => ok\nexpect run ok | ok 1\n";
    struct complaints complaints = {.size = 0};
    struct program *program =
        program_parse(text, sizeof text - 1, PROGRAM_WITH_ANSWERS, complain, &complaints);
    struct alternatives *alternatives = alternatives_create(program);
    struct verdict verdict = {.kind = VERDICT_PASS};

    (void)state;
    assert_false(alternatives_are_met(alternatives));
    note_trace(alternatives, program,
               "scenario 1\nbegin main 0\nspawn main 3 child\ndid main 3 ok\n"
               "spawn main 4 child#2\nspawn main 4 child#3\ndid main 4 ok, ok 1\n"
               "did main 5 ok\nend main\nrun ok\n");
    alternatives_tell(alternatives, 7, &verdict);
    assert_int_equal(verdict.kind, VERDICT_FAIL);
    assert_int_equal(verdict.finding_count, 3);
    assert_int_equal(verdict.findings[0].line, 4);
    assert_string_equal(verdict.findings[0].expected,
                        "some schedule leads to the outcome ok, ok of 'parallel'");
    assert_int_equal(verdict.findings[1].line, 5);
    assert_string_equal(verdict.findings[1].observed, "none of 7 does");
    assert_string_equal(verdict.findings[2].deviation,
                        "no schedule leads to the outcome ok 1 of 'run'");
    note_trace(alternatives, program,
               "scenario 1\nbegin main 0\nspawn main 4 child#2\nspawn main 4 child#3\n"
               "did main 4 ok, ok 1\ndid main 5 ok 1\nend main\nrun ok 1\n");
    assert_false(alternatives_are_met(alternatives));
    note_trace(alternatives, program,
               "scenario 1\nbegin main 0\nspawn main 4 child#2\nspawn main 4 child#3\n"
               "did main 4 ok, ok\nend main\nrun ok\n");
    assert_true(alternatives_are_met(alternatives));
    for (int i = 0; i < verdict.finding_count; i++) {
        free(verdict.findings[i].expected);
        free(verdict.findings[i].observed);
        free(verdict.findings[i].deviation);
    }
    alternatives_free(alternatives);
    program_free(program);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(tasks_follow_their_programs),
        cmocka_unit_test(stopped_tasks_only_end),
        cmocka_unit_test(outcomes_are_those_of_the_child),
        cmocka_unit_test(who_never_began_may_lack_memory),
        cmocka_unit_test(failures_are_those_of_the_task),
        cmocka_unit_test(tasks_run_where_they_may),
        cmocka_unit_test(no_task_goes_where_there_is_nothing),
        cmocka_unit_test(a_task_cannot_start_a_run),
        cmocka_unit_test(tasks_of_one_domain_take_turns),
        cmocka_unit_test(children_are_not_forgotten),
        cmocka_unit_test(who_may_have_been_cancelled_is_no_offender),
        cmocka_unit_test(promises_belong_to_the_parent),
        cmocka_unit_test(cancelled_is_cancelled),
        cmocka_unit_test(trees_end_together),
        cmocka_unit_test(parallel_gives_how_its_tasks_ended),
        cmocka_unit_test(parallel_may_be_repeated),
        cmocka_unit_test(lists_go_by_their_members),
        cmocka_unit_test(strangers_are_known_on_other_domains),
        cmocka_unit_test(each_instance_has_promises_of_its_own),
        cmocka_unit_test(orphans_are_handed_out_once),
        cmocka_unit_test(cared_promises_are_like_others),
        cmocka_unit_test(settled_orphans_count_once),
        cmocka_unit_test(orphanages_are_for_their_makers),
        cmocka_unit_test(owners_may_and_others_may_not),
        cmocka_unit_test(released_is_finalised_at_once),
        cmocka_unit_test(what_is_kept_is_leaked),
        cmocka_unit_test(resources_end_before_the_parent_goes_on),
        cmocka_unit_test(what_is_given_is_the_childs),
        cmocka_unit_test(what_is_transferred_is_the_parents),
        cmocka_unit_test(each_instance_has_resources_of_its_own),
        cmocka_unit_test(resources_of_one_name_are_counted),
        cmocka_unit_test(expectations_are_judged),
        cmocka_unit_test(deviations_are_told_in_short),
        cmocka_unit_test(answers_are_judged),
        cmocka_unit_test(the_member_that_differs_is_shown),
        cmocka_unit_test(a_member_that_is_no_answer_is_shown),
        cmocka_unit_test(some_operations_are_expected_to_succeed),
        cmocka_unit_test(verdicts_tell_what_kept_from_judging),
        cmocka_unit_test(answers_before_a_hang_are_judged),
        cmocka_unit_test(what_only_gives_back_or_asks_may_be_absent),
        cmocka_unit_test(domains_that_nobody_knows_break_no_rule),
        cmocka_unit_test(errors_of_another_language_have_names),
        cmocka_unit_test(findings_beyond_the_most_are_counted),
        cmocka_unit_test(long_traces_are_judged),
        cmocka_unit_test(any_trace_is_judged),
        cmocka_unit_test(every_alternative_is_to_be_met),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
