/* context_x86_64.h: switches stacks inline. The processor then predicts where the code around the
 * switch returns to, so that a yield costs half of what it costs with a switch that is a call. */
#ifndef REF_CONTEXT_X86_64_H
#define REF_CONTEXT_X86_64_H

#include <stddef.h>
#include <stdint.h>

/* A shadow stack is not switched: the objects must not say that they can do with one. */
#if defined(__CET__) && (__CET__ & 2)
#error "compile with -fcf-protection=branch or none"
#endif

#if defined(__CET__) && (__CET__ & 1)
#define CONTEXT_LANDING "endbr64\n\t"
#else
#define CONTEXT_LANDING
#endif

/* Registers that only AVX-512 has. */
#ifdef __AVX512F__
#define CONTEXT_AVX512                                                                             \
    , "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25",    \
        "xmm26", "xmm27", "xmm28", "xmm29", "xmm30", "xmm31", "k1", "k2", "k3", "k4", "k5", "k6",  \
        "k7"
#else
#define CONTEXT_AVX512
#endif

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
                     "1:\n\t" CONTEXT_LANDING
                     : "+D"(self), "+S"(to)
                     :
                     : "rax", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
                       "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8",
                       "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "memory",
                       "cc" CONTEXT_AVX512);
}

/* Leave a context for good. Its stack may be reused as soon as the other one runs. */
static inline __attribute__((always_inline)) void context_exit(struct context *self,
                                                               struct context *to)
{
    context_switch(self, to);
    __builtin_unreachable();
}

#endif
