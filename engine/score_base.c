/* The scoring kernel for any machine. */
#include "score.inc.c"
#include "sieve.inc.c"

const struct kernel kernel_baseline = {"baseline",    block_distance, block_rules, block_score,
                                       stretch_sieve, any_rank,       block_admit, block_parts};
