/* Rules R1.9, R1.10, R1.13, R1.19 and R1.21: how the tasks of a domain take turns. */
#include "sockets.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* Each check here runs its task as main on dom0, and as a child of main on another domain. */

struct elsewhere {
    miou_task *fn;
    void *arg;
    int outcome;
};

static int call_elsewhere(void *arg)
{
    struct elsewhere *t = arg;
    miou_promise *promise;

    TRY(miou_call(&promise, NULL, t->fn, t->arg));
    return miou_await(promise, &t->outcome);
}

static int run_elsewhere(miou_task *fn, void *arg)
{
    struct elsewhere t = {.fn = fn, .arg = arg, .outcome = MIOU_LAST};
    int result = run_with(1, call_elsewhere, &t);

    return result < 0 ? result : t.outcome;
}

/* ---- R1.9: strict turns ---- */

enum { TURNS = 200, TURN_TASKS = 10 };

/* The task that had each turn. */
struct turns {
    int tasks;
    int next_id;
    int count;
    int ids[TURNS * TURN_TASKS];
};

static int take_turns(void *arg)
{
    struct turns *t = arg;
    int i, id = t->next_id++;

    for (i = 0; i < TURNS; i++) {
        t->ids[t->count++] = id;
        TRY(miou_yield());
    }
    return 0;
}

static int spawn_turns(void *arg)
{
    struct turns *t = arg;
    miou_promise *promises[TURN_TASKS];
    int i;

    for (i = 0; i < t->tasks; i++)
        TRY(miou_async(&promises[i], NULL, take_turns, t));
    for (i = 0; i < t->tasks; i++)
        TRY(miou_await(promises[i], NULL));
    return 0;
}

static void assert_turns(int (*run)(miou_task *, void *), int tasks)
{
    struct turns t = {.tasks = tasks};
    int i, j;

    expect_code(run(spawn_turns, &t), 0);
    expect_number(t.count, tasks * TURNS);
    for (i = 0; i < tasks; i++) {
        with_index(i);

        for (j = 0; j < i; j++) {
            with_index(j);

            expect_true(t.ids[i] != t.ids[j]);
        }
    }
    for (i = tasks; i < t.count; i++) {
        with_index(i);

        expect_number(t.ids[i], t.ids[i - tasks]);
    }
}
#define assert_turns(...) IN_HELPER(assert_turns, (__VA_ARGS__), #__VA_ARGS__)

static int run_here(miou_task *fn, void *arg)
{
    return run_with(1, fn, arg);
}

static int run_with_monitor(miou_task *fn, void *arg)
{
    return unix_run_with(1, fn, arg);
}

CHECK("R1.9", turns_on_dom0)
{
    assert_turns(run_here, 2);
    assert_turns(run_here, TURN_TASKS);
}

CHECK("R1.9", turns_on_another_domain)
{
    assert_turns(run_elsewhere, 2);
    assert_turns(run_elsewhere, TURN_TASKS);
}

CHECK("R1.9", turns_with_a_monitor)
{
    assert_turns(run_with_monitor, 2);
    assert_turns(run_with_monitor, TURN_TASKS);
}

/* ---- R1.21: hundreds of ready tasks ---- */

enum { READY = 400 };

/* The tasks of one domain, which wait on a point or a trigger, or have not been spawned yet. */
struct line {
    int count;
    int order[READY];
    struct in_line {
        struct line *line;
        int number;
        miou_syscall *point;
        miou_trigger *trigger;
        miou_promise *promise;
    } tasks[READY];
};

static int go_on(void *arg)
{
    struct in_line *t = arg;

    t->line->order[t->line->count++] = t->number;
    return 0;
}

static int go_on_from_a_point(void *arg)
{
    struct in_line *t = arg;

    TRY(miou_syscall_create(&t->point));
    TRY(miou_suspend(t->point, NULL, NULL));
    return go_on(t);
}

static int go_on_from_a_trigger(void *arg)
{
    struct in_line *t = arg;

    TRY(miou_trigger_create(&t->trigger));
    TRY(miou_trigger_await(t->trigger));
    return go_on(t);
}

static int have_it_wait(struct in_line *t)
{
    switch (t->number % 3) {
    case 0:
        return miou_async(&t->promise, NULL, go_on_from_a_point, t);
    case 1:
        return miou_async(&t->promise, NULL, go_on_from_a_trigger, t);
    default:
        return 0;
    }
}

static int make_it_ready(struct in_line *t)
{
    switch (t->number % 3) {
    case 0:
        return miou_signal(t->point);
    case 1:
        return miou_trigger_signal(t->trigger);
    default:
        return miou_async(&t->promise, NULL, go_on, t);
    }
}

static int in_place(int place)
{
    return place * 37 % READY;
}

