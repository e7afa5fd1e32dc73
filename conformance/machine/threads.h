/* threads: those of this process. */
#ifndef THREADS_H
#define THREADS_H

/* How many threads this process has; -1: that cannot be seen. One that was just joined may be
 * counted for a moment yet. */
int threads_running(void);

#endif
