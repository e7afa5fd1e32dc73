/* unix.h: a descriptor, as the runtime keeps it. */
#ifndef REF_UNIX_H
#define REF_UNIX_H

#include "miou.h"
#include "pool.h"

#include <stdbool.h>

struct descriptor {
    struct slot slot;
    int number;              /* the system's */
    bool drained;            /* the last read took all there was */
    miou_resource *resource; /* NULL: not owned, by whomever */
};

#endif
