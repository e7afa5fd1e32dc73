/* Tests of the scenario language: what a program means, each mistake with its line, and programs
 * that are stripped of their answers. */
#include "test_texts.h"

#include "program.h"

static void complain(void *to, int line, const char *text)
{
    note(to, "", line, text);
}

/* Parse a text at the end of a page. */
static struct program *parse_form(const char *text, size_t size, enum program_form form,
                                  struct complaints *complaints)
{
    struct page page = page_create(text, size);
    struct program *program;

    *complaints = (struct complaints){.size = 0};
    program = program_parse(page.text, page.size, form, complain, complaints);
    page_free(&page);
    assert_int_equal(program == NULL, complaints->count > 0);
    return program;
}

static struct program *parse(const char *text)
{
    struct complaints complaints;
    struct program *program = parse_form(text, strlen(text), PROGRAM_WITH_ANSWERS, &complaints);

    if (program == NULL)
        fail_msg("%s", complaints.text);
    return program;
}

static const char sample[] = "domains 2 # two of them\n"
                             "shared o q r # with each other\n"
                             "task main\n"
                             "\tcreate r\n"
                             "    orphans o\n"
                             "    p = repeat 3 call child give=r pin=1\n"
                             "    await p => ok 2 | failed boom, cancelled, ok 2\n"
                             "    parallel child child => ok, failed boom\n"
                             "    repeat 2 q = care o\n"
                             "    print hello\n"
                             "    post up\n"
                             "task child\n"
                             "    own r\n"
                             "    async leaf orphans=o\n"
                             "    until up 3 => stopped\n"
                             "    cancel q => not-a-child\n"
                             "    call child pin=self\n"
                             "    run leaf => busy\n"
                             "    fail boom\n"
                             "expect run ok | failed boom\n"
                             "expect order hello done:15\n"
                             "expect count 2 begin:child\n"
                             "expect exactly hello finalise:r\n"
                             "expect never end:main\n"
                             "expect on 1 child main\n"
                             "expect apart main child\n"
                             "task leaf\n"
                             "    until up\n";

#define RUN "\nexpect run ok\n"

static int name(const struct program *program, enum name_kind kind, const char *text)
{
    for (int i = 0; i < program->names[kind].count; i++)
        if (strcmp(program_name(program, kind, i), text) == 0)
            return i;
    fail_msg("no name %s", text);
    return -1;
}

static const struct operation *at(const struct program *program, int line)
{
    assert_true(program->at_line[line] >= 0);
    assert_int_equal(program->operations[program->at_line[line]].line, line);
    return &program->operations[program->at_line[line]];
}

static void reads_tasks_and_operations(void **state)
{
    struct program *program = parse(sample);
    int main_task = name(program, NAME_TASK, "main"), child = name(program, NAME_TASK, "child");
    const struct operation *call = at(program, 6), *care = at(program, 9), *async = at(program, 14);

    (void)state;
    assert_int_equal(program->domains, 2);
    assert_int_equal(program->line_count, 28);
    assert_int_equal(program->main_task, main_task);
    assert_int_equal(program->tasks[main_task].count, 8);
    assert_int_equal(program->tasks[child].count, 7);
    assert_int_equal(program->tasks[child].line, 12);
    assert_ptr_equal(&program->operations[program->tasks[child].first], at(program, 13));
    assert_int_equal(program->at_line[3], -1);
    assert_int_equal(call->kind, OP_CALL);
    assert_int_equal(call->task, main_task);
    assert_int_equal(call->repeat, 3);
    assert_int_equal(call->bind, name(program, NAME_PROMISE, "p"));
    assert_int_equal(call->task_count, 1);
    assert_int_equal(call->tasks[0], child);
    assert_int_equal(call->give_count, 1);
    assert_int_equal(call->give[0], name(program, NAME_RESOURCE, "r"));
    assert_int_equal(call->pin, 1);
    assert_int_equal(call->orphans, -1);
    assert_int_equal(care->kind, OP_CARE);
    assert_int_equal(care->repeat, 2);
    assert_int_equal(care->bind, name(program, NAME_PROMISE, "q"));
    assert_int_equal(care->name, name(program, NAME_ORPHANAGE, "o"));
    assert_int_equal(async->bind, -1);
    assert_int_equal(async->orphans, name(program, NAME_ORPHANAGE, "o"));
    assert_int_equal(async->pin, PIN_NONE);
    assert_int_equal(at(program, 15)->value, 3);
    assert_int_equal(at(program, 17)->pin, PIN_SELF);
    assert_int_equal(at(program, 8)->task_count, 2);
    assert_int_equal(at(program, 19)->kind, OP_FAIL);
    assert_int_equal(at(program, 28)->value, 1);
    program_free(program);
}

static void reads_what_the_suite_sets(void **state)
{
    static const struct {
        const char *text;
        const char *schedule;
        bool every_schedule, beyond;
        int descriptors;
    } settings[] = {
        {"task main" RUN, NULL, false, false, 0},
        {"schedule\ntask main" RUN, "schedule\n", false, false, 0},
        {"limit descriptors 64\nschedule  0 2\t1 # two\ntask main" RUN, "schedule 0 2 1\n", false,
         false, 64},
        {"schedule seed 3\ntask main" RUN, "schedule seed 3\n", false, false, 0},
        {"domains 2\nschedule 1 beyond\ntask main" RUN, "schedule 1 beyond\n", false, true, 0},
        {"schedule all\nlimit descriptors 2000\ntask main" RUN, NULL, true, false, 2000},
    };

    (void)state;
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        struct program *program = parse(settings[i].text);

        if (settings[i].schedule)
            assert_string_equal(program->schedule, settings[i].schedule);
        else
            assert_null(program->schedule);
        assert_int_equal(program->every_schedule, settings[i].every_schedule);
        assert_int_equal(program->beyond, settings[i].beyond);
        assert_int_equal(program->descriptors, settings[i].descriptors);
        assert_int_equal(program_is_steered(program),
                         settings[i].schedule || settings[i].every_schedule);
        program_free(program);
    }
}

static void strips_what_the_suite_sets(void **state)
{
    static const char text[] = "domains 2\nschedule seed 3\nlimit descriptors 64\nmonitor none\n"
                               "task main\nyield\nexpect run ok\n";
    char *stripped = program_strip(text, sizeof text - 1);

    (void)state;
    assert_string_equal(stripped, "domains 2\n\n\nmonitor none\ntask main\nyield\n\n");
    free(stripped);
}

