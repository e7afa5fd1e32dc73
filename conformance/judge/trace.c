/* trace.c: reads what a driver printed, line by line, up to the first line that the protocol does
 * not allow. Instances are looked up by name in a hash table, since a trace may have a hundred
 * thousand. */
#include "trace.h"

#include "scenario/memory.h"

#include <stdarg.h>
#include <stdint.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct piece {
    const char *text;
    size_t size;
};

struct scanner {
    const struct program *program;
    struct trace *trace;
    struct outcomes outcomes; /* of all events */
    int *slots;               /* hash table of instances: an instance, or -1 */
    size_t slot_count;
    struct piece line;
    int number; /* of the line, from 1 */
};

/* What to do after a line. */
enum step { STEP_ON, STEP_END };

/* ---- What is wrong ---- */

/* The start of a line, with every byte that is not printable escaped. */
static void quote(char *buffer, size_t size, struct piece line)
{
    char *end = buffer + size - sizeof "\\x00...";

    for (size_t i = 0; i < line.size; i++) {
        unsigned char c = (unsigned char)line.text[i];

        if (buffer >= end) {
            strcpy(buffer, "...");
            return;
        }
        if (c >= ' ' && c <= '~')
            *buffer++ = (char)c;
        else
            buffer += sprintf(buffer, "\\x%02x", c);
    }
    *buffer = '\0';
}

/* The trace ends here as garbage. */
__attribute__((format(printf, 2, 3))) static enum step garbage(struct scanner *scanner,
                                                               const char *format, ...)
{
    char reason[160], line[160];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    quote(line, sizeof line, scanner->line);
    scanner->trace->problem = text_of("%s: '%s'", reason, line);
    scanner->trace->end = TRACE_GARBAGE;
    scanner->trace->line = scanner->number;
    return STEP_END;
}

/* ---- Words ---- */

static bool piece_is(struct piece piece, const char *text)
{
    return piece.size == strlen(text) && memcmp(piece.text, text, piece.size) == 0;
}

/* Take the word up to the next space, and the space, off the front of the rest. */
static struct piece take(struct piece *rest)
{
    const char *space = rest->size > 0 ? memchr(rest->text, ' ', rest->size) : NULL;
    struct piece word = *rest;

    if (space == NULL) {
        *rest = (struct piece){rest->text + rest->size, 0};
        return word;
    }
    word.size = (size_t)(space - rest->text);
    *rest = (struct piece){space + 1, rest->size - word.size - 1};
    return word;
}

/* A number as printf writes it, of at most nine digits. */
static bool parse_integer(struct piece word, int *number)
{
    bool negative = word.size > 0 && word.text[0] == '-';
    size_t first = negative;
    int value = 0;

    if (word.size == first || word.size > first + 9 || (word.text[first] == '0' && word.size > 1))
        return false;
    for (size_t i = first; i < word.size; i++) {
        if (word.text[i] < '0' || word.text[i] > '9')
            return false;
        value = 10 * value + (word.text[i] - '0');
    }
    *number = negative ? -value : value;
    return true;
}

static int find_name(const struct program *program, enum name_kind kind, struct piece word)
{
    const struct names *names = &program->names[kind];

    for (int i = 0; i < names->count; i++)
        if (piece_is(word, names->of[i].text))
            return i;
    return -1;
}

/* ---- Instances ---- */

static size_t hash(int task, int number)
{
    uint64_t key = (uint64_t)(uint32_t)task << 32 | (uint32_t)number;

    key *= 0x9e3779b97f4a7c15u;
    return (size_t)(key ^ key >> 32);
}

/* The slot where the instance is, or where it would be. */
static int *slot_of(const struct scanner *scanner, int task, int number)
{
    const struct instance *instances = scanner->trace->instances;
    size_t mask = scanner->slot_count - 1, i = hash(task, number) & mask;

    while (scanner->slots[i] >= 0 && (instances[scanner->slots[i]].task != task ||
                                      instances[scanner->slots[i]].number != number))
        i = (i + 1) & mask;
    return &scanner->slots[i];
}

