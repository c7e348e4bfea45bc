#include "api/transmission_world_test.h"

#include "api/transmission_fields.h"

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
    static const char *const bad[] = {"['x']", "[3]", "[-1]", "[0,99]"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char *body = mem_printf(
            "{'method':'torrent-set','arguments':{'ids':1,'files-unwanted':%s}}", bad[i]);
        answers(w, body, "file index out of range", "{}");
        did(w, "");
        free(body);
    }
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
