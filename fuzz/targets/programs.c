/* programs.c: bytes are read into moves, one for each operation; moves that would make a program
 * invalid or endless are left out; the others are written down. A task spawns, forces and runs only
 * tasks that come after it, so that no chain of tasks goes on for ever. Of the names of each kind,
 * those with even numbers are shared: only main, of which there is one instance, binds them. */
#include "programs.h"

#include "scenario/program.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum {
    DOMAINS = 4, /* a program has 0 to 3 */
    TASKS = 8,
    MOVES = 200, /* a program may have 512 lines */
    NAMES = 4,   /* of each kind */
    LAZIES = 2,
    NOBODY = -1,
};

/* What a task does after its moves. */
struct manners {
    enum { AWAITS, CANCELS, FORGETS } children;
    bool keeps; /* what it owns */
    bool fails;
    unsigned result; /* which error, or which value */
};

struct move {
    enum operation_kind kind;
    int task;
    int child;  /* the task that it spawns, forces or runs; or NOBODY */
    int second; /* the second one that it spawns or runs, perhaps the same */
    int times;
    unsigned name, other, options;
    bool left_out;
};

struct writer {
    struct move moves[MOVES];
    int count;
    unsigned users[NAME_KINDS][NAMES]; /* the tasks that use a name, one bit each */
    struct manners manners[TASKS];
    int tasks;
    bool restricts;       /* a task may be executed where calls are refused as in a finaliser */
    bool expires;         /* a task may be executed under a deadline */
    int instances[TASKS]; /* that one instance of a task starts in all, itself included */
    char *text;
    size_t length;
};

/* Kinds that should be more frequent than others. */
static const uint8_t popular[] = {
    OP_ASYNC,   OP_CALL,          OP_AWAIT,     OP_ASYNC,     OP_YIELD,   OP_CALL,
    OP_CANCEL,  OP_OWN,           OP_YIELD,     OP_CARE,      OP_AWAIT,   OP_ASYNC,
    OP_LOCK,    OP_UNLOCK,        OP_OWN,       OP_RELEASE,   OP_FORCE,   OP_SLEEP,
    OP_DISOWN,  OP_CALL,          OP_WAIT,      OP_SIGNAL,    OP_YIELD,   OP_AWAIT_FIRST,
    OP_LOCK,    OP_ASYNC,         OP_RELEASE,   OP_CARE,      OP_CANCEL,  OP_AWAIT_ALL,
    OP_PROTECT, OP_PROTECT_MUTEX, OP_ON_SIGNAL, OP_CANCELLER, OP_PROTECT,
};

static bool spawns(enum operation_kind kind)
{
    return operation_has(kind, OPERATION_SPAWNS);
}

static bool binds(const struct move *move)
{
    return operation_has(move->kind, OPERATION_BINDS);
}

static bool lists_promises(enum operation_kind kind)
{
    return kind == OP_AWAIT_ALL || kind == OP_AWAIT_ONE || kind == OP_AWAIT_FIRST;
}

/* Whether a move has a task behind its word that is executed in another way than by a spawn. */
static bool passes_task(enum operation_kind kind)
{
    return kind == OP_PROTECT || kind == OP_PROTECT_MUTEX || kind == OP_ON_SIGNAL ||
           kind == OP_DEADLINE;
}

static bool has_third(const struct move *move)
{
    return move->kind == OP_PROTECT && (move->options & 1);
}

static bool has_options(const struct move *move)
{
    return move->kind == OP_ASYNC || move->kind == OP_CALL;
}

static bool has_orphanage(const struct move *move)
{
    return has_options(move) && (move->options & OPTION_ORPHANS) == OPTION_ORPHANS;
}

static unsigned orphanage_of(const struct move *move)
{
    return move->options / (OPTION_ORPHANS + 1);
}

static bool gives(const struct move *move)
{
    return has_options(move) && (move->options & OPTION_GIVE_MASK) == OPTION_GIVE;
}

/* It also gives the resource of the next name. */
static bool gives_two(const struct move *move)
{
    return gives(move) && (move->options & OPTION_GIVE_TWO) == OPTION_GIVE_TWO;
}

