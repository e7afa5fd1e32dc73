/* Tests of explore, replay and shorten, on runtimes of a few lines each: trees of choices whose
 * number of schedules, and whose failing schedules, are known. This program is also their driver:
 * `test_explore RUNTIME` reads a scenario. */
#include "test_place.h"

#include "execute.h"
#include "scenario/memory.h"
#include "session.h"

#include <signal.h>

/* ---- The driver ---- */

enum { ANSWERS_MAX = 1 << 15 };

struct schedule {
    bool seeded;
    uint64_t seed;
    unsigned answers[ANSWERS_MAX];
    int count;
};

static struct {
    char id[32];
    struct schedule schedule;
    int choices;   /* asked for in this run */
    int runs;      /* begun in this process */
    int schedules; /* that it was given */
    int line;      /* of the only operation of main */
} now;

static uint64_t next_answer(struct schedule *schedule)
{
    uint64_t z;

    if (!schedule->seeded)
        return now.choices < schedule->count ? schedule->answers[now.choices] : 0;
    z = schedule->seed += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static int choose(int count)
{
    int answer = (int)(next_answer(&now.schedule) % (uint64_t)count);

    now.choices++;
    printf("chose %d %d\n", answer, count);
    fflush(stdout);
    return answer;
}

/* Whether the next choices are answered with these digits. */
static bool answered(const char *digits, int count)
{
    bool all = true;

    for (; *digits; digits++)
        all &= choose(count) == *digits - '0';
    return all;
}

/* The runtimes. Each returns how often it prints; once is right. */

/* 8 schedules: the first answer decides whether there is a choice out of three. */
static int small(void)
{
    if (choose(2))
        choose(3);
    choose(2);
    return 1;
}

static int silent(void)
{
    return 1;
}

/* 1024 schedules, each with a trace of its own. */
static int counts(void)
{
    int value = 0, i;

    for (i = 0; i < 10; i++)
        value = 2 * value + choose(2);
    printf(value ? "did main 2 ok %d\nend main\nrun ok\n" : "did main 2 ok\nend main\nrun ok\n",
           value);
    return -1;
}

static int counts_to_2(void)
{
    int value = choose(3);

    printf(value ? "did main 3 ok %d\nend main\nrun ok\n" : "did main 3 ok\nend main\nrun ok\n",
           value);
    return -1;
}

/* 729 schedules. */
static int six_of_three(void)
{
    answered("000000", 3);
    return 1;
}

static int fails_at_0102(void)
{
    return answered("0102", 3) ? 2 : 1;
}

static int crashes_at_0102(void)
{
    if (answered("0102", 3))
        raise(SIGTERM);
    return 1;
}

static int exits_at_0102(void)
{
    if (answered("0102", 3))
        exit(0);
    return 1;
}

static int hangs_at_01(void)
{
    if (answered("01", 2))
        pause();
    return 1;
}

static int always_fails(void)
{
    choose(2);
    return 0;
}

/* 2^40 schedules; only those with four particular deviations fail. */
static int fails_deep(void)
{
    int i, found = 0;

    for (i = 0; i < 40; i++)
        found += choose(2) && (i == 3 || i == 11 || i == 12 || i == 37);
    return found == 4 ? 2 : 1;
}

/* Only the first seed and its shortest schedule fail in the same way. */
static int fails_two_ways(void)
{
    int i, found = 0;

    for (i = 0; i < 40; i++)
        found += choose(2) && (i == 7 || i == 17);
    if (found == 1) {
        printf("print main hello\ndid main 2 ok\nend main\nrun ok 1\n");
        return -1;
    }
    return found == 2 ? 2 : 1;
}

/* Goes on to ask for choices until it is answered with 0. */
static int endless(void)
{
    while (choose(2))
        ;
    return 1;
}

static int large(void)
{
    int i;

    for (i = 0; i < 30000; i++)
        choose(2);
    return 1;
}

/* Asks for other choices each time. */
static int other_choices(void)
{
    choose(2);
    choose(2 + now.runs % 2);
    return 1;
}

static int fewer_choices(void)
{
    if (now.runs < 3)
        choose(4);
    return 1;
}

/* Fails only after other runs in the same process. */
static int fails_third(void)
{
    answered("000", 2);
    return now.runs == 3 ? 2 : 1;
}

static int fails_once(void)
{
    return now.runs == 1 ? 2 : 1;
}

static int fails_second(void)
{
    return now.runs == 2 ? 2 : 1;
}

/* Main and a child on another domain make three calls each, in lines that begin here. Of each the
 * name of the mutex is given that it tries to lock, or '-'. The first that does gets it. */
static const int first_line[] = {6, 11};

static int answers[6]; /* that were given in the last run */

static void make_call(int taker, int call, char mutex, bool *locked)
{
    bool busy = mutex != '-' && locked[mutex - 'm'];

    if (mutex != '-')
        locked[mutex - 'm'] = true;
    printf("did %s %d %s\n", taker ? "child" : "main", call + first_line[taker],
           busy ? "busy" : "ok");
}

static void make_all_calls(const char *mutexes)
{
    int calls[2] = {0, 0}, taker = 0, asked = 0;
    bool locked[2] = {false, false};

    memset(answers, 0, sizeof answers);
    printf("did main 3 ok\ndid main 4 ok\nspawn main 5 child\n"
           "turn 0\ndid main 5 ok\nturn 1\nbegin child 1\n");
    while (calls[0] < 3 || calls[1] < 3) {
        if (calls[0] < 3 && calls[1] < 3) {
            printf("turn %d %d\n", taker, !taker);
            answers[asked] = choose(2);
            taker = answers[asked++] ? !taker : taker;
        } else {
            taker = calls[1] < 3;
            printf("turn %d\n", taker);
        }
        make_call(taker, calls[taker], mutexes[calls[taker]], locked);
        calls[taker]++;
    }
}

static void end_turns(void)
{
    printf("turn 1\nend child\nturn 0\ndid main 9 ok\nend main\nrun ok\n");
}

static int take_turns(const char *mutexes)
{
    make_all_calls(mutexes);
    end_turns();
    return -1;
}

static int apart(void)
{
    return take_turns("---");
}

static int meet(void)
{
    return take_turns("-m-");
}

static int meet_twice(void)
{
    return take_turns("m-n");
}

/* Some of its schedules have more turns than are looked through for races. */
static int long_turns(void)
{
    make_all_calls("-m-");
    for (int i = 0; answers[1] && !answers[3] && i < 3000; i++)
        printf("turn 0\n");
    end_turns();
    return -1;
}

/* A child sleeps on another domain, and main cancels it before time passes, or after that. */
static int sleeps(void)
{
    printf("spawn main 2 child\nturn 0\ndid main 2 ok\nturn 1\nbegin child 1\nturn 0 -\n");
    if (choose(2))
        printf("turn 1\ndid child 6 ok\nend child\nturn 0\ndid main 3 ok\n");
    else
        printf("did main 3 ok\nturn 1\ndid child 6 stopped\nend child\nturn 0\n");
    printf("did main 4 ok\nend main\nrun ok\n");
    return -1;
}

static void end_well(void)
{
    printf("print main hello\ndid main 2 ok\nend main\nrun ok\n");
}

static int one_at_most(void)
{
    end_well();
    exit(0);
}

/* Executes no more than two schedules. */
static int two_at_most(void)
{
    answered("000", 2);
    if (now.runs == 2)
        one_at_most();
    return 1;
}

/* Says something between two runs. */
static int talks_later(void)
{
    if (answered("010", 2)) {
        end_well();
        printf("print main hello\n");
        return -1;
    }
    return 1;
}

/* Four schedules with one deviation take longer than three seconds. */
static int slow(void)
{
    if (!answered("0000", 2))
        usleep(800000);
    return 1;
}

static int not_steered(void)
{
    printf("absent choose\n");
    exit(0);
}

static const struct {
    const char *name;
    int (*run)(void);
} runtimes[] = {{"small", small},
                {"silent", silent},
                {"counts", counts},
                {"six-of-three", six_of_three},
                {"fails-at-0102", fails_at_0102},
                {"counts-to-2", counts_to_2},
                {"crashes-at-0102", crashes_at_0102},
                {"exits-at-0102", exits_at_0102},
                {"hangs-at-01", hangs_at_01},
                {"always-fails", always_fails},
                {"fails-deep", fails_deep},
                {"fails-two-ways", fails_two_ways},
                {"endless", endless},
                {"large", large},
                {"other-choices", other_choices},
                {"fewer-choices", fewer_choices},
                {"fails-third", fails_third},
                {"fails-once", fails_once},
                {"fails-second", fails_second},
                {"one-at-most", one_at_most},
                {"two-at-most", two_at_most},
                {"talks-later", talks_later},
                {"slow", slow},
                {"apart", apart},
                {"meet", meet},
                {"meet-twice", meet_twice},
                {"long-turns", long_turns},
                {"sleeps", sleeps},
                {"not-steered", not_steered}};

static void read_schedule(struct schedule *schedule, char *line)
{
    char *word = strtok(line, " \n");

    *schedule = (struct schedule){.count = 0};
    while ((word = strtok(NULL, " \n")) && strcmp(word, "turns") != 0) {
        if (!strcmp(word, "seed")) {
            schedule->seeded = true;
            schedule->seed = strtoull(strtok(NULL, " \n"), NULL, 10);
        } else if (schedule->count < ANSWERS_MAX)
            schedule->answers[schedule->count++] = (unsigned)strtoul(word, NULL, 10);
    }
}

static void execute(int (*run)(void))
{
    int prints;

    now.choices = 0;
    now.runs++;
    printf("%sbegin main 0\n", now.id);
    prints = run();
    while (prints-- > 0)
        printf("print main hello\n");
    if (prints > -2)
        printf("did main %d ok\nend main\nrun ok\n", now.line);
}

/* A driver that is started for each scenario. */
static int drive(const char *name)
{
    static struct schedule schedules[200];
    char *line = NULL;
    size_t room = 0, i;
    int s, lines = 0;

    printf("driver 2 %s\nready\n", name);
    fflush(stdout);
    if (!fgets(now.id, sizeof now.id, stdin) || !strcmp(name, "refuses"))
        return 2;
    while (getline(&line, &room, stdin) > 0 && strcmp(line, "go\n") != 0)
        if (!strncmp(line, "schedule", 8) && now.schedules < 200)
            read_schedule(&schedules[now.schedules++], line);
        else if (++lines && strstr(line, "print"))
            now.line = lines;
    free(line);
    for (i = 0; i < sizeof runtimes / sizeof *runtimes; i++) {
        for (s = 0; s < now.schedules && !strcmp(runtimes[i].name, name); s++) {
            now.schedule = schedules[s];
            execute(runtimes[i].run);
        }
    }
    return 0;
}

/* ---- Exploring ---- */

static const char chapter[] = "# A chapter\n"
                              "\n"
                              "### R98.1 Saying hello  {MUST}\n"
                              "\n"
                              "A task can say hello.\n"
                              "\n"
                              "Why: because.\n\nSource: nowhere.\n"
                              "\n"
                              "Main speaks:\n\n"
                              "```scenario\n"
                              "task main\n"
                              "    print hello\n"
                              "expect run ok\n"
                              "expect exactly hello\n"
                              "```\n"
                              "\n"
                              "Main speaks:\n\n"
                              "```scenario counts\n"
                              "task main\n"
                              "    self\n"
                              "expect run ok\n"
                              "```\n"
                              "\n"
                              "Main speaks on one schedule:\n\n"
                              "```scenario one\n"
                              "schedule 0 1 0 2\n"
                              "task main\n"
                              "    print hello\n"
                              "expect run ok\n"
                              "expect exactly hello\n"
                              "```\n"
                              "\n"
                              "Main counts on every schedule:\n\n"
                              "```scenario every\n"
                              "schedule all\n"
                              "task main\n"
                              "    self => ok | ok 1 | ok 2\n"
                              "expect run ok\n"
                              "```\n"
                              "\n"
                              "Two tasks have nothing in common:\n"
                              "\n"
                              "```scenario apart\n"
                              "# nothing is shared\n"
                              "task main\n"
                              "    mutex x\n"
                              "    mutex y\n"
                              "    p = call child\n"
                              "    create a\n"
                              "    create b\n"
                              "    create c\n"
                              "    await p\n"
                              "task child\n"
                              "    create a\n"
                              "    create b\n"
                              "    create c\n"
                              "expect run ok\n"
                              "```\n"
                              "\n"
                              "Two tasks have a mutex in common:\n"
                              "\n"
                              "```scenario meet\n"
                              "shared m\n"
                              "task main\n"
                              "    mutex m\n"
                              "    mutex n\n"
                              "    p = call child\n"
                              "    create a\n"
                              "    try-lock m => ok | busy\n"
                              "    create c\n"
                              "    await p\n"
                              "task child\n"
                              "    create a\n"
                              "    try-lock m => ok | busy\n"
                              "    create c\n"
                              "expect run ok\n"
                              "```\n"
                              "\n"
                              "Two tasks have two mutexes in common:\n"
                              "\n"
                              "```scenario meet-twice\n"
                              "shared m n\n"
                              "task main\n"
                              "    mutex m\n"
                              "    mutex n\n"
                              "    p = call child\n"
                              "    try-lock m => ok | busy\n"
                              "    create b\n"
                              "    try-lock n => ok | busy\n"
                              "    await p\n"
                              "task child\n"
                              "    try-lock m => ok | busy\n"
                              "    create b\n"
                              "    try-lock n => ok | busy\n"
                              "expect run ok\n"
                              "```\n"
                              "\n"
                              "A child sleeps until it is cancelled, or longer:\n\n"
                              "```scenario sleeps\n"
                              "task main\n"
                              "    p = call child\n"
                              "    create a\n"
                              "    cancel p\n"
                              "task child\n"
                              "    sleep 1 => ok | stopped\n"
                              "expect run ok\n"
                              "```\n"
                              "\n"
                              "Main counts too far:\n\n"
                              "```scenario too-far\n"
                              "schedule all\n"
                              "task main\n"
                              "    self => ok | ok 1 | ok 2 | ok 9\n"
                              "expect run ok\n"
                              "```\n";

static int set_up(void **state)
{
    if (place_set_up(state) != 0)
        return -1;
    write_file("98-test.md", chapter);
    return 0;
}

static void complain(const char *text)
{
    print_error("%s\n", text);
}

static enum order order; /* what run_scenario asks for */

/* Explore a runtime's schedules of a scenario, `most` of them at most, or execute one. */
static struct suite *run_scenario(const char *scenario, const char *runtime, const char *schedule,
                                  size_t most, double seconds)
{
    struct suite *suite = suite_create(place, "", NULL, complain);
    struct session session = {.seconds = seconds,
                              .jobs = 1,
                              .explore = most,
                              .order = order,
                              .schedule = schedule,
                              .replay = *schedule ? "it" : NULL};
    char *command;

    assert_non_null(suite);
    assert_true(asprintf(&command, "%s %s", built("conformance/suite/test_explore"), runtime) > 0);
    session.command = command;
    assert_true(suite_choose(suite, scenario));
    assert_null(execute_begin(&session, suite));
    session_run(&session, suite);
    execute_end(&session);
    free(command);
    return suite;
}

static struct suite *run_session(const char *runtime, const char *schedule, size_t most,
                                 double seconds)
{
    return run_scenario(strcmp(runtime, "counts") ? "R98.1/1" : "R98.1/counts", runtime, schedule,
                        most, seconds);
}

static struct exploration explored(size_t schedules, size_t random, size_t traces, bool exhausted)
{
    return (struct exploration){
        .schedules = schedules, .random = random, .traces = traces, .exhausted = exhausted};
}

static void expect_pass(const char *runtime, size_t most, struct exploration expected)
{
    struct suite *suite = run_session(runtime, "", most, HANG);
    const struct test *test = &suite->tests[suite->tests->chosen ? 0 : 1];

    if (test->result.kind != RESULT_PASS)
        print_error("%s: %s\n", runtime, test->result.reason);
    assert_int_equal(test->result.kind, RESULT_PASS);
    assert_int_equal(test->exploration.schedules, expected.schedules);
    assert_int_equal(test->exploration.random, expected.random);
    assert_int_equal(test->exploration.traces, expected.traces);
    assert_int_equal(test->exploration.exhausted, expected.exhausted);
    suite_free(suite);
}

/* The runtime fails for that reason, with that schedule as its shortest. */
static struct suite *expect_failure(const char *runtime, size_t most, enum result_kind kind,
                                    const char *replay, const char *reason)
{
    struct suite *suite = run_session(runtime, "", most, kind == RESULT_HANG ? 2 : HANG);
    const struct result *result = &suite->tests->result;

    assert_int_equal(result->kind, kind);
    assert_non_null(result->replay);
    assert_string_equal(result->replay, replay);
    assert_true(contains(result->reason, reason));
    assert_false(suite->tests->exploration.exhausted);
    return suite;
}

static void tries_all_schedules(void **state)
{
    (void)state;
    expect_pass("silent", 100, explored(1, 0, 1, true));
    expect_pass("small", 100, explored(8, 0, 1, true));
    expect_pass("small", 8, explored(8, 0, 1, true));
    expect_pass("six-of-three", 1000, explored(729, 0, 1, true));
    expect_pass("six-of-three", 729, explored(729, 0, 1, true));
    expect_pass("counts", 1100, explored(1024, 0, 1024, true));
}

static void says_where_it_stopped(void **state)
{
    (void)state;
    expect_pass("small", 7, explored(8, 1, 1, false));
    expect_pass("six-of-three", 728, explored(728 + 182, 182, 1, false));
    expect_pass("six-of-three", 1, explored(1, 0, 1, false));
    expect_pass("counts", 600, explored(750, 150, 654, false));
    expect_pass("endless", 300, explored(375, 75, 1, false));
}

/* If a run is large, fewer schedules are tried, and some of these are random. */
static void tries_less_of_what_is_large(void **state)
{
    struct suite *suite = run_session("large", "", 400, HANG);
    const struct exploration *exploration = &suite->tests->exploration;

    (void)state;
    assert_int_equal(suite->tests->result.kind, RESULT_PASS);
    assert_in_range(exploration->schedules, 4, 40);
    assert_in_range(exploration->random, 1, exploration->schedules / 2);
    assert_false(exploration->exhausted);
    suite_free(suite);
}

static void finds_the_schedule(void **state)
{
    struct suite *suite =
        expect_failure("fails-at-0102", 1000, RESULT_FAIL, "--schedule \"0 1 0 2\"", "findings");

    (void)state;
    /* All 4 * 2 schedules with one deviation come first, then some of the 24 with two. */
    assert_in_range(suite->tests->exploration.schedules, 10, 33);
    assert_true(contains(suite->tests->result.output, "print main hello\nprint main hello\n"));
    assert_null(strstr(suite->tests->result.output, "chose"));
    suite_free(suite);
    suite_free(expect_failure("always-fails", 1000, RESULT_FAIL, "--schedule 0", "2 findings"));
    suite_free(expect_failure("crashes-at-0102", 1000, RESULT_CRASH, "--schedule \"0 1 0 2\"",
                              "killed by signal 15, SIGTERM"));
    suite_free(expect_failure("exits-at-0102", 1000, RESULT_CRASH, "--schedule \"0 1 0 2\"",
                              "ended in the middle of the run"));
    suite_free(expect_failure("talks-later", 1000, RESULT_FAIL, "--schedule \"0 1\"",
                              "broke the protocol"));
}

static void finds_what_hangs(void **state)
{
    (void)state;
    suite_free(expect_failure("hangs-at-01", 1000, RESULT_HANG, "--schedule \"0 1\"",
                              "no end: it sleeps"));
}

/* A schedule that is slow only because of its batch has not hung. */
static void gives_each_its_time(void **state)
{
    struct suite *suite = run_session("slow", "", 1000, 3);

    (void)state;
    assert_int_equal(suite->tests->result.kind, RESULT_PASS);
    assert_in_range(suite->tests->exploration.schedules, 4, 10);
    suite_free(suite);
}

/* The bound is too low for schedules in order; random ones have some 20 deviations. */
static void shortens_what_it_finds(void **state)
{
    struct suite *suite = expect_failure("fails-deep", 400, RESULT_FAIL,
                                         "--schedule \"0 0 0 1 0 0 0 0 0 0 0 1 1 0 0 0 0 0 0 0 0 0 "
                                         "0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1\"",
                                         "findings");

    (void)state;
    assert_true(suite->tests->exploration.random > 0);
    assert_true(contains(suite->tests->result.output, "begin main 0\nprint main hello\n"));
    assert_int_equal(suite->tests->exploration.schedules, 400 + suite->tests->exploration.random);
    suite_free(suite);
    suite_free(expect_failure("fails-two-ways", 4, RESULT_FAIL,
                              "--schedule \"0 0 0 0 0 0 0 1 0 0 0 0 0 0 0 0 0 1\"", "2 findings"));
}

static void tells_runs_that_differ(void **state)
{
    struct suite *suite = expect_failure("other-choices", 100, RESULT_FAIL, "--schedule 0", "");
    const struct verdict *verdict = suite->tests->result.verdict;

    (void)state;
    assert_string_equal(suite->tests->result.reason, "the same answers make different runs");
    assert_string_equal(verdict->findings[0].rule, "R13.6");
    assert_string_equal(verdict->findings[0].observed,
                        "line 4 of the trace is 'chose 0 3' once, and 'chose 0 2' then");
    suite_free(suite);
    suite = expect_failure("fewer-choices", 100, RESULT_FAIL, "--schedule \"3\"",
                           "the same answers make different runs");
    assert_string_equal(suite->tests->result.verdict->findings[0].observed,
                        "choice 1 was asked for once, but then there were 0");
    suite_free(suite);
    suite_free(expect_failure("fails-third", 100, RESULT_FAIL, "--schedule \"0 0 1\"",
                              "2 findings; but not when the same schedule is executed "
                              "once more, alone"));
    suite_free(expect_failure("two-at-most", 100, RESULT_CRASH, "--schedule \"0 0 1\"",
                              "but not when the same schedule is executed once more, alone"));
}

static void tells_what_cannot_be_steered(void **state)
{
    struct suite *suite = run_session("not-steered", "", 100, HANG);

    (void)state;
    assert_int_equal(suite->tests->result.kind, RESULT_DECLINED);
    assert_string_equal(suite->tests->result.reason, "the runtime declines choices");
    assert_int_equal(suite->tests->exploration.schedules, 0);
    suite_free(suite);
    suite = run_session("refuses", "", 100, HANG);
    assert_int_equal(suite->tests->result.kind, RESULT_UNKNOWN);
    suite_free(suite);
}

/* ---- Schedules that lead to nothing new ---- */

static struct exploration explore_as(const char *name, const char *runtime, bool all)
{
    char *scenario = text_of("R98.1/%s", name);
    struct exploration exploration;
    struct suite *suite;
    size_t i = 0;

    order = all ? ORDER_ALL : ORDER_REDUCED;
    suite = run_scenario(scenario, runtime, "", 1000, HANG);
    order = ORDER_REDUCED;
    while (!suite->tests[i].chosen)
        i++;
    if (suite->tests[i].result.kind != RESULT_PASS)
        print_error("%s: %s\n", runtime, suite->tests[i].result.reason);
    assert_int_equal(suite->tests[i].result.kind, RESULT_PASS);
    exploration = suite->tests[i].exploration;
    assert_true(exploration.exhausted);
    suite_free(suite);
    free(scenario);
    return exploration;
}

static struct exploration explore_two(const char *runtime, bool all)
{
    return explore_as(runtime, runtime, all);
}

/* Three calls of each of two domains: 20 orders. If the calls have nothing in common, one of them
 * is enough; if two calls meet, two or three are, which let the tasks see all that the others do.
 */
static void leaves_out_what_is_not_new(void **state)
{
    struct exploration all, some;

    (void)state;
    all = explore_two("apart", true);
    some = explore_two("apart", false);
    assert_int_equal(all.schedules, 20);
    assert_int_equal(all.views, 1);
    assert_int_equal(some.schedules, 1);
    assert_int_equal(some.digest, all.digest);
    all = explore_two("meet", true);
    some = explore_two("meet", false);
    assert_int_equal(all.schedules, 20);
    assert_int_equal(all.views, 2);
    assert_in_range(some.schedules, 2, 3);
    assert_int_equal(some.digest, all.digest);
    all = explore_two("meet-twice", true);
    some = explore_two("meet-twice", false);
    assert_int_equal(all.schedules, 20);
    assert_int_equal(all.views, 4);
    assert_int_equal(some.schedules, 6);
    assert_int_equal(some.digest, all.digest);
}

/* Also if it has not passed in any turn of the first execution. */
static void lets_time_pass_at_last(void **state)
{
    struct exploration all = explore_two("sleeps", true), some = explore_two("sleeps", false);

    (void)state;
    assert_int_equal(all.views, 2);
    assert_int_equal(some.digest, all.digest);
}

/* Where races are not looked for, all answers are tried. */
static void explores_long_executions_beside_short_ones(void **state)
{
    struct exploration all = explore_as("meet", "long-turns", true);
    struct exploration some = explore_as("meet", "long-turns", false);

    (void)state;
    assert_int_equal(all.views, 2);
    assert_int_equal(some.digest, all.digest);
}

/* ---- Replaying ---- */

static void expect_replay(const char *runtime, const char *schedule, enum result_kind kind,
                          const char *reason)
{
    struct suite *suite = run_session(runtime, schedule, 0, HANG);
    const struct result *result = &suite->tests->result;

    assert_int_equal(result->kind, kind);
    if (reason)
        assert_string_equal(result->reason, reason);
    else
        assert_null(result->reason);
    assert_string_equal(result->replay, "it");
    assert_int_equal(suite->tests->exploration.schedules, 0);
    suite_free(suite);
}

static void executes_one_schedule(void **state)
{
    (void)state;
    expect_replay("fails-at-0102", "schedule 0 1 0 2\n", RESULT_FAIL, "2 findings");
    expect_replay("fails-at-0102", "schedule 0 1 0 1\n", RESULT_PASS, NULL);
    expect_replay("fails-at-0102", "schedule\n", RESULT_PASS, NULL);
    expect_replay("fails-deep", "schedule seed 42\n", RESULT_PASS, NULL);
    expect_replay("crashes-at-0102", "schedule 0 1 0 2\n", RESULT_CRASH,
                  "killed by signal 15, SIGTERM");
    expect_replay("not-steered", "schedule\n", RESULT_DECLINED, "the runtime declines choices");
}

static void executes_it_twice(void **state)
{
    (void)state;
    expect_replay("other-choices", "schedule seed 1\n", RESULT_FAIL,
                  "the same answers make different runs");
    expect_replay("fails-once", "schedule\n", RESULT_FAIL,
                  "2 findings; and the same answers make different runs");
    expect_replay("fails-second", "schedule\n", RESULT_FAIL,
                  "2 findings; and the same answers make different runs");
    expect_replay("one-at-most", "schedule\n", RESULT_CRASH,
                  "ended in the middle of the run; "
                  "and the same answers make different runs");
}

/* ---- Scenarios with a schedule of their own ---- */

static const struct test *chosen(const struct suite *suite)
{
    size_t i = 0;

    while (!suite->tests[i].chosen)
        i++;
    return &suite->tests[i];
}

static void expect_own(const char *scenario, const char *runtime, const char *schedule, size_t most,
                       enum result_kind kind, const char *reason)
{
    struct suite *suite = run_scenario(scenario, runtime, schedule, most, HANG);
    const struct test *test = chosen(suite);

    assert_int_equal(test->result.kind, kind);
    if (reason)
        assert_string_equal(test->result.reason, reason);
    assert_int_equal(test->exploration.schedules > 0, most > 0 && !strstr(scenario, "one"));
    suite_free(suite);
}

static void executes_the_own_schedule(void **state)
{
    (void)state;
    expect_own("R98.1/one", "small", "", 0, RESULT_PASS, NULL);
    expect_own("R98.1/one", "fails-at-0102", "", 0, RESULT_FAIL, "2 findings");
    expect_own("R98.1/one", "fails-at-0102", "", 100, RESULT_FAIL, "2 findings");
    expect_own("R98.1/one", "fails-second", "", 0, RESULT_FAIL,
               "2 findings; and the same answers make different runs");
    expect_own("R98.1/one", "fails-at-0102", "schedule\n", 0, RESULT_SKIPPED,
               "it has a schedule of its own");
    expect_own("R98.1/one", "not-steered", "", 0, RESULT_DECLINED, "the runtime declines choices");
}

static void meets_all_outcomes(void **state)
{
    struct suite *suite = run_scenario("R98.1/too-far", "counts-to-2", "", 0, HANG);
    const struct verdict *verdict = chosen(suite)->result.verdict;

    (void)state;
    assert_string_equal(chosen(suite)->result.reason, "an outcome cannot be chosen");
    assert_int_equal(verdict->finding_count, 1);
    assert_string_equal(verdict->findings[0].expected,
                        "some schedule leads to the outcome ok 9 of 'self'");
    assert_string_equal(verdict->findings[0].observed, "none of 3 does");
    suite_free(suite);
    expect_own("R98.1/every", "counts-to-2", "", 0, RESULT_PASS, NULL);
    expect_own("R98.1/every", "counts-to-2", "", 10, RESULT_PASS, NULL);
    expect_own("R98.1/every", "counts-to-2", "", 2, RESULT_FAIL, "an outcome cannot be chosen");
    expect_own("R98.1/too-far", "counts-to-2", "schedule 1\n", 0, RESULT_PASS, NULL);
    expect_own("R98.1/every", "not-steered", "", 0, RESULT_DECLINED,
               "the runtime declines choices");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tries_all_schedules),
        cmocka_unit_test(says_where_it_stopped),
        cmocka_unit_test(tries_less_of_what_is_large),
        cmocka_unit_test(finds_the_schedule),
        cmocka_unit_test(finds_what_hangs),
        cmocka_unit_test(gives_each_its_time),
        cmocka_unit_test(shortens_what_it_finds),
        cmocka_unit_test(tells_runs_that_differ),
        cmocka_unit_test(tells_what_cannot_be_steered),
        cmocka_unit_test(leaves_out_what_is_not_new),
        cmocka_unit_test(lets_time_pass_at_last),
        cmocka_unit_test(explores_long_executions_beside_short_ones),
        cmocka_unit_test(executes_one_schedule),
        cmocka_unit_test(executes_it_twice),
        cmocka_unit_test(executes_the_own_schedule),
        cmocka_unit_test(meets_all_outcomes),
    };

    return argc > 1 ? drive(argv[1]) : cmocka_run_group_tests(tests, set_up, place_tear_down);
}
