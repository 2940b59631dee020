/* The scoring kernel for AVX2; the Makefile gives this file its instruction set. */
#if defined(__x86_64__)
#include "score.inc.c"
#include "sieve.inc.c"

const struct kernel kernel_avx2 = {"avx2",        block_distance, block_rules, block_score,
                                   stretch_sieve, any_rank,       block_admit, block_parts};
#else
typedef int no_avx2_here;
#endif
