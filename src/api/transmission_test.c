#include "api/transmission.h"

#include "api/fake_files_test.h"
#include "api/transmission_fields.h"

#define A40 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B40 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C40 "cccccccccccccccccccccccccccccccccccccccc"

struct world {
    struct loop loop;
    struct vfs *vfs;
    struct fake_files files;
    struct routes *routes;
    struct transmission *t;
    json_t *reply; /* the last one */
    unsigned replies;
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
    w->t = transmission_new(&(struct transmission_cfg){.loop = &w->loop,
                                                       .vfs = w->vfs,
                                                       .routes = w->routes,
                                                       .version = "9.9",
                                                       .download_dir = "/downloads"});
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    transmission_free(w->t);
    routes_free(w->routes);
    fake_files_done(&w->files);
    json_decref(w->reply);
    vfs_free(w->vfs);
    free(w);
    return 0;
}

static void on_reply(void *arg, const char *reply, size_t n)
{
    struct world *w = arg;
    json_decref(w->reply);
    w->reply = reply ? json_loadb(reply, n, JSON_REJECT_DUPLICATES, NULL) : NULL;
    if (reply)
        assert_non_null(w->reply);
    w->replies++;
}

/* Asks with ' for "; each is answered at once, once. */
static void ask(struct world *w, const char *body)
{
    char *text = mem_strdup(body);
    unsigned before = w->replies;
    for (char *p = text; (p = strchr(p, '\''));)
        *p = '"';
    assert_null(transmission_ask(w->t, cur_of(text, strlen(text)), on_reply, w));
    assert_int_equal(w->replies, before + 1);
    free(text);
}

static void is_json(const json_t *have, const char *want_text)
{
    char *text = mem_strdup(want_text);
    for (char *p = text; (p = strchr(p, '\''));)
        *p = '"';
    json_t *want = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_non_null(want);
    if (!json_equal(have, want)) {
        char *dump = json_dumps(have, JSON_COMPACT | JSON_ENCODE_ANY);
        print_message("%s\nwanted %s\n", dump ? dump : "nothing", text);
        free(dump);
    }
    assert_true(json_equal(have, want));
    json_decref(want);
    free(text);
}

/* A legacy request's result and arguments must be these. */
static void answers(struct world *w, const char *body, const char *result, const char *arguments)
{
    ask(w, body);
    assert_string_equal(json_string_value(json_object_get(w->reply, "result")), result);
    is_json(json_object_get(w->reply, "arguments"), arguments);
}

/* What was done since the last time begins so; a line each, ' for ". */
static void did(struct world *w, const char *want_text)
{
    char *want = mem_strdup(want_text), *have = fake_did(&w->files);
    for (char *p = want; (p = strchr(p, '\''));)
        *p = '"';
    assert_string_equal(have, want);
    free(want);
    free(have);
}

static json_t *torrent(struct world *w, size_t i)
{
    return json_array_get(json_object_get(json_object_get(w->reply, "arguments"), "torrents"), i);
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

static void names_are_answered_as_they_were_asked(void **state)
{
    struct world *w = *state;
    answers(w,
            "{'method':'torrent-get','arguments':{'ids':[1],'fields':['fileCount','file-count',"
            "'file_count','peer-limit','hashString']}}",
            "success",
            "{'torrents':[{'fileCount':2,'file-count':2,'file_count':2,'peer-limit':null,"
            "'hashString':'" A40 "'}]}");
}

static void torrents_are_chosen_by_number_and_by_hash(void **state)
{
    struct world *w = *state;
    const char *const ids[] = {"2", "[2]", "['" B40 "']",
                               "'BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB'", "[7,2,'x',null]"};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        char *body =
            mem_printf("{'method':'torrent-get','arguments':{'ids':%s,'fields':['name']}}", ids[i]);
        answers(w, body, "success", "{'torrents':[{'name':'two'}]}");
        free(body);
    }
    answers(w, "{'method':'torrent-get','arguments':{'ids':[],'fields':['name']}}", "success",
            "{'torrents':[]}");
    answers(w, "{'method':'torrent-get','arguments':{'ids':'recently-active','fields':['id']}}",
            "success", "{'torrents':[{'id':1},{'id':2}],'removed':[9]}");
}

