/* A liar: every function returns success and does nothing. These functions are weak and
 * linked into the other liars too, so that each defines only what it needs. */
#include "miou_sync.h"
#include "miou_unix.h"

#pragma GCC diagnostic ignored "-Wunused-parameter"

#define FUNCTION(result, name, parameters, arguments)                                              \
    __attribute__((weak, visibility("default"))) result miou_##name parameters                     \
    {                                                                                              \
        return (result)0;                                                                          \
    }
#include "driver/interface.def"
