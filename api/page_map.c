/*
 * England as a map of organisations, and as tiles of regions. The projection is equirectangular, narrowed by the
 * cosine of 53 degrees: over England alone nothing better can be told apart. A mark's shape is the segment, its fill
 * how far the posts are filled; colour only repeats it. The coast is drawn through headlands, towns and border
 * crossings, to 0.05 degrees. London is drawn again, five times as large, where the sea has room.
 */
#include "page_places.h"

#include <string.h>

enum { UNIT = 100 /* of the drawing a degree of latitude */ };

#define NARROW 0.6018 /* cos 53 degrees */

static const float coast[][2] = {
    {-2.00f, 55.78f}, {-1.70f, 55.61f}, {-1.61f, 55.39f}, {-1.49f, 55.13f}, {-1.41f, 55.01f}, {-1.36f, 54.91f},
    {-1.17f, 54.70f}, {-1.06f, 54.62f}, {-0.61f, 54.49f}, {-0.39f, 54.28f}, {-0.08f, 54.12f}, {-0.19f, 54.08f},
    {0.03f, 53.73f},  {0.12f, 53.58f},  {-0.28f, 53.72f}, {-0.07f, 53.58f}, {0.26f, 53.34f},  {0.35f, 53.14f},
    {0.05f, 52.93f},  {0.37f, 52.80f},  {0.48f, 52.95f},  {0.85f, 52.97f},  {1.30f, 52.93f},  {1.69f, 52.72f},
    {1.74f, 52.60f},  {1.76f, 52.48f},  {1.61f, 52.15f},  {1.35f, 51.96f},  {1.16f, 51.79f},  {0.95f, 51.60f},
    {0.72f, 51.53f},  {0.40f, 51.46f},  {0.70f, 51.45f},  {1.02f, 51.36f},  {1.38f, 51.39f},  {1.45f, 51.36f},
    {1.41f, 51.22f},  {1.32f, 51.12f},  {0.97f, 50.91f},  {0.58f, 50.85f},  {0.24f, 50.74f},  {-0.14f, 50.82f},
    {-0.79f, 50.72f}, {-1.10f, 50.79f}, {-1.32f, 50.85f}, {-1.55f, 50.72f}, {-1.88f, 50.72f}, {-1.95f, 50.60f},
    {-2.45f, 50.62f}, {-2.45f, 50.52f}, {-2.77f, 50.71f}, {-3.42f, 50.61f}, {-3.52f, 50.46f}, {-3.64f, 50.22f},
    {-4.14f, 50.33f}, {-4.63f, 50.33f}, {-4.80f, 50.22f}, {-5.05f, 50.14f}, {-5.20f, 49.96f}, {-5.53f, 50.12f},
    {-5.71f, 50.07f}, {-5.48f, 50.22f}, {-5.09f, 50.42f}, {-4.95f, 50.57f}, {-4.55f, 50.83f}, {-4.52f, 51.02f},
    {-4.21f, 51.08f}, {-4.11f, 51.21f}, {-3.47f, 51.22f}, {-3.00f, 51.23f}, {-2.98f, 51.35f}, {-2.71f, 51.50f},
    {-2.67f, 51.64f}, {-2.68f, 51.81f}, {-3.13f, 52.07f}, {-3.05f, 52.34f}, {-3.10f, 52.55f}, {-3.08f, 52.78f},
    {-3.13f, 52.88f}, {-2.80f, 52.96f}, {-2.87f, 53.08f}, {-2.95f, 53.20f}, {-3.19f, 53.39f}, {-3.04f, 53.44f},
    {-2.95f, 53.36f}, {-3.06f, 53.50f}, {-3.10f, 53.56f}, {-2.97f, 53.72f}, {-3.06f, 53.82f}, {-3.03f, 53.93f},
    {-2.86f, 54.07f}, {-2.88f, 54.19f}, {-3.06f, 54.16f}, {-3.23f, 54.06f}, {-3.36f, 54.22f}, {-3.49f, 54.40f},
    {-3.64f, 54.51f}, {-3.58f, 54.65f}, {-3.39f, 54.87f}, {-3.21f, 54.95f}, {-3.03f, 54.98f}, {-2.85f, 55.08f},
    {-2.62f, 55.22f}, {-2.40f, 55.36f}, {-2.18f, 55.45f}, {-2.32f, 55.63f}, {-2.14f, 55.71f},
};
static const float wight[][2] = {{-1.57f, 50.66f}, {-1.30f, 50.76f}, {-1.08f, 50.69f}, {-1.30f, 50.58f}};

struct frame { /* a window onto the country */
    double west, north, scale, x, y;
};

static const struct frame whole = {-5.85, 55.9, UNIT, 0, 0};
static const struct frame capital = {-0.52, 51.70, 5.0 * UNIT, 385, 36};
enum { CAPITAL_WIDTH = 226, CAPITAL_HEIGHT = 216, MAP_WIDTH = 616, MAP_HEIGHT = 600 };

