/* history.csv: past offers, accepted as the policy's own model would have it. */
#include "generate_tables.h"

#include <string.h>

void generate_history_headings(struct generator *g)
{
    struct sheet *s = &g->sheets[HISTORY_CSV];
    sheet_headings(s, "offer_id leader_id post_id package_id mentored accepted offered_on");
    sheet_end_row(s);
}

static int64_t square_root(int64_t square)
{
    int64_t root = 0;
    for (int64_t bit = INT64_C(1) << 30; bit > 0; bit >>= 1)
        if ((root + bit) * (root + bit) <= square)
            root += bit;
    return root;
}

/* On a plane, with the cosine of the latitude drawn as a line: within 1% between 49 and 61 degrees. */
static int64_t distance_km(const struct leader *leader, const struct organisation *o)
{
    int64_t middle = (leader->latitude + o->latitude) / 2;
    int64_t cosine_milli = 656 - (middle - 4900000) * 1428 / 10000000;
    int64_t north = (leader->latitude - o->latitude) * 1112 / 1000;
    int64_t east = (leader->longitude - o->longitude) * 1112 / 1000 * cosine_milli / 1000;
    return square_root(north * north + east * east) / 1000;
}

static int64_t amount_of(const struct package *package, const char *column)
{
    const struct {
        const char *column;
        int64_t tenths;
    } amounts[] = {
        {"pay_premium_pct", package->premium_tenths},
        {"relocation_gbp", package->relocation_gbp * 10},
        {"development_days", package->development_days * 10},
        {"flexible_days", package->flexible_days * 10},
        {"return_right_months", package->return_right_months * 10},
        {"peer_network", package->peer_network * 10},
        {"mentor_hours", package->mentor_hours * 10},
    };
    for (size_t i = 0; i < sizeof amounts / sizeof amounts[0]; i++)
        if (strcmp(amounts[i].column, column) == 0)
            return amounts[i].tenths;
    return 0;
}

/* 10,000 times the logistic function, from -8 to 8 in steps of a half. */
static const int16_t LOGISTIC[] = {
    3,    6,    9,    15,   25,   41,   67,   110,  180,  293,  474,  759,  1192, 1824, 2689, 3775, 5000,
    6225, 7311, 8176, 8808, 9241, 9526, 9707, 9820, 9890, 9933, 9959, 9975, 9985, 9991, 9994, 9997,
};

static int64_t logistic(int64_t logit_milli)
{
    int64_t at = clamped(logit_milli, -8000, 7999) + 8000;
    int64_t low = LOGISTIC[at / 500], high = LOGISTIC[at / 500 + 1];
    return low + (high - low) * (at % 500) / 500;
}

/* Offers went to people who live near: the nearest of eight posts, -1 when none of them can be placed on a map. */
static int64_t draw_near_post(const struct generator *g, struct random *r, const struct leader *leader)
{
    int64_t nearest = -1, least = INT64_MAX;
    for (int attempt = 0; attempt < 8; attempt++) {
        int64_t post = draw_post_for(g, r, leader);
        if (post < 0 || !g->world.organisations[g->posts[post].organisation].located)
            continue;
        int64_t km = distance_km(leader, &g->world.organisations[g->posts[post].organisation]);
        if (km < least) {
            least = km;
            nearest = post;
        }
    }
    return nearest;
}

void generate_history_row(struct generator *g, int64_t row, const struct leader *leader)
{
    struct sheet *s = &g->sheets[HISTORY_CSV];
    struct random r = draw_stream(g, T_HISTORY, row);
    bool offered = chance(&r, 60) && leader->located;
    int64_t post = offered ? draw_near_post(g, &r, leader) : -1;
    if (post < 0)
        return;
    const struct organisation *o = &g->world.organisations[g->posts[post].organisation];
    int64_t excess = clamped(distance_km(leader, o) - clamped(leader->travel_km, 0, 2000), 0, 2000);
    if (excess > 120)
        return;
    const struct package *package = &PACKAGES[below(&r, PACKAGE_COUNT - 1)]; /* never the one above the cap */
    bool mentored = package->mentor_hours > 0 && chance(&r, 90);
    int64_t quality = between(&r, 30, 95);
    int64_t logit =
        g->world.accept_base - g->world.accept_distance * excess / 100 - g->world.accept_severity * o->severity / 100;
    for (size_t c = 0; c < g->world.n_components; c++) {
        const struct component *component = &g->world.components[c];
        int64_t amount = clamped(amount_of(package, component->column), 0, component->full);
        if (leader->wants[c] > 0 && (mentored || strcmp(component->column, "mentor_hours") != 0))
            logit += component->effect_milli * leader->wants[c] / 100 * amount / component->full;
    }
    logit += mentored ? g->world.accept_mentor * quality / 100 : 0;

    put_id(s, 'H', 6, g->offers++);
    put_leader_id(s, row);
    put_post_id(s, post);
    sheet_text(s, package->id);
    sheet_integer(s, mentored);
    sheet_integer(s, below(&r, 10000) < logistic(logit));
    sheet_day(s, g->world.as_of - between(&r, 30, 1500));
    sheet_end_row(s);
}