static void reads_answers_and_expectations(void **state)
{
    struct program *program = parse(sample);
    const struct operation *await = at(program, 7), *parallel = at(program, 8);
    const struct expectation *expectations = program->expectations;

    (void)state;
    assert_int_equal(await->answer_count, 2);
    assert_int_equal(await->answers[0].count, 1);
    assert_int_equal(await->answers[0].of[0].kind, OUTCOME_OK);
    assert_int_equal(await->answers[0].of[0].value, 2);
    assert_int_equal(await->answers[1].count, 3);
    assert_int_equal(await->answers[1].of[0].kind, OUTCOME_FAILED);
    assert_int_equal(await->answers[1].of[0].value, name(program, NAME_ERROR, "boom"));
    assert_int_equal(await->answers[1].of[1].kind, OUTCOME_CANCELLED);
    assert_int_equal(parallel->answers[0].count, 2);
    assert_int_equal(at(program, 6)->answer_count, 0);
    assert_int_equal(program->expectation_count, 7);
    assert_int_equal(expectations[0].kind, EXPECT_RUN);
    assert_int_equal(expectations[0].answer_count, 2);
    assert_int_equal(expectations[1].kind, EXPECT_ORDER);
    assert_int_equal(expectations[1].line, 21);
    assert_int_equal(expectations[1].happenings[1].kind, HAPPENS_DONE);
    assert_int_equal(expectations[1].happenings[1].which, program->at_line[15]);
    assert_int_equal(expectations[2].number, 2);
    assert_int_equal(expectations[2].happenings[0].kind, HAPPENS_BEGIN);
    assert_int_equal(expectations[3].happenings[1].kind, HAPPENS_FINALISE);
    assert_int_equal(expectations[4].happenings[0].kind, HAPPENS_END);
    assert_int_equal(expectations[5].number, 1);
    assert_int_equal(expectations[5].happening_count, 2);
    assert_int_equal(expectations[6].tasks[1], name(program, NAME_TASK, "child"));
    program_free(program);
}

/* Every word and operand; for operations with several operands, which one is which. */
static const char shared[] = "task main\n"
                             "    mutex m\n"
                             "    condition c\n"
                             "    wait c m => ok | stopped\n"
                             "    lazy l part\n"
                             "    force l => ok 3 | failed boom | undefined\n"
                             "    trigger t\n"
                             "    computation x\n"
                             "    attach x t => already\n"
                             "    complete x 12 => ok\n"
                             "    complete x boom => already\n"
                             "    repeat 2 p = take o => taken, empty\n"
                             "    await-all p p => ok, ok\n"
                             "    await-all => none\n"
                             "    await-one p => ok 1 | cancelled\n"
                             "    await-first => invalid\n"
                             "    state p => running | finished | exited\n"
                             "    get o => empty | ok 2 | cancelled\n"
                             "    length o => ok 2\n"
                             "    sleep 1000000\n"
                             "    peek x => running | ok | failed boom\n"
                             "    lock m => would-deadlock\n"
                             "    unlock m => not-permitted\n"
                             "    orphans o\n"
                             "    repeat 2 state p => running, finished\n"
                             "task part\n"
                             "expect run deadlock\n";

static void reads_what_tasks_share(void **state)
{
    struct program *program = parse(shared);
    const struct operation *wait = at(program, 4), *all = at(program, 13);
    int boom = name(program, NAME_ERROR, "boom");

    (void)state;
    assert_int_equal(wait->name, name(program, NAME_CONDITION, "c"));
    assert_int_equal(wait->other, name(program, NAME_MUTEX, "m"));
    assert_int_equal(at(program, 5)->name, name(program, NAME_LAZY, "l"));
    assert_int_equal(at(program, 5)->task_count, 1);
    assert_int_equal(at(program, 5)->tasks[0], name(program, NAME_TASK, "part"));
    assert_int_equal(at(program, 9)->name, name(program, NAME_COMPUTATION, "x"));
    assert_int_equal(at(program, 9)->other, name(program, NAME_TRIGGER, "t"));
    assert_int_equal(at(program, 10)->other, -1);
    assert_int_equal(at(program, 10)->value, 12);
    assert_int_equal(at(program, 11)->other, boom);
    assert_int_equal(at(program, 12)->bind, name(program, NAME_PROMISE, "p"));
    assert_int_equal(all->name, -1);
    assert_int_equal(all->promise_count, 2);
    assert_int_equal(all->promises[1], name(program, NAME_PROMISE, "p"));
    assert_int_equal(all->answers[0].count, 1);
    assert_int_equal(at(program, 14)->promise_count, 0);
    assert_int_equal(at(program, 17)->answers[2].of[0].kind, OUTCOME_EXITED);
    assert_int_equal(at(program, 20)->value, 1000000);
    assert_int_equal(operation_names(OP_WAIT), NAME_CONDITION);
    assert_int_equal(operation_names(OP_AWAIT_ALL), NAME_PROMISE);
    assert_int_equal(operation_names(OP_SLEEP), NAME_KINDS);
    assert_int_equal(operation_names(OP_YIELD), NAME_KINDS);
    assert_int_equal(operation_other_names(OP_WAIT), NAME_MUTEX);
    assert_int_equal(operation_other_names(OP_DETACH), NAME_TRIGGER);
    assert_int_equal(operation_other_names(OP_COMPLETE), NAME_KINDS);
    assert_int_equal(operation_other_names(OP_UNTIL), NAME_KINDS);
    assert_int_equal(operation_other_names(OP_LOCK), NAME_KINDS);
    program_free(program);
}

/* A list whose members are all equal is folded to one of them, except parallel's. */
static void folds_equal_members(void **state)
{
    struct program *program = parse("task main\n"
                                    "p = repeat 2 async child\n"
                                    "await p => ok, ok\n"
                                    "parallel child child => ok, ok\n"
                                    "task child\n"
                                    "expect run ok\n");

    (void)state;
    assert_int_equal(at(program, 3)->answers[0].count, 1);
    assert_int_equal(at(program, 4)->answers[0].count, 2);
    program_free(program);
}

static void assumes_one_domain(void **state)
{
    struct program *program = parse("task main\nexpect run ok");

    (void)state;
    assert_int_equal(program->domains, 1);
    assert_int_equal(program->tasks[program->main_task].count, 0);
    program_free(program);
}

/* A word may be the name of several things at once, one of each kind. */
static void keeps_kinds_of_names_apart(void **state)
{
    struct program *program = parse("task main\n"
                                    "create main\n"
                                    "orphans main\n"
                                    "main = async repeat orphans=main give=main\n"
                                    "repeat = async main\n"
                                    "await repeat\n"
                                    "print main\n"
                                    "until main\n"
                                    "fail main\n"
                                    "task repeat\n"
                                    "expect run failed main\n");

    (void)state;
    assert_int_equal(at(program, 5)->repeat, 1);
    assert_string_equal(program_name(program, NAME_PROMISE, at(program, 5)->bind), "repeat");
    program_free(program);
}

