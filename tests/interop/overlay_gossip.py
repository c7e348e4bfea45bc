#!/usr/bin/env python3
"""Topics with the libp2p of npm: what anybody says comes to all, once, both ways, in a net of five of theirs and
two of ours; large messages, bytes that are no text, who stops listening."""
import base64
import json
import signal
import subprocess

import lab as L
from js_peer import JsPeer
from overlay import node

GOSSIP = {'with': ['ping', 'gossipsub']}
TOPIC = 'news'


class Ear:
    """`shoal net subscribe` of a node, and what it printed."""

    def __init__(self, lab, n, topic=TOPIC):
        self.path = f'{lab.dir}/{n.name}.{topic}.heard'
        self.out = open(self.path, 'wb')
        self.process = subprocess.Popen([f'{L.BIN}/shoal', '--home', n.home, '--no-start', '--json', 'net', 'subscribe', topic], stdout=self.out)
        lab.ends.callback(self.end)
        L.until('it to listen', lambda: any(t['topic'] == topic for t in n.json('net', 'stat')['topics']))

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(20)
        self.out.close()

    def heard(self):
        with open(self.path) as f:
            return [json.loads(line) for line in f.read().splitlines()]


def topic_of(n, topic=TOPIC):
    return next((t for t in n.json('net', 'stat')['topics'] if t['topic'] == topic), {'listeners': 0, 'mesh': 0})


def a_net(lab):
    """a - js1, js2, b;  js1 - js3;  js2 - js4;  b - js5: no two ends of it know each other."""
    a, b = node(lab, 'a'), node(lab, 'b')
    js = [JsPeer(lab, f'js{i}', **GOSSIP) for i in range(1, 6)]
    b.json('net', 'dial', a.listen[0])
    js[0].do('dial', address=a.listen[0])
    js[1].do('dial', address=a.listen[0])
    js[2].do('dial', address=js[0].listen[0])
    js[3].do('dial', address=js[1].listen[0])
    b.json('net', 'dial', js[4].listen[0])
    ears = [Ear(lab, a), Ear(lab, b)]
    for j in js:
        j.do('subscribe', topic=TOPIC)
    L.until('all meshes', lambda: topic_of(a)['mesh'] == 3 and topic_of(b)['mesh'] == 2
            and all(j.do('mesh', topic=TOPIC) for j in js))
    return a, b, js, ears


def counts(js, ears, data):
    return ([sum(m['data'] == data for m in j.do('heard')) for j in js]
            + [sum(m.get('data') == data for m in e.heard()) for e in ears])


def all_heard(js, ears, said):
    L.until('all to hear all', lambda: all(n >= 1 for data in said for n in counts(js, ears, data)))
    for data in said:
        assert counts(js, ears, data) == [1] * (len(js) + len(ears)), (data, counts(js, ears, data))


def what_anybody_says_comes_to_all_once(lab):
    a, b, js, ears = a_net(lab)
    said = []
    for n in (a, b):
        for i in range(5):
            said.append(f'{n.name} says {i}')
            assert n.json('net', 'publish', TOPIC, said[-1])['peers'] >= 2
    for j in js:
        for i in range(5):
            said.append(f'{j.name} says {i}')
            j.do('publish', topic=TOPIC, data=said[-1])
    # Theirs do not hear themselves.
    own = {data: data.split()[0] for data in said}
    for data in said:
        others = [j for j in js if j.name != own[data]]
        all_heard(others, ears, [data])
    by = {m['data']: m['from'] for m in ears[1].heard()}
    assert by['js3 says 0'] == js[2].id and by['a says 0'] == a.id, by
    theirs = {m['data']: m['from'] for m in js[4].do('heard')}
    assert theirs['a says 1'] == a.id and theirs['js3 says 1'] == js[2].id, theirs


def large_messages_come_to_all(lab):
    a, b, js, ears = a_net(lab)
    ours, theirs = 'o' * 60_000, 't' * 60_000
    a.json('net', 'publish', TOPIC, ours)
    js[2].do('publish', topic=TOPIC, data=theirs)
    all_heard(js, ears, [ours])
    all_heard([j for j in js if j is not js[2]], ears, [theirs])


def bytes_that_are_no_text_come_in_base64(lab):
    a, b = node(lab, 'a'), node(lab, 'b')
    b.json('net', 'dial', a.listen[0])
    ear = Ear(lab, a)
    L.until('b to know', lambda: b.json('net', 'stat')['gossip']['peers'] == 1)
    data = base64.b64encode(bytes(range(256))).decode()
    L.until('a to be given it', lambda: b.json('net', 'publish', TOPIC, data, '--base64')['peers'] == 1)
    heard = L.until('a to hear it', ear.heard)
    assert heard[0] == {'topic': TOPIC, 'from': b.id, 'base64': data}, heard


def who_stops_listening_is_told_nothing_more(lab):
    a, b, js, ears = a_net(lab)
    ears[1].end()
    L.until('b to listen no more', lambda: topic_of(b)['listeners'] == 0 and not b.json('net', 'stat')['topics'])
    L.until('a to know it', lambda: topic_of(a)['listeners'] == 2)
    a.json('net', 'publish', TOPIC, 'without b')
    all_heard(js[:4], ears[:1], ['without b'])
    assert all(m.get('data') != 'without b' for m in ears[1].heard())


def many_messages_in_a_row_are_not_lost(lab):
    a, b, js, ears = a_net(lab)
    said = [f'{i} of many' for i in range(100)]
    for data in said:
        a.json('net', 'publish', TOPIC, data)
    L.until('all to hear all', lambda: all(len(j.do('heard')) == 100 for j in js) and len(ears[1].heard()) == 100)
    assert sorted(m['data'] for m in js[4].do('heard')) == sorted(said)
    assert b.json('net', 'stat')['gossip']['refused'] == 0


if __name__ == '__main__':
    L.main(what_anybody_says_comes_to_all_once, large_messages_come_to_all, bytes_that_are_no_text_come_in_base64,
           who_stops_listening_is_told_nothing_more, many_messages_in_a_row_are_not_lost)
