/*
 * Text is a line a fact, for people and for line tools; JSON is what allocation of explicit problems promises: the numbers
 * are the shortest decimals that read back as the same.
 */
#include "client_solution.h"

#include "client_table.h"
#include "client_value.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_CAP = 300 };

/* ---- Writing ---- */

/* The shortest decimal that reads back as the same number. */
static void put_number(struct buf *out, double number)
{
    char text[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, number);
        if (strtod(text, NULL) == number)
            break;
    }
    buf_text(out, text);
}

static void put_number_of(struct buf *out, const char *key, bool known, double number)
{
    json_put_key(out, key);
    if (known && isfinite(number))
        put_number(out, number);
    else
        buf_text(out, "null");
}

static bool near(double a, double b)
{
    double size = fabs(a) > fabs(b) ? fabs(a) : fabs(b);
    return fabs(a - b) <= 1e-9 * size;
}

static double gap_between(double bound, double value)
{
    double size = fabs(bound) > fabs(value) ? fabs(bound) : fabs(value);
    return bound == value ? 0 : fabs(bound - value) / size;
}

static const char *group_name(const struct wm_problem *problem, size_t group)
{
    return wm_problem_group_name(problem, group);
}

static void put_choices(struct buf *out, const struct wm_problem *problem, const struct wm_solution *plan)
{
    json_put_key(out, "choices");
    json_open(out, '[');
    for (size_t g = 0; g < plan->n_groups; g++) {
        if (plan->choices[g] == WM_NO_OPTION)
            continue;
        json_item(out);
        json_open(out, '{');
        json_put_text(out, "group", group_name(problem, g));
        json_put_text(out, "option", wm_problem_option_name(problem, (size_t)plan->choices[g]));
        json_close(out, '}');
    }
    json_close(out, ']');
}

static void put_prices(struct buf *out, const struct wm_problem *problem, const struct wm_solution *plan)
{
    json_put_key(out, "prices");
    json_open(out, '[');
    for (size_t r = 0; r < plan->n_resources; r++) {
        if (plan->prices[r] == 0)
            continue;
        json_item(out);
        json_open(out, '{');
        json_put_text(out, "resource", wm_problem_resource_name(problem, r));
        put_number_of(out, "price", true, plan->prices[r]);
        json_close(out, '}');
    }
    json_close(out, ']');
}

/* What a member of a conflict is: "lock" of an option, "must" of a group, "must_use" of a resource. */
static const char *demand_kind(const struct wm_conflict *demand)
{
    return demand->group < 0 ? "must_use" : demand->option == WM_NO_OPTION ? "must" : "lock";
}

static const char *demand_name(const struct wm_problem *problem, const struct wm_conflict *demand)
{
    return demand->group < 0 ? wm_problem_resource_name(problem, (size_t)demand->resource)
                             : group_name(problem, (size_t)demand->group);
}

static const char *demand_option(const struct wm_problem *problem, const struct wm_conflict *demand)
{
    return demand->group < 0 || demand->option == WM_NO_OPTION
               ? NULL
               : wm_problem_option_name(problem, (size_t)demand->option);
}

static void put_conflict(struct buf *out, const struct wm_problem *problem, const struct wm_solution *plan)
{
    json_put_key(out, "conflict");
    json_open(out, '[');
    for (size_t i = 0; i < plan->n_conflicts; i++) {
        const struct wm_conflict *demand = &plan->conflicts[i];
        const char *option = demand_option(problem, demand);
        json_item(out);
        json_open(out, '{');
        json_put_text(out, "kind", demand_kind(demand));
        json_put_text(out, demand->group < 0 ? "resource" : "group", demand_name(problem, demand));
        if (option)
            json_put_text(out, "option", option);
        json_close(out, '}');
    }
    json_close(out, ']');
    json_put_bool(out, "conflict_is_least", plan->conflicts_least);
}

