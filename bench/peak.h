/* The peaks of this machine: multiply-adds, and divisions, with nothing in their way, in CHAINS independent chains. */
#ifndef WM_PEAK_H
#define WM_PEAK_H

#include "stopwatch.h"

#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { CHAINS = 12, TURNS = 1000000 };

#if defined(__x86_64__)
static void turn_baseline(float sink[])
{
    __m128 chain[CHAINS], factor = _mm_set1_ps(0.999999f), addend = _mm_set1_ps(1e-6f);
    for (int i = 0; i < CHAINS; i++)
        chain[i] = _mm_set1_ps((float)i);
    for (int turn = 0; turn < TURNS; turn++)
        for (int i = 0; i < CHAINS; i++)
            chain[i] = _mm_add_ps(_mm_mul_ps(chain[i], factor), addend);
    for (int i = 0; i < CHAINS; i++)
        _mm_storeu_ps(sink + 4 * i, chain[i]);
}

__attribute__((target("avx2,fma"))) static void turn_avx2(float sink[])
{
    __m256 chain[CHAINS], factor = _mm256_set1_ps(0.999999f), addend = _mm256_set1_ps(1e-6f);
    for (int i = 0; i < CHAINS; i++)
        chain[i] = _mm256_set1_ps((float)i);
    for (int turn = 0; turn < TURNS; turn++)
        for (int i = 0; i < CHAINS; i++)
            chain[i] = _mm256_fmadd_ps(chain[i], factor, addend);
    for (int i = 0; i < CHAINS; i++)
        _mm256_storeu_ps(sink + 8 * i, chain[i]);
}

__attribute__((target("avx512f"))) static void turn_avx512(float sink[])
{
    __m512 chain[CHAINS], factor = _mm512_set1_ps(0.999999f), addend = _mm512_set1_ps(1e-6f);
    for (int i = 0; i < CHAINS; i++)
        chain[i] = _mm512_set1_ps((float)i);
    for (int turn = 0; turn < TURNS; turn++)
        for (int i = 0; i < CHAINS; i++)
            chain[i] = _mm512_fmadd_ps(chain[i], factor, addend);
    for (int i = 0; i < CHAINS; i++)
        _mm512_storeu_ps(sink + 16 * i, chain[i]);
}
#else
static void turn_baseline(float sink[])
{
    float chain[CHAINS][4] = {{0}};
    for (int turn = 0; turn < TURNS; turn++)
        for (int i = 0; i < CHAINS; i++)
            for (int lane = 0; lane < 4; lane++)
                chain[i][lane] = __builtin_fmaf(chain[i][lane], 0.999999f, 1e-6f);
    memcpy(sink, chain, sizeof chain);
}
#endif

/* ---- divisions: of doubles, which no instruction set does as fast as it multiplies ---- */

#define TURN_DIVISIONS(name, attribute, bytes)                     \
    attribute static void name(double sink[])                      \
    {                                                              \
        typedef double vector __attribute__((vector_size(bytes))); \
        enum { WIDTH = (bytes) / (int)sizeof(double) };            \
        vector chain[CHAINS], divisor = (vector){0} + 1.000001;    \
        for (int i = 0; i < CHAINS; i++)                           \
            chain[i] = (vector){0} + 1e6 + i;                      \
        for (int turn = 0; turn < TURNS / 8; turn++)               \
            for (int i = 0; i < CHAINS; i++)                       \
                chain[i] = chain[i] / divisor;                     \
        for (int i = 0; i < CHAINS; i++)                           \
            for (int lane = 0; lane < WIDTH; lane++)               \
                sink[WIDTH * i + lane] = chain[i][lane];           \
    }

TURN_DIVISIONS(divide_baseline, , 16)
#if defined(__x86_64__)
TURN_DIVISIONS(divide_avx2, __attribute__((target("avx2,fma"))), 32)
TURN_DIVISIONS(divide_avx512, __attribute__((target("avx512f"))), 64)
#endif

struct peak {
    const char *kernel; /* the widest that this instruction set serves */
    int lanes;          /* of 32 bits */
    void (*turn)(float sink[]);
    void (*divide)(double sink[]);
};

static const struct peak peaks[] = {
    {"baseline", 4, turn_baseline, divide_baseline},
#if defined(__x86_64__)
    {"avx2", 8, turn_avx2, divide_avx2},
    {"avx512", 16, turn_avx512, divide_avx512},
#endif
};

static inline const struct peak *peak_find(const char *kernel)
{
    const struct peak *peak = peaks;
    while (strcmp(peak->kernel, kernel) != 0)
        peak++;
    return peak;
}

/* 32-bit operations a second of processor time; a multiply-add is two. */
static inline double peak_of(const char *kernel)
{
    static volatile float read_by_nobody;
    float sink[16 * CHAINS];
    const struct peak *peak = peak_find(kernel);
    struct stopwatch start = stopwatch_now();
    peak->turn(sink);
    double elapsed = stopwatch_since(start).cpu;
    read_by_nobody = sink[0];
    (void)read_by_nobody;
    return 2.0 * peak->lanes * CHAINS * TURNS / elapsed;
}

/* Divisions of doubles a second of processor time. */
static inline double peak_divisions_of(const char *kernel)
{
    static volatile double read_by_nobody;
    double sink[8 * CHAINS];
    const struct peak *peak = peak_find(kernel);
    struct stopwatch start = stopwatch_now();
    peak->divide(sink);
    double elapsed = stopwatch_since(start).cpu;
    read_by_nobody = sink[0];
    (void)read_by_nobody;
    return peak->lanes / 2.0 * CHAINS * (TURNS / 8) / elapsed;
}

#endif
