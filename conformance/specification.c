/* specification: renders the chapters and the headers as one page of HTML, which needs no script
 * and no other file. CommonMark is rendered by libcmark; this program adds what it knows of rules:
 * anchors, levels, links from every [R2.3] and every function's name, the further scenarios of
 * spec/more folded below each rule, and, if a report of a session is given, as JSON or TAP, each
 * rule's verdict. */
#include "scenario/markdown.h"
#include "scenario/reader.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] = "usage: specification [--spec DIRECTORY] [--report FILE] OUTPUT\n";

/* Pages of the specification that are no chapters, and the headers, in the order of the page. */
static const char *const overview = "0-overview.md";
static const char *const appendices[] = {"scenario.md", "interface.md", NULL};
static const char *const headers[] = {"miou.h", "miou_sync.h", "miou_unix.h", "miou_server.h",
                                      NULL};

/* What a report says of a rule. */
struct verdict_of {
    const struct rule *rule;
    int passed, failed, differs;
    char *further; /* its further scenarios, rendered; NULL: none */
    int further_count;
};

struct renderer {
    FILE *out;
    const char *directory;
    const char *text; /* of the file that is being rendered */
    struct book *book;
    struct verdict_of *rules;
    int rule_count;
    char **names; /* that the headers declare, each with an anchor where it is declared first */
    size_t name_count;
    bool has_report;
};

__attribute__((format(printf, 1, 2), noreturn)) static void die(const char *format, ...)
{
    va_list list;

    va_start(list, format);
    fputs("specification: ", stderr);
    vfprintf(stderr, format, list);
    fputc('\n', stderr);
    va_end(list);
    exit(2);
}

static void *must(void *memory)
{
    if (!memory)
        die("out of memory");
    return memory;
}

static void complain(void *to, const char *file, int line, const char *text)
{
    (void)to;
    fprintf(stderr, "specification: %s:%d: %s\n", file, line, text);
}

/* All of a file, with a NUL behind; to be freed. */
static char *read_whole(const char *directory, const char *name)
{
    char *path, *text = NULL;
    size_t size = 0;
    FILE *file;

    if (asprintf(&path, "%s%s%s", directory, *directory ? "/" : "", name) < 0)
        must(NULL);
    file = fopen(path, "r");
    if (!file || (getdelim(&text, &size, '\0', file) < 0 && ferror(file)))
        die("%s: %s", path, strerror(errno));
    fclose(file);
    free(path);
    return text ? text : must(calloc(1, 1));
}

/* ---- Rules ---- */

static struct verdict_of *rule_of(const struct renderer *renderer, const char *id, size_t size)
{
    for (int i = 0; i < renderer->rule_count; i++) {
        const char *known = renderer->rules[i].rule->id;

        if (strlen(known) == size && strncmp(known, id, size) == 0)
            return &renderer->rules[i];
    }
    return NULL;
}

/* How many characters of a rule's id the text begins with; 0: it does not. */
static size_t id_length(const char *text)
{
    size_t size = 1, chapter, number;

    if (*text != 'R')
        return 0;
    chapter = strspn(text + size, "0123456789");
    size += chapter;
    if (chapter == 0 || text[size] != '.')
        return 0;
    number = strspn(text + ++size, "0123456789");
    return number > 0 ? size + number : 0;
}

static void list_rules(struct renderer *renderer)
{
    const struct book *book = renderer->book;

    for (int i = 0; i < book->chapter_count; i++)
        renderer->rule_count += book->chapters[i].rule_count;
    renderer->rules = must(calloc((size_t)renderer->rule_count + 1, sizeof *renderer->rules));
    renderer->rule_count = 0;
    for (int i = 0; i < book->chapter_count; i++)
        for (int j = 0; j < book->chapters[i].rule_count; j++)
            renderer->rules[renderer->rule_count++].rule = &book->chapters[i].rules[j];
}

/* ---- The report ---- */

