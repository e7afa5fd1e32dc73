/* operations.c: the operations of the language, one row each, and reading a line with one. */
#include "parser.h"

#include "memory.h"

#include <stdlib.h>
#include <string.h>

/* ---- The table ---- */

/* What stands behind an operation's word: operands, each with the kind of its names. */
enum {
    OPERANDS = 3,
    NOTHING = 0,
    USES = 1 << 8,  /* a name; they go to `name`, `other` and `third`, by their places */
    MAKES = 2 << 8, /* the same, and this line makes it */
    TASK = 3 << 8 | NAME_TASK,
    TASKS = 4 << 8 | NAME_TASK,           /* any number of them */
    PROMISES = 5 << 8 | NAME_PROMISE,     /* likewise */
    OPTIONS = 6 << 8 | NAME_KINDS,        /* give=, orphans=, pin= */
    NUMBER = 7 << 8 | NAME_KINDS,         /* value */
    COUNT = 8 << 8 | NAME_KINDS,          /* value; 1 if nothing is there */
    RESULT = 9 << 8 | NAME_ERROR,         /* value; or, as `other`, an error that this line makes */
    MAY_TASK = 10 << 8 | NAME_TASK,       /* a task, or nothing */
    SOCKET_KIND = 13 << 8 | NAME_KINDS,   /* value: an enum socket_kind */
    MAY_OWNED = 14 << 8 | NAME_KINDS,     /* `owned`, or nothing */
    MAY_USES = 15 << 8,                   /* a name that goes to its place, or nothing */
    TARGET = 16 << 8 | NAME_DESCRIPTOR,   /* a descriptor, as `other`, or peer=NAME */
    DURATION = 12 << 8 | NAME_KINDS,      /* value: milliseconds, or SLEEP_LONGEST */
    SYSTEM_SIGNAL = 11 << 8 | NAME_KINDS, /* value: an enum signal_kind */
    OPERAND_KIND = 31 << 8,
    OPERAND_NAMES = 255
};

enum {
    SUSPENDS = OPERATION_SUSPENDS,
    SPAWNS = OPERATION_SPAWNS,
    EACH = OPERATION_EACH | OPERATION_LISTS,
    LISTS = OPERATION_LISTS,
    BINDS = OPERATION_BINDS,
    LAST = OPERATION_LAST,
    PLAIN = OPERATION_PLAIN,
    PARTS = OPERATION_PARTS,
    SETS = OPERATION_SETS,
    SPARE = OPERATION_SPARE,
    FREES = OPERATION_SPARE | OPERATION_FREES
};

