/* error.c: the text of each error. */
#include "miou_server.h"

#include <string.h>

/* The system's text of an error, the same in every locale where the C library has such a text. */
static const char *system_text(int error)
{
#ifdef __GLIBC_PREREQ
#define HAS_FIXED_TEXTS __GLIBC_PREREQ(2, 32)
#else
#define HAS_FIXED_TEXTS 0
#endif
#if HAS_FIXED_TEXTS
    return strerrordesc_np(error);
#else
    return strerror(error);
#endif
}

const char *miou_strerror(int error)
{
    const char *text;

    switch (error) {
    case 0:
        return "success";
    case MIOU_STILL_HAS_CHILDREN:
        return "still has children";
    case MIOU_RESOURCE_LEAKED:
        return "resource leaked";
    case MIOU_NOT_A_CHILD:
        return "not a child";
    case MIOU_NOT_OWNER:
        return "not owner";
    case MIOU_NO_DOMAIN_AVAILABLE:
        return "no domain available";
    case MIOU_CANCELLED:
        return "cancelled";
    case MIOU_IN_FINALISER:
        return "in finaliser";
    case MIOU_NOT_RUNNING:
        return "not running";
    case MIOU_NO_MONITOR:
        return "no monitor";
    case MIOU_DEADLOCK:
        return "deadlock";
    case MIOU_UNDEFINED:
        return "undefined";
    case MIOU_END_OF_FILE:
        return "end of file";
    case MIOU_ON_CANCELLATION_FAILED:
        return "on cancellation failed";
    case MIOU_EXPIRED:
        return "expired";
    }
    text = error < 0 && error > -4096 ? system_text(-error) : NULL;
    return text != NULL ? text : "unknown error";
}