/* The same name is one object for all, or one for each instance. */
static void tells_shared_names_from_private_ones(void **state)
{
    struct program *program = parse("shared r\n"
                                    "shared s\n"
                                    "task main\n"
                                    "create r\n"
                                    "create s\n"
                                    "create t\n"
                                    "parallel child child\n"
                                    "task child\n"
                                    "own r\n"
                                    "check s\n"
                                    "create t\n"
                                    "mutex m\n"
                                    "expect run ok\n");
    const struct names *resources = &program->names[NAME_RESOURCE];
    int main_task = name(program, NAME_TASK, "main"), child = name(program, NAME_TASK, "child");

    (void)state;
    assert_true(resources->of[name(program, NAME_RESOURCE, "r")].shared);
    assert_true(resources->of[name(program, NAME_RESOURCE, "s")].shared);
    assert_false(resources->of[name(program, NAME_RESOURCE, "t")].shared);
    assert_true(binds_name(program, main_task, NAME_RESOURCE, name(program, NAME_RESOURCE, "r")));
    assert_false(binds_name(program, child, NAME_RESOURCE, name(program, NAME_RESOURCE, "r")));
    assert_true(binds_name(program, child, NAME_RESOURCE, name(program, NAME_RESOURCE, "t")));
    assert_false(binds_name(program, main_task, NAME_MUTEX, name(program, NAME_MUTEX, "m")));
    program_free(program);
}

/* A task has one instance if one line spawns it, once, in a task that has one instance. */
static void shares_what_one_instance_binds(void **state)
{
    (void)state;
    program_free(parse("shared m\ntask main\nasync a\ntask a\ncall b\ntask b\nparallel c\n"
                       "task c\nmutex m\nparallel d d\ntask d\nlock m\nexpect run ok\n"));
}

/* ---- Mistakes ---- */

struct mistake {
    const char *text;
    const char *complaint; /* "LINE: part of the text" */
};

