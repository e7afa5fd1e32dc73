/* faults.c: lets each call of the system fail once, with each error that it can return, at each of
 * its places in a set of runs. A fault must make no difference, or end the run with its error; the
 * run must not hang, crash or leave anything behind. Then come pairs of random faults. The runs are
 * made in processes of their own. */
#include "calls.h"
#include "report.h"
#include "runs.h"
#include "miou_unix.h"
#include "sim/sim.h"
#include "targets/chance.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    PATIENCE = 60,  /* seconds of processor time that a run may use */
    SILENCE = 3000, /* seconds that it may take, whatever it uses */
#ifdef __SANITIZE_THREAD__
    PAIRS = 10, /* under it a task costs milliseconds, and there is only one thread */
#else
    PAIRS = 1000, /* of random faults, for each run */
#endif
    PLANS = 8192,
};

/* ---- in the run's process */

static void execute(const struct fault_run *run)
{
    struct sim_left left;

    report_begin();
    calls_begin();
    report->result = run->run();
    left = sim_left();
    if (left.descriptors + left.mappings + left.signals > 0)
        report_broken("%d descriptors, %d mappings, %d signal handlers are left behind",
                      left.descriptors, left.mappings, left.signals);
    report->whole = true;
}

/* ---- judging */

enum outcome { BROKEN, WENT_ON, ENDED, OUTCOMES };

/* A fault that says "not now" or "less" must be handled by the runtime alone. */
static bool is_transparent(const struct fault *fault)
{
    return fault->error == SHORT ||
           (fault->call == SELECT && (fault->error == EINTR || fault->error == EBADF)) ||
           (fault->error == EAGAIN && fault->call != THREAD) ||
           (fault->call == CONNECT && (fault->error == EALREADY || fault->error == EINPROGRESS));
}

/* A fault that the caller must be told: it does not get what it asked for. */
static bool is_fatal(const struct fault *fault)
{
    switch (fault->call) {
    case SELECT: /* it ends the run [R11.12], or only cuts a nap of a steered one short */
    case MAP:
    case MAP_NOW:
    case GUARD:
    case ACCEPT:
    case SEND:
    case RECEIVE:
    case READ:
    case CLOSE: /* a server survives one of these, or there is no caller to tell */
        return false;
    default:
        return !is_transparent(fault);
    }
}

static enum outcome broken(const char *text)
{
    if (report->broken[0] == '\0')
        snprintf(report->broken, sizeof report->broken, "%s", text);
    return BROKEN;
}

/* Whether the result is one of the faults' errors, or what a peer sees of them. */
static bool is_of_a_fault(const struct fault_run *run, int result)
{
    for (int i = 0; i < fault_count; i++)
        if (result == -faults[i].error)
            return true;
    return run->has_peers &&
           (result == -ECONNRESET || result == -EPIPE || result == MIOU_END_OF_FILE);
}

/* The outcome of a run that does this many parts of its work without faults. */
static enum outcome judge(const struct fault_run *run, int status, int done)
{
    bool transparent = true, fatal = false;

    for (int i = 0; i < fault_count; i++) {
        transparent &= is_transparent(&faults[i]);
        fatal |= is_fatal(&faults[i]);
    }
    if (WIFSIGNALED(status))
        return broken(strsignal(WTERMSIG(status)));
    if (WEXITSTATUS(status) != 0 || !report->whole)
        return broken("the process ended before the run did");
    if (report->struck == 0)
        return broken("the fault was never injected");
    if (report->result < 0)
        return transparent                          ? broken("the runtime passed the fault on")
               : is_of_a_fault(run, report->result) ? ENDED
                                                    : broken("the run ended with another error");
    if (fatal && report->struck == fault_count)
        return broken("no caller was told of the fault");
    if (report->done + report->cut < done)
        return broken("work was lost, and no caller was told");
    if (report->cut > (transparent ? 0 : fault_count))
        return broken("more than one client was turned away");
    return WENT_ON;
}

/* ---- running */

/* The plans for a run: the faults to inject, one execution of the run each. */
static struct {
    const struct fault_run *run;
    int places[CALLS], done; /* without faults */
    struct fault faults[PLANS][MOST_FAULTS];
    int count;
} plans;

