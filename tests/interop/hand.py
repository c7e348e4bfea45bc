#!/usr/bin/env python3
"""Files from hand to hand by a code: two nodes on loopback that never met, files and folders, wrong
words, kills of either side, and a third node's table between them."""
import os
import subprocess

import lab as L
import nat

MIB = 1 << 20


def node(lab, name, under=(), **more):
    n = lab.node(name, under, **{'host.listen': f'/ip4/127.0.0.1/tcp/{L.free_port()}', 'host.lab': 'on',
                          'files.dht': 'off', 'files.dir': lab.folder(name + '-got'), **more})
    learn(n)
    return n


def learn(n):
    n.listen = n.json('status')['listen']
    n.id = n.json('status')['peer_id']
    n.got = n.settings['files.dir']


def two(lab, **more):
    """One that gives and one that gets; they know each other's addresses and nothing else."""
    a, b = node(lab, 'ann', **more), node(lab, 'bob', **more)
    b.run('net', 'dial', a.listen[0])
    return a, b


def send(n, path):
    """The code, and the id."""
    row = n.json('file', 'send', path, '--background')
    return row['code'], row['id']


def state(n, ident):
    return n.json('file', 'transfer', 'show', ident)


def nothing_but(folder, *names):
    assert sorted(os.listdir(folder)) == sorted(names), os.listdir(folder)


def a_file_goes_by_its_code(lab):
    a, b = two(lab)
    film = L.make_file(os.path.join(lab.folder('have'), 'film.mkv'), 20 * MIB + 17)
    code, ident = send(a, film)
    assert code.count('-') == 2, code
    done = b.json('file', 'receive', code, '--yes')
    assert done['state'] == 'done' and done['peer'] == a.id, done
    assert done['path'] == os.path.join(b.got, 'film.mkv'), done
    L.same(film, done['path'])
    nothing_but(b.got, 'film.mkv')
    L.until('the giver to know', lambda: state(a, ident)['state'] == 'done')
    assert state(a, ident)['peer'] == b.id and state(a, ident)['code'] is None
    again = b.run('file', 'receive', code, '--yes', '--from', a.id[-8:], check=False, timeout=300)  # used once
    assert again.returncode == 3, again


def a_folder_goes_with_all_that_is_in_it(lab):
    a, b = two(lab)
    tree = L.make_tree(os.path.join(lab.folder('have'), 'holiday'), 300)
    os.makedirs(os.path.join(tree, 'empty', 'too'))
    run = os.path.join(tree, 'run.sh')
    with open(run, 'w') as f:
        f.write('#!/bin/sh\n')
    os.chmod(run, 0o755)
    os.symlink('/etc/passwd', os.path.join(tree, 'link'))
    sent = a.json('file', 'send', tree + '/', '--background')
    assert sent['left_out'] == 1, sent
    to = lab.folder('to')
    done = b.run('file', 'receive', sent['code'].replace('-', ' ').upper(), '--to', to, '--yes')
    assert done.stdout.strip() == os.path.join(to, 'holiday'), done
    os.unlink(os.path.join(tree, 'link'))
    L.same(tree, os.path.join(to, 'holiday'))
    assert os.path.isdir(os.path.join(to, 'holiday', 'empty', 'too'))
    assert os.access(os.path.join(to, 'holiday', 'run.sh'), os.X_OK)
    assert not os.access(os.path.join(to, 'holiday', next(n for n in os.listdir(tree) if n.endswith('.bin'))), os.X_OK)
    nothing_but(to, 'holiday')


def what_is_there_is_not_written_over(lab):
    a, b = two(lab)
    photo = L.make_file(os.path.join(lab.folder('have'), 'photo.jpg'), 1000)
    for name in ('photo.jpg', 'photo (2).jpg', 'photo (3).jpg'):
        code, _ = send(a, photo)
        done = b.json('file', 'receive', code, '--yes')
        assert done['path'] == os.path.join(b.got, name), done
        L.same(photo, done['path'])


def four_wrong_guesses_end_a_code(lab):
    a, b = two(lab)
    code, ident = send(a, L.make_file(os.path.join(lab.folder('have'), 'x'), 10))
    number, first, second = code.split('-')
    wrong_word = 'airport' if second != 'airport' else 'anchor'
    for left in (3, 2, 1, 0):
        wrong = b.run('file', 'receive', f'{number}-{first}-{wrong_word}', '--yes', check=False)
        assert wrong.returncode == 4 and 'the words do not fit' in wrong.stderr, wrong
        assert state(a, ident)['guesses'] == left, state(a, ident)
    assert state(a, ident)['state'] == 'ended'
    nothing_but(b.got)


def words_are_mended_or_told(lab):
    a, b = two(lab)
    typo = b.run('file', 'receive', '4-tulpi-anchor', '--yes', check=False)
    assert typo.returncode == 1 and 'did you mean tulip?' in typo.stderr, typo
    code, _ = send(a, L.make_file(os.path.join(lab.folder('have'), 'x'), 10))
    short = ' '.join(w[:4] for w in code.split('-'))
    assert b.json('file', 'receive', short, '--yes')['state'] == 'done'
    asked = b.run('file', 'receive', code, check=False)
    assert asked.returncode == 2 and '--yes' in asked.stderr, asked


