/* A liar: every function returns success and does nothing. The other liars are linked with these
 * functions too, which are weak, so that they need only have what they are about. */
#include "miou_sync.h"
#include "miou_unix.h"

#pragma GCC diagnostic ignored "-Wunused-parameter"

#define FUNCTION(result, name, parameters, arguments)                                              \
    __attribute__((weak, visibility("default"))) result miou_##name parameters                     \
    {                                                                                              \
        return (result)0;                                                                          \
    }
#include "driver/interface.def"
