/* traffic_moves.h: what the bytes of a traffic input mean, for traffic.c, which reads them, and for
 * fuzz/targets/seeds, which writes them. The first byte is the head; then come moves, two bytes
 * each: the low four bits of the first are the move's number, the high four bits the client; the
 * second is its argument. Numbers must not change: corpora and regressions are made of them. */
#ifndef FUZZ_TRAFFIC_MOVES_H
#define FUZZ_TRAFFIC_MOVES_H

/* The head, by bits; its value modulo 3 says how many worker domains serve besides dom0. */
enum {
    HEAD_UNSTEERED = 32,       /* choices are the runtime's own, if there is only one domain */
    HEAD_STOPS_FIRST = 64,     /* in the epilogue the signal comes before the last clients go */
    HEAD_FEW_DESCRIPTORS = 128 /* 16 of them */
};

/* The moves in the order of their numbers. Of the 16 numbers, a move has as many as is said here:
 * one with more is made more often by chance. traffic.c has a function move_NAME for each. */
#define MOVE_LIST(MOVE)                                                                            \
    MOVE(connect, 2)                                                                               \
    MOVE(send, 3)                                                                                  \
    MOVE(guest, 1)                                                                                 \
    MOVE(receive, 2)                                                                               \
    MOVE(shut, 1)                                                                                  \
    MOVE(reset, 1)                                                                                 \
    MOVE(close, 1)                                                                                 \
    MOVE(grain, 1)                                                                                 \
    MOVE(fail_accept, 1)                                                                           \
    MOVE(signal, 1)                                                                                \
    MOVE(crowd, 1)                                                                                 \
    MOVE(pause, 1)

#endif
