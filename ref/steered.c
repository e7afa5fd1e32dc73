/* driven.c: a run in which every pick that the rules leave open is somebody else's choice. All
 * domains take turns on one thread; a domain can go on with a step of its own or, when another was
 * chosen in the middle of a task, with that task. Time passes a little with every step. */
#include "mutant.h"
#include "runtime.h"
#include "system.h"

#include <errno.h>

enum {
    TICK = 10000,         /* nanoseconds a step */
    LOOK = 128,           /* steps between two looks at what the domains' monitors know */
    HOLD_UP = 1000000000, /* that the tasks of a domain may be held up for, if that is chosen */
    NAP = 1000000,        /* between two looks at the system when nothing else can be done */
};

int64_t run_clock(struct run *run)
{
    return run->options.choose != NULL ? run->now : sys_clock();
}

size_t run_choose(struct run *run, size_t count)
{
    size_t answer;

    if (run->options.choose == NULL || run->misled || count < 2)
        return 0;
    answer = run->options.choose(run->options.choose_state, count);
    if (answer < count)
        return answer;
    run->misled = true;
    run_abort(run, -EINVAL);
    return 0;
}

static bool can_go_on(struct domain *domain)
{
    return domain->paused != NULL || domain->ready != NULL || !inbox_empty(&domain->inbox) ||
           (domain->id == 0 && atomic_load(&domain->run->signals) != 0);
}

/* The domain in turn after another. */
static struct domain *after(struct domain *domain)
{
    struct run *run = domain->run;

    return &run->domains[(domain->id + 1) % run->domain_count];
}

static size_t count_able(struct run *run)
{
    size_t count = 0;

    for (int i = 0; i < run->domain_count; i++)
        count += can_go_on(&run->domains[i]);
    return count;
}

/* The n-th domain after this one that can go on, from 0. */
static struct domain *able_after(struct domain *domain, size_t n)
{
    do
        domain = after(domain);
    while (!can_go_on(domain) || n-- > 0);
    return domain;
}

void domain_pause(struct domain *domain)
{
    struct task *self = domain->current;
    struct run *run = domain->run;
    size_t answer;

    if (domain->finalising)
        return;
    domain->paused = self; /* so that it is one of those that can go on */
    answer = run_choose(run, count_able(run));
    if (answer > 0) {
        run->next = able_after(domain, answer - 1);
        context_switch(&self->context, &domain->scheduler);
    }
    domain->paused = NULL;
}

/* ---- time and the system ---- */

/* When the first task wakes of those that sleep on a domain with nothing else to do: a domain that
 * is busy keeps its own from waking, and so are the clocks of those that begin to sleep one after
 * the other kept together. */
static int64_t first_deadline(struct run *run)
{
    int64_t first = INT64_MAX;

    for (int i = 0; i < run->domain_count; i++) {
        int64_t deadline = timers_first(&run->domains[i].monitor.timers);

        if (deadline < first && !can_go_on(&run->domains[i]))
            first = deadline;
    }
    return first;
}

/* Have the domains' monitors wake whom they can. Returns whether a domain can go on. */
static bool look_around(struct run *run)
{
    for (int i = 0; i < run->domain_count; i++)
        if (run->domains[i].suspended > 0 && run->domains[i].paused == NULL) {
            domain_self = &run->domains[i];
            domain_look(domain_self, false);
        }
    return count_able(run) > 0;
}

static void pass_time(struct run *run)
{
    int64_t deadline = first_deadline(run);

    if (deadline > run->now)
        run->now = deadline;
    look_around(run);
}

/* How many domains have tasks that are suspended on a monitor. */
static size_t count_suspended(struct run *run)
{
    size_t count = 0;

    for (int i = 0; i < run->domain_count; i++)
        count += run->domains[i].suspended > 0;
    return count;
}

/* One of those, or dom0. */
static struct domain *choose_suspended(struct run *run)
{
    size_t count = count_suspended(run), n = run_choose(run, count);
    struct domain *domain = run->domains;

    if (count > 0)
        while (domain->suspended == 0 || n-- > 0)
            domain++;
    return domain;
}

/* No domain can go on. */
static void idle(struct run *run)
{
    if (look_around(run))
        return;
    if (first_deadline(run) < INT64_MAX) {
        pass_time(run);
    } else if (count_suspended(run) == 0 && atomic_load(&run->handlers) == 0) {
        domain_self = &run->domains[0];
        run_deadlock(run);
    } else if (run->has_io) {
        sys_select(0, NULL, NULL, NAP); /* on behalf of all domains */
    } else {
        domain_self = choose_suspended(run);
        domain_look(domain_self, true);
    }
}

/* ---- turns ---- */

/* Choose who goes on after a domain's step: the others in turn, then itself, then time. NULL: time
 * has passed instead. */
static struct domain *choose_next(struct run *run, struct domain *last)
{
    size_t able = count_able(run);
    bool may_pass = first_deadline(run) - run->now <= HOLD_UP;
    size_t answer = run_choose(run, able + may_pass);

    if (able == 0)
        idle(run);
    else if (answer == able)
        pass_time(run);
    else if (MUTANT(answers_0_to_itself) && can_go_on(last))
        return last;
    else
        return able_after(last, answer);
    return NULL;
}

void run_driven(struct run *run)
{
    struct domain *domain = &run->domains[0], *next;

    for (int i = 0; i < run->domain_count; i++)
        context_of_thread(&run->domains[i].scheduler);
    domain_self = domain;
    domain_ready(domain, run->main);
    for (unsigned steps = 1; !run->domains[0].stopped; steps++) {
        if (steps % LOOK == 0) /* or tasks that yield would keep those of other domains waiting */
            look_around(run);
        next = run->next != NULL ? run->next : choose_next(run, domain);
        run->next = NULL;
        if (next == NULL)
            continue;
        run->now += TICK;
        domain_self = domain = next;
        domain_step(domain);
    }
    domain_self = NULL;
}
