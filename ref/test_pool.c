/* test_pool.c: a handle leads to the object it was made for, and to no other. */
#include "pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct object {
    struct slot slot;
    int value;
};

static int make(void **state)
{
    static struct pool pool;

    *state = &pool;
    pool_init(&pool, sizeof(struct object), 12345);
    return 0;
}

static int destroy(void **state)
{
    pool_destroy(*state);
    return 0;
}

static void a_handle_leads_to_its_object(void **state)
{
    struct pool_cache cache = {0};
    struct object *one = pool_new(*state, &cache), *other = pool_new(*state, &cache);

    assert_non_null(one);
    assert_ptr_not_equal(one, other);
    assert_ptr_equal(pool_get(*state, pool_handle(one)), one);
    assert_ptr_equal(pool_get(*state, pool_handle(other)), other);
}

static void a_stale_handle_leads_nowhere_even_when_the_object_is_used_again(void **state)
{
    struct pool_cache cache = {0};
    struct object *one = pool_new(*state, &cache);
    void *stale = pool_handle(one);

    pool_free(*state, &cache, one);
    assert_null(pool_get(*state, stale));
    assert_ptr_equal(pool_new(*state, &cache), one);
    assert_null(pool_get(*state, stale));
    assert_ptr_not_equal(pool_handle(one), stale);
}

/* As after the 2^31 uses that it takes. */
static void no_handle_comes_round(void **state)
{
    struct pool_cache cache = {0};
    struct object *one = pool_new(*state, &cache);
    void *first = pool_handle(one);

    pool_free(*state, &cache, one);
    assert_ptr_equal(pool_new(*state, &cache), one);
    atomic_fetch_add(&one->slot.generation, UINT32_MAX - 3);
    assert_ptr_not_equal(pool_handle(one), first);
    pool_free(*state, &cache, one);
    assert_ptr_not_equal(pool_new(*state, &cache), one);
    assert_null(pool_get(*state, first));
}

static void what_is_no_handle_leads_nowhere(void **state)
{
    struct pool_cache cache = {0};
    void *handle = pool_handle(pool_new(*state, &cache));
    int local;

    assert_null(pool_get(*state, NULL));
    assert_null(pool_get(*state, &local));
    assert_null(pool_get(*state, (void *)UINTPTR_MAX));
    for (int bit = 0; bit < 64; bit++)
        assert_null(pool_get(*state, (void *)((uintptr_t)handle ^ (uintptr_t)1 << bit)));
}

static void handles_of_another_pool_lead_nowhere(void **state)
{
    struct pool other;
    struct pool_cache cache = {0}, other_cache = {0};

    pool_init(&other, sizeof(struct object), 54321);
    assert_null(pool_get(*state, pool_handle(pool_new(&other, &other_cache))));
    assert_null(pool_get(&other, pool_handle(pool_new(*state, &cache))));
    pool_destroy(&other);
}

static void a_pool_without_objects_takes_no_memory(void **state)
{
    struct pool empty;
    struct pool_cache cache = {0};

    pool_init(&empty, sizeof(struct object), 54321);
    assert_null(pool_get(&empty, pool_handle(pool_new(*state, &cache))));
    assert_null(atomic_load(&empty.directory));
    pool_destroy(&empty);
}

static void visit(void *object, void *arg)
{
    *(size_t *)arg += (size_t)((struct object *)object)->value;
}

static void objects_of_many_chunks_are_all_found_and_new_ones_are_zero(void **state)
{
    enum { COUNT = 3 * POOL_CHUNK + 1 };
    static struct object *made[COUNT];
    struct pool_cache cache = {0};
    size_t visited = 0;

    for (int i = 0; i < COUNT; i++) {
        made[i] = pool_new(*state, &cache);
        assert_non_null(made[i]);
        assert_int_equal(made[i]->value, 0);
        made[i]->value = 1;
    }
    for (int i = 0; i < COUNT; i++)
        assert_ptr_equal(pool_get(*state, pool_handle(made[i])), made[i]);
    for (int i = 0; i < COUNT; i += 2)
        pool_free(*state, &cache, made[i]);
    pool_each(*state, visit, &visited);
    assert_int_equal(visited, COUNT / 2);
}

/* One cache makes what another frees; the pool must not grow. */
static void what_another_domain_frees_is_used_again(void **state)
{
    struct pool *pool = *state;
    struct pool_cache maker = {0}, freer = {0};
    struct object *made[10];

    for (int i = 0; i < 100 * POOL_CHUNK; i++) {
        for (size_t j = 0; j < sizeof made / sizeof *made; j++) {
            made[j] = pool_new(pool, &maker);
            assert_non_null(made[j]);
            assert_ptr_equal(pool_get(pool, pool_handle(made[j])), made[j]);
        }
        for (size_t j = 0; j < sizeof made / sizeof *made; j++)
            pool_free(pool, &freer, made[j]);
    }
    assert_in_range(atomic_load(&pool->chunks), 1, 3);
}

/* In pages. */
static long addresses(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    long size = 0;

    assert_non_null(file);
    assert_int_equal(fscanf(file, "%ld", &size), 1);
    fclose(file);
    return size;
}

/* As after the 67 million objects that it takes. */
static void a_full_pool_has_no_object(void **state)
{
    struct pool *pool = *state;
    struct pool_cache cache = {0}, other = {0};
    uint32_t chunks;
    long before;

    assert_non_null(pool_new(pool, &cache));
    chunks = atomic_exchange(&pool->chunks, POOL_CHUNKS);
    before = addresses();
    for (int i = 0; i < 3; i++)
        assert_null(pool_new(pool, &other));
    assert_int_equal(addresses(), before);
    assert_int_equal(atomic_load(&pool->chunks), POOL_CHUNKS);
    assert_non_null(pool_new(pool, &cache));
    atomic_store(&pool->chunks, POOL_CHUNKS - 1);
    assert_non_null(pool_new(pool, &other));
    atomic_store(&pool->chunks, chunks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_handle_leads_to_its_object, make, destroy),
        cmocka_unit_test_setup_teardown(
            a_stale_handle_leads_nowhere_even_when_the_object_is_used_again, make, destroy),
        cmocka_unit_test_setup_teardown(no_handle_comes_round, make, destroy),
        cmocka_unit_test_setup_teardown(what_is_no_handle_leads_nowhere, make, destroy),
        cmocka_unit_test_setup_teardown(handles_of_another_pool_lead_nowhere, make, destroy),
        cmocka_unit_test_setup_teardown(a_pool_without_objects_takes_no_memory, make, destroy),
        cmocka_unit_test_setup_teardown(objects_of_many_chunks_are_all_found_and_new_ones_are_zero,
                                        make, destroy),
        cmocka_unit_test_setup_teardown(what_another_domain_frees_is_used_again, make, destroy),
        cmocka_unit_test_setup_teardown(a_full_pool_has_no_object, make, destroy),
    };

    return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