static const struct {
    const char *word;
    int possible; /* outcomes */
    int traits;
    int operands[OPERANDS];
} forms[] = {
    [OP_ASYNC] = {"async", CAN_BE_REFUSABLE, SPAWNS | BINDS | PLAIN, {TASK, OPTIONS}},
    [OP_CALL] = {"call", CAN_BE_REFUSABLE, SPAWNS | BINDS | PLAIN, {TASK, OPTIONS}},
    [OP_PARALLEL] = {"parallel", CAN_BE_CHILDREN, SPAWNS | SUSPENDS | LISTS, {TASKS}},
    [OP_AWAIT] = {"await", CAN_BE_CHILD, SUSPENDS | EACH, {USES | NAME_PROMISE}},
    [OP_CANCEL] = {"cancel", CAN_BE_REFUSABLE, SUSPENDS | EACH, {USES | NAME_PROMISE}},
    [OP_FREE] = {"free", CAN_BE_PLAIN, EACH | FREES, {USES | NAME_PROMISE}},
    [OP_AWAIT_ALL] = {"await-all", CAN_BE_CHILDREN, SUSPENDS | LISTS, {PROMISES}},
    [OP_AWAIT_ONE] = {"await-one", CAN_BE_CHILD, SUSPENDS, {PROMISES}},
    [OP_AWAIT_FIRST] = {"await-first", CAN_BE_CHILD, SUSPENDS, {PROMISES}},
    [OP_STATE] = {"state",
                  CAN_BE_RUNNING | CAN_BE_STATE | CAN_BE_ERROR,
                  EACH | SPARE,
                  {USES | NAME_PROMISE}},
    [OP_YIELD] = {"yield", CAN_BE_REFUSABLE, SUSPENDS | PLAIN, {NOTHING}},
    [OP_ORPHANS] = {"orphans", CAN_BE_PLAIN, PLAIN, {MAKES | NAME_ORPHANAGE}},
    [OP_CARE] = {"care", CAN_BE_CARE, BINDS, {USES | NAME_ORPHANAGE}},
    [OP_TAKE] = {"take", CAN_BE_TAKE, BINDS, {USES | NAME_ORPHANAGE}},
    [OP_GET] = {"get", CAN_BE_EMPTY | CAN_BE_CHILD, SUSPENDS, {USES | NAME_ORPHANAGE}},
    [OP_LENGTH] = {"length", CAN_BE_NUMBER, SPARE, {USES | NAME_ORPHANAGE}},
    [OP_FREE_ORPHANS] = {"free-orphans", CAN_BE_PLAIN, FREES, {USES | NAME_ORPHANAGE}},
    [OP_CREATE] = {"create", CAN_BE_PLAIN, PLAIN | SETS, {MAKES | NAME_RESOURCE, MAY_TASK}},
    [OP_OWN] = {"own", CAN_BE_PLAIN, 0, {USES | NAME_RESOURCE}},
    [OP_CHECK] = {"check", CAN_BE_PLAIN, SPARE, {USES | NAME_RESOURCE}},
    [OP_DISOWN] = {"disown", CAN_BE_PLAIN, 0, {USES | NAME_RESOURCE}},
    [OP_RELEASE] = {"release", CAN_BE_PLAIN, 0, {USES | NAME_RESOURCE}},
    [OP_TRANSFER] = {"transfer", CAN_BE_PLAIN, 0, {USES | NAME_RESOURCE}},
    [OP_SLEEP] = {"sleep", CAN_BE_REFUSABLE, SUSPENDS | PLAIN, {DURATION}},
    [OP_MUTEX] = {"mutex", CAN_BE_PLAIN, PLAIN, {MAKES | NAME_MUTEX}},
    [OP_LOCK] = {"lock", CAN_BE_REFUSABLE, SUSPENDS, {USES | NAME_MUTEX}},
    [OP_TRY_LOCK] = {"try-lock", CAN_BE_REFUSABLE, 0, {USES | NAME_MUTEX}},
    [OP_UNLOCK] = {"unlock", CAN_BE_PLAIN, 0, {USES | NAME_MUTEX}},
    [OP_FREE_MUTEX] = {"free-mutex", CAN_BE_PLAIN, FREES, {USES | NAME_MUTEX}},
    [OP_CONDITION] = {"condition", CAN_BE_PLAIN, PLAIN, {MAKES | NAME_CONDITION}},
    [OP_WAIT] = {"wait", CAN_BE_REFUSABLE, SUSPENDS, {USES | NAME_CONDITION, USES | NAME_MUTEX}},
    [OP_SIGNAL] = {"signal", CAN_BE_PLAIN, 0, {USES | NAME_CONDITION}},
    [OP_BROADCAST] = {"broadcast", CAN_BE_PLAIN, 0, {USES | NAME_CONDITION}},
    [OP_FREE_CONDITION] = {"free-condition", CAN_BE_PLAIN, FREES, {USES | NAME_CONDITION}},
    [OP_LAZY] = {"lazy", CAN_BE_PLAIN, PLAIN, {MAKES | NAME_LAZY, TASK}},
    [OP_FORCE] = {"force", CAN_BE_SHARED, SUSPENDS, {USES | NAME_LAZY}},
    [OP_FREE_LAZY] = {"free-lazy", CAN_BE_PLAIN, FREES, {USES | NAME_LAZY}},
    [OP_TRIGGER] = {"trigger", CAN_BE_PLAIN, PLAIN, {MAKES | NAME_TRIGGER}},
    [OP_AWAIT_TRIGGER] = {"await-trigger", CAN_BE_REFUSABLE, SUSPENDS, {USES | NAME_TRIGGER}},
    [OP_SIGNAL_TRIGGER] = {"signal-trigger", CAN_BE_PLAIN, 0, {USES | NAME_TRIGGER}},
    [OP_FREE_TRIGGER] = {"free-trigger", CAN_BE_PLAIN, FREES, {USES | NAME_TRIGGER}},
    [OP_COMPUTATION] = {"computation", CAN_BE_PLAIN, PLAIN, {MAKES | NAME_COMPUTATION}},
    [OP_COMPLETE] = {"complete", CAN_BE_PLAIN, 0, {USES | NAME_COMPUTATION, RESULT}},
    [OP_AWAIT_COMPUTATION] = {"await-computation",
                              CAN_BE_SHARED,
                              SUSPENDS,
                              {USES | NAME_COMPUTATION}},
    [OP_PEEK] = {"peek", CAN_BE_RUNNING | CAN_BE_RESULT, SPARE, {USES | NAME_COMPUTATION}},
    [OP_ATTACH] = {"attach", CAN_BE_PLAIN, 0, {USES | NAME_COMPUTATION, USES | NAME_TRIGGER}},
    [OP_DETACH] = {"detach", CAN_BE_PLAIN, 0, {USES | NAME_COMPUTATION, USES | NAME_TRIGGER}},
    [OP_FREE_COMPUTATION] = {"free-computation", CAN_BE_PLAIN, FREES, {USES | NAME_COMPUTATION}},
    [OP_SELF] = {"self", CAN_BE_NUMBER, SPARE, {NOTHING}},
    [OP_AVAILABLE] = {"available", CAN_BE_NUMBER, SPARE, {NOTHING}},
    [OP_PRINT] = {"print", CAN_BE_OK, PLAIN, {MAKES | NAME_WORD}},
    [OP_POST] = {"post", CAN_BE_OK, PLAIN, {MAKES | NAME_FLAG}},
    [OP_UNTIL] = {"until", CAN_BE_REFUSABLE, SUSPENDS, {USES | NAME_FLAG, COUNT}},
    [OP_RETURN] = {"return", CAN_BE_NOTHING, LAST, {NUMBER}},
    [OP_FAIL] = {"fail", CAN_BE_NOTHING, LAST, {MAKES | NAME_ERROR}},
    [OP_RUN] = {"run", CAN_BE_RUN, SPAWNS | SUSPENDS, {TASK}},
    [OP_PROTECT] = {"protect", CAN_BE_SHARED, SUSPENDS | PARTS, {TASK, TASK, MAY_TASK}},
    [OP_PROTECT_MUTEX] = {"protect-mutex",
                          CAN_BE_SHARED,
                          SUSPENDS | PARTS,
                          {USES | NAME_MUTEX, TASK}},
    [OP_ON_SIGNAL] = {"on-signal", CAN_BE_PLAIN, SETS, {USES | NAME_TRIGGER, TASK}},
    [OP_CANCELLER] = {"canceller",
                      CAN_BE_PLAIN,
                      PLAIN,
                      {MAKES | NAME_TRIGGER, USES | NAME_COMPUTATION, USES | NAME_COMPUTATION}},
    [OP_HANDLE] = {"handle", CAN_BE_PLAIN, SETS, {SYSTEM_SIGNAL, TASK}},
    [OP_IGNORE] = {"ignore", CAN_BE_PLAIN, 0, {SYSTEM_SIGNAL}},
    [OP_RESTORE] = {"restore", CAN_BE_PLAIN, 0, {SYSTEM_SIGNAL}},
    [OP_RAISE] = {"raise", CAN_BE_OK, PLAIN, {SYSTEM_SIGNAL}},
    [OP_SPIN] = {"spin", CAN_BE_OK, PLAIN, {USES | NAME_FLAG, COUNT}},
    [OP_SOCKET] = {"socket",
                   CAN_BE_REFUSABLE,
                   PLAIN,
                   {MAKES | NAME_DESCRIPTOR, SOCKET_KIND, MAY_OWNED}},
    [OP_PIPE] = {"pipe",
                 CAN_BE_REFUSABLE,
                 PLAIN,
                 {MAKES | NAME_DESCRIPTOR, MAKES | NAME_DESCRIPTOR, MAY_OWNED}},
    [OP_LISTEN] = {"listen",
                   CAN_BE_PLAIN,
                   PLAIN,
                   {USES | NAME_DESCRIPTOR, MAY_USES | NAME_DESCRIPTOR}},
    [OP_ACCEPT] = {"accept",
                   CAN_BE_REFUSABLE,
                   SUSPENDS,
                   {MAKES | NAME_DESCRIPTOR, USES | NAME_DESCRIPTOR}},
    [OP_CONNECT] = {"connect", CAN_BE_REFUSABLE, SUSPENDS, {USES | NAME_DESCRIPTOR, TARGET}},
    [OP_READ] = {"read", CAN_BE_BYTES, SUSPENDS, {USES | NAME_DESCRIPTOR, NUMBER}},
    [OP_READ_EXACTLY] = {"read-exactly", CAN_BE_BYTES, SUSPENDS, {USES | NAME_DESCRIPTOR, NUMBER}},
    [OP_WRITE] = {"write", CAN_BE_BYTES, SUSPENDS, {USES | NAME_DESCRIPTOR, NUMBER}},
    [OP_RECEIVE] = {"receive", CAN_BE_BYTES, SUSPENDS, {USES | NAME_DESCRIPTOR, NUMBER}},
    [OP_SEND] = {"send",
                 CAN_BE_BYTES,
                 SUSPENDS,
                 {USES | NAME_DESCRIPTOR, NUMBER, MAY_USES | NAME_DESCRIPTOR}},
    [OP_SHUTDOWN] = {"shutdown", CAN_BE_PLAIN, 0, {USES | NAME_DESCRIPTOR}},
    [OP_CLOSE] = {"close", CAN_BE_PLAIN, 0, {USES | NAME_DESCRIPTOR}},
    [OP_RESOURCE] = {"resource",
                     CAN_BE_OK | CAN_BE_EMPTY,
                     0,
                     {MAKES | NAME_RESOURCE, USES | NAME_DESCRIPTOR}},
    [OP_HOOK] = {"hook", CAN_BE_PLAIN, PLAIN | SETS, {MAKES | NAME_HOOK, TASK}},
    [OP_UNHOOK] = {"unhook", CAN_BE_PLAIN, 0, {USES | NAME_HOOK}},
    [OP_DEADLINE] = {"deadline", CAN_BE_SHARED, SUSPENDS | PARTS, {DURATION, TASK}},
    [OP_BLOCKING] = {"blocking", CAN_BE_SHARED, SUSPENDS | PARTS, {TASK}},
    [OP_SPLIT] = {"split",
                  CAN_BE_REFUSABLE,
                  PLAIN,
                  {MAKES | NAME_DESCRIPTOR, USES | NAME_DESCRIPTOR}},
    [OP_WAIT_READABLE] = {"wait-readable", CAN_BE_REFUSABLE, SUSPENDS, {USES | NAME_DESCRIPTOR}},
    [OP_WAIT_WRITABLE] = {"wait-writable", CAN_BE_REFUSABLE, SUSPENDS, {USES | NAME_DESCRIPTOR}},
    [OP_ABSENT] = {" " /* no word of a line */, CAN_BE_NOTHING, 0, {NOTHING}},
};
_Static_assert(sizeof forms / sizeof *forms == OPERATION_KINDS, "a form for every operation");