static unsigned next_name(unsigned name)
{
    return (name + 1) % NAMES;
}

/* How many tasks a move executes, each time. */
static int tasks_of(const struct move *move)
{
    if (move->kind == OP_PARALLEL)
        return move->options == OPTION_NONE ? 0 : move->options == OPTION_ONE ? 1 : 2;
    return move->kind != OP_PROTECT ? 1 : has_third(move) ? 3 : 2;
}

static bool makes(enum operation_kind kind)
{
    return kind == OP_CREATE || kind == OP_ORPHANS || kind == OP_MUTEX || kind == OP_CONDITION ||
           kind == OP_LAZY || kind == OP_TRIGGER || kind == OP_COMPUTATION || kind == OP_CANCELLER;
}

static bool is_shared(unsigned name)
{
    return name % 2 == 0;
}

/* A name that a task may bind. */
static unsigned own(int task, unsigned name)
{
    return task > 0 ? name | 1 : name;
}

/* The promise name that a move binds. */
static unsigned bound_by(const struct move *move)
{
    return own(move->task, move->other);
}

/* ---- reading */

static enum operation_kind kind_of(uint8_t byte)
{
    return byte < OPERATION_KINDS ? (enum operation_kind)byte
                                  : (enum operation_kind)popular[byte % sizeof popular];
}

static void begin_task(struct writer *writer, uint8_t how)
{
    writer->manners[writer->tasks++] = (struct manners){
        .children = (how & TASK_CHILDREN) == TASK_FORGETS   ? FORGETS
                    : (how & TASK_CHILDREN) == TASK_CANCELS ? CANCELS
                                                            : AWAITS,
        .keeps = how & TASK_KEEPS,
        .fails = (how & TASK_FAILS) == TASK_FAILS,
        .result = how >> 5 & (NAMES - 1),
    };
}

static void read_moves(struct writer *writer, const uint8_t *bytes, size_t size)
{
    begin_task(writer, size > 0 ? bytes[0] : 0);
    for (size_t i = 1; i + 1 < size && writer->count < MOVES; i += 2) {
        uint8_t kind = bytes[i], with = bytes[i + 1];

        if (kind >= TASK_NEXT) {
            if (writer->tasks < TASKS)
                begin_task(writer, with);
            continue;
        }
        writer->moves[writer->count++] = (struct move){
            .kind = kind_of(kind),
            .task = writer->tasks - 1,
            .child = NOBODY,
            .second = NOBODY,
            .times = with >= REPEATED ? 2 + with % 3 : 1,
            .name = with & 3,
            .other = with >> 2 & 3,
            .options = with >> 4,
        };
        if (makes(kind_of(kind)))
            writer->moves[writer->count - 1].name = own(writer->tasks - 1, with & 3);
    }
}

/* ---- leaving out */

/* The task that computes a lazy value; NOBODY if there are too few tasks. */
static int computer(const struct writer *writer, unsigned lazy)
{
    int task = writer->tasks - 1 - (int)lazy % LAZIES;

    return task > 0 ? task : NOBODY;
}

/* The task that the move spawns, forces or runs; NOBODY if there is none. */
static int child_of(const struct writer *writer, const struct move *move)
{
    int behind = writer->tasks - 1 - move->task;

    if (operation_names(move->kind) == NAME_LAZY)
        return computer(writer, move->name);
    if ((!spawns(move->kind) && !passes_task(move->kind)) || behind == 0)
        return NOBODY;
    return move->task + 1 + (int)move->name % behind;
}

static bool has_second(const struct move *move)
{
    return move->kind == OP_PARALLEL || move->kind == OP_PROTECT;
}

/* The second task that it spawns or runs. */
static int second_of(const struct writer *writer, const struct move *move)
{
    int behind = writer->tasks - 1 - move->task;

    return has_second(move) && behind > 0 ? move->task + 1 + (int)move->other % behind : NOBODY;
}

static bool starts(const struct move *move)
{
    return passes_task(move->kind) || spawns(move->kind) || move->kind == OP_FORCE;
}

