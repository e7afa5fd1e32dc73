/* Tests of the oracle: what it makes of the order of events on several domains, what it says of an
 * event that nothing allows, and where it does not decide. */
#include "test_texts.h"

#include "judge.h"
#include "model/freedoms.h"

static void complain(void *to, int line, const char *text)
{
    note(to, "", line, text);
}

struct asked {
    struct program *program;
    struct trace *trace;
    struct verdict *verdict;
};

static struct asked ask(const char *text, const char *events, const struct oracle *oracle)
{
    struct complaints complaints = {.size = 0};
    struct asked asked;
    char *output = malloc(strlen(events) + sizeof "scenario 1\n");

    sprintf(output, "scenario 1\n%s", events);
    asked.program = program_parse(text, strlen(text),
                                  strstr(text, "expect ") ? PROGRAM_WITH_ANSWERS : PROGRAM_STRIPPED,
                                  complain, &complaints);
    if (asked.program == NULL)
        fail_msg("%s\n%s", text, complaints.text);
    asked.trace = trace_parse(asked.program, 1, output, strlen(output));
    if (asked.trace->end != TRACE_WHOLE && asked.trace->end != TRACE_CUT)
        fail_msg("%s\n%s", events, asked.trace->problem);
    asked.verdict = judge_by_oracle(asked.program, asked.trace, oracle);
    free(output);
    return asked;
}

static void done(struct asked *asked)
{
    verdict_free(asked->verdict);
    trace_free(asked->trace);
    program_free(asked->program);
}

static const struct oracle alone = {.alone = true};

static void allows(const char *text, const char *events)
{
    struct asked asked = ask(text, events, &alone);

    if (asked.verdict->opinion != OPINION_ALLOWED)
        fail_msg("%s%s%s", text, events,
                 asked.verdict->finding_count ? asked.verdict->findings[0].observed
                                              : asked.verdict->open);
    done(&asked);
}

static void refuses(const char *text, const char *events, const char *expected,
                    const char *observed)
{
    struct asked asked = ask(text, events, &alone);

    assert_int_equal(asked.verdict->opinion, OPINION_WRONG);
    assert_int_equal(asked.verdict->finding_count, 1);
    if (!contains(asked.verdict->findings[0].expected, expected) ||
        !contains(asked.verdict->findings[0].observed, observed))
        fail_msg("expected: %s\nobserved: %s", asked.verdict->findings[0].expected,
                 asked.verdict->findings[0].observed);
    done(&asked);
}

static void leaves_open(const char *text, const char *events, const struct oracle *oracle,
                        const char *why)
{
    struct asked asked = ask(text, events, oracle);

    assert_int_equal(asked.verdict->opinion, OPINION_OPEN);
    assert_int_equal(asked.verdict->kind, VERDICT_PASS);
    assert_string_equal(asked.verdict->open, why);
    done(&asked);
}

/* ---- Several domains ---- */

static const char posting[] = "task main\np = call child\nuntil up\nawait p\n"
                              "task child\npost up\n";

#define BEGUN "begin main 0\nspawn main 2 child\ndid main 2 ok\nbegin child 1\n"
#define ENDED "end child\ndid main 4 ok\nend main\nrun ok\n"

/* What one domain has done another may report first. */
static void reports_may_cross(void **state)
{
    (void)state;
    allows(posting, BEGUN "did child 6 ok\ndid main 3 ok\n" ENDED);
    allows(posting, BEGUN "did main 3 ok\ndid child 6 ok\n" ENDED);
}

/* But nothing happens before what came before it on its own domain was reported. */
static void nothing_precedes_its_task(void **state)
{
    (void)state;
    refuses(posting,
            "begin main 0\nspawn main 2 child\ndid main 2 ok\ndid main 3 ok\nbegin child 1\n"
            "did child 6 ok\n" ENDED,
            "nothing more of that domain", "'did main 3 ok' (line 5 of the trace)");
}

/* Its finaliser has run before a task has ended, on whatever domain. */
static void finalisers_precede_the_end(void **state)
{
    static const char text[] = "task main\np = call child\nawait p\n"
                               "task child\ncreate r\nown r\nfail boom\n";

    (void)state;
    allows(text, BEGUN "did child 5 ok\ndid child 6 ok\nend child\nfinalise child r 1\n"
                       "did main 3 failed boom\nend main\nrun ok\n");
    refuses(text,
            BEGUN "did child 5 ok\ndid child 6 ok\nend child\ndid main 3 failed boom\n"
                  "finalise child r 1\nend main\nrun ok\n",
            "nothing more of that domain", "child on domain 1 has returned, but has not ended");
}

/* Those of a task that never begins, too, which may end in the turn of the one that fails; but what
 * else comes of that turn may be seen elsewhere before. */
static void finalisers_of_the_unbegun_precede_the_end(void **state)
{
    static const char text[] = "domains 2\nshared r\ntask main\ncreate r\nown r\n"
                               "p = call parent give=r\nawait p\ntask parent\nc = call waits\n"
                               "until up\nq = async child give=r\nfail boom\ntask child\n"
                               "task waits\npost up\nuntil never\n";
#define FAILS                                                                                      \
    "begin main 0\ndid main 4 ok\ndid main 5 ok\nspawn main 6 parent\ndid main 6 ok\n"             \
    "begin parent 1\nspawn parent 9 waits\ndid parent 9 ok\nbegin waits 2\ndid waits 15 ok\n"      \
    "did parent 10 ok\nspawn parent 11 child\ndid parent 11 ok\nend parent\n"

    (void)state;
    allows(text, FAILS "finalise main r 1\ndid waits 16 stopped\nend waits\n"
                       "did main 7 failed boom\nend main\nrun ok\n");
    allows(text, FAILS "did waits 16 stopped\nend waits\nfinalise main r 1\n"
                       "did main 7 failed boom\nend main\nrun ok\n");
    refuses(text,
            FAILS "did waits 16 stopped\nend waits\ndid main 7 failed boom\n"
                  "finalise main r 1\nend main\nrun ok\n",
            "nothing more of that domain", "'did main 7 failed boom'");
#undef FAILS
}

/* R1.10: nothing of them runs while another task of their domain goes on without suspending. */
static void finalisers_of_the_unbegun_interrupt_no_task(void **state)
{
    static const char text[] =
        "shared r\ntask main\ncreate r\nown r\nq = async other\np = async parent give=r\nyield\n"
        "cancel p\nawait q\ntask parent\nc = async child give=r\nyield\ntask child\n"
        "task other\nyield\nprint a\nprint b\n";
#define UNTIL                                                                                      \
    "begin main 0\ndid main 3 ok\ndid main 4 ok\nspawn main 5 other\ndid main 5 ok\n"              \
    "spawn main 6 parent\ndid main 6 ok\nbegin other 0\nbegin parent 0\n"                          \
    "spawn parent 11 child\ndid parent 11 ok\ndid main 7 ok\n"
#define REST "did parent 12 stopped\nend parent\ndid main 8 ok\ndid main 9 ok\nend main\nrun ok\n"

    (void)state;
    allows(text, UNTIL "finalise main r 0\ndid other 15 ok\nprint other a\ndid other 16 ok\n"
                       "print other b\ndid other 17 ok\nend other\n" REST);
    allows(text, UNTIL "did other 15 ok\nprint other a\ndid other 16 ok\nprint other b\n"
                       "did other 17 ok\nend other\nfinalise main r 0\n" REST);
    refuses(text,
            UNTIL "did other 15 ok\nprint other a\ndid other 16 ok\nfinalise main r 0\n"
                  "print other b\ndid other 17 ok\nend other\n" REST,
            "'print other b'", "'finalise main r 0'");
#undef UNTIL
#undef REST
}

