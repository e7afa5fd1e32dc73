/* Tests of traces: what a driver may say, and what makes its output garbage. */
#include "test_texts.h"

#include "trace.h"

static const char program_text[] = "shared p\n"
                                   "task main\n"
                                   "    create r\n"
                                   "    p = repeat 2 call child give=r\n"
                                   "    await p\n"
                                   "    parallel child other\n"
                                   "    run child\n"
                                   "    repeat 2 print hello\n"
                                   "    return 3\n"
                                   "task child\n"
                                   "    self\n"
                                   "    fail boom\n"
                                   "task other\n"
                                   "    print bye\n"
                                   "    lazy l child\n"
                                   "    force l\n"
                                   "    await-all p\n"
                                   "    lazy k other\n"
                                   "expect run ok 3\n";

static const char good[] = "scenario 7\n"
                           "begin main 0\n"
                           "did main 3 ok\n"
                           "spawn main 4 child\n"
                           "spawn main 4 child#2\n"
                           "begin child 1\n"
                           "did child 11 ok 1\n"
                           "finalise main r 1\n"
                           "end child\n"
                           "did main 4 ok, not-owner\n"
                           "did main 5 failed boom\n"
                           "spawn main 6 child#3\n"
                           "spawn main 6 other\n"
                           "print other bye\n"
                           "did other 15 ok\n"
                           "force other 16 child#4\n"
                           "begin child#4 0\n"
                           "did other 17 ok, failed boom\n"
                           "did main 6 ok, ok\n"
                           "did main 8 ok, ok\n"
                           "end main\n"
                           "run ok 3\n";

static void complain(void *to, int line, const char *text)
{
    note(to, "", line, text);
}

static int set_up(void **state)
{
    struct complaints complaints = {.size = 0};

    *state = program_parse(program_text, sizeof program_text - 1, PROGRAM_WITH_ANSWERS, complain,
                           &complaints);
    if (*state == NULL)
        print_error("%s", complaints.text);
    return *state != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    program_free(*state);
    return 0;
}

static struct trace *parse_bytes(const struct program *program, const char *text, size_t size)
{
    struct page page = page_create(text, size);
    struct trace *trace = trace_parse(program, 7, page.text, page.size);

    page_free(&page);
    assert_non_null(trace);
    return trace;
}

static struct trace *parse(const struct program *program, const char *text)
{
    return parse_bytes(program, text, strlen(text));
}

static void reads_every_event(void **state)
{
    struct trace *trace = parse(*state, good);
    const struct event *events = trace->events;

    if (trace->end != TRACE_WHOLE)
        fail_msg("%s", trace->problem);
    assert_null(trace->problem);
    assert_int_equal(trace->event_count, 21);
    assert_int_equal(events[0].kind, EVENT_BEGIN);
    assert_int_equal(events[0].instance, 0);
    assert_int_equal(events[0].domain, 0);
    assert_int_equal(events[2].kind, EVENT_SPAWN);
    assert_int_equal(events[2].child, 1);
    assert_int_equal(events[5].kind, EVENT_DID);
    assert_int_equal(events[5].outcomes.count, 1);
    assert_int_equal(events[5].outcomes.of[0].value, 1);
    assert_int_equal(events[6].kind, EVENT_FINALISE);
    assert_int_equal(events[6].domain, 1);
    assert_int_equal(events[6].instance, -1);
    assert_int_equal(events[6].creator, 0);
    assert_int_equal(events[8].outcomes.count, 2);
    assert_int_equal(events[8].outcomes.of[1].kind, OUTCOME_NOT_OWNER);
    assert_int_equal(events[9].outcomes.of[0].kind, OUTCOME_FAILED);
    assert_int_equal(events[12].kind, EVENT_PRINT);
    assert_int_equal(events[14].kind, EVENT_FORCE);
    assert_int_equal(events[14].instance, 4);
    assert_int_equal(events[14].child, 5);
    assert_int_equal(events[20].kind, EVENT_RUN);
    assert_int_equal(events[20].outcomes.of[0].value, 3);
    trace_free(trace);
}

static void knows_the_instances(void **state)
{
    struct trace *trace = parse(*state, good);
    char name[INSTANCE_MAX];

    assert_int_equal(trace->instance_count, 6);
    assert_int_equal(trace->instances[0].parent, -1);
    assert_int_equal(trace->instances[0].begun, 0);
    assert_int_equal(trace->instances[0].ended, 19);
    assert_true(trace->instances[5].forced);
    assert_false(trace->instances[4].forced);
    assert_int_equal(trace->instances[2].number, 2);
    assert_int_equal(trace->instances[2].parent, 0);
    assert_int_equal(trace->instances[2].spawned, 3);
    assert_int_equal(trace->instances[2].begun, -1);
    instance_write(name, sizeof name, *state, trace, 2);
    assert_string_equal(name, "child#2");
    instance_write(name, sizeof name, *state, trace, 1);
    assert_string_equal(name, "child");
    trace_free(trace);
}

