/* net/tls.h over real TCP: all that conn.h promises, and what only TLS has. */
#include "net/conn_test.h"

#include "base/mem.h"
#include "crypto/openssl.h"
#include "net/tls.h"
#include "net/uv/uv_loop.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

enum { LIMIT_US = 60 * 1000000 };

/* A certificate that vouches for itself, and its key. */
struct identity {
    char cert[2000], key[1000];
};

static void pem_text(BIO *pem, char *text, size_t cap)
{
    int n = BIO_read(pem, text, (int)cap - 1);
    assert_true(n > 0);
    text[n] = '\0';
    BIO_free(pem);
}

/* names: as in "DNS:shoal.test, IP:127.0.0.2"; days: until it expires. */
static void make_identity(struct identity *id, const char *names, int days)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    X509_set_version(x, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -10L * 24 * 3600);
    X509_gmtime_adj(X509_getm_notAfter(x), days * 24L * 3600);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               (const unsigned char *)"test", -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(x));
    X509_set_pubkey(x, key);
    X509_EXTENSION *san = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);
    X509_add_ext(x, san, -1);
    X509_sign(x, key, EVP_sha256());
    BIO *pem = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(pem, x);
    pem_text(pem, id->cert, sizeof id->cert);
    pem = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(pem, key, NULL, NULL, 0, NULL, NULL);
    pem_text(pem, id->key, sizeof id->key);
    X509_EXTENSION_free(san);
    X509_free(x);
    EVP_PKEY_free(key);
}

struct tls_world {
    struct world world;
    struct identity id;
    struct tls *client, *server;
    const char *host;       /* whom the client believes to dial */
    bool equal;             /* both sides have a tls_new_equal() */
    const char *refusal[2]; /* of equals: what the client's judge and the server's says, or NULL */
};

struct judge {
    struct tls_judge base;
    const char *refusal;
};

static bool run(struct world *w, bool (*until)(void *), void *arg)
{
    return uv_loop_run_until(w->a, until, arg, LIMIT_US);
}

static enum err judge_cert(struct tls_judge *base, struct cur cert, struct why *why)
{
    const struct judge *j = (const struct judge *)base;
    const unsigned char *p = cert.p;
    X509 *x = d2i_X509(NULL, &p, (long)cert.n);
    assert_non_null(x);
    assert_ptr_equal(p, cert.p + cert.n);
    X509_free(x);
    return j->refusal ? why_set(why, ERR_DENIED, "%s", j->refusal) : OK;
}

static void judge_free(struct tls_judge *base)
{
    free(base);
}

static struct conn *dress_equal(struct tls_world *t, struct conn *below, bool dialled, conn_cb *cb,
                                void *arg)
{
    struct judge *j = MEM_NEW(struct judge);
    j->base = (struct tls_judge){.judge = judge_cert, .free = judge_free};
    j->refusal = t->refusal[dialled ? 0 : 1];
    struct conn *c = dialled ? tls_dial_equal(t->client, below, &j->base, cb, arg)
                             : tls_accept_equal(t->server, below, &j->base, cb, arg);
    assert_ptr_equal(tls_judge_of(c), j);
    assert_null(tls_judge_of(below));
    return c;
}

static struct conn *dress(struct world *w, struct conn *below, bool dialled, conn_cb *cb, void *arg)
{
    struct tls_world *t = w->priv;
    if (t->equal)
        return dress_equal(t, below, dialled, cb, arg);
    return dialled ? tls_dial(t->client, below, t->host, cb, arg)
                   : tls_accept(t->server, below, cb, arg);
}

static void use_identity(struct tls_world *t, const char *names, int days)
{
    struct why why;
    make_identity(&t->id, names, days);
    tls_free(t->client);
    tls_free(t->server);
    t->client = tls_new_client(t->id.cert, NULL, &why);
    t->server = tls_new_server(t->id.cert, t->id.key, NULL, &why);
    if (!t->client || !t->server)
        fail_msg("%s", why.text);
}

static int open_world(void **state)
{
    struct tls_world *t = MEM_NEW(struct tls_world);
    struct world *w = &t->world;
    w->priv = t;
    w->a = w->b = uv_loop_open(NULL);
    w->at_a = addr_v4(127, 0, 0, 1, 0);
    w->at_b = addr_v4(127, 0, 0, 2, 0);
    w->settle_us = 30 * MSEC;
    w->run = run;
    w->dress = dress;
    t->host = "shoal.test";
    use_identity(t, "DNS:shoal.test", 10);
    *state = w;
    return 0;
}