/* Keep the table at most half full. */
static void grow_slots(struct scanner *scanner)
{
    size_t count = scanner->slot_count > 0 ? 2 * scanner->slot_count : 64;
    int *slots = resized(NULL, count * sizeof *slots);

    for (size_t i = 0; i < count; i++)
        slots[i] = -1;
    free(scanner->slots);
    scanner->slots = slots;
    scanner->slot_count = count;
    for (int i = 0; i < scanner->trace->instance_count; i++)
        *slot_of(scanner, scanner->trace->instances[i].task, scanner->trace->instances[i].number) =
            i;
}

static void add_instance(struct scanner *scanner, struct instance instance)
{
    struct trace *trace = scanner->trace;

    trace->instances = grown(trace->instances, (size_t)trace->instance_count, sizeof instance);
    if ((size_t)trace->instance_count >= scanner->slot_count / 2)
        grow_slots(scanner);
    *slot_of(scanner, instance.task, instance.number) = trace->instance_count;
    trace->instances[trace->instance_count++] = instance;
}

/* From T or T#n to the task and n. */
static bool parse_instance(const struct scanner *scanner, struct piece word, int *task, int *number)
{
    const char *mark = word.size > 0 ? memchr(word.text, '#', word.size) : NULL;
    struct piece name = word, rest;

    *number = 1;
    if (mark != NULL) {
        name.size = (size_t)(mark - word.text);
        rest = (struct piece){mark + 1, word.size - name.size - 1};
        if (!parse_integer(rest, number) || *number < 2)
            return false;
    }
    *task = find_name(scanner->program, NAME_TASK, name);
    return *task >= 0;
}

/* -1: there is none of that name yet. */
static int find_instance(const struct scanner *scanner, struct piece word)
{
    int task, number;

    if (!parse_instance(scanner, word, &task, &number))
        return -1;
    return *slot_of(scanner, task, number);
}

/* ---- Events ---- */

static enum step add_event(struct scanner *scanner, struct event event)
{
    struct trace *trace = scanner->trace;

    event.line = scanner->number;
    if (trace->event_count == TRACE_EVENTS_MAX)
        return garbage(scanner, "more than %d events", TRACE_EVENTS_MAX);
    trace->events = grown(trace->events, (size_t)trace->event_count, sizeof event);
    trace->events[trace->event_count++] = event;
    return STEP_ON;
}

static struct event event_of(enum event_kind kind, int instance)
{
    return (struct event){.kind = kind,
                          .instance = instance,
                          .operation = -1,
                          .child = -1,
                          .domain = -1,
                          .creator = -1,
                          .resource = -1,
                          .word = -1,
                          .port = -1};
}

/* The operation on the line that a word names; -1: none, or of another task. */
static int operation_on(const struct scanner *scanner, struct piece word, int task)
{
    const struct program *program = scanner->program;
    int line, operation;

    if (!parse_integer(word, &line) || line < 1 || line > PROGRAM_LINES_MAX)
        return -1;
    operation = program->at_line[line];
    return operation >= 0 && program->operations[operation].task == task ? operation : -1;
}

/* The two words that spawn, force and did begin with: an instance and a line of its task. */
static enum step take_operation(struct scanner *scanner, struct piece *rest, int *instance,
                                int *operation)
{
    struct piece name = take(rest), line = take(rest);
    int task;

    *instance = find_instance(scanner, name);
    if (*instance < 0)
        return garbage(scanner, "no such task has been spawned");
    task = scanner->trace->instances[*instance].task;
    *operation = operation_on(scanner, line, task);
    if (*operation < 0)
        return garbage(scanner, "the task '%s' has no operation on that line",
                       program_name(scanner->program, NAME_TASK, task));
    return STEP_ON;
}

static bool has_task(const struct operation *operation, int task)
{
    for (int i = 0; i < operation->task_count; i++)
        if (operation->tasks[i] == task)
            return true;
    return false;
}

static bool spawns(const struct operation *operation, int task)
{
    return operation_has(operation->kind, OPERATION_SPAWNS) && has_task(operation, task);
}

/* Whether a task can be a part of an operation: if it forces, of some line that makes the lazy
 * value of that name with that task. */