/* Count a line of TAP for its rule. Returns whether it is one of a test. */
static bool count_line(struct renderer *renderer, const char *line)
{
    bool passed = strncmp(line, "ok ", 3) == 0, failed = strncmp(line, "not ok ", 7) == 0;
    const char *at = line;
    struct verdict_of *rule;

    if (!passed && !failed)
        return false;
    while (*at && (at[0] != 'R' || !isspace((unsigned char)at[-1]) || id_length(at) == 0))
        at += at[1] ? 1 : strlen(at);
    rule = *at ? rule_of(renderer, at, id_length(at)) : NULL;
    if (!rule)
        die("the report has a test of no rule here: %.*s", (int)strcspn(line, "\n"), line);
    if (strstr(line, " # SKIP "))
        rule->differs += strstr(line, " # SKIP differs: ") != NULL;
    else if (passed)
        rule->passed++;
    else
        rule->failed++;
    return true;
}

static void read_tap(struct renderer *renderer, const char *file, char *text)
{
    char *line, *rest = text;
    int count = 0, plan = -1;

    while ((line = strsep(&rest, "\n"))) {
        count += count_line(renderer, line);
        if (strncmp(line, "1..", 3) == 0)
            plan = atoi(line + 3);
    }
    if (plan < 0)
        die("%s: neither JSON of conform nor TAP, which has a plan '1..N'", file);
    if (count != plan)
        die("%s: cut off: %d of its %d tests are there", file, count, plan);
}

/* Count a test of the document for its rule. */
static void count_test(struct renderer *renderer, const char *file, json_t *test)
{
    const char *id = json_string_value(json_object_get(test, "rule"));
    const char *verdict = json_string_value(json_object_get(test, "verdict"));
    struct verdict_of *rule;

    if (!id || !verdict)
        die("%s: a test without its rule or its verdict", file);
    rule = rule_of(renderer, id, strlen(id));
    if (!rule)
        die("the report has a test of no rule here: %s", id);
    rule->passed += strcmp(verdict, "pass") == 0;
    rule->differs += strcmp(verdict, "differs") == 0;
    rule->failed += strcmp(verdict, "fail") == 0 || strcmp(verdict, "hang") == 0 ||
                    strcmp(verdict, "crash") == 0;
}

static void read_json(struct renderer *renderer, const char *file, const char *text)
{
    json_error_t error;
    json_t *report = json_loads(text, 0, &error), *test;
    const char *kind = json_string_value(json_object_get(report, "report"));
    json_int_t version = json_integer_value(json_object_get(report, "version"));
    size_t i;

    if (!report)
        die("%s:%d: %s", file, error.line, error.text);
    if (!kind || strcmp(kind, "conformance") != 0)
        die("%s: a report of %s, not of conformance", file, kind ? kind : "something else");
    if (version != 1)
        die("%s: version %d of the format; version 1 is known", file, (int)version);
    json_array_foreach(json_object_get(report, "tests"), i, test) count_test(renderer, file, test);
    json_decref(report);
}

static void read_report(struct renderer *renderer, const char *file)
{
    char *text = read_whole("", file);

    if (text[strspn(text, " \t\r\n")] == '{')
        read_json(renderer, file, text);
    else
        read_tap(renderer, file, text);
    renderer->has_report = true;
    free(text);
}

/* ---- HTML ---- */

static void escape(FILE *out, const char *text, size_t size)
{
    for (; size > 0; text++, size--)
        switch (*text) {
        case '&':
            fputs("&amp;", out);
            break;
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        default:
            fputc(*text, out);
        }
}

static void write_text(FILE *out, const char *text)
{
    escape(out, text, strlen(text));
}

/* A name as it stands in an anchor: of a rule, a function or a file. */
static size_t name_length(const char *text)
{
    size_t size = 0;

    while (isalnum((unsigned char)text[size]) || text[size] == '_')
        size++;
    return size;
}

/* ---- What the headers declare ---- */

