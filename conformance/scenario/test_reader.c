/* Tests of the reader: chapters as they should be, and each way in which one can be broken. */
#include "test_texts.h"

#include "reader.h"
#include "test_place.h"

static void complain(void *to, const char *file, int line, const char *text)
{
    note(to, file, line, text);
}

static const char good[] = "# Children\n"
                           "\n"
                           "What *this* is about.\n"
                           "\n"
                           "### R2.1 A task has `no` children left  {MUST}\n"
                           "\n"
                           "If a task ends, **its** children\n"
                           "have ended.\n"
                           "\n"
                           "They are few.\n"
                           "\n"
                           "Why: what nobody *waits*\n"
                           "for is lost.\n"
                           "\n"
                           "Source: a chapter.\n"
                           "\n"
                           "A `task` that only\n"
                           "yields:\n"
                           "\n"
                           "```scenario\n"
                           "task main\n"
                           "    yield\n"
                           "expect run ok\n"
                           "```\n"
                           "\n"
                           "On two domains:\n"
                           "\n"
                           "```scenario on-two\n"
                           "domains 2\n"
                           "task main\n"
                           "expect run ok\n"
                           "```\n"
                           "\n"
                           "```c\n"
                           "not a scenario\n"
                           "```\n"
                           "\n"
                           "Fenced otherwise:\n"
                           "\n"
                           "~~~~ scenario\n"
                           "task main\n"
                           "expect run ok\n"
                           "~~~~\n"
                           "\n"
                           "## More\n"
                           "\n"
                           "Prose between rules.\n"
                           "\n"
                           "### R2.3 Nobody can tell  {SHOULD}\n"
                           "\n"
                           "It holds.\n"
                           "\n"
                           "Why: it is so.\n"
                           "\n"
                           "Source: this specification.\n"
                           "\n"
                           "untested: nobody can\n"
                           "tell.\n";

/* Read a chapter at the end of a page into a book of its own. */
static struct book *read_chapter(const char *file, const char *text, size_t size,
                                 struct complaints *complaints)
{
    struct book *book = book_create();
    struct page page = page_create(text, size);
    int read, checked;

    *complaints = (struct complaints){.size = 0};
    read = reader_chapter(book, file, page.text, page.size, complain, complaints);
    checked = reader_check(book, complain, complaints);
    page_free(&page);
    assert_int_equal(read != 0 || checked != 0, complaints->count > 0);
    return book;
}

static void reads_rules_and_scenarios(void **state)
{
    struct complaints complaints;
    struct book *book = read_chapter("spec/2-children.md", good, sizeof good - 1, &complaints);
    const struct rule *rule;

    (void)state;
    if (complaints.count > 0)
        fail_msg("%s", complaints.text);
    assert_int_equal(book->chapter_count, 1);
    assert_int_equal(book->chapters[0].number, 2);
    assert_string_equal(book->chapters[0].title, "Children");
    assert_string_equal(book->chapters[0].file, "spec/2-children.md");
    assert_int_equal(book->chapters[0].rule_count, 2);
    rule = book_rule(book, "R2.1");
    assert_ptr_equal(rule, &book->chapters[0].rules[0]);
    assert_int_equal(rule->number, 1);
    assert_int_equal(rule->line, 5);
    assert_string_equal(level_name(rule->level), "MUST");
    assert_string_equal(rule->title, "A task has no children left");
    assert_string_equal(rule->statement, "If a task ends, its children have ended.\nThey are few.");
    assert_string_equal(rule->why, "what nobody waits for is lost.");
    assert_string_equal(rule->source, "a chapter.");
    assert_null(rule->untested);
    assert_int_equal(rule->scenario_count, 3);
    assert_string_equal(rule->scenarios[0].name, "1");
    assert_string_equal(rule->scenarios[0].text, "task main\n    yield\nexpect run ok\n");
    assert_string_equal(rule->scenarios[0].about, "A task that only yields:");
    assert_string_equal(rule->scenarios[0].file, "spec/2-children.md");
    assert_int_equal(rule->scenarios[0].line, 21);
    assert_int_equal(rule->scenarios[0].program->operation_count, 1);
    assert_string_equal(rule->scenarios[1].name, "on-two");
    assert_string_equal(rule->scenarios[1].about, "On two domains:");
    assert_int_equal(rule->scenarios[1].program->domains, 2);
    assert_string_equal(rule->scenarios[2].name, "3");
    rule = book_rule(book, "R2.3");
    assert_string_equal(level_name(rule->level), "SHOULD");
    assert_string_equal(rule->untested, "nobody can tell.");
    assert_int_equal(rule->scenario_count, 0);
    assert_null(book_rule(book, "R2.2"));
    book_free(book);
}

