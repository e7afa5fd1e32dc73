/* station: a monitor for the checks, on a semaphore. */
#include "station.h"

#include <errno.h>
#include <sched.h>

/* ---- the monitor ---- */

static int create(void **state, int domain, void *arg)
{
    struct stations *stations = arg;
    struct station *station = &stations->at[domain];

    if (domain > 0 && domain == stations->create_fails_on)
        return -EIO;
    station->domain = domain;
    station->maker = pthread_self();
    if (sem_init(&station->bell, 0, 0) != 0)
        return -errno;
    stations->made++;
    *state = station;
    return 0;
}

static bool anyone_called(const struct station *station)
{
    const struct passenger *passenger;

    for (passenger = station->passengers; passenger; passenger = passenger->next)
        if (atomic_load(&passenger->called))
            return true;
    return false;
}

/* One that cannot be signalled has been cancelled, and will be reported. */
static void let_go(struct station *station)
{
    struct passenger **place = &station->passengers, *passenger;

    while ((passenger = *place)) {
        if (!atomic_load(&passenger->called) || miou_signal(passenger->point) != 0) {
            place = &passenger->next;
            continue;
        }
        *place = passenger->next;
        atomic_store(&passenger->waits, false);
    }
}

static int select_passengers(void *state, int block)
{
    struct station *station = state;

    station->late += station->finalised;
    station->together += atomic_exchange(&station->selecting, true);
    station->beside += atomic_load(&station->runs);
    *(block ? &station->sleeps : &station->looks) += 1;
    station->dozes += block && atomic_load(&station->busy);
    if (block && !station->select_fails && !anyone_called(station)) {
        atomic_store(&station->asleep, true);
        while (sem_wait(&station->bell) != 0)
            ; /* a signal of the system is no interrupt */
        station->woken++;
        atomic_store(&station->asleep, false);
    }
    let_go(station);
    atomic_store(&station->selecting, false);
    return station->select_fails;
}

void station_ring(struct station *station)
{
    station->rung++;
    sem_post(&station->bell);
}

static void interrupt(void *state)
{
    struct station *station = state;

    station->late += station->finalised;
    station->interrupts++;
    station_ring(station);
}

static void cancelled(void *state, miou_syscall *point)
{
    struct station *station = state;
    struct passenger **place = &station->passengers;

    station->late += station->finalised;
    station->cancelled++;
    while (*place && (*place)->point != point)
        place = &(*place)->next;
    if (*place)
        *place = (*place)->next;
    else
        station->strange++;
}

static void finalise(void *state)
{
    struct station *station = state;
    struct stations *stations = (struct stations *)(station - station->domain);

    station->finalised++; /* the bell stays: a thread may be about to ring it */
    if (stations->finalised)
        stations->finalised(station);
}

int station_run(struct stations *stations, int domains, miou_task *fn, void *arg)
{
    miou_monitor monitor = {.create = create,
                            .select = select_passengers,
                            .interrupt = interrupt,
                            .cancelled = stations->quietly ? NULL : cancelled,
                            .finalise = finalise,
                            .arg = stations};

    _Static_assert(offsetof(struct stations, at) == 0, "finalise finds all by one");
    return run_by(miou_run, &(miou_options){.domains = domains, .monitor = &monitor}, fn, arg);
}

/* ---- the passengers ---- */

void passenger_enter(void *arg)
{
    struct passenger *passenger = arg;
    struct station *station = passenger->station;

    passenger->next = station->passengers;
    station->passengers = passenger;
    atomic_store(&passenger->waits, true);
}

int passenger_wait(struct passenger *passenger)
{
    passenger->station = miou_monitor_state();
    TRY(miou_syscall_create(&passenger->point));
    return miou_suspend(passenger->point, passenger_enter, passenger);
}

void station_run_alone(int round)
{
    struct station *station = miou_monitor_state();

    atomic_store(&station->runs, true);
    dawdle(round);
    atomic_store(&station->runs, false);
}

int passenger_task(void *passenger)
{
    return passenger_wait(passenger);
}

void passenger_call(struct passenger *passenger)
{
    atomic_store(&passenger->called, true);
    if (atomic_load(&passenger->waits))
        station_ring(passenger->station);
}

/* Both counts only grow, and what was heard is never more than what was rung. So if what was heard
 * first equals what was rung last, select had nothing left to hear while it was seen asleep. */
int until_fast_asleep(const struct station *station)
{
    int woken, rung;
    bool asleep;

    for (;;) {
        woken = atomic_load(&station->woken);
        asleep = atomic_load(&station->asleep);
        rung = atomic_load(&station->rung);
        if (asleep && rung == woken)
            return rung;
        sched_yield();
    }
}

void(stations_assert_sound)(const struct stations *stations, int domains)
{
    int i;

    expect_number(stations->made, domains + 1);
    for (i = 0; i <= domains; i++) {
        with_index(i);
        const struct station *station = &stations->at[i];

        expect_number(station->strange, 0);
        expect_number(station->beside, 0);
        expect_number(station->together, 0);
        expect_number(station->late, 0);
        expect_number(station->finalised, 1);
    }
}
