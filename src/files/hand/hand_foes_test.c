/* Nodes that hand files over, among others that lie, guess, or stand between them. */
#include "files/hand/hand_world_test.h"

#include "host/mux/messages.h"

enum { FOES = 10 };

/* A host that speaks the protocol as it likes. */
struct foe {
    struct kit *kit;
    struct sim_node *machine;
    struct keys *keys;
    struct host *host;
    struct hand_code code; /* number 0: it has the words of no code, and says yes to every number */
    struct buf offer, data;
    struct messages *m, *want;
    struct conn *conn; /* what it sends its data on */
    struct cpace_keys run;
    bool shared;
    unsigned tags;            /* that it was sent: guesses at somebody's words */
    const struct peer_id *to; /* it passes everything on to this one, and back */
    struct host_open *open;
    struct messages *onward;
    struct buf first;
};

struct world {
    struct kit k;
    struct foe foes[FOES];
    size_t foe_count;
};

static void foe_done(struct foe *f)
{
    host_open_cancel(f->open);
    messages_free(f->m);
    messages_free(f->want);
    messages_free(f->onward);
    conn_close(f->conn);
    host_free(f->host);
    keys_free(f->keys);
    buf_done(&f->offer);
    buf_done(&f->data);
    buf_done(&f->first);
}

static int open_world(void **state)
{
    struct world *w = *state = MEM_NEW(struct world);
    kit_open(&w->k);
    return 0;
}

static int close_world(void **state)
{
    struct world *w = *state;
    for (size_t i = 0; i < w->foe_count; i++)
        foe_done(&w->foes[i]);
    kit_close(&w->k);
    free(w);
    return 0;
}

/* --- foes ---------------------------------------------------------------------------------------
 */

static void foe_say(struct foe *f, const struct hand_msg *m)
{
    struct buf b = {0};
    hand_msg_put(&b, m);
    assert_int_equal(messages_send(f->m, buf_bytes(&b), buf_len(&b), NULL), OK);
    buf_done(&b);
}

static void foe_share(struct foe *f, const struct hand_msg *m, const struct peer_id *peer)
{
    struct buf channel = {0}, password = {0};
    uint8_t random[CPACE_LEN] = {5};
    struct cpace c;
    hand_channel(&channel, peer, host_id(f->host), m->number);
    hand_password(&password, &f->code);
    struct cpace_common common = {
        .password = buf_cur(&password), .channel = buf_cur(&channel), .session = m->session};
    cpace_begin(&c, &common, false, random);
    foe_say(f, &(struct hand_msg){.share = cur_of(c.share, CPACE_LEN)});
    assert_true(cpace_finish(&c, &common, m->share.p, &f->run));
    buf_done(&channel);
    buf_done(&password);
}

static void on_foe_message(void *arg, enum messages_event ev, struct cur msg, const struct why *why)
{
    struct foe *f = arg;
    struct hand_msg m;
    (void)why;
    if (ev != MESSAGES_ONE) {
        messages_free(f->m);
        f->m = NULL;
        f->shared = false;
        return;
    }
    assert_int_equal(hand_msg_read(&m, msg, NULL), OK);
    if (!f->shared && m.share.p) {
        f->shared = true;
        foe_share(f, &m, host_id(f->kit->host[BOB]));
    } else if (m.tag.p) {
        f->tags++;
        foe_say(f, &(struct hand_msg){.tag = cur_of(f->run.ours, sizeof f->run.ours),
                                      .offer = buf_cur(&f->offer)});
    }
}

static void on_foe_stream(void *arg, const struct host_stream *s)
{
    struct foe *f = arg;
    messages_free(f->m);
    f->shared = false;
    f->m = messages_new(s->conn, HAND_LARGE_MAX, on_foe_message, f);
}

static void on_foe_conn(void *arg, enum conn_event ev, const struct why *why)
{
    struct foe *f = arg;
    (void)why;
    if (ev == CONN_WRITABLE || ev == CONN_OPEN) {
        ssize_t n = conn_send(f->conn, buf_bytes(&f->data), buf_len(&f->data));
        if (n > 0)
            buf_eat(&f->data, (size_t)n);
    }
}

