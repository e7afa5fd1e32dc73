/* clock: how long things take. No verdict depends on it. */
#ifndef CLOCK_H
#define CLOCK_H

/* Seconds since some moment in the past; the clock is never set. */
double clock_now(void);

#endif
