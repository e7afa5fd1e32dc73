/* context.h: switching stacks, and what valgrind and the sanitizers want to be told of it.
 * The switch itself is Boost.Context's, which callers in C can use as it is. */
#ifndef REF_CONTEXT_H
#define REF_CONTEXT_H

#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__)
#define CONTEXT_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CONTEXT_ASAN 1
#endif
#endif

#if defined(__SANITIZE_THREAD__)
#define CONTEXT_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define CONTEXT_TSAN 1
#endif
#endif

#ifdef CONTEXT_ASAN
#include <sanitizer/asan_interface.h>
#endif
#ifdef CONTEXT_TSAN
#include <sanitizer/tsan_interface.h>
#endif

/* Boost's interface: who jumped here, where to jump back to it, and the word it brought. */
struct transfer {
    void *from, *data;
};
struct transfer jump_fcontext(void *to, void *data);
void *make_fcontext(void *top, size_t size, void (*fn)(struct transfer));

/* Where a stack was left. */
struct context {
    void *pointer;
#ifdef CONTEXT_ASAN
    const void *bottom;
    size_t size;
    void *fake;
#endif
#ifdef CONTEXT_TSAN
    void *fiber;
#endif
};

/* The context of the thread's own stack, before the first switch away from it. */
static inline void context_of_thread(struct context *context)
{
#ifdef CONTEXT_TSAN
    context->fiber = __tsan_get_current_fiber();
#endif
    context->pointer = NULL;
}

/* A fresh context that will call fn on the size bytes below top. */
static inline void context_make(struct context *context, void *top, size_t size,
                                void (*fn)(struct transfer))
{
#ifdef CONTEXT_ASAN
    context->bottom = (char *)top - size;
    context->size = size;
    context->fake = NULL;
#endif
#ifdef CONTEXT_TSAN
    context->fiber = __tsan_create_fiber(0);
#endif
    context->pointer = make_fcontext(top, size, fn);
}

/* Called by whoever frees a context that was left for good. */
static inline void context_free(struct context *context)
{
#ifdef CONTEXT_TSAN
    __tsan_destroy_fiber(context->fiber);
#endif
#ifdef CONTEXT_ASAN
    ASAN_UNPOISON_MEMORY_REGION(context->bottom, context->size);
#endif
    context->pointer = NULL;
}

/* First thing on arrival: remember where the one that jumped here can be resumed. */
static inline __attribute__((always_inline)) void context_arrive(struct transfer transfer,
                                                                 struct context *self)
{
    struct context *from = transfer.data;

    from->pointer = transfer.from;
#ifdef CONTEXT_ASAN
    __sanitizer_finish_switch_fiber(self->fake, &from->bottom, &from->size);
#endif
    (void)self;
}

/* Go from one to the other; returns when somebody comes back. With gcc's thread sanitizer a call
 * that begins on one stack must not end on another, hence always_inline. */
static inline __attribute__((always_inline)) void context_switch(struct context *self,
                                                                 struct context *to)
{
#ifdef CONTEXT_ASAN
    __sanitizer_start_switch_fiber(&self->fake, to->bottom, to->size);
#endif
#ifdef CONTEXT_TSAN
    __tsan_switch_to_fiber(to->fiber, 0);
#endif
    context_arrive(jump_fcontext(to->pointer, self), self);
}

/* The same, for good: the stack may be reused as soon as the other has arrived. */
static inline __attribute__((always_inline)) void context_exit(struct context *self,
                                                               struct context *to)
{
#ifdef CONTEXT_ASAN
    __sanitizer_start_switch_fiber(NULL, to->bottom, to->size);
#endif
#ifdef CONTEXT_TSAN
    __tsan_switch_to_fiber(to->fiber, 0);
#endif
    jump_fcontext(to->pointer, self);
    __builtin_unreachable();
}

#endif
