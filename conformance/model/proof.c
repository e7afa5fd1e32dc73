/* proof: a scenario's answers against all behaviours, and these as text. */
#include "proof.h"

#include "scenario/memory.h"
#include "search.h"
#include "small.h"

#include <stdlib.h>

/* ---- Words ---- */

static void write_list(FILE *stream, const struct search *search, uint32_t list, bool whole)
{
    struct outcomes outcomes = lists_outcomes(search->model->lists, list, whole);

    for (size_t i = 0; i < outcomes.count; i++) {
        char text[OUTCOME_MAX];

        outcome_write(text, sizeof text, search->model->program, outcomes.of[i]);
        fprintf(stream, "%s%s", i > 0 ? ", " : "", text);
    }
    free(outcomes.of);
}

static void write_answer(FILE *stream, const struct program *program, struct outcomes answer)
{
    for (size_t i = 0; i < answer.count; i++) {
        char text[OUTCOME_MAX];

        outcome_write(text, sizeof text, program, answer.of[i]);
        fprintf(stream, "%s%s", i > 0 ? ", " : "", text);
    }
}

/* An event on the way to what is told. */
static void write_event(FILE *stream, const struct step *step, const struct event *event,
                        const struct search *search)
{
    const struct program *program = step->program;
    const struct operation *op =
        event->kind == EVENT_DID ? &program->operations[event->which] : NULL;
    int task = op ? op->task : event->which;

    switch (event->kind) {
    case EVENT_BEGIN:
        fprintf(stream, "begin %s %d", program_name(program, NAME_TASK, task), event->domain);
        break;
    case EVENT_END:
        fprintf(stream, "end %s", program_name(program, NAME_TASK, task));
        break;
    case EVENT_PRINT:
        fprintf(stream, "print %s", program_name(program, NAME_WORD, event->which));
        break;
    case EVENT_FINALISE:
        fprintf(stream, "finalise %s %d", program_name(program, NAME_RESOURCE, event->which),
                event->domain);
        break;
    case EVENT_DID:
        fprintf(stream, "%s %d %s: ", program_name(program, NAME_TASK, task), op->line,
                operation_word(op->kind));
        write_list(stream, search, event->list, op->kind == OP_PARALLEL);
        break;
    case EVENT_SPAWN:
    case EVENT_NEVER:
        break;
    }
}

struct teller {
    FILE *stream;
    const struct search *search;
};

static void tell_step(void *to, const struct step *step)
{
    struct teller *teller = to;

    for (int i = 0; i < step->event_count; i++) {
        fputs("      ", teller->stream);
        write_event(teller->stream, step, &step->events[i], teller->search);
        fputc('\n', teller->stream);
    }
}

/* ---- Proofs ---- */

static void tell_breaches(FILE *stream, struct search *search)
{
    struct teller teller = {stream, search};
    struct watch watched = search->watch;

    for (int i = 0; i < watched.breach_count; i++) {
        const struct breach *breach = &watched.breaches[i];

        fprintf(stream, "    line %d: a behaviour does not meet this", breach->line);
        if (breach->list) {
            fputs(", but has: ", stream);
            write_list(stream, search, breach->list, true);
        }
        fputc('\n', stream);
        if (i == 0)
            search_path(search, breach->node, tell_step, &teller);
    }
}

/* Tell of the answers that no behaviour meets. Returns whether there is one. */
static bool tell_unmet(FILE *stream, const struct program *program, int line,
                       const struct seen *seen, const struct outcomes *answers, int count)
{
    bool any = false;

    for (int i = 0; i < count && count > 1; i++) {
        if (seen->met & (uint64_t)1 << i)
            continue;
        fprintf(stream, "    line %d: no behaviour has: ", line);
        write_answer(stream, program, answers[i]);
        fputc('\n', stream);
        any = true;
    }
    return any;
}

static bool tell_loose(FILE *stream, const struct search *search)
{
    const struct program *program = search->model->program;
    bool any = false;

    for (int i = 0; i < program->operation_count; i++) {
        const struct operation *op = &program->operations[i];

        any = tell_unmet(stream, program, op->line, &search->watch.operations[i], op->answers,
                         op->answer_count) ||
              any;
    }
    for (int i = 0; i < program->expectation_count; i++)
        if (program->expectations[i].kind == EXPECT_RUN)
            any = tell_unmet(stream, program, program->expectations[i].line, &search->watch.run,
                             program->expectations[i].answers,
                             program->expectations[i].answer_count) ||
                  any;
    return any;
}

/* Why the model cannot tell; NULL: it can. To be freed. */
static char *unknown(const struct program *program)
{
    /* How many choices there are before the last answer is the runtime's affair. */
    const char *lack = program->beyond ? "beyond" : model_lacks(program);
    int line = watch_lacks(program);

    if (lack)
        return text_of("cannot tell: %s", lack);
    return line ? text_of("cannot tell: the expectation of line %d", line) : NULL;
}

