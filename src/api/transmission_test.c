#include "api/transmission.h"

#include "api/transmission_world_test.h"

static void the_session_tells_what_the_settings_say(void **state)
{
    struct world *w = *state;
    answers(
        w,
        "{'method':'session-get','arguments':{'fields':['version','rpc-version','download-dir'"
        ",'speed-limit-up','speed-limit-up-enabled','speed-limit-down-enabled','no',"
        "'dht-enabled','lpd-enabled','seedRatioLimit','seedRatioLimited','queue-stalled-minutes'"
        ",'download-queue-size','download-queue-enabled','encryption','utp-enabled',"
        "'rpc-version-semver','alt-speed-time-day']}}",
        "success",
        "{'version':'4.1.0 (Shoal 9.9)','rpc-version':18,'download-dir':'/downloads',"
        "'speed-limit-up':50,'speed-limit-up-enabled':true,'speed-limit-down-enabled':false,"
        "'dht-enabled':true,'lpd-enabled':false,'seedRatioLimit':2.0,'seedRatioLimited':false,"
        "'queue-stalled-minutes':30,'download-queue-size':5,'download-queue-enabled':false,"
        "'encryption':'preferred','utp-enabled':true,'rpc-version-semver':'6.0.0',"
        "'alt-speed-time-day':127}");
    ask(w, "{'jsonrpc':'2.0','id':'x','method':'session_get'}");
    const json_t *all = json_object_get(w->reply, "result");
    assert_true(json_object_size(all) > 40);
    is_json(json_object_get(all, "preferred_transports"), "['utp','tcp']");
    assert_non_null(json_object_get(json_object_get(all, "units"), "speed_units"));
}

static void settings_are_changed_and_remember_what_is_off(void **state)
{
    struct world *w = *state;
    answers(w,
            "{'method':'session-set','arguments':{'speed-limit-up':9,'speed-limit-up-enabled':"
            "true,'dht-enabled':false,'unknown':1}}",
            "success", "{}");
    did(w, "config.set {'key':'files.dht','value':'off'}\n"
           "config.set {'key':'limits.up','value':'9000'}\n");
    answers(w, "{'method':'session-set','arguments':{'download-queue-size':3}}", "success", "{}");
    did(w, "");
    answers(w, "{'method':'session-get','arguments':{'fields':['download-queue-size']}}", "success",
            "{'download-queue-size':3}");
    answers(w, "{'method':'session-set','arguments':{'download-queue-enabled':true}}", "success",
            "{}");
    did(w, "config.set {'key':'files.download-queue','value':'3'}\n");
    answers(w,
            "{'method':'session-set','arguments':{'seedRatioLimited':true,'seedRatioLimit':1.5}}",
            "success", "{}");
    did(w, "config.set {'key':'files.ratio-limit','value':'1.5000'}\n");
    answers(w,
            "{'method':'session-set','arguments':{'alt-speed-time-enabled':true,"
            "'alt-speed-time-begin':480,'alt-speed-time-end':1080,'alt-speed-time-day':62}}",
            "success", "{}");
    did(w, "config.set {'key':'limits.alt-when','value':'Mon-Fri 08:00-18:00'}\n");
    answers(w, "{'method':'session-set','arguments':{'peer-port':7000,'encryption':'required'}}",
            "success", "{}");
    did(w, "config.set {'key':'files.encryption','value':'require'}\n"
           "config.set {'key':'files.listen','value':'0.0.0.0:7000'}\n");
    answers(w, "{'method':'session-set','arguments':{'download-dir':'x'}}",
            "download directory path is not absolute", "{}");
}

static void totals_groups_and_the_rest(void **state)
{
    struct world *w = *state;
    answers(w, "{'method':'session-stats'}", "success",
            "{'uploadSpeed':10,'downloadSpeed':14,'torrentCount':2,'pausedTorrentCount':1,"
            "'activeTorrentCount':1,'cumulative-stats':{'uploadedBytes':200,'downloadedBytes':600,"
            "'filesAdded':4,'sessionCount':3,'secondsActive':77},'current-stats':{'uploadedBytes':"
            "20,'downloadedBytes':0,'filesAdded':0,'sessionCount':0,'secondsActive':0}}");
    answers(w, "{'method':'free-space','arguments':{'path':'x'}}", "directory path is not absolute",
            "{}");
    ask(w, "{'method':'free-space','arguments':{'path':'/'}}");
    const json_t *space = json_object_get(w->reply, "arguments");
    assert_true(json_integer_value(json_object_get(space, "size-bytes")) > 0);
    answers(w, "{'method':'free-space','arguments':{'path':'/no/such'}}", "success",
            "{'path':'/no/such','size-bytes':-1}");
    answers(w, "{'method':'group-get','arguments':{'group':['night']}}", "success",
            "{'group':[{'name':'night','honorsSessionLimits':false,'speed-limit-up-enabled':true,"
            "'speed-limit-down-enabled':false,'speed-limit-up':9,'speed-limit-down':0}]}");
    answers(w,
            "{'method':'group-set','arguments':{'name':'night','speed-limit-up':4,"
            "'speed-limit-up-enabled':true,'speed-limit-down-enabled':false}}",
            "success", "{}");
    did(w, "file.group-set {'down':0,'name':'night','up':4000}\n");
    answers(w, "{'method':'blocklist-update'}", "success", "{'blocklist-size':0}");
    answers(w, "{'method':'session-close'}", "success", "{}");
    did(w, "node.stop {}\n");
}

