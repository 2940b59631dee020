/* monitoring.csv: apart, from a stream of its own, so that no score can follow it. */
#include "generate_tables.h"

void generate_monitoring_headings(struct generator *g)
{
    struct sheet *s = &g->sheets[MONITORING_CSV];
    sheet_headings(s, "leader_id sex ethnic_group age_band disability religion sexual_orientation");
    sheet_end_row(s);
}

struct answer {
    const char *word;
    int share; /* percent of those who answer */
};

static void put_answer(struct sheet *s, struct random *r, const struct answer answers[], int n)
{
    int64_t at = below(r, 100);
    int i = 0;
    while (i < n - 1 && at >= answers[i].share)
        at -= answers[i++].share;
    sheet_text(s, chance(r, 7) ? "" : answers[i].word);
}

void generate_monitoring_row(struct generator *g, int64_t row, enum grade grade)
{
    static const struct answer SEX[2][2] = {{{"female", 66}, {"male", 34}}, {{"female", 50}, {"male", 50}}};
    static const struct answer ETHNIC[2][5] = {
        {{"white", 77}, {"asian", 12}, {"black", 7}, {"mixed", 2}, {"other", 2}},
        {{"white", 87}, {"asian", 7}, {"black", 3}, {"mixed", 2}, {"other", 1}},
    };
    static const struct answer AGE[] = {
        {"under_35", 8}, {"35_44", 27}, {"45_54", 38}, {"55_64", 23}, {"65_and_over", 4}};
    static const struct answer DISABILITY[] = {{"no", 89}, {"yes", 7}, {"prefer_not_to_say", 4}};
    static const struct answer RELIGION[] = {{"none", 41},    {"christian", 41}, {"muslim", 5},
                                             {"hindu", 4},    {"sikh", 2},       {"jewish", 1},
                                             {"buddhist", 1}, {"other", 1},      {"prefer_not_to_say", 4}};
    static const struct answer ORIENTATION[] = {
        {"heterosexual", 87}, {"gay_or_lesbian", 4}, {"bisexual", 2}, {"other", 1}, {"prefer_not_to_say", 6}};
    struct sheet *s = &g->sheets[MONITORING_CSV];
    struct random r = draw_stream(g, T_MONITORING, row);
    bool top = grade == VSM || grade == APPOINTEE;
    put_leader_id(s, row);
    put_answer(s, &r, SEX[top], 2);
    put_answer(s, &r, ETHNIC[top], 5);
    put_answer(s, &r, AGE, 5);
    put_answer(s, &r, DISABILITY, 3);
    put_answer(s, &r, RELIGION, 9);
    put_answer(s, &r, ORIENTATION, 5);
    sheet_end_row(s);
}
