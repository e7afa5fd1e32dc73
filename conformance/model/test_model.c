/* Tests of the model: small programs whose behaviours are known, and for each freedom a program
 * that can tell whether the model takes it. */
#include "proof.h"

#include "scenario/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { LIMIT = 100000 };

/* ---- Behaviours ---- */

static void complain(void *to, int line, const char *text)
{
    (void)to;
    fail_msg("line %d: %s", line, text);
}

/* All behaviours of a program are these. */
static void assert_behaviours(const char *text, const char *expected)
{
    struct program *program =
        program_parse(text, strlen(text), PROGRAM_WITH_ANSWERS, complain, NULL);
    char *written = NULL;
    size_t size;
    FILE *stream = must(open_memstream(&written, &size));

    behaviours_write(stream, program, LIMIT);
    fclose(stream);
    assert_string_equal(strchr(written, '\n') + 1, expected); /* without the counts */
    free(written);
    program_free(program);
}

static void test_one_task(void **state)
{
    (void)state;
    assert_behaviours("task main\n print hello\n return 5\nexpect run ok 5\n",
                      "run: ok 5\nprints: hello\nline 2, print: ok\n");
}

static void test_forgotten_child(void **state)
{
    (void)state;
    assert_behaviours("task main\n p = async child\n yield\n return 5\n"
                      "task child\n return 1\nexpect run ok\n",
                      "run: still-has-children\nprints: none\nline 2, async: ok\n"
                      "line 3, yield: ok\n");
}

static void test_deadlock(void **state)
{
    (void)state;
    assert_behaviours("task main\n trigger t\n create r\n own r\n await-trigger t\n"
                      "expect run deadlock\n",
                      "run: deadlock\nprints: finalise:r\nline 2, trigger: ok\n"
                      "line 3, create: ok\nline 4, own: ok\nline 5, await-trigger: stopped\n");
}

/* A child that ends while it is cancelled has leaked, or has been cancelled in time. */
static void test_crossing(void **state)
{
    (void)state;
    assert_behaviours("task main\n p = call child\n cancel p\n return 1\n"
                      "task child\n create r\n own r\nexpect run ok\n",
                      "run: resource-leaked | ok 1\nprints: finalise:r\nprints: none\n"
                      "line 2, call: ok\nline 3, cancel: stopped | ok\n"
                      "line 6, create: ok\nline 7, own: ok\n");
}

/* A loop that waits for nothing has states without end only if it counts. */
static void test_endless(void **state)
{
    const char *text = "task main\n until never\nexpect run ok\n";
    struct proof proof = prove(text, strlen(text), LIMIT, FREEDOM_KINDS);

    (void)state;
    assert_int_equal(proof.kind, PROOF_UNSOUND);
    assert_string_equal(proof.why, "    no behaviour ends\n");
    free(proof.why);
}

static void test_bound(void **state)
{
    const char *text = "task main\n repeat 5 yield\nexpect run ok\n";
    struct proof proof = prove(text, strlen(text), 3, FREEDOM_KINDS);

    (void)state;
    assert_int_equal(proof.kind, PROOF_BOUNDED);
    free(proof.why);
}

static void test_unknown_operation(void **state)
{
    const char *text = "task main\n raise usr1\nexpect run ok\n";
    struct proof proof = prove(text, strlen(text), LIMIT, FREEDOM_KINDS);

    (void)state;
    assert_int_equal(proof.kind, PROOF_UNKNOWN);
    assert_string_equal(proof.why, "    cannot tell: raise\n");
    free(proof.why);
}

/* ---- Answers ---- */

static void assert_proof(const char *text, enum proof_kind kind, const char *why)
{
    struct proof proof = prove(text, strlen(text), LIMIT, FREEDOM_KINDS);

    assert_string_equal(proof.why, why);
    assert_int_equal(proof.kind, kind);
    free(proof.why);
}

static void test_unsound_answer(void **state)
{
    (void)state;
    assert_proof("task main\n p = call child\n state p => running\n await p => ok\n"
                 "task child\nexpect run ok\n",
                 PROOF_UNSOUND,
                 "    line 3: a behaviour does not meet this, but has: finished\n"
                 "      begin main 0\n      main 2 call: ok\n      begin child 1\n"
                 "      end child\n");
}