/* The name that a line of a header declares, a function's or a type's; NULL: none. */
static const char *declared(const char *line, size_t *size)
{
    bool type = strncmp(line, "typedef ", 8) == 0 || strncmp(line, "struct ", 7) == 0 ||
                strncmp(line, "enum ", 5) == 0;
    const char *at = line, *name = NULL;

    if (isspace((unsigned char)*line) || strncmp(line, "/*", 2) == 0 || *line == '#')
        return NULL;
    while ((at = strstr(at, "miou_"))) {
        size_t length = name_length(at);

        if (at[length] == '(' || (type && strchr(" ;", at[length]))) {
            name = at;
            *size = length;
            if (at[length] == '(' || strchr(line, '{'))
                break;
        }
        at += length;
    }
    return name;
}

static bool is_declared(const struct renderer *renderer, const char *name, size_t size)
{
    for (size_t i = 0; i < renderer->name_count; i++)
        if (strlen(renderer->names[i]) == size && strncmp(renderer->names[i], name, size) == 0)
            return true;
    return false;
}

/* Remember a name. Returns whether it is new. */
static bool declare(struct renderer *renderer, const char *name, size_t size)
{
    if (is_declared(renderer, name, size))
        return false;
    renderer->names =
        must(realloc(renderer->names, (renderer->name_count + 1) * sizeof *renderer->names));
    renderer->names[renderer->name_count++] = must(strndup(name, size));
    return true;
}

static void forget_names(struct renderer *renderer)
{
    while (renderer->name_count > 0)
        free(renderer->names[--renderer->name_count]);
}

static void read_header(struct renderer *renderer, const char *name)
{
    char *text = read_whole(renderer->directory, name), *line, *rest = text;

    while ((line = strsep(&rest, "\n"))) {
        size_t size = 0;
        const char *found = declared(line, &size);

        if (found)
            declare(renderer, found, size);
    }
    free(text);
}

/* ---- Text with links ---- */

/* Write HTML, with links where it names a rule, and where <code> has a function of the headers. */
static void write_linked(struct renderer *renderer, const char *html, const char *within)
{
    FILE *out = renderer->out;
    char previous = ' ';
    int link = 0;

    while (*html) {
        size_t size = id_length(html);

        if (*html == '<') {
            size_t tag = strcspn(html, ">") + 1;

            link += (strncmp(html, "<a ", 3) == 0) - (strncmp(html, "</a>", 4) == 0);
            if (link == 0 && strncmp(html, "<code>miou_", 11) == 0) {
                size_t name = name_length(html + 6);

                if (is_declared(renderer, html + 6, name)) {
                    fprintf(out, "<code><a href=\"#%.*s\">%.*s</a>", (int)name, html + 6, (int)name,
                            html + 6);
                    html += 6 + name;
                    continue;
                }
            }
            fwrite(html, 1, tag, out);
            html += tag;
            previous = ' ';
            continue;
        }
        if (size > 0 && link == 0 && !isalnum((unsigned char)previous) &&
            rule_of(renderer, html, size) &&
            (!within || strncmp(html, within, size) != 0 || within[size])) {
            fprintf(out, "<a href=\"#%.*s\">%.*s</a>", (int)size, html, (int)size, html);
            html += size;
            previous = '0';
            continue;
        }
        previous = *html;
        fputc(*html++, out);
    }
}

/* Where a link of a chapter leads on the page: to a part of it, or into the source tree. */
static char *target_of(const char *url)
{
    char *target;

    if (strchr(url, ':') || *url == '#')
        return must(strdup(url));
    if (!strchr(url, '/') && strchr(url, '#'))
        target = strdup(strchr(url, '#'));
    else if (asprintf(&target, strchr(url, '/') ? "../../spec/%s" : "#%s", url) < 0)
        target = NULL;
    return must(target);
}

