/* choose.c: the picks that the rules leave open, the clock, and the choice of the domain that goes
 * on. A steered run asks options.choose; in others the pick is 0 and the clock the system's. */
#include "cxx.h"
#include "runtime.h"
#include "system.h"

#include <errno.h>

int64_t run_clock(struct run *run)
{
    return run->options.choose != NULL ? run->now : sys_clock();
}

size_t run_ask(struct run *run, size_t count)
{
    size_t answer = run->options.choose(run->options.choose_state, count);

    if (answer < count)
        return answer;
    run->misled = true;
    run_abort(run, -EINVAL);
    return 0;
}

/* ---- which domain goes on ---- */

struct domain *domain_able_after(struct domain *domain, size_t n)
{
    struct run *run = domain->run;
    struct domain *end = run->domains + run->domain_count;

    do
        if (++domain == end)
            domain = run->domains;
    while (!domain_can_go_on(domain) || n-- > 0);
    return domain;
}

void run_list_turn(struct run *run, struct domain *first, struct domain *last, bool may_pass)
{
    size_t able = run_count_able(run), count = 0;

    if (first != NULL)
        run->candidates[count++] = first->id;
    for (size_t i = 0; count < able; i++)
        run->candidates[count++] = domain_able_after(last, i)->id;
    if (may_pass || able == 0)
        run->candidates[count++] = MIOU_NO_DOMAIN;
    run->options.turn(run->options.choose_state, run->candidates, count);
}

/* ---- pausing ---- */

static size_t count_others(struct domain *self)
{
    struct domain *domain = self->run->domains, *end = domain + self->run->domain_count;
    size_t count = 0;

    for (; domain < end; domain++)
        count += domain != self && domain_can_go_on(domain);
    return count;
}

__attribute__((noinline)) static void let_go_on(struct domain *self, struct domain *next)
{
    self->run->next = next;
    cxx_switch(&self->current->context, &self->scheduler);
}

__attribute__((noinline)) static void choose_to_pause(struct domain *domain, size_t others)
{
    size_t answer;

    domain->paused = domain->current; /* so that this domain counts as one that can go on */
    run_tell_turn(domain->run, domain, domain, false);
    answer = run_choose(domain->run, 1 + others);
    if (answer > 0)
        let_go_on(domain, domain_able_after(domain, answer - 1));
    domain->paused = NULL;
}

/* domain_pause is cold for the sake of runs that are not steered. Those that are spend their time
 * here, so this is not. */
__attribute__((hot, noinline)) static void pause_if_others(struct domain *domain)
{
    size_t others;

    if (domain->no_suspend)
        return;
    others = count_others(domain);
    if (others > 0 || domain->run->options.turn != NULL)
        choose_to_pause(domain, others);
}

void domain_pause(struct domain *domain)
{
    pause_if_others(domain);
}
