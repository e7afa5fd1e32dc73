/* session: threads take the tests one by one; each test is executed once, replayed or explored. */
#include "session.h"

#include "attack.h"
#include "differences.h"
#include "execute.h"
#include "explore.h"
#include "machine/clock.h"
#include "machine/machine.h"
#include "process.h"
#include "replay.h"
#include "scenario/memory.h"

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum {
    THREADS_MAX = 20000 /* that a machine must have; with more tasks, a spawn may be refused */
};

/* How many tasks a program spawns, if each of its operations is executed by one task. */
static int count_tasks(const struct program *program)
{
    long tasks = 1;
    int i;

    for (i = 0; i < program->operation_count; i++)
        if (program->operations[i].task_count > 0)
            tasks += (long)program->operations[i].repeat * program->operations[i].task_count;
    return tasks < INT_MAX ? (int)tasks : INT_MAX;
}

/* Whether a program makes sockets of one of these kinds. */
static bool makes_sockets(const struct program *program, int tcp, int udp)
{
    int i;

    for (i = 0; i < program->operation_count; i++) {
        const struct operation *operation = &program->operations[i];

        if (operation->kind == OP_SOCKET && (operation->value == tcp || operation->value == udp))
            return true;
    }
    return false;
}

/* What a program needs to begin with, as sockets that cannot reach each other are waited for in
 * vain, and this machine does not have; NULL: nothing. */
static const char *missing_at_first(const struct program *program)
{
    if ((program->peer_step_count > 0 || makes_sockets(program, SOCKET_TCP4, SOCKET_UDP4)) &&
        !machine_has_loopback())
        return "the loopback interface";
    return (unsigned)program->descriptors > machine_descriptors() ? "descriptors" : NULL;
}

/* The same, of all that it needs. */
static const char *missing(const struct program *program)
{
    const char *first = missing_at_first(program);
    bool ipv6 = makes_sockets(program, SOCKET_TCP6, SOCKET_UDP6);

    return !first && ipv6 && !machine_has_ipv6() ? "IPv6" : first;
}

/* A test that did not pass on a machine that has no room for it says nothing of the runtime. A
 * check that needs more than most says so itself. */
static void excuse(const struct program *program, struct result *result)
{
    int tasks = program ? count_tasks(program) : MACHINE_THREADS, wanted, threads;
    bool refused = result->refused && machine_addresses() > 0;

    if (result->kind < RESULT_FAIL)
        return;
    if (program && missing(program)) {
        result_free(result);
        result_set(result, RESULT_UNKNOWN, "this machine lacks %s", missing(program));
        return;
    }
    tasks = tasks > result->tasks ? tasks : result->tasks;
    /* A runtime may have a thread a task. */
    wanted = tasks < THREADS_MAX ? tasks + (program ? program->domains : 0) : THREADS_MAX;
    threads = machine_threads(wanted);
    if (machine_has_room(tasks) && threads == wanted && !refused) {
        /* Another test may have had the threads then. */
        result->starved |= result->refused || tasks > MACHINE_THREADS;
        return;
    }
    result_free(result);
    *result = (struct result){.starved = true};
    if (threads < wanted)
        result_set(result, RESULT_UNKNOWN, "only %d more threads can be made", threads);
    else if (refused)
        result_set(result, RESULT_UNKNOWN, "a task found no memory, of %lu MiB of addresses",
                   machine_addresses());
    else
        result_set(result, RESULT_UNKNOWN, "there is no room for the stacks of %d tasks", tasks);
}

/* A test that fails as declared differs, and so does one that varies, whatever it did. */
static void expect_as_declared(struct test *test)
{
    enum difference_kind kind = test->difference ? test->difference->kind : DIFFERENCE_DIFFERS;
    struct result *result = &test->result;
    bool fails = result->kind >= RESULT_FAIL;
    bool varies = kind == DIFFERENCE_VARIES && (fails || result->kind == RESULT_PASS);

    if (!varies && !(kind == DIFFERENCE_FAILS && fails))
        return;
    free(result->reason);
    result_set(result, RESULT_DIFFERS, "%s as declared: %s", varies ? "varies" : "fails",
               test->difference->reason);
}

static void attack_server(const struct session *session, struct test *test)
{
    if (test->attacks)
        test->result = attack_execute(session, test);
    else if (test->scenario)
        result_set(&test->result, RESULT_SKIPPED, "a scenario, which needs a runtime");
    else
        result_set(&test->result, RESULT_SKIPPED, "a test in C, which needs a library");
}

/* Why a scenario cannot be executed on the schedules of the session; NULL: it can. */
static const char *cannot_be_steered(const struct program *program)
{
    if (program_has(program, OP_SPIN))
        return "tasks spin, and a steered run has one thread";
    return program->peer_step_count > 0 ? "peers make choices of their own" : NULL;
}

/* Execute a scenario as it asks for. Between two executions its peers may choose otherwise. */
static void run_as_asked(const struct session *session, const struct suite *suite,
                         struct test *test)
{
    const struct program *program = test->scenario->program;

