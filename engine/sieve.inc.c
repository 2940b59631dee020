/*
 * The hard rules of one post over all leaders, a tile of TILE_WORDS times 64 at a time: compiled with each kernel, behind
 * score.inc.c. Role, grade, accreditation, regions and what is unknown are bits already; days are compared where they
 * stand; only those whom neither region nor two other rules decide have their distance compared, squared. Refusals are
 * counted as they fall, exactly as rule by rule and leader by leader.
 */
#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* Bit i: a[i] > b[i], of LANES. */
static inline uint32_t greater_bits(const int32_t *a, const int32_t *b)
{
#if defined(__AVX512F__)
    uint32_t bits = _mm512_cmpgt_epi32_mask(_mm512_loadu_si512(a), _mm512_loadu_si512(b));
    __asm__("" : "+r"(bits)); /* gcc 12, short of registers, puts a mask of 2 bytes aside and takes up 8 */
    return bits;
#elif defined(__AVX2__)
    uint32_t bits = 0;
    for (int i = 0; i < LANES; i += 8) {
        __m256i p = _mm256_loadu_si256((const __m256i *)(a + i)), q = _mm256_loadu_si256((const __m256i *)(b + i));
        bits |= (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpgt_epi32(p, q))) << i;
    }
    return bits;
#elif defined(__SSE2__)
    uint32_t bits = 0;
    for (int i = 0; i < LANES; i += 4) {
        __m128i p = _mm_loadu_si128((const __m128i *)(a + i)), q = _mm_loadu_si128((const __m128i *)(b + i));
        bits |= (uint32_t)_mm_movemask_ps(_mm_castsi128_ps(_mm_cmpgt_epi32(p, q))) << i;
    }
    return bits;
#else
    uint32_t bits = 0;
    for (int i = 0; i < LANES; i++)
        bits |= (uint32_t)(a[i] > b[i]) << i;
    return bits;
#endif
}

/* Loops over a tile become a vector instruction or two. */
#define EACH_WORD _Pragma("GCC unroll 1") for (int w = 0; w < TILE_WORDS; w++)

/* ---- counting bits ---- */

/* How many bits were set, by byte of the word they stood in: a byte holds those of STRETCH_WORDS / TILE_WORDS tiles. */
struct count {
    uint64_t bytes[TILE_WORDS];
};

