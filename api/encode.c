/* Writes engine results as JSON members. A reader finds each shape of api/PROTOCOL.md as one function here. */
#include "encode_parts.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void encode_revisions(struct buf *buf, const struct wm_dataset *dataset)
{
    json_put_text(buf, "dataset", wm_dataset_digest(dataset));
    json_put_text(buf, "policy", wm_policy_digest(dataset));
    json_put_integer(buf, "ledger", LEDGER_REVISION);
}

/* Room that a page of rows leaves for what stands behind them. */
enum { SHORTLIST_TAIL = 64, OPPORTUNITIES_TAIL = 32768 /* near misses */ };

/* ---- Small values ---- */

void encode_micro(struct buf *buf, const char *key, int64_t value)
{
    if (value == WM_MISSING)
        json_put_null(buf, key);
    else
        json_put_fixed(buf, key, value, 6);
}

void encode_nano(struct buf *buf, const char *key, int64_t value)
{
    if (value == WM_MISSING)
        json_put_null(buf, key);
    else
        json_put_fixed(buf, key, value, 9);
}

static void put_km(struct buf *buf, const char *key, int64_t metres)
{
    if (metres == WM_MISSING)
        json_put_null(buf, key);
    else
        json_put_fixed(buf, key, metres, 3);
}

void encode_integer(struct buf *buf, const char *key, int64_t value)
{
    if (value == WM_MISSING)
        json_put_null(buf, key);
    else
        json_put_integer(buf, key, value);
}

static void put_date(struct buf *buf, const char *key, int32_t day)
{
    char text[11];
    wm_date_format(day, text);
    json_put_text(buf, key, text);
}

void encode_row_id(struct buf *buf, const struct wm_dataset *dataset, const char *key, enum wm_table table, int64_t row)
{
    json_put_text(buf, key, row == WM_NO_ROW ? NULL : wm_row_id(dataset, table, (size_t)row));
}

/* ---- Cells ---- */

/* ';' separates: each part becomes an item. */
static void put_list(struct buf *buf, const char *text, size_t len)
{
    json_open(buf, '[');
    while (len > 0) {
        const char *end = memchr(text, ';', len);
        size_t part = end == NULL ? len : (size_t)(end - text);
        json_item(buf);
        buf_json_string(buf, text, part);
        text += part + (end != NULL);
        len -= part + (end != NULL);
    }
    json_close(buf, ']');
}

static void put_cell_text(struct buf *buf, const struct wm_column *column, const char *text, size_t len)
{
    if (len == 0)
        buf_text(buf, "null");
    else if (column->type == WM_WORDS || column->type == WM_REFERENCES)
        put_list(buf, text, len);
    else
        buf_json_string(buf, text, len);
}

void encode_cell(struct buf *buf, const struct wm_dataset *dataset, enum wm_table table, size_t row, size_t index)
{
    size_t n_columns;
    const struct wm_column *column = wm_table_columns(dataset, table, &n_columns) + index;
    assert(index < n_columns);
    if (column->type == WM_INTEGER || column->type == WM_DECIMAL || column->type == WM_FLAG) {
        int64_t number = wm_cell_number(dataset, table, row, index);
        if (number == WM_MISSING)
            buf_text(buf, "null");
        else if (column->type == WM_FLAG)
            buf_text(buf, number != 0 ? "true" : "false");
        else
            buf_fixed(buf, number, column->type == WM_DECIMAL ? column->decimals : 0);
        return;
    }
    char room[1024];
    size_t len = wm_cell_text(dataset, table, row, index, room, sizeof room);
    if (len < sizeof room) {
        put_cell_text(buf, column, room, len);
        return;
    }
    char *text = malloc(len + 1); /* a list of hundreds of ids */
    if (text == NULL) {
        buf->failed = buf->starved = true;
        return;
    }
    (void)wm_cell_text(dataset, table, row, index, text, len + 1);
    put_cell_text(buf, column, text, len);
    free(text);
}

/* A column by its name, under a key of its own. */
void encode_named(struct buf *buf, const char *key, const struct wm_dataset *dataset, enum wm_table table, size_t row,
                  const char *column)
{
    int index = wm_column_find(dataset, table, column);
    assert(index >= 0);
    json_put_key(buf, key);
    encode_cell(buf, dataset, table, row, (size_t)index);
}

