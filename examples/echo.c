/* echo.c - "echo" sends back what comes; "echo ADDRESS LINE" sends a line and prints the answer. */
#include <shoal/host.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct shoal_loop *loop;
static const char *line; /* what we send; NULL: we serve */
struct echo {            /* one stream: what is still to be sent back */
    size_t from, to;
    char bytes[16384];
};
/* Reads only when all that it has read is sent: a slow reader slows down a fast writer. */
static void on_event(void *arg, struct shoal_stream *s, int event, const struct shoal_err *err) {
    struct echo *e = arg;
    ptrdiff_t n = err ? SHOAL_FAILED : event;
    if (err) fprintf(stderr, "%s\n", err->text);
    if (err && line) exit(1);
    while (n > 0) {
        if (e->from < e->to) {
            n = shoal_stream_send(s, e->bytes + e->from, e->to - e->from);
            if (n > 0) e->from += (size_t)n;
        } else if ((n = shoal_stream_recv(s, e->bytes, sizeof e->bytes)) > 0) {
            e->from = line ? fwrite(e->bytes, 1, (size_t)n, stdout) : 0;
            e->to = (size_t)n;
        }
    }
    if (n == SHOAL_AGAIN) return; /* an event comes when it goes on */
    if (n == SHOAL_END) shoal_stream_shut(s);
    shoal_stream_close(s);
    free(e);
    if (line) shoal_loop_stop(loop);
}

static void on_stream(void *arg, struct shoal_stream *s, const struct shoal_err *err) {
    if (err) fprintf(stderr, "%s\n", err->text), exit(1);
    line = arg;
    if (line) shoal_stream_send(s, line, strlen(line)), shoal_stream_shut(s);
    shoal_stream_watch(s, on_event, calloc(1, sizeof(struct echo)));
}

int main(int argc, char **argv) {
    static const char *const protocol = "/echo/1.0.0", *const here = "/ip4/127.0.0.1/tcp/0";
    struct shoal_host_cfg cfg = {.size = sizeof cfg, .listen = &here, .listen_count = argc < 3};
    struct shoal_err err = {0};
    loop = shoal_loop_new();
    struct shoal_host *host = shoal_host_new(loop, &cfg, &err);
    if (host && argc < 3) {
        shoal_host_handle(host, protocol, on_stream, NULL, &err);
        printf("%s\n", shoal_host_address(host, 0));
        fflush(stdout);
    } else if (host) {
        shoal_host_open(host, argv[1], &protocol, 1, on_stream, argv[2], &err);
    }
    if (err.code) fprintf(stderr, "%s\n", err.text);
    else shoal_loop_run(loop);
    shoal_host_free(host);
    shoal_loop_free(loop);
    return err.code;
}
