/* progress: a thread writes the line on a terminal anew twice a second, and in a log a line after a
 * silence, so that a test which hangs is seen to. */
#include "progress.h"

#include "causes.h"
#include "machine/clock.h"
#include "scenario/memory.h"
#include "terminal.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    FEW = 20,         /* tests that are over too soon for lines in a log */
    STEPS = 10,       /* lines in a log, but for those after a silence */
    SILENCE = 15,     /* seconds without a line in a log, at first */
    SILENCE_MAX = 60, /* likewise, once there were several such silences */
    NAMED = 3,        /* tests in hand */
    TICK = 500000000, /* nanoseconds from one line on a terminal to the next */
    REASON_MAX = 160  /* bytes of the first failure's reason */
};

/* What is known of a test. */
enum state { WAITS, SEEMS_TO_FAIL /* it is executed again */, DONE, FAILED, STATES };

struct progress {
    FILE *stream;
    bool rewrites;
    struct observer observer;
    double began;
    unsigned char *states; /* of the suite's tests */
    size_t counts[STATES]; /* of the chosen ones */
    size_t all;
    bool told_failure;
    struct running {
        const struct test *test;
        double began;
    } * running; /* in the order in which they began */
    size_t running_count;
    double told_at, silence; /* the last line in a log, and the silence behind it that is allowed */
    pthread_mutex_t lock;    /* of what stands above */
    bool ticks, is_over;
    pthread_cond_t over;
    pthread_t ticker;
};

/* ---- Lines ---- */

/* "412 of 1371 tests, 2 failed, 0:42" */
static char *describe(const struct progress *progress)
{
    const size_t *counts = progress->counts;
    size_t done = progress->all - counts[WAITS], seconds;
    char failed[32] = "", seem[48] = "";

    seconds = (size_t)(clock_now() - progress->began);
    if (counts[FAILED])
        snprintf(failed, sizeof failed, ", %zu failed", counts[FAILED]);
    if (counts[SEEMS_TO_FAIL])
        snprintf(seem, sizeof seem, ", %zu to be tried again", counts[SEEMS_TO_FAIL]);
    return text_of("%zu of %zu tests%s%s, %zu:%02zu", done, progress->all, failed, seem,
                   seconds / 60, seconds % 60);
}

/* The tests in hand, and how long they have been: "R2.1/ended (12 s), R2.2/plain". */
static char *describe_running(const struct progress *progress, size_t named)
{
    size_t count = progress->running_count, i, size;
    char *text;
    FILE *stream = must(open_memstream(&text, &size));

    for (i = 0; i < count && i < named; i++) {
        double taken = clock_now() - progress->running[i].began;

        fprintf(stream, "%s%s", i ? ", " : "", progress->running[i].test->id);
        if (taken >= 1)
            fprintf(stream, " (%.0f s)", taken);
    }
    if (count > named && named > 1)
        fprintf(stream, " and %zu more", count - named);
    fclose(stream);
    return must(text);
}

static void wipe(const struct progress *progress)
{
    if (progress->rewrites)
        fputs("\r\033[K", progress->stream);
}

/* Write the line anew, with the test that has been running for longest. */
static void draw(const struct progress *progress)
{
    int width = terminal_width(progress->stream) - 1;
    char *text = describe(progress), *running = describe_running(progress, 1), *line;

    line = text_of("%s  %s", text, running);
    wipe(progress);
    fprintf(progress->stream, "%.*s", width, line);
    fflush(progress->stream);
    free(line);
    free(running);
    free(text);
}

static void log_line(struct progress *progress)
{
    char *text = describe(progress), *running = describe_running(progress, NAMED);

    fprintf(progress->stream, "conform: %s%s%s\n", text, *running ? "; in hand: " : "", running);
    fflush(progress->stream);
    progress->told_at = clock_now();
    free(running);
    free(text);
}

/* A line for each tenth of the tests. */
static void log_tenth(struct progress *progress, size_t done_before)
{
    size_t done = progress->all - progress->counts[WAITS];

    if (progress->all < FEW || done == progress->all ||
        done * STEPS / progress->all == done_before * STEPS / progress->all)
        return;
    log_line(progress);
    progress->silence = SILENCE;
}

