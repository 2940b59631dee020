/* Of a plan: money and mentors as used and limit, each with what a step more would add, as the plan's prices tell. */
#include "page_plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LIMITS_SHOWN = 12 };

struct limit {
    const char *name;
    int64_t used, limit;
    const json_t *price; /* its row among the prices; NULL: more of it adds nothing */
};

struct limits {
    size_t n, cap;
    struct limit *at;
};

static void add(struct page *page, struct limits *limits, struct limit limit)
{
    if (limits->n == limits->cap) {
        size_t cap = limits->cap ? 2 * limits->cap : 64;
        struct limit *more = page_room(page, cap * sizeof *more);
        if (more == NULL)
            return;
        if (limits->n)
            memcpy(more, limits->at, limits->n * sizeof *more);
        limits->at = more;
        limits->cap = cap;
    }
    limits->at[limits->n++] = limit;
}

/* "resource of": the row of its price. The worthiest come first, so the first rows are enough. */
static json_t *read_prices(struct page *page, const char *plan)
{
    json_t *prices = page_keep(page, json_object()), *row;
    size_t first = 0, i;
    const json_t *part =
        ask_rows(page, "plan.get", page_words(page, "\"plan\":%s,\"part\":\"prices\"", say_json(page, plan)), &first);
    json_array_foreach (at(part, "rows"), i, row)
        json_object_set(prices, page_words(page, "%s %s", text_at(row, "resource"), text_at(row, "of")), row);
    return prices;
}

enum { WORTH_NANO = 50000 /* of value: what four decimals show */ };

/* What solving again with a step more gave. Without it there is only what it could be at most, which is no promise. */
static double seen(const json_t *price)
{
    return known_at(price, "resolved") ? fmax(real_at(price, "resolved"), 0) : 0;
}

static bool adds(const json_t *price)
{
    return seen(price) >= WORTH_NANO / 1e9;
}

static const char *step_words(struct page *page, const json_t *price)
{
    int64_t step = number_at(price, "step");
    if (strcmp(text_at(price, "unit"), "GBP") == 0)
        return page_words(page, "%s more", say_pounds(page, step));
    return page_words(page, "%s more",
                      say_count(page, step, text_at(price, "unit"), page_words(page, "%ss", text_at(price, "unit"))));
}

static void cell_worth(struct page *page, const json_t *price)
{
    double most = real_at(price, "gain_most");
    cell_begin(page, "", page_words(page, "%.9f", seen(price)));
    if (adds(price))
        put(page, "<strong>+%s</strong> for %s", say_benefit(page, seen(price)), step_words(page, price));
    else if (price && !known_at(price, "resolved") && most >= WORTH_NANO / 1e9)
        put(page, "<span class=\"wm-quiet\">Not tried out; at most +%s for %s</span>", say_benefit(page, most),
            step_words(page, price));
    else
        put(page, "<span class=\"wm-quiet\">More would add nothing</span>");
    cell_end(page);
}

static int by_worth(const void *a, const void *b)
{
    const struct limit *one = a, *other = b;
    double first = seen(one->price), second = seen(other->price);
    if (first < second || second < first)
        return first < second ? 1 : -1;
    double used = one->limit ? (double)one->used / (double)one->limit : 0;
    double other_used = other->limit ? (double)other->used / (double)other->limit : 0;
    if (used < other_used || other_used < used)
        return used < other_used ? 1 : -1;
    return strcmp(one->name, other->name);
}

static const char *amount(struct page *page, int64_t number, bool pounds)
{
    return pounds ? say_pounds(page, number) : say_number(page, number);
}

