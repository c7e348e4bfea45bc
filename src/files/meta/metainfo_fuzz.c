/* What is taken for a torrent is whole: its files lie one after the other and add up, and each path
 * can be created below a folder without leaving it and without meeting another. */
#include "files/meta/metainfo.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "files/meta/metainfo_v2.h"

#include <string.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void demand(bool holds)
{
    if (!holds)
        abort();
}

static void check_path(const char *path)
{
    demand(strlen(path) <= MI_PATH_MAX && utf8_valid(path, strlen(path)));
    for (const char *part = path;; part++) {
        size_t n = strcspn(part, "/");
        demand(n > 0 && n <= 255);
        demand(!(n <= 2 && strncmp(part, "..", n) == 0));
        for (size_t i = 0; i < n; i++)
            demand((unsigned char)part[i] >= ' ' && part[i] != '\\');
        part += n;
        if (*part == '\0')
            return;
    }
}

static void check_apart(const struct mi_file *a, const struct mi_file *b)
{
    size_t n = strlen(a->path);
    demand(strncasecmp(a->path, b->path, n) != 0 || (b->path[n] != '\0' && b->path[n] != '/'));
}

static void check_files(const struct metainfo *mi)
{
    uint64_t total = 0;
    for (size_t i = 0; i < mi->file_count; i++) {
        demand(mi->files[i].offset == total);
        total += mi->files[i].len;
        check_path(mi->files[i].path);
    }
    demand(total == mi->total && total > 0);
    demand(mi->piece_count > 0 && metainfo_piece_len(mi, mi->piece_count - 1) <= mi->piece_len);
    uint64_t pieces = 0;
    for (uint32_t p = 0; p < mi->piece_count; p++) {
        uint32_t len = metainfo_piece_len(mi, p);
        demand(len > 0 && len <= metainfo_piece_span(mi, p));
        pieces += len;
    }
    demand(pieces == (mi->v2 ? mi->payload : mi->total));
    for (size_t i = 0; i < mi->file_count && mi->file_count < 200; i++)
        for (size_t k = 0; k < mi->file_count; k++)
            if (i != k && !mi->files[i].pad && !mi->files[k].pad)
                check_apart(&mi->files[i], &mi->files[k]);
}

static void check_rewritten(const struct metainfo *mi)
{
    struct buf b = {0}, layers = {0};
    if (mi->v2)
        mi_v2_put_layers(&layers, mi);
    metainfo_put(&b, mi, buf_cur(&layers));
    struct metainfo *again = metainfo_parse(buf_cur(&b), NULL);
    demand(again && infohash_same(&again->hash, &mi->hash));
    demand(!mi->v2 == !again->v2 && (!mi->v2 || mi->v2->missing == again->v2->missing));
    demand(again->tracker_count == mi->tracker_count);
    demand(again->web_seed_count == mi->web_seed_count);
    demand(again->http_seed_count == mi->http_seed_count);
    demand(strcmp(again->comment, mi->comment) == 0 && again->created_s == mi->created_s);
    metainfo_free(again);
    buf_done(&layers);
    buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct why why = {0};
    struct metainfo *mi = metainfo_parse(cur_of(bytes, n), &why);
    if (mi) {
        check_files(mi);
        check_rewritten(mi);
    } else {
        demand(why.text[0] != '\0'); /* a refusal without a reason is a bug too */
    }
    metainfo_free(mi);
    return 0;
}