/* R2.24: what is spawned below a task that is being cancelled may be kept from beginning, before
 * its parent is cancelled. */
static void a_growing_tree_is_cancelled_at_its_tips(void **state)
{
    static const char text[] =
        "task main\np = async a\nuntil up\ncancel p\ntask a\nq = call b\nawait q\n"
        "task b\npost up\nyield\nu = async f\nyield\nawait u\ntask f\nuntil never\n";

    (void)state;
    allows(text, "begin main 0\nspawn main 2 a\ndid main 2 ok\nbegin a 0\nspawn a 6 b\n"
                 "did a 6 ok\nbegin b 1\ndid b 9 ok\ndid main 3 ok\ndid b 10 ok\n"
                 "spawn b 11 f\ndid b 11 ok\ndid b 12 ok\ndid a 7 stopped\nend a\n"
                 "did b 13 stopped\nend b\ndid main 4 ok\nend main\nrun ok\n");
}

/* Nor need what the task itself spawns begin before it hears that it is cancelled. */
static void a_cancelled_task_spawns_in_vain(void **state)
{
    static const char text[] = "domains 2\ntask main\np = call d\nq = async e\nyield\n"
                               "task d\nr = call e\ntask e\n";

    (void)state;
    allows(text, "begin main 0\nspawn main 3 d\ndid main 3 ok\nbegin d 1\nspawn d 7 e\n"
                 "did d 7 ok\nend d\nspawn main 4 e#2\ndid main 4 ok\ndid main 5 ok\nend main\n"
                 "begin e 2\nend e\nrun still-has-children\n");
}

/* R1.10: a lock that takes the mutex lets another task run before it returns, more than once. */
static void a_call_lends_its_turn(void **state)
{
    static const char text[] = "shared m\ntask main\nmutex m\np = async other\nlock m\nunlock m\n"
                               "await p\ntask other\ntry-lock m\nyield\nyield\n";

    (void)state;
    allows(text, "begin main 0\ndid main 3 ok\nspawn main 4 other\ndid main 4 ok\n"
                 "begin other 0\ndid other 9 busy\ndid other 10 ok\ndid other 11 ok\n"
                 "end other\ndid main 5 ok\ndid main 6 ok\ndid main 7 ok\nend main\nrun ok\n");
    refuses(text,
            "begin main 0\ndid main 3 ok\nspawn main 4 other\ndid main 4 ok\nbegin other 0\n"
            "did other 9 ok\ndid main 5 ok\ndid main 6 ok\ndid other 10 ok\ndid other 11 ok\n"
            "end other\ndid main 7 ok\nend main\nrun ok\n",
            "one of 'did other 9 busy' [R9.5]", "'did other 9 ok'");
}

/* R13.1: a domain may have heard of something, in vain, when nothing can go on any more. */
static void a_deadlock_follows_what_was_heard(void **state)
{
    (void)state;
    allows("shared m\ntask main\nmutex m\nparallel b b\ntask b\nlock m\n",
           "begin main 0\ndid main 3 ok\nspawn main 4 b\nspawn main 4 b#2\nbegin b 1\n"
           "did b 6 ok\nend b\nbegin b#2 1\ndid main 4 stopped\nend main\n"
           "did b#2 6 stopped\nend b#2\nrun deadlock\n");
}

/* R5.14: a resource that was transferred need not arrive before it. */
static void a_deadlock_does_not_wait_for_resources(void **state)
{
    static const char text[] = "shared r\ntask main\ntrigger t\np = async child\n"
                               "protect waits after\ntask waits\ntrigger t\nawait-trigger t\n"
                               "task after\ncheck r\ntask child\ncreate r\nown r\ntransfer r\n"
                               "trigger t\nawait-trigger t\n";
    static const char begun[] =
        "begin main 0\ndid main 3 ok\nspawn main 4 child\ndid main 4 ok\nforce main 5 waits\n"
        "begin waits 0\ndid waits 7 ok\nbegin child 0\ndid child 12 ok\ndid child 13 ok\n"
        "did child 14 ok\ndid child 15 ok\ndid waits 8 stopped\nend waits\nforce main 5 after\n"
        "begin after 0\ndid after 10 %s\nend after\ndid main 5 ok\nend main\n"
        "did child 16 stopped\nend child\nfinalise child r 0\nrun deadlock\n";
    char seen[800];

    (void)state;
    sprintf(seen, begun, "not-owner");
    allows(text, seen);
    sprintf(seen, begun, "ok");
    allows(text, seen);
}

/* R2.22: nothing is left to wait for if the child never begins. */
static void a_child_that_never_begins_ends_at_once(void **state)
{
    static const char text[] = "domains 0\ntask main\np = async endless\nq = async child\n"
                               "cancel p\nprint after\nawait q\ntask endless\nuntil never\n"
                               "task child\nprint child\n";

    (void)state;
    allows(text, "begin main 0\nspawn main 3 endless\ndid main 3 ok\nspawn main 4 child\n"
                 "did main 4 ok\ndid main 5 ok\nprint main after\ndid main 6 ok\n"
                 "begin child 0\nprint child child\ndid child 11 ok\nend child\n"
                 "did main 7 ok\nend main\nrun ok\n");
}

/* R2.23: miou_cancel returns 0 as always, and the run ends with the code of what the child broke.
 */
static void a_cancelled_child_may_have_leaked(void **state)
{
    static const char text[] = "task main\ncreate r\nown r\np = call one give=r\ncancel p\n"
                               "task one\nself\n";

    (void)state;
    allows(text, "begin main 0\ndid main 2 ok\ndid main 3 ok\nspawn main 4 one\ndid main 4 ok\n"
                 "begin one 1\ndid one 7 ok 1\nend one\nfinalise main r 1\ndid main 5 ok\n"
                 "end main\nrun resource-leaked\n");
}

/* R5.6: no rule keeps others from running between two finalisers of a task. */
static void others_run_between_finalisers(void **state)
{
    static const char text[] = "task main\np = async fails\nq = async other\nawait p\nawait q\n"
                               "task fails\ncreate a\ncreate b\nown a\nown b\nfail boom\n"
                               "task other\nprint x\n";
    static const char begun[] =
        "begin main 0\nspawn main 2 fails\ndid main 2 ok\nspawn main 3 other\ndid main 3 ok\n"
        "begin fails 0\ndid fails 7 ok\ndid fails 8 ok\ndid fails 9 ok\ndid fails 10 ok\n"
        "end fails\n";
    char events[1000];

    (void)state;
    snprintf(events, sizeof events,
             "%sfinalise fails b 0\nbegin other 0\nprint other x\ndid other 13 ok\nend other\n"
             "finalise fails a 0\ndid main 4 failed boom\ndid main 5 ok\nend main\nrun ok\n",
             begun);
    allows(text, events);
    snprintf(events, sizeof events,
             "%sfinalise fails b 0\nbegin other 0\nprint other x\ndid other 13 ok\nend other\n"
             "did main 4 failed boom\nfinalise fails a 0\ndid main 5 ok\nend main\nrun ok\n",
             begun);
    refuses(text, events, "'finalise fails a 0'", "'did main 4 failed boom'");
}

