#!/usr/bin/env python3
"""node.interface: everything through one network interface, or nothing.  Two machines made of network
namespaces, with one cable between them; the node whose interface it is also has a loopback."""
import ctypes
import os
import shutil
import subprocess

import lab as L

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000


def run(*words):
    subprocess.run(words, check=True, capture_output=True)


def own_network():
    """This process moves into a network of its own, without leave where the kernel allows that."""
    libc = ctypes.CDLL(None, use_errno=True)
    uid, gid = os.getuid(), os.getgid()
    if libc.unshare(CLONE_NEWNET) == 0:
        return
    if libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0:
        raise L.Skip('this machine gives nobody a network of his own')
    for name, text in (('setgroups', 'deny'), ('uid_map', f'0 {uid} 1'), ('gid_map', f'0 {gid} 1')):
        with open(f'/proc/self/{name}', 'w') as f:
            f.write(text)


def cable(far):
    """eth-a here, eth-b there."""
    run('ip', 'link', 'add', 'eth-a', 'type', 'veth', 'peer', 'name', 'eth-b', 'netns', str(far))
    run('ip', 'addr', 'add', '10.77.0.1/24', 'dev', 'eth-a')
    run('ip', 'link', 'set', 'eth-a', 'up')
    run('nsenter', '-t', str(far), '-n', 'ip', 'addr', 'add', '10.77.0.2/24', 'dev', 'eth-b')
    run('nsenter', '-t', str(far), '-n', 'ip', 'link', 'set', 'eth-b', 'up')


def without_its_interface_a_node_reaches_nobody_and_with_it_again(lab):
    if not shutil.which('ip') or not shutil.which('nsenter'):
        raise L.Skip('ip and nsenter are not installed')
    own_network()
    run('ip', 'link', 'set', 'lo', 'up')
    far = lab.spawn(['unshare', '-n', 'sleep', '3600'], 'far').pid
    L.until('the other network', lambda: os.readlink(f'/proc/{far}/ns/net') !=
            os.readlink('/proc/self/ns/net'))
    run('nsenter', '-t', str(far), '-n', 'ip', 'link', 'set', 'lo', 'up')
    b = lab.node('b', under=('nsenter', '-t', str(far), '-n'), files__listen='0.0.0.0:6881')
    path = L.make_file(os.path.join(lab.folder('in'), 'payload.bin'), 3_000_000)
    shared = b.share(path)

    # A listener on loopback that nobody may reach.
    near = lab.node('near', files__listen='127.0.0.1:6999')
    trap = near.share(path)['id']
    a = lab.node('a', node__interface='eth-a', files__listen='0.0.0.0:6882')
    out = lab.folder('out')
    a.run('get', shared['magnet'], '-o', out, '--detach',
          '--peer', '127.0.0.1:6999', '--peer', '10.77.0.2:6881')
    L.until('it to have tried', lambda: 'eth-a' in a.log() or a.row(shared['id'])['reason'])
    assert near.row(trap)['uploaded'] == 0

    cable(far)  # the interface comes
    a.run('file', 'peer', shared['id'], '10.77.0.2:6881')
    L.until('all of it', lambda: a.row(shared['id'])['state'] == 'seeding')
    L.same(path, os.path.join(out, 'payload.bin'))
    assert near.row(trap)['uploaded'] == 0

    # It goes, and comes back as another one: it is listened at again.
    run('ip', 'link', 'del', 'eth-a')
    cable(far)
    c = lab.node('c', under=('nsenter', '-t', str(far), '-n'), files__listen='0.0.0.0:6883')
    b.stop()
    L.until('it to be reached', lambda: reached(c, shared, lab))


def reached(c, shared, lab):
    """A fetch from far away, of which each try is a dial."""
    c.run('get', shared['magnet'], '--peer', '10.77.0.1:6882', '-o', os.path.join(lab.dir, 'c'),
          '--detach')
    c.run('file', 'peer', shared['id'], '10.77.0.1:6882')
    return c.row(shared['id'])['state'] == 'seeding'


if __name__ == '__main__':
    L.main(without_its_interface_a_node_reaches_nobody_and_with_it_again)