/* A list whose members are all equal is folded to one of them, except parallel's. */
static void folds_equal_members(void **state)
{
    struct trace *trace = parse(*state, good);

    assert_int_equal(trace->events[17].outcomes.count, 2);
    assert_int_equal(trace->events[18].outcomes.count, 1);
    trace_free(trace);
}

static void writes_events_as_they_were(void **state)
{
    struct trace *trace = parse(*state, good);
    const char *line = strchr(good, '\n') + 1;

    for (int i = 0; i < trace->event_count; i++, line = strchr(line, '\n') + 1) {
        char text[200];

        event_write(text, sizeof text, *state, trace, i);
        if (i == 18)
            assert_string_equal(text, "did main 8 ok");
        else
            assert_memory_equal(text, line, strlen(text));
    }
    trace_free(trace);
}

static void cuts_off_what_it_writes(void **state)
{
    struct trace *trace = parse(*state, good);
    char text[12];

    event_write(text, sizeof text, *state, trace, 8);
    assert_string_equal(text, "did main 4 ");
    outcomes_write(text, sizeof text, *state, trace->events[8].outcomes);
    assert_string_equal(text, "ok, ...");
    trace_free(trace);
}

static void tells_in_short_what_is_alike(void **state)
{
    struct outcome of[] = {
        {.kind = OUTCOME_ENDED}, {.kind = OUTCOME_EMPTY},   {.kind = OUTCOME_EMPTY},
        {.kind = OUTCOME_EMPTY}, {.kind = OUTCOME_EMPTY},   {.kind = OUTCOME_EMPTY},
        {.kind = OUTCOME_ENDED}, {.kind = OUTCOME_RUNNING}, {.kind = OUTCOME_RUNNING}};
    char text[80];

    outcomes_write(text, sizeof text, *state, (struct outcomes){of, sizeof of / sizeof *of});
    assert_string_equal(text, "ended, 5 x empty, ended, running, running");
    outcomes_write(text, sizeof text, *state, (struct outcomes){of, 5});
    assert_string_equal(text, "ended, empty, empty, empty, empty");
    outcomes_write(text, 20, *state, (struct outcomes){of, 6});
    assert_string_equal(text, "ended, ...");
}

/* ---- Garbage ---- */

struct garbage {
    const char *text; /* behind "scenario 7\nbegin main 0\n" */
    const char *problem;
};