/* R9.17: the function may wait for a time. */
static void a_function_that_sleeps_computes_its_value(void **state)
{
    static const char text[] = "task main\nlazy l b\nforce l\nforce l\ntask b\nsleep 1\n";

    (void)state;
    allows(text, "begin main 0\ndid main 2 ok\nforce main 3 b\nbegin b 0\ndid b 6 ok\nend b\n"
                 "did main 3 ok\ndid main 4 ok\nend main\nrun ok\n");
}

/* ---- What it says ---- */

/* R9.27: a computation is complete before its triggers have been signalled, and another domain may
 * see that; once the call has returned they have been. */
static void a_call_that_signals_is_seen_midway(void **state)
{
    static const char text[] = "shared x t\ntask main\ncomputation x\ntrigger t\nattach x t\n"
                               "p = call child\ncomplete x 1\nawait p\n"
                               "task child\npeek x\ndetach x t\n";
    static const char begun[] = "begin main 0\ndid main 3 ok\ndid main 4 ok\ndid main 5 ok\n"
                                "spawn main 6 child\ndid main 6 ok\nbegin child 1\n";
    char seen[400];

    (void)state;
    sprintf(seen, "%sdid child 10 ok 1\ndid child 11 ok\ndid main 7 ok\nend child\n%s", begun,
            "did main 8 ok\nend main\nrun ok\n");
    allows(text, seen);
    sprintf(seen, "%sdid main 7 ok\ndid child 10 ok 1\ndid child 11 ok\nend child\n%s", begun,
            "did main 8 ok\nend main\nrun ok\n");
    refuses(text, seen, "'did child 11 invalid' [R9.27]", "'did child 11 ok'");
}

/* R9.24: an action is called by the task that signals, before its call returns; once it has been
 * called, another domain may free its trigger. */
static void an_action_is_called_before_the_call_returns(void **state)
{
    static const char text[] = "shared t\ntask main\ntrigger t\non-signal t act\n"
                               "p = call child\nsignal-trigger t\nawait p\n"
                               "task child\nfree-trigger t\ntask act\nprint acted\n";
    static const char spawned[] = "begin main 0\ndid main 3 ok\ndid main 4 ok\n"
                                  "spawn main 5 child\ndid main 5 ok\n";
    static const char end[] = "did main 7 ok\nend main\nrun ok\n";
    char seen[400];

    (void)state;
    sprintf(seen, "%sbegin child 1\ndid child 9 ok\n%send child\n%s", spawned,
            "callback main 4 act\nbegin act 0\nprint act acted\ndid act 11 ok\nend act\n"
            "did main 6 ok\n",
            end);
    allows(text, seen);
    sprintf(seen, "%sbegin child 1\ndid child 9 ok\nend child\ndid main 6 invalid\n%s", spawned,
            end);
    allows(text, seen);
    sprintf(seen, "%sdid main 6 ok\nbegin child 1\ndid child 9 ok\nend child\n%s", spawned, end);
    refuses(text, seen, "'begin act 0' [R9.24]", "'did main 6 ok'");
}

/* R13.9: nobody knows how long a sleep took that a program may call endless, unless the run was
 * steered and had few choices. */
static void a_long_sleep_is_over_last(void **state)
{
    static const char text[] = "task main\np = async sleeper\nq = async other\nawait p\nawait q\n"
                               "task sleeper\nsleep 100000\ntask other\nyield\nsleep 1\n";
    static const char begun[] = "begin main 0\nspawn main 2 sleeper\ndid main 2 ok\n"
                                "spawn main 3 other\ndid main 3 ok\nbegin sleeper 0\n"
                                "begin other 0\n%s";
    static const char end[] = "end sleeper\ndid other 9 ok\ndid main 4 ok\ndid other 10 ok\n"
                              "end other\ndid main 5 ok\nend main\nrun ok\n";
    static const char late[] = "did other 9 ok\nchose 0 2\ndid sleeper 7 ok\nend sleeper\n"
                               "did main 4 ok\ndid other 10 ok\nend other\ndid main 5 ok\n"
                               "end main\nrun ok\n";
    char seen[4000], *to;

    (void)state;
    to = seen + sprintf(seen, begun, "did sleeper 7 ok\n");
    strcpy(to, end);
    allows(text, seen);
    to = seen + sprintf(seen, begun, "chose 0 2\ndid sleeper 7 ok\n");
    strcpy(to, end);
    refuses(text, seen, "'did other 9 ok'", "'did sleeper 7 ok'");
    to = seen + sprintf(seen, begun, late);
    allows(text, seen);
    to = seen + sprintf(seen, begun, "");
    for (int i = 0; i < 100; i++)
        to += sprintf(to, "chose 0 2\n");
    to += sprintf(to, "did sleeper 7 ok\n");
    strcpy(to, end);
    allows(text, seen);
}

/* What sleeps so long may be asleep still when the suite has waited long enough; a steered run does
 * not wait. */
static void a_long_sleep_need_not_end(void **state)
{
    static const char text[] = "task main\nsleep longest\n";
    struct asked asked = ask(text, "begin main 0\nchose 0 2\n", &alone);

    (void)state;
    assert_int_equal(asked.verdict->opinion, OPINION_WRONG);
    done(&asked);
    asked = ask(text, "begin main 0\n", &alone);
    assert_int_equal(asked.verdict->opinion, OPINION_OPEN);
    assert_string_equal(asked.verdict->open, "the run does not end");
    done(&asked);
}

/* R13.7: the run ends where the answer is out of range, and not otherwise. */
static void an_answer_out_of_range_ends_the_run(void **state)
{
    static const char text[] = "schedule beyond\ntask main\np = call child\nyield\n"
                               "task child\nyield\nexpect run invalid\n";
    static const char begun[] = "begin main 0\nspawn main 3 child\n%sdid main 3 ok\n%s"
                                "end main\nrun %s\n";
    char seen[400];

    (void)state;
    sprintf(seen, begun, "chose 2 2\n", "did main 4 stopped\n", "invalid");
    allows(text, seen);
    sprintf(seen, begun, "", "chose 2 2\ndid main 4 stopped\n", "invalid");
    allows(text, seen);
    sprintf(seen, begun, "", "did main 4 stopped\nchose 2 2\n", "invalid");
    refuses(text, seen, "'did main 4 ok'", "'did main 4 stopped'");
    sprintf(seen, begun, "chose 2 2\n", "did main 4 ok\n", "invalid");
    refuses(text, seen, "'did main 4 stopped' [R13.7]", "'did main 4 ok'");
    sprintf(seen, begun, "chose 2 2\n", "did main 4 stopped\n", "ok");
    refuses(text, seen, "'run invalid'", "'run ok'");
    sprintf(seen, begun, "", "did main 4 stopped\n", "invalid");
    refuses(text, seen, "'did main 4 ok'", "'did main 4 stopped'");
}