static double across(const struct frame *frame, double longitude)
{
    return frame->x + (longitude - frame->west) * NARROW * frame->scale;
}

static double down(const struct frame *frame, double latitude)
{
    return frame->y + (frame->north - latitude) * frame->scale;
}

static bool in_capital(const struct place *place)
{
    return place->longitude > -0.50 && place->longitude < 0.21 && place->latitude > 51.29 && place->latitude < 51.69;
}

static void put_land(struct page *page, const float points[][2], size_t n)
{
    put(page, "<path class=\"wm-map__land\" d=\"");
    for (size_t i = 0; i < n; i++) {
        put(page, "%s", i ? "L" : "M");
        put(page, "%.1f %.1f", across(&whole, (double)points[i][0]), down(&whole, (double)points[i][1]));
    }
    put(page, "Z\"/>");
}

/* The shape of a segment around a point, as the d of a path. */
static void put_shape(struct page *page, int segment, double x, double y, double r)
{
    switch (segment) {
    case 1: /* a circle */
        put(page, "M%.1f %.1fa%.1f %.1f 0 1 0 %.1f 0a%.1f %.1f 0 1 0 %.1f 0Z", x - r, y, r, r, 2 * r, r, r, -2 * r);
        break;
    case 2: /* a square */
        put(page, "M%.1f %.1fh%.1fv%.1fh%.1fZ", x - r * 0.9, y - r * 0.9, r * 1.8, r * 1.8, -r * 1.8);
        break;
    case 3: /* a diamond */
        put(page, "M%.1f %.1fL%.1f %.1fL%.1f %.1fL%.1f %.1fZ", x, y - r * 1.25, x + r * 1.25, y, x, y + r * 1.25,
            x - r * 1.25, y);
        break;
    case 4: /* a triangle */
        put(page, "M%.1f %.1fL%.1f %.1fL%.1f %.1fZ", x, y - r * 1.3, x + r * 1.25, y + r, x - r * 1.25, y + r);
        break;
    case 5: /* a star */
        put(page, "M%.1f %.1fL%.1f %.1fL%.1f %.1fL%.1f %.1fL%.1f %.1fL%.1f %.1fL%.1f %.1fL%.1f %.1fZ", x, y - r * 1.6,
            x + r * .5, y - r * .5, x + r * 1.6, y, x + r * .5, y + r * .5, x, y + r * 1.6, x - r * .5, y + r * .5,
            x - r * 1.6, y, x - r * .5, y - r * .5);
        break;
    default: /* a bar: no segment */
        put(page, "M%.1f %.1fh%.1fv%.1fh%.1fZ", x - r * 1.2, y - r * 0.45, r * 2.4, r * 0.9, -r * 2.4);
    }
}

static const char *state_class(enum place_state state, bool planned)
{
    static const char *const classes[] = {"none", "open", "part", "full"};
    return !planned && state != PLACE_NO_POST ? "post" : classes[state];
}

static void put_mark(struct page *page, const struct place *place, bool planned, double x, double y, double r)
{
    enum place_state state = place_state(place);
    put(page, "<path class=\"wm-mark wm-mark--%s\"", state_class(state, planned));
    if (state == PLACE_PART && planned)
        put(page, " fill=\"url(#half)\"");
    put(page, " data-place=\"%s\" d=\"", place->ods_code);
    put_shape(page, place->segment, x, y, state == PLACE_NO_POST ? r * 0.45 : r);
    put(page, "\"/>");
}

static const char *state_words(struct page *page, const struct place *place, bool planned)
{
    if (place->openings == 0)
        return "no post to fill";
    if (!planned)
        return say_count(page, place->openings, "post to fill", "posts to fill");
    return page_words(page, "%s of %s filled", say_number(page, place->filled), say_number(page, place->openings));
}

/* Those without posts first, the open ones last and so on top. */
static void put_marks(struct page *page, const struct places *places, bool planned, const struct frame *frame)
{
    static const enum place_state order[] = {PLACE_NO_POST, PLACE_FULL, PLACE_PART, PLACE_OPEN};
    for (size_t pass = 0; pass < sizeof order / sizeof *order; pass++)
        for (size_t i = 0; i < places->n; i++) {
            const struct place *place = &places->at[i];
            if (!place->located || place_state(place) != order[pass] || in_capital(place) != (frame == &capital))
                continue;
            put(page, "<g><title>%s: %s</title>", place->name, state_words(page, place, planned));
            put_mark(page, place, planned, across(frame, place->longitude), down(frame, place->latitude), 6.5);
            put(page, "</g>");
        }
}

static void put_half(struct page *page)
{
    put(page, "<defs><linearGradient id=\"half\"><stop offset=\"0.5\" class=\"wm-half__on\"/>"
              "<stop offset=\"0.5\" class=\"wm-half__off\"/></linearGradient></defs>");
}

