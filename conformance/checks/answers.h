/* answers: functions that make the choices of a steered run, and remember what they were asked. */
#ifndef ANSWERS_H
#define ANSWERS_H

#include "tasks.h"

enum { ANSWERS_ROOM = 4000 };

/* The state of such a function. Zeroed but for the first two lines. */
struct answers {
    uint64_t state; /* of answer_at_random: from the same number come the same answers */
    int wrong_at;   /* the question that gets a wrong answer, from 1 on; 0: none */
    size_t wrong;   /* by how much that answer is too large */
    int asked;
    int odd; /* questions about fewer than two possibilities, or asked outside the run */
    bool running;
    size_t counts[ANSWERS_ROOM]; /* what was asked, as far as there is room */
};

/* For miou_options.choose. */
size_t answer_0(void *answers, size_t count);
size_t answer_the_last(void *answers, size_t count);
size_t answer_at_random(void *answers, size_t count);

/* Run fn(arg) in a steered run. */
int steer(check_runner *run, int domains, miou_choose *choose, struct answers *answers,
          miou_task *fn, void *arg);

#endif