/* R1.4: what is executed before the run is on no domain, and the run of main follows. */
static void calls_outside_are_judged(void **state)
{
    static const char text[] = "outside before\ntask before\nyield\nrun one\nprint x\n"
                               "task one\nfail boom\ntask main\nyield\n";
    static const char begun[] = "outside before\nbegin before ?\n%sspawn before 4 one\n"
                                "begin one 0\nend one\ndid before 4 %s\nprint before x\n"
                                "did before 5 ok\nend before\nbegin main 0\ndid main 9 ok\n"
                                "end main\nrun ok\n";
    char seen[400];

    (void)state;
    sprintf(seen, begun, "did before 3 not-running\n", "failed boom");
    allows(text, seen);
    sprintf(seen, begun, "did before 3 ok\n", "failed boom");
    refuses(text, seen, "'did before 3 not-running' [R1.4]", "'did before 3 ok'");
    sprintf(seen, begun, "did before 3 not-running\n", "ok");
    refuses(text, seen, "'did before 4 failed boom'", "'did before 4 ok'");
}

static void it_says_what_was_allowed(void **state)
{
    static const char text[] = "task main\np = async child\nawait p\ntask child\nfail boom\n";

    (void)state;
    refuses(text,
            "begin main 0\nspawn main 2 child\ndid main 2 ok\nbegin child 0\nend child\n"
            "did main 3 ok\nend main\nrun ok\n",
            "one of 'did main 3 failed boom' [R2.4]",
            "'did main 3 ok' (line 7 of the trace) [R2.4], where main on domain 0");
}

/* Of what was allowed and of what happened it names the rules, by what the task was doing: that one
 * goes on out of turn is told otherwise than that it goes on at all. */
static void it_names_the_rules_of_both(void **state)
{
    static const char two[] = "task main\np = async a\nq = async b\nawait p\nawait q\n"
                              "task a\nprint a\ntask b\nprint b\n";
    static const char cancelled[] = "task main\np = async a\nyield\ncancel p\nprint c\n"
                                    "task a\nuntil never\n";
    static const char plain[] = "task main\nprint m\n";

    (void)state;
    refuses(two,
            "begin main 0\nspawn main 2 a\ndid main 2 ok\nspawn main 3 b\ndid main 3 ok\n"
            "begin b 0\nprint b b\ndid b 9 ok\nend b\nbegin a 0\nprint a a\ndid a 7 ok\nend a\n"
            "did main 4 ok\ndid main 5 ok\nend main\nrun ok\n",
            "one of 'begin a 0' [R1.21]", "'begin b 0' (line 7 of the trace) [R1.21], where");
    refuses(cancelled,
            "begin main 0\nspawn main 2 a\ndid main 2 ok\nbegin a 0\ndid main 3 ok\n"
            "did main 4 ok\nprint main c\ndid main 5 ok\nend main\nrun ok\n",
            "one of 'did a 7 stopped' [R2.14]",
            "'did main 4 ok' (line 7 of the trace) [R2.12], where");
    refuses(plain, "begin main 0\nprint main m\ndid main 2 ok\nend main\nrun deadlock\n",
            "one of 'run ok' [R1.1]", "'run deadlock' (line 6 of the trace) [R13.1], where");
}

static void it_tells_freedoms(void **state)
{
    static const char text[] = "task main\np = async child\ncancel p\ntask child\n";
    struct asked begun = ask(text,
                             "begin main 0\nspawn main 2 child\ndid main 2 ok\nbegin child 0\n"
                             "end child\ndid main 3 ok\nend main\nrun ok\n",
                             &alone);
    struct asked unbegun = ask(text,
                               "begin main 0\nspawn main 2 child\ndid main 2 ok\ndid main 3 ok\n"
                               "end main\nrun ok\n",
                               &alone);
    uint32_t bit = 1u << FREEDOM_UNBEGUN;

    (void)state;
    assert_int_equal(begun.verdict->opinion, OPINION_ALLOWED);
    assert_int_equal(unbegun.verdict->opinion, OPINION_ALLOWED);
    assert_true(begun.verdict->offered & unbegun.verdict->offered & bit);
    assert_false(begun.verdict->taken & bit);
    assert_true(unbegun.verdict->taken & bit);
    done(&begun);
    done(&unbegun);
}

/* ---- Freedoms ---- */

#define CANCELLED_ELSEWHERE                                                                        \
    "begin main 0\ndid main 4 ok\nspawn main 5 parent\ndid main 5 ok\nbegin parent 1\n"            \
    "spawn parent 10 waits\ndid parent 10 ok\nbegin waits 1\ndid waits 16 ok\ndid parent 11 ok\n"  \
    "spawn parent 12 other\ndid parent 12 ok\nbegin other 1\ndid other 19 ok\nend other\n"