const char *operation_word(enum operation_kind kind)
{
    return forms[kind].word;
}

/* The function of the interface that each calls; print and others call none. */
static const char *const functions[OPERATION_KINDS] = {
    [OP_ASYNC] = "miou_async",
    [OP_CALL] = "miou_call",
    [OP_PARALLEL] = "miou_parallel",
    [OP_AWAIT] = "miou_await",
    [OP_CANCEL] = "miou_cancel",
    [OP_FREE] = "miou_promise_free",
    [OP_AWAIT_ALL] = "miou_await_all",
    [OP_AWAIT_ONE] = "miou_await_one",
    [OP_AWAIT_FIRST] = "miou_await_first",
    [OP_STATE] = "miou_promise_state",
    [OP_YIELD] = "miou_yield",
    [OP_ORPHANS] = "miou_orphans_create",
    [OP_CARE] = "miou_care",
    [OP_TAKE] = "miou_orphans_take",
    [OP_GET] = "miou_orphans_get",
    [OP_LENGTH] = "miou_orphans_length",
    [OP_FREE_ORPHANS] = "miou_orphans_free",
    [OP_CREATE] = "miou_resource_create",
    [OP_OWN] = "miou_own",
    [OP_CHECK] = "miou_check",
    [OP_DISOWN] = "miou_disown",
    [OP_RELEASE] = "miou_release",
    [OP_TRANSFER] = "miou_transfer",
    [OP_SLEEP] = "miou_sleep",
    [OP_MUTEX] = "miou_mutex_create",
    [OP_LOCK] = "miou_mutex_lock",
    [OP_TRY_LOCK] = "miou_mutex_try_lock",
    [OP_UNLOCK] = "miou_mutex_unlock",
    [OP_FREE_MUTEX] = "miou_mutex_free",
    [OP_CONDITION] = "miou_condition_create",
    [OP_WAIT] = "miou_condition_wait",
    [OP_SIGNAL] = "miou_condition_signal",
    [OP_BROADCAST] = "miou_condition_broadcast",
    [OP_FREE_CONDITION] = "miou_condition_free",
    [OP_LAZY] = "miou_lazy_create",
    [OP_FORCE] = "miou_lazy_force",
    [OP_FREE_LAZY] = "miou_lazy_free",
    [OP_TRIGGER] = "miou_trigger_create",
    [OP_AWAIT_TRIGGER] = "miou_trigger_await",
    [OP_SIGNAL_TRIGGER] = "miou_trigger_signal",
    [OP_FREE_TRIGGER] = "miou_trigger_free",
    [OP_COMPUTATION] = "miou_computation_create",
    [OP_COMPLETE] = "miou_computation_complete",
    [OP_AWAIT_COMPUTATION] = "miou_computation_await",
    [OP_PEEK] = "miou_computation_peek",
    [OP_ATTACH] = "miou_computation_attach",
    [OP_DETACH] = "miou_computation_detach",
    [OP_FREE_COMPUTATION] = "miou_computation_free",
    [OP_SELF] = "miou_domain_self",
    [OP_AVAILABLE] = "miou_domain_available",
    [OP_UNTIL] = "miou_yield",
    [OP_RUN] = "miou_run",
    [OP_PROTECT] = "miou_protect",
    [OP_PROTECT_MUTEX] = "miou_mutex_protect",
    [OP_ON_SIGNAL] = "miou_trigger_on_signal",
    [OP_CANCELLER] = "miou_computation_canceller",
    [OP_HANDLE] = "miou_signal_handle",
    [OP_IGNORE] = "miou_signal_handle",
    [OP_RESTORE] = "miou_signal_handle",
    [OP_SOCKET] = "miou_tcpv4",
    [OP_PIPE] = "miou_fd_adopt",
    [OP_LISTEN] = "miou_bind_and_listen",
    [OP_ACCEPT] = "miou_accept",
    [OP_CONNECT] = "miou_connect",
    [OP_READ] = "miou_read",
    [OP_READ_EXACTLY] = "miou_read_exactly",
    [OP_WRITE] = "miou_write",
    [OP_RECEIVE] = "miou_recvfrom",
    [OP_SEND] = "miou_sendto",
    [OP_SHUTDOWN] = "miou_fd_number",
    [OP_CLOSE] = "miou_close",
    [OP_RESOURCE] = "miou_fd_resource",
    [OP_HOOK] = "miou_hook_add",
    [OP_UNHOOK] = "miou_hook_remove",
    [OP_DEADLINE] = "miou_deadline",
    [OP_BLOCKING] = "miou_blocking",
    [OP_SPLIT] = "miou_fd_split",
    [OP_WAIT_READABLE] = "miou_wait_readable",
    [OP_WAIT_WRITABLE] = "miou_wait_writable",
};