static void reads_parts(void **state)
{
    static const char text[] =
        "# T\n\nPart: signals\n\nProse.\n\n### R2.1 A {MUST}\n\nIt.\n\nWhy: so."
        "\n\nSource: x\n\n### R2.2 B {MUST}\n\nPart: hooks\n\nIt.\n\nWhy: so."
        "\n\nSource: x\n";
    struct complaints complaints;
    struct book *book = read_chapter("2-t.md", text, sizeof text - 1, &complaints);
    const struct rule *rule;

    (void)state;
    if (complaints.count > 0)
        fail_msg("%s", complaints.text);
    assert_string_equal(book->chapters[0].part.name, "signals");
    assert_int_equal(book->chapters[0].part.line, 3);
    assert_null(book_rule(book, "R2.1")->part.name);
    rule = book_rule(book, "R2.2");
    assert_string_equal(rule->part.name, "hooks");
    assert_int_equal(rule->part.line, 17);
    assert_string_equal(rule->statement, "It.");
    book_free(book);
}

/* ---- Mistakes ---- */

#define TITLE "# T\n"
/* Six lines, the last one text. */
#define RULE "### R2.1 A rule  {MUST}\nIt holds.\n\nWhy: so.\n\nSource: here.\n"

struct mistake {
    const char *text;
    const char *complaint;
};