static int make_hundreds_ready(void *arg)
{
    struct line *line = arg;
    int i, outcome;

    for (i = 0; i < READY; i++) {
        line->tasks[i] = (struct in_line){.line = line, .number = i};
        TRY(have_it_wait(&line->tasks[i]));
    }
    TRY(let_others_run());
    for (i = 0; i < READY; i++)
        TRY(make_it_ready(&line->tasks[in_place(i)]));
    for (i = 0; i < READY; i++) {
        TRY(miou_await(line->tasks[i].promise, &outcome));
        TRY(outcome);
    }
    return 0;
}

static int make_hundreds_ready_there(void *arg)
{
    return run_on(1, make_hundreds_ready, arg);
}

static void assert_in_line(miou_task *fn)
{
    static struct line line;
    int i;

    line.count = 0;
    need_tasks(READY + 2);
    expect_code(unix_run_with(1, fn, &line), 0);
    expect_number(line.count, READY);
    for (i = 0; i < READY; i++) {
        with_index(i);

        expect_number(line.order[i], in_place(i));
    }
}
#define assert_in_line(...) IN_HELPER(assert_in_line, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R1.21", hundreds_go_on_in_the_order_in_which_they_became_ready)
{
    assert_in_line(make_hundreds_ready);
    assert_in_line(make_hundreds_ready_there);
}

/* ---- R1.10: no interleaving ---- */

enum { CROWD = 20, VISITS = 50 };

/* A room for one task. The fields are plain: only the rule guards them. */
struct room {
    int inside;
    int crowded; /* times that a second task was seen in it */
    int visits;
};

static void leave_room(void *value)
{
    struct room *room = value;

    room->crowded += room->inside != 1;
}

static int visit_briefly(void *arg)
{
    struct room *room = arg;

    room->crowded += room->inside++ != 0;
    room->visits++;
    room->crowded += --room->inside != 0;
    return 0;
}

/* All calls that must not suspend, inside the room. */
static int stay_in_room(struct room *room, miou_promise **promise)
{
    miou_resource *kept, *released;
    miou_orphans *orphans;
    miou_promise *none;
    uint64_t id;
    int ids[4];

    TRY(miou_async(promise, NULL, visit_briefly, room));
    TRY(miou_promise_state(*promise));
    TRY(miou_promise_id(&id, *promise));
    TRY(miou_resource_create(&kept, leave_room, room));
    TRY(miou_own(kept));
    TRY(miou_check(kept));
    TRY(miou_disown(kept));
    TRY(miou_resource_create(&released, leave_room, room));
    TRY(miou_own(released));
    TRY(miou_release(released));
    TRY(miou_orphans_create(&orphans));
    TRY(miou_care(&none, orphans));
    TRY(miou_orphans_take(&none, orphans));
    TRY(miou_orphans_length(orphans));
    TRY(miou_orphans_free(orphans));
    TRY(miou_domain_self());
    TRY(miou_domain_available());
    TRY(miou_domain_all(ids, 4));
    return miou_promise_free(*promise) == -EBUSY ? 0 : -1;
}

static int visit_room(void *arg)
{
    struct room *room = arg;
    miou_promise *promise;
    int i;

    for (i = 0; i < VISITS; i++) {
        room->crowded += room->inside++ != 0;
        room->visits++;
        TRY(stay_in_room(room, &promise));
        room->crowded += --room->inside != 0;
        TRY(i % 2 ? miou_yield() : 0);
        TRY(miou_await(promise, NULL));
        TRY(miou_promise_free(promise));
    }
    return 0;
}

static int crowd_into_room(void *arg)
{
    struct room *room = arg;
    miou_promise *promises[CROWD];
    int i, outcome;

    for (i = 0; i < CROWD; i++)
        TRY(miou_async(&promises[i], NULL, visit_room, room));
    for (i = 0; i < CROWD; i++) {
        TRY(miou_await(promises[i], &outcome));
        TRY(outcome);
    }
    return 0;
}

static void assert_room(int (*run)(miou_task *, void *))
{
    struct room room = {0};

    expect_code(run(crowd_into_room, &room), 0);
    expect_number(room.crowded, 0);
    expect_number(room.visits, 2 * CROWD * VISITS);
}
#define assert_room(...) IN_HELPER(assert_room, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R1.10", one_task_at_a_time_on_dom0)
{
    assert_room(run_here);
}

CHECK("R1.10", one_task_at_a_time_on_another_domain)
{
    assert_room(run_elsewhere);
}

CHECK("R1.10", one_task_at_a_time_with_a_monitor)
{
    assert_room(run_with_monitor);
}

/* ---- R1.13: ten thousand suspended tasks ---- */

enum { MANY = 10000 };

struct many {
    int waiting, ended;
    miou_promise *promises[MANY];
    int values[MANY];
};

struct one {
    struct many *many;
    int number;
};