/* The highest number of instances that a move starts, below its tasks too. */
static int instances_of(const struct writer *writer, const struct move *move)
{
    int first = writer->instances[move->child], count = tasks_of(move);

    if (count > 1)
        return ((count - 1) * first + writer->instances[move->second]) * move->times;
    return count * first * move->times;
}

/* From the last task backwards, so that the number of a child's instances is known. */
static void leave_out_too_many(struct writer *writer)
{
    for (int i = 0; i < writer->tasks; i++)
        writer->instances[i] = 1;
    for (int i = writer->count - 1; i >= 0; i--) {
        struct move *move = &writer->moves[i];
        int *instances = &writer->instances[move->task];

        move->child = child_of(writer, move);
        move->second = second_of(writer, move);
        if (starts(move))
            move->left_out = move->child <= move->task ||
                             *instances + instances_of(writer, move) > MOST_INSTANCES;
        else
            move->left_out = move->kind == OP_UNTIL || move->kind == OP_RETURN ||
                             move->kind == OP_FAIL || move->kind >= OP_HANDLE ||
                             (operation_names(move->kind) == NAME_LAZY && move->child == NOBODY);
        if (starts(move) && !move->left_out)
            *instances += instances_of(writer, move);
    }
}

/* A task uses only promises that it binds, or that are shared and main binds. */
static void leave_out_unbound(struct writer *writer)
{
    bool bound[TASKS][NAMES] = {{false}};

    for (int i = 0; i < writer->count; i++)
        if (!writer->moves[i].left_out && binds(&writer->moves[i]))
            bound[writer->moves[i].task][bound_by(&writer->moves[i])] = true;
    for (int task = 1; task < TASKS; task++)
        for (unsigned name = 0; name < NAMES; name++)
            bound[task][name] = bound[is_shared(name) ? 0 : task][name];
    for (int i = 0; i < writer->count; i++) {
        struct move *move = &writer->moves[i];
        const bool *known = bound[move->task];

        if (lists_promises(move->kind) || operation_names(move->kind) == NAME_PROMISE)
            move->left_out = move->left_out || !known[move->name] ||
                             (lists_promises(move->kind) && !known[move->other]);
    }
}

/* ---- names */

static void note_user(struct writer *writer, enum name_kind kind, unsigned name, int task)
{
    if (kind == NAME_LAZY)
        name %= LAZIES;
    writer->users[kind][name] |= 1u << task;
}

static void note_restrictions(struct writer *writer)
{
    for (int i = 0; i < writer->count; i++) {
        const struct move *move = &writer->moves[i];

        writer->restricts |= !move->left_out && (move->kind == OP_ON_SIGNAL || has_third(move));
        writer->expires |= !move->left_out && move->kind == OP_DEADLINE;
    }
}

static void note_users(struct writer *writer)
{
    for (int i = 0; i < writer->count; i++) {
        const struct move *move = &writer->moves[i];
        enum name_kind names = operation_names(move->kind);
        enum name_kind others = operation_other_names(move->kind);

        if (move->left_out)
            continue;
        if (names_objects(names))
            note_user(writer, names, move->name, move->task);
        if (names_objects(others))
            note_user(writer, others, move->other, move->task);
        if (lists_promises(move->kind))
            note_user(writer, NAME_PROMISE, move->other, move->task);
        if (move->kind == OP_CANCELLER)
            note_user(writer, NAME_COMPUTATION, move->name, move->task);
        if (has_orphanage(move))
            note_user(writer, NAME_ORPHANAGE, orphanage_of(move), move->task);
        if (gives(move))
            note_user(writer, NAME_RESOURCE, move->other, move->task);
        if (gives_two(move))
            note_user(writer, NAME_RESOURCE, next_name(move->other), move->task);
    }
}

/* ---- writing */

