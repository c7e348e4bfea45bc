/* Any body gets exactly one reply with a result, and nothing is left over. */
#include "api/transmission.h"

#include "api/fake_files_test.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void on_reply(void *arg, json_t *reply)
{
    unsigned *replies = arg;
    (*replies)++;
    if (!json_is_string(json_object_get(reply, "result")) ||
        !json_is_object(json_object_get(reply, "arguments")))
        abort();
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
    struct transmission *t = transmission_new(&loop, vfs, routes, "9.9", "/d");
    unsigned replies = 0;
    struct rpc *r = transmission_ask(t, cur_of(bytes, n), on_reply, &replies);
    if (r || replies != 1)
        abort();
    transmission_free(t);
    routes_free(routes);
    vfs_free(vfs);
    json_decref(files.rows);
    return 0;
}
