/*
 * The least time the arithmetic of a score could take here: the same kinds of operations in the same numbers, in
 * registers, independent of each other, with no memory, no order and no gathering. What the kernel takes beyond it is
 * loads and stores, waiting for results, and what its shape costs.
 *
 * Kinds are what processors run on different ports or at different speeds: single and double arithmetic, 32-bit integer
 * arithmetic and products, roots, divisions, and conversions between integers and doubles. A multiply and an add are two
 * operations: the kernel may not fuse them, since then its builds would not agree to the bit.
 */
#ifndef WM_MIX_H
#define WM_MIX_H

#include "score.h"
#include "stopwatch.h"

#include <string.h>

/* How many of each a pair asks for. */
struct mix {
    double single, root;               /* 32 bits */
    double integer, product;           /* 32 bits; comparisons, choices and limits are integer too */
    double real, division, conversion; /* 64 bits; conversions to and from */
};

/* Counted in engine/score.inc.c, of the offers that `post` has left and the domains that weigh anything. */
static inline struct mix mix_of(const struct kernel_post *post)
{
    struct mix mix = {.single = 3 + 5 + 2 + 7 + 2, /* differences, squares, quarter, series, hectometres */
                      .root = 1,
                      .integer = 1 + 6 + 2, /* rounded distance; what it takes off; limits of the logit */
                      .product = 1,
                      .real = 1, /* the end of the sum */
                      .division = 1,
                      .conversion = 1 + 5 + 2}; /* fit; logit, benefit, chance, expected */
    for (size_t d = 0; d < post->n_domains; d++) {
        mix.real += post->weight[d] > 0 ? 3 : 0; /* scale, limit, add */
        mix.conversion += post->weight[d] > 0;
    }
    for (size_t k = 0; k < post->n_offers; k++) {
        mix.integer += 4; /* constant, comparison, two choices */
        for (size_t t = 0; t < post->n_components; t++) {
            mix.integer += post->amount[k][t] != 0;
            mix.product += post->amount[k][t] != 0;
        }
    }
    mix.real +=
        1 + 3 + 4 + 26 + 3 + 2 + 3 + 3; /* scale, reduction, remainder, polynomial, power, chance, benefit, expected */
    return mix;
}

enum { MIX_LANES = 64, MIX_TURNS = 20000 };

/* Keeps the compiler from knowing what is in a register, so that each operation is done. */
#if defined(__x86_64__)
#include <immintrin.h>
#define OPAQUE(v) __asm__ volatile("" : "+v"(v))
#define ROOT_16(v) (v) = (__typeof__(v))_mm_sqrt_ps((__m128)(v))
#define ROOT_32(v) (v) = (__typeof__(v))_mm256_sqrt_ps((__m256)(v))
#define ROOT_64(v) (v) = (__typeof__(v))_mm512_sqrt_ps((__m512)(v))
#else
#define OPAQUE(v) __asm__ volatile("" : "+w"(v))
#define ROOT_16(v)              \
    for (int k = 0; k < 4; k++) \
    (v)[k] = __builtin_sqrtf((v)[k])
#endif

/* `each` operations for MIX_LANES lanes of `width` bytes, on `chains` registers in turn. */
#define MIX_DO(each, width, bytes, chains, operation)                                                \
    for (int left = (int)((each)*MIX_LANES * (width) / (bytes) + 0.5); left > 0; left -= (chains)) { \
        _Pragma("GCC unroll 8") for (int i = 0; i < (chains); i++)                                   \
        {                                                                                            \
            operation;                                                                               \
        }                                                                                            \
    }

/* Slow ones first, so that others can run beside them. */
#define MIX_TURN(name, attribute, bytes)                                                                 \
    attribute static void name(const struct mix *mix)                                                    \
    {                                                                                                    \
        typedef float singles __attribute__((vector_size(bytes)));                                       \
        typedef double reals __attribute__((vector_size(bytes)));                                        \
        typedef int integers __attribute__((vector_size(bytes)));                                        \
        typedef int halves __attribute__((vector_size((bytes) / 2)));                                    \
        singles single[8] = {{0}}, root[2] = {{0}}, factor = (singles){0} + 0.999f;                      \
        reals real[8] = {{0}}, quotient[2] = {{0}}, wide[4] = {{0}}, scale = (reals){0} + 0.99;          \
        integers integer[8] = {{0}}, product[4] = {{0}}, step = (integers){0} + 3;                       \
        halves half[4] = {{0}};                                                                          \
        for (int i = 0; i < 2; i++) {                                                                    \
            quotient[i] = scale;                                                                         \
            root[i] = factor;                                                                            \
        }                                                                                                \
        for (int turn = 0; turn < MIX_TURNS; turn++) {                                                   \
            MIX_DO(mix->division, 8, bytes, 2, quotient[i] = scale / quotient[i]; OPAQUE(quotient[i]))   \
            MIX_DO(mix->real / 2, 8, bytes, 8, real[i] = real[i] * scale; OPAQUE(real[i]))               \
            MIX_DO(mix->root, 4, bytes, 2, ROOT_##bytes(root[i]); OPAQUE(root[i]))                       \
            MIX_DO(mix->conversion / 2, 8, bytes, 4, half[i] = __builtin_convertvector(wide[i], halves); \
                   OPAQUE(half[i]); wide[i] = __builtin_convertvector(half[i], reals); OPAQUE(wide[i]))  \
            MIX_DO(mix->product, 4, bytes, 4, product[i] = product[i] * step; OPAQUE(product[i]))        \
            MIX_DO(mix->real / 2, 8, bytes, 8, real[i] = real[i] + scale; OPAQUE(real[i]))               \
            MIX_DO(mix->integer, 4, bytes, 8, integer[i] = integer[i] + step; OPAQUE(integer[i]))        \
            MIX_DO(mix->single, 4, bytes, 8, single[i] = single[i] * factor; OPAQUE(single[i]))          \
        }                                                                                                \
    }

MIX_TURN(mix_baseline, , 16)
#if defined(__x86_64__)
MIX_TURN(mix_avx2, __attribute__((target("avx2"))), 32)
MIX_TURN(mix_avx512, __attribute__((target("avx512f,avx512dq,avx512vl,avx512bw"))), 64)
#endif

/* Seconds of processor time a pair of this mix takes at least, with the instructions of that kernel. */
static inline double mix_seconds(const char *kernel, const struct mix *mix)
{
    struct stopwatch start = stopwatch_now();
#if defined(__x86_64__)
    if (strcmp(kernel, "avx512") == 0)
        mix_avx512(mix);
    else if (strcmp(kernel, "avx2") == 0)
        mix_avx2(mix);
    else
#endif
        mix_baseline(mix);
    (void)kernel;
    return stopwatch_since(start).cpu / MIX_TURNS / MIX_LANES;
}

#endif
