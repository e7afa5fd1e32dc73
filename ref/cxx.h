/* cxx.h: the exceptions that a C++ task is handling. The C++ runtime keeps them for each thread;
 * here each task has its own, and so has the caller of the run. Without a C++ runtime in the
 * process this costs a test. */
#ifndef REF_CXX_H
#define REF_CXX_H

#include "context.h"

#include <stdbool.h>
#include <stddef.h>

/* As the Itanium C++ ABI has it. */
struct cxx_exceptions {
    void *caught;
    unsigned uncaught;
};

#ifdef CXX_UNUSED /* a fuzz target: its engine is written in C++, but no task is */
#define __cxa_get_globals ((struct cxx_exceptions * (*)(void)) NULL)
#else
extern struct cxx_exceptions *__cxa_get_globals(void) __attribute__((weak));
#endif

/* A task begins: it handles none. */
static inline void cxx_begin(void)
{
    if (__builtin_expect(__cxa_get_globals != NULL, false))
        *__cxa_get_globals() = (struct cxx_exceptions){NULL, 0};
}

/* context_switch, which keeps them apart. */
static inline __attribute__((always_inline)) void cxx_switch(struct context *self,
                                                             struct context *to)
{
    struct cxx_exceptions mine;

    if (__builtin_expect(__cxa_get_globals == NULL, true)) {
        context_switch(self, to);
    } else {
        mine = *__cxa_get_globals();
        context_switch(self, to);
        *__cxa_get_globals() = mine;
    }
}

#endif