static void log_silence(struct progress *progress)
{
    if (clock_now() - progress->told_at < progress->silence)
        return;
    log_line(progress);
    progress->silence = progress->silence * 2 < SILENCE_MAX ? progress->silence * 2 : SILENCE_MAX;
}

/* If it is the last test, the report says so at once. */
static void tell_failure(struct progress *progress, const struct test *test)
{
    char *words;

    if (progress->told_failure || !progress->counts[WAITS])
        return;
    progress->told_failure = true;
    words = cause_words(test);
    wipe(progress);
    fprintf(progress->stream, "first failure: %s %s: %.*s\n", test->id,
            result_name(test->result.kind), REASON_MAX, words);
    fflush(progress->stream);
    free(words);
}

/* ---- The observer ---- */

static void begin_test(void *to, const struct test *test)
{
    struct progress *progress = to;

    pthread_mutex_lock(&progress->lock);
    progress->running =
        grown(progress->running, progress->running_count, sizeof *progress->running);
    progress->running[progress->running_count++] = (struct running){test, clock_now()};
    if (progress->rewrites)
        draw(progress);
    pthread_mutex_unlock(&progress->lock);
}

static void forget_running(struct progress *progress, const struct test *test)
{
    size_t i = 0;

    while (i < progress->running_count && progress->running[i].test != test)
        i++;
    if (i == progress->running_count)
        return;
    progress->running_count--;
    memmove(&progress->running[i], &progress->running[i + 1],
            (progress->running_count - i) * sizeof *progress->running);
}

static void see_test(void *to, const struct suite *suite, const struct test *test)
{
    struct progress *progress = to;
    unsigned char *state = &progress->states[test - suite->tests];
    size_t done_before;

    pthread_mutex_lock(&progress->lock);
    done_before = progress->all - progress->counts[WAITS];
    forget_running(progress, test);
    progress->counts[*state]--;
    *state = session_asks_again(test)               ? SEEMS_TO_FAIL
             : result_is_failure(test->result.kind) ? FAILED
                                                    : DONE;
    progress->counts[*state]++;
    if (*state == FAILED)
        tell_failure(progress, test);
    if (progress->rewrites)
        draw(progress);
    else
        log_tenth(progress, done_before);
    pthread_mutex_unlock(&progress->lock);
}

static void *tick(void *arg)
{
    struct progress *progress = arg;
    struct timespec next;

    pthread_mutex_lock(&progress->lock);
    while (!progress->is_over) {
        if (progress->rewrites)
            draw(progress);
        else
            log_silence(progress);
        clock_gettime(CLOCK_REALTIME, &next);
        next.tv_nsec += TICK;
        next.tv_sec += next.tv_nsec / 1000000000;
        next.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&progress->over, &progress->lock, &next);
    }
    pthread_mutex_unlock(&progress->lock);
    return NULL;
}

/* ---- Begin and end ---- */

struct progress *progress_begin(FILE *stream, const struct suite *suite)
{
    struct progress *progress = zeroed(1, sizeof *progress);
    size_t i;

    progress->stream = stream;
    progress->began = clock_now();
    progress->states = zeroed(suite->count, sizeof *progress->states);
    for (i = 0; i < suite->count; i++)
        progress->all += suite->tests[i].chosen;
    progress->counts[WAITS] = progress->all;
    progress->observer = (struct observer){.begin = begin_test, .see = see_test, .to = progress};
    pthread_mutex_init(&progress->lock, NULL);
    pthread_cond_init(&progress->over, NULL);
    progress->told_at = progress->began;
    progress->silence = SILENCE;
    progress->rewrites = terminal_can_rewrite(stream);
    progress->ticks = pthread_create(&progress->ticker, NULL, tick, progress) == 0;
    return progress;
}

struct observer *progress_observer(struct progress *progress)
{
    return &progress->observer;
}

void progress_end(struct progress *progress)
{
    pthread_mutex_lock(&progress->lock);
    progress->is_over = true;
    pthread_cond_signal(&progress->over);
    pthread_mutex_unlock(&progress->lock);
    if (progress->ticks)
        pthread_join(progress->ticker, NULL);
    wipe(progress);
    fflush(progress->stream);
    pthread_mutex_destroy(&progress->lock);
    pthread_cond_destroy(&progress->over);
    free(progress->states);
    free(progress->running);
    free(progress);
}
