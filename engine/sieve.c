/*
 * The leaders as bits, made when a dataset is sealed: for each word of a vocabulary who holds it, 64 leaders a word of
 * memory, so that a rule is judged by a few instructions for all of them (bitmap indices; O'Neil and Quass 1997).
 */
#include "internal.h"
#include "real.h"

static uint64_t *bitmap_new(struct wm_dataset *dataset)
{
    return arena_alloc(&dataset->arena, dataset->bits.n_words + 1, sizeof(uint64_t));
}

static void bit_set(uint64_t *bitmap, size_t lane, bool set)
{
    bitmap[lane / 64] |= (uint64_t)set << lane % 64;
}

/* A bitmap a word of `vocabulary`; a policy without it has none. */
static bool bitmaps_new(struct wm_dataset *dataset, const char *vocabulary, uint64_t *bitmaps[VOCABULARY_MAX])
{
    const struct vocabulary *words = policy_vocabulary(&dataset->policy, vocabulary);
    for (size_t i = 0; words != NULL && i < words->n; i++)
        if ((bitmaps[i] = bitmap_new(dataset)) == NULL)
            return false;
    return true;
}

static int allocate_bits(struct wm_dataset *dataset)
{
    struct leader_bits *b = &dataset->bits;
    b->n_words = (dataset->leaders.n + 64 * TILE_WORDS - 1) / (64 * TILE_WORDS) * TILE_WORDS;
    if ((b->reach = arena_alloc(&dataset->arena, dataset->leaders.n_padded + 1, sizeof *b->reach)) == NULL)
        return WM_EMEMORY;
    uint64_t **singles[] = {&b->everybody,
                            &b->role_unknown,
                            &b->grade_unknown,
                            &b->accreditation_unknown,
                            &b->region_unknown,
                            &b->accredited_until_unknown,
                            &b->fit_and_proper_until_unknown,
                            &b->ready_from_unknown,
                            &b->measurable};
    for (size_t i = 0; i < sizeof singles / sizeof *singles; i++)
        if ((*singles[i] = bitmap_new(dataset)) == NULL)
            return WM_EMEMORY;
    return bitmaps_new(dataset, "role", b->role) && bitmaps_new(dataset, "grade", b->grade) &&
                   bitmaps_new(dataset, "accreditation", b->accreditation) &&
                   bitmaps_new(dataset, "region", b->region) && bitmaps_new(dataset, "sector", b->sector)
               ? WM_OK
               : WM_EMEMORY;
}

static void spread_set(uint64_t *bitmaps[VOCABULARY_MAX], uint64_t *unknown, size_t lane, uint64_t set)
{
    if (unknown != NULL)
        bit_set(unknown, lane, set >> 63);
    for (set &= ~UNKNOWN_SET; set != 0; set &= set - 1)
        bit_set(bitmaps[__builtin_ctzll(set)], lane, true);
}

/*
 * The greatest float whose arc is at most `travel_hm`: so a square compares as its distance would, to the bit, without
 * the root. Floats that are not negative are in the order of their bits.
 */
static float reach_of(int32_t travel_hm)
{
    uint32_t near = 0, far = 0x40800001; /* just beyond 4.0, the square across the Earth */
    while (far - near > 1) {
        uint32_t middle = near + (far - near) / 2;
        float square;
        memcpy(&square, &middle, sizeof square);
        if (real_arc_hm(square) <= travel_hm)
            near = middle;
        else
            far = middle;
    }
    float reach;
    memcpy(&reach, &near, sizeof reach);
    return reach;
}

static void derive_reach(struct wm_dataset *dataset)
{
    enum { KEPT = 1024 }; /* most leaders' ways are whole kilometres below this, so each is found once */
    const struct leader_columns *c = &dataset->leaders;
    struct {
        int32_t travel_hm;
        float reach;
    } kept[KEPT];
    for (size_t i = 0; i < KEPT; i++)
        kept[i].travel_hm = -1;
    for (size_t lane = 0; lane < c->n_padded; lane++) {
        int32_t travel = c->travel_hm[lane];
        dataset->bits.reach[lane] = -1;
        if (travel < 0 || !c->located[lane])
            continue;
        size_t at = (size_t)travel / 10 % KEPT;
        if (kept[at].travel_hm != travel) {
            kept[at].travel_hm = travel;
            kept[at].reach = reach_of(travel);
        }
        dataset->bits.reach[lane] = kept[at].reach;
    }
}

int bits_derive(struct wm_dataset *dataset)
{
    const struct leader_columns *c = &dataset->leaders;
    struct leader_bits *b = &dataset->bits;
    if (allocate_bits(dataset) != WM_OK)
        return WM_EMEMORY;
    for (size_t lane = 0; lane < c->n; lane++) {
        bit_set(b->everybody, lane, true);
        spread_set(b->role, b->role_unknown, lane, c->roles[lane]);
        spread_set(b->accreditation, b->accreditation_unknown, lane, c->accreditations[lane]);
        spread_set(b->region, b->region_unknown, lane, c->regions[lane]);
        spread_set(b->sector, NULL, lane, c->sectors[lane]);
        if (c->grade[lane] >= 0)
            bit_set(b->grade[c->grade[lane]], lane, true);
        bit_set(b->grade_unknown, lane, c->grade[lane] < 0);
        bit_set(b->accredited_until_unknown, lane, c->accredited_until[lane] == DAY_UNKNOWN);
        bit_set(b->fit_and_proper_until_unknown, lane, c->fit_and_proper_until[lane] == DAY_UNKNOWN);
        bit_set(b->ready_from_unknown, lane, c->ready_from[lane] == DAY_UNKNOWN);
        bit_set(b->measurable, lane, c->located[lane] && c->travel_hm[lane] >= 0);
    }
    derive_reach(dataset);
    return WM_OK;
}