void solution_put_json(struct buf *out, const struct wm_problem *problem, const struct wm_solution *plan, int64_t ns)
{
    json_open(out, '{');
    json_put_text(out, "status", wm_plan_status_name(plan->status));
    put_number_of(out, "value", plan->found, plan->value);
    put_number_of(out, "bound", plan->bounded, plan->bound);
    put_number_of(out, "price_bound", plan->bounded, plan->price_bound);
    put_number_of(out, "gap", plan->found, plan->gap);
    put_number_of(out, "price_gap", plan->found, gap_between(plan->price_bound, plan->value));
    put_choices(out, problem, plan);
    put_prices(out, problem, plan);
    if (plan->status == WM_PLAN_INFEASIBLE)
        put_conflict(out, problem, plan);
    json_put_integer(out, "nodes", (int64_t)plan->nodes);
    json_put_fixed(out, "seconds", (ns + 500000) / 1000000, 3);
    json_close(out, '}');
    buf_char(out, '\n');
}

static void put_line(struct buf *out, const char *label, const char *name, const char *what)
{
    buf_format(out, "%s ", label);
    text_clean(out, name, strlen(name));
    if (*what)
        buf_char(out, ' ');
    text_clean(out, what, strlen(what));
    buf_char(out, '\n');
}

void solution_put_text(struct buf *out, const struct wm_problem *problem, const struct wm_solution *plan, int64_t ns)
{
    buf_format(out, "status %s\n", wm_plan_status_name(plan->status));
    if (plan->found) {
        buf_text(out, "value ");
        put_number(out, plan->value);
        buf_text(out, "\nbound ");
        put_number(out, plan->bound);
        buf_text(out, "\ngap ");
        put_number(out, plan->gap);
        buf_text(out, "\nprice_bound ");
        put_number(out, plan->price_bound);
        buf_text(out, near(plan->price_bound, plan->bound) ? " (the prices alone prove it; --check repeats that)\n"
                                                           : " (what the prices alone prove, and --check repeats; the "
                                                             "rest the search has proven)\n");
        buf_text(out, "price_gap ");
        put_number(out, gap_between(plan->price_bound, plan->value));
        buf_char(out, '\n');
    }
    for (size_t g = 0; g < plan->n_groups; g++)
        if (plan->choices[g] != WM_NO_OPTION)
            put_line(out, "choose", group_name(problem, g), wm_problem_option_name(problem, (size_t)plan->choices[g]));
    for (size_t r = 0; r < plan->n_resources; r++) {
        if (plan->prices[r] == 0)
            continue;
        buf_text(out, "price ");
        text_clean(out, wm_problem_resource_name(problem, r), strlen(wm_problem_resource_name(problem, r)));
        buf_char(out, ' ');
        put_number(out, plan->prices[r]);
        buf_char(out, '\n');
    }
    for (size_t i = 0; i < plan->n_conflicts; i++) {
        const struct wm_conflict *demand = &plan->conflicts[i];
        const char *option = demand_option(problem, demand);
        buf_format(out, "conflict ");
        put_line(out, demand_kind(demand), demand_name(problem, demand), option ? option : "");
    }
    buf_text(out, "seconds ");
    buf_fixed(out, (ns + 500000) / 1000000, 3);
    buf_char(out, '\n');
}

/* ---- Reading ---- */

static bool text_of(struct slice value, char *out, size_t cap)
{
    return value.at && json_kind(value) == '"' && json_string_copy(json_string_raw(value), out, cap) < cap;
}

static bool number_of(struct slice value, double *out)
{
    *out = value_number(value);
    return !isnan(*out);
}

static bool take_choice(const struct wm_problem *problem, struct slice item, int64_t *choices,
                        char what[SOLUTION_ERROR_CAP])
{
    char group[NAME_CAP], option[NAME_CAP];
    size_t g, o;
    if (!text_of(value_at(item, "group"), group, sizeof group) ||
        !text_of(value_at(item, "option"), option, sizeof option)) {
        snprintf(what, SOLUTION_ERROR_CAP, "a choice needs group and option");
        return false;
    }
    if (wm_problem_find_option(problem, group, option, &g, &o) != WM_OK)
        snprintf(what, SOLUTION_ERROR_CAP, "the problem has no option '%.200s' of group '%.200s'", option, group);
    else if (choices[g] != WM_NO_OPTION)
        snprintf(what, SOLUTION_ERROR_CAP, "group '%.200s' is chosen for twice", group);
    else {
        choices[g] = (int64_t)o;
        return true;
    }
    return false;
}