/* A trace that takes a freedom is allowed; one that takes more of it is not. */
static const struct {
    enum freedom freedom;
    const char *program;
    const char *taking;
    const char *other; /* the program of what goes too far; NULL: the same */
    const char *beyond;
} freedoms[] = {
    {FREEDOM_TURN,
     "task main\np = async a\nq = async b\nyield\ncancel q\nawait p\ntask a\nyield\ntask b\n"
     "yield\n",
     "begin main 0\nspawn main 2 a\ndid main 2 ok\nspawn main 3 b\ndid main 3 ok\nbegin a 0\n"
     "begin b 0\ndid main 4 ok\ndid b 10 stopped\nend b\ndid a 8 ok\nend a\ndid main 5 ok\n"
     "did main 6 ok\nend main\nrun ok\n",
     "task main\np = async a\nq = async b\nyield\nawait q\nawait p\ntask a\nyield\ntask b\n"
     "yield\n",
     "begin main 0\nspawn main 2 a\ndid main 2 ok\nspawn main 3 b\ndid main 3 ok\nbegin a 0\n"
     "begin b 0\ndid main 4 ok\ndid b 10 ok\nend b\ndid a 8 ok\nend a\ndid main 5 ok\n"
     "did main 6 ok\nend main\nrun ok\n"},
    {FREEDOM_UNBEGUN, "task main\np = async child\ncancel p\ntask child\n",
     "begin main 0\nspawn main 2 child\ndid main 2 ok\ndid main 3 ok\nend main\nrun ok\n",
     "task main\np = async child\nawait p\ntask child\n",
     "begin main 0\nspawn main 2 child\ndid main 2 ok\ndid main 3 ok\nend main\nrun ok\n"},
    {FREEDOM_DESCENT,
     "task main\np = async child\nyield\ncancel p\ntask child\nk = async leaf\nyield\n"
     "task leaf\nyield\n",
     "begin main 0\nspawn main 2 child\ndid main 2 ok\nbegin child 0\nspawn child 6 leaf\n"
     "did child 6 ok\ndid main 3 ok\nbegin leaf 0\ndid leaf 9 stopped\nend leaf\n"
     "did child 7 stopped\nend child\ndid main 4 ok\nend main\nrun ok\n",
     NULL,
     "begin main 0\nspawn main 2 child\ndid main 2 ok\nbegin child 0\nspawn child 6 leaf\n"
     "did child 6 ok\ndid main 3 ok\nbegin leaf 0\ndid child 7 stopped\nend child\n"
     "did leaf 9 ok\nend leaf\ndid main 4 ok\nend main\nrun ok\n"},
    {FREEDOM_THROWN,
     "task main\np = async t\nyield\ncancel p\ntask t\nprotect first last\ntask first\nyield\n"
     "task last\nprint last\n",
     "begin main 0\nspawn main 2 t\ndid main 2 ok\nbegin t 0\nforce t 6 first\nbegin first 0\n"
     "did main 3 ok\ndid first 8 stopped\nend first\nforce t 6 last\nbegin last 0\n"
     "print last last\ndid last 10 ok\nend last\ndid t 6 stopped\nend t\ndid main 4 ok\n"
     "end main\nrun ok\n",
     NULL,
     "begin main 0\nspawn main 2 t\ndid main 2 ok\nbegin t 0\nforce t 6 first\nbegin first 0\n"
     "did main 3 ok\ndid first 8 stopped\nend first\nforce t 6 last\nbegin last 0\n"
     "print last last\ndid last 10 ok\nend last\ndid t 6 ok 1\nend t\ndid main 4 ok\n"
     "end main\nrun ok\n"},
    {FREEDOM_SUSPENDS,
     "task main\np = async a\nyield\nq = async b\nawait p\nawait q\ntask a\ntask b\n",
     "begin main 0\nspawn main 2 a\ndid main 2 ok\nbegin a 0\nend a\ndid main 3 ok\n"
     "spawn main 4 b\ndid main 4 ok\nbegin b 0\nend b\ndid main 5 ok\ndid main 6 ok\n"
     "end main\nrun ok\n",
     "task main\np = async a\nyield\nq = async b\nstate p\nawait q\ntask a\ntask b\n",
     "begin main 0\nspawn main 2 a\ndid main 2 ok\nbegin a 0\nend a\ndid main 3 ok\n"
     "spawn main 4 b\ndid main 4 ok\nbegin b 0\nend b\ndid main 5 finished\ndid main 6 ok\n"
     "end main\nrun ok\n"},
    {FREEDOM_ENDING,
     "task main\np = async parent\nq = async other\nawait p\nawait q\ntask parent\n"
     "k = async leaf\nfail boom\ntask leaf\nyield\ntask other\nyield\nyield\n",
     "begin main 0\nspawn main 2 parent\ndid main 2 ok\nspawn main 3 other\ndid main 3 ok\n"
     "begin parent 0\nspawn parent 7 leaf\ndid parent 7 ok\nend parent\nbegin other 0\n"
     "begin leaf 0\ndid leaf 10 stopped\nend leaf\ndid other 12 ok\ndid other 13 ok\n"
     "end other\ndid main 4 failed boom\ndid main 5 ok\nend main\nrun ok\n",
     NULL,
     "begin main 0\nspawn main 2 parent\ndid main 2 ok\nspawn main 3 other\ndid main 3 ok\n"
     "begin parent 0\nspawn parent 7 leaf\ndid parent 7 ok\nend parent\nbegin other 0\n"
     "begin leaf 0\ndid other 12 ok\ndid main 4 failed boom\ndid leaf 10 stopped\nend leaf\n"
     "did other 13 ok\nend other\ndid main 5 ok\nend main\nrun ok\n"},
    {FREEDOM_TARGET, "domains 2\ntask main\np = call child\nawait p\ntask child\n",
     "begin main 0\nspawn main 3 child\ndid main 3 ok\nbegin child 2\nend child\n"
     "did main 4 ok\nend main\nrun ok\n",
     NULL,
     "begin main 0\nspawn main 3 child\ndid main 3 ok\nbegin child 0\nend child\n"
     "did main 4 ok\nend main\nrun ok\n"},
    {FREEDOM_SPREAD, "domains 2\ntask main\nparallel a\ntask a\n",
     "begin main 0\nspawn main 3 a\nbegin a 2\nend a\ndid main 3 ok\nend main\nrun ok\n",
     "domains 2\ntask main\nparallel a b\ntask a\ntask b\n",
     "begin main 0\nspawn main 3 a\nspawn main 3 b\nbegin a 1\nend a\nbegin b 1\nend b\n"
     "did main 3 ok, ok\nend main\nrun ok\n"},
    {FREEDOM_TAKEN,
     "task main\np = async fails\nq = async five\nawait-one p q\nawait q\ntask fails\n"
     "fail bad\ntask five\nreturn 5\n",
     "begin main 0\nspawn main 2 fails\ndid main 2 ok\nspawn main 3 five\ndid main 3 ok\n"
     "begin fails 0\nend fails\nbegin five 0\nend five\ndid main 4 failed bad\n"
     "did main 5 ok 5\nend main\nrun ok\n",
     NULL,
     "begin main 0\nspawn main 2 fails\ndid main 2 ok\nspawn main 3 five\ndid main 3 ok\n"
     "begin fails 0\nend fails\ndid main 4 ok 5\nbegin five 0\nend five\ndid main 5 ok 5\n"
     "end main\nrun ok\n"},
    {FREEDOM_HANDED,
     "task main\norphans o\nasync one orphans=o\nasync two orphans=o\nyield\np = care o\n"
     "await p\nget o\ntask one\nreturn 1\ntask two\nreturn 2\n",
     "begin main 0\ndid main 2 ok\nspawn main 3 one\ndid main 3 ok\nspawn main 4 two\n"
     "did main 4 ok\nbegin one 0\nend one\nbegin two 0\nend two\ndid main 5 ok\n"
     "did main 6 ended\ndid main 7 ok 2\ndid main 8 ok 1\nend main\nrun ok\n",
     NULL,
     "begin main 0\ndid main 2 ok\nspawn main 3 one\ndid main 3 ok\nspawn main 4 two\n"
     "did main 4 ok\nbegin one 0\nend one\nbegin two 0\nend two\ndid main 5 ok\n"
     "did main 6 empty\ndid main 7 invalid\ndid main 8 ok 1\nend main\n"
     "run still-has-children\n"},
    {FREEDOM_ANY_ORPHAN,
     "task main\norphans o\nasync one orphans=o\nasync two orphans=o\nyield\np = take o\n"
     "await p\nget o\ntask one\nreturn 1\ntask two\nreturn 2\n",
     "begin main 0\ndid main 2 ok\nspawn main 3 one\ndid main 3 ok\nspawn main 4 two\n"
     "did main 4 ok\nbegin one 0\nend one\nbegin two 0\nend two\ndid main 5 ok\n"
     "did main 6 taken\ndid main 7 ok 2\ndid main 8 ok 1\nend main\nrun ok\n",
     NULL,
     "begin main 0\ndid main 2 ok\nspawn main 3 one\ndid main 3 ok\nspawn main 4 two\n"
     "did main 4 ok\nbegin one 0\nend one\nbegin two 0\nend two\ndid main 5 ok\n"
     "did main 6 empty\ndid main 7 invalid\ndid main 8 ok 1\nend main\n"
     "run still-has-children\n"},
    {FREEDOM_ARRIVAL,
     "shared r\ntask main\np = async child\nyield\ncheck r\nawait p\ndisown r\ntask child\n"
     "create r\nown r\ntransfer r\nyield\n",
     "begin main 0\nspawn main 3 child\ndid main 3 ok\nbegin child 0\ndid child 9 ok\n"
     "did child 10 ok\ndid child 11 ok\ndid main 4 ok\ndid main 5 ok\ndid child 12 ok\n"
     "end child\ndid main 6 ok\ndid main 7 ok\nend main\nrun ok\n",
     "shared r\ntask main\np = async child\nyield\ncheck r\nawait p\ndisown r\ntask child\n"
     "create r\nown r\ncheck r\nyield\n",
     "begin main 0\nspawn main 3 child\ndid main 3 ok\nbegin child 0\ndid child 9 ok\n"
     "did child 10 ok\ndid child 11 ok\ndid main 4 ok\ndid main 5 ok\ndid child 12 ok\n"
     "end child\ndid main 6 ok\ndid main 7 ok\nend main\nrun ok\n"},
    {FREEDOM_CODE, "task main\ncreate r\ntransfer r\n",
     "begin main 0\ndid main 2 ok\ndid main 3 invalid\nend main\nrun ok\n", NULL,
     "begin main 0\ndid main 2 ok\ndid main 3 busy\nend main\nrun ok\n"},
    {FREEDOM_AWAITED,
     "domains 1\nshared t\ntask main\ntrigger t\np = call parent\nuntil seen\nfree-trigger t\n"
     "await p\ntask parent\nq = async waits\nuntil waiting\no = async other\ncancel q\nawait o\n"
     "task waits\npost waiting\nawait-trigger t\ntask other\npost seen\n",
     CANCELLED_ELSEWHERE
     "did main 6 ok\ndid main 7 busy\ndid waits 17 stopped\nend waits\n"
     "did parent 13 ok\ndid parent 14 ok\nend parent\ndid main 8 ok\nend main\nrun ok\n",
     NULL,
     CANCELLED_ELSEWHERE
     "did waits 17 stopped\nend waits\ndid main 6 ok\ndid main 7 busy\n"
     "did parent 13 ok\ndid parent 14 ok\nend parent\ndid main 8 ok\nend main\nrun ok\n"},
    {FREEDOM_RELOCK,
     "shared c m\ntask main\ncondition c\nmutex m\np = async waits\nyield\nlock m\n"
     "q = async locks\nsignal c\nyield\nunlock m\nawait-all p q\ntask waits\nlock m\n"
     "wait c m\nunlock m\ntask locks\nlock m\nunlock m\n",
     "begin main 0\ndid main 3 ok\ndid main 4 ok\nspawn main 5 waits\ndid main 5 ok\n"
     "begin waits 0\ndid waits 14 ok\ndid main 6 ok\ndid main 7 ok\nspawn main 8 locks\n"
     "did main 8 ok\ndid main 9 ok\nbegin locks 0\ndid main 10 ok\ndid main 11 ok\n"
     "did waits 15 ok\ndid waits 16 ok\nend waits\ndid locks 18 ok\ndid locks 19 ok\n"
     "end locks\ndid main 12 ok\nend main\nrun ok\n",
     NULL,
     "begin main 0\ndid main 3 ok\ndid main 4 ok\nspawn main 5 waits\ndid main 5 ok\n"
     "begin waits 0\ndid waits 14 ok\ndid main 6 ok\ndid main 7 ok\nspawn main 8 locks\n"
     "did main 8 ok\ndid main 9 ok\nbegin locks 0\ndid main 10 ok\ndid main 11 ok\n"
     "did waits 15 ok\ndid locks 18 ok\ndid waits 16 ok\nend waits\ndid locks 19 ok\n"
     "end locks\ndid main 12 ok\nend main\nrun ok\n"},
    {FREEDOM_HAND_ON,
     "shared m\ntask main\nmutex m\nlock m\np = async first\nq = async second\n"
     "repeat 2 yield\nunlock m\ncancel p\nawait q\ntask first\nlock m\ntask second\nlock m\n"
     "unlock m\n",
     "begin main 0\ndid main 3 ok\ndid main 4 ok\nspawn main 5 first\ndid main 5 ok\n"
     "spawn main 6 second\ndid main 6 ok\nbegin first 0\nbegin second 0\ndid main 7 ok\n"
     "did main 8 ok\ndid second 14 ok\ndid second 15 ok\nend second\ndid first 12 stopped\n"
     "end first\ndid main 9 ok\ndid main 10 ok\nend main\nrun ok\n",
     "shared m\ntask main\nmutex m\nlock m\np = async first\nq = async second\n"
     "repeat 2 yield\nunlock m\nawait p\nawait q\ntask first\nlock m\ntask second\nlock m\n"
     "unlock m\n",
     "begin main 0\ndid main 3 ok\ndid main 4 ok\nspawn main 5 first\ndid main 5 ok\n"
     "spawn main 6 second\ndid main 6 ok\nbegin first 0\nbegin second 0\ndid main 7 ok\n"
     "did main 8 ok\ndid second 14 ok\ndid second 15 ok\nend second\ndid first 12 ok\n"
     "end first\ndid main 9 ok\ndid main 10 ok\nend main\nrun ok\n"},
    {FREEDOM_COMPUTES,
     "shared l\ntask main\nlazy l value\np = async first\nq = async second\ns = async third\n"
     "yield\ncancel p\nawait q\nawait s\ntask first\nforce l\ntask second\nforce l\n"
     "task third\nforce l\ntask value\nyield\nreturn 2\n",
     "begin main 0\ndid main 3 ok\nspawn main 4 first\ndid main 4 ok\nspawn main 5 second\n"
     "did main 5 ok\nspawn main 6 third\ndid main 6 ok\nbegin first 0\nforce first 12 value\n"
     "begin value 0\nbegin second 0\nbegin third 0\ndid main 7 ok\ndid value 18 stopped\n"
     "end value\ndid first 12 stopped\nend first\nforce third 16 value#2\nbegin value#2 0\n"
     "did main 8 ok\ndid value#2 18 ok\nend value#2\ndid third 16 ok 2\nend third\n"
     "did second 14 ok 2\nend second\ndid main 9 ok\ndid main 10 ok\nend main\nrun ok\n",
     NULL,
     "begin main 0\ndid main 3 ok\nspawn main 4 first\ndid main 4 ok\nspawn main 5 second\n"
     "did main 5 ok\nspawn main 6 third\ndid main 6 ok\nbegin first 0\nforce first 12 value\n"
     "begin value 0\nbegin second 0\nbegin third 0\ndid main 7 ok\ndid value 18 stopped\n"
     "end value\ndid first 12 stopped\nend first\nforce third 16 value#2\nbegin value#2 0\n"
     "did main 8 ok\nforce second 14 value#3\nbegin value#3 0\ndid value#2 18 ok\n"
     "end value#2\ndid third 16 ok 2\nend third\ndid value#3 18 ok\nend value#3\n"
     "did second 14 ok 2\nend second\ndid main 9 ok\ndid main 10 ok\nend main\nrun ok\n"},
    {FREEDOM_SIGNALLING,
     "shared x second\ntask main\ncomputation x\ntrigger first\ntrigger second\n"
     "attach x first\nattach x second\non-signal first act\ncomplete x 1\n"
     "task act\ndetach x second\nfree-computation x\n",
     "begin main 0\ndid main 3 ok\ndid main 4 ok\ndid main 5 ok\ndid main 6 ok\n"
     "did main 7 ok\ndid main 8 ok\ncallback main 8 act\nbegin act 0\ndid act 11 invalid\n"
     "did act 12 busy\nend act\ndid main 9 ok\nend main\nrun ok\n",
     NULL,
     "begin main 0\ndid main 3 ok\ndid main 4 ok\ndid main 5 ok\ndid main 6 ok\n"
     "did main 7 ok\ndid main 8 ok\ncallback main 8 act\nbegin act 0\ndid act 11 ok\n"
     "did act 12 ok\nend act\ndid main 9 ok\nend main\nrun ok\n"},
    {FREEDOM_SLEEPERS,
     "task main\np = async first\nq = async second\nawait-all p q\ntask first\nsleep 9\n"
     "task second\nsleep 1\n",
     "begin main 0\nspawn main 2 first\ndid main 2 ok\nspawn main 3 second\ndid main 3 ok\n"
     "begin first 0\nbegin second 0\ndid second 8 ok\nend second\ndid first 6 ok\nend first\n"
     "did main 4 ok\nend main\nrun ok\n",
     "task main\np = async first\nq = async second\nawait-all p q\ntask first\nsleep 1\n"
     "task second\nsleep 1\n",
     "begin main 0\nspawn main 2 first\ndid main 2 ok\nspawn main 3 second\ndid main 3 ok\n"
     "begin first 0\nbegin second 0\ndid second 8 ok\nend second\ndid first 6 ok\nend first\n"
     "did main 4 ok\nend main\nrun ok\n"},
};