const char *operation_function(enum operation_kind kind)
{
    return functions[kind];
}

bool operation_is_io(enum operation_kind kind)
{
    return operation_names(kind) == NAME_DESCRIPTOR || kind == OP_RESOURCE;
}

enum { PERIOD = 251 /* after which the bytes that are sent come again */ };

static unsigned char byte_at(uint64_t place)
{
    return (unsigned char)(place % PERIOD);
}

void program_bytes(unsigned char *bytes, size_t size, uint64_t place)
{
    size_t done = 0;

    for (; done < size && done < PERIOD; done++)
        bytes[done] = byte_at(place + done);
    for (; done < size; done *= 2)
        memcpy(bytes + done, bytes, done < size - done ? done : size - done);
}

size_t program_match(const unsigned char *bytes, size_t size, uint64_t place)
{
    size_t i = 0;

    for (; i < size && bytes[i] == byte_at(place + i); i++)
        if (i == PERIOD && memcmp(bytes, bytes + PERIOD, size - PERIOD) == 0)
            return size;
    return i;
}

enum operation_kind operation_named(const char *word)
{
    int kind = 0;

    while (kind < OPERATION_KINDS && strcmp(forms[kind].word, word) != 0)
        kind++;
    return (enum operation_kind)kind;
}

enum operation_kind operation_calling(const char *function)
{
    int kind = 0;