void encode_member(struct buf *buf, const struct wm_dataset *dataset, enum wm_table table, size_t row,
                   const char *column)
{
    encode_named(buf, column, dataset, table, row, column);
}

/* The row of the organisation that a post or leader row names in ods_code, or WM_NO_ROW. */
int64_t encode_organisation_of(const struct wm_dataset *dataset, enum wm_table table, size_t row)
{
    char code[64];
    int column = wm_column_find(dataset, table, "ods_code");
    size_t organisation;
    assert(column >= 0);
    size_t len = wm_cell_text(dataset, table, row, (size_t)column, code, sizeof code);
    if (len == 0 || len >= sizeof code || wm_row_find(dataset, WM_ORGANISATIONS, code, &organisation) != WM_OK)
        return WM_NO_ROW;
    return (int64_t)organisation;
}

/* ---- Posts, leaders, severity ---- */

/* What each signal is read from; vacancy is the post's, the others its organisation's. */
static const char *const signal_columns[WM_SIGNAL_COUNT] = {
    [WM_SIGNAL_segment] = "oversight_segment", [WM_SIGNAL_league] = "league_score",
    [WM_SIGNAL_cqc_overall] = "cqc_overall",   [WM_SIGNAL_cqc_well_led] = "cqc_well_led",
    [WM_SIGNAL_engagement] = "engagement",     [WM_SIGNAL_vacancy] = "days_vacant"};

static void put_severity(struct buf *buf, const struct wm_dataset *dataset, size_t post, size_t organisation,
                         const struct wm_severity *severity)
{
    json_put_key(buf, "severity");
    json_open(buf, '{');
    json_put_bool(buf, "known", severity->known);
    encode_micro(buf, "value", severity->used_micro);
    encode_micro(buf, "evidence", severity->evidence_micro);
    encode_member(buf, dataset, WM_ORGANISATIONS, organisation, "recovery_programme");
    encode_member(buf, dataset, WM_ORGANISATIONS, organisation, "in_deficit");
    json_put_key(buf, "signals");
    json_open(buf, '[');
    for (int i = 0; i < WM_SIGNAL_COUNT; i++) {
        bool present = severity->present[i];
        json_open(buf, '{');
        json_put_text(buf, "name", wm_signal_name((enum wm_signal)i));
        if (i == WM_SIGNAL_vacancy)
            encode_named(buf, "raw", dataset, WM_POSTS, post, signal_columns[i]);
        else
            encode_named(buf, "raw", dataset, WM_ORGANISATIONS, organisation, signal_columns[i]);
        json_put_bool(buf, "present", present);
        encode_micro(buf, "level", present ? severity->level_micro[i] : WM_MISSING);
        encode_micro(buf, "share", present ? severity->share_micro[i] : WM_MISSING);
        encode_micro(buf, "part", present ? severity->part_micro[i] : WM_MISSING);
        if (present)
            put_date(buf, "as_of", severity->as_of[i]);
        else
            json_put_null(buf, "as_of");
        json_close(buf, '}');
    }
    json_close(buf, ']');
    json_close(buf, '}');
}

/* What a reader must know of a post; `severity` may be NULL where many posts are listed. */
static void put_post(struct buf *buf, const struct wm_dataset *dataset, size_t post, const struct wm_severity *severity)
{
    int64_t organisation = encode_organisation_of(dataset, WM_POSTS, post);
    int region = wm_column_find(dataset, WM_POSTS, "region");
    json_put_key(buf, "post");
    json_open(buf, '{');
    json_put_text(buf, "post_id", wm_row_id(dataset, WM_POSTS, post));
    encode_member(buf, dataset, WM_POSTS, post, "title");
    encode_member(buf, dataset, WM_POSTS, post, "role");
    encode_member(buf, dataset, WM_POSTS, post, "grade");
    encode_member(buf, dataset, WM_POSTS, post, "ods_code");
    assert(organisation != WM_NO_ROW && region >= 0);
    encode_named(buf, "organisation", dataset, WM_ORGANISATIONS, (size_t)organisation, "name");
    if (wm_cell_number(dataset, WM_POSTS, post, (size_t)region) == WM_MISSING)
        encode_member(buf, dataset, WM_ORGANISATIONS, (size_t)organisation, "region");
    else
        encode_member(buf, dataset, WM_POSTS, post, "region");
    encode_member(buf, dataset, WM_POSTS, post, "salary_gbp");
    encode_member(buf, dataset, WM_POSTS, post, "openings");
    encode_member(buf, dataset, WM_POSTS, post, "starts");
    if (severity != NULL)
        put_severity(buf, dataset, post, (size_t)organisation, severity);
    json_close(buf, '}');
}

