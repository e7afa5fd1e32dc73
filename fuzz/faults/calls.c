/* calls.c: wrappers around the calls of the simulated system, which inject the faults. The linker
 * puts them there, by its option --wrap. */
#include "calls.h"

#include "report.h"
#include "system.h"

#include <errno.h>
#include <stdint.h>

const char *const call_names[CALLS] = {
    "sys_map",     "sys_map_now",       "sys_guard",  "sys_thread_create", "sys_bell_create",
    "sys_select",  "sys_signal_handle", "sys_socket", "sys_bind",          "sys_listen",
    "sys_accept",  "sys_connect",       "sys_send",   "sys_receive",       "sys_socket_type",
    "sys_unblock", "sys_read",          "sys_write",  "sys_close",
};

/* What can go wrong with each. EINTR is here only where ref/system_posix.c does not hide it. */
const int call_errors[CALLS][ERRORS] = {
    [MAP] = {ENOMEM},
    [MAP_NOW] = {ENOMEM},
    [GUARD] = {ENOMEM},
    [THREAD] = {EAGAIN},
    [BELL] = {EMFILE, ENFILE, ENOMEM, ENODEV},
    [SELECT] = {EINTR, EBADF, EINVAL, ENOMEM},
    [SIGNAL] = {EINVAL},
    [MAKE_SOCKET] = {EMFILE, ENFILE, ENOMEM, ENOBUFS, EACCES, EAFNOSUPPORT, EPROTONOSUPPORT},
    [BIND] = {EADDRINUSE, EADDRNOTAVAIL, EACCES, EINVAL, ENOMEM},
    [LISTEN] = {EADDRINUSE, EOPNOTSUPP, EINVAL},
    [ACCEPT] = {EAGAIN, EMFILE, ENFILE, ENOMEM, ENOBUFS, ECONNABORTED, EPROTO, EPERM, ENETDOWN,
                ENETUNREACH, EHOSTUNREACH, ETIMEDOUT, EOPNOTSUPP, EINVAL},
    [CONNECT] = {EAGAIN, EALREADY, EINPROGRESS, ECONNREFUSED, ETIMEDOUT, ENETUNREACH, EHOSTUNREACH,
                 EADDRNOTAVAIL, EACCES, EPERM, ENOMEM},
    [SEND] = {SHORT, EAGAIN, ECONNRESET, EPIPE, ETIMEDOUT, ENOBUFS, ENOMEM, EHOSTUNREACH},
    [RECEIVE] = {SHORT, EAGAIN, ECONNRESET, ECONNREFUSED, ETIMEDOUT, ENOMEM},
    [TYPE] = {EBADF, ENOBUFS},
    [UNBLOCK] = {EBADF, EPERM},
    [READ] = {SHORT, EAGAIN, ECONNRESET, ETIMEDOUT, ENOMEM, EIO},
    [WRITE] = {EAGAIN, EPIPE, EIO, ENOSPC, EFBIG, EDQUOT},
    [CLOSE] = {EIO, ENOSPC, EDQUOT},
};

struct fault faults[MOST_FAULTS];
int fault_count;

/* Count the call. Returns the error to inject into it; 0 if there is none. */
static int next_fault(enum call call)
{
    int place = report->places[call]++;

    report_step();
    for (int i = 0; i < fault_count; i++)
        if (faults[i].call == call && faults[i].place == place) {
            report->struck++;
            return faults[i].error;
        }
    return 0;
}

#define WRAP(call, type, name, failed, parameters, arguments)                                      \
    type __real_##name parameters;                                                                 \
    type __wrap_##name parameters;                                                                 \
    type __wrap_##name parameters                                                                  \
    {                                                                                              \
        int error = next_fault(call);                                                              \
                                                                                                   \
        return error != 0 ? failed : __real_##name arguments;                                      \
    }

#define MOVES(name, arguments) (error == SHORT ? __real_##name arguments : -error)

WRAP(MAP, void *, sys_map, NULL, (size_t size), (size))
WRAP(MAP_NOW, void *, sys_map_now, NULL, (size_t size), (size))
WRAP(GUARD, int, sys_guard, -error, (void *page, size_t size), (page, size))
WRAP(BELL, int, sys_bell_create, -error, (void), ())
WRAP(SIGNAL, int, sys_signal_handle, -error,
     (int number, void (*handler)(int number), struct sigaction *before), (number, handler, before))
WRAP(MAKE_SOCKET, int, sys_socket, -error, (int family, int type), (family, type))
WRAP(BIND, int, sys_bind, -error,
     (int number, const struct sockaddr *address, socklen_t length, bool reuse_addr,
      bool reuse_port),
     (number, address, length, reuse_addr, reuse_port))
WRAP(LISTEN, int, sys_listen, -error, (int number, int backlog), (number, backlog))
WRAP(ACCEPT, int, sys_accept, -error, (int listener, struct sockaddr_storage *peer, int flags),
     (listener, peer, flags))
WRAP(CONNECT, int, sys_connect, -error,
     (int number, const struct sockaddr *address, socklen_t length), (number, address, length))
WRAP(SEND, ssize_t, sys_send, MOVES(sys_send, (number, buffer, 1, address, length)),
     (int number, const void *buffer, size_t size, const struct sockaddr *address,
      socklen_t length),
     (number, buffer, size, address, length))
WRAP(RECEIVE, ssize_t, sys_receive, MOVES(sys_receive, (number, buffer, 1, peer, peer_length)),
     (int number, void *buffer, size_t size, struct sockaddr_storage *peer, socklen_t *peer_length),
     (number, buffer, size, peer, peer_length))
WRAP(TYPE, int, sys_socket_type, -error, (int number), (number))
WRAP(UNBLOCK, int, sys_unblock, -error, (int number), (number))
WRAP(READ, ssize_t, sys_read, MOVES(sys_read, (number, buffer, 1)),
     (int number, void *buffer, size_t size), (number, buffer, size))
WRAP(WRITE, ssize_t, sys_write, -error, (int number, const void *buffer, size_t size),
     (number, buffer, size))
int close_error;

/* Linux closes the descriptor even if it returns an error. */
WRAP(CLOSE, int, sys_close, (__real_sys_close(number), -(close_error = error)), (int number),
     (number))

/* A thread that is created does nothing. */
int __wrap_sys_thread_create(pthread_t *thread, void *(*fn)(void *), void *arg);
int __wrap_sys_thread_create(pthread_t *thread, void *(*fn)(void *), void *arg)
{
    (void)thread, (void)fn, (void)arg;
    return -next_fault(THREAD);
}

static bool missed; /* select has failed */

/* In a steered run, select without descriptors sleeps on behalf of all domains. If an earlier
 * select has failed, one of them may have missed what would have woken it; so this sleep ends at
 * once, and every domain looks again. */
int __real_sys_select(int count, unsigned long *readable, unsigned long *writable, bool may_close,
                      int64_t nanoseconds);
int __wrap_sys_select(int count, unsigned long *readable, unsigned long *writable, bool may_close,
                      int64_t nanoseconds);
int __wrap_sys_select(int count, unsigned long *readable, unsigned long *writable, bool may_close,
                      int64_t nanoseconds)
{
    int error = next_fault(SELECT);

    if (error != 0) {
        missed = true;
        return -error;
    }
    if (missed && count == 0) {
        missed = false;
        return 0;
    }
    return __real_sys_select(count, readable, writable, may_close, nanoseconds);
}

void calls_begin(void)
{
    missed = false;
}
