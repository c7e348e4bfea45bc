#!/usr/bin/env python3
"""Documents by the command line: made, added to, edited while others type, restored, exported, in
step with a file; and through kill -9."""
import json
import os
import threading
import urllib.request

import lab as L

KILLS = int(os.environ.get('SHOAL_KILLS', '20'))


def quiet(lab, name='a'):
    """A node with nothing but documents."""
    return lab.node(name, files__enabled='off', host__enabled='off', api__auth='off')


def cat(node, ident):
    return node.run('doc', 'cat', ident).stdout


def status(node, *words):
    return node.run(*words, check=False).returncode


def script(lab, name, body):
    path = os.path.join(lab.dir, name)
    with open(path, 'w') as f:
        f.write('#!/bin/sh\n' + body)
    os.chmod(path, 0o755)
    return path


def a_document_is_made_added_to_and_read(lab):
    a = quiet(lab)
    ident = a.run('doc', 'new', 'Shopping list').stdout.strip()
    assert len(ident) == 64 and int(ident, 16) >= 0, ident
    assert cat(a, ident) == ''
    a.run('doc', 'append', ident, 'bread')
    a.run('doc', 'append', ident[:8], '- butter\n')
    a.run('doc', 'append', 'Shopping list', 'ä🙂', '--no-newline')
    assert cat(a, ident) == 'bread\n- butter\nä🙂', cat(a, ident)
    row, = a.json('doc', 'ls')
    assert (row['id'], row['title'], row['role'], row['author']) == \
        (ident, 'Shopping list', 'owner', a.json('id')['peer_id']), row
    a.run('doc', 'rename', ident, 'Errands')
    L.until('the title', lambda: a.json('doc', 'show', ident)['title'] == 'Errands')
    shown = a.json('doc', 'show', 'Errands')
    assert shown['units'] == len('bread\n- butter\nä') + 2 and shown['writable'], shown
    assert a.json('status')['docs']['documents'] == 1
    a.stop()
    a.start()
    assert cat(a, ident) == 'bread\n- butter\nä🙂'
    a.run('doc', 'rm', ident)
    assert a.json('doc', 'ls') == []


def what_goes_wrong_is_told_by_the_exit_status(lab):
    a = quiet(lab)
    one, two = (a.run('doc', 'new', 'same').stdout.strip() for _ in range(2))
    assert status(a, 'doc', 'cat', 'none such') == 3
    assert status(a, 'doc', 'cat', 'same') == 1
    assert status(a, 'doc', 'append', one) == 2
    assert status(a, 'doc', 'new', 'two\nlines') == 2
    assert status(a, 'doc', 'restore', one) == 2
    assert status(a, 'doc', 'restore', one + '@9') == 3
    assert status(a, 'doc', 'follow', one) == 2
    assert status(a, 'doc', 'join', 'no link') == 2
    error = json.loads(a.run('doc', 'cat', 'none such', '--json', check=False).stdout)['error']
    assert error['code'] == 'doc.not_found' and error['next'], error
    assert one != two


def an_editor_and_others_write_at_once(lab):
    a = quiet(lab)
    ident = a.run('doc', 'new', 'notes.md').stdout.strip()
    a.run('doc', 'append', ident, 'one\ntwo\nthree')
    seen = os.path.join(lab.dir, 'seen')
    edit = script(lab, 'edit', f'''
case "$1" in *.md) ;; *) exit 9;; esac
stat -c %a "$1" > {seen}
sed -i 's/two/2/' "$1"
{L.BIN}/shoal --home {a.home} --no-start doc append {ident} four
''')
    a.run('doc', 'edit', ident, env={**os.environ, 'EDITOR': edit, 'VISUAL': ''})
    assert open(seen).read() == '600\n'
    assert cat(a, ident) == 'one\n2\nthree\nfour\n', cat(a, ident)
    left = [f for f in os.listdir(os.path.join(a.home, 'run')) if f.startswith('edit-')]
    assert left == [], left
    # An editor that fails, or writes what is no text: nothing is changed, and what was written kept.
    for body in ('echo mine > "$1"; exit 3', r"printf 'mine\377' > ""$1"):
        bad = script(lab, 'bad', body + '\n')
        done = a.run('doc', 'edit', ident, check=False, env={**os.environ, 'EDITOR': bad, 'VISUAL': ''})
        assert done.returncode == 1 and 'kept' in done.stderr, done
        kept = done.stderr.split('kept: ')[1].strip()
        assert open(kept, 'rb').read().startswith(b'mine'), kept
        assert cat(a, ident) == 'one\n2\nthree\nfour\n'
    a.run('doc', 'edit', ident, env={**os.environ, 'EDITOR': 'sed -i s/three/3/', 'VISUAL': ''})
    assert cat(a, ident) == 'one\n2\n3\nfour\n'