static void freedoms_have_bounds(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof freedoms / sizeof *freedoms; i++) {
        const char *name = freedom_name(freedoms[i].freedom);
        struct asked taking = ask(freedoms[i].program, freedoms[i].taking, &alone);
        struct asked beyond = ask(freedoms[i].other ? freedoms[i].other : freedoms[i].program,
                                  freedoms[i].beyond, &alone);

        if (taking.verdict->opinion != OPINION_ALLOWED)
            fail_msg("%s is refused: %s", name, taking.verdict->findings[0].observed);
        if (!(taking.verdict->taken >> freedoms[i].freedom & 1))
            fail_msg("%s is not taken", name);
        if (beyond.verdict->opinion != OPINION_WRONG)
            fail_msg("more than %s is allowed", name);
        done(&taking);
        done(&beyond);
    }
    /* INTERLEAVING is what the order of events on several domains is about. */
    assert_int_equal(sizeof freedoms / sizeof *freedoms, FREEDOM_KINDS - 1);
}

/* While a line binds its name again and again, the name stands for nothing. */
static void a_name_is_bound_when_its_line_is_done(void **state)
{
    static const char text[] = "domains 1\nshared p\ntask main\np = repeat 3 call c\nawait p\n"
                               "task c\ncancel p\n";
#define THIRD                                                                                      \
    "spawn main 4 c#3\ndid main 4 ok, ok, ok\nbegin c#3 1\ndid c#3 7 not-a-child\nend c#3\n"

    (void)state;
    allows(text, "begin main 0\nspawn main 4 c\nspawn main 4 c#2\nbegin c 1\ndid c 7 invalid\n"
                 "end c\nbegin c#2 1\ndid c#2 7 invalid\nend c#2\n" THIRD
                 "did main 5 ok, ok, ok\nend main\nrun ok\n");
}

