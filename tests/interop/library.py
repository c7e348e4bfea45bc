#!/usr/bin/env python3
"""The program of doc/LIBRARY.md, which knows include/shoal/ alone, with the libp2p of npm as the other side: it is asked, and
it asks."""
import os
import subprocess

import lab as L
from js_peer import JsPeer

ECHO = os.path.join(os.path.abspath(L.BIN), 'src', 'lib', 'echo_example')


def serve(lab):
    p = subprocess.Popen([ECHO], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    lab.ends.callback(p.stdout.close)
    lab.ends.callback(L.end, p)
    return p.stdout.readline().strip()


def ask(address, line):
    return subprocess.run([ECHO, address, line], capture_output=True, text=True, timeout=L.PATIENCE_S, check=False)


def js_asks_it(security):
    def test(lab):
        js, address = JsPeer(lab, security=[security]), serve(lab)
        met = js.do('dial', address=address)
        assert address.endswith('/p2p/' + met['id']), met
        assert js.do('echo', id=met['id'], bytes=100)['same']
        assert js.do('echo', id=met['id'], bytes=20 << 20, slow_ms=1)['same']
        assert js.do('echoes', id=met['id'], count=100, at_once=20, bytes=10_000) == 100
        assert js.do('ping', id=met['id']) is not None
    test.__name__ = f'js_asks_it_by_{security}'
    return test


def it_asks_js(security):
    def test(lab):
        js = JsPeer(lab, security=[security])
        done = ask(js.listen[0], 'hello, js\n')
        assert (done.returncode, done.stdout) == (0, 'hello, js\n'), done
    test.__name__ = f'it_asks_js_by_{security}'
    return test


def it_asks_itself(lab):
    done = ask(serve(lab), 'hello, C\n')
    assert (done.returncode, done.stdout) == (0, 'hello, C\n'), done


def somebody_else_at_the_address_is_refused(lab):
    js, other = JsPeer(lab, 'a'), JsPeer(lab, 'b')
    done = ask(js.listen[0].replace(js.id, other.id), 'secret')
    assert done.returncode != 0 and js.id in done.stderr, done
    assert done.stdout == '', done


def words_that_are_no_address_are_refused(lab):
    done = ask('example.org', 'hello')
    assert done.returncode != 0 and done.stderr, done


if __name__ == '__main__':
    L.main(js_asks_it('noise'), js_asks_it('tls'), it_asks_js('noise'), it_asks_js('tls'), it_asks_itself,
           somebody_else_at_the_address_is_refused, words_that_are_no_address_are_refused)
