/* The scoring kernel for any machine. */
#include "score.inc.c"

const struct kernel kernel_baseline = {"baseline", block_distance, block_rules, block_score, block_admit, block_parts};