/* ---- Runs that do not end ---- */

static const char stuck[] = "task main\nmutex m\nlock m\nlock m\n";
#define STUCK "begin main 0\ndid main 2 ok\ndid main 3 ok\n"

static void it_says_what_a_hang_should_do(void **state)
{
    struct asked asked = ask(stuck, STUCK, &alone);
    const struct finding *finding = asked.verdict->findings;

    (void)state;
    assert_int_equal(asked.verdict->opinion, OPINION_WRONG);
    assert_int_equal(asked.verdict->finding_count, 1);
    assert_string_equal(finding->expected, "one of 'did main 4 would-deadlock' [R9.1]");
    assert_true(contains(finding->observed, "nothing more, where main on domain 0 "));
    assert_string_equal(finding->deviation, "the run does not end, where the rules allow R9.1");
    done(&asked);
}

/* If an earlier event is wrong, lines may be missing. */
static void of_a_hang_only_its_end_counts(void **state)
{
    struct asked asked = ask(stuck, "begin main 0\ndid main 2 ok\ndid main 3 busy\n", &alone);

    (void)state;
    assert_int_equal(asked.verdict->opinion, OPINION_OPEN);
    assert_string_equal(asked.verdict->open, "the run does not end");
    assert_string_equal(asked.verdict->findings[0].expected, "a run that ends");
    done(&asked);
}

/* The run ends with a deadlock, which the runtime is declared not to find, or not. */
static void a_difference_spares_a_hang(void **state)
{
    static const char text[] = "task main\ntrigger t\nawait-trigger t\n";
    static const char events[] = "begin main 0\ndid main 2 ok\n";
    struct oracle deadlocks = {.alone = true, .differs = " R1.1  R13.1 "};
    struct oracle others = {.alone = true, .differs = " R1.1  R13.10  R2.14 "};
    struct asked spared = ask(text, events, &deadlocks), accused = ask(text, events, &others);

    (void)state;
    assert_true(spared.verdict->spared);
    assert_string_equal(spared.verdict->open, "the runtime differs");
    assert_false(accused.verdict->spared);
    assert_string_equal(accused.verdict->findings[0].expected,
                        "one of 'did main 3 stopped' [R13.1]");
    assert_true(contains(accused.verdict->findings[0].observed, "the run ends with deadlock; "));
    done(&spared);
    done(&accused);
}

/* ---- Operations that the runtime lacks ---- */

static void what_is_absent_does_nothing(void **state)
{
    static const char text[] = "task main\nmutex m\nfree-mutex m\nyield\n";
#define ABSENT "begin main 0\ndid main 2 ok\ndid main 3 absent\n"

    (void)state;
    allows(text, ABSENT "did main 4 ok\nend main\nrun ok\n");
    refuses(text, ABSENT "did main 4 stopped\nend main\nrun ok\n", "'did main 4 ok'",
            "'did main 4 stopped'");
}

/* ---- Where it does not decide ---- */

