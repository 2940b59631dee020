/* The scoring kernel for AVX512; the Makefile gives this file its instruction set. */
#if defined(__x86_64__)
#include "score.inc.c"
#include "sieve.inc.c"

const struct kernel kernel_avx512 = {"avx512",      block_distance, block_rules, block_score,
                                     stretch_sieve, any_rank,       block_admit, block_parts};
#else
typedef int no_avx512_here;
#endif
