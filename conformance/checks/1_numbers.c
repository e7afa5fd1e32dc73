/* Rule R1.22: floating-point numbers in tasks. */
#include "tasks.h"

enum { TURNS = 3 };

/* The compiler works out the right-hand sides, in the environment with which a program begins. In
 * each other way of rounding one of the quotients differs. */
static bool numbers_work(void)
{
    volatile double one = 1, three = 3, ten = 10, zero = 0;
    volatile long double long_one = 1, long_three = 3, long_ten = 10;

    return one / three == 1.0 / 3.0 && one / ten == 1.0 / 10.0 && -one / ten == -1.0 / 10.0 &&
           one / zero > 1e300 && long_one / long_three == 1.0L / 3.0L &&
           long_one / long_ten == 1.0L / 10.0L;
}

struct numbers {
    atomic_int asked, right;
};

static void ask(struct numbers *t)
{
    atomic_fetch_add(&t->asked, 1);
    atomic_fetch_add(&t->right, numbers_work());
}

static void ask_at_the_end(void *numbers)
{
    ask(numbers);
}

static int compute(void *arg)
{
    miou_resource *resource;
    int i;

    TRY(miou_resource_create(&resource, ask_at_the_end, arg));
    TRY(miou_own(resource));
    for (i = 0; i < TURNS; i++) {
        ask(arg);
        TRY(miou_yield());
    }
    return miou_release(resource);
}

static int compute_everywhere(void *arg)
{
    void *args[] = {arg, arg};
    miou_promise *promises[3];

    TRY(miou_async(&promises[0], NULL, compute, arg));
    TRY(miou_async(&promises[1], NULL, compute, arg));
    TRY(miou_call(&promises[2], NULL, compute, arg));
    TRY(compute(arg));
    TRY(miou_await_all(NULL, promises, 3));
    return miou_parallel(NULL, compute, args, 2);
}

CHECK("R1.22", numbers_are_rounded_to_the_nearest)
{
    struct numbers t = {0};

    expect_true(numbers_work());
    expect_code(run_with(2, compute_everywhere, &t), 0);
    expect_number(t.asked, 6 * (TURNS + 1));
    expect_number(t.right, t.asked);
    expect_true(numbers_work());
}
