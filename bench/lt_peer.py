"""One libtorrent session with one torrent, for bench/files: run by /usr/bin/python3, which has
Debian's python3-libtorrent.  Its one argument is an object in JSON (files.py says which); it prints
`ready PORT`, and a leecher `done` when it has all."""
import json
import sys

import libtorrent as lt

QUIET = {'enable_dht': False, 'enable_lsd': False, 'enable_upnp': False, 'enable_natpmp': False,
         'alert_mask': lt.alert.category_t.status_notification | lt.alert.category_t.error_notification}
# What its own high_performance_seed() leaves to taste: long send buffers and request queues.
TUNED = {'send_buffer_watermark': 4 << 20, 'send_buffer_low_watermark': 1 << 20,
         'send_buffer_watermark_factor': 150, 'max_queued_disk_bytes': 64 << 20,
         'max_out_request_queue': 2000, 'max_allowed_in_request_queue': 2000,
         'file_pool_size': 500, 'mixed_mode_algorithm': 0}


def main():
    a = json.loads(sys.argv[1])
    settings = dict(lt.high_performance_seed(), **TUNED) if a['tuned'] else {}
    settings |= QUIET | {'listen_interfaces': a['ip'] + ':0', 'allow_multiple_connections_per_ip': True}
    enc = lt.enc_policy
    settings |= {'in_enc_policy': int(enc.pe_forced if a['rc4'] else enc.pe_disabled),
                 'out_enc_policy': int(enc.pe_forced if a['rc4'] else enc.pe_disabled)}
    if a['rc4']:
        settings['allowed_enc_level'] = int(lt.enc_level.pe_rc4)
    for way in ('incoming', 'outgoing'):
        settings[f'enable_{way}_tcp'] = not a['utp']
        settings[f'enable_{way}_utp'] = a['utp']
    session = lt.session(settings)
    p = lt.add_torrent_params()
    p.ti = lt.torrent_info(a['torrent'])
    p.save_path = a['folder']
    p.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
    if not a['peer']:
        p.flags |= lt.torrent_flags.seed_mode
    handle = session.add_torrent(p)
    if a['peer']:
        handle.connect_peer((a['peer'][0], a['peer'][1]))
    print('ready', session.listen_port(), flush=True)
    while True:
        session.wait_for_alert(1000)
        for alert in session.pop_alerts():
            if isinstance(alert, lt.torrent_finished_alert) and a['peer']:
                print('done', flush=True)
            if isinstance(alert, (lt.torrent_error_alert, lt.file_error_alert)):
                print(alert, file=sys.stderr, flush=True)


main()