    while (kind < OPERATION_KINDS &&
           (!operation_function((enum operation_kind)kind) ||
            strcmp(operation_function((enum operation_kind)kind), function) != 0))
        kind++;
    return (enum operation_kind)kind;
}

bool operation_has(enum operation_kind kind, enum operation_trait trait)
{
    return (forms[kind].traits & trait) != 0;
}

/* The kind of the names of an operand. */
static enum name_kind operand_names(int operand)
{
    return operand == NOTHING ? NAME_KINDS : (enum name_kind)(operand & OPERAND_NAMES);
}

enum name_kind operation_names(enum operation_kind kind)
{
    return operand_names(forms[kind].operands[0]);
}

enum name_kind operation_other_names(enum operation_kind kind)
{
    int operand = forms[kind].operands[1];

    return (operand & OPERAND_KIND) == USES ? operand_names(operand) : NAME_KINDS;
}

/* ---- Operations that a runtime may lack ---- */

static bool lists(const int *numbers, int count, int number)
{
    for (int i = 0; i < count; i++)
        if (numbers[i] == number)
            return true;
    return false;
}

static bool uses(const struct operation *operation, enum name_kind kind, int name)
{
    return (operation_names(operation->kind) == kind && operation->name == name) ||
           (operation_other_names(operation->kind) == kind && operation->other == name) ||
           (kind == NAME_PROMISE && lists(operation->promises, operation->promise_count, name)) ||
           (kind == NAME_RESOURCE && lists(operation->give, operation->give_count, name)) ||
           (kind == NAME_ORPHANAGE && operation->orphans == name);
}

