/* keep_counters: what a library that was compiled with --coverage has counted is not lost if its
 * process crashes, aborts, calls _exit or is ended since it hangs. */
#ifndef KEEP_COUNTERS_H
#define KEEP_COUNTERS_H

/* Keep the counters of the library at path, whether it is open or will be, in a process whose
 * counters are kept apart by GCOV_PREFIX; in others it does nothing. Changes the actions of the
 * signals of a crash. */
void keep_counters(const char *path);

/* For a process that waits for another one, which keeps its counters: it does not end when a hang
 * is ended. Nothing, without GCOV_PREFIX. */
void outlive_keeping(void);

#endif