static const struct mistake mistakes[] = {
    {"", "0: the chapter has no title"},
    {TITLE, "0: the chapter has no rule"},
    {TITLE TITLE RULE, "2: a second title of the chapter"},
    {TITLE RULE RULE, "8: a second rule 'R2.1'; another is at 2-t.md:2"},
    {TITLE "### R3.1 A rule  {MUST}\n\nIt.\n\nWhy: y\n\nSource: x\n",
     "2: the rule R3.1 is in chapter 2"},
    {TITLE "### R2 A rule  {MUST}\n", "2: 'R2 A rule  {MUST}': not a rule, 'R2.1 Title {MUST}'"},
    {TITLE "### R2.x A rule  {MUST}\n", "2: 'R2.x A rule"},
    {TITLE "### R2.0 A rule  {MUST}\n", "2: 'R2.0 A rule"},
    {TITLE "### R2.01 A rule  {MUST}\n", "2: 'R2.01 A rule"},
    {TITLE "### R2.1a A rule  {MUST}\n", "2: 'R2.1a A rule"},
    {TITLE "### R2.99999999999 A rule  {MUST}\n", "2: 'R2.99999999999 A rule"},
    {TITLE "### r2.1 A rule  {MUST}\n", "2: 'r2.1 A rule"},
    {TITLE "### Some title\n", "2: 'Some title': not a rule"},
    {TITLE "###\n", "2: '': not a rule"},
    {TITLE "## R2.1 A rule  {MUST}\n", "2: a rule's heading is of the third level"},
    {TITLE "#### R2.1 A rule  {MUST}\n", "2: a rule's heading is of the third level"},
    {TITLE "> ### R2.1 A rule  {MUST}\n", "2: a heading inside a list or a quotation"},
    {TITLE "### R2.1 A rule\n\nIt.\n\nSource: x\n", "2: the rule R2.1 does not end with its level"},
    {TITLE "### R2.1 A rule {MIGHT}\n\nIt.\n\nSource: x\n", "2: the rule R2.1 does not end with"},
    {TITLE "### R2.1 A rule {MUST\n\nIt.\n\nSource: x\n", "2: the rule R2.1 does not end with"},
    {TITLE "### R2.1 A rule {MUST} {}\n\nIt.\n\nSource: x\n", "2: the rule R2.1 does not end"},
    {TITLE "### R2.1 {MUST}\n\nIt.\n\nWhy: y\n\nSource: x\n", "2: the rule R2.1 has no title"},
    {TITLE "### R2.1 A {MUST}\n\nSource: x\n", "2: the rule R2.1 says nothing"},
    {TITLE "### R2.1 A {MUST}\n\nIt.\n\nWhy: y\n", "2: the rule R2.1 lacks its 'Source:'"},
    {TITLE "### R2.1 A {MUST}\n\nIt.\n\nSource: x\n", "2: the rule R2.1 lacks its 'Why:'"},
    {TITLE RULE "```scenario\ntask main\nexpect run ok\n```\n",
     "8: no sentence introduces the scenario"},
    {TITLE RULE "\nOne:\n\n```c\n```\n\n```scenario\ntask main\nexpect run ok\n```\n",
     "14: no sentence introduces the scenario"},
    {TITLE "### R2.1 A {MUST}\n\nIt.\n\nsource: x\n", "6: 'source:' is written 'Source:'"},
    {TITLE "### R2.1 A {MUST}\n\nIt.\n\nSource:\n", "6: nothing behind 'Source:'"},
    {TITLE RULE "\nSource: there.\n", "9: a second 'Source:' of one rule"},
    {TITLE "### R2.1 A {MUST}\n\nIt.\n\nwhy: x\n", "6: 'why:' is written 'Why:'"},
    {TITLE "### R2.1 A {MUST}\n\nIt.\n\nWhy:\n\nSource: x\n", "6: nothing behind 'Why:'"},
    {TITLE "### R2.1 A {MUST}\n\nIt.\n\nWhy: a\n\nWhy: b\n", "8: a second 'Why:' of one rule"},
    {TITLE "### R2.1 A {MUST}\n\nIt.\n\nWhy: a\n\nAnd it.\n\nSource: x\n",
     "8: between 'Why:' and 'Source:' nothing stands"},
    {TITLE RULE "\nUntested: so.\n", "9: 'Untested:' is written 'untested:'"},
    {TITLE RULE "\nuntested:\n", "9: nothing behind 'untested:'"},
    {TITLE RULE "\nuntested: a\n\nuntested: b\n", "11: a second 'untested:' of one rule"},
    {TITLE "Part: a\n\nPart: b\n\n" RULE, "4: a second 'Part:' of one chapter"},
    {TITLE RULE "\nPart: a\n\nPart: b\n", "11: a second 'Part:' of one rule"},
    {TITLE "Part:\n\n" RULE, "2: nothing behind 'Part:'"},
    {TITLE "part: a\n\n" RULE, "2: 'part:' is written 'Part:'"},
    {TITLE "Part: a, b\n\n" RULE, "2: 'a, b' is not the name of a part"},
    {TITLE RULE "\n## More\n\nPart: a\n", "11: 'Part:' stands in a rule, or before the first one"},
    {TITLE RULE "```scenario\ntask main\nexpect run ok\n", "8: the fence is never closed"},
    {TITLE RULE "```scenario\ntask main\nexpect run ok\n``\n", "8: the fence is never closed"},
    {TITLE RULE "````scenario\ntask main\nexpect run ok\n```\n", "8: the fence is never closed"},
    {TITLE RULE "```scenario\ntask main\nexpect run ok\n~~~\n", "8: the fence is never closed"},
    {TITLE RULE "```scenario\ntask main\nexpect run ok\n``` x\n", "8: the fence is never closed"},
    {TITLE RULE "```", "8: the fence is never closed"},
    {TITLE RULE "```c\nint x;\n", "8: the fence is never closed"},
    {TITLE "```scenario\ntask main\nexpect run ok\n```\n" RULE, "2: a scenario outside a rule"},
    {TITLE RULE "## X\n\n```scenario\ntask main\nexpect run ok\n```\n", "10: a scenario outside a"},
    {TITLE RULE "- a\n\n  ```scenario\n  task main\n  expect run ok\n  ```\n",
     "10: a scenario inside a list or a quotation"},
    {TITLE RULE "```scenarios\ntask main\nexpect run ok\n```\n", "8: 'scenarios' is neither"},
    {TITLE RULE "```scenario a b\ntask main\nexpect run ok\n```\n", "8: 'scenario a b' is neither"},
    {TITLE RULE "```scenario 1\ntask main\nexpect run ok\n```\n", "8: 'scenario 1' is neither"},
    {TITLE RULE "```scenario-a\ntask main\nexpect run ok\n```\n", "8: 'scenario-a' is neither"},
    {TITLE RULE "```Scenario\ntask main\nexpect run ok\n```\n",
     "8: 'scenario' is written in small letters"},
    {TITLE RULE "```scenario a\ntask main\nexpect run ok\n```\n\n"
                "```scenario a\ntask main\nexpect run ok\n```\n",
     "13: a second scenario 'a'; another is at 2-t.md:8"},
    {TITLE RULE "```scenario\ntask main\nfoo\nexpect run ok\n```\n",
     "10: 'foo' is not an operation"},
    {TITLE RULE "```scenario\n```\n", "8: there is no 'expect run'"},
    {TITLE RULE "  ```scenario\n  task main\n  foo\n  ```\n", "10: 'foo' is not an operation"},
    {TITLE RULE "\xc3\n", "8: not UTF-8"},
    {TITLE RULE "\xc0\xaf\n", "8: not UTF-8"},
    {TITLE RULE "\xed\xa0\x80\n", "8: not UTF-8"},
    {TITLE RULE "\xf4\x90\x80\x80\n", "8: not UTF-8"},
    {TITLE RULE "\xe0\x80\x80\n", "8: not UTF-8"},
    {TITLE RULE "\xf0\x80\x80\x80\n", "8: not UTF-8"},
    {TITLE RULE "\x80", "8: not UTF-8"},
    {TITLE RULE "x\xe2\x82", "8: not UTF-8"},
};

