/* context_x86_64.h: switches stacks inline. The processor then predicts where the code around the
 * switch returns to, so that a yield costs half of what it costs with a switch that is a call. */
#ifndef REF_CONTEXT_X86_64_H
#define REF_CONTEXT_X86_64_H

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

/* Make a context that will call fn on the size bytes below top. The frame, upwards: control words,
 * fn, rbx, rbp; above the red zone, the end of the backtrace. */
static inline void context_make(struct context *context, void *top, size_t size, void (*fn)(void))
{
    enum { RED_ZONE = 128 };
    char *entry = (char *)((uintptr_t)top & ~(uintptr_t)15) - 8; /* aligned as after a call */
    uintptr_t *frame = (uintptr_t *)(entry - RED_ZONE) - 4;

    (void)size;
    frame[0] = 0x37f00001f80; /* the control words with which a thread begins */
    frame[1] = (uintptr_t)fn;
    frame[2] = frame[3] = 0;
    *(uintptr_t *)entry = 0; /* ends a backtrace */
    context->pointer = frame;
}

/* Go from one context to the other; returns when another switch comes back. Saves the red zone, the
 * two registers that cannot be declared clobbered, and the floating point control words. */
static inline __attribute__((always_inline)) void context_switch(struct context *self,
                                                                 struct context *to)
{
    __asm__ volatile("leaq 1f(%%rip), %%rax\n\t"
                     "leaq -128(%%rsp), %%rsp\n\t"
                     "pushq %%rbp\n\t"
                     "pushq %%rbx\n\t"
                     "pushq %%rax\n\t"
                     "leaq -8(%%rsp), %%rsp\n\t"
                     "stmxcsr (%%rsp)\n\t"
                     "fnstcw 4(%%rsp)\n\t"
                     "movq %%rsp, (%%rdi)\n\t"
                     "movq (%%rsi), %%rsp\n\t"
                     "ldmxcsr (%%rsp)\n\t"
                     "fldcw 4(%%rsp)\n\t"
                     "leaq 8(%%rsp), %%rsp\n\t"
                     "popq %%rax\n\t"
                     "popq %%rbx\n\t"
                     "popq %%rbp\n\t"
                     "leaq 128(%%rsp), %%rsp\n\t"
                     "jmpq *%%rax\n"
                     "1:\n"
                     : "+D"(self), "+S"(to)
                     :
                     : "rax", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
                       "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8",
                       "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "memory",
                       "cc");
}

/* Leave a context for good. Its stack may be reused as soon as the other one runs. */
static inline __attribute__((always_inline)) void context_exit(struct context *self,
                                                               struct context *to)
{
    context_switch(self, to);
    __builtin_unreachable();
}

#endif