static void test_loose_answer(void **state)
{
    (void)state;
    assert_proof("task main\n p = async child\n state p => running | finished\n await p => ok\n"
                 "task child\nexpect run ok\n",
                 PROOF_LOOSE, "    line 3: no behaviour has: finished\n");
}

/* What a runtime may do although nobody needs it: each answer of these programs occurs. */
static void test_liberties(void **state)
{
    static const char *const programs[] = {
        /* R9.17: others run before the function, */
        "shared m\ntask main\n mutex m\n lazy l value\n p = async child\n force l => ok\n"
        " await p => ok\ntask child\n try-lock m => ok | busy\n"
        "task value\n try-lock m => ok | busy\nexpect run ok\n",
        /* R1.10: and before a value that is known, or before nothing is got from an orphanage; */
        "task main\n lazy l value\n force l => ok\n p = async child\n force l => ok\n"
        " state p => running | finished\n await p => ok\ntask child\ntask value\n"
        "expect run ok\n",
        "task main\n orphans o\n p = async child\n get o => empty\n"
        " state p => running | finished\n await p => ok\ntask child\nexpect run ok\n",
        /* R1.10: and before a call is refused, for what was wrong when it was made. */
        "shared m\ntask main\n p = async child\n lock m => invalid\n"
        " state p => running | finished\n await p => ok\ntask child\n mutex m\n"
        "expect run ok\n",
        "task main\n mutex m\n lock m => ok\n p = async child\n"
        " protect-mutex m part => would-deadlock\n state p => running | finished\n"
        " await p => ok\ntask child\ntask part\nexpect run ok\n"};
    /* R5.6: and before the finalisers of a task that has failed. */
    static const char late[] =
        "task main\n p = async fails\n q = async other\n await-all p q => failed boom, ok\n"
        "task fails\n create r\n own r => ok\n fail boom\ntask other\n print other\n"
        "expect run ok\nexpect order finalise:r other\n";
    struct proof proof;

    (void)state;
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
        assert_proof(programs[i], PROOF_HOLDS, "");
    proof = prove(late, strlen(late), LIMIT, FREEDOM_KINDS);
    assert_int_equal(proof.kind, PROOF_UNSOUND);
    free(proof.why);
    proof = prove(late, strlen(late), LIMIT, FREEDOM_ENDING);
    assert_int_equal(proof.kind, PROOF_HOLDS);
    free(proof.why);
}

/* Nothing of its domain runs while a task spins, and it is not stopped. */
static void test_spinning(void **state)
{
    (void)state;
    assert_proof("domains 1\ntask main\n p = async near\n q = call far\n spin up 2 => ok\n"
                 " print spun\n await p => ok\n await q => ok\ntask near\n print near\n"
                 "task far\n repeat 2 post up\nexpect run ok\nexpect exactly spun near\n",
                 PROOF_HOLDS, "");
    assert_proof("domains 1\ntask main\n q = call far\n until begun\n fail boom\n"
                 "task far\n post begun\n spin up => ok\nexpect run failed boom\n",
                 PROOF_UNSOUND, "    no behaviour ends\n");
}

/* R1.4, R1.3: calls are refused outside a run, and a run there leaves nothing to the next one. */
static void test_outside(void **state)
{
    (void)state;
    assert_proof("domains 1\noutside before\nshared m r\ntask before\n yield => not-running\n"
                 " until up => not-running\n run leaks => resource-leaked\n until up => ok\n"
                 " lock m => not-running\n run waits => deadlock\n print before\n"
                 "task leaks\n mutex m\n create r\n own r\n p = call child\n await p\n lock m\n"
                 "task waits\n lock m => invalid\n disown r => not-owner\n trigger t\n"
                 " run child => busy\n await-trigger t => stopped\n"
                 "task child\n post up\n"
                 "task main\n disown r => not-owner\n print main\n return 3\n"
                 "expect run ok 3\nexpect exactly finalise:r before main\nexpect on 0 waits\n",
                 PROOF_HOLDS, "");
}