static void tells_each_mistake(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        struct complaints complaints;
        char complaint[256];

        book_free(read_chapter("2-t.md", mistakes[i].text, strlen(mistakes[i].text), &complaints));
        snprintf(complaint, sizeof complaint, "2-t.md:%s", mistakes[i].complaint);
        if (complaints.count == 0)
            fail_msg("no complaint of: %s", mistakes[i].text);
        assert_true(contains(complaints.text, complaint));
    }
}

static void tells_all_mistakes_at_once(void **state)
{
    static const char text[] = TITLE "### R2.1 A\n\n```scenario\nfoo\nexpect run ok\n```\n\n"
                                     "### R7.1 B {MUST}\n\nIt.\n\nWhy: y\n\nSource: x\n\n"
                                     "```scenario\ntask main\nbar\nexpect run ok\n```\n";
    struct complaints complaints;

    (void)state;
    book_free(read_chapter("2-t.md", text, sizeof text - 1, &complaints));
    assert_true(contains(complaints.text, "2-t.md:2: the rule R2.1 does not end with its level"));
    assert_true(contains(complaints.text, "2-t.md:5: 'foo' is not an operation"));
    assert_true(contains(complaints.text, "2-t.md:4: there is no task 'main'"));
    assert_true(contains(complaints.text, "2-t.md:2: the rule R2.1 says nothing"));
    assert_true(contains(complaints.text, "2-t.md:2: the rule R2.1 lacks"));
    assert_true(contains(complaints.text, "2-t.md:9: the rule R7.1 is in chapter 2"));
    assert_true(contains(complaints.text, "2-t.md:19: 'bar' is not an operation"));
    assert_int_equal(complaints.count, 10);
}

