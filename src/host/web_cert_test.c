#include "host/web_cert.h"

#include "base/mem.h"
#include "base/test.h"
#include "crypto/openssl.h"
#include "net/tls.h"
#include "sim/sim.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

struct kit {
    struct sim *sim;
    struct loop *loop;
    struct vfs *vfs;
    struct web_cert *cert;
};

static void put(struct kit *k, const char *path, BIO *pem)
{
    char text[4000];
    struct why why;
    int n = BIO_read(pem, text, sizeof text);
    assert_true(n > 0);
    assert_int_equal(vfs_replace(k->vfs, path, text, (size_t)n, 0, &why), OK);
    BIO_free(pem);
}

/* A new key and a certificate that vouches for itself; NULL: that file stays. */
static void put_pair(struct kit *k, const char *cert, const char *key_path)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    BIO *pem = BIO_new(BIO_s_mem());
    X509_set_version(x, X509_VERSION_3);
    X509_gmtime_adj(X509_getm_notBefore(x), 0);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_set_pubkey(x, key);
    X509_sign(x, key, EVP_sha256());
    PEM_write_bio_X509(pem, x);
    if (cert)
        put(k, cert, pem);
    else
        BIO_free(pem);
    pem = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(pem, key, NULL, NULL, 0, NULL, NULL);
    if (key_path)
        put(k, key_path, pem);
    else
        BIO_free(pem);
    X509_free(x);
    EVP_PKEY_free(key);
}

static struct web_cert *open_cert(struct kit *k, struct why *why)
{
    return k->cert = web_cert_open(k->loop, NULL, k->vfs, "/cert.pem", "/key.pem", why);
}

static int open_kit(void **state)
{
    struct kit *k = *state = mem_zalloc(sizeof *k);
    k->sim = sim_new(1);
    k->loop =
        sim_node_loop(sim_node_add(k->sim, "ann", addr_v4(10, 0, 0, 1, 0), (struct sim_link){0}));
    k->vfs = vfs_mem_new();
    put_pair(k, "/cert.pem", "/key.pem");
    return 0;
}

static int close_kit(void **state)
{
    struct kit *k = *state;
    web_cert_close(k->cert);
    vfs_free(k->vfs);
    sim_free(k->sim);
    free(k);
    return 0;
}

static void a_renewed_certificate_is_in_force_soon(void **state)
{
    struct kit *k = *state;
    struct why why;
    assert_non_null(open_cert(k, &why));
    const struct tls *first = web_cert_tls(k->cert);
    sim_run_for(k->sim, 3 * WEB_CERT_LOOK_US);
    assert_ptr_equal(web_cert_tls(k->cert), first);
    put_pair(k, "/cert.pem", "/key.pem");
    sim_run_for(k->sim, WEB_CERT_LOOK_US);
    assert_ptr_not_equal(web_cert_tls(k->cert), first);
}

static void while_the_files_do_not_fit_the_old_one_stays(void **state)
{
    struct kit *k = *state;
    struct why why;
    assert_non_null(open_cert(k, &why));
    const struct tls *first = web_cert_tls(k->cert);
    put_pair(k, "/cert.pem", NULL);
    sim_run_for(k->sim, WEB_CERT_LOOK_US);
    assert_ptr_equal(web_cert_tls(k->cert), first);
    assert_int_equal(vfs_unlink(k->vfs, "/key.pem", &why), OK);
    sim_run_for(k->sim, WEB_CERT_LOOK_US);
    assert_ptr_equal(web_cert_tls(k->cert), first);
    put_pair(k, "/cert.pem", "/key.pem");
    sim_run_for(k->sim, WEB_CERT_LOOK_US);
    assert_ptr_not_equal(web_cert_tls(k->cert), first);
}

static void what_is_wrong_is_said_with_the_files_name(void **state)
{
    struct kit *k = *state;
    struct why why;
    put_pair(k, "/cert.pem", NULL);
    assert_null(open_cert(k, &why));
    assert_non_null(strstr(why.text, "/cert.pem with /key.pem"));
    assert_int_equal(vfs_replace(k->vfs, "/cert.pem", "no certificate", 14, 0, &why), OK);
    assert_null(open_cert(k, &why));
    assert_non_null(strstr(why.text, "/cert.pem"));
    assert_int_equal(vfs_unlink(k->vfs, "/cert.pem", &why), OK);
    assert_null(open_cert(k, &why));
    assert_non_null(strstr(why.text, "/cert.pem"));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_kit, close_kit)
    const struct CMUnitTest tests[] = {
        CASE(a_renewed_certificate_is_in_force_soon),
        CASE(while_the_files_do_not_fit_the_old_one_stays),
        CASE(what_is_wrong_is_said_with_the_files_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