static void it_need_not_decide(void **state)
{
    static const char child[] = "task main\np = async child\nawait p\ntask child\nfail boom\n";
    static const char events[] = "begin main 0\nspawn main 2 child\ndid main 2 ok\nbegin child 0\n"
                                 "end child\ndid main 3 ok\nend main\nrun ok\n";
    struct oracle differs = {.alone = true, .spares_all = true};
    struct oracle awaits_differently = {.alone = true, .spares[OP_AWAIT] = true};

    (void)state;
    leaves_open("task main\nhandle usr1 child\ntask child\n",
                "begin main 0\ndid main 2 ok\nend main\nrun ok\n", &alone,
                "the model does not know handle");
    leaves_open("task main\nyield\n", "begin main 0\ndid main 2 no-memory\nend main\nrun ok\n",
                &alone, "the system had no memory or no thread");
    leaves_open("task main\np = call child\nawait p\ntask child\n",
                "begin main 0\nspawn main 2 child\ndid main 2 ok\nbegin child ?\nend child\n"
                "did main 3 ok\nend main\nrun ok\n",
                &alone, "the runtime does not say on which domain a task is");
    leaves_open(child, events, &differs, "the runtime differs");
    leaves_open(child, events, &awaits_differently, "the runtime differs");
}

/* Where the runtime differs is not held against it; elsewhere it is. */
static void a_difference_spares_nothing_else(void **state)
{
    static const char text[] = "task main\nyield\n";
    struct oracle awaits_differently = {.alone = true, .spares[OP_AWAIT] = true};
    struct asked asked =
        ask(text, "begin main 0\ndid main 2 stopped\nend main\nrun ok\n", &awaits_differently);

    (void)state;
    assert_int_equal(asked.verdict->opinion, OPINION_WRONG);
    done(&asked);
}

/* A line for each of a hundred instances of a task, with their numbers in place of %s. */
static size_t write_hundred(char *to, const char *line)
{
    size_t used = 0;

    for (int i = 1; i <= 100; i++) {
        char number[16] = "";

        if (i > 1)
            sprintf(number, "#%d", i);
        used += (size_t)sprintf(to + used, line, number, number);
    }
    return used;
}

/* When a called task arrives shows only much later, in the order in which it goes on. */
static void a_hundred_arrive_in_time(void **state)
{
    static char events[1 << 16];
    char *to = events + sprintf(events, "begin main 0\n");

    (void)state;
    to += write_hundred(to, "spawn main 2 child%s\n");
    to += sprintf(to, "did main 2 ok\n");
    to += write_hundred(to, "begin child%s 1\n");
    to += write_hundred(to, "did child%s 5 ok\nend child%s\n");
    sprintf(to, "did main 3 ok\nend main\nrun ok\n");
    allows("task main\np = repeat 100 call child\nawait p\ntask child\nyield\n", events);
}

/* R2.22: which of a hundred tasks that never begin has ended first is nobody's concern. */
static void a_hundred_never_begin(void **state)
{
    static char events[1 << 16];
    char *to = events + sprintf(events, "begin main 0\nspawn main 2 parent\ndid main 2 ok\n"
                                        "begin parent 0\n");

    (void)state;
    to += write_hundred(to, "spawn parent 5 child%s\n");
    sprintf(to, "did parent 5 ok\nend parent\ndid main 3 failed boom\nend main\nrun ok\n");
    allows("task main\np = async parent\nawait p\ntask parent\nq = repeat 100 async child\n"
           "fail boom\ntask child\nprint child\n",
           events);
    to = events + sprintf(events, "begin main 0\n");
    to += write_hundred(to, "spawn main 2 child%s\n");
    sprintf(to, "did main 2 ok\nend main\nrun failed boom\n");
    allows("task main\np = repeat 100 call child\nfail boom\ntask child\nprint child\n", events);
}

/* R2.14: a domain hears that a hundred tasks are cancelled, each when it goes on. */
static void a_hundred_are_cancelled(void **state)
{
    static char events[1 << 16];
    char *to = events + sprintf(events, "begin main 0\n");

    (void)state;
    to += write_hundred(to, "spawn main 2 child%s\n");
    to += sprintf(to, "did main 2 ok\n");
    to += write_hundred(to, "begin child%s 1\ndid child%s 6 ok\n");
    to += sprintf(to, "did main 3 ok\nend main\n");
    to += write_hundred(to, "did child%s 7 stopped\nend child%s\n");
    sprintf(to, "run failed boom\n");
    allows("task main\np = repeat 100 call child\nuntil up 100\nfail boom\n"
           "task child\npost up\nuntil never\n",
           events);
}

static void large_runs_are_left_open(void **state)
{
    static char events[1 << 20];
    size_t used = (size_t)sprintf(events, "begin main 0\n");

    (void)state;
    used += (size_t)sprintf(events + used, "spawn main 2 child\n");
    for (int i = 2; i <= 300; i++)
        used += (size_t)sprintf(events + used, "spawn main 2 child#%d\n", i);
    used += (size_t)sprintf(events + used, "did main 2 ok\nbegin child 0\nend child\n");
    for (int i = 2; i <= 300; i++)
        used += (size_t)sprintf(events + used, "begin child#%d 0\nend child#%d\n", i, i);
    sprintf(events + used, "did main 3 ok\nend main\nrun ok\n");
    leaves_open("task main\np = repeat 300 async child\nawait p\ntask child\n", events, &alone,
                "there are too many tasks");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(reports_may_cross),
        cmocka_unit_test(nothing_precedes_its_task),
        cmocka_unit_test(finalisers_precede_the_end),
        cmocka_unit_test(finalisers_of_the_unbegun_precede_the_end),
        cmocka_unit_test(finalisers_of_the_unbegun_interrupt_no_task),
        cmocka_unit_test(a_growing_tree_is_cancelled_at_its_tips),
        cmocka_unit_test(a_cancelled_task_spawns_in_vain),
        cmocka_unit_test(a_call_lends_its_turn),
        cmocka_unit_test(a_deadlock_follows_what_was_heard),
        cmocka_unit_test(a_deadlock_does_not_wait_for_resources),
        cmocka_unit_test(a_child_that_never_begins_ends_at_once),
        cmocka_unit_test(a_cancelled_child_may_have_leaked),
        cmocka_unit_test(a_function_that_sleeps_computes_its_value),
        cmocka_unit_test(others_run_between_finalisers),
        cmocka_unit_test(a_call_that_signals_is_seen_midway),
        cmocka_unit_test(an_action_is_called_before_the_call_returns),
        cmocka_unit_test(a_long_sleep_is_over_last),
        cmocka_unit_test(a_long_sleep_need_not_end),
        cmocka_unit_test(an_answer_out_of_range_ends_the_run),
        cmocka_unit_test(calls_outside_are_judged),
        cmocka_unit_test(it_says_what_was_allowed),
        cmocka_unit_test(it_names_the_rules_of_both),
        cmocka_unit_test(it_tells_freedoms),
        cmocka_unit_test(freedoms_have_bounds),
        cmocka_unit_test(a_name_is_bound_when_its_line_is_done),
        cmocka_unit_test(it_says_what_a_hang_should_do),
        cmocka_unit_test(of_a_hang_only_its_end_counts),
        cmocka_unit_test(a_difference_spares_a_hang),
        cmocka_unit_test(what_is_absent_does_nothing),
        cmocka_unit_test(it_need_not_decide),
        cmocka_unit_test(a_difference_spares_nothing_else),
        cmocka_unit_test(a_hundred_arrive_in_time),
        cmocka_unit_test(a_hundred_never_begin),
        cmocka_unit_test(a_hundred_are_cancelled),
        cmocka_unit_test(large_runs_are_left_open),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