/* R10.8: a sleep that is refused does not suspend. */
static void test_no_monitor(void **state)
{
    (void)state;
    assert_proof("monitor none\ntask main\n p = async child\n sleep 1 => no-monitor\n"
                 " state p => running\n sleep 0 => ok\n await p => ok\ntask child\n"
                 "expect run ok\n",
                 PROOF_HOLDS, "");
}

/* What a call that signals does with one trigger after the other. */
static void test_actions(void **state)
{
    (void)state;
    assert_behaviours("task main\n computation x\n trigger a\n trigger b\n attach x a\n"
                      " attach x b\n on-signal a one\n on-signal b two\n complete x 1\n"
                      " print after\ntask one\n print first\ntask two\n print second\n"
                      " yield\nexpect run ok\n",
                      "run: ok\nprints: second first after\nprints: first second after\n"
                      "line 2, computation: ok\nline 3, trigger: ok\nline 4, trigger: ok\n"
                      "line 5, attach: ok\nline 6, attach: ok\nline 7, on-signal: ok\n"
                      "line 8, on-signal: ok\nline 9, complete: ok\nline 10, print: ok\n"
                      "line 12, print: ok\nline 14, print: ok\nline 15, yield: in-finaliser\n");
    /* R9.24: none is called once its trigger has been freed. */
    assert_proof("shared a b\ntask main\n computation x\n trigger a\n trigger b\n"
                 " attach x a => ok\n attach x b => ok\n on-signal a one => ok\n"
                 " on-signal b two => ok\n complete x 1 => ok\n print end\n"
                 "task one\n free-trigger b => ok\n print act\n"
                 "task two\n free-trigger a => ok\n print act\n"
                 "expect run ok\nexpect exactly act end\n",
                 PROOF_HOLDS, "");
    /* R9.23: an action keeps others away, and a task that waits does. */
    assert_proof("shared t\ntask main\n trigger t\n on-signal t act => ok\n"
                 " on-signal t act => busy\n await-trigger t => busy\n signal-trigger t => ok\n"
                 " on-signal t act => already\n await-trigger t => ok\n"
                 "task act\n on-signal t act => already\nexpect run ok\nexpect once end:act\n",
                 PROOF_HOLDS, "");
    /* R9.10: what completes a computation by way of another may leave it. */
    assert_proof("shared y\ntask main\n computation x\n computation y\n computation z\n"
                 " canceller c x y\n trigger t\n attach x c => ok\n attach y t => ok\n"
                 " on-signal t act => ok\n complete x boom => ok\n free-computation x => ok\n"
                 "task act\n free-computation y => busy | ok\nexpect run ok\n",
                 PROOF_HOLDS, "");
}

static void test_expectations(void **state)
{
    static const char *const wrong[] = {"exactly b a", "order b a", "never a",   "seen d",
                                        "once c",      "count 3 c", "on 0 other"};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char *text = text_of("task main\n print a\n print b\n repeat 2 print c\n p = call other\n"
                             " await p\n return 1\ntask other\n return 2\ntask no\n print d\n"
                             "expect run ok 1\nexpect %s\n",
                             wrong[i]);
        struct proof proof = prove(text, strlen(text), LIMIT, FREEDOM_KINDS);

        if (proof.kind != PROOF_UNSOUND)
            fail_msg("expect %s: %s", wrong[i], proof.why);
        free(proof.why);
        free(text);
    }
}

/* ---- Freedoms ---- */

