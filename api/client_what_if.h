/*
 * The little language of --what-if, and of the rules of --lock and --forbid: one change a text, read without asking
 * anybody whether its names exist.
 *
 *     change  = LIMIT '[' NAME ']' ('+=' | '-=' | '=') WHOLE      openings, budget, stock, mentor_hours
 *             | 'policy' '[' POINTER ']' '=' NUMBER
 *             | 'moves_max' '=' WHOLE | 'move_penalty' '=' NUMBER
 *             | '-' ID | 'without' '[' ID ',' ... ']'             a leader, a post or a mentor
 *             | 'lock' '[' LEADER ']' '=' TERMS
 *             | 'forbid' '[' LEADER ']' ['=' TERMS]               '*' for any leader, post, package
 *             | 'must_fill' '[' POST ',' ... ']'
 *     TERMS   = POST ['/' PACKAGE ['/' MENTOR]]                   ':' does for '/'
 *     WHOLE   = 100000 or 100,000
 *
 * Blanks may stand between the parts.
 */
#ifndef API_CLIENT_WHAT_IF_H
#define API_CLIENT_WHAT_IF_H

#include "json.h"

enum { WHAT_IF_NUMBER_CAP = 32, WHAT_IF_ERROR_CAP = 256 };

enum what_if_kind {
    WHAT_IF_LIMIT,
    WHAT_IF_POLICY,
    WHAT_IF_SETTING, /* moves_max, move_penalty */
    WHAT_IF_WITHOUT,
    WHAT_IF_LOCK,
    WHAT_IF_FORBID,
    WHAT_IF_MUST_FILL
};

struct placement_rule { /* empty: any */
    struct slice leader, post, package, mentor;
};

struct what_if {
    enum what_if_kind kind;
    const char *name;                /* as in the table of names: "budget", "moves_max" */
    struct slice of;                 /* what stands in the brackets, or after '-' */
    bool relative;                   /* a limit is added to */
    char number[WHAT_IF_NUMBER_CAP]; /* as JSON */
    struct placement_rule rule;      /* of lock and forbid */
};

struct what_if_error {
    size_t at; /* byte of the text */
    char text[WHAT_IF_ERROR_CAP];
};

/* What is read points into `text`. False: `error` says what is wrong, where, and how it should look. */
bool what_if_read(const char *text, struct what_if *out, struct what_if_error *error);
/* LEADER:POST[:PACKAGE[:MENTOR]], of a lock or a forbid. */
bool placement_rule_read(struct slice text, bool lock, struct placement_rule *out, struct what_if_error *error);

#endif
