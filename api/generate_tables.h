/* The dataset in the making: its state, a writer for each table, and what they share. For generate*.c only. */
#ifndef GENERATE_TABLES_H
#define GENERATE_TABLES_H

#include "generate.h"
#include "generate_facts.h"
#include "generate_random.h"
#include "generate_sheet.h"
#include "generate_world.h"

enum {
    LEADER_ROLES_MAX = 3,
    TRIES = 32 /* to find an organisation that suits */
};

enum sheet_index {
    ORGANISATIONS_CSV,
    POLICY_JSON,
    POSTS_CSV,
    LEADERS_CSV,
    PACKAGES_CSV,
    MENTORS_CSV,
    BUDGETS_CSV,
    MONITORING_CSV,
    HISTORY_CSV,
    SHEETS
};

struct post {
    int32_t organisation;
    uint8_t role;
};

struct generator {
    const struct generate_options *options;
    struct world world;
    bool made_dir;
    struct sheet sheets[SHEETS];
    struct post *posts;            /* [options->posts] */
    int64_t role_start[ROLES + 1]; /* posts_by_role from ... to before the next role's */
    int32_t *posts_by_role;        /* [options->posts] */
    int64_t offers;
};

struct leader {
    const struct organisation *organisation; /* NULL: from outside, or not known */
    enum role roles[LEADER_ROLES_MAX];
    int n_roles;
    enum grade grade;
    const char *profession; /* NULL: none */
    int region;
    bool located;
    int64_t latitude, longitude;
    int64_t travel_km;                /* -1 unknown */
    int64_t wants[WM_COMPONENTS_MAX]; /* hundredths, -1 unknown */
};

/* ---- generate_posts.c, generate_leaders.c, generate_means.c: whole tables, headings included ---- */

/* Adds to each organisation's posts and need_gbp, which the budgets follow, and fills posts and posts_by_role. */
void generate_posts(struct generator *g);

/* After the posts: leaders, and with each the monitoring and the past offer. WM_EREAD when the disk is full. */
int generate_leaders(struct generator *g);

void generate_packages(struct generator *g);
void generate_mentors(struct generator *g);
void generate_budgets(struct generator *g); /* after the posts */

/* ---- generate_monitoring.c, generate_history.c: what goes with a leader, a row at a time ---- */

void generate_monitoring_headings(struct generator *g);
void generate_monitoring_row(struct generator *g, int64_t row, enum grade grade);

void generate_history_headings(struct generator *g);
void generate_history_row(struct generator *g, int64_t row, const struct leader *leader); /* where an offer was made */

/* ---- generate_parts.c: what several tables draw and write alike ---- */

/* Each table draws from streams of its own. */
enum table { T_POST = 1, T_LEADER, T_MENTOR, T_BUDGET, T_MONITORING, T_HISTORY, T_ROLES };

struct random draw_stream(const struct generator *g, enum table table, int64_t row);

/* A row, likelier where leaders are needed, or (calm) where mentors can be spared. */
size_t draw_organisation(const struct generator *g, struct random *r, bool calm);
int32_t draw_pay(struct random *r, enum role role, enum grade grade, bool medical);
/* A leader's or mentor's main one. */
enum role draw_role(struct random *r);
/* The role first, then up to two held on the way; returns how many. */
int draw_roles(struct random *r, enum role first, enum role roles[LEADER_ROLES_MAX]);
/* A row among the posts of one of the leader's roles, or -1 when those roles have none. */
int64_t draw_post_for(const struct generator *g, struct random *r, const struct leader *leader);

/* "L000017": ids of one width sort as their numbers do. */
void put_id(struct sheet *s, char letter, int width, int64_t row);
void put_post_id(struct sheet *s, int64_t row);
void put_leader_id(struct sheet *s, int64_t row);
void put_roles(struct sheet *s, const enum role roles[], int n);
void put_domain_headings(const struct generator *g, struct sheet *s, const char *prefix);

#endif