static int wait_for_all(void *arg)
{
    struct one one = *(struct one *)arg;

    one.many->waiting++;
    while (one.many->waiting < MANY)
        TRY(miou_yield());
    one.many->ended++;
    return one.number;
}

static int spawn_many(void *arg)
{
    struct many *t = arg;
    struct one *ones = calloc(MANY, sizeof *ones);
    int i;

    for (i = 0; ones && i < MANY; i++) {
        ones[i] = (struct one){.many = t, .number = i};
        TRY(miou_async(&t->promises[i], NULL, wait_for_all, &ones[i]));
    }
    for (i = 0; i < MANY; i++)
        TRY(miou_await(t->promises[i], &t->values[i]));
    free(ones);
    return 0;
}

static void assert_many(int (*run)(miou_task *, void *))
{
    struct many *t = calloc(1, sizeof *t);
    int i;

    need_tasks(MANY);
    expect_true(t != NULL);
    expect_code(run(spawn_many, t), 0);
    expect_number(t->ended, MANY);
    for (i = 0; i < MANY; i++) {
        with_index(i);

        expect_number(t->values[i], i);
    }
    free(t);
}
#define assert_many(...) IN_HELPER(assert_many, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R1.13", ten_thousand_on_dom0)
{
    assert_many(run_here);
}

CHECK("R1.13", ten_thousand_on_another_domain)
{
    assert_many(run_elsewhere);
}

/* ---- R1.19: no task starves ---- */

/* Children that the eager task spawns, at most, while the patient one waits. */
enum {
    PATIENCE = 100000,         /* for ten turns, far more than R1.21 allows */
    PATIENCE_TO_READ = 1100000 /* R6.9 allows a million, from when the descriptor is ready */
};

struct starving {
    int most;
    int turns; /* of the patient task */
    bool done;
    int spawned;
    int value;
    struct pair pair;
};

static int be_patient(void *arg)
{
    struct starving *t = arg;

    while (t->turns++ < 10)
        TRY(miou_yield());
    t->done = true;
    return 0;
}

static int be_eager(void *arg)
{
    struct starving *t = arg;
    miou_promise *promise;

    while (!t->done && t->spawned++ < t->most) {
        TRY(miou_async(&promise, NULL, return_0, NULL));
        TRY(miou_await(promise, NULL));
        TRY(miou_promise_free(promise));
    }
    return t->done;
}

/* The eager one begins first. */
static int eager_and_patient(void *arg)
{
    struct starving *t = arg;
    miou_promise *eager, *patient;
    int outcome;

    TRY(miou_async(&eager, NULL, be_eager, t));
    TRY(miou_async(&patient, NULL, be_patient, t));
    TRY(miou_await(patient, NULL));
    TRY(miou_await(eager, &outcome));
    return outcome;
}

static void assert_no_task_starves(int (*run)(miou_task *, void *))
{
    struct starving t = {.most = PATIENCE};

    expect_code(run(eager_and_patient, &t), 1);
}
#define assert_no_task_starves(...) IN_HELPER(assert_no_task_starves, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R1.19", yielding_beside_spawning_on_dom0)
{
    assert_no_task_starves(run_here);
}

CHECK("R1.19", yielding_beside_spawning_on_another_domain)
{
    assert_no_task_starves(run_elsewhere);
}

CHECK("R1.19", yielding_beside_spawning_with_a_monitor)
{
    assert_no_task_starves(run_with_monitor);
}

static int be_patient_for_a_byte(void *arg)
{
    struct starving *t = arg;
    char byte = 0;

    TRY(miou_read(t->pair.fd, &byte, 1));
    t->value = byte;
    t->done = true;
    return 0;
}

/* The byte is sent once the reader waits for it. */
static int send_a_byte(void *arg)
{
    struct starving *t = arg;

    TRY(miou_yield());
    return peer_send(t->pair.peer, "x", 1) == 1 ? 0 : -1;
}

static int eager_and_reading(void *arg)
{
    struct starving *t = arg;
    miou_promise *eager, *patient, *sender;
    int outcome;

    TRY(pair_open(&t->pair, 0));
    TRY(miou_async(&patient, NULL, be_patient_for_a_byte, t));
    TRY(miou_async(&sender, NULL, send_a_byte, t));
    TRY(miou_async(&eager, NULL, be_eager, t));
    TRY(miou_await(eager, &outcome));
    TRY(miou_await(patient, NULL));
    TRY(miou_await(sender, NULL));
    TRY(miou_close(t->pair.fd));
    return outcome;
}

CHECK("R1.19", reading_beside_spawning)
{
    struct starving t = {.most = PATIENCE_TO_READ};

    expect_code(unix_run_with(1, eager_and_reading, &t), 1);
    expect_number(t.value, 'x');
    close(t.pair.peer);
}