/* Whether what an operation acts on may be used after it, under the same name. */
static bool is_used_later(const struct program *program, const struct operation *operation)
{
    enum name_kind kind = operation_names(operation->kind);
    bool shared = kind < NAME_KINDS && program->names[kind].of[operation->name].shared;

    for (int i = 0; kind < NAME_KINDS && i < program->operation_count; i++) {
        const struct operation *other = &program->operations[i];
        bool later = other->task == operation->task ? other > operation : shared;

        if (later && uses(other, kind, operation->name))
            return true;
    }
    return false;
}

static bool expects_more_than_ok(const struct operation *operation)
{
    for (int i = 0; i < operation->answer_count; i++)
        if (operation->answers[i].count == 1 && operation->answers[i].of[0].kind == OUTCOME_OK &&
            operation->answers[i].of[0].value == 0)
            return false;
    return operation->answer_count > 0;
}

/* Whether a promise may be one that an orphanage holds too, and gives up when it is freed. */
static bool is_orphan(const struct program *program, const struct operation *operation)
{
    for (int i = 0; operation->kind == OP_FREE && i < program->operation_count; i++)
        if (program->operations[i].bind == operation->name && program->operations[i].orphans >= 0)
            return true;
    return false;
}

bool program_can_lack(const struct program *program, const struct operation *operation)
{
    if (!operation_has(operation->kind, OPERATION_SPARE))
        return false;
    if (operation_has(operation->kind, OPERATION_FREES))
        return !expects_more_than_ok(operation) && !is_used_later(program, operation) &&
               !is_orphan(program, operation);
    return operation->answer_count == 0;
}

/* ---- Operands ---- */

static void add_number(int **numbers, int *count, int number)
{
    *numbers = grown(*numbers, (size_t)*count, sizeof **numbers);
    (*numbers)[(*count)++] = number;
}

static void parse_give(struct parser *parser, struct word list, struct operation *operation)
{
    struct word name;
    bool more = true;

    while (more) {
        more = take_until(&list, ',', &name);
        add_number(&operation->give, &operation->give_count, use_name(parser, NAME_RESOURCE, name));
    }
}

static void parse_pin(struct parser *parser, struct word pin, struct operation *operation)
{
    if (word_is(pin, "self"))
        operation->pin = PIN_SELF;
    else
        operation->pin = take_number(parser, pin, "pin=", 0, PROGRAM_NUMBER_MAX);
}

static void parse_options(struct parser *parser, struct word *rest, struct operation *operation)
{
    bool gives = false, pins = false, keeps = false;
    struct word word;

    while ((word = take_word(rest)).size > 0) {
        if (starts_with(word, "give=") && !gives) {
            parse_give(parser, word_after(word, strlen("give=")), operation);
            gives = true;
        } else if (starts_with(word, "orphans=") && !keeps) {
            operation->orphans =
                use_name(parser, NAME_ORPHANAGE, word_after(word, strlen("orphans=")));
            keeps = true;
        } else if (operation->kind == OP_CALL && starts_with(word, "pin=") && !pins) {
            parse_pin(parser, word_after(word, strlen("pin=")), operation);
            pins = true;
        } else {
            complain(parser, parser->line, "'%.*s' is not an option of '%s', or is there twice",
                     QUOTED(word), operation_word(operation->kind));
        }
    }
}

/* Words up to the end of the line, each a name. */
static void parse_names(struct parser *parser, struct word *rest, enum name_kind kind,
                        int **numbers, int *count)
{
    struct word word;

    while ((word = take_word(rest)).size > 0)
        add_number(numbers, count, use_name(parser, kind, word));
}

