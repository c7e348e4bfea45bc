#!/usr/bin/env python3
"""The command line as scripts rely on it: exit codes, JSON, and what it says when it cannot."""
import json
import os
import subprocess

import lab as L
from rpc_client import Rpc


def fails(node, status, *words, says=''):
    done = node.run(*words, check=False)
    assert done.returncode == status, (words, done)
    assert done.stderr.startswith('error: ') and says in done.stderr, (words, done.stderr)
    return done


def exit_codes_tell_what_happened(lab):
    a = lab.node('a')
    fails(a, 2, 'file', 'lss', says='did you mean')
    fails(a, 2, 'file', 'ls', '--colour')
    fails(a, 2, 'file', 'export', 'x')
    for words in ('share',), ('file', 'show'), ('doc', 'cat'), ('get', 'x', '-o'):
        fails(a, 2, *words, '', says='this is empty')
    fails(a, 3, 'file', 'show', '00000000', says='00000000')
    fails(a, 3, 'share', os.path.join(lab.dir, 'not there'), says='not there')
    fails(a, 3, 'config', 'get', 'files.lisen', says='files.listen')
    fails(a, 3, 'get', os.path.join(lab.dir, 'not there'), says='neither a file here nor a magnet')
    fails(a, 1, 'get', __file__, says='.torrent file')
    fails(a, 1, 'share', lab.folder('empty'), says='no bytes in it')
    fails(a, 2, 'get', 'magnet:?xt=urn:btih:' + '00' * 20, '--peer', 'nowhere', says='nowhere')
    assert a.json('file', 'ls') == []
    fails(a, 1, 'get', 'magnet:?xt=urn:sha1:' + '0' * 32, says='without a BitTorrent infohash')
    a.stop()
    fails(a, 5, 'file', 'ls')
    a.start()


def status_has_the_fields_that_scripts_read(lab):
    a = lab.node('a')
    st = a.json('status')
    assert st['version'] and st['peer_id'].startswith('12D3KooW') and st['name']
    assert isinstance(st['uptime_s'], int) and isinstance(st['listen'], list)
    assert st['files']['port'] > 0 and st['api']['http'].startswith('127.0.0.1:')
    assert st['api']['socket'].endswith('api.sock') and 'up_rate' in st['traffic']
    assert a.json('id')['peer_id'] == st['peer_id'] == a.run('id').stdout.strip()


def errors_are_json_too(lab):
    a = lab.node('a')
    done = a.run('file', 'show', '00000000', '--json', check=False)
    error = json.loads(done.stdout)['error']
    assert done.returncode == 3 and error['code'] == 'file.not_found' and error['message'], done


def a_second_daemon_on_a_home_is_refused(lab):
    a = lab.node('a')
    done = subprocess.run([f'{L.BIN}/shoald', '--home', a.home, '--foreground'], capture_output=True,
                          text=True, timeout=60, check=False)
    assert done.returncode == 7, done
    assert str(a.process.pid) in done.stderr, done.stderr


def the_daemon_goes_to_the_background_when_ready(lab):
    home = lab.folder('home')
    run = lambda *w: subprocess.run([*w], capture_output=True, text=True, timeout=60, check=False)
    first = run(f'{L.BIN}/shoald', '--home', home, '--set', 'files.listen=127.0.0.1:0', '--set',
                'api.http=127.0.0.1:0')
    assert first.returncode == 0, first
    try:
        again = run(f'{L.BIN}/shoald', '--home', home)
        assert again.returncode == 7, again
        assert run(f'{L.BIN}/shoal', '--home', home, 'status', '--json').returncode == 0
    finally:
        down = run(f'{L.BIN}/shoal', '--home', home, 'down')
    assert down.returncode == 0, down
    gone = run(f'{L.BIN}/shoal', '--home', home, '--no-start', 'id')
    assert gone.returncode == 5, gone


def events_are_one_object_a_line(lab):
    a = lab.node('a')
    watch = lab.spawn([f'{L.BIN}/shoal', '--home', a.home, 'events', '--type', 'file.'], 'events')
    L.until('the snapshot', lambda: 'snapshot' in lab.log_of('events'))
    shared = a.share(L.make_file(os.path.join(lab.folder('in'), 'f'), 1000))
    L.until('the torrent in the stream', lambda: shared['id'] in lab.log_of('events'))
    lines = [json.loads(line) for line in lab.log_of('events').split('\n')[:-1]]
    assert lines[0]['type'] == 'snapshot', lines[0]
    assert lines[1]['type'] == 'file.state' and lines[1]['data']['id'] == shared['id'], lines[1]
    L.end(watch)


