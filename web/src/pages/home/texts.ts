// What Home says.  English | German.
import { catalogue } from '../../i18n';

export const t = catalogue({
  'waiting': ['Waiting for you', 'Wartet auf Sie'],
  'knock': ['{name} asks for {what}', '{name} möchte {what}'],
  'knock.why': [
    'This machine is not trusted yet. Compare its id with its owner before you trust it.',
    'Diesem Rechner wird noch nicht vertraut. Erst die Kennung mit dem Besitzer vergleichen.',
  ],
  'knock.when': ['Asked {n} time, last {when}|Asked {n} times, last {when}', '{n} Mal gefragt, zuletzt {when}|{n} Mal gefragt, zuletzt {when}'],
  'trust': ['Trust', 'Vertrauen'],
  'block': ['Block', 'Sperren'],
  'trusted': ['Trusted now. It may use what you offer to the trusted.', 'Vertraut. Der Rechner darf nun nutzen, was Vertrauten offen steht.'],
  'blocked': ['Blocked.', 'Gesperrt.'],
  'offer': ['{name} sends you “{file}” ({size})', '{name} sendet „{file}“ ({size})'],
  'accept': ['Accept', 'Annehmen'],
  'refuse': ['Refuse', 'Ablehnen'],
  'someone': ['Somebody', 'Jemand'],
  'disk': ['Only {size} are free on the disk', 'Auf der Platte sind nur {size} frei'],
  'disk.why': ['Downloads stop when it is full.', 'Ist sie voll, halten Downloads an.'],
  'disk.go': ['See what takes space', 'Ansehen, was Platz braucht'],

  'copyId': ['Copy this node’s id', 'Kennung kopieren'],

  'start': ['What shall we do?', 'Womit beginnen?'],
  'get': ['Get a file', 'Datei holen'],
  'get.why': ['Paste a magnet link or a code.', 'Magnet-Link oder Code einfügen.'],
  'share': ['Share a file', 'Datei teilen'],
  'share.why': ['A link that you pass on, or a code for one person.', 'Ein Link zum Weitergeben, oder ein Code für eine Person.'],
  'write': ['Write together', 'Gemeinsam schreiben'],
  'write.why': ['A text that several edit at once.', 'Ein Text, an dem mehrere zugleich schreiben.'],
  'join': ['Join', 'Verbinden'],
  'join.why': ['Reach your other machines and those of friends.', 'Eigene Rechner und die von Freunden erreichen.'],

  'work': ['Running now', 'Läuft gerade'],
  'work.left': ['{time} left', 'noch {time}'],
  'sending': ['Sending {name}', 'Sendet {name}'],
  'receiving': ['Receiving {name}', 'Empfängt {name}'],

  'day': ['Traffic of the last 24 hours', 'Verkehr der letzten 24 Stunden'],
  'day.none': ['Nothing has moved yet.', 'Noch ist nichts geflossen.'],
  'day.down': ['Received', 'Empfangen'],
  'day.up': ['Sent', 'Gesendet'],
  'day.says': ['{down} received and {up} sent since this node was started, at most 24 hours ago', '{down} empfangen und {up} gesendet, seit dem Start des Knotens, höchstens vor 24 Stunden'],

  'peers': ['Peers', 'Teilnehmer'],
  'peers.none': ['No peer of the overlay is connected.', 'Kein Teilnehmer ist verbunden.'],
  'peers.swarm': ['{n} peer of file swarms beside them.|{n} peers of file swarms beside them.', 'Daneben {n} Teilnehmer von Datei-Schwärmen.|Daneben {n} Teilnehmer von Datei-Schwärmen.'],
  'peer': ['Name', 'Name'],
  'path': ['Path', 'Weg'],
  'latency': ['Latency', 'Laufzeit'],
  'peers.all': ['All peers', 'Alle Teilnehmer'],
});