static bool forces(const struct program *program, const struct operation *operation, int task)
{
    if (operation_has(operation->kind, OPERATION_PARTS))
        return has_task(operation, task);
    for (int i = 0; i < program->operation_count && operation->kind == OP_FORCE; i++)
        if (program->operations[i].kind == OP_LAZY &&
            program->operations[i].name == operation->name &&
            (program->operations[i].task == operation->task ||
             program->names[NAME_LAZY].of[operation->name].shared) &&
            program->operations[i].tasks[0] == task)
            return true;
    return false;
}

/* Whether an operation can be the cause of an event by which a task begins. */
static bool begins(const struct program *program, const struct operation *operation, int task,
                   enum event_kind kind)
{
    if (kind == EVENT_FORCE)
        return forces(program, operation, task);
    if (kind == EVENT_CALLBACK)
        return operation_has(operation->kind, OPERATION_SETS) && has_task(operation, task);
    return spawns(operation, task);
}

/* The task of that name begins by an event, which is given without it. */
static enum step read_child(struct scanner *scanner, struct piece name, struct event event)
{
    struct instance child = {.parent = event.instance,
                             .forced = event.kind == EVENT_FORCE,
                             .spawned = scanner->trace->event_count,
                             .begun = -1,
                             .ended = -1};

    if (!parse_instance(scanner, name, &child.task, &child.number) ||
        (event.operation >= 0
             ? !begins(scanner->program, &scanner->program->operations[event.operation], child.task,
                       event.kind)
             : child.task != scanner->program->outside_task))
        return garbage(scanner, "that %s no such task",
                       event.kind == EVENT_SPAWN      ? "line spawns"
                       : event.kind == EVENT_FORCE    ? "line forces"
                       : event.kind == EVENT_CALLBACK ? "line sets"
                                                      : "program has, outside its run,");
    if (*slot_of(scanner, child.task, child.number) >= 0)
        return garbage(scanner, "spawned before");
    if (scanner->trace->instance_count == TRACE_INSTANCES_MAX)
        return garbage(scanner, "more than %d tasks", TRACE_INSTANCES_MAX);
    event.child = scanner->trace->instance_count;
    add_instance(scanner, child);
    return add_event(scanner, event);
}

static enum step read_caused(struct scanner *scanner, struct piece rest, enum event_kind kind)
{
    struct event event = event_of(kind, -1);
    enum step step = take_operation(scanner, &rest, &event.instance, &event.operation);

    if (kind == EVENT_CALLBACK) { /* it is no event of the instance, which may have ended */
        event.creator = event.instance;
        event.instance = -1;
    }
    return step == STEP_ON ? read_child(scanner, rest, event) : step;
}

static enum step read_spawn(struct scanner *scanner, struct piece rest)
{
    return read_caused(scanner, rest, EVENT_SPAWN);
}

static enum step read_force(struct scanner *scanner, struct piece rest)
{
    return read_caused(scanner, rest, EVENT_FORCE);
}

static enum step read_callback(struct scanner *scanner, struct piece rest)
{
    return read_caused(scanner, rest, EVENT_CALLBACK);
}

static enum step read_outside(struct scanner *scanner, struct piece rest)
{
    return read_child(scanner, rest, event_of(EVENT_OUTSIDE, -1));
}

/* The event by which an instance begins; main has none. */
static const struct event *cause_of(const struct scanner *scanner, int instance)
{
    return &scanner->trace->events[scanner->trace->instances[instance].spawned];
}

/* Whether an instance is on no domain: outside the run, or a hook. */
static bool is_nowhere(const struct scanner *scanner, int instance)
{
    const struct event *cause = instance > 0 ? cause_of(scanner, instance) : NULL;

    return cause != NULL && (cause->kind == EVENT_OUTSIDE ||
                             (cause->kind == EVENT_CALLBACK &&
                              scanner->program->operations[cause->operation].kind == OP_HOOK));
}

bool is_unknown_domain(int domain)
{
    return domain < INT_MIN / 2;
}

