/* expect: what a check expects, and the line that says what came instead. */
#include "expect.h"

#include "miou_server.h"
#include "miou_sync.h"

#include <setjmp.h>
#include <stdarg.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

/* ---- Names ---- */

static const struct constant {
    const char *name;
    int value;
} constants[] = {
#define CONSTANT(name)                                                                             \
    {                                                                                              \
#name, name                                                                                \
    }
    CONSTANT(MIOU_STILL_HAS_CHILDREN),
    CONSTANT(MIOU_RESOURCE_LEAKED),
    CONSTANT(MIOU_NOT_A_CHILD),
    CONSTANT(MIOU_NOT_OWNER),
    CONSTANT(MIOU_NO_DOMAIN_AVAILABLE),
    CONSTANT(MIOU_CANCELLED),
    CONSTANT(MIOU_IN_FINALISER),
    CONSTANT(MIOU_NOT_RUNNING),
    CONSTANT(MIOU_NO_MONITOR),
    CONSTANT(MIOU_DEADLOCK),
    CONSTANT(MIOU_UNDEFINED),
    CONSTANT(MIOU_END_OF_FILE),
    CONSTANT(MIOU_ON_CANCELLATION_FAILED),
    CONSTANT(MIOU_EXPIRED),
    CONSTANT(MIOU_STATE_RUNNING),
    CONSTANT(MIOU_STATE_FINISHED),
    CONSTANT(MIOU_STATE_FAILED),
    CONSTANT(MIOU_CARE_EMPTY),
    CONSTANT(MIOU_CARE_RUNNING),
    CONSTANT(MIOU_CARE_ENDED),
    CONSTANT(MIOU_TRIGGER_INITIAL),
    CONSTANT(MIOU_TRIGGER_AWAITED),
    CONSTANT(MIOU_TRIGGER_SIGNALLED),
#undef CONSTANT
};

enum { CONSTANTS = sizeof constants / sizeof *constants };

/* A result where this one is expected, which may be written as one of several numbers that have
 * names, such as MIOU_STATE_FAILED. */
static struct code_text result_text(long long code, const char *expected)
{
    size_t size = !strncmp(expected, "MIOU_", 5) ? 5 + strcspn(expected + 5, "_") : 0;
    struct code_text result;
    const char *name;
    int i;

    for (i = 0; i < CONSTANTS; i++) {
        name = constants[i].name;
        if (constants[i].value == code && (code < 0 || (size && !strncmp(name, expected, size)))) {
            snprintf(result.text, sizeof result.text, "%s", name);
            return result;
        }
    }
    name = code < 0 && code >= -INT32_MAX ? strerrorname_np((int)-code) : NULL;
    if (name)
        snprintf(result.text, sizeof result.text, "-%s", name);
    else if (code < MIOU_LAST && code > MIOU_LAST - 1000000) /* the application's */
        snprintf(result.text, sizeof result.text, "MIOU_LAST - %lld", MIOU_LAST - code);
    else
        snprintf(result.text, sizeof result.text, "%s%lld", code < 0 ? "the unknown code " : "",
                 code);
    return result;
}

struct code_text code_text(long long code)
{
    return result_text(code, "");
}

/* ---- Shortages ---- */

static atomic_bool refused;

bool is_shortage(long long code)
{
    return code == -EAGAIN || code == -ENOMEM;
}

bool expect_refused(void)
{
    return atomic_load(&refused);
}

/* Another code was expected. */
static void note_shortage(long long code)
{
    if (is_shortage(code))
        atomic_store(&refused, true);
}

const char *other_code(const char *call, const char *expected_text, long long expected,
                       long long code)
{
    char *text;

    note_shortage(code);
    if (asprintf(&text, "%s: expected %s, got %s", call, result_text(expected, expected_text).text,
                 result_text(code, expected_text).text) < 0)
        return call;
    return text;
}

/* ---- Notes ---- */

/* A call, as it was written, and what it returned. */
struct note {
    _Atomic(const void *) place; /* where the result was put; NULL: a free note */
    _Atomic(const char *) call;
    _Atomic(const char *) file;
    atomic_llong result;
    atomic_int line;
};

/* Nothing here may order what the domains do, nor be in the way of a check that measures memory. So
 * what finds no room is not noted. */
enum { NOTES = 4096, TRIES = 16, REASONS = 64 };

static struct note notes[NOTES], reasons[REASONS];

/* The note of a place, or a free one for it. NULL: there is none. */
static struct note *find_note(const void *place, bool or_free)
{
    size_t at = (size_t)((uint64_t)(uintptr_t)place / sizeof(int) * 0x9e3779b97f4a7c15u >> 52), i;

    for (i = 0; i < TRIES; i++) {
        struct note *note = &notes[(at + i) % NOTES];
        const void *found = atomic_load_explicit(&note->place, memory_order_relaxed);

        if (found == place ||
            (or_free && !found &&
             atomic_compare_exchange_strong_explicit(&note->place, &found, place,
                                                     memory_order_relaxed, memory_order_relaxed)))
            return note;
    }
    return NULL;
}

