/* reader.c: turns the chapters' CommonMark into the book of rules. Only blocks at the top level of
 * a file count; anything that looks like a rule or a scenario elsewhere is an error, so that none
 * is lost. */
#include "reader.h"

#include "markdown.h"

#include <cmark.h>

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum {
    FILE_MAX = 1 << 24, /* bytes of a chapter */
    NUMBER_MAX = 9999,  /* of a chapter or a rule */
    SCENARIO_NAME_MAX = 63
};

struct reading {
    const char *file;
    reader_complain *complain;
    void *to;
    bool failed;
    struct chapter *chapter;
    bool more;          /* reading further scenarios, not the chapter itself */
    bool titled;        /* the file's title has been read */
    struct rule *rule;  /* the one that is being read; NULL: none */
    char *about;        /* the paragraph just before, which may introduce a scenario; NULL: none */
    const char **lines; /* where each line of the text starts, and its end */
    int line_count;
    int fence;             /* line of the scenario that is being parsed */
    size_t statement_size; /* of the rule's statement, with its NUL */
    size_t statement_room;
};

__attribute__((format(printf, 3, 4))) static void complain(struct reading *reading, int line,
                                                           const char *format, ...)
{
    char text[512];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    reading->failed = true;
    reading->complain(reading->to, reading->file, line, text);
}

static void no_memory(struct reading *reading)
{
    complain(reading, 0, "no memory");
}

/* ---- The text ---- */

/* How many bytes the UTF-8 sequence at text has; 0: it is malformed. */
static size_t sequence(const unsigned char *text, size_t size)
{
    unsigned first = text[0], second;
    size_t length = first < 0x80                    ? 1
                    : first >= 0xc2 && first < 0xe0 ? 2
                    : (first & 0xf0) == 0xe0        ? 3
                    : first >= 0xf0 && first < 0xf5 ? 4
                                                    : 0;

    if (length == 0 || length > size)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    if (length < 3)
        return length;
    /* Too long a form, half of a surrogate pair, or beyond the last code. */
    second = text[1];
    if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
        (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f))
        return 0;
    return length;
}

static bool check_bytes(struct reading *reading, const char *text, size_t size)
{
    int line = 1;

    while (size > 0) {
        size_t length = sequence((const unsigned char *)text, size);

        if (length == 0 || *text == '\0') {
            complain(reading, line, length == 0 ? "not UTF-8" : "a NUL byte");
            return false;
        }
        line += *text == '\n';
        text += length;
        size -= length;
    }
    return true;
}

/* Lines end as CommonMark has it: with LF, CR or CRLF. */
static const char *line_end(const char *text, const char *end)
{
    while (text < end && *text != '\n' && *text != '\r')
        text++;
    if (text < end)
        text += *text == '\r' && text + 1 < end && text[1] == '\n' ? 2 : 1;
    return text;
}

static bool split_lines(struct reading *reading, const char *text, size_t size)
{
    const char *end = text + size;
    int count = 0;

    for (const char *at = text; at < end; at = line_end(at, end))
        count++;
    reading->lines = malloc(((size_t)count + 1) * sizeof *reading->lines);
    if (reading->lines == NULL)
        return false;
    reading->line_count = count;
    for (int i = 0; i < count; i++) {
        reading->lines[i] = text;
        text = line_end(text, end);
    }
    reading->lines[count] = end;
    return true;
}

/* How many backquotes or tildes a line starts with, after blanks; *rest is what follows them. */
static int fence_length(const struct reading *reading, int line, char mark, const char **rest)
{
    const char *at = reading->lines[line - 1], *end = reading->lines[line];
    int length = 0;

    while (at < end && *at == ' ')
        at++;
    for (; at < end && *at == mark; at++)
        length++;
    *rest = at;
    return length;
}

