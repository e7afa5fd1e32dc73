/* The event loop that all clients of a crowd share. */
#include "crowd.h"

#include "clock.h"
#include "machine/clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
    EVENTS = 1024,
    ARRIVALS = 64, /* clients that begin before the others have another turn */
    TICK = 5,      /* milliseconds */
    WITNESSES = 2,
    LIMIT = 3600 /* seconds, by the clock: then nothing can be told */
};

struct slot {
    struct client client;
    bool used, watched, queued, holding;
};

struct crowd {
    const struct crowd_plan *plan;
    const struct target *target;
    struct tally *tally;
    struct slot *slots; /* the witnesses, then the others */
    int slot_count;
    struct slot **queue; /* the clients that can act */
    int queued;
    int *free; /* slots */
    int free_count;
    int epoll;
    int begun, present, holding;   /* clients, without the witnesses */
    double start, time, next_tick; /* of the server */
    double give_up;                /* when, by the clock */
    const char *wrong;             /* with the crowd as a whole */
    struct slot *failed;
    bool over;               /* it ends here, and all is well */
    bool closing;            /* the witnesses finish their scripts and go */
    int served[WITNESSES];   /* how often each has been served */
    int expected[WITNESSES]; /* how often each must have been before those that hold go on */
    bool expecting;
};

static void enqueue(struct crowd *crowd, struct slot *slot)
{
    if (!slot->queued)
        crowd->queue[crowd->queued++] = slot;
    slot->queued = true;
}

static bool is_witness(const struct crowd *crowd, const struct slot *slot)
{
    return slot < &crowd->slots[WITNESSES];
}

static void begin_slot(struct crowd *crowd, struct slot *slot, const char *id, int number)
{
    char name[64];

    snprintf(name, sizeof name, "%s %s %d", crowd->plan->name, id, number);
    slot->client.key = random_hash(crowd->target->seed, name);
    slot->client.id = id;
    slot->client.number = number;
    client_begin(&slot->client, crowd->time);
    slot->used = true;
    slot->watched = false;
    crowd->tally->connections++;
    enqueue(crowd, slot);
}

/* ---- The witnesses ---- */

static void begin_witness(struct crowd *crowd, int which)
{
    struct slot *slot = &crowd->slots[which];

    if (which == 0)
        slot->client.script = SCRIPT(STEP(SEND, 64), STEP(AWAIT), STEP(PAUSE, 10),
                                     STEP(AGAIN, ENDLESS), STEP(HALF_CLOSE), STEP(END));
    else
        slot->client.script =
            SCRIPT(STEP(SEND, 100, 40), STEP(AWAIT), STEP(HALF_CLOSE), STEP(END), STEP(PAUSE, 10));
    begin_slot(crowd, slot, which == 0 ? "regular" : "newcomer", crowd->served[which]);
}

/* The regular has been served when it begins another lap, the newcomer when it is done. */
static void note_witness(struct crowd *crowd, int which)
{
    struct client *client = &crowd->slots[which].client;

    if (which == 0 && client->state != DONE) {
        crowd->served[which] = (int)client->laps;
        if (crowd->closing)
            client->script.steps[3].count = client->laps;
    } else if (client->state == DONE) {
        crowd->served[which]++;
    }
}

static bool witnesses_are_served(const struct crowd *crowd)
{
    return crowd->served[0] >= crowd->expected[0] &&
           (crowd->plan->no_newcomers || crowd->served[1] >= crowd->expected[1]);
}

/* Each witness must be served once from beginning to end from now on. As it may be half-way through
 * a turn, that takes two. */
static void expect_service(struct crowd *crowd)
{
    int i;

    for (i = 0; i < WITNESSES; i++)
        crowd->expected[i] = crowd->served[i] + 2;
    crowd->expecting = true;
}

/* ---- The clients ---- */

static bool more_to_come(const struct crowd *crowd)
{
    const struct crowd_plan *plan = crowd->plan;

    return crowd->begun < plan->count &&
           (plan->seconds == 0 || crowd->time < crowd->start + plan->seconds);
}

