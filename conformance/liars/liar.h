/* liar.h: what the liars share. A liar is a runtime that is worthless in one way. None of them may
 * deceive the suite. */
#ifndef LIAR_H
#define LIAR_H

#include "miou_sync.h"
#include "miou_server.h"

#define EXPORT __attribute__((visibility("default")))

/* miou_run and miou_unix_run with the same body, which follows this macro. */
#define RUN                                                                                        \
    static int lie(const miou_options *options, miou_task *fn, void *arg);                         \
    EXPORT int miou_run(const miou_options *options, miou_task *fn, void *arg)                     \
    {                                                                                              \
        return lie(options, fn, arg);                                                              \
    }                                                                                              \
    EXPORT int miou_unix_run(const miou_options *options, miou_task *fn, void *arg)                \
    {                                                                                              \
        return lie(options, fn, arg);                                                              \
    }                                                                                              \
    static int lie(__attribute__((unused)) const miou_options *options,                            \
                   __attribute__((unused)) miou_task *fn, __attribute__((unused)) void *arg)

#endif