static struct tls *equal_of(const struct identity *id, const char *const *alpn)
{
    unsigned char *cert = NULL, *key = NULL;
    struct why why;
    BIO *pem = BIO_new_mem_buf(id->cert, -1);
    X509 *x = PEM_read_bio_X509(pem, NULL, NULL, NULL);
    BIO_free(pem);
    pem = BIO_new_mem_buf(id->key, -1);
    EVP_PKEY *pkey = PEM_read_bio_PrivateKey(pem, NULL, NULL, NULL);
    BIO_free(pem);
    int cert_len = i2d_X509(x, &cert), key_len = i2d_PrivateKey(pkey, &key);
    assert_true(cert_len > 0 && key_len > 0);
    struct tls *t =
        tls_new_equal(cur_of(cert, (size_t)cert_len), cur_of(key, (size_t)key_len), alpn, &why);
    if (!t)
        fail_msg("%s", why.text);
    OPENSSL_free(cert);
    OPENSSL_free(key);
    X509_free(x);
    EVP_PKEY_free(pkey);
    return t;
}

static void use_equals(struct tls_world *t, const char *const *client, const char *const *server)
{
    t->equal = true;
    tls_free(t->client);
    tls_free(t->server);
    t->client = equal_of(&t->id, client);
    t->server = equal_of(&t->id, server);
}

static int open_equal_world(void **state)
{
    open_world(state);
    use_equals(((struct world *)*state)->priv, NULL, NULL);
    return 0;
}

static int close_world(void **state)
{
    struct world *w = *state;
    struct tls_world *t = w->priv;
    uv_loop_finish(w->a);
    tls_free(t->client);
    tls_free(t->server);
    free(t);
    return 0;
}

static bool both_are_told(void *arg)
{
    struct pair *p = arg;
    return p->client.seen[CONN_CLOSED] && p->server.seen[CONN_CLOSED];
}

/* The handshake fails, and both ends hear why. */
static void refused_with(struct world *w, enum err code, const char *client_words,
                         const char *server_words)
{
    struct pair p;
    pair_listen(&p, w);
    p.client.to_send = 10;
    pair_dial(&p);
    world_run(w, both_are_told, &p);
    assert_int_equal(p.client.seen[CONN_OPEN] + p.server.seen[CONN_OPEN], 0);
    assert_int_equal(p.server.got, 0);
    assert_int_equal(p.client.why.code, code);
    if (!strstr(p.client.why.text, client_words) || !strstr(p.server.why.text, server_words))
        fail_msg("client: %s; server: %s", p.client.why.text, p.server.why.text);
    pair_close(&p);
}

static void an_unknown_certificate_is_refused_with_words(void **state)
{
    struct world *w = *state;
    struct tls_world *t = w->priv;
    struct why why;
    tls_free(t->client);
    t->client = tls_new_client(NULL, NULL, &why); /* whom the system trusts */
    assert_non_null(t->client);
    refused_with(w, ERR_DENIED, "certificate of shoal.test is refused: self-signed certificate",
                 "alert unknown ca");
}

static void a_certificate_for_another_name_is_refused(void **state)
{
    struct world *w = *state;
    struct tls_world *t = w->priv;
    t->host = "other.test";
    refused_with(w, ERR_DENIED, "hostname mismatch", "alert");
    t->host = "127.0.0.2";
    refused_with(w, ERR_DENIED, "IP address mismatch", "alert");
}

static void a_certificate_past_its_time_is_refused(void **state)
{
    struct world *w = *state;
    use_identity(w->priv, "DNS:shoal.test", -1);
    refused_with(w, ERR_DENIED, "expired", "alert");
}

static void a_certificate_may_be_for_an_address(void **state)
{
    struct world *w = *state;
    struct tls_world *t = w->priv;
    struct pair p;
    use_identity(t, "IP:127.0.0.2", 10);
    t->host = "127.0.0.2";
    pair_open(&p, w);
    char text[120];
    assert_ptr_equal(strstr(conn_describe(p.client.c, text), "tls over tcp to 127.0.0.2:"), text);
    pair_close(&p);
}

