// What the shell says, and what all pages share.  English | German.
import { catalogue } from './i18n';

export const t = catalogue({
  'skip': ['Skip to the page', 'Zum Inhalt springen'],
  'nav': ['Pages', 'Seiten'],
  'page.home': ['Home', 'Start'],
  'page.files': ['Files', 'Dateien'],
  'page.documents': ['Documents', 'Dokumente'],
  'page.connect': ['Connect', 'Verbinden'],
  'page.settings': ['Settings', 'Einstellungen'],
  'page.health': ['Health', 'Zustand'],

  'box.label': ['Search, or paste a link or a code', 'Suchen, oder Link oder Code einfügen'],
  'box.hint': ['Paste a magnet link, a code or an address', 'Magnet-Link, Code oder Adresse einfügen'],
  'box.get': ['Download this', 'Das herunterladen'],
  'box.receive': ['Receive what was sent with this code', 'Empfangen, was mit diesem Code gesendet wurde'],
  'box.dial': ['Connect to this peer', 'Mit diesem Teilnehmer verbinden'],
  'box.page': ['Go to {page}', 'Gehe zu {page}'],
  'box.setting': ['Settings that say “{words}”', 'Einstellungen mit „{words}“'],
  'box.find': ['Files named “{words}”', 'Dateien mit „{words}“ im Namen'],
  'box.got': ['Download has begun: {name}', 'Download begonnen: {name}'],
  'box.received': ['Looking for who sends this.', 'Der Sender wird gesucht.'],
  'box.dialled': ['Connected to {name}', 'Verbunden mit {name}'],

  'bell': ['Waiting for you: {n}', 'Wartet auf Sie: {n}'],
  'bell.none': ['Nothing waits for you', 'Nichts wartet auf Sie'],

  'health.good': ['All is well', 'Alles in Ordnung'],
  'health.part': ['Works, with limits', 'Läuft eingeschränkt'],
  'health.bad': ['Something needs you', 'Etwas braucht Sie'],

  'line.down': ['Downloading', 'Empfangen'],
  'line.up': ['Uploading', 'Senden'],
  'line.peers': ['{n} peer|{n} peers', '{n} Teilnehmer|{n} Teilnehmer'],
  'line.relayed': ['{n} of them relayed', 'davon {n} über Relais'],
  'line.sharing': ['{n} thing shared|{n} things shared', '{n} Sache geteilt|{n} Sachen geteilt'],
  'line.free': ['{size} free', '{size} frei'],

  'link.lost': ['The node does not answer. Trying again …', 'Der Knoten antwortet nicht. Neuer Versuch …'],
  'link.lostNext': ['If it does not come back, run this on the machine:', 'Kommt er nicht wieder, auf dem Rechner ausführen:'],
  'login.title': ['Sign in to this node', 'Bei diesem Knoten anmelden'],
  'login.why': [
    'This page belongs to whoever runs this machine. Run this in a terminal on it; it opens this page signed in.',
    'Diese Seite gehört dem, der diesen Rechner betreibt. In einem Terminal ausführen; die Seite öffnet sich angemeldet.',
  ],
  'login.used': [
    'That link was used already, or is older than five minutes. A new one comes from:',
    'Dieser Link wurde schon benutzt oder ist älter als fünf Minuten. Einen neuen gibt:',
  ],
  'login.wait': ['This page goes on by itself as soon as you are signed in.', 'Die Seite geht von selbst weiter, sobald Sie angemeldet sind.'],

  'command': ['Show command', 'Befehl zeigen'],
  'command.hint': ['The same on the command line:', 'Dasselbe auf der Befehlszeile:'],
  'copy': ['Copy', 'Kopieren'],
  'copied': ['Copied', 'Kopiert'],
  'close': ['Close', 'Schließen'],
  'cancel': ['Cancel', 'Abbrechen'],
  'save': ['Save', 'Speichern'],
  'remove': ['Remove', 'Entfernen'],
  'again': ['Try again', 'Noch einmal'],
  'loading': ['Loading …', 'Lädt …'],
  'next': ['What to do:', 'Was zu tun ist:'],
  'notFound': ['There is no such page', 'Diese Seite gibt es nicht'],
  'notFound.why': ['The address may be mistyped.', 'Die Adresse ist vielleicht vertippt.'],
  'notFound.go': ['Go Home', 'Zum Start'],

  'keys': ['Keyboard shortcuts', 'Tastenkürzel'],
  'keys.what': ['What it does', 'Was sie tut'],
  'keys.key': ['Key', 'Taste'],
  'keys.help': ['Show this list', 'Diese Liste zeigen'],
  'keys.box': ['Go to the search box', 'Zum Suchfeld'],
  'keys.page': ['Go to {page}', 'Gehe zu {page}'],
  'keys.close': ['Close a dialog', 'Dialog schließen'],

  'files.empty': ['No files yet', 'Noch keine Dateien'],
  'files.emptyWhy': [
    'Paste a magnet link into the box above, or share a file of this machine.',
    'Oben einen Magnet-Link einfügen, oder eine Datei dieses Rechners teilen.',
  ],
  'documents.empty': ['No documents yet', 'Noch keine Dokumente'],
  'documents.emptyWhy': [
    'A document is edited by several people at once, each on a machine of their own.',
    'An einem Dokument schreiben mehrere zugleich, jeder auf dem eigenen Rechner.',
  ],
});
