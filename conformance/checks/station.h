/* station: a monitor for the checks, which sleeps on a semaphore and counts its calls. Tasks wait
 * at the station of their domain, as passengers, until a thread calls them.
 *
 * Nothing here asserts but the function that says so. */
#ifndef STATION_H
#define STATION_H

#include "tasks.h"

#include <pthread.h>
#include <semaphore.h>

struct passenger {
    struct station *station; /* where it waits; set once it does */
    miou_syscall *point;
    atomic_bool waits;  /* it is suspended */
    atomic_bool called; /* it is to go on */
    struct passenger *next;
};

/* The state of one domain's monitor. Any thread may read the counters. */
struct station {
    int domain;
    pthread_t maker;
    sem_t bell;
    struct passenger *passengers;
    atomic_int looks, sleeps; /* calls of select with block 0 and 1 */
    atomic_bool asleep;       /* it sleeps now, or is about to */
    atomic_int interrupts;
    atomic_int rung;      /* how often its bell has been rung, by interrupt or for a passenger */
    atomic_int woken;     /* how often select has heard it */
    atomic_int cancelled; /* passengers that have been cancelled */
    atomic_int strange;   /* points reported as cancelled that do not wait here */
    atomic_int finalised;
    atomic_int late;         /* calls after it was finalised */
    atomic_bool busy;        /* set by the check while a task of the domain is always ready */
    atomic_int dozes;        /* calls of select with block 1, meanwhile */
    atomic_bool runs;        /* set by the check while a task of the domain runs */
    atomic_int beside;       /* calls of select, meanwhile */
    atomic_bool selecting;   /* select is being called */
    atomic_int together;     /* further calls of select, meanwhile */
    atomic_int select_fails; /* what select returns */
};

enum { STATIONS = 8 };

/* The stations of one run; zeroed at first. */
struct stations {
    struct station at[STATIONS];
    atomic_int made;
    int create_fails_on; /* this domain, from 1 on, with -EIO; 0: none */
    bool quietly;        /* the monitor has no function for what is cancelled */
    void (*finalised)(struct station *station); /* called last in finalise, if set */
};

/* miou_run with stations. */
int station_run(struct stations *stations, int domains, miou_task *fn, void *arg);

/* In a task: wait at the station of this domain until called. Returns as miou_suspend. */
int passenger_wait(struct passenger *passenger);

/* What it does when it is suspended, if it does so by itself: the station and the point are set. */
void passenger_enter(void *passenger);

/* Ring the bell of a domain, from any thread. */
void station_ring(struct station *station);

/* Call a passenger that waits or will wait, from any thread. */
void passenger_call(struct passenger *passenger);

/* Wait until a domain sleeps in select and nothing that came before can wake it. Returns how often
 * its bell had been rung by then. It holds up the domain of the caller. */
int until_fast_asleep(const struct station *station);

/* In a task: run for a moment in which select must not be called. */
void station_run_alone(int round);

/* A task that waits, its argument a passenger; returns what passenger_wait returns. */
int passenger_task(void *passenger);

/* Assert what holds for all stations, however the run ended: each was finalised once, and not used
 * afterwards; nothing strange happened; select was called between tasks, and not twice at once. */
void stations_assert_sound(const struct stations *stations, int domains);
#define stations_assert_sound(...) IN_HELPER(stations_assert_sound, (__VA_ARGS__), #__VA_ARGS__)

#endif