static void an_empty_host_fails_later_not_now(void **state)
{
    struct world *w = *state;
    struct tls_world *t = w->priv;
    struct pair p;
    t->host = "";
    pair_listen(&p, w);
    pair_dial(&p);
    world_run(w, end_is_told, &p.client);
    assert_int_equal(p.client.why.code, ERR_INVALID);
    pair_close(&p);
}

static void an_end_without_goodbye_is_a_failure(void **state)
{
    struct world *w = *state;
    struct pair p;
    pair_open(&p, w);
    p.server.to_send = 100;
    end_send(&p.server);
    conn_shut(p.server.c->below); /* as somebody in between could */
    world_run(w, end_is_told, &p.client);
    assert_int_equal(p.client.got, 100);
    assert_false(p.client.ended);
    assert_int_equal(p.client.why.code, ERR_CLOSED);
    assert_non_null(strstr(p.client.why.text, "without a goodbye"));
    pair_close(&p);
}

static void one_flipped_bit_ends_the_connection(void **state)
{
    struct world *w = *state;
    struct pair p;
    pair_open(&p, w);
    conn_send(p.server.c->below, "\x17\x03\x03\x00\x20 this was never encrypted by us..", 37);
    world_run(w, end_is_told, &p.client);
    assert_int_equal(p.client.got, 0);
    assert_int_equal(p.client.why.code, ERR_INVALID);
    world_run(w, end_is_told, &p.server);
    assert_non_null(strstr(p.server.why.text, "bad record mac"));
    pair_close(&p);
}

static void who_does_not_speak_tls_is_refused(void **state)
{
    struct world *w = *state;
    struct pair p;
    pair_listen(&p, w);
    struct addr to = listener_addr(p.listener);
    struct end plain = {.w = w, .close_at = NOT_AT_ALL, .to_send = 1000, .idle = true};
    plain.c = tcp_dial(w->a, &to, NULL, end_event, &plain);
    world_run(w, end_is_told, &p.server);
    assert_int_equal(p.server.why.code, ERR_INVALID);
    conn_close(plain.c);
    pair_close(&p);
}

static void the_application_protocol_is_agreed_on(void **state)
{
    struct world *w = *state;
    struct tls_world *t = w->priv;
    struct pair p;
    struct why why;
    const char *const ours[] = {"h2", "http/1.1", NULL}, *const theirs[] = {"http/1.1", NULL};
    pair_open(&p, w);
    assert_string_equal(tls_alpn(p.client.c), "");
    pair_close(&p);

    tls_free(t->client);
    t->client = tls_new_client(t->id.cert, ours, &why);
    tls_free(t->server);
    t->server = tls_new_server(t->id.cert, t->id.key, theirs, &why);
    pair_open(&p, w);
    assert_string_equal(tls_alpn(p.client.c), "http/1.1");
    assert_string_equal(tls_alpn(p.server.c), "http/1.1");
    pair_close(&p);

    tls_free(t->server);
    t->server = tls_new_server(t->id.cert, t->id.key, (const char *const[]){"ftp", NULL}, &why);
    refused_with(w, ERR_INVALID, "alert no application protocol", "");
}

static void settings_that_cannot_work_have_a_reason(void **state)
{
    struct world *w = *state;
    struct tls_world *t = w->priv;
    struct identity other;
    struct why why = {0};
    const char *const nameless[] = {"", NULL};
    make_identity(&other, "DNS:other.test", 10);
    assert_null(tls_new_server(t->id.cert, other.key, NULL, &why));
    assert_int_equal(why.code, ERR_INVALID);
    assert_non_null(strstr(why.text, "key values mismatch"));
    assert_null(tls_new_server("nothing", t->id.key, NULL, &why));
    assert_null(tls_new_server(t->id.cert, "", NULL, &why));
    assert_null(tls_load_server("/nowhere/cert.pem", "/nowhere/key.pem", NULL, &why));
    assert_non_null(strstr(why.text, "such file"));
    assert_null(tls_new_client("nothing", NULL, &why));
    assert_null(tls_new_client(NULL, nameless, &why));
    assert_int_equal(why.code, ERR_LIMIT);
    tls_free(NULL);
}

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void a_server_reads_its_certificate_from_files(void **state)
{
    struct world *w = *state;
    struct tls_world *t = w->priv;
    struct pair p;
    struct why why;
    char dir[] = "/tmp/shoal-tls-XXXXXX", cert[60], key[60];
    assert_non_null(mkdtemp(dir));
    snprintf(cert, sizeof cert, "%s/cert.pem", dir);
    snprintf(key, sizeof key, "%s/key.pem", dir);
    write_file(cert, t->id.cert);
    write_file(key, t->id.key);
    tls_free(t->server);
    t->server = tls_load_server(cert, key, NULL, &why);
    assert_non_null(t->server);
    unlink(cert);
    unlink(key);
    rmdir(dir);
    pair_open(&p, w);
    pair_close(&p);
}

