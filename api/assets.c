/*
 * The bytes of the stylesheet, script and icon, put into the program by the assembler (C11 has no other way that needs
 * no array of numbers). api/web/embed.sh has gathered them and written embedded.h, which says where they are.
 */
#include "assets.h"

#include <embedded.h>
#include <string.h>

#define EMBED(name, file)                                                                           \
    __asm__(".pushsection .rodata\n.globl " #name "\n" #name ":\n.incbin \"" EMBEDDED_FROM "/" file \
            "\"\n.globl " #name "_end\n" #name "_end:\n.byte 0\n.popsection\n");                    \
    extern const char name[], name##_end[];

EMBED(asset_css, "app.css")
EMBED(asset_css_gz, "app.css.gz")
EMBED(asset_js, "app.js")
EMBED(asset_js_gz, "app.js.gz")
EMBED(asset_icon, "icon.svg")
EMBED(asset_icon_gz, "icon.svg.gz")

const char assets_hash[] = EMBEDDED_HASH;
const bool assets_full = EMBEDDED_FULL;

bool asset_find(const char *name, struct asset *out)
{
    const struct {
        const char *name, *type, *at, *end, *gz, *gz_end;
    } all[] = {
        {"app.css", "text/css; charset=utf-8", asset_css, asset_css_end, asset_css_gz, asset_css_gz_end},
        {"app.js", "text/javascript; charset=utf-8", asset_js, asset_js_end, asset_js_gz, asset_js_gz_end},
        {"icon.svg", "image/svg+xml", asset_icon, asset_icon_end, asset_icon_gz, asset_icon_gz_end},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(all[i].name, name) == 0) {
            *out = (struct asset){all[i].type,
                                  {all[i].at, (size_t)(all[i].end - all[i].at)},
                                  {all[i].gz, (size_t)(all[i].gz_end - all[i].gz)}};
            return true;
        }
    return false;
}