static const struct mistake mistakes[] = {
    {"task main\nfoo r" RUN, "2: 'foo' is not an operation"},
    {"task main\nr = " RUN, "2: '' is not an operation"},
    {"task main\n= async main" RUN, "2: '=' is not an operation"},
    {"task main\np = async nobody" RUN, "2: there is no task 'nobody'"},
    {"task main\nparallel main nobody" RUN, "2: there is no task 'nobody'"},
    {"task main\nrun nobody" RUN, "2: there is no task 'nobody'"},
    {"task main\nawait p" RUN, "2: the promise 'p' is never bound"},
    {"task main\ncheck r" RUN, "2: the resource 'r' is never created"},
    {"task main\np = async main give=r" RUN, "2: the resource 'r' is never created"},
    {"task main\ncare o" RUN, "2: the orphanage 'o' is never made"},
    {"task main\nasync main orphans=o" RUN, "2: the orphanage 'o' is never made"},
    {"task main\np = async main\nawait p => failed boom" RUN, "3: nothing fails with 'boom'"},
    {"task main\nexpect seen hello" RUN, "2: no task prints 'hello'"},
    {"task main\nexpect seen finalise:r" RUN, "2: the resource 'r' is never created"},
    {"task main\nexpect seen begin:t" RUN, "2: there is no task 't'"},
    {"task main\nexpect on 1 t" RUN, "2: there is no task 't'"},
    {"task main\nexpect apart main t" RUN, "2: there is no task 't'"},
    {"task main\np = async" RUN, "2: 'async' lacks its task"},
    {"task main\nawait" RUN, "2: 'await' lacks its promise"},
    {"task main\nown" RUN, "2: 'own' lacks its resource"},
    {"task main\ncare" RUN, "2: 'care' lacks its orphanage"},
    {"task main\npost" RUN, "2: 'post' lacks its flag"},
    {"task main\nprint" RUN, "2: 'print' lacks its word"},
    {"task main\nfail" RUN, "2: 'fail' lacks its error"},
    {"task main\nreturn" RUN, "2: 'return' lacks its number"},
    {"task main\nrepeat" RUN, "2: 'repeat' lacks its number"},
    {"task main\nrepeat 3" RUN, "2: '' is not an operation"},
    {"task main\nyield => " RUN, "2: '' is not an outcome"},
    {"task main\nyield => ok |" RUN, "2: '' is not an outcome"},
    {"task main\nyield => ok,,ok" RUN, "2: '' is not an outcome"},
    {"task main\nyield => okay" RUN, "2: 'okay' is not an outcome"},
    {"task main\nyield => ok => ok" RUN, "2: 'ok => ok' is not an outcome"},
    {"task main\nyield => failed" RUN, "2: 'failed' is not an outcome"},
    {"task main\nyield => failed 3" RUN, "2: 'failed 3' is not an outcome"},
    {"task main\nyield => error" RUN, "2: 'error' is not an outcome"},
    {"task main\nyield => error 0" RUN, "2: 'error 0' is not an outcome"},
    {"task main\nyield => ok 99999999999" RUN, "2: 'ok 99999999999' is not an outcome"},
    {"task main\nyield => ok 1" RUN, "2: 'yield' cannot have the outcome 'ok 1'"},
    {"task main\nyield => cancelled" RUN, "2: 'yield' cannot have the outcome 'cancelled'"},
    {"task main\ncare o => ok\norphans o" RUN, "2: 'care' cannot have the outcome 'ok'"},
    {"task main\nyield => empty" RUN, "2: 'yield' cannot have the outcome 'empty'"},
    {"task main\nself => stopped" RUN, "2: 'self' cannot have the outcome 'stopped'"},
    {"task main\nyield => none" RUN, "2: 'yield' cannot have the outcome 'none'"},
    {"task main\nwait c m\ncondition c" RUN, "2: the mutex 'm' is never made"},
    {"task main\nwait c m\nmutex m" RUN, "2: the condition 'c' is never made"},
    {"task main\nforce l" RUN, "2: the lazy value 'l' is never made"},
    {"task main\nlazy l nobody" RUN, "2: there is no task 'nobody'"},
    {"task main\nlazy l" RUN, "2: 'lazy' lacks its task"},
    {"task main\nlazy l main main" RUN, "2: 'main' is one word too many for 'lazy'"},
    {"task main\nawait-trigger t" RUN, "2: the trigger 't' is never made"},
    {"task main\npeek x" RUN, "2: the computation 'x' is never made"},
    {"task main\nwait c\ncondition c" RUN, "2: 'wait' lacks its mutex"},
    {"task main\nattach x\ncomputation x" RUN, "2: 'attach' lacks its trigger"},
    {"task main\ncomplete x\ncomputation x" RUN, "2: 'complete' lacks its number"},
    {"task main\ncomplete x 1 2\ncomputation x" RUN, "2: '2' is one word too many"},
    {"task main\ncomplete x -\ncomputation x" RUN, "2: '-' is not a number for 'complete'"},
    {"task main\nsleep" RUN, "2: 'sleep' lacks its number"},
    {"task main\nsleep 1000001" RUN, "2: '1000001' is not a number for 'sleep'"},
    {"task main\nsocket" RUN, "2: 'socket' lacks its descriptor"},
    {"task main\nsocket a" RUN, "2: 'socket' lacks its kind"},
    {"task main\nsocket a tcp" RUN, "2: 'tcp' is not a kind of socket"},
    {"task main\nsocket a tcp4 shared" RUN, "2: 'shared' is one word too many for 'socket'"},
    {"task main\npipe r" RUN, "2: 'pipe' lacks its descriptor"},
    {"task main\nread a 1" RUN, "2: the descriptor 'a' is never made"},
    {"task main\nsocket a tcp4\nread a" RUN, "3: 'read' lacks its number"},
    {"task main\nsocket a tcp4\nread a 1 => garbled" RUN,
     "3: 'read' cannot have the outcome 'garbled'"},
    {"task main\nsocket a tcp4\nsend a 1 b" RUN, "3: the descriptor 'b' is never made"},
    {"task main\nsocket a tcp4\nconnect a" RUN, "3: 'connect' lacks its descriptor"},
    {"task main\nsocket a tcp4\nconnect a peer=b" RUN, "3: no peer 'b' listens"},
    {"task main\nsocket a tcp4\nconnect a peer=b\npeer b\nuntil c" RUN, "3: no peer 'b' listens"},
    {"peer\ntask main" RUN, "1: 'peer' lacks its peer"},
    {"peer a\npeer a\ntask main" RUN, "2: a second peer 'a'; the first is on line 1"},
    {"peer a\nyield\ntask main" RUN, "2: 'yield' is not what a peer can do"},
    {"peer a\nsend 1\ntask main" RUN, "2: a peer that is not connected cannot 'send'"},
    {"peer a\naccept\ntask main" RUN, "2: a peer that does not listen cannot 'accept'"},
    {"peer a\nuntil b\nlisten\ntask main" RUN, "3: 'listen' must be the first step"},
    {"peer a\nlisten\naccept\naccept\ntask main" RUN,
     "4: a peer that is connected cannot 'accept'"},
    {"peer a\nlisten\naccept\nclose\nend\ntask main" RUN,
     "5: a peer that is not connected cannot 'end'"},
    {"peer a\nconnect l\ntask main\nsocket l tcp4" RUN, "2: no task listens with 'l'"},
    {"peer a\nconnect\ntask main" RUN, "2: 'connect' lacks its descriptor"},
    {"peer a\nlisten\naccept\nreceive 0\ntask main" RUN, "4: '0' is not a number for 'receive'"},
    {"peer a\nlisten\naccept\nreceive 1 1\ntask main" RUN, "4: '1' is one word too many"},
    {"peer a\nlisten\naccept\nsend 2 0\ntask main" RUN, "4: '0' is not a number for 'send'"},
    {"task main\nhook h" RUN, "2: 'hook' lacks its task"},
    {"task main\nunhook h" RUN, "2: the hook 'h' is never added"},
    {"shared m\ntask main\nhook h a\nlock m\ntask a\nmutex m" RUN,
     "1: task a binds the shared 'm', and can have several instances"},
    {"task main\nsleep longer" RUN, "2: 'longer' is not a number for 'sleep'"},
    {"task main\ndeadline later main" RUN, "2: 'later' is not a number for 'deadline'"},
    {"task main\ndeadline 5" RUN, "2: 'deadline' lacks its task"},
    {"task main\nblocking" RUN, "2: 'blocking' lacks its task"},
    {"task main\nsplit w" RUN, "2: 'split' lacks its descriptor"},
    {"task main\nwait-readable r" RUN, "2: the descriptor 'r' is never made"},
    {"task main\nprotect main" RUN, "2: 'protect' lacks its task"},
    {"task main\nprotect main main main main" RUN, "2: 'main' is one word too many"},
    {"task main\nmutex m\nprotect-mutex m" RUN, "3: 'protect-mutex' lacks its task"},
    {"task main\ntrigger t\non-signal t nobody" RUN, "3: there is no task 'nobody'"},
    {"task main\ncomputation x\ncanceller t x" RUN, "3: 'canceller' lacks its computation"},
    {"task main\ncreate r nobody" RUN, "2: there is no task 'nobody'"},
    {"task main\ncreate r\ncreate r main" RUN, "3: 'r' has another finaliser on line 2"},
    {"task main\nhandle sigint main" RUN, "2: 'sigint' is not a signal for 'handle'"},
    {"task main\nhandle int" RUN, "2: 'handle' lacks its task"},
    {"task main\nraise" RUN, "2: 'raise' lacks its signal"},
    {"task main\nraise usr1 => stopped" RUN, "2: 'raise' cannot have the outcome 'stopped'"},
    {"task main\nrestore int int" RUN, "2: 'int' is one word too many for 'restore'"},
    {"task main\nspin never 0" RUN, "2: '0' is not a number for 'spin'"},
    {"outside\ntask main" RUN, "1: 'outside' lacks its task"},
    {"outside nobody\ntask main" RUN, "1: there is no task 'nobody'"},
    {"outside main\ntask main" RUN, "0: main cannot be outside its run"},
    {"outside a\noutside a\ntask main\ntask a" RUN, "2: 'outside' is said twice"},
    {"task main\ntask a\noutside a" RUN, "3: 'outside' must come before the first task"},
    {"monitor\ntask main" RUN, "1: 'monitor' is followed by 'none'"},
    {"monitor none\nmonitor none\ntask main" RUN, "2: 'monitor' is said twice"},
    {"task main\nmonitor none" RUN, "2: 'monitor' must come before the first task"},
    {"schedule\nschedule\ntask main" RUN, "2: 'schedule' is said twice"},
    {"task main\nschedule all" RUN, "2: 'schedule' must come before the first task"},
    {"schedule 0 x\ntask main" RUN, "1: 'x' is not an answer of a schedule"},
    {"schedule 0 -1\ntask main" RUN, "1: '-1' is not an answer of a schedule"},
    {"schedule all 0\ntask main" RUN, "1: '0' is one word too many for 'schedule'"},
    {"schedule 0 all\ntask main" RUN, "1: 'all' is not an answer of a schedule"},
    {"schedule beyond 0\ntask main" RUN, "1: '0' is one word too many for 'schedule'"},
    {"schedule seed\ntask main" RUN, "1: 'schedule seed' lacks its number"},
    {"schedule seed x\ntask main" RUN, "1: 'x' is not a number for 'schedule seed'"},
    {"schedule\ntask main\npost f\nspin f" RUN,
     "4: a steered run has one thread: no task can spin"},
    {"schedule all\ntask main\npeer p\nlisten" RUN,
     "4: peers make choices of their own: not all schedules can be tried"},
    {"task main\npeer p\nlisten full\naccept" RUN, "4: a peer that is full cannot 'accept'"},
    {"task main\npeer p\nlisten empty" RUN, "3: 'empty' is one word too many for 'listen'"},
    {"limit\ntask main" RUN, "1: 'limit' is followed by 'descriptors'"},
    {"limit descriptors\ntask main" RUN, "1: 'limit descriptors' lacks its number"},
    {"limit descriptors 31\ntask main" RUN,
     "1: '31' is not a number for 'limit descriptors': from 32 to 2000"},
    {"limit descriptors 64\nlimit descriptors 64\ntask main" RUN, "2: 'limit' is said twice"},
    {"task main\nlimit descriptors 64" RUN, "2: 'limit' must come before the first task"},
    {"shared r\ntask main\nhandle int a\nown r\ntask a\ncreate r" RUN,
     "1: task a binds the shared 'r', and can have several instances"},
    {"task main\nsleep -1" RUN, "2: '-1' is not a number for 'sleep'"},
    {"task main\nawait-all p" RUN, "2: the promise 'p' is never bound"},
    {"task main\nawait-one 1" RUN, "2: '1' is not the name of a promise"},
    {"task main\np = get o\norphans o" RUN, "2: 'get' hands out no promise"},
    {"task main\ntake o => ended\norphans o" RUN, "2: 'take' cannot have the outcome 'ended'"},
    {"task main\ncare o => taken\norphans o" RUN, "2: 'care' cannot have the outcome 'taken'"},
    {"task main\nget o => running\norphans o" RUN, "2: 'get' cannot have the outcome 'running'"},
    {"task main\nlength o => stopped\norphans o" RUN,
     "2: 'length' cannot have the outcome 'stopped'"},
    {"task main\nmutex m\nlock m => ok 1" RUN, "3: 'lock' cannot have the outcome 'ok 1'"},
    {"task main\nmutex m\nunlock m => stopped" RUN,
     "3: 'unlock' cannot have the outcome 'stopped'"},
    {"task main\nlazy l main\nforce l => cancelled" RUN,
     "3: 'force' cannot have the outcome 'cancelled'"},
    {"task main\ncomputation x\npeek x => stopped" RUN,
     "3: 'peek' cannot have the outcome 'stopped'"},
    {"task main\nawait p => none\np = async main" RUN, "2: 'await' cannot have the outcome 'none'"},
    {"task main\nawait-one p => none\np = async main" RUN,
     "2: 'await-one' cannot have the outcome"},
    {"task main\nstate p => ok\np = async main" RUN, "2: 'state' cannot have the outcome 'ok'"},
    {"task main\nreturn 1 => ok" RUN, "2: 'return' has no outcome"},
    {"task main\nfail x => ok" RUN, "2: 'fail' has no outcome"},
    {"task main\nrepeat 2 return 1" RUN, "2: 'return' cannot be repeated"},
    {"task main\nrepeat 0 yield" RUN, "2: '0' is not a number for 'repeat'"},
    {"task main\nrepeat 1000001 yield" RUN, "2: '1000001' is not a number for 'repeat'"},
    {"task main\nrepeat -1 yield" RUN, "2: '-1' is not a number for 'repeat'"},
    {"task main\nrepeat x yield" RUN, "2: 'x' is not a number for 'repeat'"},
    {"task main\nrepeat 2 repeat 2 yield" RUN, "2: 'repeat' is not an operation"},
    {"task main\nreturn 1000001" RUN, "2: '1000001' is not a number for 'return'"},
    {"task main\nreturn 99999999999999999999" RUN, "2: '99999999999999999999' is not a number"},
    {"task main\nreturn 1x" RUN, "2: '1x' is not a number for 'return'"},
    {"task main\nreturn 1 2" RUN, "2: '2' is one word too many for 'return'"},
    {"task main\nyield now" RUN, "2: 'now' is one word too many for 'yield'"},
    {"task main\np = q = async main" RUN, "2: 'q' is not an operation"},
    {"task main\np = yield" RUN, "2: 'yield' hands out no promise"},
    {"task main\n3 = async main" RUN, "2: '3' is not the name of a promise"},
    {"task main\np = async main give=" RUN, "2: '' is not the name of a resource"},
    {"task main\np = async main give=r,\ncreate r" RUN, "2: '' is not the name of a resource"},
    {"task main\np = async main give=r give=r\ncreate r" RUN, "2: 'give=r' is not an option"},
    {"task main\np = async main pin=1" RUN, "2: 'pin=1' is not an option of 'async'"},
    {"task main\np = call main pin=x" RUN, "2: 'x' is not a number for 'pin='"},
    {"task main\np = call main now" RUN, "2: 'now' is not an option of 'call'"},
    {"task main\ntask main" RUN, "2: a second task 'main'; the first is on line 1"},
    {"task main\ntask" RUN, "2: 'task' lacks its task"},
    {"task main\ntask a b" RUN, "2: 'b' is one word too many for 'task'"},
    {"task main\ntask 1" RUN, "2: '1' is not the name of a task"},
    {"task a" RUN, "0: there is no task 'main'"},
    {"", "0: there is no task 'main'"},
    {"", "0: there is no 'expect run'"},
    {"yield\ntask main" RUN, "1: an operation before the first task"},
    {"task main\ndomains 2" RUN, "2: 'domains' must come first"},
    {"domains 1\ndomains 1\ntask main" RUN, "2: 'domains' is said twice"},
    {"domains 65\ntask main" RUN, "1: '65' is not a number for 'domains': from 0 to 64"},
    {"domains\ntask main" RUN, "1: 'domains' lacks its number"},
    {"task main\n", "0: there is no 'expect run'"},
    {"task main\nexpect run ok" RUN, "3: a second 'expect run'; the first is on line 2"},
    {"task main\nexpect run\n", "2: '' is not an outcome"},
    {"task main\nexpect run ok, ok 1\n", "2: a run has one outcome"},
    {"task main\nexpect run stopped\n", "2: 'expect run' cannot have the outcome 'stopped'"},
    {"task main\nexpect" RUN, "2: '' is not an expectation"},
    {"task main\nexpect much" RUN, "2: 'much' is not an expectation"},
    {"task main\nexpect seen" RUN, "2: 'expect seen' needs an event"},
    {"task main\nexpect order begin:main" RUN, "2: 'expect order' needs two events"},
    {"task main\nexpect count 2 begin:main end:main" RUN, "2: 'expect count' is of one event"},
    {"task main\nexpect count begin:main" RUN, "2: 'begin:main' is not a number"},
    {"task main\nexpect exactly begin:main" RUN, "2: 'begin:main': 'expect exactly' is of print"},
    {"task main\nexpect seen done:1" RUN, "2: no operation is on line 1"},
    {"task main\nexpect seen done:513" RUN, "2: '513' is not a number for 'done:'"},
    {"task main\nexpect seen done:3\nreturn 1" RUN, "2: the operation on line 3 has no outcome"},
    {"task main\nexpect on 65 main" RUN, "2: '65' is not a number for 'expect on'"},
    {"task main\nexpect on 1" RUN, "2: 'on' lacks its task"},
    {"task main\nexpect apart main" RUN, "2: 'expect apart' lacks its task"},
    {"shared\ntask main" RUN, "1: 'shared' lacks its names"},
    {"shared 1\ntask main" RUN, "1: '1' is not the name of a shared object"},
    {"task main\nshared r" RUN, "2: 'shared' must come before the first task"},
    {"shared r\ndomains 1\ntask main" RUN, "2: 'domains' must come first"},
    {"shared r\nshared s r\ntask main" RUN, "2: 'r' is declared shared on line 1 already"},
    {"shared r\ntask main" RUN, "1: no task uses the shared 'r'"},
    {"shared main\ntask main" RUN, "1: no task uses the shared 'main'"},
    {"shared up\ntask main\npost up\nasync a\ntask a\nuntil up" RUN,
     "1: no task uses the shared 'up'"},
    {"shared r\ntask main\ncreate r\nown r" RUN, "1: only one task uses the shared 'r'"},
    {"shared r\ntask main\ncreate r\nasync a\ntask a\nmutex r" RUN,
     "1: only one task uses the shared 'r'"},
    {"shared r\ntask main\nown r\nasync a\ntask a\nown r" RUN,
     "3: the resource 'r' is never created"},
    {"task main\ncreate r\nasync a\ntask a\nyield\nown r\ncheck r" RUN,
     "6: 'r' is not bound in task a; another task binds it: declare 'shared r'"},
    {"task main\np = async a\ntask a\nawait-all p" RUN, "4: 'p' is not bound in task a"},
    {"task main\norphans o\ntask a\nasync a orphans=o" RUN, "4: 'o' is not bound in task a"},
    {"task main\ncreate r\ntask a\nasync a give=r" RUN, "4: 'r' is not bound in task a"},
    {"task main\nmutex m\ntask a\ncondition c\nwait c m" RUN, "5: 'm' is not bound in task a"},
    {"shared r\ntask main\ncreate r\nasync a\ntask a\ncreate r" RUN,
     "1: tasks main and a both bind the shared 'r': only one may"},
    {"shared p\ntask main\np = async a\nasync b\ntask a\ntask b\np = care o\norphans o" RUN,
     "1: tasks main and b both bind the shared 'p': only one may"},
    {"shared r\ntask main\nrepeat 2 async a\nown r\ntask a\ncreate r" RUN,
     "1: task a binds the shared 'r', and can have several instances"},
    {"shared r\ntask main\nparallel a a\nown r\ntask a\ncreate r" RUN, "1: task a binds"},
    {"shared r\ntask main\nasync a\ncall a\nown r\ntask a\ncreate r" RUN, "1: task a binds"},
    {"shared r\ntask main\nlazy l a\nown r\ntask a\ncreate r" RUN, "1: task a binds"},
    {"shared r\ntask main\nasync a\nrun a\nown r\ntask a\ncreate r" RUN, "1: task a binds"},
    {"shared r\ntask main\nasync main\ncreate r\ntask a\nown r" RUN, "1: task main binds"},
    {"shared r\ntask main\nrepeat 2 async b\nown r\ntask a\ncreate r\ntask b\nasync a" RUN,
     "1: task a binds"},
    {"shared r\ntask main\nlazy l b\nown r\ntask a\ncreate r\ntask b\nasync a" RUN,
     "1: task a binds"},
    {"task main\nuntil" RUN, "2: 'until' lacks its flag"},
    {"task main\nuntil up 0" RUN, "2: '0' is not a number for 'until': from 1 to 1000000"},
    {"task main\nuntil up 1000001" RUN, "2: '1000001' is not a number for 'until'"},
    {"task main\nuntil up twice" RUN, "2: 'twice' is not a number for 'until'"},
    {"task main\nuntil up 2 3" RUN, "2: '3' is one word too many for 'until'"},
    {"task main\nyield\r" RUN, "2: byte 0x0d in column 6 is not printable ASCII"},
    {"task main\nprint h\xc3\xa9" RUN, "2: byte 0xc3 in column 8 is not printable ASCII"},
    {"task main\nyield # \x7f" RUN, "2: byte 0x7f in column 9 is not printable ASCII"},
};