static void on_foe_want(void *arg, enum messages_event ev, struct cur msg, const struct why *why)
{
    struct foe *f = arg;
    struct hand_want w;
    (void)why;
    if (ev == MESSAGES_ONE && hand_want_read(&w, msg, NULL) == OK && w.end == HAND_GOES_ON) {
        f->conn = messages_take(f->want);
        conn_watch(f->conn, on_foe_conn, f);
        on_foe_conn(f, CONN_OPEN, NULL);
    } else {
        messages_free(f->want);
    }
    f->want = NULL;
}

static void on_foe_data(void *arg, const struct host_stream *s)
{
    struct foe *f = arg;
    messages_free(f->want);
    conn_close(f->conn);
    f->conn = NULL;
    f->want = messages_new(s->conn, HAND_SMALL_MAX, on_foe_want, f);
}

static struct foe *foe_new(struct world *w)
{
    struct kit *k = &w->k;
    unsigned i = NODES + (unsigned)w->foe_count;
    struct foe *f = &w->foes[w->foe_count++];
    uint8_t entropy[16] = {(uint8_t)(i + 1)};
    char name[16];
    snprintf(name, sizeof name, "foe%u", i);
    f->kit = k;
    f->machine = sim_node_add(k->sim, name, ip_of(i, 0), line);
    f->keys = keys_of_entropy(entropy, sizeof entropy);
    f->host = host_at(sim_node_loop(f->machine), f->keys, i);
    struct host_protocol ask = {.name = HAND_PROTOCOL, .cb = on_foe_stream, .arg = f};
    struct host_protocol data = {.name = HAND_DATA_PROTOCOL, .cb = on_foe_data, .arg = f};
    host_handle(f->host, &ask);
    host_handle(f->host, &data);
    dial(k, BOB, f->host, i);
    return f;
}

static void foe_offers(struct foe *f, const char *name, uint64_t size)
{
    struct hand_offer *o = hand_offer_new(name, false);
    struct why why;
    assert_int_equal(hand_code_parse(&f->code, "4-tulip-anchor", &why), OK);
    assert_int_equal(hand_offer_add(o, "", size, HAND_FILE, &why), OK);
    assert_int_equal(hand_offer_put(&f->offer, o, &why), OK);
    hand_offer_free(o);
}

static void put_chunk(struct buf *out, const void *bytes, size_t n)
{
    uint8_t hash[SHA256_LEN];
    sha256(bytes, n, hash);
    hand_frame_put_chunk(out, hash);
    buf_put(out, bytes, n);
}

/* What the foe gives is refused, in these words, and nothing of it is there. */
static void ends_with_nothing(struct kit *k, const char *words)
{
    char id[HAND_ID_TEXT];
    receive(k, BOB, "4-tulip-anchor", "/got", id);
    ended_with(k, BOB, id, "invalid", words);
    sim_run_for(k->sim, 5 * SEC);
    assert_true(is_empty(k, BOB, "/got"));
}

static void bytes_that_are_not_their_hash_end_it(void **state)
{
    struct world *w = *state;
    struct foe *f = foe_new(w);
    foe_offers(f, "film.mkv", 5);
    put_chunk(&f->data, "film!", 5);
    buf_bytes(&f->data)[HAND_FRAME_MAX] ^= 1;
    ends_with_nothing(&w->k, "other bytes than its hash");
}

static void a_chunk_past_the_last_ends_it(void **state)
{
    struct world *w = *state;
    struct foe *f = foe_new(w);
    foe_offers(f, "film.mkv", 5);
    put_chunk(&f->data, "film!", 5);
    put_chunk(&f->data, "more", 4);
    ends_with_nothing(&w->k, "more came than was offered");
}

static void a_chunk_longer_than_its_file_is_never_written(void **state)
{
    struct world *w = *state;
    struct foe *f = foe_new(w);
    foe_offers(f, "film.mkv", 5);
    put_chunk(&f->data, "film! and more", 14);
    ends_with_nothing(&w->k, "");
}

