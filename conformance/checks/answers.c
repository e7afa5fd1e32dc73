/* answers: functions that make the choices of a steered run. */
#include "answers.h"

/* Returns 0, or an answer that is out of range, if this question is to get one. */
static size_t note_question(struct answers *answers, size_t count)
{
    answers->odd += count < 2 || !answers->running;
    if (answers->asked < ANSWERS_ROOM)
        answers->counts[answers->asked] = count;
    return ++answers->asked == answers->wrong_at ? count + answers->wrong : 0;
}

size_t answer_0(void *answers, size_t count)
{
    return note_question(answers, count);
}

size_t answer_the_last(void *answers, size_t count)
{
    size_t wrong = note_question(answers, count);

    return wrong ? wrong : count - 1;
}

size_t answer_at_random(void *state, size_t count)
{
    struct answers *answers = state;
    uint64_t z = answers->state += 0x9e3779b97f4a7c15u;
    size_t wrong = note_question(answers, count);

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return wrong ? wrong : (z ^ z >> 31) % count;
}

int steer(check_runner *run, int domains, miou_choose *choose, struct answers *answers,
          miou_task *fn, void *arg)
{
    miou_options options = {.domains = domains, .choose = choose, .choose_state = answers};
    int result;

    answers->running = true;
    result = run_by(run, &options, fn, arg);
    answers->running = false;
    return result;
}