static void tells_each_mistake(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        struct complaints complaints;
        struct program *program = parse_form(mistakes[i].text, strlen(mistakes[i].text),
                                             PROGRAM_WITH_ANSWERS, &complaints);

        if (program != NULL)
            fail_msg("parsed: %s", mistakes[i].text);
        assert_true(contains(complaints.text, mistakes[i].complaint));
    }
}

/* Each task is told once of a name that it does not bind. */
static void tells_once_of_a_name(void **state)
{
    static const char text[] = "task main\ncreate r\nasync a\nasync b\ntask a\nown r\ncheck r\n"
                               "disown r\ntask b\ncheck r\nexpect run ok\n";
    struct complaints complaints;

    (void)state;
    assert_null(parse_form(text, sizeof text - 1, PROGRAM_WITH_ANSWERS, &complaints));
    assert_int_equal(complaints.count, 2);
    assert_true(contains(complaints.text, "6: 'r' is not bound in task a"));
    assert_true(contains(complaints.text, "10: 'r' is not bound in task b"));
}

static void tells_all_mistakes_at_once(void **state)
{
    static const char text[] = "task main\nfoo\nawait p\nprint\ntask main\n\xff\nyield => ok 3\n";
    struct complaints complaints;

    (void)state;
    assert_null(parse_form(text, sizeof text - 1, PROGRAM_WITH_ANSWERS, &complaints));
    assert_true(contains(complaints.text, "2: 'foo'"));
    assert_true(contains(complaints.text, "3: the promise 'p'"));
    assert_true(contains(complaints.text, "4: 'print' lacks"));
    assert_true(contains(complaints.text, "5: a second task"));
    assert_true(contains(complaints.text, "6: byte 0xff"));
    assert_true(contains(complaints.text, "7: 'yield' cannot have"));
    assert_true(contains(complaints.text, "0: there is no 'expect run'"));
    assert_int_equal(complaints.count, 7);
}