static void what_is_no_frame_ends_it(void **state)
{
    struct world *w = *state;
    struct kit *k = &w->k;
    struct foe *f = foe_new(w);
    char id[HAND_ID_TEXT];
    foe_offers(f, "film.mkv", 2 * HAND_CHUNK);
    put_chunk(&f->data, k->film, HAND_CHUNK);
    buf_str(&f->data, "garbage");
    receive(k, BOB, "4-tulip-anchor", "/got", id);
    ended_with(k, BOB, id, "invalid", "no chunk");
}

static void a_name_cannot_lead_out_of_the_folder(void **state)
{
    struct world *w = *state;
    struct kit *k = &w->k;
    struct foe *f = foe_new(w);
    char id[HAND_ID_TEXT], path[256];
    foe_offers(f, "../../etc/passwd", 5);
    put_chunk(&f->data, "root:", 5);
    receive(k, BOB, "4-tulip-anchor", "/got/here", id);
    until(k, BOB, id, "done", 60);
    take_text(show(k, BOB, id), "path", path, sizeof path);
    assert_int_equal(strncmp(path, "/got/here/", 10), 0);
    assert_null(strchr(path + 10, '/'));
    assert_true(node_has(k->n[BOB], path, "root:", 5));
}

/* Who claims every number is given one guess at our words, and all of them together a few. */
static void who_claims_every_number_gets_one_guess(void **state)
{
    struct world *w = *state;
    struct kit *k = &w->k;
    unsigned guesses = 0;
    char id[HAND_ID_TEXT];
    for (int i = 0; i < FOES; i++)
        foe_new(w);
    receive(k, BOB, "4-tulip-anchor", "/got", id);
    ended_with(k, BOB, id, "denied", "the words do not fit");
    for (int i = 0; i < FOES; i++) {
        assert_in_range(w->foes[i].tags, 0, 1);
        guesses += w->foes[i].tags;
    }
    assert_int_equal(guesses, HAND_WRONG_MAX);
}

/* --- somebody between ----------------------------------------------------------------------------
 */

static void on_back(void *arg, enum messages_event ev, struct cur msg, const struct why *why)
{
    struct foe *f = arg;
    (void)why;
    if (ev == MESSAGES_ONE && f->m) {
        assert_int_equal(messages_send(f->m, msg.p, msg.n, NULL), OK);
        return;
    }
    if (ev != MESSAGES_ONE) {
        messages_free(f->onward);
        f->onward = NULL;
    }
}

static void on_forth(void *arg, enum messages_event ev, struct cur msg, const struct why *why)
{
    struct foe *f = arg;
    (void)why;
    if (ev != MESSAGES_ONE) {
        messages_free(f->m);
        f->m = NULL;
    } else if (f->onward) {
        assert_int_equal(messages_send(f->onward, msg.p, msg.n, NULL), OK);
    } else {
        buf_put(&f->first, msg.p, msg.n);
    }
}

static void on_onward(void *arg, const struct host_stream *s, const struct why *why)
{
    struct foe *f = arg;
    (void)why;
    f->open = NULL;
    assert_non_null(s);
    f->onward = messages_new(s->conn, HAND_LARGE_MAX, on_back, f);
    assert_int_equal(messages_send(f->onward, buf_bytes(&f->first), buf_len(&f->first), NULL), OK);
}

static void on_between(void *arg, const struct host_stream *s)
{
    static const char *const protocols[] = {HAND_PROTOCOL};
    struct foe *f = arg;
    f->m = messages_new(s->conn, HAND_LARGE_MAX, on_forth, f);
    f->open = host_open(f->host, f->to, protocols, 1, on_onward, f);
}