static void refuses_a_nul_byte(void **state)
{
    static const char text[] = TITLE RULE "a\0b\n";
    struct complaints complaints;

    (void)state;
    book_free(read_chapter("2-t.md", text, sizeof text - 1, &complaints));
    assert_string_equal(complaints.text, "2-t.md:8: a NUL byte\n");
}

static void files_are_named_by_their_number(void **state)
{
    static const char *const names[] = {
        "t.md", "2.md", "x/2", "02-t.md", "0-t.md", "10-/t.md", "99999999999-t.md"};
    struct complaints complaints;

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        book_free(read_chapter(names[i], TITLE RULE, strlen(TITLE RULE), &complaints));
        assert_true(contains(complaints.text, "a chapter's file is named by its number"));
    }
}

/* Beyond ASCII, and lines that end in other ways. */
static void reads_what_commonmark_allows(void **state)
{
    static const char text[] =
        "Title\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\r\n=====\r\n\r\n"
        "### R2.1 A rule  {MAY} ###\r\n\r\n- one\n- two\r\rWhy: so\r\rSource: *here*.\r\rOne\r"
        "```scenario\ntask main\nexpect run ok\n```  ";
    struct complaints complaints;
    struct book *book = read_chapter("2-t.md", text, sizeof text - 1, &complaints);
    const struct rule *rule = book_rule(book, "R2.1");

    (void)state;
    assert_string_equal(complaints.text, "");
    assert_string_equal(book->chapters[0].title, "Title\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80");
    assert_string_equal(rule->title, "A rule");
    assert_int_equal(rule->level, LEVEL_MAY);
    assert_string_equal(rule->statement, "one\ntwo");
    assert_int_equal(rule->scenario_count, 1);
    book_free(book);
}

/* ---- Several chapters ---- */

static int add(struct book *book, const char *file, const char *text, struct complaints *complaints)
{
    return reader_chapter(book, file, text, strlen(text), complain, complaints);
}

static void chapters_stand_by_number(void **state)
{
    struct complaints complaints = {.size = 0};
    struct book *book = book_create();

    (void)state;
    assert_int_equal(add(book, "10-x.md", "# X\n### R10.1 A {MUST}\n\nIt.\n\nWhy: y\n\nSource: x\n",
                         &complaints),
                     0);
    assert_int_equal(add(book, "2-t.md", TITLE RULE, &complaints), 0);
    assert_int_equal(reader_check(book, complain, &complaints), 0);
    assert_int_equal(book->chapters[0].number, 2);
    assert_int_equal(book->chapters[1].number, 10);
    assert_non_null(book_rule(book, "R10.1"));
    book_free(book);
}

static void chapters_of_one_number_stand_by_their_rules(void **state)
{
    struct complaints complaints = {.size = 0};
    struct book *book = book_create();

    (void)state;
    add(book, "a/2-t.md", "# X\n### R2.3 A {MUST}\n\nIt.\n\nWhy: y\n\nSource: x\n", &complaints);
    add(book, "a/2-u.md", TITLE RULE, &complaints);
    assert_int_equal(reader_check(book, complain, &complaints), 0);
    assert_string_equal(book->chapters[0].file, "a/2-u.md");
    assert_string_equal(book->chapters[1].file, "a/2-t.md");
    assert_non_null(book_rule(book, "R2.3"));
    book_free(book);
}

static void an_id_is_for_one_rule(void **state)
{
    struct complaints complaints = {.size = 0};
    struct book *book = book_create();

    (void)state;
    add(book, "a/2-t.md", TITLE RULE, &complaints);
    add(book, "a/2-u.md", TITLE RULE, &complaints);
    assert_int_not_equal(reader_check(book, complain, &complaints), 0);
    assert_string_equal(complaints.text,
                        "a/2-u.md:2: a second rule 'R2.1'; another is at a/2-t.md:2\n");
    book_free(book);
}

/* ---- Further scenarios ---- */

#define SCENARIO(name) "\nOne:\n\n```scenario " name "\ntask main\nexpect run ok\n```\n\n"