static bool server_is_told(void *arg)
{
    return ((struct pair *)arg)->server.seen[CONN_CLOSED] > 0;
}

static void equals_are_judged_by_whom_they_meet(void **state)
{
    struct world *w = *state;
    struct tls_world *t = w->priv;
    struct pair p;
    t->refusal[0] = "I do not know it";
    refused_with(w, ERR_DENIED, "I do not know it", "alert");

    /* The client's last message is that with its certificate: it is open before it is judged. */
    t->refusal[0] = NULL;
    t->refusal[1] = "nor do I";
    pair_listen(&p, w);
    p.client.to_send = 10;
    pair_dial(&p);
    world_run(w, both_are_told, &p);
    assert_int_equal(p.server.seen[CONN_OPEN], 0);
    assert_int_equal(p.server.got, 0);
    assert_string_equal(p.server.why.text, "nor do I");
    assert_non_null(strstr(p.client.why.text, "alert"));
    pair_close(&p);
}

static void an_equal_without_a_certificate_is_refused(void **state)
{
    struct world *w = *state;
    struct tls_world *t = w->priv;
    struct pair p;
    struct why why;
    pair_listen(&p, w);
    struct tls *plain = tls_new_client(t->id.cert, NULL, &why);
    struct end them = {.w = w, .close_at = NOT_AT_ALL};
    them.c =
        tls_dial(plain, tcp_dial(w->a, &p.at, NULL, NULL, NULL), "shoal.test", end_event, &them);
    world_run(w, server_is_told, &p);
    assert_non_null(strstr(p.server.why.text, "peer did not return a certificate"));
    conn_close(them.c);
    pair_close(&p);
    tls_free(plain);
}

static void equals_follow_the_clients_order_of_protocols(void **state)
{
    struct world *w = *state;
    struct tls_world *t = w->priv;
    struct pair p;
    use_equals(t, (const char *[]){"a", "b", "c", NULL}, (const char *[]){"c", "b", NULL});
    pair_open(&p, w);
    assert_string_equal(tls_alpn(p.client.c), "b");
    assert_string_equal(tls_alpn(p.server.c), "b");
    pair_close(&p);
    use_equals(t, (const char *[]){"a", NULL}, (const char *[]){"c", "b", NULL});
    refused_with(w, ERR_INVALID, "alert no application protocol", "");
}

#define EQUAL_CHECKS(CASE)                                                                         \
    CASE(equals_are_judged_by_whom_they_meet)                                                      \
    CASE(an_equal_without_a_certificate_is_refused)                                                \
    CASE(equals_follow_the_clients_order_of_protocols)

#define TLS_CHECKS(CASE)                                                                           \
    CASE(an_unknown_certificate_is_refused_with_words)                                             \
    CASE(a_certificate_for_another_name_is_refused)                                                \
    CASE(a_certificate_past_its_time_is_refused)                                                   \
    CASE(a_certificate_may_be_for_an_address)                                                      \
    CASE(an_empty_host_fails_later_not_now)                                                        \
    CASE(an_end_without_goodbye_is_a_failure)                                                      \
    CASE(one_flipped_bit_ends_the_connection)                                                      \
    CASE(who_does_not_speak_tls_is_refused)                                                        \
    CASE(the_application_protocol_is_agreed_on)                                                    \
    CASE(settings_that_cannot_work_have_a_reason)                                                  \
    CASE(a_server_reads_its_certificate_from_files)

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_world, close_world),
#define EQUAL(name) cmocka_unit_test_setup_teardown(name, open_equal_world, close_world),
    const struct CMUnitTest tests[] = {CONN_CHECKS(CASE) TLS_CHECKS(CASE) CONN_CHECKS(EQUAL)
                                           EQUAL_CHECKS(EQUAL)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
