/* annotate.h: tells valgrind's tools what they cannot see: stacks, and the order that atomic
 * operations establish between threads. Outside valgrind this costs a few idle instructions. */
#ifndef REF_ANNOTATE_H
#define REF_ANNOTATE_H

#if defined(__has_include)
#if __has_include(<valgrind/helgrind.h>)
#include <valgrind/helgrind.h>
#define ANNOTATE_STACK(from, to) VALGRIND_STACK_REGISTER(from, to)
#define ANNOTATE_NO_STACK(number)                                                                  \
    do {                                                                                           \
        (void)(number); /* there are machines without valgrind */                                  \
        VALGRIND_STACK_DEREGISTER(number);                                                         \
    } while (0)
#define ANNOTATE_BEFORE(object) ANNOTATE_HAPPENS_BEFORE(object)
#define ANNOTATE_AFTER(object)  ANNOTATE_HAPPENS_AFTER(object)
#define ANNOTATE_ATOMIC(object) VALGRIND_HG_DISABLE_CHECKING(object, sizeof *(object))
#endif
#endif

#ifndef ANNOTATE_STACK
#define ANNOTATE_STACK(from, to)  0
#define ANNOTATE_NO_STACK(number) ((void)(number))
#define ANNOTATE_BEFORE(object)   ((void)(object))
#define ANNOTATE_AFTER(object)    ((void)(object))
#define ANNOTATE_ATOMIC(object)   ((void)(object))
#endif

#endif