static int add_more(struct book *book, const char *file, const char *text,
                    struct complaints *complaints)
{
    struct page page = page_create(text, strlen(text));
    int read = reader_more(book, file, page.text, page.size, complain, complaints);

    page_free(&page);
    return read;
}

static void further_scenarios_are_the_rules(void **state)
{
    struct complaints complaints = {.size = 0};
    struct book *book = book_create();
    const struct rule *rule;

    (void)state;
    add(book, "2-t.md", TITLE RULE SCENARIO("a") "### R2.2 B {MAY}\n\nIt.\n\nWhy: y\n\nSource: x\n",
        &complaints);
    assert_int_equal(
        add_more(book, "more/2-t.md",
                 "# More\n\nAbout this.\n\n### R2.2\n\n" SCENARIO("a") "### R2.1\n" SCENARIO("b"),
                 &complaints),
        0);
    assert_int_equal(reader_check(book, complain, &complaints), 0);
    assert_string_equal(complaints.text, "");
    rule = book_rule(book, "R2.1");
    assert_int_equal(rule->scenario_count, 2);
    assert_string_equal(rule->scenarios[0].file, "2-t.md");
    assert_string_equal(rule->scenarios[1].name, "b");
    assert_string_equal(rule->scenarios[1].about, "One:");
    assert_string_equal(rule->scenarios[1].file, "more/2-t.md");
    assert_int_equal(rule->scenarios[1].line, 20);
    assert_int_equal(book_rule(book, "R2.2")->scenario_count, 1);
    book_free(book);
}

/* Of a file that stands beside a chapter which has R2.1 and its scenario 'a'. */
static const struct {
    const char *file;
    struct mistake mistake;
} more_mistakes[] = {
    {"more/3-t.md", {TITLE "### R2.1\n", "0: there is no chapter 3-t.md"}},
    {"more/2-u.md", {TITLE "### R2.1\n", "0: there is no chapter 2-u.md"}},
    {"more/2-t.md", {"### R2.1\n", "0: the chapter has no title"}},
    {"more/2-t.md", {TITLE TITLE, "2: a second title of the chapter"}},
    {"more/2-t.md", {TITLE "### R2.7\n", "2: there is no rule 'R2.7' in 2-t.md"}},
    {"more/2-t.md", {TITLE "### R2.11\n", "2: there is no rule 'R2.11' in 2-t.md"}},
    {"more/2-t.md", {TITLE "### Else\n", "2: there is no rule 'Else' in 2-t.md"}},
    {"more/2-t.md", {TITLE "###\n", "2: there is no rule '' in 2-t.md"}},
    {"more/2-t.md", {TITLE "## R2.1\n", "2: a rule's heading is of the third level"}},
    {"more/2-t.md", {TITLE "### R2.1 A {MUST}\n", "2: only the rule's id stands here"}},
    {"more/2-t.md", {TITLE SCENARIO("b"), "5: a scenario outside a rule"}},
    {"more/2-t.md", {TITLE "### R2.9\n" SCENARIO("b"), "6: a scenario outside a rule"}},
    {"more/2-t.md",
     {TITLE "### R2.1\n" SCENARIO("a"), "6: a second scenario 'a'; another is at 2-t.md:11"}},
    {"more/2-t.md",
     {TITLE "### R2.1\n" SCENARIO("b") "### R2.1\n" SCENARIO("b"),
      "15: a second scenario 'b'; another is at more/2-t.md:6"}},
    {"more/2-t.md",
     {TITLE "### R2.1\n```scenario b\ntask main\nfoo\n```\n", "5: 'foo' is not an operation"}},
    {"more/2-t.md", {TITLE "### R2.1\n\xc3\n", "3: not UTF-8"}},
};