static const struct garbage garbage[] = {
    {"hello\n", "not an event: 'hello'"},
    {"\n", "not an event: ''"},
    {"did\n", "no such task has been spawned: 'did'"},
    {"did main\n", "has no operation on that line"},
    {"did main 3\n", "not an outcome"},
    {"did main 3 \n", "not an outcome"},
    {"did  main 3 ok\n", "no such task"},
    {" did main 3 ok\n", "not an event"},
    {"did main 3 ok \r\n", "not printable ASCII in column 15"},
    {"did main 3 fine\n", "not an outcome: 'did main 3 fine'"},
    {"did main 3 failed nobody\n", "not an outcome"},
    {"did main 4x ok\n", "has no operation on that line"},
    {"did main 03 ok\n", "has no operation on that line"},
    {"did main -3 ok\n", "has no operation on that line"},
    {"did main 99999999999999999999 ok\n", "has no operation on that line"},
    {"did main 513 ok\n", "has no operation on that line"},
    {"did main 0 ok\n", "has no operation on that line"},
    {"did main 2 ok\n", "the task 'main' has no operation on that line: 'did main 2 ok'"},
    {"did main 11 ok\n", "the task 'main' has no operation on that line"},
    {"did main 9 ok\n", "'return' does not return"},
    {"did child 11 ok\n", "no such task has been spawned"},
    {"did main#2 3 ok\n", "no such task has been spawned"},
    {"did main#1 3 ok\n", "no such task has been spawned"},
    {"did nobody 3 ok\n", "no such task has been spawned"},
    {"did main 3 ok, ok\n", "a list where there is one outcome"},
    {"did main 6 ok\n", "not one outcome for each of 2 tasks"},
    {"did main 6 none\n", "not one outcome for each of 2 tasks"},
    {"did main 6 ok, ok, ok\n", "not one outcome for each of 2 tasks"},
    {"spawn main 4 other\n", "that line spawns no such task"},
    {"spawn main 4 nobody\n", "that line spawns no such task"},
    {"spawn main 4 child#0\n", "that line spawns no such task"},
    {"spawn main 4 child#x\n", "that line spawns no such task"},
    {"spawn main 4 child#\n", "that line spawns no such task"},
    {"spawn main 4 child more\n", "that line spawns no such task"},
    {"spawn main 5 child\n", "that line spawns no such task"},
    {"spawn main 4 child\nspawn main 4 child\n", "spawned before: 'spawn main 4 child'"},
    {"begin child 0\n", "no such task has been spawned"},
    {"begin ? 0\n", "no such task has been spawned"},
    {"begin main\n", "not a domain"},
    {"begin main x\n", "not a domain"},
    {"begin main 0 0\n", "not a domain"},
    {"begin main 00\n", "not a domain"},
    {"print main bye\n", "the task does not print that"},
    {"print main nothing\n", "the task does not print that"},
    {"print main\n", "the task does not print that"},
    {"finalise r 0\n", "no such task has been spawned"},
    {"finalise child r 0\n", "no such task has been spawned"},
    {"finalise ? ? 0\n", "no such task has been spawned"},
    {"finalise main s 0\n", "the task creates no such resource"},
    {"finalise main ? 0\n", "the task creates no such resource"},
    {"spawn main 4 child\nfinalise child r 0\n", "the task creates no such resource"},
    {"finalise main r\n", "not a domain"},
    {"end child\n", "no such task has been spawned"},
    {"end\n", "no such task has been spawned"},
    {"run\n", "not an outcome"},
    {"run ok, ok\n", "a list where there is one outcome"},
    {"run ok\nend main\n", "a line after the end of the run: 'end main'"},
    {"run ok\nrun ok\n", "a line after the end of the run"},
    {"run ok\n\n", "a line after the end of the run"},
    {"run ok\nx", "a line after the end of the run"},
    {"force main 6 child\n", "that line forces no such task"},
    {"callback main 6 child\n", "that line sets no such task"},
    {"outside child\n", "that program has, outside its run, no such task"},
    {"spawn main 6 child\nspawn main 6 other\nforce other 16 main#2\n", "that line forces no such"},
    {"spawn main 6 child\nspawn main 6 other\nforce other 16 other#2\n",
     "that line forces no such"},
    {"spawn main 6 child\nspawn main 6 other\nspawn other 16 child#2\n",
     "that line spawns no such"},
    {"spawn main 6 child\nspawn main 6 other\nspawn other 15 child#2\n",
     "that line spawns no such"},
    {"spawn main 6 child\nspawn main 6 other\nforce other 15 child#2\n",
     "that line forces no such"},
    {"turn\n", "not a turn"},
    {"turn x\n", "not a turn"},
    {"turn -1\n", "not a turn"},
    {"turn 65\n", "not a turn"},
    {"chose\n", "not a choice"},
    {"chose 1\n", "not a choice"},
    {"chose 0 1\n", "not a choice"},
    {"chose 2 2\n", "not a choice"},
    {"chose -1 2\n", "not a choice"},
    {"chose 0 2 \n", "not a choice"},
    {"run ok\nchose 0 2\n", "a line after the end of the run"},
    {"absent\n", "not a function"},
    {"absent a b\n", "not a function"},
    {"scenario 7\n", "not an event"},
};

static void tells_garbage_and_quotes_it(void **state)
{
    for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++) {
        char text[256] = "scenario 7\nbegin main 0\n";
        struct trace *trace = parse(*state, strcat(text, garbage[i].text));

        if (trace->end != TRACE_GARBAGE)
            fail_msg("not garbage: %s", garbage[i].text);
        assert_true(contains(trace->problem, garbage[i].problem));
        assert_true(trace->line >= 3);
        trace_free(trace);
    }
}

static void answers_for_one_scenario_only(void **state)
{
    static const char *const firsts[] = {"scenario 8\n",  "scenario 77\n",  "scenario\n",
                                         "scenario 07\n", "begin main 0\n", "\n"};

    for (size_t i = 0; i < sizeof firsts / sizeof *firsts; i++) {
        struct trace *trace = parse(*state, firsts[i]);

        assert_int_equal(trace->end, TRACE_GARBAGE);
        assert_int_equal(trace->line, 1);
        assert_true(contains(trace->problem, "not 'scenario 7': '"));
        trace_free(trace);
    }
}