def who_declines_is_heard(lab):
    a, b = two(lab)
    code, ident = send(a, L.make_file(os.path.join(lab.folder('have'), 'x'), 10))
    here = b.json('file', 'transfer', 'ls')
    assert here == [], here
    master, slave = os.openpty()
    p = subprocess.Popen([f'{L.BIN}/shoal', '--home', b.home, 'file', 'receive', code], stdin=slave,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    os.write(master, b'n\n')
    out, err = p.communicate(timeout=60)
    assert p.returncode == 4 and 'take it? [y/N]' in err and out.startswith('x (1 file, 10 B)'), (out, err)
    L.until('the giver to hear', lambda: state(a, ident)['state'] == 'ended')
    assert 'does not want it' in state(a, ident)['reason']
    nothing_but(b.got)


def part_of(n):
    parts = [f for f in os.listdir(n.got) if f.endswith('.part')]
    return os.path.join(n.got, parts[0]) if parts else None


def a_kill_of_either_side_costs_no_byte(lab):
    a, b = two(lab, **{'limits.up': '6M'})
    film = L.make_file(os.path.join(lab.folder('have'), 'film.mkv'), 48 * MIB)
    code, ident = send(a, film)
    mine = b.json('file', 'receive', code, '--yes', '--background')['id']
    most = 0
    for turn, victim in enumerate((b, a, b, a)):
        least = (turn + 1) * 6 * MIB
        L.until('some bytes', lambda: state(b, mine)['done'] >= least)
        most = max(most, state(b, mine)['done'])
        victim.kill()
        victim.start()
        if victim is b:
            kept = L.until('what is there to be proven', lambda: state(b, mine)['done'] or None)
            assert kept >= most - 4 * MIB, (kept, most)
    L.until('it to be here', lambda: state(b, mine)['state'] == 'done')
    L.same(film, os.path.join(b.got, 'film.mkv'))
    nothing_but(b.got, 'film.mkv')
    L.until('the giver to know', lambda: state(a, ident)['state'] == 'done')


def what_changed_is_not_sent(lab):
    a, b = two(lab)
    path = L.make_file(os.path.join(lab.folder('have'), 'notes'), 5000)
    code, ident = send(a, path)
    with open(path, 'a') as f:
        f.write('more')
    got = b.run('file', 'receive', code, '--yes', check=False)
    assert got.returncode != 0 and 'was changed after it was offered' in got.stderr, got
    assert state(a, ident)['state'] == 'ended', state(a, ident)
    nothing_but(b.got)


def a_code_outlives_a_restart(lab):
    a, b = two(lab)
    path = L.make_file(os.path.join(lab.folder('have'), 'x'), 3 * MIB)
    code, _ = send(a, path)
    a.kill()
    a.start()
    L.until('them to meet', lambda: b.run('net', 'dial', a.listen[0], check=False).returncode == 0)
    L.same(path, b.json('file', 'receive', code, '--yes')['path'])


def two_who_only_share_a_third_find_each_other(lab):
    c = node(lab, 'cid')
    a, b = (node(lab, n, **{'host.bootstrap': c.listen[0]}) for n in ('ann', 'bob'))
    for n in (a, b):
        L.until('the third to be known', lambda n=n: n.json('peer', 'ls'))
    path = L.make_file(os.path.join(lab.folder('have'), 'x'), 3 * MIB)
    code, _ = send(a, path)
    L.same(path, b.json('file', 'receive', code, '--yes')['path'])


def two_behind_routers_find_each_other(lab):
    """They share a node that anybody reaches: its table knows who is asked for, it relays the words, and
    the bytes go by the hole that is punched meanwhile."""
    between = nat.middle(lab)
    homes = [nat.Home(lab, 1), nat.Home(lab, 2)]
    anywhere = {'host.listen': '/ip4/0.0.0.0/tcp/4001', 'files.listen': '0.0.0.0:0'}
    relay = node(lab, 'relay', between, **anywhere, **{'host.relay': 'on'})
    at = f'/ip4/{nat.MIDDLE}/tcp/4001/p2p/{relay.id}'
    a, b = (node(lab, name, home.under, **anywhere, **{'host.bootstrap': at}) for name, home in zip(('ann', 'bob'), homes))
    for n in a, b:
        L.until('a place at the relay', lambda n=n: any('p2p-circuit' in x for x in n.json('status')['listen']))
    path = L.make_file(os.path.join(lab.folder('have'), 'x'), 3 * MIB)
    code, _ = send(a, path)
    L.same(path, b.json('file', 'receive', code, '--yes')['path'])
    assert b.json('peer', 'show', a.id)['path'] == 'hole-punched'


if __name__ == '__main__':
    L.main(a_file_goes_by_its_code, a_folder_goes_with_all_that_is_in_it, what_is_there_is_not_written_over,
           four_wrong_guesses_end_a_code, words_are_mended_or_told, who_declines_is_heard,
           a_kill_of_either_side_costs_no_byte, what_changed_is_not_sent, a_code_outlives_a_restart,
           two_who_only_share_a_third_find_each_other, two_behind_routers_find_each_other)