/* In memory that all processes share. */
static struct progress {
    struct report report;
    int at; /* the plan that is carried out */
    int passed, failed;
    int counts[CALLS][ERRORS][OUTCOMES]; /* of single faults */
} * progress;

/* Call the function in a process of its own. Returns the process's status. */
static int call_apart(void (*fn)(void), bool silent)
{
    int status = 0;
    pid_t child;

    fflush(stdout);
    if ((child = fork()) < 0) {
        perror("fork");
        exit(2);
    }
    if (child == 0) {
        if (silent)
            dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
        fn();
        exit(0);
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

static const char *error_name(int error)
{
    return error == SHORT ? "short" : strerrorname_np(error);
}

static void print_failure(void)
{
    printf("FAIL %s: %s (result %d)\n     again: %s %s", plans.run->name, report->broken,
           report->result, program_invocation_name, plans.run->name);
    for (int i = 0; i < fault_count; i++)
        printf(" %s %d %s", call_names[faults[i].call], faults[i].place,
               error_name(faults[i].error));
    printf("\n");
    fflush(stdout);
}

static void load_plan(void)
{
    memcpy(faults, plans.faults[progress->at], sizeof faults);
    fault_count = faults[1].error != 0 ? 2 : 1;
}

static int error_index(const struct fault *fault)
{
    int e = 0;

    while (call_errors[fault->call][e] != fault->error)
        e++;
    return e;
}

static enum outcome judge_plan(int status)
{
    enum outcome outcome = judge(plans.run, status, plans.done);

    progress->passed += outcome != BROKEN;
    progress->failed += outcome == BROKEN;
    if (fault_count == 1)
        progress->counts[faults[0].call][error_index(&faults[0])][outcome]++;
    if (outcome == BROKEN)
        print_failure();
    progress->at++;
    return outcome;
}

/* A run that uses too much processor time ends the process. */
static void limit_time(int seconds)
{
    setitimer(ITIMER_PROF, &(struct itimerval){.it_value.tv_sec = seconds}, NULL);
    alarm(seconds > 0 ? SILENCE : 0);
}

static void execute_alone(void)
{
    limit_time(PATIENCE);
    execute(plans.run);
}

static void execute_plans(void)
{
    while (progress->at < plans.count) {
        load_plan();
        execute_alone();
        judge_plan(0);
    }
    limit_time(0);
}

/* One process carries out all plans; if a plan ends it, another goes on with the next plan. */
static void carry_out_plans(bool silent)
{
    progress->at = 0;
    while (progress->at < plans.count) {
        int status = call_apart(execute_plans, silent);

        if (progress->at < plans.count) {
            load_plan();
            judge_plan(status);
        } else if (status != 0) {
            printf("FAIL %s: the process ended with status %d\n", plans.run->name, status);
            progress->failed++;
        }
    }
}

/* Execute the run without a fault, to know how much it does and which calls it makes. */
static void measure(const struct fault_run *run)
{
    int status;

    plans.run = run;
    plans.count = fault_count = 0;
    status = call_apart(execute_alone, false);
    memcpy(plans.places, report->places, sizeof report->places);
    plans.done = report->done;
    if (status != 0 || report->result != 0 || !report->whole || report->cut > 0) {
        broken("the run fails without a fault");
        print_failure();
        exit(1);
    }
}

static void plan(struct fault first, struct fault second)
{
    if (plans.count == PLANS) {
        fprintf(stderr, "faults: a run has more than %d plans\n", PLANS);
        exit(2);
    }
    plans.faults[plans.count][0] = first;
    plans.faults[plans.count++][1] = second;
}

static void plan_singles(void)
{
    for (enum call call = 0; call < CALLS; call++)
        for (int e = 0; e < ERRORS && call_errors[call][e] != 0; e++)
            for (int place = 0; place < plans.places[call]; place++)
                plan((struct fault){call, place, call_errors[call][e]}, (struct fault){0});
}

/* ---- random pairs */

static uint32_t chance(uint32_t below)
{
    return chance_next() % below;
}

static struct fault random_fault(const int *places)
{
    struct fault fault;
    int count = 0;

    do
        fault.call = chance(CALLS);
    while (places[fault.call] == 0);
    while (count < ERRORS && call_errors[fault.call][count] != 0)
        count++;
    fault.place = (int)chance((uint32_t)places[fault.call]);
    fault.error = call_errors[fault.call][chance((uint32_t)count)];
    return fault;
}

/* The second is never injected if the first ends the run. */
static void plan_pairs(void)
{
    for (int i = 0; i < PAIRS; i++) {
        struct fault first = random_fault(plans.places);

        plan(first, random_fault(plans.places));
    }
}

/* ---- the table */

static void print_table(void)
{
    printf("%-18s %-16s %8s %8s %8s %8s\n", "call", "error", "injected", "ended", "went on",
           "broken");
    for (enum call call = 0; call < CALLS; call++)
        for (int e = 0; e < ERRORS && call_errors[call][e] != 0; e++) {
            const int *of = progress->counts[call][e];

            printf("%-18s %-16s %8d %8d %8d %8d\n", call_names[call],
                   error_name(call_errors[call][e]), of[BROKEN] + of[WENT_ON] + of[ENDED],
                   of[ENDED], of[WENT_ON], of[BROKEN]);
        }
}

/* Each kind of fault must have been injected at least once. */
static void demand_all(void)
{
    for (enum call call = 0; call < CALLS; call++)
        for (int e = 0; e < ERRORS && call_errors[call][e] != 0; e++)
            if (progress->counts[call][e][0] + progress->counts[call][e][1] +
                    progress->counts[call][e][2] ==
                0) {
                printf("FAIL no run makes the call %s\n", call_names[call]);
                progress->failed++;
            }
}

static int run_all(void)
{
    int pairs = 0;

    chance_begin(1);
    for (size_t i = 0; i < fault_run_count; i++) {
        measure(&fault_runs[i]);
        plan_singles();
        pairs += PAIRS;
        plan_pairs();
        carry_out_plans(true);
    }
    print_table();
    demand_all();
    printf("and %d pairs of faults\n", pairs);
    printf("%d passed, %d failed\n", progress->passed, progress->failed);
    return progress->failed > 0;
}

/* ---- one plan again, from the command line */

static bool parse_fault(char **words, struct fault *fault)
{
    uint64_t place;

    if (!number_read(words[1], &place))
        return false;
    for (enum call call = 0; call < CALLS; call++)
        for (int e = 0; e < ERRORS && call_errors[call][e] != 0; e++)
            if (strcmp(words[0], call_names[call]) == 0 &&
                strcmp(words[2], error_name(call_errors[call][e])) == 0 &&
                place < (uint64_t)plans.places[call]) {
                *fault = (struct fault){call, (int)place, call_errors[call][e]};
                return true;
            }
    return false;
}

static int run_one(int count, char **words)
{
    const struct fault_run *run = NULL;

    for (size_t i = 0; i < fault_run_count; i++)
        if (strcmp(words[0], fault_runs[i].name) == 0)
            run = &fault_runs[i];
    if (run == NULL || (count != 4 && count != 7)) {
        fprintf(stderr,
                "usage: %s [RUN CALL PLACE ERROR [CALL PLACE ERROR]]\n\n"
                "Injects all faults, or those named: ERROR into the CALL number PLACE of the RUN,\n"
                "counted from 0. The table names the CALLs and their ERRORs. The RUNs are:",
                program_invocation_name);
        for (size_t i = 0; i < fault_run_count; i++)
            fprintf(stderr, " %s", fault_runs[i].name);
        fprintf(stderr, "\n");
        return 2;
    }
    measure(run);
    for (int i = 0; 3 * i + 1 < count; i++)
        if (!parse_fault(words + 1 + 3 * i, &plans.faults[0][i])) {
            fprintf(stderr, "faults: no such fault: %s %s %s\n", words[1 + 3 * i], words[2 + 3 * i],
                    words[3 + 3 * i]);
            return 2;
        }
    plans.count = 1;
    carry_out_plans(false);
    printf("result %d, %d of %d done\n", report->result, report->done, plans.done);
    return progress->failed > 0;
}

int main(int argc, char **argv)
{
    progress =
        mmap(NULL, sizeof *progress, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (progress == MAP_FAILED) {
        perror("mmap");
        return 2;
    }
    report = &progress->report;
    return argc > 1 ? run_one(argc - 1, argv + 1) : run_all();
}