static void write_note(struct note *note, long long result, const char *call, const char *file,
                       int line)
{
    atomic_store_explicit(&note->result, result, memory_order_relaxed);
    atomic_store_explicit(&note->call, call, memory_order_relaxed);
    atomic_store_explicit(&note->file, file, memory_order_relaxed);
    atomic_store_explicit(&note->line, line, memory_order_relaxed);
}

void note_call(const void *place, long long result, const char *call, const char *file, int line)
{
    struct note *note = find_note(place, true);

    if (note)
        write_note(note, result, call, file, line);
}

/* The first call that returned an error, or the one in the line with this number that returned
 * another code than expected. NULL: none did. */
static const struct note *find_reason(long long result)
{
    size_t i;

    for (i = 0; i < REASONS; i++)
        if (atomic_load(&reasons[i].call) && atomic_load(&reasons[i].result) == result)
            return &reasons[i];
    return NULL;
}

static void add_reason(long long result, const char *call, const char *file, int line)
{
    size_t i;

    for (i = 0; i < REASONS; i++) {
        const void *none = NULL;

        if (atomic_compare_exchange_strong_explicit(&reasons[i].place, &none, call,
                                                    memory_order_relaxed, memory_order_relaxed)) {
            write_note(&reasons[i], result, call, file, line);
            return;
        }
        if (atomic_load_explicit(&reasons[i].result, memory_order_relaxed) == result)
            return;
    }
}

int note_error(int error, const char *call, const char *file, int line)
{
    if (strchr(call, '('))
        add_reason(error, call, file, line);
    return error;
}

int note_other(long long code, const char *expected_text, long long expected, const char *call,
               const char *file, int line)
{
    if (code > 0 && find_reason(code)) /* of a task that it awaited */
        return (int)code;
    add_reason(line, other_code(call, expected_text, expected, code), file, line);
    return line;
}

/* ---- The line ---- */

static char failure[2048];
static struct frame *innermost;

struct frame frame_enter(struct frame *frame, const char *text, const char *name, const char *file,
                         long long number)
{
    struct frame entered = {innermost, text, name, file, number};

    innermost = frame;
    return entered;
}

void frame_leave(struct frame *frame)
{
    innermost = frame->outer;
}

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
    size_t size = strlen(failure);
    va_list list;

    va_start(list, format);
    vsnprintf(failure + size, sizeof failure - size, format, list);
    va_end(list);
}