def without_a_home_the_xdg_folders_are_used(lab):
    """shoald and shoal work out the same socket, each for itself."""
    home = lab.folder('person')
    for more in ({}, {'XDG_DATA_HOME': f'{home}/data'},
                 {'XDG_RUNTIME_DIR': f'{home}/run', 'XDG_CONFIG_HOME': f'{home}/conf'}):
        env = {'HOME': home, 'PATH': os.environ['PATH'], **more}
        run = lambda *w: subprocess.run([*w], capture_output=True, text=True, timeout=60, check=False,
                                        env=env)
        started = run(f'{L.BIN}/shoald', '--set', 'files.listen=127.0.0.1:0', '--set',
                      'api.http=127.0.0.1:0')
        assert started.returncode == 0, started
        try:
            assert run(f'{L.BIN}/shoal', '--no-start', 'id').returncode == 0, more
            run(f'{L.BIN}/shoal', 'config', 'set', 'limits.up', '5M')
            conf = os.path.join(more.get('XDG_CONFIG_HOME', home + '/.config'), 'shoal/shoal.conf')
            assert os.path.exists(conf), conf
        finally:
            assert run(f'{L.BIN}/shoal', 'down').returncode == 0


def config_set_keeps_comments(lab):
    a = lab.node('a')
    conf = os.path.join(a.home, 'shoal.conf')
    with open(conf, 'w') as f:
        f.write('# mine\n[limits]\n; evenings\nup = 1M\n\n[log]\nlevel = info\n')
    a.run('config', 'set', 'limits.up', '2M')
    with open(conf) as f:
        assert f.read() == '# mine\n[limits]\n; evenings\nup = 2M\n\n[log]\nlevel = info\n'
    assert a.run('config', 'get', 'limits.up', '--json').stdout.count('2M')
    bad = a.run('config', 'set', 'limits.up', 'much', check=False)
    assert bad.returncode != 0 and 'much' in bad.stderr, bad
    with open(conf) as f:
        assert 'up = 2M' in f.read()


def every_limit_can_be_set_and_lifted(lab):
    a = lab.node('a')
    for what, value, number in (('storage', '2G', 2 << 30), ('up', '5M', 5 << 20), ('down', '6M', 6 << 20)):
        a.run('policy', 'set', what, value)
        assert a.json('policy', 'show')[what] == number
        for word in ('off', '0'):
            a.run('policy', 'set', what, word)
            assert a.json('policy', 'show')[what] == 0
    for key in ('limits.storage', 'limits.alt-up', 'files.idle-limit', 'files.download-queue',
                'files.seed-queue', 'files.queue-stalled', 'files.ratio-limit'):
        assert a.json('config', 'set', key, 'off')['value'] == 'off', key
    bad = a.run('config', 'set', 'files.connections', 'off', check=False)
    assert bad.returncode != 0 and 'less than 8' in bad.stderr, bad


def a_proxys_password_stays_in_the_file(lab):
    a = lab.node('a', log__level='debug')
    secret, url = 'p4ss:w/rd@x', 'socks5://eve:p4ss:w/rd@x@127.0.0.1:9'
    shown = 'socks5://eve:***@127.0.0.1:9'
    assert a.json('config', 'set', 'node.proxy', url)['value'] == shown
    conf = os.path.join(a.home, 'shoal.conf')
    with open(conf) as f:
        assert f'proxy = {url}\n' in f.read()
    a.stop()
    a.start()
    said = [a.run(*words).stdout for words in (
        ('config', 'get', 'node.proxy'), ('config', 'get', 'node.proxy', '--json'), ('config', 'ls'),
        ('config', 'ls', '--json'), ('status', '--json'), ('log', '--level', 'debug'))]
    said += [a.run('doctor', check=False).stdout, a.log()]
    said.append(json.dumps(Rpc(a).ask('session-get')))
    assert all(shown in s for s in said[:4]), said[:4]
    assert not any(secret in s or 'w/rd' in s for s in said), said
    a.run('config', 'set', 'node.proxy', shown)  # as read, so as it is
    with open(conf) as f:
        assert f'proxy = {url}\n' in f.read()
    bad = a.run('config', 'set', 'node.proxy', f'socks5://eve:{secret}@nowhere', check=False)
    assert secret not in bad.stdout + bad.stderr, bad