/* `?` is a domain that the runtime cannot say; what is on none says so, too. */
static bool parse_domain(struct scanner *scanner, struct piece text, int instance, int *domain)
{
    if (!piece_is(text, "?"))
        return parse_integer(text, domain);
    if (!is_nowhere(scanner, instance))
        scanner->trace->says_domains = false;
    *domain = INT_MIN + 1 + instance; /* that of no other instance */
    return true;
}

static enum step read_begin(struct scanner *scanner, struct piece rest)
{
    struct piece name = take(&rest);
    struct event event = event_of(EVENT_BEGIN, find_instance(scanner, name));
    struct instance *instance;

    if (event.instance < 0)
        return garbage(scanner, "no such task has been spawned");
    if (!parse_domain(scanner, rest, event.instance, &event.domain))
        return garbage(scanner, "not a domain");
    instance = &scanner->trace->instances[event.instance];
    if (instance->begun < 0)
        instance->begun = scanner->trace->event_count;
    return add_event(scanner, event);
}

static enum step read_end(struct scanner *scanner, struct piece rest)
{
    struct event event = event_of(EVENT_END, find_instance(scanner, rest));
    struct instance *instance;

    if (event.instance < 0)
        return garbage(scanner, "no such task has been spawned");
    instance = &scanner->trace->instances[event.instance];
    if (instance->ended < 0)
        instance->ended = scanner->trace->event_count;
    return add_event(scanner, event);
}

static enum step read_print(struct scanner *scanner, struct piece rest)
{
    struct piece name = take(&rest);
    struct event event = event_of(EVENT_PRINT, find_instance(scanner, name));

    if (event.instance < 0)
        return garbage(scanner, "no such task has been spawned");
    event.word = find_name(scanner->program, NAME_WORD, rest);
    if (event.word < 0 ||
        !binds_name(scanner->program, scanner->trace->instances[event.instance].task, NAME_WORD,
                    event.word))
        return garbage(scanner, "the task does not print that");
    return add_event(scanner, event);
}

static enum step read_finalise(struct scanner *scanner, struct piece rest)
{
    struct piece creator = take(&rest), name = take(&rest);
    struct event event = event_of(EVENT_FINALISE, -1);

    event.creator = find_instance(scanner, creator);
    if (event.creator < 0)
        return garbage(scanner, "no such task has been spawned");
    event.resource = find_name(scanner->program, NAME_RESOURCE, name);
    if (event.resource < 0 ||
        !binds_name(scanner->program, scanner->trace->instances[event.creator].task, NAME_RESOURCE,
                    event.resource))
        return garbage(scanner, "the task creates no such resource");
    if (!parse_domain(scanner, rest, -1, &event.domain))
        return garbage(scanner, "not a domain");
    return add_event(scanner, event);
}

/* Lists are kept one behind the other, in the order of their events. */
static void place_outcomes(struct trace *trace)
{
    struct outcome *next = trace->outcomes;

    for (int i = 0; i < trace->event_count; i++)
        if (trace->events[i].outcomes.count > 0) {
            trace->events[i].outcomes.of = next;
            next += trace->events[i].outcomes.count;
        }
}

static bool may_be_list(const struct operation *operation)
{
    return operation_has(operation->kind, OPERATION_LISTS) || operation->repeat > 1;
}

/* Whether a list of parallel has a member for each task, unless it was refused as a whole. */
static bool is_whole(const struct operation *operation, struct outcomes list)
{
    enum outcome_kind first = list.of[0].kind;

    if (operation->kind != OP_PARALLEL || operation->repeat > 1)
        return true;
    if (operation->task_count == 0)
        return list.count == 1 && first != OUTCOME_OK && first != OUTCOME_FAILED;
    return list.count == (size_t)operation->task_count ||
           (list.count == 1 && first != OUTCOME_OK && first != OUTCOME_FAILED &&
            first != OUTCOME_CANCELLED && first != OUTCOME_NONE);
}

/* The event gets only the length of its list, since the array may still move; see place_outcomes.
 */
static enum step read_outcomes(struct scanner *scanner, struct piece text, struct event *event)
{
    const struct operation *operation =
        event->operation >= 0 ? &scanner->program->operations[event->operation] : NULL;
    struct outcomes *all = &scanner->outcomes, list;
    size_t before = all->count;