static void begin_clients(struct crowd *crowd)
{
    int arrivals = ARRIVALS;

    while (crowd->free_count > 0 && arrivals-- > 0 && more_to_come(crowd)) {
        struct slot *slot = &crowd->slots[crowd->free[--crowd->free_count]];
        char name[64];
        uint64_t random;

        snprintf(name, sizeof name, "%s script %d", crowd->plan->name, crowd->begun);
        random = random_hash(crowd->target->seed, name);
        slot->client.script = crowd->plan->script(crowd->begun, &random);
        begin_slot(crowd, slot, crowd->plan->name, crowd->begun++);
        crowd->present++;
    }
}

static void note_client(struct crowd *crowd, struct slot *slot)
{
    if (slot->client.state == DONE) {
        slot->used = false;
        crowd->present--;
        crowd->free[crowd->free_count++] = (int)(slot - crowd->slots);
    }
}

/* Whether all clients that fit are there and hold. */
static bool all_hold(const struct crowd *crowd)
{
    return crowd->present > 0 && crowd->holding == crowd->present &&
           (crowd->free_count == 0 || !more_to_come(crowd));
}

static void release(struct crowd *crowd)
{
    int i;

    for (i = WITNESSES; i < crowd->slot_count; i++)
        if (crowd->slots[i].used && crowd->slots[i].client.state == HOLDING) {
            client_go_on(&crowd->slots[i].client, crowd->time);
            crowd->slots[i].holding = false;
            enqueue(crowd, &crowd->slots[i]);
        }
    crowd->holding = 0;
    crowd->expecting = false;
}

static void check_hold(struct crowd *crowd)
{
    const struct crowd_plan *plan = crowd->plan;
    enum hold hold = HOLD_GOES_ON;

    if (!all_hold(crowd))
        return;
    if (!crowd->expecting) {
        if (plan->at_hold)
            hold = plan->at_hold(plan->context, crowd->tally);
        if (hold == HOLD_IS_WRONG)
            crowd->wrong = crowd->tally->reason;
        crowd->over = hold == HOLD_ENDS_IT;
        crowd->time = clock_of_server();
        expect_service(crowd);
    } else if (witnesses_are_served(crowd)) {
        release(crowd);
    }
}

/* ---- The loop ---- */

static void watch(struct crowd *crowd, struct slot *slot)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = slot};

    if (slot->client.fd < 0)
        slot->watched = false;
    else if (!slot->watched)
        slot->watched = epoll_ctl(crowd->epoll, EPOLL_CTL_ADD, slot->client.fd, &event) == 0 ||
                        client_give_up(&slot->client, errno);
}

static void act(struct crowd *crowd, struct slot *slot)
{
    struct client *client = &slot->client;
    uint64_t bytes = client->sent + client->received;

    if (!slot->used)
        return;
    if (client_act(client, &crowd->target->address, crowd->time))
        enqueue(crowd, slot);
    watch(crowd, slot);
    crowd->tally->bytes += client->sent + client->received - bytes;
    if (client->state == FAILED && !crowd->failed)
        crowd->failed = slot;
    if (is_witness(crowd, slot)) {
        note_witness(crowd, (int)(slot - crowd->slots));
        return;
    }
    crowd->holding += (client->state == HOLDING) - slot->holding;
    slot->holding = client->state == HOLDING;
    note_client(crowd, slot);
}

/* Every client that can act does so, once. */
static void act_all(struct crowd *crowd)
{
    struct slot **queue = crowd->queue;
    int i, count = crowd->queued;

    for (i = 0; i < count; i++)
        queue[i]->queued = false;
    crowd->queue = &queue[count];
    crowd->queued = 0;
    for (i = 0; i < count && !crowd->failed; i++)
        act(crowd, queue[i]);
    memmove(queue, crowd->queue, (size_t)crowd->queued * sizeof *queue);
    crowd->queue = queue;
}

static const char too_long[] = "it takes too long to be told";

static void tick(struct crowd *crowd)
{
    int i;

    for (i = 0; i < crowd->slot_count; i++) {
        struct slot *slot = &crowd->slots[i];

        if (slot->used && client_tick(&slot->client, crowd->time, crowd->target->patience))
            enqueue(crowd, slot);
        if (slot->used && slot->client.state == FAILED && !crowd->failed)
            crowd->failed = slot;
    }
    if (clock_now() > crowd->give_up)
        crowd->wrong = too_long;
    crowd->next_tick = crowd->time + TICK / 1e3;
}