static void details_have_the_names_of_each_dialect(void **state)
{
    struct world *w = *state;
    answers(w,
            "{'method':'torrent-get','arguments':{'ids':1,'fields':['files','fileStats','wanted',"
            "'priorities','uploadLimit','uploadLimited','downloadLimited','comment','pieces',"
            "'bandwidthPriority','seedRatioMode','seedRatioLimit','seedIdleMode','seedIdleLimit',"
            "'honorsSessionLimits','queuePosition','labels']}}",
            "success",
            "{'torrents':[{'files':[{'name':'n/a','length':600,'bytesCompleted':250},{'name':'n/b',"
            "'length':400,'bytesCompleted':0}],'fileStats':[{'bytesCompleted':250,'wanted':true,"
            "'priority':1},{'bytesCompleted':0,'wanted':false,'priority':0}],'wanted':[1,0],"
            "'priorities':[1,0],'uploadLimit':5,'uploadLimited':true,'downloadLimited':false,"
            "'comment':'hello','pieces':'gA==','bandwidthPriority':-1,'seedRatioMode':0,"
            "'seedRatioLimit':1.25,'seedIdleMode':1,'seedIdleLimit':30,'honorsSessionLimits':false,"
            "'queuePosition':0,'labels':['tv','hd']}]}");
    ask(w, "{'jsonrpc':'2.0','id':1,'method':'torrent_get','params':{'ids':[1],'fields':['wanted',"
           "'file_stats','peers_from']}}");
    is_json(
        json_object_get(w->reply, "result"),
        "{'torrents':[{'wanted':[true,false],'file_stats':[{'bytes_completed':250,'wanted':true,"
        "'priority':1},{'bytes_completed':0,'wanted':false,'priority':0}],'peers_from':{"
        "'from_cache':0,'from_dht':2,'from_incoming':0,'from_lpd':0,'from_ltep':0,'from_pex':1,"
        "'from_tracker':0}}]}");
}

static void peers_have_address_flags_and_rates(void **state)
{
    struct world *w = *state;
    ask(w, "{'method':'torrent-get','arguments':{'fields':['peers']}}");
    is_json(json_array_get(json_object_get(torrent(w, 0), "peers"), 0),
            "{'address':'2001:db8::1','port':6881,'flagStr':'DEI','clientName':'X 1',"
            "'rateToClient':7,'rateToPeer':0,'bytesToClient':70,'bytesToPeer':0,'progress':0.5,"
            "'clientIsChoked':false,'clientIsInterested':true,'peerIsChoked':true,"
            "'peerIsInterested':false,'isDownloadingFrom':true,'isUploadingTo':false,"
            "'isEncrypted':true,'isIncoming':true,'isUTP':false}");
}

static void trackers_have_state_host_and_site(void **state)
{
    struct world *w = *state;
    ask(w, "{'method':'torrent-get','arguments':{'fields':['trackerStats','trackers',"
           "'trackerList']}}");
    const json_t *t = torrent(w, 0), *stats = json_object_get(t, "trackerStats");
    const json_t *works = json_array_get(stats, 0), *failed = json_array_get(stats, 1);
    assert_string_equal(json_string_value(json_object_get(t, "trackerList")),
                        "http://t.example.org:80/a\n\nudp://10.0.0.1:6969\n");
    assert_string_equal(json_string_value(json_object_get(works, "host")), "t.example.org:80");
    assert_string_equal(json_string_value(json_object_get(works, "sitename")), "example");
    assert_string_equal(json_string_value(json_object_get(failed, "sitename")), "10.0.0.1");
    assert_int_equal(json_integer_value(json_object_get(works, "seederCount")), 4);
    assert_true(json_is_true(json_object_get(works, "lastAnnounceSucceeded")));
    assert_true(json_is_true(json_object_get(failed, "lastAnnounceTimedOut")));
    assert_string_equal(json_string_value(json_object_get(failed, "lastAnnounceResult")),
                        "timed out");
    assert_int_equal(json_integer_value(json_object_get(failed, "announceState")), 1);
    assert_int_equal(json_object_size(json_array_get(json_object_get(t, "trackers"), 0)), 5);
}