static void refuses_a_nul_byte(void **state)
{
    static const char text[] = "task main\nprint a\0b\nexpect run ok\n";
    struct complaints complaints;

    (void)state;
    assert_null(parse_form(text, sizeof text - 1, PROGRAM_WITH_ANSWERS, &complaints));
    assert_string_equal(complaints.text,
                        "2: the NUL byte 0x00 in column 8 is not printable ASCII\n");
}

/* ---- Limits: the last that is allowed, and the first that is not ---- */

/* The complaints about a text that consists of a start, a piece that is repeated, and an end; %d in
 * the piece is the number of the repetition. */
static int complaints_of(const char *start, const char *piece, int count, const char *end,
                         struct complaints *complaints)
{
    size_t size = strlen(start) + (size_t)count * (strlen(piece) + 12) + strlen(end) + 1;
    char *text = malloc(size), *at_end = text + sprintf(text, "%s", start);
    struct program *program;

    for (int i = 0; i < count; i++) {
        const char *number = strchr(piece, '%');

        if (number != NULL)
            at_end += sprintf(at_end, "%.*s%d%s", (int)(number - piece), piece, i, number + 1);
        else
            at_end += sprintf(at_end, "%s", piece);
    }
    at_end += sprintf(at_end, "%s", end);
    program = parse_form(text, (size_t)(at_end - text), PROGRAM_WITH_ANSWERS, complaints);
    program_free(program);
    free(text);
    return complaints->count;
}