/* A scenario that is proven so with all freedoms, and not without one. */
static const struct {
    enum freedom freedom;
    enum proof_kind with, without;
    const char *text;
} freedoms[] = {
    {FREEDOM_INTERLEAVING, PROOF_HOLDS, PROOF_LOOSE,
     "task main\n p = call child\n state p => running | finished\n await p => ok\n"
     "task child\nexpect run ok\n"},
    {FREEDOM_TURN, PROOF_HOLDS, PROOF_LOOSE,
     "shared x m\ntask main\n computation x\n mutex m\n p = async one\n q = async two\n yield\n"
     " complete x 1 => ok\n await-all p q => ok\n"
     "task one\n await-computation x => ok 1\n try-lock m => ok | busy\n"
     "task two\n await-computation x => ok 1\n try-lock m => ok | busy\nexpect run ok\n"},
    {FREEDOM_UNBEGUN, PROOF_HOLDS, PROOF_LOOSE,
     "shared x\ntask main\n computation x\n p = async child\n cancel p => ok\n"
     " peek x => running | ok 1\ntask child\n complete x 1 => ok\nexpect run ok\n"},
    {FREEDOM_DESCENT, PROOF_HOLDS, PROOF_LOOSE,
     "domains 2\ntask main\n p = call parent pin=1\n until up => ok | stopped\n"
     " cancel p => ok | stopped\n"
     "task parent\n q = call below pin=2\n post up\n state q => running | exited\n"
     "task below\n until never => stopped\nexpect run ok | still-has-children\n"},
    {FREEDOM_THROWN, PROOF_HOLDS, PROOF_LOOSE,
     "task main\n p = async protects\n until waiting\n cancel p => ok\n"
     "task protects\n protect waits last => ok | stopped\n"
     "task waits\n post waiting\n until never => stopped\ntask last\n print last\n"
     "expect run ok\nexpect exactly last\n"},
    {FREEDOM_SUSPENDS, PROOF_HOLDS, PROOF_LOOSE,
     "task main\n p = async child\n yield\n q = async child\n await p => ok\n"
     " state q => running | finished\n await q => ok\ntask child\nexpect run ok\n"},
    {FREEDOM_ENDING, PROOF_HOLDS, PROOF_LOOSE,
     "task main\n p = async parent\n until gone => ok\n state p => running | exited\n"
     " await p => failed boom\ntask parent\n q = async below\n fail boom\n"
     "task below\n post gone\nexpect run ok\n"},
    {FREEDOM_TARGET, PROOF_HOLDS, PROOF_LOOSE,
     "domains 2\ntask main\n p = call child\n await p => ok\n"
     "task child\n self => ok 1 | ok 2\nexpect run ok\n"},
    {FREEDOM_SPREAD, PROOF_HOLDS, PROOF_LOOSE,
     "domains 2\ntask main\n parallel child => ok\n"
     "task child\n self => ok 1 | ok 2\nexpect run ok\n"},
    {FREEDOM_TAKEN, PROOF_HOLDS, PROOF_LOOSE,
     "task main\n p = async one\n q = async two\n yield\n await-one p q => ok 1 | ok 2\n"
     " await-all p q => ok 1, ok 2\ntask one\n return 1\ntask two\n return 2\nexpect run ok\n"},
    {FREEDOM_HANDED, PROOF_HOLDS, PROOF_LOOSE,
     "task main\n orphans o\n async one orphans=o\n async two orphans=o\n yield\n"
     " p = care o => ended\n await p => ok 1 | ok 2\n get o => ok 1 | ok 2\n"
     "task one\n return 1\ntask two\n return 2\nexpect run ok\n"},
    {FREEDOM_ANY_ORPHAN, PROOF_HOLDS, PROOF_LOOSE,
     "task main\n orphans o\n async one orphans=o\n async two orphans=o\n"
     " p = take o => taken\n await p => ok 1 | ok 2\n get o => ok 1 | ok 2\n"
     "task one\n return 1\ntask two\n return 2\nexpect run ok\n"},
    {FREEDOM_ARRIVAL, PROOF_HOLDS, PROOF_LOOSE,
     "shared r\ntask main\n p = async child\n yield\n check r => ok | not-owner\n await p => ok\n"
     " disown r => ok\ntask child\n create r\n own r => ok\n transfer r => ok\nexpect run ok\n"},
    {FREEDOM_CODE, PROOF_HOLDS, PROOF_LOOSE,
     "task main\n create r\n transfer r => invalid | not-owner\nexpect run ok\n"},
    {FREEDOM_AWAITED, PROOF_HOLDS, PROOF_LOOSE,
     "domains 1\nshared t\ntask main\n trigger t\n p = call parent\n until seen => ok\n"
     " free-trigger t => ok | busy\n await p => ok\n"
     "task parent\n q = async waits\n until waiting => ok\n o = async other\n cancel q => ok\n"
     " await o => ok\ntask waits\n post waiting\n await-trigger t => stopped\n"
     "task other\n post seen\nexpect run ok\n"},
    {FREEDOM_RELOCK, PROOF_HOLDS, PROOF_LOOSE,
     "shared c m x\ntask main\n condition c\n mutex m\n computation x\n p = async waits\n yield\n"
     " lock m => ok\n q = async locks\n signal c => ok\n yield\n unlock m => ok\n"
     " await-all p q => ok\n"
     "task waits\n lock m => ok\n wait c m => ok\n peek x => running | ok 1\n unlock m => ok\n"
     "task locks\n lock m => ok\n complete x 1 => ok\n unlock m => ok\nexpect run ok\n"},
    {FREEDOM_HAND_ON, PROOF_UNSOUND, PROOF_HOLDS,
     "shared m\ntask main\n mutex m\n lock m => ok\n p = async first\n q = async second\n"
     " repeat 2 yield\n unlock m => ok\n cancel p => ok\n await q => ok\n unlock m\n"
     "task first\n lock m => stopped\n"
     "task second\n lock m => ok\n print got\n unlock m => ok\n"
     "expect run ok\nexpect order end:first got\n"},
    {FREEDOM_COMPUTES, PROOF_HOLDS, PROOF_LOOSE,
     "shared l r\ntask main\n lazy l value\n p = async first\n until up => ok\n"
     " q = async second\n s = async third\n repeat 2 yield\n cancel p => ok\n post go\n"
     " await-all q s => ok\n"
     "task first\n force l => stopped\n"
     "task second\n create r\n own r => ok\n force l => ok\n disown r => ok\n"
     "task third\n force l => ok\n"
     "task value\n post up\n until go => ok | stopped\n check r => ok | not-owner\n"
     "expect run ok\n"},
    {FREEDOM_SIGNALLING, PROOF_HOLDS, PROOF_LOOSE,
     "shared x second\ntask main\n computation x\n trigger first\n trigger second\n"
     " attach x first => ok\n attach x second => ok\n on-signal first act => ok\n"
     " complete x 1 => ok\n"
     "task act\n free-computation x => busy\n detach x second => ok | invalid\n"
     "expect run ok\n"},
    {FREEDOM_SLEEPERS, PROOF_HOLDS, PROOF_LOOSE,
     "shared m\ntask main\n mutex m\n p = async long\n q = async short\n await-all p q => ok\n"
     "task long\n sleep 9 => ok\n try-lock m => ok | busy\n"
     "task short\n sleep 1 => ok\n try-lock m => ok | busy\nexpect run ok\n"},
};