void map_draw(struct page *page, const struct places *places, bool planned)
{
    put(page,
        "<svg class=\"wm-map\" viewBox=\"0 0 %d %d\" aria-hidden=\"true\" focusable=\"false\">"
        "<title>Map of England</title><desc>Each mark is an organisation. The list beside the map says the same in "
        "words."
        "</desc>",
        MAP_WIDTH, MAP_HEIGHT);
    put_half(page);
    put_land(page, coast, sizeof coast / sizeof *coast);
    put_land(page, wight, sizeof wight / sizeof *wight);
    put(page, "<rect class=\"wm-map__frame\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>",
        across(&whole, -0.52), down(&whole, 51.70), CAPITAL_WIDTH / 5.0, CAPITAL_HEIGHT / 5.0);
    put_marks(page, places, planned, &whole);
    put(page,
        "<rect class=\"wm-map__inset\" x=\"%.1f\" y=\"%.1f\" width=\"%d\" height=\"%d\" rx=\"4\"/>"
        "<text class=\"wm-map__text\" x=\"%.1f\" y=\"%.1f\">London, enlarged</text>",
        capital.x, capital.y, CAPITAL_WIDTH, CAPITAL_HEIGHT, capital.x, capital.y - 10);
    put_marks(page, places, planned, &capital);
    put(page, "</svg>");
}

void map_mark(struct page *page, const struct place *place, bool planned)
{
    put(page, "<svg class=\"wm-mark-alone\" viewBox=\"-11 -11 22 22\" aria-hidden=\"true\" focusable=\"false\">");
    put_mark(page, place, planned, 0, 0, 6.5);
    put(page, "</svg>");
}

static void put_key(struct page *page, const struct place *place, bool planned, const char *text)
{
    put(page, "<li>");
    map_mark(page, place, planned);
    put(page, "%s</li>", text);
}

void map_legend(struct page *page, bool planned)
{
    put(page,
        "<div class=\"wm-legend\"><p class=\"wm-legend__name\">Shape: oversight segment (5 is most challenged)</p>"
        "<ul class=\"wm-legend__list\">");
    for (int segment = 1; segment <= 5; segment++) {
        struct place place = {.segment = segment, .openings = 1, .filled = 1};
        put_key(page, &place, true, page_words(page, "%d", segment));
    }
    struct place place = {.segment = 0, .openings = 1, .filled = 1};
    put_key(page, &place, true, "none");
    put(page, "</ul>");
    if (planned) {
        static const char *const words[] = {"all filled", "some filled", "none filled", "no post"};
        put(page, "<p class=\"wm-legend__name\">Fill: posts filled by the plan</p><ul class=\"wm-legend__list\">");
        for (int i = 0; i < 4; i++) {
            struct place shown = {.segment = 3, .openings = i == 3 ? 0 : 2, .filled = i == 3 ? 0 : 2 - i};
            put_key(page, &shown, true, words[i]);
        }
        put(page, "</ul>");
    }
    put(page, "</div>");
}

/* ---- Tiles ---- */

void tiles_draw(struct page *page, const struct region *regions, size_t n, bool planned)
{
    /* Where each of NHS England's regions stands in the grid; a region that is not one of them comes after. */
    static const char *const stands[][2] = {
        {"North West", "nw"}, {"North East and Yorkshire", "ne"},
        {"Midlands", "mi"},   {"East of England", "ee"},
        {"South West", "sw"}, {"London", "lo"},
        {"South East", "se"},
    };
    put(page, "<ul class=\"wm-tiles\">");
    for (size_t i = 0; i < n; i++) {
        const char *stand = "other";
        for (size_t j = 0; j < sizeof stands / sizeof *stands; j++)
            if (strcmp(stands[j][0], regions[i].name) == 0)
                stand = stands[j][1];
        put(page, "<li class=\"wm-tile wm-tile--%s\"><a class=\"wm-tile__name\" href=\"/posts?region=%s\">%s</a>",
            stand, say_url(page, regions[i].name), regions[i].name);
        if (planned && regions[i].openings == 0) {
            put(page, "<span class=\"wm-tile__value\"><span class=\"wm-tile__of\">No post in the plan</span></span>");
        } else if (planned) {
            put(page, "<span class=\"wm-tile__value\">%s <span class=\"wm-tile__of\">of %s filled</span></span>",
                say_number(page, regions[i].filled), say_number(page, regions[i].openings));
            bar(page, regions[i].openings ? (double)regions[i].filled / (double)regions[i].openings : 0, "fill");
        } else {
            put(page, "<span class=\"wm-tile__value\">%s <span class=\"wm-tile__of\">to fill</span></span>",
                say_number(page, regions[i].openings));
        }
        put(page, "</li>");
    }
    put(page, "</ul>");
}