    if (program->every_schedule) {
        explore(session, suite, test, session->explore ? session->explore : EXPLORE_DEFAULT);
        if (!session->explore)
            test->exploration = (struct exploration){0}; /* nobody has asked how far it was */
    } else if (program->schedule && program->peer_step_count == 0)
        replay(session, suite, test, program->schedule, NULL);
    else
        test->result =
            execute_once(session, suite, test, program->schedule ? program->schedule : "");
}

static void run_scenario(const struct session *session, const struct suite *suite,
                         struct test *test)
{
    const struct program *program = test->scenario->program;
    bool steers = session->explore || session->replay;

    if (execute_lacks(session, test, steers || program_is_steered(program), &test->result))
        return;
    if (missing_at_first(program))
        result_set(&test->result, RESULT_UNKNOWN, "this machine lacks %s",
                   missing_at_first(program));
    else if (!steers || (session->explore && program_is_steered(program)))
        run_as_asked(session, suite, test);
    else if (program->schedule)
        result_set(&test->result, RESULT_SKIPPED, "it has a schedule of its own");
    else if (cannot_be_steered(program))
        result_set(&test->result, RESULT_SKIPPED, "%s", cannot_be_steered(program));
    else if (session->explore)
        explore(session, suite, test, session->explore);
    else
        replay(session, suite, test, session->schedule, session->replay);
}

static void ask_runtime(const struct session *session, const struct suite *suite, struct test *test)
{
    struct result *result = &test->result;

    if (test->scenario)
        run_scenario(session, suite, test);
    else if (session->command)
        result_set(result, RESULT_SKIPPED, "a test in C, which needs a library");
    else if (session->explore || session->replay)
        result_set(result, RESULT_SKIPPED, "a test in C, which makes its own choices");
    else
        *result = execute_check(session, test);
}

static pthread_mutex_t telling = PTHREAD_MUTEX_INITIALIZER;

static void tell_begin(const struct session *session, const struct test *test)
{
    const struct observer *observer;

    pthread_mutex_lock(&telling);
    for (observer = session->observer; observer; observer = observer->next)
        if (observer->begin)
            observer->begin(observer->to, test);
    pthread_mutex_unlock(&telling);
}

static void tell(const struct session *session, const struct suite *suite, const struct test *test)
{
    const struct observer *observer;

    pthread_mutex_lock(&telling);
    for (observer = session->observer; observer; observer = observer->next)
        observer->see(observer->to, suite, test);
    pthread_mutex_unlock(&telling);
}

/* What was stopped has no result. */
static void forget(struct test *test)
{
    result_free(&test->result);
    test->result.kind = RESULT_SKIPPED;
    test->exploration = (struct exploration){0};
    test->executions = 0;
}

static void run_test(const struct session *session, const struct suite *suite, struct test *test)
{
    double begin = clock_now(), seconds;

    tell_begin(session, test);
    test->executions++;
    if (session->server)
        attack_server(session, test);
    else
        ask_runtime(session, suite, test);
    seconds = clock_now() - begin;
    if (process_stopped()) {
        forget(test);
        return;
    }
    if (!session->server) {
        excuse(test->scenario ? test->scenario->program : NULL, &test->result);
        if (test->result.kind == RESULT_UNKNOWN && session->jobs == 1)
            test->result.starved = false; /* no other test had anything */
        expect_as_declared(test);
    }
    test->result.seconds = seconds;
    tell(session, suite, test);
}

/* What several threads take tests from. */
struct work {
    const struct session *session;
    struct suite *suite;
    atomic_size_t next; /* test, or rule */
    atomic_bool broken; /* a test of a MUST rule has failed */
};

/* What is declared to differ, and the tests of a rule whose part a library is known to lack, are
 * not executed. */
static void leave_out(const struct session *session, struct suite *suite)
{
    size_t r, t;

    for (r = 0; r < suite->rule_count; r++) {
        const struct suite_rule *rule = &suite->rules[r];

        for (t = 0; t < rule->count; t++) {
            struct test *test = &rule->tests[t];

            if (test->chosen && suite_declines(suite, rule->part))
                result_set(&test->result, RESULT_DECLINED, "the runtime declines %s",
                           part_name(rule->part));
            else if (test->chosen && test->difference &&
                     test->difference->kind == DIFFERENCE_DIFFERS)
                result_set(&test->result, RESULT_DIFFERS, "%s", test->difference->reason);
            if (test->result.kind != RESULT_SKIPPED)
                tell(session, suite, test);
        }
    }
}

static bool is_left_out(const struct test *test)
{
    return !test->chosen || (test->executions == 0 && (test->result.kind == RESULT_DECLINED ||
                                                       test->result.kind == RESULT_DIFFERS));
}

/* If tests may be left out, each is executed for itself: its twin may be left out. So is one of
 * which something is declared. */
static bool shares_result(const struct session *session, const struct test *test)
{
    return session->fail_fast == FAIL_SLOWLY && test->twin && test->twin->chosen &&
           !test->difference && !test->twin->difference;
}

