/* The event loop that all clients share. */
#include "crowd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum {
    EVENTS = 1024,
    ARRIVALS = 64, /* that come before the others have another turn */
    TICK = 5,      /* milliseconds */
    WITNESSES = 2,
    LIMIT = 12 /* a crowd may take so many times the patience */
};

struct slot {
    struct client client;
    bool used, watched, queued, holding;
};

struct run {
    const struct crowd *crowd;
    const struct target *target;
    struct tally *tally;
    struct slot *slots; /* the witnesses, then the others */
    int slot_count;
    struct slot **queue; /* those that can act */
    int queued;
    int *free; /* slots */
    int free_count;
    int epoll;
    int begun, present, holding; /* of the clients */
    double start, time, next_tick;
    const char *wrong; /* the crowd itself */
    struct slot *failed;
    bool closing;            /* the witnesses come to their end */
    int served[WITNESSES];   /* how often */
    int expected[WITNESSES]; /* how often before all that hold may go on */
    bool expecting;
};

double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void enqueue(struct run *run, struct slot *slot)
{
    if (!slot->queued)
        run->queue[run->queued++] = slot;
    slot->queued = true;
}

static bool is_witness(const struct run *run, const struct slot *slot)
{
    return slot < &run->slots[WITNESSES];
}

static void begin(struct run *run, struct slot *slot, const char *id, int number)
{
    char name[64];

    snprintf(name, sizeof name, "%s %s %d", run->crowd->name, id, number);
    slot->client.key = random_hash(run->target->seed, name);
    slot->client.id = id;
    slot->client.number = number;
    client_begin(&slot->client, run->time);
    slot->used = true;
    slot->watched = false;
    run->tally->connections++;
    enqueue(run, slot);
}

/* ---- The witnesses ---- */

static void begin_witness(struct run *run, int which)
{
    struct slot *slot = &run->slots[which];

    if (which == 0)
        slot->client.script = SCRIPT(STEP(SEND, 64), STEP(AWAIT), STEP(PAUSE, 10),
                                     STEP(AGAIN, ENDLESS), STEP(HALF_CLOSE), STEP(END));
    else
        slot->client.script =
            SCRIPT(STEP(SEND, 100, 40), STEP(AWAIT), STEP(HALF_CLOSE), STEP(END), STEP(PAUSE, 10));
    begin(run, slot, which == 0 ? "regular" : "newcomer", run->served[which]);
}

/* The regular has been served when it begins another lap, the newcomer when it has done. */
static void note_witness(struct run *run, int which)
{
    struct client *client = &run->slots[which].client;

    if (which == 0 && client->state != DONE) {
        run->served[which] = (int)client->laps;
        if (run->closing)
            client->script.steps[3].count = client->laps;
    } else if (client->state == DONE) {
        run->served[which]++;
    }
}

static bool witnesses_have_served(const struct run *run)
{
    return run->served[0] >= run->expected[0] &&
           (run->crowd->no_newcomers || run->served[1] >= run->expected[1]);
}

/* One turn of each that began from now on, whatever it is doing. */
static void expect_service(struct run *run)
{
    int i;

    for (i = 0; i < WITNESSES; i++)
        run->expected[i] = run->served[i] + 2;
    run->expecting = true;
}

/* ---- The clients ---- */

static bool more_to_come(const struct run *run)
{
    const struct crowd *crowd = run->crowd;

    return run->begun < crowd->count &&
           (crowd->seconds == 0 || run->time < run->start + crowd->seconds);
}

static void begin_clients(struct run *run)
{
    int arrivals = ARRIVALS;

    while (run->free_count > 0 && arrivals-- > 0 && more_to_come(run)) {
        struct slot *slot = &run->slots[run->free[--run->free_count]];
        char name[64];
        uint64_t random;

        snprintf(name, sizeof name, "%s script %d", run->crowd->name, run->begun);
        random = random_hash(run->target->seed, name);
        slot->client.script = run->crowd->script(run->begun, &random);
        begin(run, slot, run->crowd->name, run->begun++);
        run->present++;
    }
}

static void note_client(struct run *run, struct slot *slot)
{
    if (slot->client.state == DONE) {
        slot->used = false;
        run->present--;
        run->free[run->free_count++] = (int)(slot - run->slots);
    }
}

/* Everybody who can be there is, and holds. */
static bool all_hold(const struct run *run)
{
    return run->present > 0 && run->holding == run->present &&
           (run->free_count == 0 || !more_to_come(run));
}

static void release(struct run *run)
{
    int i;

    for (i = WITNESSES; i < run->slot_count; i++)
        if (run->slots[i].used && run->slots[i].client.state == HOLDING) {
            client_go_on(&run->slots[i].client, run->time);
            run->slots[i].holding = false;
            enqueue(run, &run->slots[i]);
        }
    run->holding = 0;
    run->expecting = false;
}

static void check_hold(struct run *run)
{
    if (!all_hold(run))
        return;
    if (!run->expecting) {
        if (run->crowd->at_hold && !run->crowd->at_hold(run->crowd->context, run->tally))
            run->wrong = run->tally->reason;
        run->time = now();
        expect_service(run);
    } else if (witnesses_have_served(run)) {
        release(run);
    }
}

/* ---- The loop ---- */

