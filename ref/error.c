/* error.c: errors in words. */
#include "miou.h"

#include <string.h>

const char *miou_strerror(int error)
{
    const char *text;

    switch (error) {
    case MIOU_STILL_HAS_CHILDREN:
        return "still has children: a task forgot to await or cancel a child";
    case MIOU_RESOURCE_LEAKED:
        return "resource leaked: a task ended and still owned a resource";
    case MIOU_NOT_A_CHILD:
        return "not a child of the calling task";
    case MIOU_NOT_OWNER:
        return "the calling task does not own the resource";
    case MIOU_NO_DOMAIN_AVAILABLE:
        return "no domain available for the task";
    case MIOU_CANCELLED:
        return "cancelled";
    case MIOU_IN_FINALISER:
        return "not allowed in a finaliser";
    case MIOU_NOT_RUNNING:
        return "called from outside a run";
    case MIOU_NO_MONITOR:
        return "the run has no monitor to wait for the system with";
    }
    text = error <= 0 && error > -4096 ? strerrordesc_np(-error) : NULL;
    return text != NULL ? text : "unknown error";
}
