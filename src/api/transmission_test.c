#include "api/transmission.h"

#include "api/fake_files_test.h"

struct world {
    struct loop loop;
    struct vfs *vfs;
    struct fake_files files;
    struct routes *routes;
    struct transmission *t;
    json_t *reply; /* the last one */
};

static int setup(void **state)
{
    struct world *w = MEM_NEW(struct world);
    struct why why;
    fake_init(&w->loop);
    fake_files_init(&w->files);
    w->vfs = vfs_mem_new();
    struct api_app app = {fake_files_methods, &w->files};
    w->routes = routes_new(&app, 1, &why);
    assert_non_null(w->routes);
    w->t = transmission_new(&w->loop, w->vfs, w->routes, "9.9", "/downloads");
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    transmission_free(w->t);
    routes_free(w->routes);
    json_decref(w->files.rows);
    json_decref(w->reply);
    vfs_free(w->vfs);
    free(w);
    return 0;
}

static void on_reply(void *arg, json_t *reply)
{
    struct world *w = arg;
    json_decref(w->reply);
    w->reply = json_incref(reply);
}

static struct rpc *start(struct world *w, const char *body)
{
    return transmission_ask(w->t, cur_of(body, strlen(body)), on_reply, w);
}

/* Ask with ' for "; the reply's result and arguments must be these. */
static void answers(struct world *w, const char *body, const char *result, const char *arguments)
{
    char *text = mem_strdup(body), *want_text = mem_strdup(arguments);
    for (char *p = text; (p = strchr(p, '\''));)
        *p = '"';
    for (char *p = want_text; (p = strchr(p, '\''));)
        *p = '"';
    assert_null(start(w, text));
    assert_string_equal(json_string_value(json_object_get(w->reply, "result")), result);
    json_t *want = json_loads(want_text, 0, NULL);
    assert_non_null(want);
    const json_t *have = json_object_get(w->reply, "arguments");
    if (!json_equal(have, want)) {
        char *dump = json_dumps(have, JSON_COMPACT);
        print_message("%s: %s\n", body, dump);
        free(dump);
    }
    assert_true(json_equal(have, want));
    json_decref(want);
    free(text);
    free(want_text);
}

static void torrents_are_told_as_objects_and_as_a_table(void **state)
{
    struct world *w = *state;
    answers(w,
            "{'method':'torrent-get','arguments':{'fields':['id','name','status','eta','nonsense',"
            "'id','percentDone','error','errorString','addedDate','totalSize']}}",
            "success",
            "{'torrents':[{'id':1,'name':'one','status':4,'eta':-1,'percentDone':0.25,'error':0,"
            "'errorString':'','addedDate':1767225600,'totalSize':1000},{'id':2,'name':'two',"
            "'status':0,'eta':-1,'percentDone':0.25,'error':0,'errorString':'','addedDate':"
            "1767225600,'totalSize':1000}]}");
    answers(w,
            "{'method':'torrent-get','arguments':{'ids':2,'format':'table','fields':['id',"
            "'rateUpload']}}",
            "success", "{'torrents':[['id','rateUpload'],[2,5]]}");
    answers(w, "{'method':'torrent-get','arguments':{}}", "no fields specified", "{}");
}

static void torrents_are_chosen_by_number_and_by_hash(void **state)
{
    struct world *w = *state;
    const char *const ids[] = {"2", "[2]", "['bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb']",
                               "'BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB'", "[7,2,'x',null]"};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        char *body =
            mem_printf("{'method':'torrent-get','arguments':{'ids':%s,'fields':['name']}}", ids[i]);
        answers(w, body, "success", "{'torrents':[{'name':'two'}]}");
        free(body);
    }
    answers(w, "{'method':'torrent-get','arguments':{'ids':[],'fields':['name']}}", "success",
            "{'torrents':[]}");
}

static void details_come_from_file_show(void **state)
{
    struct world *w = *state;
    answers(w,
            "{'method':'torrent-get','arguments':{'ids':1,'fields':['files','fileStats','wanted',"
            "'pieceCount','uploadLimit','uploadLimited','downloadLimited','peersSendingToUs',"
            "'peersGettingFromUs','trackers','comment','file-count']}}",
            "success",
            "{'torrents':[{'files':[{'name':'n/a','length':600,'bytesCompleted':250},{'name':'n/b',"
            "'length':400,'bytesCompleted':0}],'fileStats':[{'bytesCompleted':250,'wanted':true,"
            "'priority':0},{'bytesCompleted':0,'wanted':true,'priority':0}],'wanted':[1,1],"
            "'pieceCount':4,'uploadLimit':5,'uploadLimited':true,'downloadLimited':false,"
            "'peersSendingToUs':1,'peersGettingFromUs':0,'trackers':[{'id':0,'announce':"
            "'http://t.example/a','scrape':'','tier':0}],'comment':'hello','file-count':2}]}");
    assert_null(start(w, "{\"method\":\"torrent-get\",\"arguments\":{\"fields\":[\"peers\"]}}"));
    const json_t *peer = json_array_get(
        json_object_get(
            json_array_get(json_object_get(json_object_get(w->reply, "arguments"), "torrents"), 0),
            "peers"),
        0);
    assert_string_equal(json_string_value(json_object_get(peer, "address")), "2001:db8::1");
    assert_int_equal(json_integer_value(json_object_get(peer, "port")), 6881);
    assert_string_equal(json_string_value(json_object_get(peer, "flagStr")), "DI");
}