static void test_freedoms(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof freedoms / sizeof *freedoms; i++) {
        const char *text = freedoms[i].text;
        const char *name = freedom_name(freedoms[i].freedom);
        struct proof with = prove(text, strlen(text), LIMIT, FREEDOM_KINDS);
        struct proof without = prove(text, strlen(text), LIMIT, freedoms[i].freedom);

        if (with.kind != freedoms[i].with)
            fail_msg("%s: with all freedoms\n%s", name, with.why);
        if (without.kind != freedoms[i].without)
            fail_msg("%s: without it\n%s", name, without.why);
        free(with.why);
        free(without.why);
    }
    assert_int_equal(sizeof freedoms / sizeof *freedoms, FREEDOM_KINDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_task),          cmocka_unit_test(test_forgotten_child),
        cmocka_unit_test(test_deadlock),          cmocka_unit_test(test_crossing),
        cmocka_unit_test(test_endless),           cmocka_unit_test(test_bound),
        cmocka_unit_test(test_unknown_operation), cmocka_unit_test(test_unsound_answer),
        cmocka_unit_test(test_loose_answer),      cmocka_unit_test(test_expectations),
        cmocka_unit_test(test_liberties),         cmocka_unit_test(test_actions),
        cmocka_unit_test(test_spinning),          cmocka_unit_test(test_no_monitor),
        cmocka_unit_test(test_outside),           cmocka_unit_test(test_freedoms),
    };

    return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
