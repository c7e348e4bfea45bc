/* ydoc/shelf/shelf_world_test.h - a shelf in a folder of its own, on a simulated machine, with one
 * document; its texts are those of the root "text". */
#ifndef SHOAL_YDOC_SHELF_SHELF_WORLD_TEST_H
#define SHOAL_YDOC_SHELF_SHELF_WORLD_TEST_H

#include "base/mem.h"
#include "base/test.h"
#include "sim/sim.h"
#include "store/vfs.h"
#include "ydoc/shelf/shelf.h"

#include <stdio.h>
#include <unistd.h>

struct world {
    struct sim *sim;
    struct sim_node *node;
    char root[40], path[64];
    struct db *db;
    struct shelf *shelf;
    struct doc_id id;
    int kept, failed;
    struct why why; /* of the last that failed */
};

static inline struct doc_id an_id(uint8_t seed)
{
    struct doc_id id;
    for (size_t i = 0; i < DOC_ID_LEN; i++)
        id.key[i] = (uint8_t)(seed * 31 + i * 7);
    return id;
}

static inline struct db *open_ok(const char *path)
{
    struct why why;
    struct db *db = db_open(path, shelf_migrations, 1, &why);
    if (!db)
        fail_msg("%s", why.text);
    return db;
}

static inline void open_shelf(struct world *w)
{
    struct shelf_cfg cfg = {.loop = sim_node_loop(w->node), .db = w->db = open_ok(w->path)};
    w->shelf = shelf_new(&cfg);
}

static inline void close_shelf(struct world *w)
{
    shelf_free(w->shelf);
    db_close(w->db);
}

static inline void reopen(struct world *w)
{
    close_shelf(w);
    open_shelf(w);
}

static inline void empty_folder(const char *root)
{
    char **names;
    size_t n;
    assert_int_equal(vfs_list(vfs_os(), root, &names, &n, NULL), OK);
    for (size_t i = 0; i < n; i++) {
        char *path = mem_printf("%s/%s", root, names[i]);
        unlink(path);
        free(path);
    }
    vfs_list_free(names, n);
}

static inline int set_up(void **state)
{
    struct world *w = *state = MEM_NEW(struct world);
    snprintf(w->root, sizeof w->root, "/tmp/shoal-shelf-XXXXXX");
    if (!mkdtemp(w->root))
        return -1;
    snprintf(w->path, sizeof w->path, "%s/docs.db", w->root);
    w->sim = sim_new(1);
    w->node = sim_node_add(w->sim, "ann", addr_v4(10, 0, 0, 1, 0), (struct sim_link){0});
    w->id = an_id(1);
    open_shelf(w);
    return shelf_add(w->shelf, &w->id, "Notes", NULL);
}

static inline int tear_down(void **state)
{
    struct world *w = *state;
    close_shelf(w);
    sim_free(w->sim);
    empty_folder(w->root);
    int r = rmdir(w->root);
    free(w);
    return r;
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

static inline void on_kept(void *arg, const struct why *why)
{
    struct world *w = arg;
    w->kept += !why;
    w->failed += !!why;
    if (why)
        w->why = *why;
}

static inline void append(struct world *w, const struct buf *update, const char *author)
{
    shelf_append(w->shelf, &w->id, buf_cur(update), author, on_kept, w);
}

static inline void write_text(struct ydoc *d, uint64_t at, const char *text, struct buf *update)
{
    ydoc_begin(d);
    assert_int_equal(ytext_insert(d, "text", at, text, strlen(text), NULL, NULL), OK);
    ydoc_commit(d, UPDATE_V1, update);
}

static inline void type_as(struct world *w, struct ydoc *d, uint64_t at, const char *text,
                           const char *author)
{
    struct buf update = {0};
    write_text(d, at, text, &update);
    append(w, &update, author);
    buf_done(&update);
}

static inline void type(struct world *w, struct ydoc *d, uint64_t at, const char *text)
{
    type_as(w, d, at, text, "ann");
}

static inline struct ydoc *load(struct world *w)
{
    struct ydoc *d = ydoc_new(99, true, 1);
    struct why why;
    if (shelf_load(w->shelf, &w->id, d, &why) != OK)
        fail_msg("%s", why.text);
    return d;
}

static inline void reads(struct ydoc *d, const char *want)
{
    struct buf text = {0};
    ydoc_text(d, "text", &text);
    buf_u8(&text, 0);
    assert_string_equal(buf_bytes(&text), want);
    buf_done(&text);
}

static inline void text_is(struct world *w, const char *want)
{
    struct ydoc *d = load(w);
    reads(d, want);
    ydoc_free(d);
}

/* The shelf holds this document, byte for byte. */
static inline void same_as(struct world *w, struct ydoc *want)
{
    struct ydoc *d = load(w);
    struct buf a = {0}, b = {0};
    ydoc_encode(d, UPDATE_V1, NULL, &a);
    ydoc_encode(want, UPDATE_V1, NULL, &b);
    assert_int_equal(buf_len(&a), buf_len(&b));
    assert_memory_equal(buf_bytes(&a), buf_bytes(&b), buf_len(&b));
    buf_done(&a);
    buf_done(&b);
    ydoc_free(d);
}

static inline int64_t number(struct world *w, const char *sql)
{
    struct db_stmt *q = db_prepare(w->db, sql);
    assert_int_equal(db_step(q, NULL), DB_ROW);
    int64_t n = db_int(q, 0);
    db_finish(q);
    return n;
}

#endif