static void put_leader(struct buf *buf, const struct wm_dataset *dataset, size_t leader)
{
    int64_t organisation = encode_organisation_of(dataset, WM_LEADERS, leader);
    json_put_key(buf, "leader");
    json_open(buf, '{');
    json_put_text(buf, "leader_id", wm_row_id(dataset, WM_LEADERS, leader));
    encode_member(buf, dataset, WM_LEADERS, leader, "roles");
    encode_member(buf, dataset, WM_LEADERS, leader, "grade");
    encode_member(buf, dataset, WM_LEADERS, leader, "ods_code");
    if (organisation == WM_NO_ROW)
        json_put_null(buf, "organisation");
    else
        encode_named(buf, "organisation", dataset, WM_ORGANISATIONS, (size_t)organisation, "name");
    encode_member(buf, dataset, WM_LEADERS, leader, "salary_gbp");
    encode_member(buf, dataset, WM_LEADERS, leader, "ready_from");
    json_close(buf, '}');
}

/* ---- Rules and what is missing ---- */

static void put_refusals(struct buf *buf, const struct wm_refusals *refusals)
{
    json_put_key(buf, "refused");
    json_open(buf, '[');
    for (int i = 0; i < WM_RULE_COUNT; i++) {
        if (refusals->refused[i] == 0 && refusals->only[i] == 0)
            continue;
        json_open(buf, '{');
        json_put_text(buf, "rule", wm_rule_name((enum wm_rule)i));
        json_put_text(buf, "meaning", wm_rule_text((enum wm_rule)i));
        json_put_integer(buf, "refused", (int64_t)refusals->refused[i]);
        json_put_integer(buf, "only", (int64_t)refusals->only[i]);
        json_put_integer(buf, "unknown", (int64_t)refusals->unknown[i]);
        json_close(buf, '}');
    }
    json_close(buf, ']');
}

void encode_missing_names(struct buf *buf, uint32_t missing)
{
    json_put_key(buf, "missing");
    json_open(buf, '[');
    for (int bit = 0; bit < WM_MISSING_COUNT; bit++)
        if (missing & (UINT32_C(1) << bit)) {
            json_item(buf);
            buf_json_string(buf, wm_missing_name(bit), strlen(wm_missing_name(bit)));
        }
    json_close(buf, ']');
}

/* The same with what each means, where there is room. */
static void put_missing_meanings(struct buf *buf, uint32_t missing)
{
    json_put_key(buf, "missing");
    json_open(buf, '[');
    for (int bit = 0; bit < WM_MISSING_COUNT; bit++)
        if (missing & (UINT32_C(1) << bit)) {
            json_open(buf, '{');
            json_put_text(buf, "name", wm_missing_name(bit));
            json_put_text(buf, "meaning", wm_missing_text(bit));
            json_close(buf, '}');
        }
    json_close(buf, ']');
}

/* A number as the cell it would stand in is written. */
static void put_changed(struct buf *buf, const char *key, const struct wm_dataset *dataset,
                        const struct wm_column *column, int64_t value)
{
    if (value == WM_MISSING)
        json_put_null(buf, key);
    else if (column->type == WM_DATE)
        put_date(buf, key, (int32_t)value);
    else if (column->type == WM_FLAG)
        json_put_bool(buf, key, value != 0);
    else if (column->type == WM_WORD)
        json_put_text(buf, key, wm_vocabulary_word(dataset, column->of, (size_t)value));
    else
        json_put_fixed(buf, key, value, column->type == WM_DECIMAL ? column->decimals : 0);
}

/* What `by` counts: words of a vocabulary that has an order, such as grades, are steps apart. */
static const char *change_unit(const struct wm_column *column)
{
    return column->type == WM_DATE ? "days" : column->type == WM_WORD ? "steps" : column->unit;
}

