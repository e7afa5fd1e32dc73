/* context_boost.h: switches stacks with Boost.Context, whose functions C can call directly, and
 * tells the sanitizers. */
#ifndef REF_CONTEXT_BOOST_H
#define REF_CONTEXT_BOOST_H

#include <stdbool.h>
#include <stddef.h>

#ifdef CONTEXT_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef CONTEXT_TSAN
#include <sanitizer/tsan_interface.h>
#endif

enum { CONTEXT_TOP = 2048 }; /* bytes of a stack taken by the first calls, which never return */

/* Boost's interface: the context that jumped here, and the word that it passed. */
struct transfer {
    void *from, *data;
};
struct transfer jump_fcontext(void *to, void *data);
void *make_fcontext(void *top, size_t size, void (*fn)(struct transfer));

struct context {
    void *pointer;
    void (*fn)(void);
#ifdef CONTEXT_ASAN
    const void *bottom;
    size_t size;
    void *fake;
#endif
#ifdef CONTEXT_TSAN
    void *fiber;
#endif
};

/* The word that a jump passes. */
struct passage {
    struct context *from, *to;
};

static inline __attribute__((always_inline)) void context_depart(struct passage *passage,
                                                                 bool for_good)
{
#ifdef CONTEXT_ASAN
    __sanitizer_start_switch_fiber(for_good ? NULL : &passage->from->fake, passage->to->bottom,
                                   passage->to->size);
#endif
#ifdef CONTEXT_TSAN
    __tsan_switch_to_fiber(passage->to->fiber, 0);
#endif
    (void)passage, (void)for_good;
}

/* Note where the context that jumped here can be resumed. */
static inline __attribute__((always_inline)) void context_arrive(struct transfer transfer)
{
    struct passage *passage = transfer.data;

    passage->from->pointer = transfer.from;
#ifdef CONTEXT_ASAN
    __sanitizer_finish_switch_fiber(passage->to->fake, &passage->from->bottom,
                                    &passage->from->size);
#endif
}

static inline void context_entry(struct transfer transfer)
{
    struct context *self = ((struct passage *)transfer.data)->to;

    context_arrive(transfer);
    self->fn();
}

static inline void context_of_thread(struct context *context)
{
#ifdef CONTEXT_TSAN
    context->fiber = __tsan_get_current_fiber();
#endif
    context->pointer = NULL;
}

static inline void context_make(struct context *context, void *top, size_t size, void (*fn)(void))
{
#ifdef CONTEXT_ASAN
    context->bottom = (char *)top - size;
    context->size = size;
    context->fake = NULL;
#endif
#ifdef CONTEXT_TSAN
    context->fiber = __tsan_create_fiber(0);
#endif
    context->fn = fn;
    context->pointer = make_fcontext(top, size, context_entry);
}

static inline void context_free(struct context *context)
{
#ifdef CONTEXT_TSAN
    __tsan_destroy_fiber(context->fiber);
#endif
#ifdef CONTEXT_ASAN
    /* Only the first calls, which are at the top, have not returned. */
    size_t top = context->size < CONTEXT_TOP ? context->size : CONTEXT_TOP;

    ASAN_UNPOISON_MEMORY_REGION((const char *)context->bottom + context->size - top, top);
#endif
    context->pointer = NULL;
}

/* always_inline: with gcc's thread sanitizer, a call that begins on one stack must not end on
 * another. */
static inline __attribute__((always_inline)) void context_switch(struct context *self,
                                                                 struct context *to)
{
    struct passage passage = {self, to};

    context_depart(&passage, false);
    context_arrive(jump_fcontext(to->pointer, &passage));
}

static inline __attribute__((always_inline)) void context_exit(struct context *self,
                                                               struct context *to)
{
    struct passage passage = {self, to};

    context_depart(&passage, true);
    jump_fcontext(to->pointer, &passage);
    __builtin_unreachable();
}

#endif
