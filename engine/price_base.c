/* The pricing kernel for any machine. */
#include "price.inc.c"

const struct price_kernel price_baseline = {block_best, block_may};
