/* The pricing kernel for AVX512; the Makefile gives this file its instruction set. */
#if defined(__x86_64__)
#include "price.inc.c"

const struct price_kernel price_avx512 = {block_best, block_may};
#else
typedef int no_avx512_here;
#endif