static void a_torrent_is_added_by_link_or_by_its_bytes(void **state)
{
    struct world *w = *state;
    answers(w,
            "{'method':'torrent-add','arguments':{'filename':'magnet:?xt=urn:btih:c','paused':"
            "true,'download-dir':'/x','labels':['tv']}}",
            "success", "{'torrent-added':{'id':3,'name':'new','hashString':'" C40 "'}}");
    did(w, "file.get {'dir':'/x','link':'magnet:?xt=urn:btih:c','paused':true}\n"
           "file.label {'id':'" C40 "','label':['tv']}\n");
    answers(w, "{'method':'torrent-add','arguments':{'metainfo':'ZGU=','labels':['x']}}", "success",
            "{'torrent-duplicate':{'id':3,'name':'new','hashString':'" C40 "'}}");
    did(w, "file.get {'torrent':'ZGU='}\n");
    ask(w, "{'jsonrpc':'2.0','id':7,'method':'torrent_add','params':{'metainfo':'ZGU='}}");
    is_json(json_object_get(json_object_get(w->reply, "result"), "torrent_duplicate"),
            "{'id':3,'name':'new','hash_string':'" C40 "'}");
}

static void what_is_not_wanted_is_chosen_before_it_begins(void **state)
{
    struct world *w = *state;
    ask(w, "{'method':'torrent-add','arguments':{'metainfo':'ZGU=','files-unwanted':[0],"
           "'priority-high':[0]}}");
    did(w, "file.get {'paused':true,'torrent':'ZGU='}\n"
           "file.set {'id':'" C40 "','skip':['#0']}\n"
           "file.resume {'id':'" C40 "'}\n");
    json_array_remove(w->files.rows, 2);
    ask(w, "{'method':'torrent-add','arguments':{'filename':'magnet:?x','files-unwanted':[1,3]}}");
    did(w, "file.get {'link':'magnet:?x','skip':['#1,3']}\n");
}

static void odd_links_and_folders_are_refused(void **state)
{
    struct world *w = *state;
    answers(w, "{'method':'torrent-add','arguments':{'filename':'x.torrent'}}",
            "x.torrent is neither a link nor an absolute path", "{}");
    answers(w, "{'method':'torrent-add','arguments':{}}", "no filename or metainfo specified",
            "{}");
    answers(w, "{'method':'torrent-add','arguments':{'metainfo':'ZGU=','download-dir':'x'}}",
            "download directory path is not absolute", "{}");
    did(w, "");
}

/* Asks for what is answered later. */
static void ask_later(struct world *w, const char *body)
{
    unsigned before = w->replies;
    assert_non_null(transmission_ask(w->t, cur_of(body, strlen(body)), on_reply, w));
    fake_run_for(&w->loop, SEC);
    assert_int_equal(w->replies, before + 1);
}

static void a_torrent_file_is_read_or_fetched(void **state)
{
    struct world *w = *state;
    struct why why;
    assert_int_equal(vfs_replace(w->vfs, "/t.torrent", "de", 2, 0, &why), OK);
    ask_later(w, "{\"method\":\"torrent-add\",\"arguments\":{\"filename\":\"/t.torrent\"}}");
    did(w, "file.get {'torrent':'ZGU='}\n");
    ask_later(w, "{\"method\":\"torrent-add\",\"arguments\":{\"filename\":\"http://x/t\"}}");
    did(w, "file.get {'torrent':'ZGU='}\n");
    ask_later(w, "{\"method\":\"torrent-add\",\"arguments\":{\"filename\":\"/none\"}}");
    assert_non_null(strstr(json_string_value(json_object_get(w->reply, "result")),
                           "invalid or corrupt torrent file"));
    const char *const dropped[] = {"/t.torrent", "http://x/t"};
    for (size_t i = 0; i < 2; i++) {
        char *body = mem_printf("{\"method\":\"torrent-add\",\"arguments\":{\"filename\":\"%s\"}}",
                                dropped[i]);
        unsigned before = w->replies;
        transmission_drop(transmission_ask(w->t, cur_of(body, strlen(body)), on_reply, w));
        fake_run_for(&w->loop, SEC);
        assert_int_equal(w->replies, before);
        free(body);
    }
}