def a_revision_is_read_and_restored(lab):
    a = quiet(lab)
    ident = a.run('doc', 'new', 'past').stdout.strip()
    a.run('doc', 'append', ident, 'one')
    first = a.json('doc', 'history', ident)[0]
    assert first['author'] == a.json('id')['peer_id'], first
    assert a.run('doc', 'cat', f"{ident}@{first['revision']}").stdout == 'one\n'
    a.run('doc', 'append', ident, 'two')
    a.run('doc', 'restore', f"{ident}@{first['revision']}")
    assert cat(a, ident) == 'one\n'
    before = a.json('doc', 'history', ident)[1]  # what was undone is there too
    assert a.run('doc', 'cat', f"{ident}@{before['revision']}").stdout == 'one\ntwo\n'
    a.run('doc', 'restore', f"{ident}@{before['revision']}")
    assert cat(a, ident) == 'one\ntwo\n'
    for _ in range(10):  # however many revisions there are already: what is undone is one
        a.run('doc', 'append', ident, 'more')
        text, told = cat(a, ident), a.json('doc', 'restore', ident, '1')
        assert told['restored'] and cat(a, ident) == ''
        done = a.run('doc', 'restore', f"{ident}@{told['before']}")
        assert 'undoes it' in done.stderr and not done.stdout, done
        assert cat(a, ident) == text
    a.run('doc', 'rename', ident, 'renamed')  # its name is no part of what it says
    a.run('doc', 'restore', ident, '1')
    assert a.json('doc', 'show', ident)['title'] == 'renamed'
    done = a.run('doc', 'restore', ident, '1')
    assert 'already' in done.stderr, done


def it_is_exported_and_nothing_in_it_runs(lab):
    a = quiet(lab)
    ident = a.run('doc', 'new', '<i>T').stdout.strip()
    a.run('doc', 'append', ident, '# head\n<script>alert(1)</script>')
    assert a.run('doc', 'export', ident, '-f', 'md').stdout == cat(a, ident)
    assert a.run('doc', 'export', ident, '--format', 'txt').stdout == cat(a, ident)
    page = a.run('doc', 'export', ident, '-f', 'html').stdout
    assert '<script' not in page and '&lt;script&gt;' in page and '<h1>&lt;i&gt;T</h1>' in page, page


def rest(node, method, path, body=None):
    request = urllib.request.Request(f'http://{node.http}/api/v1{path}', method=method,
                                     data=json.dumps(body).encode() if body is not None else None,
                                     headers={'Content-Type': 'application/json'})
    with urllib.request.urlopen(request) as r:
        return json.load(r)


def pages_ask_by_rest_and_hear_of_changes(lab):
    a = quiet(lab)
    heard = []

    def listen():
        with urllib.request.urlopen(f'http://{a.http}/api/v1/events?type=doc.') as stream:
            for line in stream:
                heard.append(line.decode())
    threading.Thread(target=listen, daemon=True).start()
    L.until('the first event', lambda: heard)
    ident = rest(a, 'POST', '/docs', {'title': 'by rest'})['id']
    rest(a, 'POST', f'/docs/{ident}/append', {'text': 'hello'})
    was = rest(a, 'GET', f'/docs/{ident}/text?base=true')
    rest(a, 'POST', f'/docs/{ident}/append', {'text': 'there'})
    now = rest(a, 'PUT', f'/docs/{ident}/text', {'text': 'hello, you\n', 'base': was['base']})
    assert now['text'] == 'hello, you\nthere\n', now
    for _ in range(2):  # an answer that was lost, and the same said again
        assert rest(a, 'PUT', f'/docs/{ident}/text',
                    {'text': 'hello, you\n', 'base': was['base']})['text'] == now['text']
    assert rest(a, 'GET', '/docs')[0]['id'] == ident
    L.until('the change to be told', lambda: any('doc.changed' in h and ident in h for h in heard))
    rest(a, 'DELETE', f'/docs/{ident}')
    L.until('the end to be told', lambda: any('doc.removed' in h for h in heard))