static void parse_signal(struct parser *parser, struct word word, const char *what,
                         struct operation *operation)
{
    static const char *const signals[] = {
        [SIGNAL_HUP] = "hup",   [SIGNAL_INT] = "int",   [SIGNAL_TERM] = "term",
        [SIGNAL_USR1] = "usr1", [SIGNAL_USR2] = "usr2", [SIGNAL_WINCH] = "winch",
        [SIGNAL_KILL] = "kill", [SIGNAL_STOP] = "stop",
    };
    int kind = 0;

    while (kind < SIGNAL_KINDS && !word_is(word, signals[kind]))
        kind++;
    if (word.size == 0)
        complain(parser, parser->line, "'%s' lacks its signal", what);
    else if (kind == SIGNAL_KINDS)
        complain(parser, parser->line, "'%.*s' is not a signal for '%s'", QUOTED(word), what);
    operation->value = kind;
}

static void parse_socket_kind(struct parser *parser, struct word word, const char *what,
                              struct operation *operation)
{
    static const char *const kinds[] = {
        [SOCKET_TCP4] = "tcp4", [SOCKET_TCP6] = "tcp6", [SOCKET_UDP4] = "udp4",
        [SOCKET_UDP6] = "udp6", [SOCKET_UNIX] = "unix",
    };
    int kind = 0;

    while (kind < SOCKET_KINDS && !word_is(word, kinds[kind]))
        kind++;
    if (word.size == 0)
        complain(parser, parser->line, "'%s' lacks its kind", what);
    else if (kind == SOCKET_KINDS)
        complain(parser, parser->line, "'%.*s' is not a kind of socket", QUOTED(word));
    operation->value = kind;
}

static void parse_target(struct parser *parser, struct word *rest, const char *what,
                         struct operation *operation)
{
    static const char peer[] = "peer=";
    struct word ahead = *rest, word = take_word(&ahead);

    if (!starts_with(word, peer)) {
        operation->other = take_name(parser, rest, what, NAME_DESCRIPTOR);
        return;
    }
    operation->peer = use_name(parser, NAME_PEER, word_after(word, strlen(peer)));
    *rest = ahead;
}

/* `owned`, or nothing. */
static void parse_owned(struct word *rest, struct operation *operation)
{
    operation->owned = word_is(word_trim(*rest), "owned");
    if (operation->owned)
        *rest = (struct word){NULL, 0};
}

/* Read an operand that stands for names, which go to *name if they have no list of their own.
 * Returns whether it is one. */
static bool parse_named(struct parser *parser, struct word *rest, int operand, int *name,
                        struct operation *operation)
{
    const char *what = operation_word(operation->kind);
    enum name_kind names = (enum name_kind)(operand & OPERAND_NAMES);
    bool more = word_trim(*rest).size > 0;

    switch (operand & OPERAND_KIND) {
    case USES:
        *name = take_name(parser, rest, what, names);
        return true;
    case MAKES:
        *name = take_name(parser, rest, what, names);
        if (*name >= 0)
            parser->program->names[names].of[*name].binders |= UINT64_C(1) << operation->task;
        return true;
    case MAY_USES:
        if (more)
            *name = use_name(parser, names, take_word(rest));
        return true;
    case TASK &OPERAND_KIND:
        add_number(&operation->tasks, &operation->task_count, take_name(parser, rest, what, names));
        return true;
    case MAY_TASK &OPERAND_KIND:
        if (more)
            add_number(&operation->tasks, &operation->task_count,
                       use_name(parser, names, take_word(rest)));
        return true;
    case TASKS &OPERAND_KIND:
        parse_names(parser, rest, names, &operation->tasks, &operation->task_count);
        return true;
    case PROMISES &OPERAND_KIND:
        parse_names(parser, rest, names, &operation->promises, &operation->promise_count);
        return true;
    case TARGET &OPERAND_KIND:
        parse_target(parser, rest, what, operation);
        return true;
    default:
        return false;
    }
}

/* Read an operand that is a value, or a word for one. */
static void parse_value(struct parser *parser, struct word *rest, int operand,
                        struct operation *operation)
{
    const char *what = operation_word(operation->kind);
    bool counts = operand == COUNT;
    struct word word = take_word(rest);