    if (!outcomes_parse(all, scanner->program, text.text, text.size))
        return garbage(scanner, "not an outcome");
    list = (struct outcomes){all->of + before, all->count - before};
    if (list.count > 1 && (operation == NULL || !may_be_list(operation)))
        return garbage(scanner, "a list where there is one outcome");
    if (operation != NULL && !is_whole(operation, list))
        return garbage(scanner, "not one outcome for each of %d tasks", operation->task_count);
    if (operation != NULL && operation->kind != OP_PARALLEL)
        outcomes_fold(&list);
    all->count = before + list.count;
    event->outcomes = (struct outcomes){NULL, list.count};
    return STEP_ON;
}

static enum step read_did(struct scanner *scanner, struct piece rest)
{
    struct event event = event_of(EVENT_DID, -1);
    enum step step = take_operation(scanner, &rest, &event.instance, &event.operation);
    enum operation_kind kind;

    if (step != STEP_ON)
        return step;
    kind = scanner->program->operations[event.operation].kind;
    if (operation_has(kind, OPERATION_LAST))
        return garbage(scanner, "'%s' does not return", operation_word(kind));
    step = read_outcomes(scanner, rest, &event);
    return step == STEP_ON ? add_event(scanner, event) : step;
}

static enum step read_port(struct scanner *scanner, struct piece rest)
{
    struct event event = event_of(EVENT_PORT, -1);
    enum step step = take_operation(scanner, &rest, &event.instance, &event.operation);

    if (step != STEP_ON)
        return step;
    if (scanner->program->operations[event.operation].kind != OP_LISTEN)
        return garbage(scanner, "no task listens on that line");
    if (!parse_integer(rest, &event.port) || event.port < 1 || event.port > 65535)
        return garbage(scanner, "not a port");
    return add_event(scanner, event);
}

static enum step read_run(struct scanner *scanner, struct piece rest)
{
    struct event event = event_of(EVENT_RUN, -1);
    enum step step = read_outcomes(scanner, rest, &event);

    if (step != STEP_ON)
        return step;
    scanner->trace->end = TRACE_WHOLE;
    return add_event(scanner, event);
}

/* The candidates for a turn. If there is only one, no choice follows. */
static enum step read_turn(struct scanner *scanner, struct piece rest)
{
    struct trace *trace = scanner->trace;
    struct turn turn = {.event = trace->event_count,
                        .choice = trace->choice_count,
                        .candidate = trace->candidate_count};
    int domain;

    for (; rest.size > 0; turn.count++) {
        struct piece word = take(&rest);

        if (piece_is(word, "-"))
            domain = TURN_TIME;
        else if (!parse_integer(word, &domain) || domain < 0 || domain > scanner->program->domains)
            return garbage(scanner, "not a turn");
        trace->candidates = grown(trace->candidates, (size_t)trace->candidate_count, sizeof domain);
        trace->candidates[trace->candidate_count++] = domain;
    }
    if (turn.count == 0 || trace->turn_count == TRACE_EVENTS_MAX)
        return garbage(scanner, "not a turn");
    trace->turns = grown(trace->turns, (size_t)trace->turn_count, sizeof turn);
    trace->turns[trace->turn_count++] = turn;
    return STEP_ON;
}

static enum step read_chose(struct scanner *scanner, struct piece rest)
{
    struct trace *trace = scanner->trace;
    struct piece answer = take(&rest);
    struct choice choice;

    if (!parse_integer(answer, &choice.answer) || !parse_integer(rest, &choice.count) ||
        choice.answer < 0 || choice.answer >= choice.count + scanner->program->beyond ||
        choice.count < 2)
        return garbage(scanner, "not a choice");
    if (trace->choice_count == TRACE_EVENTS_MAX)
        return garbage(scanner, "more than %d choices", TRACE_EVENTS_MAX);
    trace->choices = grown(trace->choices, (size_t)trace->choice_count, sizeof choice);
    trace->choices[trace->choice_count++] = choice;
    if (choice.answer == choice.count)
        trace->beyond = trace->event_count;
    return STEP_ON;
}