static void limits_the_length_of_lines(void **state)
{
    struct complaints complaints;

    (void)state;
    assert_int_equal(complaints_of("task main\nyield", " ", PROGRAM_LINE_MAX - 5, RUN, &complaints),
                     0);
    assert_int_equal(complaints_of("task main\nyield", " ", PROGRAM_LINE_MAX - 4, RUN, &complaints),
                     1);
    assert_string_equal(complaints.text, "2: a line of 201 bytes; at most 200\n");
    assert_int_equal(complaints_of("task main\n", "x", 1 << 20, RUN, &complaints), 1);
    assert_true(contains(complaints.text, "2: a line of 1048576 bytes"));
}

static void limits_the_number_of_lines(void **state)
{
    struct complaints complaints;

    (void)state;
    assert_int_equal(complaints_of("task main\n", "yield\n", PROGRAM_LINES_MAX - 2, "expect run ok",
                                   &complaints),
                     0);
    assert_int_equal(
        complaints_of("expect run ok\ntask main\n", "yield\n", PROGRAM_LINES_MAX, "", &complaints),
        1);
    assert_string_equal(complaints.text, "513: more than 512 lines\n");
}

static void limits_the_number_of_names(void **state)
{
    static const struct {
        const char *piece;
        const char *what;
    } kinds[] = {{"task t%\n", "tasks"},           {"p% = async main\n", "promises"},
                 {"create r%\n", "resources"},     {"orphans o%\n", "orphanages"},
                 {"post f%\n", "flags"},           {"print w%\n", "words"},
                 {"fail e%\n", "errors"},          {"mutex m%\n", "mutexes"},
                 {"lazy l% main\n", "lazy values"}};
    struct complaints complaints;

    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        int most = PROGRAM_TASKS_MAX - (i == 0); /* main is a task, too */

        assert_int_equal(
            complaints_of("expect run ok\ntask main\n", kinds[i].piece, most, "", &complaints), 0);
        assert_int_equal(
            complaints_of("expect run ok\ntask main\n", kinds[i].piece, most + 1, "", &complaints),
            1);
        assert_true(contains(complaints.text, "is one name too many: at most 64"));
        assert_true(contains(complaints.text, kinds[i].what));
    }
    complaints_of("expect run ok\nshared x\n", "shared s%\n", PROGRAM_TASKS_MAX, "task main\n",
                  &complaints);
    assert_true(contains(complaints.text, "is one name too many: at most 64 shared names"));
}

static void limits_the_length_of_names(void **state)
{
    struct complaints complaints;

    (void)state;
    assert_int_equal(complaints_of("task main\nprint ", "a", PROGRAM_NAME_MAX, RUN, &complaints),
                     0);
    assert_int_equal(
        complaints_of("task main\nprint ", "a", PROGRAM_NAME_MAX + 1, RUN, &complaints), 1);
    assert_true(contains(complaints.text, "is not the name of a word"));
}

/* ---- Outcomes ---- */

static void outcomes_are_read_as_they_are_written(void **state)
{
    struct program *program = parse("task main\nfail boom\ntask b\nfail bang" RUN);

    (void)state;
    for (int kind = 0; kind < OUTCOME_KINDS; kind++) {
        struct outcome outcome = {.kind = (enum outcome_kind)kind};
        char text[OUTCOME_MAX];
        struct outcomes list = {NULL, 0};
        struct page page;

        outcome.value =
            kind == OUTCOME_OK || kind == OUTCOME_ERROR ? 2147483647 : kind == OUTCOME_FAILED;
        page = page_create(text, (size_t)outcome_write(text, sizeof text, program, outcome));
        assert_int_equal(outcomes_parse(&list, program, page.text, page.size), 1);
        assert_int_equal(list.count, 1);
        assert_true(outcome_equal(list.of[0], outcome));
        free(list.of);
        page_free(&page);
    }
    program_free(program);
}

static void lists_are_read_whole(void **state)
{
    static const char *const wrong[] = {
        "",   ",",          "ok,",   ",ok",    "ok, , ok",         "ok ok",     "ok 1 2",
        "OK", "failed who", "ok -1", "ok 0x1", "error 4294967296", "stopped 1", "failed boom boom"};
    struct program *program = parse("task main\nfail boom" RUN);
    struct outcomes list = {NULL, 0};
    char text[4096] = "ok";

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(outcomes_parse(&list, program, wrong[i], strlen(wrong[i])), 0);
    list.count = 0;
    for (int i = 0; i < 500; i++)
        strcat(text, ", ok");
    assert_int_equal(outcomes_parse(&list, program, text, strlen(text)), 1);
    assert_int_equal(list.count, 501);
    outcomes_fold(&list);
    assert_int_equal(list.count, 1);
    free(list.of);
    program_free(program);
}

/* ---- Stripping ---- */

static void strips_every_answer(void **state)
{
    char *stripped = program_strip(sample, sizeof sample - 1);

    (void)state;
    assert_string_equal(stripped, "domains 2\n"
                                  "shared o q r\n"
                                  "task main\n"
                                  "create r\n"
                                  "orphans o\n"
                                  "p = repeat 3 call child give=r pin=1\n"
                                  "await p\n"
                                  "parallel child child\n"
                                  "repeat 2 q = care o\n"
                                  "print hello\n"
                                  "post up\n"
                                  "task child\n"
                                  "own r\n"
                                  "async leaf orphans=o\n"
                                  "until up 3\n"
                                  "cancel q\n"
                                  "call child pin=self\n"
                                  "run leaf\n"
                                  "fail boom\n"
                                  "\n\n\n\n\n\n\n"
                                  "task leaf\n"
                                  "until up\n");
    free(stripped);
}

