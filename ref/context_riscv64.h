/* context_riscv64.h: switches stacks inline, as context_x86_64.h does. */
#ifndef REF_CONTEXT_RISCV64_H
#define REF_CONTEXT_RISCV64_H

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
 * pointer, which cannot be declared clobbered, and the floating point control word. */
static inline __attribute__((always_inline)) void context_switch(struct context *self,
                                                                 struct context *to)
{
    register struct context *from __asm__("a0") = self;
    register struct context *into __asm__("a1") = to;

    __asm__ volatile("lla t0, 1f\n\t"
                     "frcsr t1\n\t"
                     "addi sp, sp, -32\n\t"
                     "sd s0, 0(sp)\n\t"
                     "sd t0, 8(sp)\n\t"
                     "sd t1, 16(sp)\n\t"
                     "sd sp, 0(a0)\n\t"
                     "ld sp, 0(a1)\n\t"
                     "ld s0, 0(sp)\n\t"
                     "ld t0, 8(sp)\n\t"
                     "ld t1, 16(sp)\n\t"
                     "addi sp, sp, 32\n\t"
                     "fscsr t1\n\t"
                     "jr t0\n"
                     "1:\n\t"
                     : "+r"(from), "+r"(into)
                     :
                     : "ra", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "a2", "a3", "a4", "a5", "a6",
                       "a7", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11",
                       "ft0", "ft1", "ft2", "ft3", "ft4", "ft5", "ft6", "ft7", "ft8", "ft9", "ft10",
                       "ft11", "fs0", "fs1", "fs2", "fs3", "fs4", "fs5", "fs6", "fs7", "fs8", "fs9",
                       "fs10", "fs11", "fa0", "fa1", "fa2", "fa3", "fa4", "fa5", "fa6", "fa7",
                       "memory");
}

/* Leave a context for good. Its stack may be reused as soon as the other one runs. */
static inline __attribute__((always_inline)) void context_exit(struct context *self,
                                                               struct context *to)
{
    context_switch(self, to);
    __builtin_unreachable();
}

#endif
