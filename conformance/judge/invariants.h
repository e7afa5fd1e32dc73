/* invariants: the rules that hold for every program, one file a chapter. A finding names its rule.
 */
#ifndef INVARIANTS_H
#define INVARIANTS_H

#include "inquiry.h"

/* Check all of them on a whole trace. */
void check_invariants(struct inquiry *inquiry);

struct promises;

/* ---- 1 Running ---- */

void check_turns(struct inquiry *inquiry);
void check_main(struct inquiry *inquiry);

/* ---- 2 Children ---- */

/* False, after a finding: a task has not ended, so that the others below cannot be checked. */
bool check_all_ended(struct inquiry *inquiry);
void check_refused_spawns(struct inquiry *inquiry);

/* Check an operation on single promises. Returns whether it is one. */
bool check_promise(struct promises *promises, int did);

void check_ends(struct inquiry *inquiry);      /* needs the last events of the lives */
void check_stopped(struct inquiry *inquiry);   /* needs to know who is condemned */
void check_forgotten(struct inquiry *inquiry); /* needs to know who is condemned, and the leaks */

/* ---- 3 Orphans ---- */

void check_orphanages(struct inquiry *inquiry); /* needs the last events */

/* ---- 4 Domains ---- */

void check_placement(struct inquiry *inquiry);
void check_domains(struct inquiry *inquiry);
void check_parallel(struct promises *promises, int did);

/* ---- 5 Ownership ---- */

void check_resources(struct inquiry *inquiry);       /* needs the operations on promises */
void check_finaliser_order(struct inquiry *inquiry); /* needs the last events */
void check_leaks(struct inquiry *inquiry);           /* needs the resources */

/* ---- 6 Unix I/O ---- */

void check_descriptors(struct inquiry *inquiry);

/* ---- 8 Combinators ---- */

/* Check an operation on several promises, or state, if it is one. */
void check_combinator(struct promises *promises, int did);

/* ---- 9 Synchronisation, 10 Time, 13 Deadlock and choices, 14 Servers ---- */

void check_shared(struct inquiry *inquiry);
void check_sleeps(struct inquiry *inquiry);
void check_deadlock(struct inquiry *inquiry); /* needs to know who is condemned */
void check_choices(struct inquiry *inquiry);
bool check_last_choice(struct inquiry *inquiry); /* also for the oracle, which has no choices */
void check_deadlines(struct inquiry *inquiry);

/* Whether the last answer to a choice was out of range, which ends the run. */
bool is_answered_beyond(const struct trace *trace);

#endif