static enum proof_kind judge_search(FILE *stream, struct search *search)
{
    if (search->full) {
        fputs("    cannot tell: a state is too large\n", stream);
        return PROOF_UNKNOWN;
    }
    if (search->watch.breach_count > 0) {
        tell_breaches(stream, search);
        return PROOF_UNSOUND;
    }
    if (search->stuck) {
        fputs("    a behaviour never ends\n", stream);
        return PROOF_UNSOUND;
    }
    if (search->bounded) {
        fputs("    cannot tell: there are more states\n", stream);
        return PROOF_BOUNDED;
    }
    if (search->ends == 0) {
        fputs("    no behaviour ends\n", stream);
        return PROOF_UNSOUND;
    }
    return tell_loose(stream, search) ? PROOF_LOOSE : PROOF_HOLDS;
}

static void cannot_parse(void *to, int line, const char *text)
{
    (void)to;
    (void)line;
    (void)text;
}

static void prove_program(FILE *stream, const struct program *program, bool small,
                          enum freedom without, struct proof *proof, uint32_t limit)
{
    struct search search;

    search_create(&search, program, limit);
    if (without != FREEDOM_KINDS)
        search.model->without[without] = true;
    search_run(&search);
    proof->kind = judge_search(stream, &search);
    proof->states = search.states;
    if (small && (proof->kind == PROOF_UNSOUND || proof->kind == PROOF_LOOSE)) {
        fputs("    cannot tell: so it is with smaller numbers\n", stream);
        proof->kind = PROOF_UNKNOWN;
    }
    search_free(&search);
}

struct proof prove(const char *text, size_t size, uint32_t limit, enum freedom without)
{
    struct program *program =
        must(program_parse(text, size, PROGRAM_WITH_ANSWERS, cannot_parse, NULL));
    struct proof proof = {.kind = PROOF_UNKNOWN};
    size_t length;
    FILE *stream = must(open_memstream(&proof.why, &length));
    bool small = make_small(program);
    char *why = unknown(program);

    if (why)
        fprintf(stream, "    %s\n", why);
    else
        prove_program(stream, program, small, without, &proof, limit);
    free(why);
    fclose(stream);
    program_free(program);
    return proof;
}

/* ---- Behaviours ---- */

static void write_seen(FILE *stream, const struct search *search, const struct seen *seen,
                       bool whole)
{
    for (int i = 0; i < seen->count; i++) {
        fputs(i > 0 ? " | " : " ", stream);
        write_list(stream, search, seen->lists[i], whole);
    }
    fputc('\n', stream);
}

static void write_prints(FILE *stream, const struct search *search)
{
    const struct seen *prints = &search->watch.prints;

    for (int i = 0; i < prints->count; i++) {
        struct outcomes events = lists_outcomes(search->model->lists, prints->lists[i], true);

        fputs("prints:", stream);
        for (size_t j = 0; j < events.count; j++) {
            char *word =
                prints->lists[i] ? watch_history(&search->watch, events.of[j]) : copy_of("none");

            fprintf(stream, " %s", word);
            free(word);
        }
        fputc('\n', stream);
        free(events.of);
    }
}

static void write_search(FILE *stream, const struct search *search)
{
    const struct program *program = search->model->program;

    fprintf(stream, "%u states, %llu steps, %u ends%s\n", search->states,
            (unsigned long long)search->steps, search->ends,
            search->bounded ? "; there are more" : "");
    fputs("run:", stream);
    write_seen(stream, search, &search->watch.run, false);
    write_prints(stream, search);
    for (int i = 0; i < program->operation_count; i++) {
        const struct operation *op = &program->operations[i];

        if (operation_has(op->kind, OPERATION_LAST) || search->watch.operations[i].count == 0)
            continue;
        fprintf(stream, "line %d, %s:", op->line, operation_word(op->kind));
        write_seen(stream, search, &search->watch.operations[i], op->kind == OP_PARALLEL);
    }
}

bool behaviours_write(FILE *stream, const struct program *program, uint32_t limit)
{
    char *why = unknown(program);
    struct search search;
    bool all = false;

    if (why) {
        fprintf(stream, "%s\n", why);
    } else {
        search_create(&search, program, limit);
        search.watch.histories = true;
        search.alike = false;
        search_run(&search);
        all = !search.full && !search.bounded;
        if (search.full)
            fputs("cannot tell: a state is too large\n", stream);
        else
            write_search(stream, &search);
        search_free(&search);
    }
    free(why);
    return all;
}

void freedoms_write(FILE *stream)
{
    fputs("| freedom | rules | what is left open |\n| --- | --- | --- |\n", stream);
    for (int i = 0; i < FREEDOM_KINDS; i++)
        fprintf(stream, "| %s | %s | %s |\n", freedom_name((enum freedom)i),
                freedom_rules((enum freedom)i), freedom_sentence((enum freedom)i));
}
