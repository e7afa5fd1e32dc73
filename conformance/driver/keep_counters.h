/* keep_counters: what a library that was compiled with --coverage has counted is not lost if its
 * process crashes, aborts or calls _exit. */
#ifndef KEEP_COUNTERS_H
#define KEEP_COUNTERS_H

/* To be called when the library at path is open, in a process whose counters are kept apart by
 * GCOV_PREFIX; in others it does nothing. Changes the actions of the signals of a crash. */
void keep_counters(const char *path);

#endif
