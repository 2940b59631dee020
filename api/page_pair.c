/* A leader at a post: whether they may take it, the smallest change that would help, why the benefit is what it is,
   every package. */
#include "page.h"

#include <math.h>
#include <string.h>

/* ---- Verdict and change ---- */

static void put_changes(struct page *page, const json_t *rules)
{
    const json_t *rule, *change;
    size_t i, j, n = 0;
    put(page, "<section aria-labelledby=\"change-heading\"><h2 class=\"nhsuk-heading-m\" id=\"change-heading\">The "
              "smallest change that would "
              "help</h2>");
    json_array_foreach (rules, i, rule) {
        if (strcmp(text_at(rule, "verdict"), "passed") == 0 || json_array_size(at(rule, "changes")) == 0)
            continue;
        put(page, "<h3 class=\"nhsuk-heading-xs\">%s</h3><ul class=\"nhsuk-list nhsuk-list--bullet\">",
            page_words(page, "%s%s", say_rule(page, text_at(rule, "rule")),
                       json_array_size(at(rule, "changes")) == 1 ? ""
                       : true_at(rule, "together")               ? ": all of these"
                                                                 : ": any one of these"));
        json_array_foreach (at(rule, "changes"), j, change)
            put(page, "<li>%s</li>", say_upper(page, say_change(page, change)));
        put(page, "</ul>");
        n++;
    }
    if (n == 0)
        put(page, "<p>No single change of the data would make this leader eligible.</p>");
    put(page, "</section>");
}

/* What a rule found, with the organisation by its name. */
static const char *note_words(struct page *page, const json_t *rule, const json_t *post)
{
    const char *note = text_at(rule, "note"), *code = text_at(post, "ods_code"), *found = strstr(note, code);
    if (found && *code && strcmp(text_at(rule, "rule"), "excluded") == 0)
        note = page_words(page, "%.*s%s%s", (int)(found - note), note, text_at(post, "organisation"),
                          found + strlen(code));
    return say_upper(page, say_sentence(page, note));
}

static void put_rules(struct page *page, const json_t *rules, const json_t *post)
{
    static const char *const columns[] = {"Rule", "Verdict", "Why", NULL};
    const json_t *rule;
    size_t i, passes = 0;
    json_array_foreach (rules, i, rule)
        passes += strcmp(text_at(rule, "verdict"), "passed") == 0;
    put(page,
        "<section aria-labelledby=\"rules-heading\"><h2 class=\"nhsuk-heading-m\" id=\"rules-heading\">%s of %s rules "
        "pass</h2>",
        passes ? say_number(page, (int64_t)passes) : "None", say_number(page, (int64_t)json_array_size(rules)));
    table_begin(page, "rules", "The rules, in the order they are asked", columns);
    json_array_foreach (rules, i, rule) {
        const char *verdict = text_at(rule, "verdict");
        bool passed = strcmp(verdict, "passed") == 0, refused = strcmp(verdict, "refused") == 0;
        row_begin(page);
        cell_text(page, say_rule(page, text_at(rule, "rule")));
        cell_begin(page, "", NULL);
        tag(page, passed ? "green" : refused ? "red" : "yellow", passed ? "Passed" : refused ? "Refused" : "Not known");
        cell_end(page);
        cell_text(page, note_words(page, rule, post));
        row_end(page);
    }
    table_end(page);
    put(page, "</section>");
}

/* ---- Why ---- */

static void put_product(struct page *page, const json_t *match, bool eligible)
{
    put(page,
        "<section aria-labelledby=\"why-heading\"><h2 class=\"nhsuk-heading-m\" id=\"why-heading\">The expected "
        "benefit %s %s</h2><dl class=\"wm-figures wm-product\">",
        eligible ? "is" : "would be", say_benefit(page, real_at(match, "expected_benefit")));
    figure(page, page_words(page, "%.2f", real_at(match, "parts/severity")), "How challenged",
           "of 1, the organisation");
    figure(page, page_words(page, "%.2f", real_at(match, "parts/fit")), "How well they fit",
           "of 1, against what the post needs");
    figure(page, say_percent(page, real_at(match, "parts/accept"), 1), "Chance of a yes",
           page_words(page, "on %s", say_inside(page, package_name(page, text_at(match, "package_id")))));
    put(page, "</dl><p class=\"wm-reading\">These three are multiplied. Chances are low because people are approached "
              "who did not ask to "
              "move.</p></section>");
}