/* Whether a fenced block ends with a fence, and not just with the document. */
static bool is_closed(const struct reading *reading, int first, int last)
{
    const char *rest;
    char mark = '`';
    int length;

    if (last <= first || last > reading->line_count)
        return false;
    length = fence_length(reading, first, mark, &rest);
    if (length == 0) {
        mark = '~';
        length = fence_length(reading, first, mark, &rest);
    }
    if (fence_length(reading, last, mark, &rest) < length)
        return false;
    while (rest < reading->lines[last] && strchr(" \t\r\n", *rest) != NULL)
        rest++;
    return rest == reading->lines[last];
}

/* ---- Nodes ---- */

static char *skip_blanks(char *text)
{
    return text + strspn(text, " \t\n");
}

/* Append to an array, which is made larger at powers of two. The new element; NULL: no memory. */
static void *append(void *array, int *count, size_t size)
{
    void *old, *larger;

    memcpy(&old, array, sizeof old);
    larger = old;
    if ((*count & (*count - 1)) == 0)
        larger = realloc(old, (*count > 0 ? 2 * (size_t)*count : 1) * size);
    if (larger == NULL)
        return NULL;
    memcpy(array, &larger, sizeof larger);
    return memset((char *)larger + (size_t)(*count)++ * size, 0, size);
}

/* ---- Scenarios ---- */

static void scenario_complaint(void *to, int line, const char *text)
{
    struct reading *reading = to;

    complain(reading, reading->fence + line, "%s", text);
}

