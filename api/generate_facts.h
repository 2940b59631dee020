/*
 * What the generator knows: roles and the ways to them, pay, services, packages. Shares of posts and leaders are per
 * mille, other shares percent, scores tenths of 0 to 5.
 */
#ifndef GENERATE_FACTS_H
#define GENERATE_FACTS_H

#include <stdbool.h>
#include <stdint.h>

enum grade { BAND_8A, BAND_8B, BAND_8C, BAND_8D, BAND_9, VSM, APPOINTEE, GRADES };

enum domain { QUALITY, STRATEGY, EQUALITY, GOVERNANCE, CULTURE, PARTNERS, DOMAINS };

/* In the order of shares drawn; the names are those of policy.json. */
enum role {
    CHIEF_EXECUTIVE,
    CHIEF_OPERATING_OFFICER,
    MEDICAL_DIRECTOR,
    CHIEF_NURSE,
    FINANCE_DIRECTOR,
    PEOPLE_DIRECTOR,
    STRATEGY_DIRECTOR,
    DIGITAL_DIRECTOR,
    ESTATES_DIRECTOR,
    DIRECTOR_OF_MIDWIFERY,
    CLINICAL_DIRECTOR,
    DIVISIONAL_DIRECTOR,
    GENERAL_MANAGER,
    CHAIR,
    NON_EXECUTIVE,
    ROLES
};

enum {
    BAND_POINTS = 3, /* entry, intermediate, top */
    PROFESSIONS = 4,
    EARLIER = 5,
    SEAT_COUNT = 5,
    AREAS = 8,
    AREA_PROFESSION_COUNT = 7,
    KIND_COUNT = 5,
    OTHER_SECTOR_COUNT = 9,
    NEIGHBOUR_COUNT = 10,
    PACKAGE_COUNT = 8,
    NO_LIMIT = -1
};

extern const char *const GRADE_NAMES[GRADES];
extern const char *const DOMAIN_NAMES[DOMAINS];
extern const int32_t BAND_PAY[VSM][BAND_POINTS]; /* GBP a year */

struct role_facts {
    const char *name;
    const char *titles[2];
    bool area;                 /* the title goes on with a service area */
    int posts, leaders;        /* shares; each adds up to 1000 */
    int post_grades[GRADES];   /* shares */
    int leader_grades[GRADES]; /* wider: deputies, and people who acted up */
    int board;                 /* share of posts that sit on the board */
    int32_t pay_low, pay_high; /* very senior manager in this role, GBP a year; invented */
    const char *asks_for;      /* accreditation a post asks for, NULL = none */
    int asks_percent;
    struct {
        const char *word;
        int percent;
    } professions[PROFESSIONS]; /* what leaders of the role are registered with, one each; NULL ends */
    struct {
        enum role role;
        int percent;
    } earlier[EARLIER];    /* roles held on the way; percent 0 ends */
    int8_t needs[DOMAINS]; /* before an organisation's signals raise them */
};
extern const struct role_facts ROLE[ROLES];

/* A board looks for the non-executive it lacks: two domains stand out, and an audit chair is an accountant. */
struct seat {
    const char *area;
    enum domain wanted[2];
    const char *asks_for;
};
extern const struct seat SEATS[SEAT_COUNT];

/* Services that a clinical director of another profession leads. */
struct area_profession {
    const char *area, *asks_for;
};
extern const struct area_profession AREA_PROFESSIONS[AREA_PROFESSION_COUNT];

/* Kinds of organisation, by the column type of organisations.csv. */
struct kind {
    const char *name, *sector;
    const char *areas[AREAS];
};
extern const struct kind KINDS[KIND_COUNT];

extern const char *const OTHER_SECTORS[OTHER_SECTOR_COUNT];
extern const char *const NEIGHBOURS[NEIGHBOUR_COUNT][2]; /* regions that share a border: people look next door first */

struct package {
    const char *id, *name;
    int32_t premium_tenths, relocation_gbp, development_days, flexible_days, return_right_months, peer_network;
    int32_t mentor_hours;
    int32_t local_gbp, central_gbp; /* relocation, development and mentoring included */
    int32_t stock_per_100_posts;    /* or NO_LIMIT */
    const char *segments;
};
extern const struct package PACKAGES[PACKAGE_COUNT];

#endif