static void put_domains(struct page *page, const json_t *domains)
{
    static const char *const columns[] = {"Domain",  "#Post needs",  "#Leader has", "-Leader against need",
                                          "#Weight", "#Adds to fit", NULL};
    const json_t *domain;
    size_t i, met = 0;
    json_array_foreach (domains, i, domain)
        met += real_at(domain, "skill") >= real_at(domain, "need");
    put(page,
        "<section aria-labelledby=\"domains-heading\"><h2 class=\"nhsuk-heading-m\" id=\"domains-heading\">The leader "
        "meets what the post needs in %s of %s domains</h2>",
        met ? say_number(page, (int64_t)met) : "none", say_number(page, (int64_t)json_array_size(domains)));
    table_begin(page, "domains", "Skill against need, each from 0 to 5", columns);
    json_array_foreach (domains, i, domain) {
        double need = real_at(domain, "need"), skill = real_at(domain, "skill");
        row_begin(page);
        cell_text(page, say_word(page, text_at(domain, "domain")));
        cell_number(page, need, page_words(page, "%.1f", need));
        cell_number(page, skill, page_words(page, "%.1f", skill));
        cell_begin(page, "wm-bar-cell", NULL);
        put(page,
            "<svg class=\"wm-bar\" viewBox=\"0 0 100 8\" "
            "preserveAspectRatio=\"none\" "
            "aria-hidden=\"true\" focusable=\"false\"><rect class=\"wm-bar__room\" width=\"100\" height=\"8\"/><rect "
            "class=\"wm-bar__part\" width=\"%.1f\" height=\"8\"/><rect class=\"wm-bar__limit\" x=\"%.1f\" "
            "width=\"1.5\" "
            "height=\"8\"/></svg>",
            skill * 20, need * 20 - 0.7);
        cell_end(page);
        cell_number(page, real_at(domain, "weight"), say_percent(page, real_at(domain, "weight"), 0));
        cell_number(page, real_at(domain, "fit_part"), page_words(page, "%.3f", real_at(domain, "fit_part")));
        row_end(page);
    }
    table_end(page);
    put(page, "</section>");
}

/* A bar to the left or right of a middle line. */
static void put_swing(struct page *page, double value, double most)
{
    double width = most > 0 ? fabs(value) / most * 48 : 0;
    put(page,
        "<svg class=\"wm-bar wm-bar--swing\" viewBox=\"0 0 100 8\" preserveAspectRatio=\"none\" aria-hidden=\"true\" "
        "focusable=\"false\"><rect class=\"wm-bar__room\" width=\"100\" height=\"8\"/>");
    put(page, "<rect class=\"%s\" x=\"%.1f\" width=\"%.1f\" height=\"8\"/>",
        value < 0 ? "wm-bar__against" : "wm-bar__part", value < 0 ? 50 - width : 50.0, width);
    put(page, "<rect class=\"wm-bar__limit\" x=\"49.6\" width=\"0.8\" height=\"8\"/></svg>");
}

struct pull { /* what draws a leader to a post, or away */
    const char *name;
    double points;
};

enum { PULLS_MAX = 32 };

static const char *points_words(struct page *page, double points, int decimals)
{
    const char *sign = fabs(points) < 0.005 ? "" : points < 0 ? "\u2212" : "+";
    return page_words(page, "%s%.*f", sign, decimals, fabs(points));
}

static void put_pull(struct page *page, const char *name, double value, double most)
{
    row_begin(page);
    cell_text(page, name);
    cell_number(page, value, points_words(page, value, 2));
    cell_begin(page, "wm-bar-cell", NULL);
    put_swing(page, value, most);
    cell_end(page);
    row_end(page);
}