static void tells_each_mistake_of_further_scenarios(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof more_mistakes / sizeof *more_mistakes; i++) {
        struct complaints complaints = {.size = 0};
        struct book *book = book_create();
        const char *file = more_mistakes[i].file;
        char complaint[256];
        int read, checked;

        add(book, "2-t.md", TITLE RULE SCENARIO("a"), &complaints);
        assert_string_equal(complaints.text, "");
        read = add_more(book, file, more_mistakes[i].mistake.text, &complaints);
        checked = reader_check(book, complain, &complaints);
        assert_true(read != 0 || checked != 0);
        snprintf(complaint, sizeof complaint, "%s:%s", file, more_mistakes[i].mistake.complaint);
        assert_true(contains(complaints.text, complaint));
        book_free(book);
    }
}

static void a_chapter_has_one_file_of_further_scenarios(void **state)
{
    struct complaints complaints = {.size = 0};
    struct book *book = book_create();

    (void)state;
    add(book, "2-t.md", TITLE RULE, &complaints);
    assert_int_equal(add_more(book, "a/2-t.md", TITLE "### R2.1\n", &complaints), 0);
    assert_int_not_equal(add_more(book, "b/2-t.md", TITLE "### R2.1\n", &complaints), 0);
    assert_string_equal(complaints.text,
                        "b/2-t.md:0: further scenarios of the chapter are in a/2-t.md already\n");
    book_free(book);
}

/* ---- Directories ---- */

static void make_directory(const char *name)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/%s", place, name);
    assert_int_equal(mkdir(path, 0700), 0);
}

static void reads_the_chapters_of_a_directory(void **state)
{
    struct complaints complaints = {.size = 0};
    struct book *book;

    (void)state;
    write_file("2-t.md", TITLE RULE);
    write_file("1-t.md", "# X\n### R1.1 A {MUST}\n\nIt.\n\nWhy: y\n\nSource: x\n");
    write_file("scenario.md", "### R9.9 not a chapter");
    write_file("3-t.md~", "### R9.9 not a chapter");
    write_file("0-t.md", "# An overview, which has no rules");
    make_directory("more");
    write_file("more/2-t.md", TITLE "### R2.1\n" SCENARIO("a"));
    write_file("more/README.md", "### R9.9 not a chapter");
    book = reader_directory(place, complain, &complaints);
    assert_string_equal(complaints.text, "");
    assert_non_null(book);
    assert_int_equal(book->chapter_count, 2);
    assert_int_equal(book->chapters[0].number, 1);
    assert_int_equal(book_rule(book, "R2.1")->scenario_count, 1);
    book_free(book);
}

static void tells_the_mistakes_of_all_files(void **state)
{
    struct complaints complaints = {.size = 0};

    (void)state;
    write_file("1-t.md", "# X\n### R1.1 A {MUST}\n\nIt.\n\nWhy: y\n");
    write_file("2-t.md", TITLE RULE RULE);
    make_directory("more");
    write_file("more/3-t.md", TITLE);
    assert_null(reader_directory(place, complain, &complaints));
    assert_true(contains(complaints.text, "/1-t.md:2: the rule R1.1 lacks its 'Source:'"));
    assert_true(contains(complaints.text, "/2-t.md:8: a second rule 'R2.1'"));
    assert_true(contains(complaints.text, "/more/3-t.md:0: there is no chapter 3-t.md"));
    assert_int_equal(complaints.count, 3);
}

/* A line of the overview; a specification may have none. */
static void reads_the_version(void **state)
{
    static const struct {
        const char *overview, *version, *mistake;
    } cases[] = {
        {"# Overview\n\nText.\n\nVersion: 1.12\n\nVersion: 2\n", "1.12", NULL},
        {"# Overview\n\nVersion: 3", "3", NULL},
        {"# Overview\n\nThe Version: 3\n", NULL, NULL},
        {"# Overview\n\nVersion: next\n", NULL, "/0-overview.md:0: 'next' is no version"},
        {"# Overview\n\nVersion: \n", NULL, "/0-overview.md:0: '' is no version"},
    };

    (void)state;
    write_file("1-t.md", "# X\n### R1.1 A {MUST}\n\nIt.\n\nWhy: y\n\nSource: z\n");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct complaints complaints = {.size = 0};
        struct book *book;

        write_file("0-overview.md", cases[i].overview);
        book = reader_directory(place, complain, &complaints);
        if (cases[i].mistake) {
            assert_null(book);
            assert_true(contains(complaints.text, cases[i].mistake));
            continue;
        }
        assert_non_null(book);
        if (cases[i].version)
            assert_string_equal(book->version, cases[i].version);
        else
            assert_null(book->version);
        book_free(book);
    }
}