static enum step read_absent(struct scanner *scanner, struct piece rest)
{
    if (rest.size == 0 || rest.size > 64 || memchr(rest.text, ' ', rest.size) != NULL)
        return garbage(scanner, "not a function");
    scanner->trace->problem = text_of("%.*s", (int)rest.size, rest.text);
    scanner->trace->end = TRACE_ABSENT;
    return STEP_END;
}

/* ---- Lines ---- */

static enum step read_event(struct scanner *scanner)
{
    static const struct {
        const char *word;
        enum step (*read)(struct scanner *scanner, struct piece rest);
    } kinds[] = {{"spawn", read_spawn}, {"force", read_force},       {"callback", read_callback},
                 {"begin", read_begin}, {"did", read_did},           {"print", read_print},
                 {"end", read_end},     {"finalise", read_finalise}, {"chose", read_chose},
                 {"turn", read_turn},   {"outside", read_outside},   {"port", read_port},
                 {"run", read_run},     {"absent", read_absent}};
    struct piece rest = scanner->line, word = take(&rest);

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (piece_is(word, kinds[i].word))
            return kinds[i].read(scanner, rest);
    return garbage(scanner, "not an event");
}

static enum step read_line(struct scanner *scanner, unsigned id)
{
    char first[32];

    for (size_t i = 0; i < scanner->line.size; i++) {
        unsigned char c = (unsigned char)scanner->line.text[i];

        if (c < ' ' || c > '~')
            return garbage(scanner, "a byte that is not printable ASCII in column %zu", i + 1);
    }
    if (scanner->trace->end == TRACE_WHOLE)
        return garbage(scanner, "a line after the end of the run");
    if (scanner->number > 1)
        return read_event(scanner);
    snprintf(first, sizeof first, "scenario %u", id);
    if (!piece_is(scanner->line, first))
        return garbage(scanner, "not '%s'", first);
    return STEP_ON;
}

/* A last line without a newline does not count: the driver died while writing it. Behind the end of
 * the run it is garbage all the same. If another execution may follow, *used is how much of the
 * text belongs to this one. */
static void read_lines(struct scanner *scanner, struct piece text, unsigned id, size_t *used)
{
    enum step step = STEP_ON;
    size_t at = 0;

    while (at < text.size && step == STEP_ON) {
        struct piece rest = {text.text + at, text.size - at};
        const char *end = memchr(rest.text, '\n', rest.size);
        size_t length = end != NULL ? (size_t)(end - rest.text) : rest.size;

        if (used != NULL && scanner->trace->end == TRACE_WHOLE) {
            *used = at;
            return;
        }
        scanner->line = (struct piece){rest.text, length};
        scanner->number++;
        if (length >= TRACE_LINE_MAX)
            step = garbage(scanner, "a line of %zu bytes; at most %d", length, TRACE_LINE_MAX);
        else if (end != NULL || scanner->trace->end == TRACE_WHOLE)
            step = read_line(scanner, id);
        at += length + 1;
    }
}

static struct trace *parse(const struct program *program, unsigned id, struct piece text,
                           size_t *used)
{
    struct scanner scanner = {.program = program, .trace = zeroed(1, sizeof *scanner.trace)};

    scanner.trace->end = TRACE_CUT;
    scanner.trace->beyond = -1;
    scanner.trace->says_domains = true;
    add_instance(&scanner, (struct instance){.task = program->main_task,
                                             .number = 1,
                                             .parent = -1,
                                             .spawned = -1,
                                             .begun = -1,
                                             .ended = -1});
    read_lines(&scanner, text, id, used);
    free(scanner.slots);
    scanner.trace->outcomes = scanner.outcomes.of;
    place_outcomes(scanner.trace);
    return scanner.trace;
}

struct trace *trace_parse(const struct program *program, unsigned id, const char *text, size_t size)
{
    return parse(program, id, (struct piece){text, size}, NULL);
}

struct trace *trace_parse_first(const struct program *program, unsigned id, const char *text,
                                size_t size, size_t *used)
{
    *used = size;
    return parse(program, id, (struct piece){text, size}, used);
}