static void put_accept(struct page *page, const json_t *parts)
{
    static const char *const columns[] = {"What", "#Points", "-For or against", NULL};
    static const char *const names[][2] = {{"distance", "Distance beyond what they travel"},
                                           {"severity", "How hard the job is"},
                                           {"mentor", "The mentor"},
                                           {"preference", "Their stated preference"}};
    struct pull pulls[PULLS_MAX];
    size_t n = 0, for_it = 0, against = 0;
    const json_t *want;
    const char *name;
    for (; n < sizeof names / sizeof *names; n++)
        pulls[n] = (struct pull){names[n][1], real_at(parts, names[n][0])};
    json_object_foreach (at(parts, "wants"), name, want)
        if (n < PULLS_MAX)
            pulls[n++] =
                (struct pull){page_words(page, "%s in the package", say_word(page, name)), json_number_value(want)};
    for (size_t i = 0; i < n; i++) {
        for_it = pulls[i].points > pulls[for_it].points ? i : for_it;
        against = pulls[i].points < pulls[against].points ? i : against;
    }
    double most = fmax(0.1, fmax(pulls[for_it].points, -pulls[against].points));
    put(page, "<section aria-labelledby=\"accept-heading\"><h2 class=\"nhsuk-heading-m\" id=\"accept-heading\">");
    if (pulls[for_it].points > 0.005 && pulls[against].points < -0.005)
        put(page, "%s speaks most for a yes, %s most against</h2>", pulls[for_it].name,
            say_inside(page, pulls[against].name));
    else
        put(page, "What makes a yes more or less likely</h2>");
    put(page,
        "<p class=\"wm-reading\">Points add up, on top of a start of %s for anybody. One point more makes a yes about "
        "2.7 times as likely while chances are low.</p>",
        points_words(page, real_at(parts, "base"), 1));
    table_begin(page, "accept", "Points for and against a yes", columns);
    for (size_t i = 0; i < n; i++)
        put_pull(page, pulls[i].name, pulls[i].points, most);
    table_end(page);
    put(page, "</section>");
}

/* ---- Packages ---- */

static const char *holds_words(struct page *page, const json_t *holds)
{
    static const char *const names[][2] = {{"development_days", "development days"},
                                           {"flexible_days", "flexible days"},
                                           {"return_right_months", "months' right to return"},
                                           {"mentor_hours", "mentor hours"}};
    const char *said = "";
    if (real_at(holds, "pay_premium_pct") > 0)
        said = page_words(page, "%.0f%% more pay", real_at(holds, "pay_premium_pct"));
    if (number_at(holds, "relocation_gbp"))
        said = page_words(page, "%s%s%s relocation", said, *said ? ", " : "",
                          say_pounds(page, number_at(holds, "relocation_gbp")));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (number_at(holds, names[i][0]))
            said = page_words(page, "%s%s%s %s", said, *said ? ", " : "",
                              say_number(page, number_at(holds, names[i][0])), names[i][1]);
    if (true_at(holds, "peer_network"))
        said = page_words(page, "%s%speer network", said, *said ? ", " : "");
    return *said ? said : "nothing beyond the terms of the post";
}

static void put_package(struct page *page, const json_t *package, double most)
{
    double accept = real_at(package, "accept");
    row_begin(page);
    cell_under(page, NULL, text_at(package, "name"),
               page_words(page, "%s: %s", text_at(package, "package_id"), holds_words(page, at(package, "holds"))));
    cell_bar(page, accept, say_percent(page, accept, 1), most > 0 ? accept / most : 0, "fill");
    cell_number(page, real_at(package, "expected_benefit"), say_benefit(page, real_at(package, "expected_benefit")));
    cell_number(page, (double)number_at(package, "local_cost_gbp"),
                say_pounds(page, number_at(package, "local_cost_gbp")));
    cell_number(page, (double)number_at(package, "central_cost_gbp"),
                say_pounds(page, number_at(package, "central_cost_gbp")));
    if (known_at(package, "gbp_per_point"))
        cell_number(page, (double)number_at(package, "gbp_per_point"),
                    say_pounds(page, number_at(package, "gbp_per_point")));
    else
        cell_none(page, "nothing is gained");
    cell_text(page, known_at(package, "mentor_id") ? text_at(package, "mentor_id") : "None");
    cell_begin(page, "", NULL);
    if (true_at(package, "best"))
        tag(page, "blue", "Best");
    else if (!true_at(package, "allowed"))
        put(page, "Not allowed: %s", text_at(package, "bar_text"));
    else if (true_at(package, "dominated"))
        put(page, "Another costs no more and does as much");
    if (true_at(package, "needs_approval"))
        put(page, "<span class=\"wm-under\">salary needs approval</span>");
    cell_end(page);
    row_end(page);
}

