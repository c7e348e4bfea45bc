// What Settings says.  English | German.  The settings' own help is the node's, in English.
import { catalogue } from '../../i18n';

export const t = catalogue({
  'here': ['This browser', 'Dieser Browser'],
  'language': ['Language', 'Sprache'],
  'language.system': ['As the browser says', 'Wie im Browser'],
  'theme': ['Theme', 'Farben'],
  'theme.system': ['As the system says', 'Wie im System'],
  'theme.light': ['Light', 'Hell'],
  'theme.dark': ['Dark', 'Dunkel'],
  'signOut': ['Sign this browser out', 'Diesen Browser abmelden'],

  'search': ['Search the settings', 'Einstellungen suchen'],
  'changed': ['Only those that were changed', 'Nur geänderte'],
  'found': ['{n} setting|{n} settings', '{n} Einstellung|{n} Einstellungen'],
  'none': ['No setting says that', 'Keine Einstellung passt dazu'],
  'none.why': ['Search by key, like “limits.up”, or by a word of its description.', 'Nach Schlüssel suchen, wie „limits.up“, oder nach einem Wort der Beschreibung (englisch).'],
  'none.all': ['Show all', 'Alle zeigen'],
  'default': ['Default: {value}', 'Vorgabe: {value}'],
  'default.empty': ['empty', 'leer'],
  'reset': ['Back to the default', 'Zurück zur Vorgabe'],
  'resetName': ['Back to the default: {key}', 'Zurück zur Vorgabe: {key}'],
  'saveName': ['Save {key}', '{key} speichern'],
  'saved': ['Saved: {key}', 'Gespeichert: {key}'],
  'savedRestart': ['Saved: {key}. Takes effect when the node starts again: shoal down && shoal up', 'Gespeichert: {key}. Wirkt nach einem Neustart: shoal down && shoal up'],
  'restart': ['needs a restart', 'braucht Neustart'],
  'isSet': ['changed', 'geändert'],
  'secret': ['A password in it is shown as ***; leave that as it is to keep it.', 'Ein Passwort darin erscheint als ***; so lassen, um es zu behalten.'],
  'format.bytes': ['Bytes: 64M, 200G', 'Bytes: 64M, 200G'],
  'format.rate': ['Bytes a second: 500k, 5M, or off', 'Bytes je Sekunde: 500k, 5M, oder off'],
  'format.time': ['A time: 30s, 5min, 12h, 90d', 'Eine Dauer: 30s, 5min, 12h, 90d'],
  'format.list': ['Separated by commas', 'Durch Kommas getrennt'],
  'format.number': ['A number', 'Eine Zahl'],
  'section.node': ['Node', 'Knoten'],
  'section.limits': ['Limits', 'Grenzen'],
  'section.api': ['Web and API', 'Web und API'],
  'section.files': ['Files', 'Dateien'],
  'section.host': ['Overlay', 'Overlay'],
  'section.connect': ['Connect', 'Verbinden'],
  'section.docs': ['Documents', 'Dokumente'],
});

const SECTIONS = ['node', 'limits', 'api', 'files', 'host', 'connect', 'docs'] as const;

/** The name of a part of shoal.conf. */
export function sectionName(section: string): string {
  const known = SECTIONS.find((s) => s === section);
  return known ? t(`section.${known}`) : section;
}
