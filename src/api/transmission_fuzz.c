/* Any body gets exactly one reply, or is waited for, and nothing is left over. */
#include "api/transmission.h"

#include "api/fake_files_test.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void on_reply(void *arg, const char *reply, size_t n)
{
    unsigned *replies = arg;
    (*replies)++;
    if (!reply)
        return;
    json_t *j = json_loadb(reply, n, JSON_REJECT_DUPLICATES, NULL);
    if (!j) /* an array or an object, and nothing else */
        abort();
    json_decref(j);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct loop loop;
    struct fake_files files;
    struct why why;
    fake_init(&loop);
    fake_files_init(&files);
    struct vfs *vfs = vfs_mem_new();
    struct api_app app = {fake_files_methods, &files};
    struct routes *routes = routes_new(&app, 1, &why);
    struct transmission_cfg cfg = {
        .loop = &loop, .vfs = vfs, .routes = routes, .version = "9.9", .download_dir = "/d"};
    struct transmission *t = transmission_new(&cfg);
    unsigned replies = 0;
    struct ask *a = transmission_ask(t, cur_of(bytes, n), on_reply, &replies);
    if (replies != (a ? 0 : 1)) /* later: a .torrent is fetched or read */
        abort();
    fake_run_for(&loop, SEC);
    if (replies != 1)
        abort();
    transmission_free(t);
    routes_free(routes);
    vfs_free(vfs);
    fake_files_done(&files);
    return 0;
}