static void mend_links(cmark_node *block)
{
    cmark_iter *iterator = must(cmark_iter_new(block));
    cmark_event_type event;

    while ((event = cmark_iter_next(iterator)) != CMARK_EVENT_DONE) {
        cmark_node *node = cmark_iter_get_node(iterator);

        if (event == CMARK_EVENT_ENTER && cmark_node_get_type(node) == CMARK_NODE_LINK) {
            char *target = target_of(cmark_node_get_url(node));

            cmark_node_set_url(node, target);
            free(target);
        }
    }
    cmark_iter_free(iterator);
}

/* As GitHub makes an anchor of a heading's words. */
static void write_anchor(FILE *out, const char *text)
{
    for (; *text; text++)
        if (isalnum((unsigned char)*text) || *text == '-' || *text == '_')
            fputc(tolower((unsigned char)*text), out);
        else if (*text == ' ')
            fputc('-', out);
}

static bool begins(const char *html, const char *word)
{
    return strncmp(html, "<p>", 3) == 0 && strncmp(html + 3, word, strlen(word)) == 0;
}

static void write_scenario(FILE *out, cmark_node *block)
{
    const char *name = cmark_node_get_fence_info(block) + strlen("scenario");

    fputs("<figure>", out);
    if (*name) {
        fputs("<figcaption>", out);
        write_text(out, name + strspn(name, " "));
        fputs("</figcaption>", out);
    }
    fputs("<pre><code>", out);
    write_text(out, cmark_node_get_literal(block));
    fputs("</code></pre></figure>\n", out);
}

static bool is_scenario(cmark_node *block)
{
    return cmark_node_get_type(block) == CMARK_NODE_CODE_BLOCK &&
           strncmp(cmark_node_get_fence_info(block), "scenario", strlen("scenario")) == 0;
}

/* ---- Tables, which CommonMark does not have: | cell | cell |, the second row dashes ---- */

/* Where the cell ends: at the next bar that no backslash precedes. */
static const char *cell_end(const char *text)
{
    while (*text && *text != '|')
        text += *text == '\\' && text[1] ? 2 : 1;
    return text;
}

static void write_cell(struct renderer *renderer, const char *text, size_t size, const char *tag)
{
    char *words = must(calloc(1, size + 1)), *html;
    size_t length = 0;
    cmark_node *cell;

    for (size_t i = 0; i < size; i++)
        if (text[i] != '\\' || text[i + 1] != '|')
            words[length++] = text[i];
    cell = must(cmark_parse_document(words, length, CMARK_OPT_DEFAULT));
    free(words);

    mend_links(cell);
    html = must(cmark_render_html(cell, CMARK_OPT_UNSAFE));
    length = strlen(html);
    fprintf(renderer->out, "<%s>", tag);
    if (length >= strlen("<p></p>\n")) {
        html[length - strlen("</p>\n")] = '\0';
        write_linked(renderer, html + strlen("<p>"), NULL);
    }
    fprintf(renderer->out, "</%s>", tag);
    free(html);
    cmark_node_free(cell);
}

static void write_row(struct renderer *renderer, char *row, const char *tag)
{
    fputs("<tr>", renderer->out);
    for (const char *at = row + 1, *end; *(end = cell_end(at)); at = end + 1)
        write_cell(renderer, at, (size_t)(end - at), tag);
    fputs("</tr>\n", renderer->out);
}

static bool is_table(const char *text)
{
    const char *second = text + strcspn(text, "\n");

    return *text == '|' && *second && second[1 + strspn(second + 1, "|-: ")] == '\n';
}

static void write_table(struct renderer *renderer, char *text)
{
    char *row = strsep(&text, "\n");

    fputs("<div class=\"table\"><table>\n", renderer->out);
    write_row(renderer, row, "th");
    strsep(&text, "\n");
    while ((row = strsep(&text, "\n")))
        if (*row == '|')
            write_row(renderer, row, "td");
    fputs("</table></div>\n", renderer->out);
}