def a_schedule_limits_and_says_why(lab):
    a = lab.node('a')
    a.run('policy', 'schedule', 'add', 'Mon-Sun 00:00-24:00', 'up=1M')
    shown = a.json('policy', 'show')
    up = next(n for n in shown['now'] if n['what'] == 'up')
    assert up['rate'] == 1 << 20 and 'schedule' in up['why'], up
    a.stop()
    a.start()
    assert next(n for n in a.json('policy', 'show')['now'] if n['what'] == 'up')['rate'] == 1 << 20
    a.run('policy', 'schedule', 'rm', '0')
    assert next(n for n in a.json('policy', 'show')['now'] if n['what'] == 'up')['rate'] == 0


def a_backup_makes_the_same_node_elsewhere(lab):
    a = lab.node('a')
    path = L.make_file(os.path.join(lab.folder('in'), 'f'), 100_000)
    shared, peer_id = a.share(path), a.json('id')['peer_id']
    file = os.path.join(lab.dir, 'backup.tar')
    a.run('backup', 'create', file)
    assert os.stat(file).st_mode & 0o777 == 0o600
    assert 'whole' in a.run('backup', 'check', file).stdout
    assert a.run('backup', 'create', file, check=False).returncode == 7  # never over another
    assert a.run('backup', 'restore', file, check=False).returncode == 7  # nor over a node
    a.stop()
    new = L.Node.__new__(L.Node)
    new.lab, new.name, new.home = lab, 'restored', lab.folder('restored')
    new.settings, new.under, new.process = a.settings, (), None
    new.run('backup', 'restore', file)
    new.start()
    assert new.json('id')['peer_id'] == peer_id
    assert new.row(shared['id'])['state'] == 'seeding'
    with open(file, 'r+b') as f:  # one flipped bit is found
        f.seek(600)
        byte = f.read(1)
        f.seek(600)
        f.write(bytes([byte[0] ^ 1]))
    assert a.run('backup', 'check', file, check=False).returncode != 0


def the_phrase_is_the_node(lab):
    a = lab.node('a')
    phrase = a.run('backup', 'phrase').stdout
    assert len(phrase.split()) == 12
    home = lab.folder('again')
    done = subprocess.run([f'{L.BIN}/shoald', '--home', home, '--restore-phrase'], input=phrase,
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.strip() == a.json('id')['peer_id'], done
    for top, _, files in os.walk(a.home):  # nobody else may read it
        for f in files:
            if f == 'identity' or f == 'api.token':
                assert os.stat(os.path.join(top, f)).st_mode & 0o077 == 0, f


def help_begins_with_an_example_and_knows_every_command(lab):
    run = lambda *w: subprocess.run([f'{L.BIN}/shoal', *w], capture_output=True, text=True, timeout=60,
                                    check=False)
    assert run('--help').stdout.startswith('Example')
    assert run('file', 'ls', '--help').stdout.startswith('Example')
    assert run('get', '--help').returncode == 0
    for shell in ('bash', 'zsh', 'fish'):
        assert 'shoal' in run('completion', shell).stdout


def a_subscription_ends_with_the_daemon_and_does_not_wake_it(lab):
    a = lab.node('a', host__listen='/ip4/127.0.0.1/tcp/0')
    listens = lab.spawn([f'{L.BIN}/shoal', '--home', a.home, 'net', 'subscribe', 'news'], 'listens')
    L.until('it to listen', lambda: a.json('net', 'stat')['topics'])
    a.kill()
    listens.wait(60)
    assert a.run('id', check=False).returncode == 5


def it_ends_within_ten_seconds_of_sigterm(lab):
    a = lab.node('a')
    a.share(L.make_file(os.path.join(lab.folder('in'), 'f'), 1000), '--tracker',
            'udp://127.0.0.1:9/announce')  # a tracker that never answers does not hold it up
    a.process.terminate()
    assert a.process.wait(10) == 0


if __name__ == '__main__':
    L.main(exit_codes_tell_what_happened, status_has_the_fields_that_scripts_read,
           errors_are_json_too, a_second_daemon_on_a_home_is_refused,
           the_daemon_goes_to_the_background_when_ready,
           events_are_one_object_a_line, without_a_home_the_xdg_folders_are_used, config_set_keeps_comments,
           every_limit_can_be_set_and_lifted, a_proxys_password_stays_in_the_file,
           a_schedule_limits_and_says_why, a_backup_makes_the_same_node_elsewhere,
           the_phrase_is_the_node, help_begins_with_an_example_and_knows_every_command,
           a_subscription_ends_with_the_daemon_and_does_not_wake_it, it_ends_within_ten_seconds_of_sigterm)
