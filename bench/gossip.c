/* bench/gossip.c - what does a message of a topic cost whoever passes it on?
 *
 *     gossip_bench alone COUNT BYTES     the rules and the queues alone: RPCs in memory, peers that
 *                                        take all; beside it the bare check of a signature
 *     gossip_bench relay                 a node: prints its address; for each line of input what it
 *                                        heard and passed on, and its CPU seconds
 *     gossip_bench drive ADDRESS COUNT BYTES RATE
 *                                        says so many messages to it, RATE a second (0: as fast as
 *                                        it takes them), and reads what it passes on to five others
 *
 * bench/gossip runs them. */
#include "host/gossip/gossip.h"
#include "base/mem.h"
#include "crypto/ed25519.h"
#include "host/gossip/gossip_out.h"
#include "net/uv/uv_loop.h"
#include "support/sybil.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { PEERS = GOSSIP_D, ROUND = 64, WAITING_MAX = 256 << 10, QUIET_TURNS = 2000 };
static const char TOPIC[] = "news";

static double cpu_s(void)
{
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
           (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

static struct cur text(const char *s)
{
    return cur_of(s, strlen(s));
}

static struct keys *new_keys(struct loop *loop)
{
    uint8_t entropy[16];
    loop_random(loop, entropy, sizeof entropy);
    return keys_of_entropy(entropy, sizeof entropy);
}

/* --- alone ---------------------------------------------------------------------------------- */

struct alone {
    struct loop *loop;
    struct gossip_state *state;
    struct gossip_peer *peer[PEERS];
    struct gossip_out *out[PEERS];
    struct conn sink[PEERS];
    uint64_t taken;
    size_t left;
    struct buf *rpcs;
};

static ssize_t sink_recv(struct conn *c, void *to, size_t n)
{
    (void)c, (void)to, (void)n;
    return CONN_AGAIN;
}

static ssize_t sink_sendv(struct conn *c, const struct iovec *iov, int count)
{
    size_t n = 0;
    (void)c;
    for (int i = 0; i < count; i++)
        n += iov[i].iov_len;
    return (ssize_t)n;
}

static void sink_close(struct conn *c)
{
    (void)c;
}

static const struct conn_ops sink_ops = {
    .name = "sink", .recv = sink_recv, .sendv = sink_sendv, .close = sink_close};

static bool out_wants(void *arg, const struct gossip_held *m)
{
    (void)arg, (void)m;
    return true;
}

static void out_lost(void *arg, const struct why *why)
{
    (void)arg, (void)why;
}

static void on_act(void *arg, const struct gossip_action *a)
{
    struct alone *b = arg;
    (void)arg;
    b->taken += a->act == GOSSIP_SAY_MESSAGE;
    gossip_out_act(gossip_peer_owner(a->to), a);
}

static void hear(struct alone *b, unsigned from, struct cur bytes)
{
    struct gossip_rpc rpc;
    struct gossip_item it;
    struct gossip_author author;
    struct gossip_held *held;
    uint64_t now = loop_now_us(b->loop);
    if (gossip_rpc_open(&rpc, bytes, NULL) != OK)
        exit(1);
    while (gossip_rpc_next(&rpc, &it))
        if (it.kind != GOSSIP_MESSAGE)
            gossip_state_hear(b->state, b->peer[from], &it, now);
        else if (gossip_state_take(b->state, b->peer[from], &it.msg, now, &author, &held) ==
                 GOSSIP_NEW)
            gossip_state_judge(b->state, b->peer[from], held, GOSSIP_ACCEPT, now);
}

static void alone_open(struct alone *b, const struct keys *keys)
{
    struct gossip_state_cfg cfg = {
        .seed = 1, .weights = &gossip_weights_lab, .act = on_act, .arg = b};
    struct gossip_out_cfg oc = {.loop = b->loop, .wants = out_wants, .lost = out_lost, .arg = b};
    struct why why;
    (void)keys;
    b->state = gossip_state_new(&cfg);
    if (gossip_state_join(b->state, text(TOPIC), loop_now_us(b->loop), &why) != OK)
        exit(1);
    for (unsigned i = 0; i < PEERS; i++) {
        struct buf rpc = {0}, control = {0};
        b->sink[i] = (struct conn){.ops = &sink_ops, .loop = b->loop};
        b->out[i] = gossip_out_new(&oc);
        gossip_out_stream(b->out[i], &b->sink[i]);
        struct gossip_peer_cfg pc = {.version = GOSSIP_V12, .owner = b->out[i]};
        pc.id = (struct peer_id){.len = 4, .bytes = {0x12, 2, 1, (uint8_t)i}};
        b->peer[i] = gossip_peer_here(b->state, &pc, loop_now_us(b->loop));
        gossip_put_sub(&rpc, text(TOPIC), true);
        gossip_put_graft(&control, text(TOPIC));
        gossip_put_control(&rpc, &control);
        hear(b, i, buf_cur(&rpc));
        buf_done(&rpc);
        buf_done(&control);
    }
}

/* A turn's worth: each message by one peer, and what is passed on goes out in the next turn. */
static void on_turn(void *arg)
{
    struct alone *b = arg;
    for (unsigned i = 0; i < ROUND && b->left > 0; i++) {
        b->left--;
        hear(b, (unsigned)(b->left % PEERS), buf_cur(&b->rpcs[b->left]));
    }
    if (b->left > 0)
        timer_start(b->loop, 0, on_turn, b);
    else
        uv_loop_stop(b->loop);
}

static double bare_us(const struct buf *rpcs, size_t n, const struct keys *keys)
{
    uint8_t sig[ED25519_SIG_LEN];
    keys_sign(keys, buf_bytes(&rpcs[0]), buf_len(&rpcs[0]), sig);
    double began = cpu_s();
    for (size_t i = 0; i < n; i++)
        if (!ed25519_verify(keys_peer_public(keys), buf_bytes(&rpcs[0]), buf_len(&rpcs[0]), sig))
            exit(1);
    return (cpu_s() - began) / (double)n * 1e6;
}

static void alone(struct loop *loop, size_t count, size_t bytes)
{
    struct alone b = {.loop = loop};
    struct keys *keys = new_keys(loop);
    struct peer_id id;
    struct pubkey key;
    uint8_t *data = mem_zalloc(bytes + 1);
    pubkey_of_ed25519(&key, keys_peer_public(keys));
    peer_id_of_key(&key, &id);
    b.rpcs = mem_array(count, sizeof *b.rpcs);
    for (size_t i = 0; i < count; i++) {
        struct buf m = {0};
        gossip_sign(keys, &id, i + 1, text(TOPIC), cur_of(data, bytes), &m);
        gossip_put_msg(&b.rpcs[i], buf_cur(&m));
        buf_done(&m);
    }
    alone_open(&b, keys);
    double before_us = bare_us(b.rpcs, count, keys);
    b.left = count;
    double began = cpu_s();
    timer_start(loop, 0, on_turn, &b);
    uv_loop_run(loop);
    double new_us = (cpu_s() - began) / (double)count * 1e6;
    size_t again = count < GOSSIP_SEEN_MAX / 2 ? count : GOSSIP_SEEN_MAX / 2;
    began = cpu_s();
    for (unsigned from = 1; from < PEERS; from++) /* the last ones, from all others */
        for (size_t i = 0; i < again; i++)
            hear(&b, (unsigned)((i + from) % PEERS), buf_cur(&b.rpcs[i]));
    double again_us = (cpu_s() - began) / (double)(again * (PEERS - 1)) * 1e6;
    double after_us = bare_us(b.rpcs, count, keys);
    printf("{\"verify_us\": %.2f, \"message_us\": %.2f, \"again_us\": %.3f, \"passed\": %.2f}\n",
           (before_us + after_us) / 2, new_us, again_us, (double)b.taken / (double)count);
}

/* --- whole ---------------------------------------------------------------------------------- */

static struct host *new_host(struct loop *loop, const struct keys *keys, const char *listen)
{
    struct multiaddr at;
    struct why why;
    struct host_cfg cfg = {.loop = loop,
                           .keys = keys,
                           .agent = "shoal/bench",
                           .listen = &at,
                           .listen_count = listen != NULL,
                           .lab = true};
    if (listen && multiaddr_parse(&at, listen, &why) != OK)
        exit(2);
    struct host *h = host_new(&cfg, &why);
    if (!h) {
        fprintf(stderr, "%s\n", why.text);
        exit(1);
    }
    return h;
}

static enum gossip_verdict on_news(void *arg, const struct gossip_news *n)
{
    (void)arg, (void)n;
    return GOSSIP_ACCEPT;
}

static bool asked(void *arg)
{
    (void)arg;
    return false;
}

static void relay(struct loop *loop)
{
    char line[64], at_text[MULTIADDR_TEXT];
    struct keys *keys = new_keys(loop);
    struct host *h = new_host(loop, keys, "/ip4/127.0.0.1/tcp/0");
    struct gossip_cfg cfg = {.host = h, .keys = keys, .lab = true};
    struct gossip *g = gossip_new(&cfg);
    struct multiaddr at;
    struct why why;
    if (!gossip_subscribe(g, TOPIC, on_news, NULL, &why))
        exit(1);
    host_listening(h, &at, 1);
    if (multiaddr_add_peer(&at, host_id(h)) != OK)
        exit(1);
    printf("%s\n", multiaddr_format(&at, at_text));
    fflush(stdout);
    (void)line;
    for (;;) {
        uv_loop_run_until(loop, asked, NULL, 100 * MSEC);
        struct gossip_stat s = gossip_stat(g);
        printf("{\"heard\": %llu, \"passed\": %llu, \"mesh\": %zu, \"cpu_s\": %.4f}\n",
               (unsigned long long)s.heard, (unsigned long long)s.passed,
               gossip_mesh(g, TOPIC, NULL, 0), cpu_s());
        fflush(stdout);
    }
}

struct drive {
    struct loop *loop;
    struct gossip *gossip;
    uint8_t *data;
    size_t bytes, left;
    uint64_t rate, began_us, said;
};

static void on_drive(void *arg)
{
    struct drive *d = arg;
    struct why why;
    size_t peers;
    uint64_t due = d->rate ? (loop_now_us(d->loop) - d->began_us) * d->rate / SEC : UINT64_MAX;
    for (unsigned n = 0;
         d->left > 0 && d->said < due && n < ROUND && gossip_waiting(d->gossip) < WAITING_MAX;
         n++) {
        if (gossip_publish(d->gossip, TOPIC, cur_of(d->data, d->bytes), &peers, &why) != OK)
            exit(1);
        d->left--;
        d->said++;
    }
    if (d->left > 0 || gossip_waiting(d->gossip) > 0)
        timer_start(d->loop, d->rate ? MSEC : 0, on_drive, d);
    else
        uv_loop_stop(d->loop);
}

static void ignore(void *arg, const struct peer_id *peer, const struct why *why)
{
    (void)arg, (void)peer, (void)why;
}

static bool never(void *arg)
{
    (void)arg;
    return false;
}

static void drive(struct loop *loop, const char *address, size_t count, size_t bytes, uint64_t rate)
{
    struct multiaddr to;
    struct why why;
    struct keys *keys = new_keys(loop);
    struct host *h = new_host(loop, keys, NULL);
    struct gossip_cfg cfg = {.host = h, .keys = keys, .lab = true};
    struct drive d = {.loop = loop, .left = count, .bytes = bytes, .rate = rate};
    if (multiaddr_parse(&to, address, &why) != OK)
        exit(2);
    d.gossip = gossip_new(&cfg);
    d.data = mem_zalloc(bytes + 1);
    host_dial(h, NULL, &to, 1, ignore, NULL);
    for (unsigned i = 1; i < PEERS; i++) {
        struct host *reads = new_host(loop, new_keys(loop), NULL);
        sybil_new(reads, TOPIC, SYBIL_SILENT);
        host_dial(reads, NULL, &to, 1, ignore, NULL);
    }
    (void)uv_loop_run_until(loop, never, NULL, 3 * SEC); /* they know each other */
    printf("{\"ready\": true}\n");
    fflush(stdout);
    (void)getchar();
    d.began_us = loop_now_us(loop);
    timer_start(loop, 0, on_drive, &d);
    uv_loop_run(loop);
    (void)uv_loop_run_until(loop, never, NULL, SEC);
    printf("{\"said\": %llu}\n", (unsigned long long)d.said);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    struct loop *loop = uv_loop_open(NULL);
    if (argc == 4 && strcmp(argv[1], "alone") == 0)
        alone(loop, strtoul(argv[2], NULL, 10), strtoul(argv[3], NULL, 10));
    else if (argc == 2 && strcmp(argv[1], "relay") == 0)
        relay(loop);
    else if (argc == 6 && strcmp(argv[1], "drive") == 0)
        drive(loop, argv[2], strtoul(argv[3], NULL, 10), strtoul(argv[4], NULL, 10),
              strtoull(argv[5], NULL, 10));
    else
        return 2;
    _exit(fflush(stdout)); /* what is there is the system's */
}
