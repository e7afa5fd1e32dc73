/* context_aarch64.h: switches stacks inline, as context_x86_64.h does. */
#ifndef REF_CONTEXT_AARCH64_H
#define REF_CONTEXT_AARCH64_H

#include <stddef.h>
#include <stdint.h>

/* Where a stack was left. */
struct context {
    void *pointer;
};

/* The context of the thread's own stack, before the first switch away from it. */
static inline void context_of_thread(struct context *context)
{
    context->pointer = NULL;
}

/* Free a context that was left for good. */
static inline void context_free(struct context *context)
{
    context->pointer = NULL;
}

/* Make a context that will call fn on the size bytes below top. The frame, upwards: fp, where to go
 * on, the floating point control word; the first ends a backtrace. */
static inline void context_make(struct context *context, void *top, size_t size, void (*fn)(void))
{
    uintptr_t *frame = (uintptr_t *)((uintptr_t)top & ~(uintptr_t)15) - 4;

    (void)size;
    frame[0] = 0;
    frame[1] = (uintptr_t)fn;
    frame[2] = 0; /* with which a thread begins */
    context->pointer = frame;
}

/* Go from one context to the other; returns when another switch comes back. Saves the frame
 * pointer, which cannot be declared clobbered, and the floating point control word. x16 may jump to
 * where a call would lead, so fn needs no other landing than its own; hint 36 is the landing of a
 * jump. */
static inline __attribute__((always_inline)) void context_switch(struct context *self,
                                                                 struct context *to)
{
    register struct context *from __asm__("x0") = self;
    register struct context *into __asm__("x1") = to;

    __asm__ volatile("adr x16, 1f\n\t"
                     "mrs x9, fpcr\n\t"
                     "sub sp, sp, #32\n\t"
                     "stp x29, x16, [sp]\n\t"
                     "str x9, [sp, #16]\n\t"
                     "mov x10, sp\n\t"
                     "str x10, [x0]\n\t"
                     "ldr x10, [x1]\n\t"
                     "mov sp, x10\n\t"
                     "ldp x29, x16, [sp]\n\t"
                     "ldr x9, [sp, #16]\n\t"
                     "add sp, sp, #32\n\t"
                     "msr fpcr, x9\n\t"
                     "br x16\n"
                     "1:\n\t"
                     "hint #36\n\t"
                     : "+r"(from), "+r"(into)
                     :
                     : "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13",
                       "x14", "x15", "x16", "x17", "x18", "x19", "x20", "x21", "x22", "x23", "x24",
                       "x25", "x26", "x27", "x28", "x30", "v0", "v1", "v2", "v3", "v4", "v5", "v6",
                       "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15", "v16", "v17",
                       "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28",
                       "v29", "v30", "v31", "memory", "cc");
}

/* Leave a context for good. Its stack may be reused as soon as the other one runs. */
static inline __attribute__((always_inline)) void context_exit(struct context *self,
                                                               struct context *to)
{
    context_switch(self, to);
    __builtin_unreachable();
}

#endif
