/* A liar: every function returns the same error. */
#include "liar.h"

#include <errno.h>

#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wint-to-pointer-cast"

#define FUNCTION(result, name, parameters, arguments)                                              \
    EXPORT result miou_##name parameters                                                           \
    {                                                                                              \
        return (result)-EINVAL;                                                                    \
    }
#include "driver/interface.def"
