/* context.h: picks how stacks are switched. Each way offers struct context, context_of_thread,
 * context_make, context_switch, context_exit and context_free. */
#ifndef REF_CONTEXT_H
#define REF_CONTEXT_H

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

#if defined(CONTEXT_ASAN) || defined(CONTEXT_TSAN)
#define CONTEXT_BOOST 1
#endif

#if defined(__x86_64__) && !defined(CONTEXT_BOOST)
#include "context_x86_64.h"
#elif defined(__aarch64__) && !defined(CONTEXT_BOOST)
#include "context_aarch64.h"
#elif defined(__riscv) && __riscv_xlen == 64 && defined(__riscv_float_abi_double) &&               \
    !defined(CONTEXT_BOOST)
#include "context_riscv64.h"
#else
#undef CONTEXT_BOOST
#define CONTEXT_BOOST 1
#include "context_boost.h"
#endif

#endif
