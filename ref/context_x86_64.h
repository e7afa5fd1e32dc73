/* context_x86_64.h: switching stacks inline. The processor then predicts where the switch and the
 * call around it return to, which halves the cost of a yield against any switch that is a call. */
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

/* Called by whoever frees a context that was left for good. */
static inline void context_free(struct context *context)
{
    context->pointer = NULL;
}

/* A fresh context that will call fn on the size bytes below top. */
static inline void context_make(struct context *context, void *top, size_t size, void (*fn)(void))
{
    enum { RED_ZONE = 128 };
    char *entry = (char *)((uintptr_t)top & ~(uintptr_t)15) - 8; /* aligned as after a call */
    uintptr_t *frame = (uintptr_t *)(entry - RED_ZONE) - 4;

    (void)size;
    frame[0] = 0x37f00001f80; /* the control words that a thread begins with */
    frame[1] = (uintptr_t)fn;
    frame[2] = frame[3] = 0;
    *(uintptr_t *)entry = 0; /* where a backtrace ends */
    context->pointer = frame;
}

/* Go from one to the other; returns when somebody comes back. Saved are the red zone, the two
 * registers that cannot be named as clobbered, and the control words of the floating point units.
 */
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

/* Go to the other for good: the stack may be reused as soon as that has arrived. */
static inline __attribute__((always_inline)) void context_exit(struct context *self,
                                                               struct context *to)
{
    context_switch(self, to);
    __builtin_unreachable();
}

#endif
