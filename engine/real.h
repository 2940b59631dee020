/*
 * The few real functions scores need, in plain IEEE operations, so that every compiler, instruction set and C library
 * gives the same bits (libm's exp and sin differ in the last place between machines with and without FMA).
 * Method: Cody and Waite, Software Manual for the Elementary Functions (1980): argument reduction, then a polynomial.
 */
#ifndef WM_REAL_H
#define WM_REAL_H

#include <math.h>
#include <stdint.h>
#include <string.h>

/*
 * e^x = 2^n e^r, in three steps, so that many can be taken a step at a time: a product and a sum of Horner's scheme each
 * wait for the one before, and only other arguments can fill the gap.
 */
static const double real_exp_terms[] = {1.0 / 6227020800.0,
                                        1.0 / 479001600.0,
                                        1.0 / 39916800.0,
                                        1.0 / 3628800.0,
                                        1.0 / 362880.0,
                                        1.0 / 40320.0,
                                        1.0 / 5040.0,
                                        1.0 / 720.0,
                                        1.0 / 120.0,
                                        1.0 / 24.0,
                                        1.0 / 6.0,
                                        0.5,
                                        1.0,
                                        1.0};
enum { REAL_EXP_TERMS = sizeof real_exp_terms / sizeof *real_exp_terms };

/* r, and n in the low bits of `shifted`. */
static inline double real_exp_reduce(double x, double *shifted)
{
    const double to_integer = 6755399441055744.0; /* 1.5 * 2^52: adding it leaves the rounded integer in the low bits */
    *shifted = x * 1.4426950408889634074 + to_integer;
    double n = *shifted - to_integer;
    return (x - n * 6.93147180369123816490e-01) - n * 1.90821492927058770002e-10;
}

static inline double real_exp_scale(double p, double shifted)
{
    uint64_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits + 1023) << 52; /* 2^n */
    double scale;
    memcpy(&scale, &bits, sizeof scale);
    return p * scale;
}

/* e^x for |x| <= 700; relative error below 4e-16. */
static inline double real_exp(double x)
{
    double shifted, r = real_exp_reduce(x, &shifted), p = real_exp_terms[0];
    for (int term = 1; term < REAL_EXP_TERMS; term++)
        p = p * r + real_exp_terms[term];
    return real_exp_scale(p, shifted);
}

/* 2^(-age / half_life): what is left of a measurement of that age; an age below 0 counts as 0. */
static inline double real_decay(double age, double half_life)
{
    double halvings = age > 0 ? age / half_life : 0;
    return halvings < 1000 ? real_exp(-halvings * 0.69314718055994530942) : 0;
}

/* sin and cos of an angle in radians, |x| <= pi / 2: Taylor to x^23, error below 1e-15. */
static inline double real_sin(double x)
{
    double square = x * x, term = x, sum = x;
    for (int i = 3; i <= 23; i += 2) {
        term = -term * square / (double)(i * (i - 1));
        sum = sum + term;
    }
    return sum;
}

static inline double real_cos(double x)
{
    double square = x * x, term = 1, sum = 1;
    for (int i = 2; i <= 24; i += 2) {
        term = -term * square / (double)(i * (i - 1));
        sum = sum + term;
    }
    return sum;
}

/*
 * Hectometres along a great circle of the Earth (IUGG mean radius, 6371.0088 km) whose chord on the unit sphere has this
 * square. The series of 2 asin(chord / 2) is exact to 1e-7 within the United Kingdom. Never falls where `square` rises,
 * to the last bit: each step is a rounded operation that does not.
 */
static inline int32_t real_arc_hm(float square)
{
    float chord = sqrtf(square);
    float s = chord * chord * 0.25f;
    float arc = chord * (1.0f + s * (1.0f / 6.0f + s * (3.0f / 40.0f + s * (15.0f / 336.0f))));
    return (int32_t)(arc * 63710.088f + 0.5f);
}

/* x >= 0 to the nearest integer, halves up. */
static inline int64_t real_round(double x)
{
    return (int64_t)(x + 0.5);
}

#endif