static void verbs_reach_each_chosen_torrent(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *rpc, *did;
    } verbs[] = {{"torrent-start", "file.resume {'id':'" B40 "'}\n"},
                 {"torrent-start-now", "file.resume {'id':'" B40 "','now':true}\n"},
                 {"torrent-stop", "file.pause {'id':'" B40 "'}\n"},
                 {"torrent-verify", "file.verify {'id':'" B40 "'}\n"},
                 {"torrent-reannounce", "file.reannounce {'id':'" B40 "'}\n"},
                 {"queue-move-top", "file.queue {'id':'" B40 "','to':'top'}\n"},
                 {"queue_move_bottom", "file.queue {'id':'" B40 "','to':'bottom'}\n"},
                 {"torrent-remove", "file.rm {'id':'" B40 "'}\n"}};
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        char *body = mem_printf("{'method':'%s','arguments':{'ids':[2]}}", verbs[i].rpc);
        answers(w, body, "success", "{}");
        did(w, verbs[i].did);
        free(body);
    }
    assert_int_equal(json_array_size(w->files.rows), 1);
}

static void several_keep_their_order_at_the_top(void **state)
{
    struct world *w = *state;
    answers(w, "{'method':'queue-move-top','arguments':{'ids':[1,2]}}", "success", "{}");
    did(w, "file.queue {'id':'" B40 "','to':'top'}\nfile.queue {'id':'" A40 "','to':'top'}\n");
}

static void removal_needs_ids_and_deletes_files_only_when_told(void **state)
{
    struct world *w = *state;
    answers(w, "{'method':'torrent-remove','arguments':{}}", "no ids specified", "{}");
    answers(w, "{'method':'torrent-remove','arguments':{'ids':[1],'delete-local-data':false}}",
            "success", "{}");
    did(w, "file.rm {'id':'" A40 "'}\n");
    answers(w, "{'method':'torrent-remove','arguments':{'ids':[2],'delete-local-data':true}}",
            "success", "{}");
    did(w, "file.rm {'id':'" B40 "','with_data':true}\n");
}

static void wishes_become_calls(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *args, *did;
    } wishes[] = {
        {"'uploadLimit':7,'uploadLimited':true,'downloadLimited':false",
         "file.limit {'id':'" A40 "','up':7000}\nfile.limit {'down':0,'id':'" A40 "'}\n"},
        {"'seedRatioMode':2", "file.limit {'id':'" A40 "','ratio':'off'}\n"},
        {"'seedIdleMode':0", "file.limit {'id':'" A40 "','idle':'node'}\n"},
        {"'labels':[]", "file.label {'id':'" A40 "','label':[]}\n"},
        {"'bandwidthPriority':1", "file.limit {'id':'" A40 "','weight':'high'}\n"},
        {"'honorsSessionLimits':false", "file.limit {'free_of_node':true,'id':'" A40 "'}\n"},
        {"'peer-limit':12,'group':'night'",
         "file.limit {'group':'night','id':'" A40 "'}\nfile.limit {'id':'" A40 "','peers':12}\n"},
        {"'queuePosition':4", "file.queue {'at':4,'id':'" A40 "'}\n"},
        {"'files-unwanted':[],'priority-low':[1]", "file.set {'id':'" A40 "','skip':['#0']}\n"},
        {"'files-wanted':[],'priority-low':[1]", "file.set {'id':'" A40 "','low':['#2']}\n"},
        {"'files-wanted':[],'priority-normal':[]", "file.set {'id':'" A40 "','normal':['#0,2']}\n"},
        {"'files-wanted':[0],'priority-high':[1]", ""},
        {"'sequential_download':true", "file.set {'id':'" A40 "','sequential':'on'}\n"},
        {"'trackerAdd':['http://n/a']",
         "file.tracker {'id':'" A40
         "','list':'http://t.example.org:80/a\\n\\nudp://10.0.0.1:6969\\n\\nhttp://n/a\\n'}\n"},
        {"'trackerList':'http://z/a'", "file.tracker {'id':'" A40 "','list':'http://z/a'}\n"},
    };
    for (size_t i = 0; i < sizeof wishes / sizeof *wishes; i++) {
        char *body =
            mem_printf("{'method':'torrent-set','arguments':{'ids':1,%s}}", wishes[i].args);
        answers(w, body, "success", "{}");
        did(w, wishes[i].did);
        free(body);
    }
    answers(w, "{'method':'torrent-set','arguments':{'ids':1,'files-wanted':['x']}}",
            "file index out of range", "{}");
}

