/* Rule R13.11: steered runs whose tasks wait for the system. */
#include "answers.h"
#include "sockets.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

enum { DOMAINS = 3 };

/* ---- Descriptors ---- */

struct reader {
    int number; /* of a pipe's end */
    int domain;
    char byte;
};

struct readers {
    struct reader of[DOMAINS];
    int ends[DOMAINS];
    sem_t waiting;
};

static int read_a_byte(void *arg)
{
    struct reader *t = arg;
    miou_fd *fd;

    NOTE(t->domain, miou_domain_self());
    TRY(miou_fd_adopt(&fd, t->number, 0));
    TRY(miou_read(fd, &t->byte, 1));
    return miou_close(fd);
}

static int read_everywhere(void *arg)
{
    struct readers *t = arg;
    miou_promise *promises[DOMAINS];
    int i, outcomes[DOMAINS];

    for (i = 0; i < DOMAINS; i++)
        TRY(spawn_on(i, &promises[i], read_a_byte, &t->of[i]));
    TRY(let_others_run());
    sem_post(&t->waiting);
    TRY(miou_await_all(outcomes, promises, DOMAINS));
    for (i = 0; i < DOMAINS; i++)
        TRY(outcomes[i]);
    return 0;
}

/* A thread of the check, since no task can go on. The last domain gets its byte first. */
static void *write_everywhere(void *arg)
{
    struct readers *t = arg;
    int i;

    while (sem_wait(&t->waiting) < 0)
        ;
    for (i = DOMAINS - 1; i >= 0; i--)
        if (write(t->ends[i], "abc" + i, 1) != 1)
            break;
    return NULL;
}

static void check_descriptors(miou_choose *choose)
{
    struct answers answers = {0};
    struct readers t = {0};
    pthread_t thread;
    int i, ends[2];

    sem_init(&t.waiting, 0, 0);
    for (i = 0; i < DOMAINS; i++) {
        with_index(i);

        expect_number(pipe(ends), 0);
        t.of[i].number = ends[0];
        t.ends[i] = ends[1];
    }
    start_thread(&thread, write_everywhere, &t);
    expect_code(steer(miou_unix_run, DOMAINS - 1, choose, &answers, read_everywhere, &t), 0);
    expect_number(pthread_join(thread, NULL), 0);
    for (i = 0; i < DOMAINS; i++) {
        with_index(i);

        expect_noted(t.of[i].domain, i);
        expect_number(t.of[i].byte, "abc"[i]);
        close(t.ends[i]);
    }
    sem_destroy(&t.waiting);
}
#define check_descriptors(...) IN_HELPER(check_descriptors, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R13.11", tasks_of_steered_runs_wait_for_descriptors)
{
    check_descriptors(answer_0);
    check_descriptors(answer_the_last);
}

/* ---- A monitor of the user's ---- */

/* A monitor on which one task of its domain waits until no other task can go on. */
struct waiting_room {
    miou_syscall *point;
    int waited; /* how often it was signalled */
};

static int room_create(void **state, int domain, void *rooms)
{
    *state = (struct waiting_room *)rooms + domain;
    return 0;
}

static int room_select(void *state, int block)
{
    struct waiting_room *room = state;

    if (block && room->point) {
        miou_signal(room->point);
        room->point = NULL;
        room->waited++;
    }
    return 0;
}

static void room_forget(void *state)
{
    (void)state;
}

static int wait_in_the_room(void *arg)
{
    struct waiting_room *room = miou_monitor_state();
    int i;

    (void)arg;
    for (i = 0; i < 3; i++) {
        TRY(miou_syscall_create(&room->point));
        TRY(miou_suspend(room->point, NULL, NULL));
    }
    return 0;
}

static int wait_in_all_rooms(void *arg)
{
    miou_promise *promises[DOMAINS];
    int i, outcomes[DOMAINS];

    (void)arg;
    for (i = 0; i < DOMAINS; i++)
        TRY(spawn_on(i, &promises[i], wait_in_the_room, NULL));
    TRY(miou_await_all(outcomes, promises, DOMAINS));
    for (i = 0; i < DOMAINS; i++)
        TRY(outcomes[i]);
    return 0;
}

static void check_monitor(miou_choose *choose)
{
    struct waiting_room rooms[DOMAINS] = {{0}};
    miou_monitor monitor = {.create = room_create,
                            .select = room_select,
                            .interrupt = room_forget,
                            .finalise = room_forget,
                            .arg = rooms};
    struct answers answers = {.running = true};
    miou_options options = {
        .domains = DOMAINS - 1, .choose = choose, .choose_state = &answers, .monitor = &monitor};
    int i;

    expect_code(run_by(miou_run, &options, wait_in_all_rooms, NULL), 0);
    for (i = 0; i < DOMAINS; i++) {
        with_index(i);

        expect_number(rooms[i].waited, 3);
    }
}
#define check_monitor(...) IN_HELPER(check_monitor, (__VA_ARGS__), #__VA_ARGS__)

CHECK("R13.11", tasks_of_steered_runs_are_suspended_on_monitors)
{
    check_monitor(answer_0);
    check_monitor(answer_the_last);
}