static void put_table(struct page *page, const char *id, const char *caption, struct limits *limits, bool pounds)
{
    static const char *const money[] = {"Budget", "#Used", "#Limit", "#Share used", "What a step more would add", NULL};
    static const char *const hours[] = {"Mentor", "#Hours used", "#Hours", "#Share used", "What a step more would add",
                                        NULL};
    if (limits->n == 0)
        return;
    qsort(limits->at, limits->n, sizeof *limits->at, by_worth);
    table_begin(page, id, caption, pounds ? money : hours);
    for (size_t i = 0; i < limits->n && i < LIMITS_SHOWN; i++) {
        const struct limit *limit = &limits->at[i];
        double share = limit->limit > 0 ? (double)limit->used / (double)limit->limit : 0;
        row_begin(page);
        cell_text(page, limit->name);
        cell_number(page, (double)limit->used, amount(page, limit->used, pounds));
        cell_number(page, (double)limit->limit, amount(page, limit->limit, pounds));
        cell_bar(page, share, say_percent(page, share, 0), share, share > 0.995 ? "spent" : "fill");
        cell_worth(page, limit->price);
        row_end(page);
    }
    table_end(page);
    if (limits->n > LIMITS_SHOWN)
        put(page, "<p class=\"nhsuk-body-s wm-quiet\">Shown are the %d where more would add most, of %s.</p>",
            LIMITS_SHOWN, say_number(page, (int64_t)limits->n));
}

static const char *finding(struct page *page, const struct limits *limits, const char *one, const char *many,
                           const char *none)
{
    int64_t would = 0, might = 0;
    for (size_t i = 0; i < limits->n; i++) {
        const json_t *price = limits->at[i].price;
        would += adds(price);
        might += price && !known_at(price, "resolved") && real_at(price, "gain_most") >= WORTH_NANO / 1e9;
    }
    if (would)
        return page_words(page, "More of %s would add to the plan", say_count(page, would, one, many));
    if (might)
        return page_words(page, "More of %s might add to the plan", say_count(page, might, one, many));
    return none;
}

void plan_put_limits(struct page *page, const char *plan)
{
    const char *members = page_words(page, "\"plan\":%s,\"part\":\"totals\"", say_json(page, plan));
    struct limits money = {0}, mentors = {0};
    json_t *prices = read_prices(page, plan);
    const json_t *part, *row;
    size_t next = 0, i;
    while ((part = ask_rows(page, "plan.get", members, &next)) != NULL) {
        json_array_foreach (at(part, "budgets"), i, row) {
            const char *key = page_words(page, "budget %s:%s", text_at(row, "scope"), text_at(row, "code"));
            add(page, &money,
                (struct limit){budget_name(page, text_at(row, "scope"), text_at(row, "code")),
                               number_at(row, "used_gbp"), number_at(row, "amount_gbp"), json_object_get(prices, key)});
        }
        json_array_foreach (at(part, "by_mentor"), i, row) {
            const char *key = page_words(page, "mentor_hours %s", text_at(row, "mentor"));
            add(page, &mentors,
                (struct limit){page_words(page, "%s, %s", text_at(row, "mentor"), text_at(row, "region")),
                               number_at(row, "hours_used"), number_at(row, "hours"), json_object_get(prices, key)});
        }
    }
    put(page, "<section aria-labelledby=\"money-heading\"><h2 class=\"nhsuk-heading-m\" id=\"money-heading\">%s</h2>",
        finding(page, &money, "budget", "budgets", "Money does not hold the plan back"));
    put_table(page, "money", "Budgets: used, limit, and what more would add to the expected benefit", &money, true);
    plan_put_download(page, plan, "shadow_price", "What more would add", false);
    put(page,
        "</section><section aria-labelledby=\"mentors-heading\"><h2 class=\"nhsuk-heading-m\" "
        "id=\"mentors-heading\">%s</h2>",
        finding(page, &mentors, "mentor's hours", "mentors' hours", "Mentors do not hold the plan back"));
    put_table(page, "mentors", "Mentors: hours used, hours given, and what more would add to the expected benefit",
              &mentors, false);
    plan_put_download(page, plan, "mentor_load", "Mentors' hours", true);
    put(page, "</section>");
}