/* The lines of the file that a block was read from; to be freed. */
static char *lines_of(const struct renderer *renderer, cmark_node *block)
{
    int first = cmark_node_get_start_line(block), last = cmark_node_get_end_line(block), line = 1;
    const char *start = renderer->text, *end;

    for (; line < first; line++)
        start = strchr(start, '\n') + 1;
    for (end = start; *end && line <= last; line += *end++ == '\n')
        continue;
    return must(strndup(start, (size_t)(end - start)));
}

static bool wrote_table(struct renderer *renderer, cmark_node *block)
{
    char *text;
    bool table;

    if (cmark_node_get_type(block) != CMARK_NODE_PARAGRAPH)
        return false;
    text = lines_of(renderer, block);
    table = is_table(text);
    if (table)
        write_table(renderer, text);
    free(text);
    return table;
}

/* ---- Blocks ---- */

static void write_block(struct renderer *renderer, cmark_node *block, const char *rule)
{
    char *html;

    if (wrote_table(renderer, block))
        return;
    if (is_scenario(block)) {
        write_scenario(renderer->out, block);
        return;
    }
    mend_links(block);
    html = must(cmark_render_html(block, CMARK_OPT_UNSAFE));
    if (cmark_node_get_type(block) == CMARK_NODE_CODE_BLOCK) {
        fputs(html, renderer->out);
    } else if (rule &&
               (begins(html, "Why:") || begins(html, "Source:") || begins(html, "untested:"))) {
        fprintf(renderer->out, "<p class=\"%s\">", begins(html, "Why:") ? "why" : "source");
        write_linked(renderer, html + 3, rule);
    } else {
        write_linked(renderer, html, rule);
    }
    free(html);
}

/* ---- Rules on the page ---- */

static void write_verdict(struct renderer *renderer, const struct verdict_of *rule)
{
    int count = rule->passed + rule->failed + rule->differs;
    const char *verdict = rule->failed ? "fail" : rule->differs ? "differs" : "pass";

    if (!renderer->has_report)
        return;
    if (count == 0)
        fputs(" <span class=\"verdict none\">not tested</span>", renderer->out);
    else
        fprintf(renderer->out, " <span class=\"verdict %s\">%s %d/%d</span>", verdict, verdict,
                rule->passed, count);
}

static void begin_rule(struct renderer *renderer, const struct verdict_of *verdict)
{
    const struct rule *rule = verdict->rule;
    const char *level = level_name(rule->level);

    fprintf(renderer->out,
            "<section class=\"rule\" id=\"%s\">\n<h3><a class=\"id\" href=\"#%s\">%s</a> ",
            rule->id, rule->id, rule->id);
    write_text(renderer->out, rule->title);
    fprintf(renderer->out, " <span class=\"level %s\">%s</span>", level, level);
    write_verdict(renderer, verdict);
    fputs("</h3>\n", renderer->out);
}

static void end_rule(struct renderer *renderer, const struct verdict_of **verdict)
{
    if (!*verdict)
        return;
    if ((*verdict)->further)
        fprintf(renderer->out, "<details><summary>%d further scenario%s</summary>\n%s</details>\n",
                (*verdict)->further_count, (*verdict)->further_count == 1 ? "" : "s",
                (*verdict)->further);
    fputs("</section>\n", renderer->out);
    *verdict = NULL;
}

/* The rule that a heading of the third level begins; NULL: none. */
static struct verdict_of *rule_of_heading(const struct renderer *renderer, cmark_node *block)
{
    char *text;
    struct verdict_of *rule;

    if (cmark_node_get_type(block) != CMARK_NODE_HEADING ||
        cmark_node_get_heading_level(block) != 3)
        return NULL;
    text = must(markdown_text(block));
    rule = rule_of(renderer, text, id_length(text));
    free(text);
    return rule;
}

static cmark_node *parse(const char *text)
{
    return must(cmark_parse_document(text, strlen(text), CMARK_OPT_DEFAULT));
}