static void watch(struct run *run, struct slot *slot)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = slot};

    if (slot->client.fd < 0)
        slot->watched = false;
    else if (!slot->watched)
        slot->watched = epoll_ctl(run->epoll, EPOLL_CTL_ADD, slot->client.fd, &event) == 0;
}

static void act(struct run *run, struct slot *slot)
{
    struct client *client = &slot->client;
    uint64_t bytes = client->sent + client->received;

    if (!slot->used)
        return;
    if (client_act(client, &run->target->address, run->time))
        enqueue(run, slot);
    watch(run, slot);
    run->tally->bytes += client->sent + client->received - bytes;
    if (client->state == FAILED && !run->failed)
        run->failed = slot;
    if (is_witness(run, slot)) {
        note_witness(run, (int)(slot - run->slots));
        return;
    }
    run->holding += (client->state == HOLDING) - slot->holding;
    slot->holding = client->state == HOLDING;
    note_client(run, slot);
}

/* Whoever can act does, once. */
static void act_all(struct run *run)
{
    struct slot **queue = run->queue;
    int i, count = run->queued;

    for (i = 0; i < count; i++)
        queue[i]->queued = false;
    run->queue = &queue[count];
    run->queued = 0;
    for (i = 0; i < count && !run->failed; i++)
        act(run, queue[i]);
    memmove(queue, run->queue, (size_t)run->queued * sizeof *queue);
    run->queue = queue;
}

static void tick(struct run *run)
{
    int i;

    for (i = 0; i < run->slot_count; i++) {
        struct slot *slot = &run->slots[i];

        if (slot->used && client_tick(&slot->client, run->time, run->target->patience))
            enqueue(run, slot);
        if (slot->used && slot->client.state == FAILED && !run->failed)
            run->failed = slot;
    }
    if (run->time - run->start > LIMIT * run->target->patience + run->crowd->seconds)
        run->wrong = "it takes far too long";
    run->next_tick = run->time + TICK / 1e3;
}

/* Wait until somebody can act. Returns whether that was everybody who can. */
static bool wait_for_events(struct run *run)
{
    bool at_once = run->queued > 0 || (run->free_count > 0 && more_to_come(run));
    struct epoll_event events[EVENTS];
    int i, n = epoll_wait(run->epoll, events, EVENTS, at_once ? 0 : TICK);

    for (i = 0; i < n; i++)
        enqueue(run, events[i].data.ptr);
    run->time = now();
    return n < EVENTS;
}

/* The witnesses end when the others have. */
static bool finished(struct run *run)
{
    bool alone = run->present == 0 && !more_to_come(run);
    struct slot *regular = &run->slots[0], *newcomer = &run->slots[1];

    if (newcomer->used && newcomer->client.state == DONE) {
        newcomer->used = false;
        if (!alone || run->served[1] == 0)
            begin_witness(run, 1);
    }
    if (alone && !run->closing) {
        run->closing = true;
        note_witness(run, 0);
    }
    return alone && regular->client.state == DONE && !newcomer->used;
}

static void loop(struct run *run)
{
    bool all;

    begin_witness(run, 0);
    if (!run->crowd->no_newcomers)
        begin_witness(run, 1);
    do {
        /* The clients come when the regular is at home. */
        if (run->served[0] > 0)
            begin_clients(run);
        all = wait_for_events(run);
        act_all(run);
        if (all && run->time >= run->next_tick) {
            tick(run);
            act_all(run);
        }
        check_hold(run);
    } while (!run->failed && !run->wrong && !finished(run));
}

/* ---- From beginning to end ---- */

static bool allocate(struct run *run)
{
    int i;

    run->slot_count = run->crowd->at_once + WITNESSES;
    run->slots = calloc((size_t)run->slot_count, sizeof *run->slots);
    run->queue = calloc(2 * (size_t)run->slot_count, sizeof(struct slot *));
    run->free = calloc((size_t)run->slot_count, sizeof *run->free);
    run->epoll = epoll_create1(EPOLL_CLOEXEC);
    for (i = run->slot_count - 1; run->free && i >= WITNESSES; i--)
        run->free[run->free_count++] = i;
    return run->slots && run->queue && run->free && run->epoll >= 0;
}

static void judge(struct run *run)
{
    struct tally *tally = run->tally;

    if (run->failed) {
        const struct client *client = &run->failed->client;

        tally->unknown = client->fault == OUR_FAULT;
        client_explain(client, run->target->patience, tally->reason, sizeof tally->reason);
    } else if (run->wrong != tally->reason) {
        snprintf(tally->reason, sizeof tally->reason, "%s", run->wrong);
    }
    tally->unknown = tally->unknown || run->epoll < 0 || !run->slots;
    tally->failed = !tally->unknown;
}

bool crowd_run(const struct crowd *crowd, const struct target *target, struct tally *tally)
{
    struct run run = {.crowd = crowd, .target = target, .tally = tally};
    int i;

    run.start = run.time = now();
    if (!allocate(&run))
        run.wrong = strerror(errno);
    else
        loop(&run);
    for (i = 0; run.slots && i < run.slot_count; i++)
        if (run.slots[i].used)
            client_close(&run.slots[i].client);
    if (run.failed || run.wrong)
        judge(&run);
    if (run.epoll >= 0)
        close(run.epoll);
    free(run.slots);
    free(run.queue);
    free(run.free);
    return !run.failed && !run.wrong;
}