static void escapes_what_it_quotes(void **state)
{
    static const char text[] = "scenario 7\nbegin \0main\x1b[2J 0\n";
    struct trace *trace = parse_bytes(*state, text, sizeof text - 1);

    assert_int_equal(trace->end, TRACE_GARBAGE);
    assert_int_equal(trace->line, 2);
    assert_string_equal(trace->problem, "a byte that is not printable ASCII in column 7: "
                                        "'begin \\x00main\\x1b[2J 0'");
    trace_free(trace);
}

static void refuses_endless_lines(void **state)
{
    size_t size = TRACE_LINE_MAX + 100;
    char *text = malloc(size);
    struct trace *trace;

    memcpy(text, "scenario 7\n", 11);
    memset(text + 11, 'x', size - 11);
    trace = parse_bytes(*state, text, size);
    assert_int_equal(trace->end, TRACE_GARBAGE);
    assert_true(contains(trace->problem, "at most 33554432: 'xxxx"));
    assert_true(contains(trace->problem, "...'"));
    assert_true(strlen(trace->problem) < 400);
    trace_free(trace);
    free(text);
}

/* ---- Ends ---- */

static void a_trace_without_a_run_is_cut(void **state)
{
    static const char *const texts[] = {"", "scenario 7\n", "scenario 7\nbegin main 0\n",
                                        "scenario 7\nbegin main 0\nrun ok", "scen"};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct trace *trace = parse(*state, texts[i]);

        assert_int_equal(trace->end, TRACE_CUT);
        assert_null(trace->problem);
        trace_free(trace);
    }
}

/* Other domains may go on talking for a moment. */
static void tells_what_is_absent(void **state)
{
    struct trace *trace =
        parse(*state, "scenario 7\nbegin main 0\nabsent miou_call\ndid main 3 ok\nrubbish");

    assert_int_equal(trace->end, TRACE_ABSENT);
    assert_string_equal(trace->problem, "miou_call");
    trace_free(trace);
}

static void reads_no_byte_too_many(void **state)
{
    for (size_t size = 0; size < sizeof good - 1; size++) {
        struct trace *trace = parse_bytes(*state, good, size);

        assert_int_equal(trace->end, TRACE_CUT);
        trace_free(trace);
    }
}

static void survives_any_text(void **state)
{
    unsigned random = 2;
    int whole = 0;

    for (int i = 0; i < 3000; i++) {
        char text[2 * sizeof good];
        size_t size = sizeof good - 1;
        struct trace *trace;

        memcpy(text, good, size);
        mutate(text, &size, sizeof text, &random);
        trace = parse_bytes(*state, text, size);
        whole += trace->end == TRACE_WHOLE;
        assert_int_equal(trace->end == TRACE_GARBAGE || trace->end == TRACE_ABSENT,
                         trace->problem != NULL);
        trace_free(trace);
    }
    assert_in_range(whole, 1, 2000);
}

/* ---- Schedules ---- */

static void keeps_choices(void **state)
{
    struct trace *trace = parse(*state, "scenario 7\nchose 1 3\nbegin main 0\nchose 0 2\n"
                                        "did main 3 ok\nend main\nrun ok 3\n");

    assert_int_equal(trace->end, TRACE_WHOLE);
    assert_int_equal(trace->choice_count, 2);
    assert_int_equal(trace->choices[0].answer, 1);
    assert_int_equal(trace->choices[0].count, 3);
    assert_int_equal(trace->choices[1].answer, 0);
    assert_int_equal(trace->choices[1].count, 2);
    assert_int_equal(trace->event_count, 4);
    assert_int_equal(trace->events[1].line, 5);
    trace_free(trace);
}

/* Only where the scenario asks for one. */
static void keeps_an_answer_out_of_range(void **state)
{
    static const char text[] = "schedule beyond\ntask main\nexpect run invalid\n";
    static const char said[] = "scenario 7\nchose 2 2\nrun invalid\n";
    struct complaints complaints = {.size = 0};
    struct program *program =
        program_parse(text, sizeof text - 1, PROGRAM_WITH_ANSWERS, complain, &complaints);
    struct trace *trace = trace_parse(program, 7, said, sizeof said - 1);

    (void)state;
    assert_int_equal(trace->end, TRACE_WHOLE);
    assert_int_equal(trace->choices[0].answer, 2);
    assert_int_equal(trace->choices[0].count, 2);
    trace_free(trace);
    program_free(program);
}

static const char runs[] = "scenario 7\nbegin main 0\nend main\nrun ok 3\n"
                           "scenario 7\nchose 0 2\nbegin main 0\nend main\nrun ok\n"
                           "scenario 7\nbegin main 0\n";