/* Render the further scenarios of a chapter, each rule's apart. */
static void read_further(struct renderer *renderer, const char *file)
{
    char *text = read_whole("", file);
    cmark_node *document = parse(text);
    struct verdict_of *rule = NULL;
    FILE *page = renderer->out;
    size_t size;

    renderer->text = text;
    for (cmark_node *block = cmark_node_first_child(document); block;
         block = cmark_node_next(block)) {
        if (cmark_node_get_type(block) == CMARK_NODE_HEADING) {
            if (rule)
                fclose(renderer->out);
            rule = rule_of_heading(renderer, block);
            if (rule)
                renderer->out = must(open_memstream(&rule->further, &size));
        } else if (rule) {
            rule->further_count += is_scenario(block);
            write_block(renderer, block, rule->rule->id);
        }
    }
    if (rule)
        fclose(renderer->out);
    renderer->out = page;
    cmark_node_free(document);
    free(text);
}

static void write_heading(struct renderer *renderer, cmark_node *block)
{
    int level = cmark_node_get_heading_level(block);
    char *text = must(markdown_text(block)),
         *html = must(cmark_render_html(block, CMARK_OPT_UNSAFE));

    fprintf(renderer->out, "<h%d id=\"", level);
    write_anchor(renderer->out, text);
    fputs("\">", renderer->out);
    fputs(html + 4, renderer->out);
    free(html);
    free(text);
}

static void write_document(struct renderer *renderer, const char *name)
{
    char *text = read_whole(renderer->directory, name);
    cmark_node *document = parse(text);
    const struct verdict_of *rule = NULL;

    renderer->text = text;
    fprintf(renderer->out, "<article id=\"%s\">\n", name);
    for (cmark_node *block = cmark_node_first_child(document); block;
         block = cmark_node_next(block)) {
        bool heading = cmark_node_get_type(block) == CMARK_NODE_HEADING;

        if (heading && cmark_node_get_heading_level(block) <= 3)
            end_rule(renderer, &rule);
        if (heading && (rule = rule_of_heading(renderer, block)))
            begin_rule(renderer, rule);
        else if (heading)
            write_heading(renderer, block);
        else
            write_block(renderer, block, rule ? rule->rule->id : NULL);
    }
    end_rule(renderer, &rule);
    fputs("</article>\n", renderer->out);
    cmark_node_free(document);
    free(text);
}

/* ---- Headers ---- */

static void write_header_line(struct renderer *renderer, const char *line)
{
    size_t size = 0, html_size;
    const char *name = declared(line, &size);
    char *html;
    FILE *stream = must(open_memstream(&html, &html_size));

    if (name && declare(renderer, name, size)) {
        escape(stream, line, (size_t)(name - line));
        fprintf(stream, "<b id=\"%.*s\">%.*s</b>", (int)size, name, (int)size, name);
        line = name + size;
    }
    write_text(stream, line);
    fputc('\n', stream);
    fclose(stream);
    write_linked(renderer, must(html), NULL);
    free(html);
}

static void write_header(struct renderer *renderer, const char *name)
{
    char *text = read_whole(renderer->directory, name), *line, *rest = text;

    fprintf(renderer->out, "<article id=\"%s\">\n<h1>%s</h1>\n<pre class=\"header\">", name, name);
    while ((line = strsep(&rest, "\n")))
        if (rest || *line)
            write_header_line(renderer, line);
    fputs("</pre>\n</article>\n", renderer->out);
    free(text);
}

/* ---- The page ---- */