/* A peer is the suite's: the driver does not see what it expects. */
static void strips_peers(void **state)
{
    static const char text[] = "peer p\n"
                               "    listen\n"
                               "    accept\n"
                               "task main\n"
                               "    socket c tcp4\n"
                               "    connect c peer=p => ok\n"
                               "peer q\n"
                               "    until up # not yet\n"
                               "task other\n"
                               "    post up\n"
                               "expect run ok\n";
    char *stripped = program_strip(text, sizeof text - 1);
    struct program *program = parse(text);
    struct complaints complaints;

    (void)state;
    assert_string_equal(stripped, "\n\n\ntask main\nsocket c tcp4\nconnect c peer=p\n\n\n"
                                  "task other\npost up\n\n");
    assert_int_equal(program->peer_step_count, 3);
    assert_int_equal(program->peer_steps[2].kind, PEER_UNTIL);
    program_free(program);
    program = parse_form(stripped, strlen(stripped), PROGRAM_STRIPPED, &complaints);
    assert_non_null(program);
    assert_int_equal(program->peer_step_count, 0);
    assert_int_equal(program_number(program, NAME_PEER, "p"), program->operations[1].peer);
    assert_int_equal(program_number(program, NAME_PEER, "q"), -1);
    program_free(program);
    free(stripped);
}

static void stripped_programs_do_the_same(void **state)
{
    struct program *whole = parse(sample), *program;
    char *stripped = program_strip(sample, sizeof sample - 1);
    struct complaints complaints;

    (void)state;
    program = parse_form(stripped, strlen(stripped), PROGRAM_STRIPPED, &complaints);
    assert_non_null(program);
    assert_int_equal(program->operation_count, whole->operation_count);
    assert_int_equal(program->expectation_count, 0);
    assert_memory_equal(program->at_line, whole->at_line, sizeof whole->at_line);
    for (int i = 0; i < whole->operation_count; i++) {
        assert_int_equal(program->operations[i].kind, whole->operations[i].kind);
        assert_int_equal(program->operations[i].answer_count, 0);
    }
    free(stripped);
    program_free(program);
    program_free(whole);
}

static void a_stripped_program_has_no_answers(void **state)
{
    static const char text[] = "task main\nyield => ok\nexpect run ok\n";
    struct complaints complaints;

    (void)state;
    assert_null(parse_form(text, sizeof text - 1, PROGRAM_STRIPPED, &complaints));
    assert_string_equal(complaints.text, "2: an answer in a stripped program\n"
                                         "3: an expectation in a stripped program\n");
}

/* ---- Any text at all ---- */

static const char *const samples[] = {sample, shared};

/* No byte behind the text is read, wherever the text is cut off. */
static void reads_no_byte_too_many(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++)
        for (size_t size = 0; size <= strlen(samples[i]); size++) {
            struct complaints complaints;
            struct page page = page_create(samples[i], size);

            program_free(parse_form(samples[i], size, PROGRAM_WITH_ANSWERS, &complaints));
            free(program_strip(page.text, page.size));
            page_free(&page);
        }
}

/* Any text is either read or complained of; a text that is read can also be read stripped. */
static void survives_any_text(void **state)
{
    unsigned random = 1;

    (void)state;
    for (int i = 0; i < 3000; i++) {
        char text[2 * sizeof sample + sizeof shared];
        size_t size = strlen(samples[i % 2]);
        struct complaints complaints;
        struct program *program;

        memcpy(text, samples[i % 2], size);
        mutate(text, &size, sizeof text, &random);
        program = parse_form(text, size, PROGRAM_WITH_ANSWERS, &complaints);
        if (program != NULL) {
            char *stripped = program_strip(text, size);
            struct program *left =
                parse_form(stripped, strlen(stripped), PROGRAM_STRIPPED, &complaints);

            if (left == NULL)
                fail_msg("%s%s", stripped, complaints.text);
            assert_null(strstr(stripped, "=>"));
            assert_null(strstr(stripped, "expect"));
            program_free(left);
            free(stripped);
        }
        program_free(program);
    }
}

/* Byte by byte, what is sent in one piece or in several. */
static void tells_what_is_sent(void **state)
{
    static const size_t sizes[] = {0, 1, 250, 251, 252, 502, 503, 5000};
    unsigned char bytes[5001], before;
    size_t i, place, wrong;

    (void)state;
    for (i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (place = 0; place < 600; place += 83) {
            bytes[sizes[i]] = 255;
            program_bytes(bytes, sizes[i], place);
            for (wrong = 0; wrong < sizes[i]; wrong++)
                assert_int_equal(bytes[wrong], (place + wrong) % 251);
            assert_int_equal(bytes[sizes[i]], 255);
            assert_int_equal(program_match(bytes, sizes[i], place), sizes[i]);
            for (wrong = 0; wrong < sizes[i]; wrong += 1 + sizes[i] / 300) {
                before = bytes[wrong];
                bytes[wrong] ^= 1;
                assert_int_equal(program_match(bytes, sizes[i], place), wrong);
                bytes[wrong] = before;
            }
        }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_tasks_and_operations),
        cmocka_unit_test(reads_what_the_suite_sets),
        cmocka_unit_test(strips_what_the_suite_sets),
        cmocka_unit_test(reads_answers_and_expectations),
        cmocka_unit_test(reads_what_tasks_share),
        cmocka_unit_test(folds_equal_members),
        cmocka_unit_test(assumes_one_domain),
        cmocka_unit_test(keeps_kinds_of_names_apart),
        cmocka_unit_test(tells_shared_names_from_private_ones),
        cmocka_unit_test(shares_what_one_instance_binds),
        cmocka_unit_test(tells_each_mistake),
        cmocka_unit_test(tells_once_of_a_name),
        cmocka_unit_test(tells_all_mistakes_at_once),
        cmocka_unit_test(refuses_a_nul_byte),
        cmocka_unit_test(limits_the_length_of_lines),
        cmocka_unit_test(limits_the_number_of_lines),
        cmocka_unit_test(limits_the_number_of_names),
        cmocka_unit_test(limits_the_length_of_names),
        cmocka_unit_test(outcomes_are_read_as_they_are_written),
        cmocka_unit_test(lists_are_read_whole),
        cmocka_unit_test(strips_every_answer),
        cmocka_unit_test(strips_peers),
        cmocka_unit_test(stripped_programs_do_the_same),
        cmocka_unit_test(a_stripped_program_has_no_answers),
        cmocka_unit_test(reads_no_byte_too_many),
        cmocka_unit_test(survives_any_text),
        cmocka_unit_test(tells_what_is_sent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