static void put_change(struct buf *buf, const struct wm_dataset *dataset, const struct wm_change *change)
{
    size_t n;
    int index = wm_column_find(dataset, change->table, change->column);
    assert(index >= 0);
    const struct wm_column *column = wm_table_columns(dataset, change->table, &n) + index;
    bool list = change->word != NULL;
    json_open(buf, '{');
    json_put_text(buf, "kind", wm_table_kind(change->table));
    json_put_text(buf, "id", change->row);
    json_put_text(buf, "column", change->column);
    json_put_text(buf, "action", !list ? "set" : change->remove ? "remove" : "add");
    json_put_text(buf, "word", change->word);
    put_changed(buf, "from", dataset, column, list ? WM_MISSING : change->from);
    put_changed(buf, "to", dataset, column, list ? WM_MISSING : change->to);
    encode_integer(buf, "by", change->by);
    json_put_text(buf, "unit", change->by == WM_MISSING ? NULL : change_unit(column));
    json_close(buf, '}');
}

void encode_rule_note(struct buf *buf, const struct wm_dataset *dataset, const struct wm_rule_outcome *rule)
{
    json_put_text(buf, "note", rule->note);
    json_put_bool(buf, "together", rule->together);
    json_put_key(buf, "changes");
    json_open(buf, '[');
    for (size_t i = 0; i < rule->n_changes; i++)
        put_change(buf, dataset, &rule->changes[i]);
    json_close(buf, ']');
}

static const char *verdict_name(enum wm_verdict verdict)
{
    static const char *const names[] = {[WM_PASSED] = "passed", [WM_REFUSED] = "refused", [WM_UNJUDGED] = "unknown"};
    return names[verdict];
}

static void put_rule(struct buf *buf, const struct wm_dataset *dataset, const struct wm_rule_outcome *rule)
{
    json_open(buf, '{');
    json_put_text(buf, "rule", wm_rule_name(rule->rule));
    json_put_text(buf, "verdict", verdict_name(rule->verdict));
    encode_rule_note(buf, dataset, rule);
    json_close(buf, '}');
}

/* ---- One pair ---- */

void encode_by_domain(struct buf *buf, const char *key, const struct wm_dataset *dataset, const int64_t *values,
                      int decimals)
{
    size_t n = wm_domain_count(dataset);
    json_put_key(buf, key);
    json_open(buf, '{');
    for (size_t i = 0; i < n; i++)
        json_put_fixed(buf, wm_domain_name(dataset, i), values[i], decimals);
    json_close(buf, '}');
}

/* The logit's terms; logit is their sum, and the wants' parts are among them. */
static void put_accept_parts(struct buf *buf, const struct wm_dataset *dataset, const struct wm_score *score)
{
    json_put_key(buf, "accept_parts");
    json_open(buf, '{');
    encode_micro(buf, "logit", score->logit_micro);
    for (int i = 0; i < WM_ACCEPT_TERM_COUNT; i++)
        encode_micro(buf, wm_accept_term_name((enum wm_accept_term)i), score->logit_term_micro[i]);
    json_put_key(buf, "wants");
    json_open(buf, '{');
    for (size_t i = 0; i < wm_component_count(dataset); i++)
        encode_micro(buf, wm_component_name(dataset, i), score->logit_want_micro[i]);
    json_close(buf, '}');
    json_close(buf, '}');
}

/* How much of the skills that count is appraisal: the domains' evidence by their weights. */
static int64_t evidence_of(const struct wm_dataset *dataset, const struct wm_match *match)
{
    int64_t sum = 0, weights = 0;
    for (size_t i = 0; i < wm_domain_count(dataset); i++) {
        sum += match->weight_micro[i] * match->evidence_micro[i];
        weights += match->weight_micro[i];
    }
    return weights == 0 ? 0 : (sum + weights / 2) / weights;
}

static void put_terms(struct buf *buf, const struct wm_dataset *dataset, const struct wm_offer *offer)
{
    encode_row_id(buf, dataset, "mentor_id", WM_MENTORS, offer->mentor);
    encode_micro(buf, "mentor_quality", offer->mentor == WM_NO_ROW ? WM_MISSING : offer->mentor_quality_micro);
    json_put_integer(buf, "local_cost_gbp", offer->local_cost_gbp);
    json_put_integer(buf, "central_cost_gbp", offer->central_cost_gbp);
    json_put_bool(buf, "needs_approval", offer->needs_approval);
}