static bool is_name(const char *text)
{
    static const char marks[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789-_";
    const char *first = *text != '\0' ? strchr(marks, *text) : NULL;

    return first != NULL && first < strchr(marks, '0') && text[strspn(text, marks)] == '\0' &&
           strlen(text) <= SCENARIO_NAME_MAX;
}

/* The name behind `scenario`, or the number; to be freed. NULL after a complaint. */
static char *scenario_name(struct reading *reading, const char *info)
{
    const char *name = info + strlen("scenario");
    char number[16];
    char *copy;

    if (*name != '\0') {
        name += strspn(name, " \t");
        if (info[strlen("scenario")] != ' ' || !is_name(name)) {
            complain(reading, reading->fence,
                     "'%.100s' is neither 'scenario' nor 'scenario' and a name", info);
            return NULL;
        }
    } else {
        snprintf(number, sizeof number, "%d", reading->rule->scenario_count + 1);
        name = number;
    }
    copy = strdup(name);
    if (copy == NULL)
        no_memory(reading);
    return copy;
}

static void add_scenario(struct reading *reading, cmark_node *block, char *name)
{
    const char *text = cmark_node_get_literal(block);
    struct rule *rule = reading->rule;
    struct scenario *scenario = append(&rule->scenarios, &rule->scenario_count, sizeof *scenario);

    if (scenario == NULL) {
        free(name);
        no_memory(reading);
        return;
    }
    *scenario =
        (struct scenario){.name = name,
                          .about = reading->about,
                          .text = strdup(text),
                          .size = strlen(text),
                          .file = reading->more ? reading->chapter->more : reading->chapter->file,
                          .line = reading->fence + 1,
                          .program = program_parse(text, strlen(text), PROGRAM_WITH_ANSWERS,
                                                   scenario_complaint, reading)};
    reading->about = NULL;
    if (scenario->text == NULL)
        no_memory(reading);
}

static bool is_scenario(cmark_node *node)
{
    return cmark_node_get_type(node) == CMARK_NODE_CODE_BLOCK &&
           strncasecmp(cmark_node_get_fence_info(node), "scenario", strlen("scenario")) == 0;
}

static bool is_fenced(const struct reading *reading, cmark_node *block)
{
    int line = cmark_node_get_start_line(block);
    const char *rest;

    return fence_length(reading, line, '`', &rest) >= 3 ||
           fence_length(reading, line, '~', &rest) >= 3;
}

static void read_code(struct reading *reading, cmark_node *block)
{
    char *name;

    reading->fence = cmark_node_get_start_line(block);
    if (is_fenced(reading, block) &&
        !is_closed(reading, reading->fence, cmark_node_get_end_line(block)))
        complain(reading, reading->fence, "the fence is never closed");
    if (!is_scenario(block))
        return;
    if (reading->rule == NULL) {
        complain(reading, reading->fence, "a scenario outside a rule");
        return;
    }
    if (strncmp(cmark_node_get_fence_info(block), "scenario", strlen("scenario")) != 0) {
        complain(reading, reading->fence, "'scenario' is written in small letters");
        return;
    }
    if (reading->about == NULL)
        complain(reading, reading->fence, "no sentence introduces the scenario");
    name = scenario_name(reading, cmark_node_get_fence_info(block));
    if (name != NULL)
        add_scenario(reading, block, name);
}

/* ---- Rules ---- */

/* A number from 1 in digits; *text is moved behind it. 0: there is no number. */
static int take_number(char **text)
{
    int number = 0;

    if (**text == '0')
        return 0;
    for (; **text >= '0' && **text <= '9'; ++*text) {
        number = 10 * number + (**text - '0');
        if (number > NUMBER_MAX)
            return 0;
    }
    return number;
}

static const char *const levels[] = {
    [LEVEL_MUST] = "MUST", [LEVEL_SHOULD] = "SHOULD", [LEVEL_MAY] = "MAY"};

const char *level_name(enum rule_level level)
{
    return levels[level];
}

/* Take `{LEVEL}` off the end of a title. */
static void take_level(struct reading *reading, char *title, struct rule *rule)
{
    size_t size = strlen(title);
    char *brace = strrchr(title, '{');

    for (int i = LEVEL_MUST; i <= LEVEL_MAY && brace != NULL; i++)
        if (size > 0 && title[size - 1] == '}' && strlen(brace) == strlen(levels[i]) + 2 &&
            strncmp(brace + 1, levels[i], strlen(levels[i])) == 0) {
            rule->level = (enum rule_level)i;
            while (brace > title && brace[-1] == ' ')
                brace--;
            *brace = '\0';
            return;
        }
    complain(reading, rule->line,
             "the rule %s does not end with its level: {MUST}, {SHOULD} or {MAY}", rule->id);
}

static void finish_rule(struct reading *reading)
{
    struct rule *rule = reading->rule;

    reading->rule = NULL;
    if (rule == NULL || reading->more)
        return;
    if (rule->statement == NULL)
        complain(reading, rule->line, "the rule %s says nothing", rule->id);
    if (rule->why == NULL)
        complain(reading, rule->line, "the rule %s lacks its 'Why:'", rule->id);
    if (rule->source == NULL)
        complain(reading, rule->line, "the rule %s lacks its 'Source:'", rule->id);
}

static void start_rule(struct reading *reading, int line, char *text)
{
    struct chapter *chapter = reading->chapter;
    int of_chapter = 0, number = 0;
    struct rule *rule;
    char *at = text;

    if (*at == 'R') {
        at++;
        of_chapter = take_number(&at);
    }
    if (of_chapter > 0 && *at == '.') {
        at++;
        number = take_number(&at);
    }
    if (number == 0 || (*at != ' ' && *at != '\0')) {
        complain(reading, line, "'%.80s': not a rule, 'R%d.1 Title {MUST}'", text, chapter->number);
        return;
    }
    rule = append(&chapter->rules, &chapter->rule_count, sizeof *rule);
    if (rule == NULL) {
        no_memory(reading);
        return;
    }
    rule->line = line;
    rule->number = number;
    rule->id = strndup(text, (size_t)(at - text));
    rule->title = strdup(skip_blanks(at));
    if (rule->id == NULL || rule->title == NULL) {
        no_memory(reading);
        return;
    }
    reading->rule = rule;
    reading->statement_size = 0;
    if (of_chapter != chapter->number)
        complain(reading, line, "the rule %s is in chapter %d", rule->id, chapter->number);
    take_level(reading, rule->title, rule);
    if (*rule->title == '\0')
        complain(reading, line, "the rule %s has no title", rule->id);
}

/* The rule of the chapter whose further scenarios follow. */
static void resume_rule(struct reading *reading, int line, const char *text)
{
    struct chapter *chapter = reading->chapter;
    size_t size = strcspn(text, " ");

    for (int i = 0; i < chapter->rule_count && reading->rule == NULL; i++)
        if (chapter->rules[i].id != NULL && strlen(chapter->rules[i].id) == size &&
            strncmp(chapter->rules[i].id, text, size) == 0)
            reading->rule = &chapter->rules[i];
    if (reading->rule == NULL)
        complain(reading, line, "there is no rule '%.80s' in %s", text, chapter->file);
    else if (text[size] != '\0')
        complain(reading, line, "only the rule's id stands here; its title is in %s",
                 chapter->file);
}

static bool looks_like_rule(const char *text)
{
    return text[0] == 'R' && text[1] >= '0' && text[1] <= '9';
}

static void read_heading(struct reading *reading, cmark_node *heading)
{
    int level = cmark_node_get_heading_level(heading), line = cmark_node_get_start_line(heading);
    char *text = markdown_text(heading);

    if (text == NULL) {
        no_memory(reading);
        return;
    }
    if (level <= 3)
        finish_rule(reading);
    if (level == 3 && reading->more)
        resume_rule(reading, line, text);
    else if (level == 3)
        start_rule(reading, line, text);
    else if (looks_like_rule(text))
        complain(reading, line, "a rule's heading is of the third level: ###");
    else if (level == 1 && reading->titled)
        complain(reading, line, "a second title of the chapter");
    else if (level == 1) {
        reading->titled = true;
        if (!reading->more) {
            reading->chapter->title = text;
            return;
        }
    }
    free(text);
}

/* Whether a paragraph starts with the word, a colon behind it; complains if it nearly does. */
static bool starts_with(struct reading *reading, int line, const char *text, const char *word)
{
    size_t size = strlen(word);

    if (strncmp(text, word, size) == 0)
        return true;
    if (strncasecmp(text, word, size) == 0)
        complain(reading, line, "'%.*s' is written '%s'", (int)size, text, word);
    return false;
}

static void keep_once(struct reading *reading, int line, char **place, const char *word,
                      const char *text)
{
    text += strspn(text, " \t\n");
    if (*place != NULL)
        complain(reading, line, "a second '%s' of one %s", word,
                 reading->rule != NULL ? "rule" : "chapter");
    else if (*text == '\0')
        complain(reading, line, "nothing behind '%s'", word);
    else if ((*place = strdup(text)) == NULL)
        no_memory(reading);
}

/* Read `Part: NAME`, of a rule or, before the first one, of all rules of a chapter. */
static void read_part(struct reading *reading, int line, const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
    struct chapter *chapter = reading->chapter;
    struct part_of_rules *part = reading->rule != NULL ? &reading->rule->part : &chapter->part;

    if (reading->rule == NULL && chapter->rule_count > 0) {
        complain(reading, line, "'Part:' stands in a rule, or before the first one");
        return;
    }
    keep_once(reading, line, &part->name, "Part:", text);
    part->line = part->line > 0 ? part->line : line;
    if (part->name != NULL && part->name[strspn(part->name, letters)] != '\0')
        complain(reading, line, "'%.80s' is not the name of a part", part->name);
}

/* Remember a paragraph, which introduces the scenario that may follow. */
static void keep_about(struct reading *reading, const char *text)
{
    reading->about = strdup(text);
    if (reading->about == NULL)
        no_memory(reading);
}

/* One paragraph more of the rule's statement, in a line of its own. */
static void add_statement(struct reading *reading, const char *text)
{
    struct rule *rule = reading->rule;
    size_t old = reading->statement_size, size = old + strlen(text) + 1;

    if (rule->statement == NULL || size > reading->statement_room) {
        char *larger = realloc(rule->statement, 2 * size);

        if (larger == NULL) {
            no_memory(reading);
            return;
        }
        rule->statement = larger;
        reading->statement_room = 2 * size;
    }
    if (old > 0)
        rule->statement[old - 1] = '\n';
    strcpy(rule->statement + old, text);
    reading->statement_size = size;
}

static void read_prose(struct reading *reading, cmark_node *block)
{
    struct rule *rule = reading->rule;
    int line = cmark_node_get_start_line(block);
    char *text = markdown_text(block);

    if (text == NULL)
        no_memory(reading);
    else if (reading->more && rule != NULL)
        keep_about(reading, text);
    else if (!reading->more && starts_with(reading, line, text, "Part:"))
        read_part(reading, line, text + strlen("Part:"));
    else if (rule == NULL)
        ; /* prose between rules */
    else if (starts_with(reading, line, text, "Why:"))
        keep_once(reading, line, &rule->why, "Why:", text + strlen("Why:"));
    else if (starts_with(reading, line, text, "Source:"))
        keep_once(reading, line, &rule->source, "Source:", text + strlen("Source:"));
    else if (starts_with(reading, line, text, "untested:"))
        keep_once(reading, line, &rule->untested, "untested:", text + strlen("untested:"));
    else if (rule->source != NULL)
        keep_about(reading, text);
    else if (rule->why != NULL)
        complain(reading, line, "between 'Why:' and 'Source:' nothing stands");
    else if (*text != '\0')
        add_statement(reading, text);
    free(text);
}

/* ---- Chapters ---- */

static void read_block(struct reading *reading, cmark_node *block)
{
    cmark_node_type type = cmark_node_get_type(block);

    if (type == CMARK_NODE_CODE_BLOCK)
        read_code(reading, block);
    free(reading->about);
    reading->about = NULL;
    if (type == CMARK_NODE_HEADING)
        read_heading(reading, block);
    else if (type != CMARK_NODE_CODE_BLOCK)
        read_prose(reading, block);
}

/* Scenarios and headings in lists and quotations. */
static void check_nested(struct reading *reading, cmark_node *document)
{
    cmark_iter *iterator = cmark_iter_new(document);
    cmark_event_type event;

    while ((event = cmark_iter_next(iterator)) != CMARK_EVENT_DONE) {
        cmark_node *node = cmark_iter_get_node(iterator);

        if (event != CMARK_EVENT_ENTER || node == document || cmark_node_parent(node) == document)
            continue;
        if (is_scenario(node))
            complain(reading, cmark_node_get_start_line(node),
                     "a scenario inside a list or a quotation");
        if (cmark_node_get_type(node) == CMARK_NODE_HEADING)
            complain(reading, cmark_node_get_start_line(node),
                     "a heading inside a list or a quotation");
    }
    cmark_iter_free(iterator);
}

static void read_document(struct reading *reading, const char *text, size_t size)
{
    cmark_node *document = cmark_parse_document(text, size, CMARK_OPT_DEFAULT);

    for (cmark_node *block = cmark_node_first_child(document); block != NULL;
         block = cmark_node_next(block))
        read_block(reading, block);
    finish_rule(reading);
    free(reading->about);
    check_nested(reading, document);
    cmark_node_free(document);
    if (!reading->titled)
        complain(reading, 0, "the chapter has no title");
    if (reading->chapter->rule_count == 0)
        complain(reading, 0, "the chapter has no rule");
}

static void read_text(struct reading *reading, const char *text, size_t size)
{
    if (!split_lines(reading, text, size))
        no_memory(reading);
    else if (check_bytes(reading, text, size))
        read_document(reading, text, size);
    free(reading->lines);
}

static const char *base_name(const char *file)
{
    const char *slash = strrchr(file, '/');

    return slash != NULL ? slash + 1 : file;
}

int reader_chapter(struct book *book, const char *file, const char *text, size_t size,
                   reader_complain *told, void *to)
{
    struct reading reading = {.file = file, .complain = told, .to = to};
    char *number = (char *)base_name(file);

    reading.chapter = append(&book->chapters, &book->chapter_count, sizeof *reading.chapter);
    if (reading.chapter == NULL) {
        no_memory(&reading);
        return -1;
    }
    reading.chapter->file = strdup(file);
    reading.chapter->number = take_number(&number);
    if (reading.chapter->number == 0 || *number != '-')
        complain(&reading, 0, "a chapter's file is named by its number, as in '1-running.md'");
    if (reading.chapter->file == NULL)
        no_memory(&reading);
    else
        read_text(&reading, text, size);
    return reading.failed ? -1 : 0;
}

int reader_more(struct book *book, const char *file, const char *text, size_t size,
                reader_complain *told, void *to)
{
    struct reading reading = {.file = file, .complain = told, .to = to, .more = true};

    for (int i = 0; i < book->chapter_count && reading.chapter == NULL; i++)
        if (book->chapters[i].file != NULL &&
            strcmp(base_name(book->chapters[i].file), base_name(file)) == 0)
            reading.chapter = &book->chapters[i];
    if (reading.chapter == NULL)
        complain(&reading, 0, "there is no chapter %s", base_name(file));
    else if (reading.chapter->more != NULL)
        complain(&reading, 0, "further scenarios of the chapter are in %s already",
                 reading.chapter->more);
    else if ((reading.chapter->more = strdup(file)) == NULL)
        no_memory(&reading);
    else
        read_text(&reading, text, size);
    return reading.failed ? -1 : 0;
}

/* ---- What concerns several ---- */

static int compare_chapters(const void *a, const void *b)
{
    const struct chapter *first = a, *second = b;

    if (first->number != second->number || first->rule_count == 0 || second->rule_count == 0)
        return first->number - second->number;
    return first->rules[0].number - second->rules[0].number;
}

/* A name, and where it stands: of a rule or of a scenario. */
struct mark {
    const char *name;
    const char *file;
    int line;
};

static int compare_marks(const void *a, const void *b)
{
    const struct mark *first = a, *second = b;
    int names = strcmp(first->name, second->name);
    int files = names != 0 ? 0 : strcmp(first->file, second->file);

    return names != 0 ? names : files != 0 ? files : first->line - second->line;
}

/* Complain of every mark whose name another has too. */
static void check_marks(struct reading *reading, struct mark *marks, int count, const char *what)
{
    qsort(marks, (size_t)count, sizeof *marks, compare_marks);
    for (int i = 1; i < count; i++)
        if (strcmp(marks[i - 1].name, marks[i].name) == 0) {
            reading->file = marks[i].file;
            complain(reading, marks[i].line, "a second %s '%s'; another is at %s:%d", what,
                     marks[i].name, marks[i - 1].file, marks[i - 1].line);
        }
}

static void check_scenarios(struct reading *reading, const struct rule *rule)
{
    struct mark *marks = calloc((size_t)rule->scenario_count + 1, sizeof *marks);

    if (marks == NULL) {
        no_memory(reading);
        return;
    }
    for (int i = 0; i < rule->scenario_count; i++)
        marks[i] = (struct mark){rule->scenarios[i].name, rule->scenarios[i].file,
                                 rule->scenarios[i].line - 1};
    check_marks(reading, marks, rule->scenario_count, "scenario");
    free(marks);
}

static void check_rules(struct reading *reading, const struct book *book)
{
    struct mark *marks;
    int count = 0;

    for (int i = 0; i < book->chapter_count; i++)
        count += book->chapters[i].rule_count;
    marks = calloc((size_t)count + 1, sizeof *marks);
    if (marks == NULL) {
        no_memory(reading);
        return;
    }
    count = 0;
    for (int i = 0; i < book->chapter_count; i++) {
        const struct chapter *chapter = &book->chapters[i];

        for (int j = 0; j < chapter->rule_count; j++) {
            if (chapter->rules[j].id != NULL)
                marks[count++] =
                    (struct mark){chapter->rules[j].id, chapter->file, chapter->rules[j].line};
            check_scenarios(reading, &chapter->rules[j]);
        }
    }
    check_marks(reading, marks, count, "rule");
    free(marks);
}

int reader_check(struct book *book, reader_complain *told, void *to)
{
    struct reading reading = {.file = "", .complain = told, .to = to};

    for (int i = 0; i < book->chapter_count; i++)
        if (book->chapters[i].file == NULL)
            return -1;
    if (book->chapter_count > 0)
        qsort(book->chapters, (size_t)book->chapter_count, sizeof *book->chapters,
              compare_chapters);
    check_rules(&reading, book);
    return reading.failed ? -1 : 0;
}

/* ---- Files ---- */

/* All of a file; to be freed. NULL after a complaint. */
static char *read_file(struct reading *reading, size_t *size)
{
    FILE *file = fopen(reading->file, "rb");
    char *text = malloc(FILE_MAX);

    if (file == NULL || text == NULL) {
        complain(reading, 0, "%s", strerror(errno));
    } else {
        *size = fread(text, 1, FILE_MAX, file);
        if (ferror(file))
            complain(reading, 0, "%s", strerror(errno));
        else if (*size == FILE_MAX)
            complain(reading, 0, "more than %d bytes", FILE_MAX - 1);
    }
    if (file != NULL)
        fclose(file);
    if (reading->failed) {
        free(text);
        return NULL;
    }
    return text;
}

static bool is_chapter(const struct dirent *entry)
{
    const char *name = entry->d_name, *end = strrchr(name, '.');

    return *name >= '1' && *name <= '9' && strchr(name, '-') != NULL && end != NULL &&
           strcmp(end, ".md") == 0;
}

/* Reads a file that is in memory: reader_chapter or reader_more. */
typedef int read_as(struct book *book, const char *file, const char *text, size_t size,
                    reader_complain *complain, void *to);

static bool read_entry(struct book *book, const char *directory, const char *name, read_as *read,
                       reader_complain *told, void *to)
{
    struct reading reading = {.complain = told, .to = to};
    size_t size = 0, length = strlen(directory) + strlen(name) + 2;
    char *file = malloc(length), *text;
    int result = -1;

    if (file == NULL) {
        told(to, directory, 0, "no memory");
        return false;
    }
    snprintf(file, length, "%s/%s", directory, name);
    reading.file = file;
    text = read_file(&reading, &size);
    if (text != NULL)
        result = read(book, file, text, size, told, to);
    free(text);
    free(file);
    return result == 0;
}

/* Read the files of a directory that are named as chapters are. */
static bool read_entries(struct book *book, const char *directory, DIR *stream, read_as *read,
                         reader_complain *told, void *to)
{
    struct dirent *entry;
    bool fine = true;

    while ((entry = readdir(stream)) != NULL)
        if (is_chapter(entry))
            fine &= read_entry(book, directory, entry->d_name, read, told, to);
    closedir(stream);
    return fine;
}

/* Read the further scenarios, if there are any. */
static bool read_more(struct book *book, const char *spec, reader_complain *told, void *to)
{
    char *directory;
    DIR *stream;
    bool fine = true;

    if (asprintf(&directory, "%s/more", spec) < 0) {
        told(to, spec, 0, "no memory");
        return false;
    }
    stream = opendir(directory);
    if (stream != NULL) {
        fine = read_entries(book, directory, stream, reader_more, told, to);
    } else if (errno != ENOENT) {
        told(to, directory, 0, strerror(errno));
        fine = false;
    }
    free(directory);
    return fine;
}

/* The version of the specification is a line of its own, `Version: 1.0`. */
static int read_version(struct book *book, const char *file, const char *text, size_t size,
                        reader_complain *told, void *to)
{
    static const char word[] = "\nVersion: ";
    struct reading reading = {.file = file, .complain = told, .to = to};
    const char *line = memmem(text, size, word, strlen(word)), *from, *end;

    if (line == NULL)
        return 0;
    from = line + strlen(word);
    end = memchr(from, '\n', size - (size_t)(from - text));
    book->version = strndup(from, (size_t)((end ? end : text + size) - from));
    if (book->version == NULL)
        complain(&reading, 0, "no memory");
    else if (*book->version == '\0' || book->version[strspn(book->version, "0123456789.")] != '\0')
        complain(&reading, 0, "'%s' is no version: numbers and dots", book->version);
    return reading.failed ? -1 : 0;
}

/* Read the overview, if there is one. */
static bool read_overview(struct book *book, const char *directory, reader_complain *told, void *to)
{
    static const char name[] = "0-overview.md";
    char *file;
    bool exists;

    if (asprintf(&file, "%s/%s", directory, name) < 0) {
        told(to, directory, 0, "no memory");
        return false;
    }
    exists = access(file, F_OK) == 0;
    free(file);
    return !exists || read_entry(book, directory, name, read_version, told, to);
}

struct book *reader_directory(const char *directory, reader_complain *told, void *to)
{
    struct book *book = book_create();
    DIR *stream = opendir(directory);
    bool fine = book != NULL && stream != NULL;

    if (!fine)
        told(to, directory, 0, stream == NULL ? strerror(errno) : "no memory");
    if (!fine && stream != NULL)
        closedir(stream);
    if (fine) {
        fine = read_entries(book, directory, stream, reader_chapter, told, to);
        if (fine && book->chapter_count == 0) {
            told(to, directory, 0, "there is no chapter here, no file like '1-running.md'");
            fine = false;
        }
        fine &= read_overview(book, directory, told, to);
        fine &= read_more(book, directory, told, to);
        fine &= reader_check(book, told, to) == 0;
    }
    if (!fine) {
        book_free(book);
        return NULL;
    }
    return book;
}

/* ---- The book ---- */

struct book *book_create(void)
{
    return calloc(1, sizeof(struct book));
}

static void free_rule(struct rule *rule)
{
    for (int i = 0; i < rule->scenario_count; i++) {
        free(rule->scenarios[i].name);
        free(rule->scenarios[i].about);
        free(rule->scenarios[i].text);
        program_free(rule->scenarios[i].program);
    }
    free(rule->scenarios);
    free(rule->id);
    free(rule->title);
    free(rule->statement);
    free(rule->why);
    free(rule->source);
    free(rule->untested);
    free(rule->part.name);
}

void book_free(struct book *book)
{
    if (book == NULL)
        return;
    for (int i = 0; i < book->chapter_count; i++) {
        struct chapter *chapter = &book->chapters[i];

        for (int j = 0; j < chapter->rule_count; j++)
            free_rule(&chapter->rules[j]);
        free(chapter->rules);
        free(chapter->title);
        free(chapter->file);
        free(chapter->more);
        free(chapter->part.name);
    }
    free(book->chapters);
    free(book->version);
    free(book);
}

const struct rule *book_rule(const struct book *book, const char *id)
{
    for (int i = 0; i < book->chapter_count; i++)
        for (int j = 0; j < book->chapters[i].rule_count; j++)
            if (book->chapters[i].rules[j].id != NULL &&
                strcmp(book->chapters[i].rules[j].id, id) == 0)
                return &book->chapters[i].rules[j];
    return NULL;
}