    if (operand == SOCKET_KIND)
        parse_socket_kind(parser, word, what, operation);
    else if (operand == SYSTEM_SIGNAL)
        parse_signal(parser, word, what, operation);
    else if (operand == RESULT && is_name(word))
        operation->other = bind_name(parser, NAME_ERROR, word);
    else if (operand == DURATION && word_is(word, "longest"))
        operation->value = SLEEP_LONGEST;
    else if (counts && word.size == 0)
        operation->value = 1;
    else
        operation->value = take_number(parser, word, what, counts ? 1 : 0, PROGRAM_NUMBER_MAX);
}

static void parse_operand(struct parser *parser, struct word *rest, int place,
                          struct operation *operation)
{
    int *const names[OPERANDS] = {&operation->name, &operation->other, &operation->third};
    int operand = forms[operation->kind].operands[place];

    if (operand == NOTHING || parse_named(parser, rest, operand, names[place], operation))
        return;
    if (operand == OPTIONS)
        parse_options(parser, rest, operation);
    else if (operand == MAY_OWNED)
        parse_owned(rest, operation);
    else
        parse_value(parser, rest, operand, operation);
}

/* ---- Operations ---- */

/* `repeat N` and `p =`, in either order, before the operation's word. */
static void parse_prefixes(struct parser *parser, struct word *rest, struct operation *operation)
{
    bool repeated = false;

    for (;;) {
        struct word ahead = *rest, first = take_word(&ahead), second = take_word(&ahead);

        if (word_is(second, "=") && operation->bind < 0) {
            operation->bind = bind_name(parser, NAME_PROMISE, first);
            *rest = ahead;
        } else if (word_is(first, "repeat") && !repeated) {
            operation->repeat = take_number(parser, second, "repeat", 1, PROGRAM_NUMBER_MAX);
            repeated = true;
            *rest = ahead;
        } else {
            return;
        }
    }
}

static void parse_operation_answer(struct parser *parser, struct word answer,
                                   struct operation *operation)
{
    const char *what = operation_word(operation->kind);

    if (answer.text == NULL)
        return;
    if (parser->form == PROGRAM_STRIPPED) {
        complain(parser, parser->line, "an answer in a stripped program");
        return;
    }
    if (operation_has(operation->kind, OPERATION_LAST)) {
        complain(parser, parser->line, "'%s' has no outcome", what);
        return;
    }
    parse_answers(parser, answer, what, forms[operation->kind].possible, &operation->answers,
                  &operation->answer_count);
    if (operation->kind != OP_PARALLEL)
        for (int i = 0; i < operation->answer_count; i++)
            if (operation->answers[i].count > 0)
                outcomes_fold(&operation->answers[i]);
}

void free_operation(struct operation *operation)
{
    free(operation->answers);
    free(operation->tasks);
    free(operation->promises);
    free(operation->give);
}

static void add_operation(struct parser *parser, const struct operation *operation)
{
    struct program *program = parser->program;
    struct task *task = &program->tasks[parser->task];

    if (task->count == 0)
        task->first = program->operation_count;
    program->operations =
        grown(program->operations, (size_t)program->operation_count, sizeof *operation);
    program->operations[program->operation_count] = *operation;
    program->at_line[parser->line] = program->operation_count++;
    task->count++;
}

void parse_operation(struct parser *parser, struct word line)
{
    struct operation operation = {.line = parser->line,
                                  .task = parser->task,
                                  .repeat = 1,
                                  .bind = -1,
                                  .name = -1,
                                  .other = -1,
                                  .third = -1,
                                  .peer = -1,
                                  .orphans = -1,
                                  .pin = PIN_NONE};
    struct word answer, word, rest = before_answer(line, &answer);
    int kind = 0;

    parse_prefixes(parser, &rest, &operation);
    word = take_word(&rest);
    while (kind < OPERATION_KINDS && !word_is(word, forms[kind].word))
        kind++;
    if (kind == OPERATION_KINDS) {
        complain(parser, parser->line, "'%.*s' is not an operation", QUOTED(word));
        return;
    }
    if (parser->task < 0) {
        complain(parser, parser->line, "an operation before the first task");
        return;
    }
    operation.kind = (enum operation_kind)kind;
    if (operation.bind >= 0 && !operation_has(operation.kind, OPERATION_BINDS))
        complain(parser, parser->line, "'%s' hands out no promise", forms[kind].word);
    if (operation.repeat != 1 && operation_has(operation.kind, OPERATION_LAST))
        complain(parser, parser->line, "'%s' cannot be repeated", forms[kind].word);
    for (int place = 0; place < OPERANDS; place++)
        parse_operand(parser, &rest, place, &operation);
    expect_end(parser, rest, forms[kind].word);
    parse_operation_answer(parser, answer, &operation);
    add_operation(parser, &operation);
}