/* He passes every message on, and yet neither side takes him for the other. */
static void somebody_between_learns_and_gets_nothing(void **state)
{
    struct world *w = *state;
    struct kit *k = &w->k;
    struct offered o = send_it(k, ANN, "/have/film.mkv");
    char id[HAND_ID_TEXT], name[PEER_ID_FORMAT];
    struct foe *f = foe_new(w);
    f->to = host_id(k->host[ANN]);
    struct multiaddr a;
    struct addr ip = ip_of(ANN, 4001);
    multiaddr_of_addr(&a, &ip, REACH_TCP);
    host_learn(f->host, f->to, &a, 1);
    struct host_protocol between = {.name = HAND_PROTOCOL, .cb = on_between, .arg = f};
    host_ignore(f->host, HAND_PROTOCOL);
    host_handle(f->host, &between);
    json_t *row = node_call(k->n[BOB], "file.receive",
                            json_pack("{s:s, s:s, s:b}", "code", o.code, "from",
                                      peer_id_format(host_id(f->host), name), "accept", 1),
                            NULL);
    take_text(row, "id", id, sizeof id);
    ended_with(k, BOB, id, "denied", "the words do not fit");
    assert_int_equal(show_number(k, ANN, o.id, "guesses"), HAND_GUESSES - 1);
    assert_true(is(k, ANN, o.id, "waiting"));
}

/* --- who asks and goes ---------------------------------------------------------------------------
 */

static void on_asked(void *arg, enum messages_event ev, struct cur msg, const struct why *why)
{
    struct foe *f = arg;
    struct hand_msg m;
    (void)why;
    if (ev == MESSAGES_ONE && hand_msg_read(&m, msg, NULL) == OK)
        f->tags += m.share.p != NULL;
    messages_free(f->onward);
    f->onward = NULL;
}

static void on_ask_stream(void *arg, const struct host_stream *s, const struct why *why)
{
    struct foe *f = arg;
    uint8_t session[HAND_SESSION_LEN] = {1}, random[CPACE_LEN] = {9};
    struct buf b = {0};
    struct cpace c;
    (void)why;
    f->open = NULL;
    assert_non_null(s);
    cpace_begin(&c, &(struct cpace_common){0}, true, random);
    hand_msg_put(&b, &(struct hand_msg){.number = f->code.nameplate,
                                        .session = cur_of(session, sizeof session),
                                        .share = cur_of(c.share, CPACE_LEN)});
    f->onward = messages_new(s->conn, HAND_SMALL_MAX, on_asked, f);
    assert_int_equal(messages_send(f->onward, buf_bytes(&b), buf_len(&b), NULL), OK);
    buf_done(&b);
}

/* He has learnt nothing by it: our share says nothing of the words. */
static void who_leaves_before_he_proves_costs_no_guess(void **state)
{
    static const char *const protocols[] = {HAND_PROTOCOL};
    struct world *w = *state;
    struct kit *k = &w->k;
    struct offered o = send_it(k, ANN, "/have/film.mkv");
    struct foe *f = foe_new(w);
    struct multiaddr a;
    struct addr ip = ip_of(ANN, 4001);
    multiaddr_of_addr(&a, &ip, REACH_TCP);
    host_learn(f->host, host_id(k->host[ANN]), &a, 1);
    f->code.nameplate = number_in(o.code);
    for (unsigned i = 0; i < 2 * HAND_GUESSES; i++) {
        f->open = host_open(f->host, host_id(k->host[ANN]), protocols, 1, on_ask_stream, f);
        sim_run_for(k->sim, 2 * SEC);
    }
    assert_int_equal(f->tags, 2 * HAND_GUESSES); /* shares that it was given */
    assert_int_equal(show_number(k, ANN, o.id, "guesses"), HAND_GUESSES);
}

/* --- many at once --------------------------------------------------------------------------------
 */

enum { RUNS = HAND_GUESSES + 2 };

/* One of many runs that are all open before the first proves. */
struct attempt {
    struct foe *f;
    struct host_open *open;
    struct messages *m;
    struct hand_code code;
    uint8_t session[HAND_SESSION_LEN];
    struct cpace c;
    struct cpace_keys keys;
    bool shared, answered;
    enum hand_said said;
};

static void attempt_common(struct attempt *a, struct cpace_common *out, struct buf *channel,
                           struct buf *password)
{
    hand_channel(channel, host_id(a->f->host), a->f->to, a->code.nameplate);
    hand_password(password, &a->code);
    *out = (struct cpace_common){.password = buf_cur(password),
                                 .channel = buf_cur(channel),
                                 .session = cur_of(a->session, sizeof a->session)};
}

static void attempt_say(struct attempt *a, const struct hand_msg *m)
{
    struct buf b = {0};
    hand_msg_put(&b, m);
    assert_int_equal(messages_send(a->m, buf_bytes(&b), buf_len(&b), NULL), OK);
    buf_done(&b);
}

