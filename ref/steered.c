/* steered.c: a run whose choices are made from outside. All domains take turns on one thread; each
 * turn is a domain's next step or, where its task was paused for another domain, the rest of that
 * step. Time passes a little with every turn. */
#include "runtime.h"
#include "system.h"

enum {
    TICK = 10000,         /* nanoseconds a turn */
    LOOK = 128,           /* turns between two looks at the domains' monitors */
    HOLD_UP = 1000000000, /* how far time may jump, if that is chosen, while tasks are ready */
    NAP = 1000000,        /* between two looks at the system when nothing can go on */
};

/* ---- time and the system ---- */

/* The earliest deadline among idle domains. A busy domain's sleepers do not count, so that sleeps
 * begun one after another expire together. */
static int64_t first_deadline(struct run *run)
{
    struct domain *domain = run->domains, *end = domain + run->domain_count;
    int64_t first = INT64_MAX;

    for (; domain < end; domain++) {
        int64_t deadline = timers_first(&domain->monitor.timers);

        if (deadline < first && !domain_can_go_on(domain))
            first = deadline;
    }
    return first;
}

/* Have the monitors wake tasks. Returns whether a domain can go on. */
static bool look_around(struct run *run)
{
    for (int i = 0; i < run->domain_count; i++)
        if (run->domains[i].suspended > 0 && run->domains[i].paused == NULL) {
            domain_self = &run->domains[i];
            domain_look(domain_self, false);
        }
    return run_count_able(run) > 0;
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

/* One of those, or dom0 if there is none. */
static struct domain *choose_suspended(struct run *run)
{
    size_t count = count_suspended(run), n = run_choose(run, count);
    struct domain *domain = run->domains;

    if (count > 0)
        while (domain->suspended == 0 || n-- > 0)
            domain++;
    return domain;
}

/* No domain can go on: look at the system, let time pass, report a deadlock or wait. */
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
        sys_select(0, NULL, NULL, false, NAP); /* on behalf of all domains */
    } else {
        domain_self = choose_suspended(run);
        domain_look(domain_self, true);
    }
}

/* ---- turns ---- */

/* Choose the domain that goes on after a turn: 0 is the next one that can, the last is `last`
 * itself, if it can. One more alternative lets time pass instead; then, and if none can go on, this
 * returns NULL. */
static struct domain *choose_next(struct run *run, struct domain *last)
{
    size_t able = run_count_able(run);
    bool may_pass = first_deadline(run) - run->now <= HOLD_UP;
    size_t answer;

    run_tell_turn(run, NULL, last, may_pass);
    answer = run_choose(run, able + may_pass);

    if (able == 0)
        idle(run);
    else if (answer == able)
        pass_time(run);
    else
        return domain_able_after(last, answer);
    return NULL;
}

void run_steered(struct run *run)
{
    struct domain *domain = &run->domains[0], *next;

    for (int i = 0; i < run->domain_count; i++)
        context_of_thread(&run->domains[i].scheduler);
    domain_self = domain;
    domain_ready(domain, run->main);
    for (unsigned turns = 1; !run->domains[0].stopped; turns++) {
        if (turns % LOOK == 0) /* or tasks that yield would keep those of other domains waiting */
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