static void put_offer(struct buf *buf, const struct wm_dataset *dataset, const struct wm_offer *offer)
{
    encode_row_id(buf, dataset, "package_id", WM_PACKAGES, offer->package);
    put_terms(buf, dataset, offer);
}

/* The members of a ranked row that are the same from both sides. */
static void put_match(struct buf *buf, const struct wm_dataset *dataset, const struct wm_match *match)
{
    const struct wm_score *score = &match->score;
    encode_nano(buf, "expected_benefit", score->expected_nano);
    json_put_key(buf, "parts");
    json_open(buf, '{');
    encode_micro(buf, "severity", score->severity_micro);
    encode_micro(buf, "fit", score->fit_micro);
    encode_micro(buf, "accept", score->accept_micro);
    encode_by_domain(buf, "by_domain", dataset, score->expected_part_nano, 9);
    json_close(buf, '}');
    encode_by_domain(buf, "fit_parts", dataset, score->fit_part_micro, 6);
    put_accept_parts(buf, dataset, score);
    encode_micro(buf, "evidence", evidence_of(dataset, match));
    put_offer(buf, dataset, &match->offer);
    encode_nano(buf, "margin", match->margin_nano);
    put_km(buf, "distance_km", match->distance_m);
}

/* ---- Shortlist ---- */

/* A package on a post: whether it may be offered there, and on what terms. */
static void put_package(struct buf *buf, const struct wm_dataset *dataset, const struct wm_offer *offer)
{
    bool allowed = offer->bar == WM_OFFER_BAR_none;
    bool budget = offer->bar == WM_OFFER_BAR_local_budget || offer->bar == WM_OFFER_BAR_central_budget;
    encode_row_id(buf, dataset, "package_id", WM_PACKAGES, offer->package);
    encode_named(buf, "name", dataset, WM_PACKAGES, offer->package, "name");
    json_put_bool(buf, "allowed", allowed);
    json_put_text(buf, "bar", allowed ? NULL : wm_offer_bar_name(offer->bar));
    json_put_text(buf, "bar_text", allowed ? NULL : wm_offer_bar_text(offer->bar));
    encode_integer(buf, "short_by_gbp", budget ? offer->short_by_gbp : WM_MISSING);
    put_terms(buf, dataset, offer);
}

static void put_offers(struct buf *buf, const struct wm_dataset *dataset, const struct wm_offer *offers, size_t n)
{
    json_put_key(buf, "packages");
    json_open(buf, '[');
    for (size_t i = 0; i < n; i++) {
        json_open(buf, '{');
        put_package(buf, dataset, &offers[i]);
        json_close(buf, '}');
    }
    json_close(buf, ']');
}

/*
 * A page ends where its answer would be too large, after at least one row: true when the row that began at `before`
 * does not fit with `tail` bytes behind it, and is cut off again.
 */
bool encode_page_full(struct buf *buf, size_t before, size_t n_before, size_t tail)
{
    if (n_before == 0 || buf->starved || (!buf->failed && buf->max - buf->len >= tail))
        return false;
    buf_cut(buf, before);
    buf->failed = false;
    return true;
}

/* Where the next page begins; null after the last. */
void encode_next_offset(struct buf *buf, size_t offset, size_t n, size_t all)
{
    encode_integer(buf, "next_offset", n > 0 && offset + n < all ? (int64_t)(offset + n) : WM_MISSING);
}

