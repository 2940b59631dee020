/*
 * Scores and rules of one pair written down plainly from domain.md section 3, one leader at a time, from the cells of the
 * tables and the numbers of policy.json: what the kernel must equal. Shares no code with the engine.
 */
#ifndef TESTS_ORACLE_H
#define TESTS_ORACLE_H

#include "wellmatch.h"

struct oracle;

struct oracle *oracle_new(const struct wm_dataset *dataset, const char *policy_json, size_t len);
void oracle_free(struct oracle *oracle);

struct oracle_pair {
    unsigned refused, unknown; /* bits 1 << WM_RULE_..., as the engine's */
    int64_t expected_nano, fit_micro, logit_micro, accept_micro, distance_m;
    int32_t package; /* -1: none may be offered */
};

/* The post's severity, weights and offers come from the shortlist (they are tested apart); the rest is computed here. */
void oracle_score(const struct oracle *oracle, size_t leader, size_t post, const struct wm_severity *severity,
                  const int64_t *weight_micro, const struct wm_offer *offers, size_t n_offers, struct oracle_pair *out);

#endif