/* The bits of each byte, counted in it (Warren, Hacker's Delight, 5-1). */
static inline uint64_t count_by_byte(uint64_t x)
{
    x -= x >> 1 & UINT64_C(0x5555555555555555);
    x = (x & UINT64_C(0x3333333333333333)) + (x >> 2 & UINT64_C(0x3333333333333333));
    return (x + (x >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
}

static inline void count_add(struct count *count, const uint64_t bits[TILE_WORDS])
{
    EACH_WORD
        count->bytes[w] += count_by_byte(bits[w]);
}

static inline size_t count_take(const struct count *count)
{
    uint64_t sum = 0;
    for (int w = 0; w < TILE_WORDS; w++) {
        uint64_t pairs =
            (count->bytes[w] & UINT64_C(0x00ff00ff00ff00ff)) + (count->bytes[w] >> 8 & UINT64_C(0x00ff00ff00ff00ff));
        sum += pairs * UINT64_C(0x0001000100010001) >> 48;
    }
    return (size_t)sum;
}

/* ---- a tile ---- */

/* A tile under way. */
struct tally {
    uint64_t once[TILE_WORDS], twice[TILE_WORDS]; /* refused by a rule so far; by two */
    uint64_t (*unmet)[TILE_WORDS];                /* [WM_RULE_COUNT] by this one, where it was told */
    uint32_t told;                                /* bit a rule */
};

struct counts {
    struct count refused[WM_RULE_COUNT], only[WM_RULE_COUNT], unknown[WM_RULE_COUNT], eligible;
};

/* The next rule in order refuses `unmet`, of them `unknown` for want of data. */
static inline void tell(struct tally *t, struct counts *counts, enum wm_rule rule, const uint64_t unmet[TILE_WORDS],
                        const uint64_t unknown[TILE_WORDS])
{
    uint64_t first[TILE_WORDS], unsure[TILE_WORDS];
    EACH_WORD {
        first[w] = unmet[w] & ~t->once[w];
        unsure[w] = first[w] & unknown[w];
        t->twice[w] |= t->once[w] & unmet[w];
        t->once[w] |= unmet[w];
        t->unmet[rule][w] = unmet[w];
    }
    t->told |= 1u << rule;
    count_add(&counts->refused[rule], first);
    count_add(&counts->unknown[rule], unsure);
}

/* A post as the sieve reads it: the bitmaps that its rules need. */
struct sieve_terms {
    const uint64_t *role, *accreditation, *region; /* NULL: none is required; nobody can be willing to move there */
    const uint64_t *const *grades;                 /* [n_grades] that pass */
    size_t n_grades;
    int32_t starts[LANES], eve[LANES]; /* the day of the start, and the one before */
};

static void sieve_terms_fill(const struct sieve *s, struct sieve_terms *out)
{
    const struct kernel_post *post = s->post;
    const struct leader_bits *bits = s->bits;
    int32_t lowest = post->grade_lowest > 0 ? post->grade_lowest : 0;
    *out = (struct sieve_terms){
        .role = bits->role[__builtin_ctzll(post->role_bit)],
        .accreditation = post->accreditation_bit ? bits->accreditation[__builtin_ctzll(post->accreditation_bit)] : NULL,
        .region = post->region_bit ? bits->region[__builtin_ctzll(post->region_bit)] : NULL,
        .grades = (const uint64_t *const *)&bits->grade[lowest],
    };
    for (int32_t g = lowest; g <= post->grade_highest && g < VOCABULARY_MAX && bits->grade[g] != NULL; g++)
        out->n_grades++;
    for (int i = 0; i < LANES; i++) {
        out->starts[i] = post->starts;
        out->eve[i] = post->starts - 1;
    }
}

/* bits = what `block` finds in each block of LANES of a word; at the end of the table a word has fewer. */
#define EACH_BLOCK(bits, n_lanes, block)                                                        \
    do {                                                                                        \
        if ((n_lanes) >= 64) {                                                                  \
            bits = (uint64_t)block(0) | (uint64_t)block(16) << 16 | (uint64_t)block(32) << 32 | \
                   (uint64_t)block(48) << 48;                                                   \
        } else {                                                                                \
            for (size_t at = 0; at < (n_lanes); at += LANES)                                    \
                bits |= (uint64_t)block(at) << at;                                              \
        }                                                                                       \
    } while (0)

/* How many lanes there are from `lane` on. */
static inline size_t lanes_left(const struct sieve *s, size_t lane)
{
    return s->leaders->n_padded > lane ? s->leaders->n_padded - lane : 0;
}

/* Bits of the lanes from `word` on whose day is later than `limit`. */
static inline void later_than(const struct sieve *s, size_t word, const int32_t *days, const int32_t limit[LANES],
                              uint64_t out[TILE_WORDS])
{
    for (size_t w = 0; w < TILE_WORDS; w++) {
        const int32_t *day = days + (word + w) * 64;
        uint64_t bits = 0;
#define LATER(at) greater_bits(day + (at), limit)
        EACH_BLOCK(bits, lanes_left(s, (word + w) * 64), LATER);
#undef LATER
        out[w] = bits;
    }
}

/* The rules up to ready. */
static inline void sieve_papers(const struct sieve *s, const struct sieve_terms *terms, size_t word, struct tally *t,
                                struct counts *counts)
{
    const struct leader_bits *bits = s->bits;
    const struct leader_columns *leaders = s->leaders;
    const uint64_t *all = bits->everybody + word;
    uint64_t unmet[TILE_WORDS], unknown[TILE_WORDS], day[TILE_WORDS];
    EACH_WORD
        unmet[w] = all[w] & ~terms->role[word + w];
    tell(t, counts, WM_RULE_role, unmet, bits->role_unknown + word);
    EACH_WORD
        unmet[w] = all[w];
    for (size_t g = 0; g < terms->n_grades; g++)
        EACH_WORD
            unmet[w] &= ~terms->grades[g][word + w];
    tell(t, counts, WM_RULE_grade, unmet, bits->grade_unknown + word);
    if (terms->accreditation != NULL) {
        later_than(s, word, leaders->accredited_until, terms->eve, day);
        EACH_WORD {
            uint64_t held = terms->accreditation[word + w];
            unmet[w] = all[w] & ~(held & day[w]);
            unknown[w] = bits->accreditation_unknown[word + w] | (held & bits->accredited_until_unknown[word + w]);
        }
        tell(t, counts, WM_RULE_accreditation, unmet, unknown);
    }
    if (s->post->board_role) {
        later_than(s, word, leaders->fit_and_proper_until, terms->eve, day);
        EACH_WORD
            unmet[w] = all[w] & ~day[w];
        tell(t, counts, WM_RULE_fit_and_proper, unmet, bits->fit_and_proper_until_unknown + word);
    }
    later_than(s, word, leaders->ready_from, terms->starts, day);
    EACH_WORD
        unmet[w] = all[w] & (day[w] | bits->ready_from_unknown[word + w]);
    tell(t, counts, WM_RULE_ready, unmet, bits->ready_from_unknown + word);
}

/* Of LANES from `lane` on, who lives within travelling distance. */
static inline uint32_t within_reach(const struct sieve *s, size_t lane)
{
    const float *x = s->leaders->x + lane, *y = s->leaders->y + lane, *z = s->leaders->z + lane;
    const float *reach = s->bits->reach + lane;
    int32_t within[LANES], nothing[LANES];
    EACH_LANE {
        within[i] = lane_square(x[i], y[i], z[i], s->post) <= reach[i];
        nothing[i] = 0;
    }
    return greater_bits(within, nothing);
}

static inline uint64_t word_within_reach(const struct sieve *s, size_t lane)
{
    uint64_t bits = 0;
#define WITHIN(at) within_reach(s, lane + (at))
    EACH_BLOCK(bits, lanes_left(s, lane), WITHIN);
#undef WITHIN
    return bits;
}

/*
 * Whom place refuses. Of those who are refused before and by two rules at that it changes no count, so nobody looks;
 * `once` and `twice` are what the rules behind place refuse.
 */
static inline void sieve_place(const struct sieve *s, const struct sieve_terms *terms, size_t word,
                               const uint64_t once[TILE_WORDS], const uint64_t twice[TILE_WORDS], struct tally *t,
                               struct counts *counts)
{
    const struct leader_bits *bits = s->bits;
    uint64_t unmet[TILE_WORDS], unknown[TILE_WORDS], measured[TILE_WORDS];
    EACH_WORD {
        uint64_t decided = t->once[w] & (t->twice[w] | once[w] | twice[w]);
        unmet[w] = bits->everybody[word + w] & ~decided;
    }
    if (terms->region != NULL)
        EACH_WORD
            unmet[w] &= ~terms->region[word + w];
    EACH_WORD {
        measured[w] = s->post->located ? unmet[w] & bits->measurable[word + w] : 0;
        unknown[w] = bits->region_unknown[word + w] | ~measured[w];
    }
    for (size_t w = 0; w < TILE_WORDS; w++)
        if (measured[w] != 0) /* a whole word: which of its blocks are asked for is hard to predict */
            unmet[w] &= ~(measured[w] & word_within_reach(s, (word + w) * 64));
    tell(t, counts, WM_RULE_place, unmet, unknown);
}

/* The tile's lanes that exclude the organisation. */
static inline void read_excluders(struct sieve *s, size_t word, uint64_t out[TILE_WORDS])
{
    EACH_WORD
        out[w] = 0;
    for (; s->excluders < s->excluders_end && *s->excluders < (word + TILE_WORDS) * 64; s->excluders++)
        out[*s->excluders / 64 - word] |= UINT64_C(1) << *s->excluders % 64;
}

static void sieve_tile(struct sieve *s, const struct sieve_terms *terms, size_t word, struct counts *counts)
{
    static const uint64_t nobody[TILE_WORDS];
    uint64_t unmet[WM_RULE_COUNT][TILE_WORDS];
    struct tally t = {.unmet = unmet};
    const uint64_t *all = s->bits->everybody + word, *package = s->post->n_offers == 0 ? all : nobody;
    const uint64_t *filter = s->filtered != NULL ? s->filtered + word : nobody;
    uint64_t excluded[TILE_WORDS], once[TILE_WORDS], twice[TILE_WORDS], alone[TILE_WORDS];
    read_excluders(s, word, excluded);
    EACH_WORD {
        once[w] = excluded[w] | package[w] | filter[w];
        twice[w] = (excluded[w] & package[w]) | (excluded[w] & filter[w]) | (package[w] & filter[w]);
    }
    sieve_papers(s, terms, word, &t, counts);
    sieve_place(s, terms, word, once, twice, &t, counts);
    tell(&t, counts, WM_RULE_excluded, excluded, nobody);
    if (package != nobody)
        tell(&t, counts, WM_RULE_package, package, nobody);
    if (filter != nobody)
        tell(&t, counts, WM_RULE_filter, filter, nobody);
    for (uint32_t left = t.told; left != 0; left &= left - 1) {
        int rule = __builtin_ctz(left);
        EACH_WORD
            alone[w] = t.unmet[rule][w] & t.once[w] & ~t.twice[w];
        count_add(&counts->only[rule], alone);
    }
    EACH_WORD
        s->eligible[word + w] = all[w] & ~t.once[w];
    count_add(&counts->eligible, s->eligible + word);
}

static void take_counts(struct sieve *s, const struct counts *counts)
{
    for (int rule = 0; rule < WM_RULE_COUNT; rule++) {
        s->refusals.refused[rule] += count_take(&counts->refused[rule]);
        s->refusals.only[rule] += count_take(&counts->only[rule]);
        s->refusals.unknown[rule] += count_take(&counts->unknown[rule]);
    }
    s->n_eligible += count_take(&counts->eligible);
}

static void stretch_sieve(struct sieve *s, size_t from_word, size_t to_word)
{
    struct sieve_terms terms;
    struct counts counts;
    memset(&counts, 0, sizeof counts);
    sieve_terms_fill(s, &terms);
    for (size_t word = from_word; word < to_word; word += TILE_WORDS)
        sieve_tile(s, &terms, word, &counts);
    take_counts(s, &counts);
}
