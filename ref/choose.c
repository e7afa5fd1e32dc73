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

/* ---- which domain goes on ---- */

bool domain_can_go_on(struct domain *domain)
{
    return domain->paused != NULL || domain->ready != NULL || !inbox_empty(&domain->inbox) ||
           (domain->id == 0 && atomic_load(&domain->run->signals) != 0);
}

size_t run_count_able(struct run *run)
{
    size_t count = 0;

    for (int i = 0; i < run->domain_count; i++)
        count += domain_can_go_on(&run->domains[i]);
    return count;
}

struct domain *domain_able_after(struct domain *domain, size_t n)
{
    struct run *run = domain->run;

    do
        domain = &run->domains[(domain->id + 1) % run->domain_count];
    while (!domain_can_go_on(domain) || n-- > 0);
    return domain;
}

void run_tell_turn(struct run *run, struct domain *first, struct domain *last, bool may_pass)
{
    size_t able, count = 0;

    if (run->options.turn == NULL)
        return;
    able = run_count_able(run);
    if (first != NULL)
        run->candidates[count++] = first->id;
    for (size_t i = 0; count < able; i++)
        run->candidates[count++] = domain_able_after(last, i)->id;
    if (may_pass || able == 0)
        run->candidates[count++] = MIOU_NO_DOMAIN;
    run->options.turn(run->options.choose_state, run->candidates, count);
}

void domain_pause(struct domain *domain)
{
    struct task *self = domain->current;
    struct run *run = domain->run;
    size_t answer;

    if (domain->no_suspend)
        return;
    domain->paused = self; /* so that this domain counts as one that can go on */
    run_tell_turn(run, domain, domain, false);
    answer = run_choose(run, run_count_able(run));
    if (answer > 0) {
        run->next = domain_able_after(domain, answer - 1);
        cxx_switch(&self->context, &domain->scheduler);
    }
    domain->paused = NULL;
}