void trace_free(struct trace *trace)
{
    if (trace == NULL)
        return;
    free(trace->events);
    free(trace->instances);
    free(trace->choices);
    free(trace->turns);
    free(trace->candidates);
    free(trace->outcomes);
    free(trace->problem);
    free(trace);
}

/* ---- Writing ---- */

void instance_write(char *buffer, size_t size, const struct program *program,
                    const struct trace *trace, int instance)
{
    const struct instance *which = &trace->instances[instance];
    const char *name = program_name(program, NAME_TASK, which->task);

    if (which->number > 1)
        snprintf(buffer, size, "%s#%d", name, which->number);
    else
        snprintf(buffer, size, "%s", name);
}

enum { FOLDED = 5 /* members that are the same and become one */ };

/* How many members are the same from this one on. */
static size_t count_same(struct outcomes list, size_t from)
{
    size_t end = from + 1;

    while (end < list.count && outcome_equal(list.of[from], list.of[end]))
        end++;
    return end - from;
}

void outcomes_write(char *buffer, size_t size, const struct program *program, struct outcomes list)
{
    size_t used = 0, same;

    *buffer = '\0';
    for (size_t i = 0; i < list.count; i += same) {
        char outcome[OUTCOME_MAX + 16];
        int folded = 0;

        same = count_same(list, i);
        if (same >= FOLDED)
            folded = sprintf(outcome, "%zu x ", same);
        else
            same = 1;
        outcome_write(outcome + folded, OUTCOME_MAX, program, list.of[i]);
        if (used + strlen(outcome) + sizeof ", , ..." > size) {
            snprintf(buffer + used, size - used, "%s...", i > 0 ? ", " : "");
            return;
        }
        used += (size_t)sprintf(buffer + used, "%s%s", i > 0 ? ", " : "", outcome);
    }
}

void event_write(char *buffer, size_t size, const struct program *program,
                 const struct trace *trace, int event)
{
    const struct event *which = &trace->events[event];
    char instance[INSTANCE_MAX] = "", child[INSTANCE_MAX] = "", outcomes[4 * OUTCOME_MAX];
    char domain[16] = "?";
    int line = which->operation >= 0 ? program->operations[which->operation].line : 0;

    if (which->instance >= 0 || which->creator >= 0)
        instance_write(instance, sizeof instance, program, trace,
                       which->instance >= 0 ? which->instance : which->creator);
    if (which->child >= 0)
        instance_write(child, sizeof child, program, trace, which->child);
    outcomes_write(outcomes, sizeof outcomes, program, which->outcomes);
    if (!is_unknown_domain(which->domain))
        snprintf(domain, sizeof domain, "%d", which->domain);
    switch (which->kind) {
    case EVENT_SPAWN:
        snprintf(buffer, size, "spawn %s %d %s", instance, line, child);
        return;
    case EVENT_FORCE:
        snprintf(buffer, size, "force %s %d %s", instance, line, child);
        return;
    case EVENT_CALLBACK:
        snprintf(buffer, size, "callback %s %d %s", instance, line, child);
        return;
    case EVENT_OUTSIDE:
        snprintf(buffer, size, "outside %s", child);
        return;
    case EVENT_BEGIN:
        snprintf(buffer, size, "begin %s %s", instance, domain);
        return;
    case EVENT_DID:
    case EVENT_ASIDE:
        snprintf(buffer, size, "did %s %d %s", instance, line, outcomes);
        return;
    case EVENT_PRINT:
        snprintf(buffer, size, "print %s %s", instance,
                 program_name(program, NAME_WORD, which->word));
        return;
    case EVENT_FINALISE:
        snprintf(buffer, size, "finalise %s %s %s", instance,
                 program_name(program, NAME_RESOURCE, which->resource), domain);
        return;
    case EVENT_PORT:
        snprintf(buffer, size, "port %s %d %d", instance, line, which->port);
        return;
    case EVENT_END:
        snprintf(buffer, size, "end %s", instance);
        return;
    case EVENT_RUN:
        snprintf(buffer, size, "run %s", outcomes);
        return;
    }
}