static void put(struct writer *writer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void put_char(struct writer *writer, char c)
{
    if (writer->length + 1 < PROGRAM_TEXT)
        writer->text[writer->length++] = c;
}

static void put_text(struct writer *writer, const char *text)
{
    while (*text != '\0')
        put_char(writer, *text++);
}

static void put_number(struct writer *writer, unsigned number)
{
    char digits[12], *first = digits + sizeof digits - 1;

    *first = '\0';
    do
        *--first = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    put_text(writer, first);
}

/* As printf does it, but sooner: %s, %c, and %u and %d of what is not negative, and nothing else.
 */
static void put(struct writer *writer, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    for (; *format != '\0'; format++)
        if (*format != '%')
            put_char(writer, *format);
        else if (*++format == 's')
            put_text(writer, va_arg(arguments, const char *));
        else if (*format == 'c')
            put_char(writer, (char)va_arg(arguments, int));
        else
            put_number(writer, va_arg(arguments, unsigned));
    va_end(arguments);
    writer->text[writer->length] = '\0';
}

static const char letters[NAME_KINDS + 1] = "apromclgxdhfwe";

static void put_name(struct writer *writer, enum name_kind kind, unsigned name)
{
    if (kind == NAME_LAZY)
        name %= LAZIES;
    put(writer, " %c%u", letters[kind], name);
}

static void put_task(struct writer *writer, int task)
{
    if (task == 0)
        put(writer, " main");
    else
        put(writer, " %c", 'a' + task - 1);
}

static void put_spawn(struct writer *writer, const struct move *move)
{
    unsigned options = move->options;

    if (tasks_of(move) > 0)
        put_task(writer, move->child);
    if (tasks_of(move) > 1)
        put_task(writer, move->second);
    if (has_orphanage(move))
        put(writer, " orphans=o%u", orphanage_of(move));
    if (gives(move))
        put(writer, " give=r%u", move->other);
    if (gives_two(move))
        put(writer, ",r%u", next_name(move->other));
    if (move->kind == OP_CALL && options == OPTION_PIN)
        put(writer, " pin=%u", move->other);
    if (move->kind == OP_CALL && options == OPTION_PIN_SELF)
        put(writer, " pin=self");
}

/* What follows the operation's word. */
static void put_operands(struct writer *writer, const struct move *move)
{
    enum name_kind names = operation_names(move->kind);

    if (spawns(move->kind)) {
        put_spawn(writer, move);
        return;
    }
    if (lists_promises(move->kind)) {
        put_name(writer, NAME_PROMISE, move->name);
        put_name(writer, NAME_PROMISE, move->other);
        return;
    }
    if (names < NAME_KINDS && names != NAME_TASK)
        put_name(writer, names, move->name);
    switch (move->kind) {
    case OP_PROTECT:
        put_task(writer, move->child);
        put_task(writer, move->second);
        if (has_third(move))
            put_task(writer, move->child);
        break;
    case OP_CANCELLER:
        put_name(writer, NAME_COMPUTATION, move->other);
        put_name(writer, NAME_COMPUTATION, move->name);
        break;
    case OP_PROTECT_MUTEX:
    case OP_ON_SIGNAL:
    case OP_LAZY:
        put_task(writer, move->child);
        break;
    case OP_WAIT:
        put_name(writer, NAME_MUTEX, move->other);
        break;
    case OP_ATTACH:
    case OP_DETACH:
        put_name(writer, NAME_TRIGGER, move->other);
        break;
    case OP_COMPLETE:
        if (move->options & 1)
            put_name(writer, NAME_ERROR, move->other);
        else
            put(writer, " %u", move->other);
        break;
    case OP_SLEEP:
        put(writer, " %u", move->other);
        break;
    case OP_DEADLINE:
        put(writer, " %u", move->other);
        put_task(writer, move->child);
        break;
    default:
        break;
    }
}

static void put_move(struct writer *writer, const struct move *move)
{
    const char *refused = writer->restricts ? " | in-finaliser" : "";

    put(writer, "   ");
    if (binds(move))
        put(writer, " p%u =", bound_by(move));
    if (move->times > 1)
        put(writer, " repeat %d", move->times);
    put(writer, " %s", operation_word(move->kind));
    put_operands(writer, move);
    if (has_options(move))
        put(writer, " => ok | stopped | invalid | not-owner | no-domain-available%s", refused);
    else if (move->kind == OP_CANCELLER) /* of computations that may be freed */
        put(writer, " => ok | invalid%s", refused);
    else if ((writer->restricts || writer->expires) && operation_has(move->kind, OPERATION_PLAIN) &&
             operation_function(move->kind) != NULL)
        put(writer, " => ok%s%s%s",
            operation_has(move->kind, OPERATION_SUSPENDS) ? " | stopped" : "",
            operation_has(move->kind, OPERATION_SUSPENDS) && writer->expires ? " | expired" : "",
            refused);
    put(writer, "\n");
}

/* Main binds the shared names; those that only main uses need no declaration. */
static void put_shared(struct writer *writer)
{
    bool any = false;

    for (int kind = 0; kind < NAME_KINDS; kind++)
        for (unsigned name = 0; name < NAMES; name++) {
            if (!is_shared(name) || writer->users[kind][name] <= 1)
                continue;
            put(writer, "%s", any ? "" : "shared");
            put_name(writer, (enum name_kind)kind, name);
            any = true;
        }
    put(writer, "%s", any ? "\n" : "");
}

/* A task begins by making every object that it uses, and main those that are shared. */
static void put_makers(struct writer *writer, int task)
{
    static const enum operation_kind makers[] = {
        OP_ORPHANS, OP_CREATE, OP_MUTEX, OP_CONDITION, OP_LAZY, OP_TRIGGER, OP_COMPUTATION};

    for (size_t i = 0; i < sizeof makers / sizeof *makers; i++)
        for (unsigned name = 0; name < NAMES; name++) {
            unsigned users = writer->users[operation_names(makers[i])][name];
            struct move maker = {.kind = makers[i], .task = task, .times = 1, .name = name};

            if (is_shared(name) ? task != 0 || users == 0 : (users >> task & 1) == 0)
                continue;
            maker.child = child_of(writer, &maker);
            put_move(writer, &maker);
        }
}

static const int values[NAMES] = {0, 1, 300, PROGRAM_NUMBER_MAX};

/* The end of the task, which usually cleans up first. */
static void put_manners(struct writer *writer, int task)
{
    const struct manners *manners = &writer->manners[task];
    bool bound[NAMES] = {false}, orphanages[NAMES] = {false}, owned[NAMES] = {false};

    for (int i = 0; i < writer->count; i++) {
        const struct move *move = &writer->moves[i];

        if (move->left_out || move->task != task)
            continue;
        bound[bound_by(move)] |= binds(move);
        orphanages[orphanage_of(move)] |= has_orphanage(move);
        owned[move->name] |= move->kind == OP_OWN;
    }
    for (int i = 0; i < NAMES && manners->children != FORGETS; i++) {
        if (bound[i])
            put(writer, "    %s p%d\n", manners->children == AWAITS ? "await" : "cancel", i);
        if (orphanages[i])
            put(writer, "    repeat 4 get o%d\n", i);
    }
    for (int i = 0; i < NAMES && !manners->keeps; i++)
        if (owned[i])
            put(writer, "    release r%d\n", i);
    if (manners->fails)
        put(writer, "    fail e%u\n", manners->result);
    else
        put(writer, "    return %d\n", values[manners->result]);
}

/* The run returns what main returns, unless a task breaks a rule that ends the run. */
static void put_expectation(struct writer *writer)
{
    const struct manners *manners = &writer->manners[0];

    put(writer, "expect run %s%d | still-has-children | resource-leaked | deadlock",
        manners->fails ? "failed e" : "ok ",
        manners->fails ? (int)manners->result : values[manners->result]);
    put(writer, " | on-cancellation-failed\n");
}

size_t program_write(char text[PROGRAM_TEXT], const struct input *input)
{
    struct writer writer = {.text = text};

    read_moves(&writer, input->bytes, input->size);
    leave_out_too_many(&writer);
    leave_out_unbound(&writer);
    note_users(&writer);
    note_restrictions(&writer);
    put(&writer, "domains %d\n", input->head % DOMAINS);
    put_shared(&writer);
    for (int task = 0; task < writer.tasks; task++) {
        put(&writer, "task");
        put_task(&writer, task);
        put(&writer, "\n");
        put_makers(&writer, task);
        for (int i = 0; i < writer.count; i++)
            if (writer.moves[i].task == task && !writer.moves[i].left_out)
                put_move(&writer, &writer.moves[i]);
        put_manners(&writer, task);
    }
    put_expectation(&writer);
    return writer.length;
}