static const char style[] =
    ":root{color-scheme:light dark;--text:#1b1f24;--back:#fff;--soft:#5b6570;--line:#d8dee4;"
    "--code:#f4f6f8;--link:#0b5cad;--must:#8a1c1c;--should:#7a5200;--may:#2f5d3a;--pass:#1a7f37;"
    "--fail:#c62828}\n"
    "@media(prefers-color-scheme:dark){:root{--text:#dfe5ea;--back:#14181c;--soft:#9aa5b1;"
    "--line:#333b44;--code:#1c2229;--link:#7ab7ff;--must:#ff9b91;--should:#eec06a;--may:#8fd19e;"
    "--pass:#6fcf86;--fail:#ff8a80}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0;color:var(--text);background:var(--back);font:16px/1.6 system-ui,sans-serif}\n"
    "a{color:var(--link);text-decoration:none}a:hover{text-decoration:underline}\n"
    "nav{padding:1.5rem;border-bottom:1px solid var(--line)}\n"
    "nav ol,nav ul{list-style:none;margin:.3rem 0 1rem;padding:0}nav li{margin:.15rem 0}\n"
    "nav strong{font-size:.8rem;letter-spacing:.05em;text-transform:uppercase;color:var(--soft)}\n"
    "main{padding:1.5rem;max-width:52rem}\n"
    "article{border-bottom:1px solid var(--line);padding-bottom:2rem;margin-bottom:3rem}\n"
    "h1{font-size:2rem;line-height:1.2}h2{margin-top:2.5rem}h3{line-height:1.35;margin:0 0 .6rem}\n"
    ".rule{margin-top:2.5rem;padding-top:1rem;border-top:1px solid var(--line);"
    "scroll-margin-top:1rem}\n"
    ".rule:target{box-shadow:-1rem 0 0 var(--back),-1.2rem 0 0 var(--link)}\n"
    ".id{font-variant-numeric:tabular-nums;margin-right:.3rem}\n"
    ".level,.verdict{display:inline-block;font-size:.72rem;font-weight:600;padding:.05rem .45rem;"
    "border:1px solid;border-radius:1rem;vertical-align:.15em;white-space:nowrap}\n"
    ".MUST{color:var(--must)}.SHOULD{color:var(--should)}.MAY{color:var(--may)}\n"
    ".pass{color:var(--pass)}.fail{color:var(--fail)}.none,.differs{color:var(--soft)}\n"
    ".why{font-style:italic}.source{color:var(--soft);font-size:.88rem}\n"
    "pre{background:var(--code);padding:.8rem 1rem;border-radius:.4rem;overflow-x:auto;"
    "font:14px/1.45 ui-monospace,monospace;margin:.4rem 0 1.2rem}\n"
    "pre.header{font-size:12.5px}code{font-family:ui-monospace,monospace;font-size:.9em;overflow-"
    "wrap:break-word}"
    "pre code{font-size:inherit;overflow-wrap:normal}\n"
    "figure{margin:0}figcaption{font:600 .78rem ui-monospace,monospace;color:var(--soft)}\n"
    "details{margin:.8rem 0}summary{cursor:pointer;color:var(--link)}\n"
    ".table{overflow-x:auto;margin:1rem 0}table{border-collapse:collapse}"
    "th,td{min-width:5rem;border:1px solid var(--line);padding:.35rem "
    ".6rem;text-align:left;vertical-align:top}\n"
    "svg{max-width:100%;height:auto}\n"
    "@media(min-width:64rem){body{display:grid;grid-template-columns:19rem 1fr}"
    "nav{position:sticky;top:0;height:100vh;overflow-y:auto;border-right:1px solid var(--line);"
    "border-bottom:0;font-size:.92rem}main{padding:2rem 3rem}}\n"
    "@media(max-width:40rem){body{font-size:15px}main,nav{padding:1rem}pre{font-size:12.5px}}\n";

/* Whether the directory has a page or a header, which another specification may lack. */
static bool exists(const struct renderer *renderer, const char *name)
{
    char *path;
    FILE *file;

    if (asprintf(&path, "%s/%s", renderer->directory, name) < 0)
        must(NULL);
    file = fopen(path, "r");
    free(path);
    if (file)
        fclose(file);
    return file != NULL;
}