static void a_torrent_is_added_by_link_or_by_its_bytes(void **state)
{
    struct world *w = *state;
    answers(w,
            "{'method':'torrent-add','arguments':{'filename':'magnet:?xt=urn:btih:c','paused':"
            "true,'download-dir':'/x'}}",
            "success",
            "{'torrent-added':{'id':1,'name':'new','hashString':"
            "'cccccccccccccccccccccccccccccccccccccccc'}}");
    assert_string_equal(w->files.last,
                        "file.get {\"dir\":\"/x\",\"link\":\"magnet:?xt=urn:btih:c\","
                        "\"paused\":true}");
    answers(w, "{'method':'torrent-add','arguments':{'metainfo':'ZGU='}}", "success",
            "{'torrent-duplicate':{'id':1,'name':'new','hashString':"
            "'cccccccccccccccccccccccccccccccccccccccc'}}");
    assert_string_equal(w->files.last, "file.get {\"torrent\":\"ZGU=\"}");
}

static void files_and_addresses_are_not_fetched_for_a_client(void **state)
{
    struct world *w = *state;
    const char *const links[] = {"/etc/passwd", "http://127.0.0.1:9/x", "file:///etc/passwd", ""};
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        char *body = mem_printf("{\"method\":\"torrent-add\",\"arguments\":{\"filename\":\"%s\"}}",
                                links[i]);
        assert_null(start(w, body));
        const char *result = json_string_value(json_object_get(w->reply, "result"));
        assert_non_null(strstr(result, "give a magnet link"));
        assert_string_equal(w->files.last, "");
        free(body);
    }
}

static void verbs_reach_each_chosen_torrent(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *rpc, *did;
    } verbs[] = {{"torrent-start", "file.resume"},
                 {"torrent-start-now", "file.resume"},
                 {"torrent-stop", "file.pause"},
                 {"torrent-verify", "file.verify"},
                 {"torrent-reannounce", "file.reannounce"},
                 {"torrent-remove", "file.rm"}};
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        char *body = mem_printf("{'method':'%s','arguments':{'ids':[2]}}", verbs[i].rpc);
        answers(w, body, "success", "{}");
        assert_int_equal(strncmp(w->files.last, verbs[i].did, strlen(verbs[i].did)), 0);
        assert_non_null(strstr(w->files.last, "\"id\":\"bbbb"));
        free(body);
    }
    assert_int_equal(json_array_size(w->files.rows), 1);
}

static void removal_needs_ids_and_deletes_files_only_when_told(void **state)
{
    struct world *w = *state;
    answers(w, "{'method':'torrent-remove','arguments':{}}", "no ids specified", "{}");
    answers(w, "{'method':'torrent-remove','arguments':{'ids':[1]}}", "success", "{}");
    assert_null(strstr(w->files.last, "with_data"));
    answers(w, "{'method':'torrent-remove','arguments':{'ids':[2],'delete-local-data':true}}",
            "success", "{}");
    assert_non_null(strstr(w->files.last, "\"with_data\":true"));
}

static void numbers_last_and_what_went_lately_is_told(void **state)
{
    struct world *w = *state;
    const char *recent = "{'method':'torrent-get','arguments':{'ids':'recently-active','fields':["
                         "'id']}}";
    answers(w, recent, "success", "{'torrents':[{'id':1},{'id':2}],'removed':[]}");
    json_array_remove(w->files.rows, 0);
    answers(w, recent, "success", "{'torrents':[{'id':2}],'removed':[1]}");
    w->loop.now_us += TRANSMISSION_RECENT_US + 1;
    answers(w, recent, "success", "{'torrents':[{'id':2}],'removed':[]}");
}

static void limits_are_set_and_what_would_mislead_is_refused(void **state)
{
    struct world *w = *state;
    answers(w,
            "{'method':'torrent-set','arguments':{'ids':1,'uploadLimit':7,'uploadLimited':true,"
            "'downloadLimited':false}}",
            "success", "{}");
    assert_non_null(strstr(w->files.last, "\"down\":0,\"id\":\"aa"));
    assert_non_null(strstr(w->files.last, "\"up\":7000"));
    w->files.last[0] = '\0';
    answers(w, "{'method':'torrent-set','arguments':{'ids':1,'labels':['x'],'seedRatioMode':1}}",
            "success", "{}");
    assert_string_equal(w->files.last, "");
    answers(w, "{'method':'torrent-set','arguments':{'ids':1,'files-unwanted':[0]}}",
            "files-unwanted is not supported", "{}");
    answers(w,
            "{'method':'session-set','arguments':{'speed-limit-up':9,'speed-limit-up-enabled':"
            "true}}",
            "success", "{}");
    assert_string_equal(w->files.last, "policy.set {\"value\":\"9000\",\"what\":\"up\"}");
    answers(w, "{'method':'session-set','arguments':{'speed-limit-down-enabled':false}}", "success",
            "{}");
    assert_string_equal(w->files.last, "policy.set {\"value\":\"off\",\"what\":\"down\"}");
}