/* Wait until a client can act. Returns whether the queue holds all clients that can. */
static bool wait_for_events(struct crowd *crowd)
{
    bool at_once = crowd->queued > 0 || (crowd->free_count > 0 && more_to_come(crowd));
    struct epoll_event events[EVENTS];
    int i, n = epoll_wait(crowd->epoll, events, EVENTS, at_once ? 0 : TICK);

    for (i = 0; i < n; i++)
        enqueue(crowd, events[i].data.ptr);
    crowd->time = clock_of_server();
    return n < EVENTS;
}

/* The witnesses go after the others. Returns whether everybody has gone. */
static bool all_gone(struct crowd *crowd)
{
    bool alone = crowd->present == 0 && !more_to_come(crowd);
    struct slot *regular = &crowd->slots[0], *newcomer = &crowd->slots[1];

    if (newcomer->used && newcomer->client.state == DONE) {
        newcomer->used = false;
        if (!alone || crowd->served[1] == 0)
            begin_witness(crowd, 1);
    }
    if (alone && !crowd->closing) {
        crowd->closing = true;
        note_witness(crowd, 0);
    }
    return alone && regular->client.state == DONE && !newcomer->used;
}

static void loop(struct crowd *crowd)
{
    bool all;

    begin_witness(crowd, 0);
    if (!crowd->plan->no_newcomers)
        begin_witness(crowd, 1);
    do {
        /* The clients come once the regular has been served. */
        if (crowd->served[0] > 0)
            begin_clients(crowd);
        all = wait_for_events(crowd);
        act_all(crowd);
        if (all && crowd->time >= crowd->next_tick) {
            tick(crowd);
            act_all(crowd);
        }
        check_hold(crowd);
    } while (!crowd->failed && !crowd->wrong && !crowd->over && !all_gone(crowd));
}

/* ---- From beginning to end ---- */

static bool allocate(struct crowd *crowd)
{
    int i;

    crowd->slot_count = crowd->plan->at_once + WITNESSES;
    crowd->slots = calloc((size_t)crowd->slot_count, sizeof *crowd->slots);
    crowd->queue = calloc(2 * (size_t)crowd->slot_count, sizeof(struct slot *));
    crowd->free = calloc((size_t)crowd->slot_count, sizeof *crowd->free);
    crowd->epoll = epoll_create1(EPOLL_CLOEXEC);
    for (i = crowd->slot_count - 1; crowd->free && i >= WITNESSES; i--)
        crowd->free[crowd->free_count++] = i;
    return crowd->slots && crowd->queue && crowd->free && crowd->epoll >= 0;
}

static void add_that_it_may_starve(struct tally *tally)
{
    size_t length = strlen(tally->reason);

    snprintf(tally->reason + length, sizeof tally->reason - length,
             "\n      attack did not start this server, and cannot tell whether it could run");
}

static void judge(struct crowd *crowd)
{
    struct tally *tally = crowd->tally;

    if (crowd->failed) {
        const struct client *client = &crowd->failed->client;

        tally->unknown = client->fault == OUR_FAULT ||
                         (!crowd->target->watched && client_waited_in_vain(client));
        client_explain(client, crowd->target->patience, tally->reason, sizeof tally->reason);
        if (tally->unknown && client->fault != OUR_FAULT)
            add_that_it_may_starve(tally);
    } else if (crowd->wrong != tally->reason) {
        snprintf(tally->reason, sizeof tally->reason, "%s", crowd->wrong);
    }
    tally->unknown =
        tally->unknown || crowd->wrong == too_long || crowd->epoll < 0 || !crowd->slots;
    tally->failed = !tally->unknown;
}

bool crowd_attack(const struct crowd_plan *plan, const struct target *target, struct tally *tally)
{
    struct crowd crowd = {.plan = plan, .target = target, .tally = tally};
    int i;

    crowd.start = crowd.time = clock_of_server();
    crowd.give_up = clock_now() + LIMIT;
    if (!allocate(&crowd))
        crowd.wrong = strerror(errno);
    else
        loop(&crowd);
    for (i = 0; crowd.slots && i < crowd.slot_count; i++)
        if (crowd.slots[i].used)
            client_close(&crowd.slots[i].client);
    if (crowd.failed || crowd.wrong)
        judge(&crowd);
    if (crowd.epoll >= 0)
        close(crowd.epoll);
    free(crowd.slots);
    free(crowd.queue);
    free(crowd.free);
    return !crowd.failed && !crowd.wrong;
}