static void reads_runs_one_by_one(void **state)
{
    static const enum trace_end ends[] = {TRACE_WHOLE, TRACE_WHOLE, TRACE_CUT};
    static const int events[] = {3, 3, 1};
    size_t at = 0, used;

    for (int i = 0; i < 3; i++, at += used) {
        struct trace *trace = trace_parse_first(*state, 7, runs + at, sizeof runs - 1 - at, &used);

        assert_int_equal(trace->end, ends[i]);
        assert_int_equal(trace->event_count, events[i]);
        assert_int_equal(trace->choice_count, i == 1);
        assert_int_equal(trace->events[0].line, i == 1 ? 3 : 2);
        trace_free(trace);
    }
    assert_int_equal(at, sizeof runs - 1);
}

/* Another execution may follow a whole one; a broken one is the last. */
static void tells_garbage_between_runs(void **state)
{
    static const char *const texts[] = {"scenario 7\nrun ok\nrun ok\n", "scenario 7\nrun ok\nx",
                                        "scenario 7\nrun ok\nscenario 8\nrun ok\n",
                                        "scenario 7\nx\nscenario 7\nrun ok\n"};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        size_t size = strlen(texts[i]), at = 0, used;
        enum trace_end end = TRACE_WHOLE;
        struct trace *trace;

        while (at < size) {
            trace = trace_parse_first(*state, 7, texts[i] + at, size - at, &used);
            assert_non_null(trace);
            end = trace->end;
            at += used;
            trace_free(trace);
        }
        assert_int_equal(end, i == 1 ? TRACE_CUT : TRACE_GARBAGE);
        assert_int_equal(at, size);
        trace = trace_parse(*state, 7, texts[i], size);
        assert_int_equal(trace->end, TRACE_GARBAGE);
        trace_free(trace);
    }
}

/* A hundred thousand instances, and a list with as many members. */
static void reads_long_traces(void **state)
{
    static const char text[] = "task main\np = repeat 100000 async child\nawait p\ntask child\n"
                               "self\nexpect run ok\n";
    enum { CHILDREN = 100000 };
    struct complaints complaints = {.size = 0};
    struct program *program =
        program_parse(text, sizeof text - 1, PROGRAM_WITH_ANSWERS, complain, &complaints);
    char *lines = malloc(CHILDREN * 80), *end = lines;
    struct trace *trace;

    (void)state;
    assert_non_null(program);
    end += sprintf(end, "scenario 7\nbegin main 0\nspawn main 2 child\n");
    for (int i = 2; i <= CHILDREN; i++)
        end += sprintf(end, "spawn main 2 child#%d\n", i);
    for (int i = CHILDREN; i >= 2; i--)
        end += sprintf(end, "begin child#%d 0\nend child#%d\n", i, i);
    end += sprintf(end, "did main 3 ok 1");
    for (int i = 2; i <= CHILDREN; i++)
        end += sprintf(end, ", ok");
    end += sprintf(end, "\nrun ok\n");
    trace = trace_parse(program, 7, lines, (size_t)(end - lines));
    assert_non_null(trace);
    assert_int_equal(trace->end, TRACE_WHOLE);
    assert_int_equal(trace->instance_count, CHILDREN + 1);
    assert_int_equal(trace->instances[CHILDREN].number, CHILDREN);
    assert_int_equal(trace->events[trace->event_count - 2].outcomes.count, CHILDREN);
    trace_free(trace);
    free(lines);
    program_free(program);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_event),
        cmocka_unit_test(knows_the_instances),
        cmocka_unit_test(folds_equal_members),
        cmocka_unit_test(writes_events_as_they_were),
        cmocka_unit_test(cuts_off_what_it_writes),
        cmocka_unit_test(tells_in_short_what_is_alike),
        cmocka_unit_test(tells_garbage_and_quotes_it),
        cmocka_unit_test(answers_for_one_scenario_only),
        cmocka_unit_test(escapes_what_it_quotes),
        cmocka_unit_test(refuses_endless_lines),
        cmocka_unit_test(a_trace_without_a_run_is_cut),
        cmocka_unit_test(tells_what_is_absent),
        cmocka_unit_test(reads_no_byte_too_many),
        cmocka_unit_test(survives_any_text),
        cmocka_unit_test(keeps_choices),
        cmocka_unit_test(keeps_an_answer_out_of_range),
        cmocka_unit_test(reads_runs_one_by_one),
        cmocka_unit_test(tells_garbage_between_runs),
        cmocka_unit_test(reads_long_traces),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