def write(path, text):
    with open(path, 'w') as f:
        f.write(text)


def read(path):
    with open(path, errors='replace') as f:
        return f.read()


def a_file_follows_both_ways(lab):
    a = quiet(lab)
    ident = a.run('doc', 'new', 'followed').stdout.strip()
    a.run('doc', 'append', ident, 'one\ntwo')
    path = os.path.join(lab.dir, 'f.md')
    a.run('doc', 'follow', ident, path)
    L.until('the file', lambda: os.path.exists(path) and read(path) == 'one\ntwo\n')
    os.chmod(path, 0o600)
    a.run('doc', 'append', ident, 'three')
    L.until('the file to follow', lambda: read(path) == 'one\ntwo\nthree\n')
    assert os.stat(path).st_mode & 0o777 == 0o600
    write(path, 'one\n2\nthree\n')
    L.until('the document to follow', lambda: cat(a, ident) == 'one\n2\nthree\n')
    # Both at once.
    write(path, 'zero\none\n2\nthree\n')
    a.run('doc', 'append', ident, 'four')
    both = 'zero\none\n2\nthree\nfour\n'
    L.until('both to agree', lambda: cat(a, ident) == read(path) == both)
    # While the node is down, and after kill -9.
    a.kill()
    write(path, both + 'five\n')
    a.start()
    L.until('what was written meanwhile', lambda: cat(a, ident) == read(path) == both + 'five\n')
    # What is no text is put aside.
    with open(path, 'ab') as f:
        f.write(b'\xff')
    L.until('the copy', lambda: os.path.exists(path + '.conflict'))
    L.until('the file as it was', lambda: read(path) == both + 'five\n')
    assert cat(a, ident) == both + 'five\n'
    # It is never removed, and its loss removes nothing.
    os.remove(path)
    L.until('the loss to be seen', lambda: a.json('doc', 'show', ident)['follow']['reason'])
    a.run('doc', 'append', ident, 'six')
    L.until('the file anew', lambda: os.path.exists(path) and read(path) == cat(a, ident))
    assert status(a, 'doc', 'follow', ident, path) == 7
    a.run('doc', 'follow', ident, '--stop')
    a.run('doc', 'append', ident, 'seven')
    assert a.json('doc', 'show', ident)['follow'] is None
    assert 'seven' not in read(path)


def what_was_acknowledged_survives_kill_9(lab):
    a = quiet(lab)
    ident = a.run('doc', 'new', 'killed').stdout.strip()
    kept, number = [], 0
    for round_ in range(KILLS):
        stop = threading.Event()

        def type_on():
            nonlocal number
            while not stop.is_set():
                number += 1
                text = f'{round_}.{number}'
                try:
                    rest(a, 'POST', f'/docs/{ident}/append', {'text': text})
                except OSError:
                    return
                kept.append(text)
        typing = threading.Thread(target=type_on)
        before = len(kept)
        typing.start()
        L.until('something to be kept', lambda: len(kept) > before + round_ % 7)
        a.kill()
        stop.set()
        typing.join()
        a.start()
        lines = cat(a, ident).split('\n')
        missing = set(kept) - set(lines)
        assert not missing and len(set(lines)) == len(lines), (missing, lines[-5:])


if __name__ == '__main__':
    if KILLS >= 100:  # ./dev soak docs
        import docs_share
        L.own_network()
        L.main(docs_share.three_type_and_nothing_acknowledged_is_lost)
    L.main(a_document_is_made_added_to_and_read, what_goes_wrong_is_told_by_the_exit_status,
           an_editor_and_others_write_at_once, a_revision_is_read_and_restored,
           it_is_exported_and_nothing_in_it_runs, pages_ask_by_rest_and_hear_of_changes,
           a_file_follows_both_ways, what_was_acknowledged_survives_kill_9, at_once=2)
