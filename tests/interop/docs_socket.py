#!/usr/bin/env python3
"""Providers of npm's y-websocket, unmodified, at a node's endpoint for documents; and editors on them."""
import os

import lab as L
from js_peer import JsProcess

SETTINGS = {'host.enabled': 'off'}


class World:
    """A node, a document of its own, and a process of clients."""

    def __init__(self, lab, **settings):
        self.js = JsProcess(lab, 'docs.mjs', 'docs')
        self.node = lab.node(**{**SETTINGS, **settings})
        self.room = self.node.json('doc', 'new', 'Shared')['id']

    def token(self, scope):
        with open(os.path.join(self.node.home, 'data', 'api.token')) as f:
            return next(line.split()[1] for line in f if line.startswith(scope + ' '))

    def open(self, name, scope='write', **more):
        self.js.do('open', name=name, http=self.node.http, room=self.room, token=self.token(scope), **more)

    def url(self, query='', room=None):
        return f'ws://{self.node.http}/docs/{room or self.room}{query}'

    def knock(self, query='', room=None, **headers):
        return self.js.do('knock', url=self.url(query, room), headers=headers)

    def text(self):
        return self.node.run('doc', 'cat', self.room).stdout


class Pair(World):
    """Two nodes that hold one document; a client is at one of them."""

    def __init__(self, lab):
        def settings():
            return {'host.enabled': 'on', 'host.lab': 'on', 'files.enabled': 'off',
                    'host.listen': f'/ip4/127.0.0.1/tcp/{L.free_port()}'}
        super().__init__(lab, **settings())
        self.nodes = [self.node, lab.node('other', **settings())]
        self.nodes[1].run('doc', 'join', self.node.run('doc', 'share', self.room).stdout.strip())

    def at(self, i, name, **more):
        self.node = self.nodes[i]
        self.open(name, **more)


def two_clients_converge_and_see_each_other(lab):
    w = World(lab)
    w.open('ann')
    w.open('bob')
    for name in ('ann', 'bob'):
        w.js.do('synced', name=name)
    w.js.do('write', name='ann', text='hello')
    w.js.do('reads', name='bob', text='hello')
    w.js.do('write', name='bob', at=5, text=' you')
    w.js.do('reads', name='ann', text='hello you')
    assert w.text() == 'hello you', w.text()
    here = {'user': {'name': 'Ann'}, 'cursor': 3}
    ann = w.js.do('show', name='ann', state=here)
    w.js.do('sees', name='bob', client=ann, state=here)
    w.js.do('off', name='ann')
    w.js.do('sees', name='bob', client=ann, state=None)
    w.node.run('doc', 'append', w.room, 'from the shell')
    w.js.do('reads', name='bob', text=w.text())
    assert w.js.do('denied') == []


def who_was_offline_catches_up(lab):
    w = World(lab)
    w.open('ann')
    w.open('bob')
    w.js.do('write', name='ann', text='one')
    w.js.do('reads', name='bob', text='one')
    w.js.do('off', name='bob')
    w.js.do('write', name='bob', at=3, text=' two')
    w.js.do('write', name='ann', text='zero ')
    w.node.stop()  # and so was the node
    w.js.do('write', name='ann', text='-')
    port = w.node.http
    w.node.settings['api.http'] = port
    w.node.start()
    w.js.do('on', name='bob')
    for name in ('ann', 'bob'):
        w.js.do('reads', name=name, text='-zero one two')
    assert w.text() == '-zero one two', w.text()


def a_reader_is_told_no_and_changes_nothing(lab):
    w = World(lab)
    w.open('ann')
    w.open('eve', scope='read')
    w.js.do('write', name='ann', text='hello')
    w.js.do('reads', name='eve', text='hello')
    assert len(w.js.do('denied')) == 1  # when she came
    w.js.do('write', name='eve', text='graffiti ')
    L.until('her to be told', lambda: w.js.do('denied'))
    w.js.do('write', name='ann', at=5, text='!')
    w.js.do('reads', name='ann', text='hello!')
    assert w.text() == 'hello!', w.text()
    eve = w.js.do('show', name='eve', state={'reads': True})
    w.js.do('sees', name='ann', client=eve, state={'reads': True})


def without_a_good_key_nobody_comes_in(lab):
    w = World(lab)
    good = '?token=' + w.token('write')
    assert w.knock()['status'] == 401
    assert w.knock('?token=' + '0' * 64)['status'] == 401
    assert w.knock(good, Origin='http://evil.example')['status'] == 403
    assert w.knock(good, Host='evil.example')['status'] == 421
    assert w.knock(good, room='0' * 64)['status'] == 404
    assert w.knock(good, room=w.room[:8])['status'] == 404
    assert w.knock(good, room='..%2f..%2fapi')['status'] == 404
    w.open('ann')
    w.js.do('synced', name='ann')  # and wrong keys have not locked out the right one


def nonsense_is_answered_by_a_close_and_the_node_goes_on(lab):
    w = World(lab)
    w.open('ann')
    w.js.do('synced', name='ann')
    for hex_, code in (('', 1002), ('00', 1002), ('000205ffffffffff', 1002), ('0103', 1002), ('ff' * 100, 1002)):
        is_ = w.js.do('nonsense', url=w.url('?token=' + w.token('write')), hex=hex_)
        assert is_ == code, (hex_, is_)
    w.js.do('write', name='ann', text='still here')
    L.until('it to be kept', lambda: w.text() == 'still here')
    assert w.js.do('closes', name='ann') == []