/* The first heading of a page. */
static void write_entry(struct renderer *renderer, const char *name)
{
    char *text = read_whole(renderer->directory, name);
    const char *title = strncmp(text, "# ", 2) == 0 ? text + 2 : name;

    fprintf(renderer->out, "<li><a href=\"#%s\">", name);
    escape(renderer->out, title, strcspn(title, "\n"));
    fputs("</a></li>\n", renderer->out);
    free(text);
}

static const char *base_name(const char *file)
{
    const char *slash = strrchr(file, '/');

    return slash ? slash + 1 : file;
}

static void write_contents(struct renderer *renderer)
{
    const struct book *book = renderer->book;
    FILE *out = renderer->out;

    fputs("<nav>\n<strong>Chapters</strong>\n<ul>\n", out);
    if (exists(renderer, overview))
        write_entry(renderer, overview);
    for (int i = 0; i < book->chapter_count; i++) {
        fprintf(out, "<li><a href=\"#%s\">%d ", base_name(book->chapters[i].file),
                book->chapters[i].number);
        write_text(out, book->chapters[i].title);
        fputs("</a></li>\n", out);
    }
    fputs("</ul>\n<strong>Reference</strong>\n<ul>\n", out);
    for (int i = 0; appendices[i]; i++)
        if (exists(renderer, appendices[i]))
            write_entry(renderer, appendices[i]);
    for (int i = 0; headers[i]; i++)
        if (exists(renderer, headers[i]))
            fprintf(out, "<li><a href=\"#%s\">%s</a></li>\n", headers[i], headers[i]);
    fputs("</ul>\n</nav>\n", out);
}

static void write_page(struct renderer *renderer)
{
    const struct book *book = renderer->book;

    fprintf(renderer->out,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
            "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
            "<title>The rules of structured concurrency</title>\n<style>\n%s</style>\n</head>\n"
            "<body>\n",
            style);
    write_contents(renderer);
    fputs("<main>\n", renderer->out);
    if (exists(renderer, overview))
        write_document(renderer, overview);
    for (int i = 0; i < book->chapter_count; i++)
        write_document(renderer, base_name(book->chapters[i].file));
    for (int i = 0; appendices[i]; i++)
        if (exists(renderer, appendices[i]))
            write_document(renderer, appendices[i]);
    forget_names(renderer);
    for (int i = 0; headers[i]; i++)
        if (exists(renderer, headers[i]))
            write_header(renderer, headers[i]);
    fputs("</main>\n</body>\n</html>\n", renderer->out);
}

int main(int argc, char **argv)
{
    struct renderer renderer = {.directory = "spec"};
    const char *report = NULL, *output = NULL;

    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--spec") == 0 && argv[i + 1])
            renderer.directory = argv[++i];
        else if (strcmp(argv[i], "--report") == 0 && argv[i + 1])
            report = argv[++i];
        else if (*argv[i] != '-' && !output)
            output = argv[i];
        else
            return fputs(usage, stderr), 2;
    if (!output)
        return fputs(usage, stderr), 2;
    renderer.book = reader_directory(renderer.directory, complain, NULL);
    if (!renderer.book)
        return 2;
    list_rules(&renderer);
    if (report)
        read_report(&renderer, report);
    for (int i = 0; headers[i]; i++)
        if (exists(&renderer, headers[i]))
            read_header(&renderer, headers[i]);
    for (int i = 0; i < renderer.book->chapter_count; i++)
        if (renderer.book->chapters[i].more)
            read_further(&renderer, renderer.book->chapters[i].more);
    renderer.out = fopen(output, "w");
    if (!renderer.out)
        die("%s: %s", output, strerror(errno));
    write_page(&renderer);
    if (fclose(renderer.out) != 0)
        die("%s: %s", output, strerror(errno));
    for (int i = 0; i < renderer.rule_count; i++)
        free(renderer.rules[i].further);
    free(renderer.rules);
    forget_names(&renderer);
    free(renderer.names);
    book_free(renderer.book);
    return 0;
}