void encode_shortlist(struct buf *buf, const struct wm_dataset *dataset, const struct wm_query *query,
                      const struct wm_shortlist *shortlist)
{
    put_post(buf, dataset, query->subject, &shortlist->severity);
    json_put_integer(buf, "considered", (int64_t)shortlist->considered);
    json_put_integer(buf, "eligible", (int64_t)shortlist->eligible);
    put_refusals(buf, &shortlist->refusals);
    put_offers(buf, dataset, shortlist->offers, shortlist->n_offers);
    json_put_integer(buf, "offset", (int64_t)query->offset);
    json_put_integer(buf, "limit", (int64_t)query->limit);
    json_put_key(buf, "rows");
    json_open(buf, '[');
    size_t n = 0;
    for (; n < shortlist->n_rows && !buf->failed; n++) {
        const struct wm_match *row = &shortlist->rows[n];
        size_t before = buf->len;
        json_open(buf, '{');
        json_put_integer(buf, "rank", (int64_t)(query->offset + n + 1));
        json_put_text(buf, "leader_id", wm_row_id(dataset, WM_LEADERS, row->leader));
        encode_member(buf, dataset, WM_LEADERS, row->leader, "roles");
        encode_member(buf, dataset, WM_LEADERS, row->leader, "grade");
        encode_member(buf, dataset, WM_LEADERS, row->leader, "ods_code");
        put_match(buf, dataset, row);
        encode_missing_names(buf, row->missing);
        json_close(buf, '}');
        if (encode_page_full(buf, before, n, SHORTLIST_TAIL))
            break;
    }
    json_close(buf, ']');
    encode_next_offset(buf, query->offset, n, shortlist->eligible);
}

/* ---- Opportunities ---- */

static void put_gaps(struct buf *buf, const struct wm_dataset *dataset, const struct wm_opportunity *row)
{
    json_put_key(buf, "gaps");
    json_open(buf, '[');
    for (size_t i = 0; i < row->n_gaps; i++) {
        uint32_t domain = row->gaps[i].domain;
        json_open(buf, '{');
        json_put_text(buf, "domain", wm_domain_name(dataset, domain));
        encode_micro(buf, "need", row->match.need_micro[domain]);
        encode_micro(buf, "skill", row->match.skill_micro[domain]);
        encode_micro(buf, "short", row->gaps[i].short_micro);
        json_close(buf, '}');
    }
    json_close(buf, ']');
}

static void put_near_misses(struct buf *buf, const struct wm_dataset *dataset,
                            const struct wm_opportunities *opportunities)
{
    json_put_key(buf, "near_misses");
    json_open(buf, '[');
    for (size_t i = 0; i < opportunities->n_near && !buf->failed; i++) {
        const struct wm_near_miss *near = &opportunities->near_misses[i];
        json_open(buf, '{');
        put_post(buf, dataset, near->match.post, NULL);
        encode_nano(buf, "expected_benefit", near->match.score.expected_nano);
        put_offer(buf, dataset, &near->match.offer);
        json_put_key(buf, "rule");
        put_rule(buf, dataset, &near->rule);
        json_close(buf, '}');
    }
    json_close(buf, ']');
}

void encode_opportunities(struct buf *buf, const struct wm_dataset *dataset, const struct wm_query *query,
                          const struct wm_opportunities *opportunities)
{
    put_leader(buf, dataset, query->subject);
    json_put_integer(buf, "considered", (int64_t)opportunities->considered);
    json_put_integer(buf, "eligible", (int64_t)opportunities->eligible);
    json_put_integer(buf, "severity_unknown", (int64_t)opportunities->severity_unknown);
    put_refusals(buf, &opportunities->refusals);
    json_put_integer(buf, "offset", (int64_t)query->offset);
    json_put_integer(buf, "limit", (int64_t)query->limit);
    json_put_key(buf, "rows");
    json_open(buf, '[');
    size_t n = 0;
    for (; n < opportunities->n_rows && !buf->failed; n++) {
        const struct wm_opportunity *row = &opportunities->rows[n];
        size_t before = buf->len;
        json_open(buf, '{');
        json_put_integer(buf, "rank", (int64_t)(query->offset + n + 1));
        put_post(buf, dataset, row->match.post, NULL);
        put_match(buf, dataset, &row->match);
        put_gaps(buf, dataset, row);
        encode_missing_names(buf, row->match.missing);
        json_close(buf, '}');
        if (encode_page_full(buf, before, n, OPPORTUNITIES_TAIL))
            break;
    }
    json_close(buf, ']');
    encode_next_offset(buf, query->offset, n, opportunities->eligible);
    put_near_misses(buf, dataset, opportunities);
}

/* ---- Explanation ---- */

