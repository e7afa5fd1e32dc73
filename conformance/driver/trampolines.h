/* trampolines: miou.h's functions for programs that are linked without a runtime. Each passes its
 * arguments on to the same function of the library that trampolines_open opened. */
#ifndef TRAMPOLINES_H
#define TRAMPOLINES_H

/* Open the runtime library at path; to be called once, before any function of the interface. A
 * function that the library lacks, or that returns -ENOSYS and is not a run, calls absent, on the
 * thread and stack of its caller; absent must not return. If absent is NULL, the function returns
 * -ENOSYS. Returns NULL, or why the library cannot be opened. */
const char *trampolines_open(const char *path, void (*absent)(const char *name));

#endif