static void on_attempt(void *arg, enum messages_event ev, struct cur msg, const struct why *why)
{
    struct attempt *a = arg;
    struct hand_msg m;
    struct buf channel = {0}, password = {0};
    struct cpace_common common;
    (void)why;
    if (ev != MESSAGES_ONE)
        return;
    assert_int_equal(hand_msg_read(&m, msg, NULL), OK);
    if (a->shared) {
        a->answered = true;
        a->said = m.said;
        return;
    }
    a->shared = true;
    assert_non_null(m.share.p);
    attempt_common(a, &common, &channel, &password);
    assert_true(cpace_finish(&a->c, &common, m.share.p, &a->keys));
    buf_done(&channel);
    buf_done(&password);
}

static void on_attempt_stream(void *arg, const struct host_stream *s, const struct why *why)
{
    struct attempt *a = arg;
    struct buf channel = {0}, password = {0};
    struct cpace_common common;
    uint8_t random[CPACE_LEN] = {3};
    (void)why;
    a->open = NULL;
    a->m = messages_new(s->conn, HAND_LARGE_MAX, on_attempt, a);
    attempt_common(a, &common, &channel, &password);
    cpace_begin(&a->c, &common, true, random);
    attempt_say(a, &(struct hand_msg){.number = a->code.nameplate,
                                      .session = common.session,
                                      .share = cur_of(a->c.share, CPACE_LEN)});
    buf_done(&channel);
    buf_done(&password);
}

/* The last has the right words, and comes too late: it was let in before the others were counted.
 */
static void guesses_made_at_once_are_counted_one_by_one(void **state)
{
    static const char *const protocols[] = {HAND_PROTOCOL};
    struct world *w = *state;
    struct kit *k = &w->k;
    struct offered o = send_it(k, ANN, "/have/film.mkv");
    struct foe *f = foe_new(w);
    struct attempt runs[RUNS] = {0};
    struct multiaddr at;
    struct addr ip = ip_of(ANN, 4001);
    multiaddr_of_addr(&at, &ip, REACH_TCP);
    f->to = host_id(k->host[ANN]);
    host_learn(f->host, f->to, &at, 1);
    for (int i = 0; i < RUNS; i++) {
        struct attempt *a = &runs[i];
        a->f = f;
        a->session[0] = (uint8_t)i;
        assert_int_equal(hand_code_parse(&a->code, o.code, NULL), OK);
        a->code.first = (uint8_t)(a->code.first + (i < RUNS - 1 ? i + 1 : 0));
        a->open = host_open(f->host, f->to, protocols, 1, on_attempt_stream, a);
    }
    sim_run_for(k->sim, 5 * SEC);
    for (int i = 0; i < RUNS; i++) {
        assert_true(runs[i].shared);
        attempt_say(&runs[i], &(struct hand_msg){.tag = cur_of(runs[i].keys.ours, CPACE_KEY_LEN)});
    }
    sim_run_for(k->sim, 5 * SEC);
    for (int i = 0; i < RUNS; i++) {
        assert_true(runs[i].answered);
        assert_int_equal(runs[i].said, i < HAND_GUESSES ? HAND_WRONG : HAND_NO);
        messages_free(runs[i].m);
    }
    ended_with(k, ANN, o.id, "denied", "wrong words were tried");
}

int main(void)
{
#define WORLD(test) cmocka_unit_test_setup_teardown(test, open_world, close_world)
    const struct CMUnitTest tests[] = {
        WORLD(bytes_that_are_not_their_hash_end_it),
        WORLD(a_chunk_past_the_last_ends_it),
        WORLD(a_chunk_longer_than_its_file_is_never_written),
        WORLD(what_is_no_frame_ends_it),
        WORLD(a_name_cannot_lead_out_of_the_folder),
        WORLD(who_claims_every_number_gets_one_guess),
        WORLD(somebody_between_learns_and_gets_nothing),
        WORLD(who_leaves_before_he_proves_costs_no_guess),
        WORLD(guesses_made_at_once_are_counted_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