static void run_waiting(struct work *work, struct test *test)
{
    if (process_stopped() || is_left_out(test) || test->executions ||
        shares_result(work->session, test))
        return;
    run_test(work->session, work->suite, test);
    if (test->result.kind >= RESULT_FAIL && test->rule->level == LEVEL_MUST)
        atomic_store(&work->broken, true);
}

/* Tests are taken one by one, so that a long one delays only its own thread. */
static void *take_tests(void *arg)
{
    struct work *work = arg;
    size_t i;

    while ((i = atomic_fetch_add(&work->next, 1)) < work->suite->count)
        run_waiting(work, &work->suite->tests[i]);
    return NULL;
}

static bool has_failed(const struct suite_rule *rule)
{
    return suite_result(rule) >= RESULT_FAIL;
}

/* Whether a rule's tests are to be left out. */
static bool is_over(struct work *work, const struct suite_rule *rule)
{
    return work->session->fail_fast == FAIL_FAST_ALL ? atomic_load(&work->broken)
                                                     : has_failed(rule);
}

/* Rules are taken one by one, so that no test is executed that can be left out. */
static void *take_rules(void *arg)
{
    struct work *work = arg;
    size_t i, t;

    while ((i = atomic_fetch_add(&work->next, 1)) < work->suite->rule_count) {
        struct suite_rule *rule = &work->suite->rules[i];

        for (t = 0; t < rule->count && !is_over(work, rule); t++)
            run_waiting(work, &rule->tests[t]);
    }
    return NULL;
}

static void copy_result(struct result *to, const struct result *from)
{
    to->kind = from->kind;
    to->reason = copy_of(from->reason);
    to->errors = copy_of(from->errors);
    to->source = copy_of(from->source);
    to->lacks = copy_of(from->lacks);
}

enum {
    ASKED_AGAIN = 5, /* tests that hang again, until it is clear that it is the runtime */
    TIMES_AGAIN = 3  /* executions of a test, until it fails again */
};

bool session_asks_again(const struct test *test)
{
    return test->executions == 1 &&
           (test->result.kind == RESULT_HANG ||
            (test->result.starved &&
             (test->result.kind >= RESULT_FAIL || test->result.kind == RESULT_UNKNOWN)));
}

/* Execute tests that seem to hang, or that may have lacked what other tests had, again and one at a
 * time, so that no other test disturbs them. Returns whether one of them does not fail. */
static bool ask_again(const struct session *session, struct suite *suite)
{
    bool recovered = false;
    int hung = 0;
    size_t i;

    for (i = 0; i < suite->count && !process_stopped(); i++) {
        struct test *test = &suite->tests[i];
        char *before;
        int times;

        if (!session_asks_again(test) || (test->result.kind == RESULT_HANG && hung >= ASKED_AGAIN))
            continue;
        before = test->result.kind >= RESULT_FAIL ? copy_of(test->result.reason) : NULL;
        times = before ? TIMES_AGAIN : 1;
        do {
            result_free(&test->result);
            test->exploration = (struct exploration){0};
            run_test(session, suite, test);
        } while (--times > 0 && test->result.kind == RESULT_PASS && !process_stopped());
        if (test->result.kind < RESULT_FAIL) {
            recovered = true;
            test->at_first = before;
        } else {
            hung += test->result.kind == RESULT_HANG;
            free(before);
        }
    }
    return recovered;
}

static bool is_broken(const struct suite *suite)
{
    size_t i;

    for (i = 0; i < suite->rule_count; i++)
        if (suite->rules[i].rule->level == LEVEL_MUST && has_failed(&suite->rules[i]))
            return true;
    return false;
}

/* Execute what has not been executed yet. */
static void run_all(const struct session *session, struct suite *suite)
{
    void *(*take)(void *) = session->fail_fast == FAIL_SLOWLY ? take_tests : take_rules;
    struct work work = {.session = session, .suite = suite, .broken = is_broken(suite)};
    pthread_t *threads = zeroed((size_t)session->jobs, sizeof *threads);
    int started = 0;

    while (started < session->jobs - 1 && !pthread_create(&threads[started], NULL, take, &work))
        started++;
    take(&work);
    while (started > 0)
        pthread_join(threads[--started], NULL);
    free(threads);
}

void session_run(const struct session *session, struct suite *suite)
{
    size_t i;

    leave_out(session, suite);
    /* What was left out for a test that only seemed to hang is executed after all. */
    do
        run_all(session, suite);
    while (ask_again(session, suite) && session->fail_fast != FAIL_SLOWLY);
    for (i = 0; i < suite->count; i++) {
        struct test *test = &suite->tests[i];

        if (!is_left_out(test) && shares_result(session, test)) {
            copy_result(&test->result, &test->twin->result);
            test->executions = test->twin->executions;
            if (test->executions)
                tell(session, suite, test);
        }
    }
    suite_leave_out(suite);
    suite->interrupted = process_stopped();
    suite_settle(suite);
    differences_settle(suite, session->explore > 0);
}
