/* counters: a runtime that was compiled with --coverage counts what it executes, and writes the
 * counters when its process ends. Here they are kept apart by tests. */
#ifndef COUNTERS_H
#define COUNTERS_H

enum { COUNTERS_GRACE = 10 /* seconds in which a process that hangs may write its counters */ };

/* Make a directory for counters, or find it empty, and make its path absolute. Returns why neither
 * is possible, as one line, to be freed; NULL: it is there. */
char *counters_need_directory(const char **path);

/* The variable of struct command for a process whose counters belong in directory/name; to be
 * freed. NULL, if directory is NULL: the process may leave them where it likes. */
char *counters_variable(const char *directory, const char *name);

#endif