static void the_session_tells_its_version_limits_and_totals(void **state)
{
    struct world *w = *state;
    answers(w,
            "{'method':'session-get','arguments':{'fields':['version','rpc-version','download-dir'"
            ",'speed-limit-up','speed-limit-up-enabled','speed-limit-down-enabled','no']}}",
            "success",
            "{'version':'4.0.0 (Shoal 9.9)','rpc-version':17,'download-dir':'/downloads',"
            "'speed-limit-up':50,'speed-limit-up-enabled':true,'speed-limit-down-enabled':false}");
    assert_null(start(w, "{\"method\":\"session-get\"}"));
    assert_true(json_object_size(json_object_get(w->reply, "arguments")) > 15);
    answers(w, "{'method':'session-stats'}", "success",
            "{'uploadSpeed':10,'downloadSpeed':14,'torrentCount':2,'pausedTorrentCount':1,"
            "'activeTorrentCount':1,'cumulative-stats':{'uploadedBytes':200,'downloadedBytes':600,"
            "'filesAdded':2,'sessionCount':1,'secondsActive':0},'current-stats':{'uploadedBytes':"
            "200,'downloadedBytes':600,'filesAdded':2,'sessionCount':1,'secondsActive':0}}");
    answers(w, "{'method':'free-space','arguments':{'path':'x'}}", "directory path is not absolute",
            "{}");
}

static void what_is_no_request_is_told_so_and_tags_come_back(void **state)
{
    struct world *w = *state;
    answers(w, "", "the request is not JSON", "{}");
    answers(w, "[]", "no method name", "{}");
    answers(w, "{'method':3}", "no method name", "{}");
    answers(w, "{'method':'port-test'}", "method name not recognized", "{}");
    answers(w, "{'method':'queue-move-top','tag':39,'arguments':7}", "success", "{}");
    assert_int_equal(json_integer_value(json_object_get(w->reply, "tag")), 39);
    w->files.fails = true;
    answers(w, "{'method':'torrent-stop'}", "the disk is gone", "{}");
}

static void a_late_answer_is_awaited_and_a_dropped_request_is_silent(void **state)
{
    struct world *w = *state;
    w->files.later = true;
    const char *body = "{\"method\":\"torrent-get\",\"arguments\":{\"fields\":[\"name\"]}}";
    assert_non_null(start(w, body));
    assert_null(w->reply);
    call_ok(w->files.held, json_deep_copy(w->files.rows));
    assert_non_null(w->reply);
    json_decref(w->reply);
    w->reply = NULL;
    struct rpc *r = start(w, body);
    struct call *held = w->files.held;
    transmission_drop(r);
    call_ok(held, json_array());
    assert_null(w->reply);
    start(w, body); /* this one is dropped by transmission_free */
    held = w->files.held;
    transmission_free(w->t);
    w->t = NULL;
    call_ok(held, json_array());
    assert_null(w->reply);
}

static void http_wants_the_session_id_first(void **state)
{
    struct world *w = *state;
    struct httpd_call c = {.method = "POST", .path = "/transmission/rpc", .body = "{}"};
    transmission_serve(w->t, &c);
    assert_int_equal(c.status, 409);
    buf_done(&c.out);
    c = (struct httpd_call){.method = "GET", .path = "/transmission/rpc"};
    transmission_serve(w->t, &c);
    assert_int_equal(c.status, 409);
    buf_done(&c.out);
    char id[TRANSMISSION_SESSION_ID];
    for (size_t i = 0; i + 1 < sizeof id; i += 2)
        memcpy(id + i, "5a", 3); /* what the fake loop's randomness gives */
    c = (struct httpd_call){.method = "POST",
                            .headers = (const char *[]){"X-Transmission-Session-Id", id, NULL},
                            .body = "{\"method\":\"session-stats\"}"};
    transmission_serve(w->t, &c);
    assert_int_equal(c.status, 200);
    buf_done(&c.out);
    c = (struct httpd_call){.method = "GET", .headers = c.headers};
    transmission_serve(w->t, &c);
    assert_int_equal(c.status, 405);
    buf_done(&c.out);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(torrents_are_told_as_objects_and_as_a_table),
        TEST(torrents_are_chosen_by_number_and_by_hash),
        TEST(details_come_from_file_show),
        TEST(a_torrent_is_added_by_link_or_by_its_bytes),
        TEST(files_and_addresses_are_not_fetched_for_a_client),
        TEST(verbs_reach_each_chosen_torrent),
        TEST(removal_needs_ids_and_deletes_files_only_when_told),
        TEST(numbers_last_and_what_went_lately_is_told),
        TEST(limits_are_set_and_what_would_mislead_is_refused),
        TEST(the_session_tells_its_version_limits_and_totals),
        TEST(what_is_no_request_is_told_so_and_tags_come_back),
        TEST(a_late_answer_is_awaited_and_a_dropped_request_is_silent),
        TEST(http_wants_the_session_id_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