static void put_packages(struct page *page, const json_t *packages)
{
    static const char *const columns[] = {"Package",
                                          "#Chance of a yes",
                                          "#Expected benefit",
                                          "#Local cost",
                                          "#Central cost",
                                          "#Cost of a further point",
                                          "Mentor",
                                          "Note",
                                          NULL};
    const json_t *package, *best = NULL;
    double most = 0;
    size_t i;
    json_array_foreach (packages, i, package) {
        most = fmax(most, real_at(package, "accept"));
        best = true_at(package, "best") ? package : best;
    }
    put(page, "<section aria-labelledby=\"packages-heading\"><h2 class=\"nhsuk-heading-m\" id=\"packages-heading\">");
    if (best)
        put(page, "%s is the best package here, with a chance of %s</h2>", text_at(best, "name"),
            say_percent(page, real_at(best, "accept"), 1));
    else
        put(page, "No package can be offered</h2>");
    put(page, "<p class=\"wm-reading\">A further point is one percentage point more chance than with the cheapest "
              "package that is "
              "allowed.</p>");
    table_begin(page, "packages", "Every package for this leader and post", columns);
    json_array_foreach (packages, i, package)
        put_package(page, package, most);
    table_end(page);
    put(page, "</section>");
}

static void put_missing(struct page *page, const json_t *missing)
{
    const json_t *item;
    size_t i;
    if (json_array_size(missing) == 0)
        return;
    put(page, "<div class=\"nhsuk-inset-text\"><h2 class=\"nhsuk-heading-s\">What is not known</h2><ul "
              "class=\"nhsuk-list nhsuk-list--bullet\">");
    json_array_foreach (missing, i, item)
        put(page, "<li>%s</li>", say_upper(page, text_at(item, "meaning")));
    put(page, "</ul></div>");
}

static const char *verdict(struct page *page, const json_t *pair)
{
    const json_t *rule;
    const char *rules = "";
    size_t i;
    if (true_at(pair, "eligible"))
        return page_words(page, "Number %s of %s for this post", say_number(page, number_at(pair, "rank")),
                          say_number(page, number_at(pair, "eligible_count")));
    json_array_foreach (at(pair, "rules"), i, rule)
        if (strcmp(text_at(rule, "verdict"), "passed") != 0)
            rules = page_words(page, "%s%s%s", rules, *rules ? ", " : "", say_lower(page, text_at(rule, "rule")));
    return say_upper(page, rules);
}

void page_pair(struct page *page)
{
    const char *post_id = page->asked.id[0], *leader_id = page->asked.id[1];
    const char *params =
        page_words(page, "{\"leader\":%s,\"post\":%s}", say_json(page, leader_id), say_json(page, post_id));
    const json_t *pair = page_ask(page, "match.explain", params), *leader = at(pair, "leader"),
                 *post = at(pair, "post");
    if (pair == NULL) {
        page_error(page, page_failed(page, "match.explain", params));
        return;
    }
    struct crumb crumbs[] = {{"/", "Overview"},
                             {"/posts", "Posts"},
                             {page_words(page, "/posts/%s", say_url(page, post_id)), text_at(post, "title")}};
    page_head(page, "/posts", page_words(page, "%s at %s", leader_id, text_at(post, "organisation")), crumbs, 3);
    put(page, "<p class=\"wm-subtitle\">%s</p>", text_at(post, "title"));
    put(page, "<p class=\"wm-verdict\">");
    tag(page, true_at(pair, "eligible") ? "green" : "red", true_at(pair, "eligible") ? "Eligible" : "Not eligible");
    put(page, "<strong>%s</strong></p>", verdict(page, pair));
    put(page, "<dl class=\"nhsuk-summary-list wm-facts\">");
    fact(page, "Leader's grade", say_word(page, text_at(leader, "grade")));
    fact(page, "Now at", known_at(leader, "organisation") ? text_at(leader, "organisation") : "Not known");
    fact(page, "Has held", say_upper(page, say_words(page, at(leader, "roles"))));
    fact(page, "Ready from",
         known_at(leader, "ready_from") ? say_date(page, text_at(leader, "ready_from")) : "Not known");
    fact(page, "Post starts", say_date(page, text_at(post, "starts")));
    if (known_at(pair, "match/distance_km"))
        fact(page, "Distance", page_words(page, "%.0f km", real_at(pair, "match/distance_km")));
    put(page, "</dl>");
    if (!true_at(pair, "eligible"))
        put_changes(page, at(pair, "rules"));
    put_product(page, at(pair, "match"), true_at(pair, "eligible"));
    put_packages(page, at(pair, "packages"));
    put_domains(page, at(pair, "domains"));
    put_accept(page, at(pair, "match/accept_parts"));
    put_rules(page, at(pair, "rules"), post);
    put_missing(page, at(pair, "missing"));
    page_foot(page);
}
