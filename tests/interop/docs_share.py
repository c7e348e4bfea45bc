#!/usr/bin/env python3
"""Documents between nodes: joined by a link, written at once and apart, read only, taken away; and,
for `./dev soak docs`, three nodes that type through kill -9.

SHOAL_KILLS says how many kills there are (default 9; `./dev soak docs` takes 500)."""
import json
import os
import random
import threading
import urllib.request

import lab as L

KILLS = int(os.environ.get('SHOAL_KILLS', '9'))
SEED = int(os.environ.get('SHOAL_SEED', str(random.randrange(1 << 30))))


def node(lab, name, **more):
    """On its own port, so that it is where it was when it is back."""
    return lab.node(name, **{'files__enabled': 'off', 'host__lab': 'on', 'api__auth': 'off',
                             'host__listen': f'/ip4/127.0.0.1/tcp/{L.free_port()}', **more})


def cat(of, ident):
    return of.run('doc', 'cat', ident).stdout


def agree(ident, *nodes, having=()):
    def same():
        texts = [cat(n, ident) for n in nodes]
        return len(set(texts)) == 1 and all(h in texts[0] for h in having) and texts[0]
    return L.until(f'{", ".join(n.name for n in nodes)} to agree', same)


def join(a, b, ident, *flags):
    link = a.run('doc', 'share', ident, *flags).stdout.strip()
    assert b.run('doc', 'join', link).stdout.strip() == ident
    return link


def two_write_at_once_and_apart(lab):
    a, b = node(lab, 'a'), node(lab, 'b')
    ident = a.run('doc', 'new', 'plan').stdout.strip()
    a.run('doc', 'append', ident, 'of a')
    join(a, b, ident)
    assert cat(b, ident) == 'of a\n'
    assert b.json('doc', 'show', ident)['title'] == 'plan'
    for i in range(5):
        a.run('doc', 'append', ident, f'a{i}')
        b.run('doc', 'append', ident, f'b{i}')
    agree(ident, a, b, having=[f'{n}{i}\n' for n in 'ab' for i in range(5)])
    # One is away; both go on; it comes back.
    b.stop()
    a.run('doc', 'append', ident, 'while b is away')
    a.stop()
    b.start()
    b.run('doc', 'append', ident, 'while a is away')
    b.run('doc', 'rename', ident, 'plan b')
    a.start()
    agree(ident, a, b, having=['while a is away\n', 'while b is away\n'])
    L.until('the title', lambda: a.json('doc', 'show', ident)['title'] == 'plan b')
    roles = {m['peer']: m['role'] for m in a.json('doc', 'members', ident)}
    assert roles == {a.json('id')['peer_id']: 'owner', b.json('id')['peer_id']: 'writer'}, roles


def what_was_removed_can_be_joined_again(lab):
    a, b = node(lab, 'a'), node(lab, 'b')
    ident = a.run('doc', 'new', 'again').stdout.strip()
    a.run('doc', 'append', ident, 'one')
    join(a, b, ident)
    b.run('doc', 'rm', ident)
    assert b.run('doc', 'cat', ident, check=False).returncode == 3
    assert b.json('doc', 'ls') == []
    a.run('doc', 'append', ident, 'two')
    join(a, b, ident)
    agree(ident, a, b, having=['one\ntwo\n'])
    b.kill()
    b.start()
    assert cat(b, ident) == 'one\ntwo\n', cat(b, ident)


def a_reader_reads_and_is_refused(lab):
    a, b = node(lab, 'a'), node(lab, 'b')
    ident = a.run('doc', 'new', 'read this').stdout.strip()
    a.run('doc', 'append', ident, 'one')
    join(a, b, ident, '--with', b.json('id')['peer_id'], '--read-only')
    assert b.json('doc', 'show', ident)['role'] == 'reader'
    for words in (('append', ident, 'x'), ('rename', ident, 'x'), ('share', ident)):
        done = b.run('doc', *words, check=False)
        assert done.returncode == 4, done
    assert a.json('id')['peer_id'] in b.run('doc', 'append', ident, 'x', check=False).stderr
    # A file that follows it is put back, and what was written there kept.
    path = os.path.join(lab.dir, 'r.md')
    b.run('doc', 'follow', ident, path)
    L.until('the file', lambda: os.path.exists(path) and open(path).read() == 'one\n')
    with open(path, 'a') as f:
        f.write('mine\n')
    L.until('the copy', lambda: os.path.exists(path + '.conflict'))
    L.until('the file as it was', lambda: open(path).read() == 'one\n')
    assert open(path + '.conflict').read() == 'one\nmine\n'
    a.run('doc', 'append', ident, 'two')
    L.until('what is written', lambda: open(path).read() == 'one\ntwo\n')
    assert cat(a, ident) == 'one\ntwo\n'