static void a_limit_without_a_mode_is_kept_for_when_it_counts(void **state)
{
    struct world *w = *state;
    answers(w, "{'method':'torrent-set','arguments':{'ids':1,'seedRatioLimit':2}}", "success",
            "{}");
    did(w, "file.limit {'id':'" A40 "','ratio':'2.0000'}\nfile.limit {'id':'" A40
           "','ratio':'node'}\n");
    answers(w,
            "{'method':'torrent-set','arguments':{'ids':1,'seedRatioLimit':2,'seedRatioMode':1}}",
            "success", "{}");
    did(w, "file.limit {'id':'" A40 "','ratio':'2.0000'}\n");
    answers(w, "{'method':'torrent-set','arguments':{'ids':1,'seedIdleLimit':5}}", "success", "{}");
    did(w, "file.limit {'id':'" A40 "','idle':'300s'}\n");
    answers(w, "{'method':'torrent-set','arguments':{'ids':1,'seedRatioMode':1}}", "success", "{}");
    did(w, "file.limit {'id':'" A40 "','ratio':'1.2500'}\n");
}

static void trackers_are_removed_and_replaced_by_their_numbers(void **state)
{
    struct world *w = *state;
    char *body = mem_printf("{'method':'torrent-set','arguments':{'ids':1,'trackerRemove':[%d]}}",
                            (int)tfield_tracker_number("http://t.example.org:80/a"));
    answers(w, body, "success", "{}");
    did(w, "file.tracker {'id':'" A40 "','list':'udp://10.0.0.1:6969\\n'}\n");
    free(body);
    body = mem_printf("{'method':'torrent-set','arguments':{'ids':1,'trackerReplace':[%d,'u']}}",
                      (int)tfield_tracker_number("udp://10.0.0.1:6969"));
    answers(w, body, "success", "{}");
    did(w, "file.tracker {'id':'" A40 "','list':'http://t.example.org:80/a\\n\\nu\\n'}\n");
    free(body);
}

static void places_and_names_are_changed(void **state)
{
    struct world *w = *state;
    answers(w,
            "{'method':'torrent-set-location','arguments':{'ids':[1],'location':'/n','move':"
            "true}}",
            "success", "{}");
    did(w, "file.move {'dir':'/n','id':'" A40 "'}\n");
    answers(w, "{'method':'torrent-set-location','arguments':{'ids':[1],'location':'/n'}}",
            "success", "{}");
    did(w, "file.move {'dir':'/n','id':'" A40 "','moved':true}\n");
    answers(w, "{'method':'torrent-set-location','arguments':{'ids':[1],'location':'n'}}",
            "new location path is not absolute", "{}");
    answers(w,
            "{'method':'torrent-rename-path','arguments':{'ids':[2],'path':'two','name':'zwei'}}",
            "success", "{'path':'two','name':'zwei','id':2}");
    did(w, "file.rename {'id':'" B40 "','name':'zwei','path':'two'}\n");
    ask(w, "{'method':'torrent-rename-path','arguments':{'path':'two','name':'zwei'}}");
    assert_string_equal(json_string_value(json_object_get(w->reply, "result")),
                        "torrent-rename-path requires 1 torrent");
}

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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(torrents_are_told_as_objects_and_as_a_table),
        TEST(names_are_answered_as_they_were_asked),
        TEST(torrents_are_chosen_by_number_and_by_hash),
        TEST(details_have_the_names_of_each_dialect),
        TEST(peers_have_address_flags_and_rates),
        TEST(trackers_have_state_host_and_site),
        TEST(a_torrent_is_added_by_link_or_by_its_bytes),
        TEST(what_is_not_wanted_is_chosen_before_it_begins),
        TEST(odd_links_and_folders_are_refused),
        TEST(a_torrent_file_is_read_or_fetched),
        TEST(verbs_reach_each_chosen_torrent),
        TEST(several_keep_their_order_at_the_top),
        TEST(removal_needs_ids_and_deletes_files_only_when_told),
        TEST(wishes_become_calls),
        TEST(a_limit_without_a_mode_is_kept_for_when_it_counts),
        TEST(trackers_are_removed_and_replaced_by_their_numbers),
        TEST(places_and_names_are_changed),
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