static bool take_price(const struct wm_problem *problem, struct slice item, double *prices,
                       char what[SOLUTION_ERROR_CAP])
{
    char name[NAME_CAP];
    size_t r;
    double price;
    if (!text_of(value_at(item, "resource"), name, sizeof name) || !number_of(value_at(item, "price"), &price)) {
        snprintf(what, SOLUTION_ERROR_CAP, "a price needs resource and price");
        return false;
    }
    if (wm_problem_find_resource(problem, name, &r) != WM_OK) {
        snprintf(what, SOLUTION_ERROR_CAP, "the problem has no resource '%.200s'", name);
        return false;
    }
    if (!isnan(prices[r])) {
        snprintf(what, SOLUTION_ERROR_CAP, "resource '%.200s' is priced twice", name);
        return false;
    }
    prices[r] = price;
    return true;
}

/* Into prices[], NaN where the list (none: not there) has none. */
static bool take_prices(const struct wm_problem *problem, struct slice priced, double *prices,
                        char what[SOLUTION_ERROR_CAP])
{
    struct json_walk walk;
    struct slice item;
    if (!priced.at)
        return true;
    json_walk_start(&walk, priced);
    while (json_walk_item(&walk, &item))
        if (!take_price(problem, item, prices, what))
            return false;
    return true;
}

bool solution_read(const struct wm_problem *problem, struct slice plan, int64_t *choices, double *prices,
                   char error[SOLUTION_ERROR_CAP])
{
    struct slice list = value_at(plan, "choices"), priced = value_at(plan, "prices"), item;
    struct json_walk walk;
    for (size_t g = 0; g < wm_problem_groups(problem); g++)
        choices[g] = WM_NO_OPTION;
    for (size_t r = 0; r < wm_problem_resources(problem); r++)
        prices[r] = (double)NAN;
    snprintf(error, SOLUTION_ERROR_CAP,
             "it is no plan: expected an object with a list of choices, and of prices if any");
    if (!list.at || json_kind(list) != '[' || (priced.at && json_kind(priced) != '['))
        return false;
    json_walk_start(&walk, list);
    while (json_walk_item(&walk, &item))
        if (!take_choice(problem, item, choices, error))
            return false;
    if (!take_prices(problem, priced, prices, error))
        return false;
    for (size_t r = 0; r < wm_problem_resources(problem); r++)
        prices[r] = isnan(prices[r]) ? 0 : prices[r];
    return true;
}

/* ---- Judging claims ---- */

/* A number that the file gives under `key`, NaN when it is none; false: it says nothing, or null. */
static bool claims(struct slice plan, const char *key, double *out)
{
    struct slice value = value_at(plan, key);
    if (!value.at || json_kind(value) == 'n')
        return false;
    *out = value_number(value);
    return true;
}

/* What became of each claim; those that are not made are not wrong. */
struct claims {
    bool value, price_bound, bound, gap, status;
    bool has_bound, bound_proven; /* by the prices alone: else it is the word of a search */
    double bound_is;              /* as claimed */
    double price_gap, gap_is; /* by the prices; of the claimed bound (without: the prices') and the value added again */
};

/*
 * A status follows from the gap: up to 1e-9 is optimal, more is within_gap if one was asked for, or deadline. A plan that
 * holds is none of an infeasible problem.
 */
static bool status_holds(struct slice plan, const struct wm_solution_verdict *v, bool found, double gap)
{
    char status[16];
    if (!value_at(plan, "status").at)
        return true;
    if (!text_of(value_at(plan, "status"), status, sizeof status))
        return false;
    bool closed = v->bounded && gap <= 1e-9;
    if (strcmp(status, "optimal") == 0)
        return found && closed;
    if (strcmp(status, "within_gap") == 0)
        return found && !closed;
    if (strcmp(status, "deadline") == 0)
        return !found || !closed;
    return strcmp(status, "infeasible") == 0 && !v->feasible;
}