def who_is_taken_away_reads_nothing_more(lab):
    a, b, c = node(lab, 'a'), node(lab, 'b'), node(lab, 'c')
    ident = a.run('doc', 'new', 'ours').stdout.strip()
    a.run('doc', 'append', ident, 'for all')
    join(a, b, ident)
    link = join(a, c, ident)
    agree(ident, a, b, c, having=['for all\n'])
    a.run('doc', 'unshare', ident, c.json('id')['peer_id'], '--links')
    a.run('doc', 'append', ident, 'for two')
    agree(ident, a, b, having=['for two\n'])
    assert a.run('doc', 'unshare', ident, c.json('id')['peer_id'], check=False).returncode == 3
    L.until('its link to be void', lambda: c.run('doc', 'join', link, check=False).returncode != 0)
    c.run('doc', 'append', ident, 'by c', check=False)
    a.run('doc', 'append', ident, 'the last')
    agree(ident, a, b, having=['the last\n'])
    assert 'by c' not in cat(a, ident) and 'for two' not in cat(c, ident), cat(c, ident)


# --- three type, and are killed ----------------------------------------------------------------

class Typist:
    """Appends by REST without a pause; `kept` is what was acknowledged."""

    def __init__(self, of, ident):
        self.of, self.ident, self.kept, self.number = of, ident, [], 0
        self.over = threading.Event()
        self.up = threading.Event()
        self.up.set()
        self.thread = threading.Thread(target=self.type_on, daemon=True)
        self.thread.start()

    def say(self, text):
        request = urllib.request.Request(
            f'http://{self.of.http}/api/v1/docs/{self.ident}/append',
            data=json.dumps({'text': text}).encode(), headers={'Content-Type': 'application/json'})
        with urllib.request.urlopen(request, timeout=30):
            self.kept.append(text)

    def type_on(self):
        while not self.over.is_set():
            if not self.up.wait(1):
                continue
            self.number += 1
            try:
                self.say(f'{self.of.name} {self.number} äöü🙂')
            except OSError:
                self.over.wait(0.05)


def three_type_and_nothing_acknowledged_is_lost(lab):
    rng = random.Random(SEED)
    nodes = [node(lab, n) for n in 'abc']
    ident = nodes[0].run('doc', 'new', 'typed').stdout.strip()
    for other in nodes[1:]:
        join(nodes[0], other, ident)
    typists = [Typist(n, ident) for n in nodes]
    for kill in range(KILLS):
        victim = rng.randrange(3)
        typist = typists[victim]
        before, some = len(typist.kept), rng.randrange(30)
        L.until('it to type', lambda t=typist, n=before + some: len(t.kept) >= n)
        typist.up.clear()
        nodes[victim].kill()
        nodes[victim].start()
        lines = set(cat(nodes[victim], ident).split('\n'))
        lost = [k for k in typist.kept if k not in lines]
        typist.up.set()
        assert not lost, f'seed {SEED}, kill {kill}: {nodes[victim].name} lost {lost[:5]}'
        if kill % 50 == 49:
            L.say(f'# {kill + 1} kills, {sum(len(t.kept) for t in typists)} lines acknowledged, none lost')
    for t in typists:
        t.over.set()
        t.up.set()
    for t in typists:
        t.thread.join()
    text = L.until('all to agree', lambda: len({cat(n, ident) for n in nodes}) == 1 and cat(nodes[0], ident))
    lines = text.split('\n')
    for t in typists:
        lost = set(t.kept) - set(lines)
        assert not lost, f'seed {SEED}: {len(lost)} lines of {t.of.name} are lost: {sorted(lost)[:5]}'
    assert len(lines) == len(set(lines)), 'a line is there twice'
    L.say(f'# seed {SEED}: {KILLS} kills, {sum(len(t.kept) for t in typists)} lines acknowledged, none lost')


if __name__ == '__main__':
    L.own_network()
    L.main(two_write_at_once_and_apart, what_was_removed_can_be_joined_again, a_reader_reads_and_is_refused,
           who_is_taken_away_reads_nothing_more, three_type_and_nothing_acknowledged_is_lost,
           at_once=2)
