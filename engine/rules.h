/* The hard rules of one pair: verdicts by the kernel, then each in words with the smallest change that would turn it. */
#ifndef WM_RULES_H
#define WM_RULES_H

#include "score.h"

/* The rules role to package as bits, of one lane; the same bits a sweep gives. */
void pair_rules(const struct wm_dataset *dataset, const struct post_terms *terms, const struct kernel_post *post,
                size_t lane, uint16_t *refused, uint16_t *unknown);
void rule_tell(const struct wm_dataset *dataset, size_t post, size_t lane, enum wm_rule rule, uint16_t refused,
               uint16_t unknown, struct wm_rule_outcome *out);

#endif