/* A bound is wrong when a plan that holds is better; and prices that prove more should have been heeded. */
static struct claims judge(struct slice plan, const struct wm_problem *problem, const struct wm_solution_verdict *v)
{
    double sign = wm_problem_minimises(problem) ? -1 : 1, value = v->value, price_bound = v->bound, bound = v->bound,
           gap = 0;
    struct claims c = {.price_gap = gap_between(v->bound, v->value)};
    bool found = claims(plan, "value", &value) || !value_at(plan, "value").at;
    claims(plan, "price_bound", &price_bound);
    c.has_bound = claims(plan, "bound", &bound);
    c.bound_is = bound;
    double slack = 1e-9 * (fabs(v->value) > fabs(v->bound) ? fabs(v->value) : fabs(v->bound));
    c.value = near(value, v->value);
    c.price_bound = !v->bounded || near(price_bound, v->bound);
    c.bound_proven = c.has_bound && v->bounded && sign * bound >= sign * v->bound - slack;
    c.bound = !c.has_bound || (isfinite(bound) && (!v->feasible || sign * bound >= sign * v->value - slack) &&
                               (!v->bounded || sign * bound <= sign * v->bound + slack));
    c.gap_is = gap_between(bound, v->value);
    c.gap = !claims(plan, "gap", &gap) || fabs(gap - c.gap_is) <= 2e-9 * (1 + c.gap_is);
    c.status = status_holds(plan, v, found, c.gap_is);
    return c;
}

static void put_claim(struct buf *out, const char *label, double number, bool agrees)
{
    buf_format(out, "%s ", label);
    put_number(out, number);
    buf_text(out, agrees ? "\n" : ", which is not what the plan says\n");
}

static void put_claims(struct buf *out, const struct wm_solution_verdict *v, const struct claims *c)
{
    buf_format(out, "feasible %s\n", v->feasible ? "yes" : "no");
    put_claim(out, "value", v->value, c->value);
    if (v->bounded) {
        put_claim(out, "price_bound", v->bound, c->price_bound);
        put_claim(out, "price_gap", c->price_gap, true);
    }
    if (c->has_bound && !c->bound) {
        buf_text(out, "bound wrong: it is not between the value and what the prices prove\n");
    } else if (c->has_bound) {
        buf_text(out, "bound ");
        put_number(out, c->bound_is);
        buf_text(out, c->bound_proven ? " proven by the prices\n"
                                      : " possible: the prices prove price_bound, the rest is the word of a search\n");
    }
    if (!c->gap)
        put_claim(out, "gap", c->gap_is, false);
    else if (c->has_bound && c->bound)
        put_claim(out, "gap", c->gap_is, true);
    if (!c->status)
        buf_text(out, "status wrong: it does not follow from the plan and its gap\n");
}

static void put_claims_json(struct buf *out, const struct wm_solution_verdict *v, const struct claims *c)
{
    json_put_bool(out, "feasible", v->feasible);
    put_number_of(out, "value", true, v->value);
    put_number_of(out, "price_bound", v->bounded, v->bound);
    put_number_of(out, "price_gap", v->bounded, c->price_gap);
    put_number_of(out, "gap", v->bounded, c->gap_is);
    json_put_bool(out, "value_agrees", c->value);
    json_put_bool(out, "price_bound_agrees", c->price_bound);
    json_put_bool(out, "bound_agrees", c->bound);
    json_put_bool(out, "bound_proven", c->bound_proven);
    json_put_bool(out, "gap_agrees", c->gap);
    json_put_bool(out, "status_agrees", c->status);
}

bool solution_put_verdict(struct buf *out, bool json, const struct wm_problem *problem, struct slice plan,
                          const struct wm_solution_verdict *v)
{
    struct claims c = judge(plan, problem, v);
    const char *resource = wm_problem_resource_name(problem, v->resource), *group = group_name(problem, v->group),
               *price = wm_problem_resource_name(problem, v->price);
    if (json) {
        json_open(out, '{');
        put_claims_json(out, v, &c);
        json_put_text(out, "broken_limit", resource);
        json_put_text(out, "broken_group", group);
        json_put_text(out, "broken_price", price);
        json_close(out, '}');
        buf_char(out, '\n');
    } else {
        put_claims(out, v, &c);
        if (resource)
            put_line(out, "broken limit", resource, "");
        if (group)
            put_line(out, "broken group", group, "");
        if (price)
            put_line(out, "broken price", price, "(a price is 0 or more, unless all of the resource must be used)");
    }
    return v->feasible && !price && c.value && c.price_bound && c.bound && c.gap && c.status;
}