static const char *name_of_file(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static void begin_line(const char *file, int line)
{
    *failure = '\0';
    say("%s:%d: ", name_of_file(file), line);
}

/* The helpers and the rounds of loops that led here. */
static void say_way(void)
{
    const struct frame *frame;

    for (frame = innermost; frame; frame = frame->outer) {
        if (frame->file)
            say("; %s:%lld: in %s", name_of_file(frame->file), frame->number, frame->text);
        else if (frame->name)
            say("; with %s", frame->name);
        else
            say("; with %s = %lld", frame->text, frame->number);
    }
}

static _Atomic(const struct call_place *) last_call;

void call_begins(const struct call_place *here)
{
    atomic_store_explicit(&last_call, here, memory_order_relaxed);
}

void tell_last_call(void)
{
    const struct call_place *place = atomic_load(&last_call);

    if (!place)
        return;
    *failure = '\0';
    say("the last call that began: %s:%d", name_of_file(place->file), place->line);
    say_way();
    dprintf(STDERR_FILENO, "%s\n", failure);
}

/* End the line with the way to here, and the check. What came from the runtime may hold anything.
 */
static _Noreturn void fail_here(const char *file, int line)
{
    char *c;

    say_way();
    for (c = failure; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 127)
            *c = '?';
    fprintf(stderr, "%s\n", failure);
    hush(true);
    _fail(file, line);
    __builtin_unreachable();
}

void fail_with_at(const char *file, int line, const char *format, ...)
{
    size_t size;
    va_list list;

    begin_line(file, line);
    size = strlen(failure);
    va_start(list, format);
    vsnprintf(failure + size, sizeof failure - size, format, list);
    va_end(list);
    fail_here(file, line);
}

const char *expect_failure(void)
{
    return failure;
}

void hush(bool on)
{
    static FILE *output, *error, *nothing;

    if (!nothing) {
        output = stdout;
        error = stderr;
        nothing = fopencookie(NULL, "w", (cookie_io_functions_t){0});
    }
    if (nothing) {
        stdout = on ? nothing : output;
        stderr = on ? nothing : error;
    }
}

/* ---- Results ---- */

/* A call and where it was made: in this file, unless another is named. */
static const char *name_call(char *buffer, size_t size, const struct note *note, const char *file)
{
    if (strcmp(note->file, file) != 0)
        snprintf(buffer, size, "%s in %s:%d", note->call, name_of_file(note->file), note->line);
    else
        snprintf(buffer, size, "%s in line %d", note->call, note->line);
    return buffer;
}

/* If a result is the number of a line that a task returned because of what came there, fail with
 * that. */
static void fail_in_task(const char *file, int line, const char *what, long long result)
{
    const struct note *reason = result > 0 ? find_reason(result) : NULL;
    struct frame outer = {innermost, what, NULL, file, line};

    if (!reason)
        return;
    innermost = &outer;
    begin_line(reason->file, reason->line);
    say("%s", reason->call);
    fail_here(file, line);
}

static void say_codes(const char *file, int line, const char *what, long long code,
                      const char *expected_text, const char *expected)
{
    fail_in_task(file, line, what, code);
    note_shortage(code);
    begin_line(file, line);
    say("%s: expected %s, got %s", what, expected, result_text(code, expected_text).text);
}

/* What was put into a place: the call, if it was noted, or else the text for the place. */
static const char *name_place(char *buffer, size_t size, const char *file, const char *text,
                              const void *place, long long code)
{
    const struct note *note = find_note(place, false);

    return note && note->result == code ? name_call(buffer, size, note, file) : text;
}

void expect_code_at(const char *file, int line, const char *call, long long code,
                    const char *expected_text, long long expected)
{
    const struct note *reason;
    char text[512];

    if (code == expected)
        return;
    say_codes(file, line, call, code, expected_text, result_text(expected, expected_text).text);
    reason = find_reason(code);
    if (reason) /* a task may have returned its error */
        say(", returned by %s", name_call(text, sizeof text, reason, file));
    fail_here(file, line);
}

void expect_noted_at(const char *file, int line, const char *text, const void *place,
                     long long code, const char *expected_text, long long expected)
{
    char call[512];

    if (code == expected)
        return;
    say_codes(file, line, name_place(call, sizeof call, file, text, place, code), code,
              expected_text, result_text(expected, expected_text).text);
    fail_here(file, line);
}

void expect_one_of_at(const char *file, int line, const char *text, const void *place,
                      long long code, const long long *expected, size_t count)
{
    char call[512], list[256] = "";
    size_t i;

    for (i = 0; i < count; i++) {
        size_t size = strlen(list);

        if (code == expected[i])
            return;
        snprintf(list + size, sizeof list - size, "%s%s", i ? " or " : "",
                 code_text(expected[i]).text);
    }
    say_codes(file, line, name_place(call, sizeof call, file, text, place, code), code, "", list);
    fail_here(file, line);
}

/* ---- Other values ---- */

static void say_number(long long number, bool is_char)
{
    if (!is_char)
        say("%lld", number);
    else if (number >= ' ' && number < 127)
        say("'%c'", (char)number);
    else
        say("'\\x%02x'", (unsigned)(unsigned char)number);
}

/* Say what was written for a number, unless that is the number itself, or says less than it. */
static void say_source(const char *text)
{
    if (!strpbrk(text, "'\"?!=&|") && text[strspn(text, "-0123456789u")] != '\0')
        say(" (%s)", text);
}

void expect_number_at(const char *file, int line, const char *text, long long number,
                      const char *expected_text, long long expected, bool is_char)
{
    if (number == expected)
        return;
    fail_in_task(file, line, text, number);
    begin_line(file, line);
    say("%s: expected ", text);
    say_number(expected, is_char);
    say_source(expected_text);
    say(", got ");
    say_number(number, is_char);
    fail_here(file, line);
}

void expect_truth_at(const char *file, int line, const char *text, bool value, bool expected)
{
    if (value != expected)
        fail_with_at(file, line, "%s: expected %s, got %s", text, expected ? "true" : "false",
                     value ? "true" : "false");
}

static void say_quantity(long double value)
{
    say(value == (long double)(long long)value ? "%.0Lf" : "%.3Lf", value);
}

void expect_range_at(const char *file, int line, const char *text, long double value,
                     const char *least_text, long double least, const char *most_text,
                     long double most)
{
    if ((!least_text || value >= least) && (!most_text || value <= most))
        return;
    begin_line(file, line);
    say("%s: expected ", text);
    if (least_text) {
        say("at least ");
        say_quantity(least);
        say_source(least_text);
    }
    if (most_text) {
        say("%sat most ", least_text ? " and " : "");
        say_quantity(most);
        say_source(most_text);
    }
    say(", got ");
    say_quantity(value);
    fail_here(file, line);
}

void expect_text_at(const char *file, int line, const char *text, const char *value,
                    const char *expected)
{
    if (!value)
        fail_with_at(file, line, "%s: expected \"%s\", got NULL", text, expected);
    if (strcmp(value, expected) != 0)
        fail_with_at(file, line, "%s: expected \"%s\", got \"%s\"", text, expected, value);
}

void expect_bytes_at(const char *file, int line, const char *text, const void *bytes,
                     const void *expected, size_t size)
{
    const char *one = bytes, *other = expected;
    size_t i = 0;

    while (i < size && one[i] == other[i])
        i++;
    if (i == size)
        return;
    begin_line(file, line);
    say("byte %zu of %s: expected ", i, text);
    say_number(other[i], true);
    say(", got ");
    say_number(one[i], true);
    fail_here(file, line);
}