static void an_empty_directory_is_no_book(void **state)
{
    struct complaints complaints = {.size = 0};

    (void)state;
    assert_null(reader_directory(place, complain, &complaints));
    assert_true(contains(complaints.text, ":0: there is no chapter here"));
    assert_int_equal(complaints.count, 1);
    assert_int_equal(rmdir(place), 0);
    complaints = (struct complaints){.size = 0};
    assert_null(reader_directory(place, complain, &complaints));
    assert_true(contains(complaints.text, ":0: No such file or directory"));
}

static void an_unreadable_chapter_is_told(void **state)
{
    struct complaints complaints = {.size = 0};
    char path[PATH_MAX];

    (void)state;
    snprintf(path, sizeof path, "%s/1-t.md", place);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/2-t.md", place);
    assert_int_equal(symlink("nowhere", path), 0);
    assert_null(reader_directory(place, complain, &complaints));
    assert_true(contains(complaints.text, "/1-t.md:0: Is a directory"));
    assert_true(contains(complaints.text, "/2-t.md:0: No such file or directory"));
    snprintf(path, sizeof path, "%s/3-t.md", place);
    write_file("3-t.md", "");
    assert_int_equal(truncate(path, 1 << 24), 0);
    write_file("more", "not a directory");
    complaints = (struct complaints){.size = 0};
    assert_null(reader_directory(place, complain, &complaints));
    assert_true(contains(complaints.text, "/3-t.md:0: more than 16777215 bytes"));
    assert_true(contains(complaints.text, "/more:0: Not a directory"));
}

/* ---- Any text at all ---- */

static void reads_no_byte_too_many(void **state)
{
    (void)state;
    for (size_t size = 0; size <= sizeof good - 1; size++) {
        struct complaints complaints;

        book_free(read_chapter("2-t.md", good, size, &complaints));
    }
}

static void survives_any_text(void **state)
{
    unsigned random = 4;
    int fine = 0;

    (void)state;
    for (int i = 0; i < 2000; i++) {
        char text[2 * sizeof good];
        size_t size = sizeof good - 1;
        struct complaints complaints;

        memcpy(text, good, size);
        mutate(text, &size, sizeof text, &random);
        book_free(read_chapter("2-t.md", text, size, &complaints));
        fine += complaints.count == 0;
    }
    assert_in_range(fine, 1, 1999);
}

int main(void)
{
#define IN_PLACE(name) cmocka_unit_test_setup_teardown(name, place_set_up, place_tear_down)
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_rules_and_scenarios),
        cmocka_unit_test(reads_parts),
        cmocka_unit_test(tells_each_mistake),
        cmocka_unit_test(tells_all_mistakes_at_once),
        cmocka_unit_test(refuses_a_nul_byte),
        cmocka_unit_test(files_are_named_by_their_number),
        cmocka_unit_test(reads_what_commonmark_allows),
        cmocka_unit_test(chapters_stand_by_number),
        cmocka_unit_test(chapters_of_one_number_stand_by_their_rules),
        cmocka_unit_test(an_id_is_for_one_rule),
        cmocka_unit_test(further_scenarios_are_the_rules),
        cmocka_unit_test(tells_each_mistake_of_further_scenarios),
        cmocka_unit_test(a_chapter_has_one_file_of_further_scenarios),
        IN_PLACE(reads_the_chapters_of_a_directory),
        IN_PLACE(tells_the_mistakes_of_all_files),
        IN_PLACE(reads_the_version),
        IN_PLACE(an_empty_directory_is_no_book),
        IN_PLACE(an_unreadable_chapter_is_told),
        cmocka_unit_test(reads_no_byte_too_many),
        cmocka_unit_test(survives_any_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
