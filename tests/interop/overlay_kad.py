#!/usr/bin/env python3
"""The distributed table with the libp2p of npm: values put by one are got by the other, what one has the other
finds, peers are found by their id alone, both ways."""
import lab as L
from js_peer import JsPeer
from overlay import node

CID = 'bafkreidon73zkcrwdb5iafqtijxildoonbwnpv7dyd6ef3qdgads2jc4su'
KAD = {'with': ['ping', 'kad']}


def hexed(text):
    return text.encode().hex()


def a_net(lab):
    """Two of ours and two of theirs, all known to the first of ours."""
    a, b = node(lab, 'a'), node(lab, 'b')
    theirs = [JsPeer(lab, 'js1', **KAD), JsPeer(lab, 'js2', **KAD)]
    b.json('net', 'dial', a.listen[0])
    for js in theirs:
        js.do('dial', address=a.listen[0])
    L.until('all to be in the tables', lambda: a.json('net', 'stat')['table'] == 3
            and b.json('net', 'stat')['table'] >= 1
            and all(js.do('routing_table') >= 1 for js in theirs))
    return a, b, theirs


def what_we_put_they_get(lab):
    a, b, (js, _) = a_net(lab)
    assert b.json('net', 'put', hexed('/v/ours'), hexed('value of ours'))['kept'] >= 2
    assert js.do('get', key=hexed('/v/ours')) == hexed('value of ours')


def what_they_put_we_get(lab):
    a, b, (js, _) = a_net(lab)
    js.do('put', key=hexed('/v/theirs'), value=hexed('value of theirs'))
    assert b.json('net', 'get', hexed('/v/theirs'))['value'] == hexed('value of theirs')


def what_we_have_they_find(lab):
    a, b, (js, _) = a_net(lab)
    b.json('net', 'provide', CID)
    assert b.id in js.do('find_providers', cid=CID)


def what_they_have_we_find(lab):
    a, b, (js, _) = a_net(lab)
    js.do('provide', cid=CID)
    found = b.json('net', 'find', CID)
    assert js.id in [p['id'] for p in found], found


def peers_are_found_by_their_id(lab):
    a, b, (js, other) = a_net(lab)
    found = b.json('net', 'lookup', other.id)
    assert other.listen[0].split('/p2p/')[0] in found['addresses'], found
    theirs = js.do('find_peer', id=b.id)
    assert theirs and any(b.listen[0].split('/p2p/')[0] in t for t in theirs), theirs


def ours_find_each_other_in_a_table_of_our_own(lab):
    a, b, (js, _) = a_net(lab)
    L.until('the two of ours to know each other', lambda: all(n.json('net', 'stat')['shoal_table'] == 1 for n in (a, b)))
    js.do('provide', cid=CID)
    assert b.json('net', 'find', CID, '--table', 'shoal') == []
    assert a.json('net', 'provide', CID, '--table', 'shoal')['kept'] == 2
    found = b.json('net', 'find', CID, '--table', 'shoal')
    assert [p['id'] for p in found] == [a.id] and found[0]['addresses'], found
    assert {p['id'] for p in b.json('net', 'find', CID)} == {a.id, js.id}
    assert b.json('net', 'lookup', a.id, '--table', 'shoal')['addresses']
    assert a.id not in js.do('find_providers', cid=CID)


def what_is_to_be_kept_outlives_the_node(lab):
    a, b, _ = a_net(lab)
    a.json('net', 'provide', CID)
    a.json('net', 'put', hexed('/v/mine'), hexed('of mine'), '--table', 'ipfs')
    a.stop()
    a.start()
    kept = {k['kind']: k for k in a.json('net', 'kept')}
    assert kept['value']['key'] == hexed('/v/mine') and kept['value']['value'] == hexed('of mine'), kept
    assert kept['value']['tables'] == ['ipfs'] and kept['provider']['tables'] == ['ipfs', 'shoal'], kept
    a.json('net', 'withdraw', CID)
    a.json('net', 'withdraw', hexed('/v/mine'))
    assert a.json('net', 'kept') == []
    assert a.run('net', 'withdraw', CID, check=False).returncode == 3


def what_nobody_put_is_not_found(lab):
    a, b, _ = a_net(lab)
    assert b.run('net', 'get', hexed('/v/nothing'), check=False).returncode == 3


if __name__ == '__main__':
    L.main(what_we_put_they_get, what_they_put_we_get, what_we_have_they_find, what_they_have_we_find,
           peers_are_found_by_their_id,
           ours_find_each_other_in_a_table_of_our_own,
           what_is_to_be_kept_outlives_the_node, what_nobody_put_is_not_found)