static void put_domains(struct buf *buf, const struct wm_dataset *dataset, const struct wm_match *match)
{
    json_put_key(buf, "domains");
    json_open(buf, '[');
    for (size_t i = 0; i < wm_domain_count(dataset); i++) {
        json_open(buf, '{');
        json_put_text(buf, "domain", wm_domain_name(dataset, i));
        encode_micro(buf, "need", match->need_micro[i]);
        encode_micro(buf, "skill", match->skill_micro[i]);
        encode_micro(buf, "evidence", match->evidence_micro[i]);
        encode_micro(buf, "weight", match->weight_micro[i]);
        encode_micro(buf, "fit_part", match->score.fit_part_micro[i]);
        encode_nano(buf, "expected_part", match->score.expected_part_nano[i]);
        json_close(buf, '}');
    }
    json_close(buf, ']');
}

static void put_contents(struct buf *buf, const struct wm_dataset *dataset, size_t package)
{
    static const char *const columns[] = {"pay_premium_pct",     "relocation_gbp", "development_days", "flexible_days",
                                          "return_right_months", "peer_network",   "mentor_hours"};
    json_put_key(buf, "holds");
    json_open(buf, '{');
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++)
        encode_member(buf, dataset, WM_PACKAGES, package, columns[i]);
    json_close(buf, '}');
}

static void put_packages(struct buf *buf, const struct wm_dataset *dataset, const struct wm_explanation *explanation)
{
    json_put_key(buf, "packages");
    json_open(buf, '[');
    for (size_t i = 0; i < explanation->n_packages && !buf->failed; i++) {
        const struct wm_package_row *row = &explanation->packages[i];
        json_open(buf, '{');
        put_package(buf, dataset, &row->offer);
        put_contents(buf, dataset, row->offer.package);
        encode_micro(buf, "accept", row->score.accept_micro);
        encode_nano(buf, "expected_benefit", row->score.expected_nano);
        put_accept_parts(buf, dataset, &row->score);
        encode_micro(buf, "gain", row->gain_micro);
        encode_integer(buf, "gbp_per_point", row->gbp_per_point);
        json_put_bool(buf, "best", row->best);
        json_put_bool(buf, "dominated", row->dominated);
        json_close(buf, '}');
    }
    json_close(buf, ']');
}

static void put_pair(struct buf *buf, const struct wm_dataset *dataset, const struct wm_explanation *explanation)
{
    put_leader(buf, dataset, explanation->match.leader);
    put_post(buf, dataset, explanation->match.post, &explanation->severity);
    json_put_bool(buf, "eligible", explanation->eligible);
}

void encode_explanation(struct buf *buf, const struct wm_dataset *dataset, const struct wm_explanation *explanation)
{
    put_pair(buf, dataset, explanation);
    encode_integer(buf, "rank", explanation->rank == 0 ? WM_MISSING : (int64_t)explanation->rank);
    json_put_integer(buf, "eligible_count", (int64_t)explanation->eligible_count);
    json_put_key(buf, "rules");
    json_open(buf, '[');
    for (int i = 0; i < WM_RULE_COUNT; i++)
        put_rule(buf, dataset, &explanation->rules[i]);
    json_close(buf, ']');
    json_put_key(buf, "match");
    json_open(buf, '{');
    put_match(buf, dataset, &explanation->match);
    json_close(buf, '}');
    put_domains(buf, dataset, &explanation->match);
    put_missing_meanings(buf, explanation->match.missing);
    put_packages(buf, dataset, explanation);
}

void encode_comparison(struct buf *buf, const struct wm_dataset *dataset, const struct wm_explanation *explanation)
{
    put_pair(buf, dataset, explanation);
    put_packages(buf, dataset, explanation);
}

/* ---- Faults ---- */

void encode_faults(struct buf *buf, const struct wm_faults *faults)
{
    json_put_key(buf, "faults");
    json_open(buf, '[');
    for (size_t i = 0; i < wm_faults_kept(faults); i++) {
        const struct wm_fault *fault = wm_faults_at(faults, i);
        json_open(buf, '{');
        json_put_text(buf, "file", fault->file);
        json_put_integer(buf, "line", fault->line);
        json_put_integer(buf, "column", fault->column);
        json_put_text(buf, "what", fault->what);
        json_put_text(buf, "expected", fault->expected);
        json_close(buf, '}');
    }
    json_close(buf, ']');
}