static void what_is_no_request_is_told_so_and_tags_come_back(void **state)
{
    struct world *w = *state;
    answers(w, "", "the request is not JSON", "{}");
    answers(w, "3", "the request is not JSON", "{}");
    answers(w, "{'method':3}", "no method name", "{}");
    answers(w, "{'method':'torrent-sing'}", "method name not recognized", "{}");
    answers(w, "{'method':'queue-move-top','tag':39,'arguments':7}", "success", "{}");
    assert_int_equal(json_integer_value(json_object_get(w->reply, "tag")), 39);
    w->files.fails = true;
    answers(w, "{'method':'torrent-stop'}", "the disk is gone", "{}");
}

static void the_second_dialect_keeps_the_rules_of_json_rpc(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *body, *reply;
    } table[] = {
        {"{'jsonrpc':'2.0','id':1,'method':'nope'}",
         "{'jsonrpc':'2.0','id':1,'error':{'code':-32601,'message':'Method not found','data':{"
         "'error_string':'method name not recognized'}}}"},
        {"{'jsonrpc':'2.0','id':'a','method':'torrent_start','params':[1]}",
         "{'jsonrpc':'2.0','id':'a','error':{'code':-32602,'message':'Invalid params','data':{"
         "'error_string':'params must be an object'}}}"},
        {"{'jsonrpc':'1.0','id':1,'method':'torrent_start'}",
         "{'jsonrpc':'2.0','id':1,'error':{'code':-32600,'message':'Invalid Request','data':{"
         "'error_string':'jsonrpc must be \\\"2.0\\\"'}}}"},
        {"{'jsonrpc':'2.0','id':{},'method':3}",
         "{'jsonrpc':'2.0','id':null,'error':{'code':-32600,'message':'Invalid Request','data':{"
         "'error_string':'no method name'}}}"},
        {"{'jsonrpc':'2.0','id':2,'method':'torrent_stop','params':{'ids':[1]}}",
         "{'jsonrpc':'2.0','id':2,'result':{}}"},
        {"[{'jsonrpc':'2.0','id':1,'method':'torrent_stop'},{'jsonrpc':'2.0','method':"
         "'torrent_stop'},{'jsonrpc':'2.0','id':3,'method':'nope'},4]",
         "[{'jsonrpc':'2.0','id':1,'result':{}},{'jsonrpc':'2.0','id':3,'error':{'code':-32601,"
         "'message':'Method not found','data':{'error_string':'method name not recognized'}}},"
         "{'jsonrpc':'2.0','id':null,'error':{'code':-32600,'message':'Invalid Request','data':{"
         "'error_string':'no method name'}}}]"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        ask(w, table[i].body);
        is_json(w->reply, table[i].reply);
    }
    ask(w, "{'jsonrpc':'2.0','method':'torrent_stop'}");
    assert_null(w->reply);
    ask(w, "[{'jsonrpc':'2.0','method':'torrent_stop'}]");
    assert_null(w->reply);
    ask(w, "[]");
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(w->reply, "error"), "code")), -32600);
}

static void a_late_answer_is_awaited_and_a_dropped_request_is_silent(void **state)
{
    struct world *w = *state;
    w->files.later = true;
    const char *body = "{\"method\":\"torrent-get\",\"arguments\":{\"fields\":[\"name\"]}}";
    struct cur cur = cur_of(body, strlen(body));
    assert_non_null(transmission_ask(w->t, cur, on_reply, w));
    assert_null(w->reply);
    call_ok(w->files.held, fake_polled(&w->files, w->files.held));
    assert_non_null(w->reply);
    json_decref(w->reply);
    w->reply = NULL;
    struct ask *a = transmission_ask(w->t, cur, on_reply, w);
    struct call *held = w->files.held;
    transmission_drop(a);
    call_ok(held, json_object());
    assert_null(w->reply);
    transmission_ask(w->t, cur, on_reply, w); /* this one is dropped by transmission_free */
    held = w->files.held;
    transmission_free(w->t);
    w->t = NULL;
    call_ok(held, json_object());
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
    c = (struct httpd_call){.method = "POST",
                            .headers = c.headers,
                            .body = "{\"jsonrpc\":\"2.0\",\"method\":\"torrent_stop\"}"};
    transmission_serve(w->t, &c);
    assert_int_equal(c.status, 204);
    buf_done(&c.out);
    c = (struct httpd_call){.method = "GET", .headers = c.headers};
    transmission_serve(w->t, &c);
    assert_int_equal(c.status, 405);
    buf_done(&c.out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_session_tells_what_the_settings_say),
        TEST(settings_are_changed_and_remember_what_is_off),
        TEST(totals_groups_and_the_rest),
        TEST(what_is_no_request_is_told_so_and_tags_come_back),
        TEST(the_second_dialect_keeps_the_rules_of_json_rpc),
        TEST(a_late_answer_is_awaited_and_a_dropped_request_is_silent),
        TEST(http_wants_the_session_id_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
