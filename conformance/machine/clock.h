/* clock: how long things take. No verdict depends on it. */
#ifndef CLOCK_H
#define CLOCK_H

/* Seconds since some moment in the past; the clock is never set. */
double clock_now(void);

/* Seconds of processor time that this thread has used. */
double clock_used(void);

#endif