def who_sits_at_a_document_that_is_removed_is_told_so(lab):
    w = World(lab)
    w.open('ann')
    w.js.do('synced', name='ann')
    w.node.run('doc', 'rm', w.room)
    L.until('her to be told', lambda: 4404 in w.js.do('closes', name='ann'))
    assert w.knock('?token=' + w.token('write'))['status'] == 404


def four_type_at_random_and_end_with_what_is_on_disk(lab):
    w = World(lab)
    names = ['a', 'b', 'c', 'd']
    for name in names:
        w.open(name)
    w.js.do('storm', names=names, rounds=100)
    state = w.js.do('alike', names=names)
    w.node.stop()
    w.node.settings['api.http'] = '127.0.0.1:0'
    w.node.start()
    w.open('late')
    assert w.js.do('alike', names=['late']) == state
    w.node.kill()
    w.node.start()
    w.open('later')
    assert w.js.do('alike', names=['later']) == state
    assert w.text() == w.js.do('read', name='later')


def editors_and_a_script_work_on_one_document(lab):
    w = World(lab)
    w.open('script')
    w.open('mirror', editor='codemirror')
    w.open('tip', editor='tiptap')
    w.open('tap', editor='tiptap')
    w.js.do('write', name='mirror', text='typed')
    w.js.do('reads', name='script', text='typed')
    w.js.do('write', name='script', text='just ')
    w.js.do('reads', name='mirror', text='just typed')
    w.js.do('write', name='tip', text='rich')
    w.js.do('reads', name='tap', text='rich')
    w.js.do('write', name='tap', at=4, text='er')
    w.js.do('reads', name='tip', text='richer')
    w.js.do('alike', names=['script', 'mirror', 'tip', 'tap'])
    assert w.text() == 'just typed', w.text()


def all_that_yjs_knows_is_brought_back(lab):
    w = World(lab)
    w.open('ann')
    w.open('bob')
    w.open('tip', editor='tiptap')
    everybody = ['ann', 'bob', 'tip']
    w.js.do('write', name='tip', text='a paragraph')
    w.js.do('alike', names=everybody)
    w.js.do('hand', name='ann', does='fill')
    w.js.do('alike', names=everybody)
    was = w.js.do('shapes', name='bob')
    revision = w.node.json('doc', 'history', w.room)[0]['revision']
    assert w.node.run('doc', 'restore', f'{w.room}@{revision}').returncode == 0
    w.js.do('shaped', name='bob', like=was)  # nothing was changed, and nothing is
    for spoil in ('spoil', 'empty'):
        w.js.do('hand', name='ann', does=spoil)
        w.js.do('alike', names=everybody)
        spoilt = w.js.do('shapes', name='bob')
        assert spoilt != was
        told = w.node.json('doc', 'restore', w.room, str(revision))
        assert told['restored'], told
        for name in ('ann', 'bob'):
            w.js.do('shaped', name=name, like=was)
        w.js.do('alike', names=everybody)
        w.node.run('doc', 'restore', f"{w.room}@{told['before']}")  # and undone
        w.js.do('shaped', name='ann', like=spoilt)
    w.node.run('doc', 'restore', f'{w.room}@{revision}')
    w.js.do('reads', name='tip', text='a paragraph')
    w.js.do('alike', names=everybody)
    w.js.do('off', name='bob')  # what he types meanwhile elsewhere stays
    w.js.do('hand', name='ann', does='spoil')
    w.js.do('write', name='bob', text='Bob: ')
    w.js.do('alike', names=['ann', 'tip'])
    w.node.run('doc', 'restore', f'{w.room}@{revision}')
    w.js.do('on', name='bob')
    w.js.do('alike', names=everybody)
    assert w.text().startswith('Bob: Groceries\nmilk'), w.text()


def clients_of_two_nodes_converge(lab):
    w = Pair(lab)
    w.at(0, 'ann')
    w.at(1, 'bob', editor='codemirror')
    w.js.do('write', name='ann', text='hello')
    w.js.do('reads', name='bob', text='hello')
    w.js.do('write', name='bob', at=5, text=' you')
    w.js.do('reads', name='ann', text='hello you')
    here = {'user': {'name': 'Ann'}, 'cursor': 3}
    ann = w.js.do('show', name='ann', state=here)
    w.js.do('sees', name='bob', client=ann, state=here)
    w.js.do('close', name='ann')
    w.js.do('sees', name='bob', client=ann, state=None)
    names = ['bob', *'cdef']
    for i, name in enumerate(names[1:]):
        w.at(i % 2, name)
    w.js.do('storm', names=names[1:], rounds=50)
    w.js.do('alike', names=names)
    L.until('both nodes to read the same', lambda: len({n.run('doc', 'cat', w.room).stdout for n in w.nodes}) == 1)


if __name__ == '__main__':
    L.main(two_clients_converge_and_see_each_other, who_was_offline_catches_up, a_reader_is_told_no_and_changes_nothing,
           without_a_good_key_nobody_comes_in, nonsense_is_answered_by_a_close_and_the_node_goes_on,
           who_sits_at_a_document_that_is_removed_is_told_so, four_type_at_random_and_end_with_what_is_on_disk, editors_and_a_script_work_on_one_document,
           all_that_yjs_knows_is_brought_back, clients_of_two_nodes_converge)
