import type { ErrorCode } from "../bindings";
import type { EngineWords } from "./catalogue";

/**
 * What the engine says, in German. The keys are its own sentences as they stand in the sources,
 * holes included; a test holds them to that. What a hole holds is looked up here as well.
 */
const engine: EngineWords = {
  // The lock.
  "Tidings is locked.": "Tidings ist gesperrt.",
  "This is not the passphrase.": "Das ist nicht die Passphrase.",
  "Those were too many wrong passphrases. Wait a moment, then try again.":
    "Das waren zu viele falsche Passphrasen. Warte einen Moment, dann versuche es noch einmal.",
  "The passphrase cannot be checked: what it is checked against is in the system's key store, which does not have it.":
    "Die Passphrase lässt sich nicht prüfen: Woran sie geprüft wird, gehört in den Schlüsselbund des Systems, und der hat es nicht.",
  "A passphrase has at least {LEAST} characters.":
    "Eine Passphrase hat mindestens {LEAST} Zeichen.",
  "A passphrase has at most {MOST} characters.": "Eine Passphrase hat höchstens {MOST} Zeichen.",
  "No passphrase is set.": "Es ist keine Passphrase gesetzt.",
  "Tidings can lock after 1 to {most} minutes without use.":
    "Tidings kann nach 1 bis {most} Minuten ohne Benutzung sperren.",
  "Tidings was locked, so what was chosen in a notification was not done.":
    "Tidings war gesperrt, deshalb wurde nicht getan, was in einer Benachrichtigung gewählt wurde.",
  "Tidings is not locked. Workspaces are removed in the settings.":
    "Tidings ist nicht gesperrt. Arbeitsbereiche entfernst du in den Einstellungen.",
  "The messages are gone from this computer. The key store did not let go of all keys: {error}":
    "Die Nachrichten sind von diesem Computer entfernt. Der Schlüsselbund hat nicht alle Schlüssel hergegeben: {error}",
  // Voice messages.
  "This needs a connection, and the project did not answer. {0}":
    "Das braucht eine Verbindung, und das Projekt hat nicht geantwortet. {0}",
  "Once heard, it plays without one.": "Einmal gehört, geht es auch ohne.",
  "This message names no file of its project.": "Diese Nachricht nennt keine Datei ihres Projekts.",
  "The file of this voice message is not in the project, or not for you to hear.":
    "Die Datei dieser Sprachnachricht ist nicht im Projekt, oder du darfst sie nicht hören.",
  "The file of this voice message is too large to be played: 25 MiB is the most.":
    "Die Datei dieser Sprachnachricht ist zu groß zum Abspielen: Höchstens 25 MiB gehen.",
  "The file of this voice message is no audio, so it is not played.":
    "Die Datei dieser Sprachnachricht ist kein Ton und wird deshalb nicht abgespielt.",
  // Rules of alerts.
  "How often it would have fired is not known: no prices of this symbol are kept here.":
    "Wie oft er ausgelöst hätte, ist nicht bekannt: Von diesem Symbol sind hier keine Kurse aufbewahrt.",
  "How often it would have fired is not known: no volumes of this symbol are kept here.":
    "Wie oft er ausgelöst hätte, ist nicht bekannt: Von diesem Symbol sind hier keine Volumen aufbewahrt.",
  "How often it would have fired is not known: the feed's change over 24 hours is not kept.":
    "Wie oft er ausgelöst hätte, ist nicht bekannt: Die Änderung über 24 Stunden wird nicht aufbewahrt.",
  "How often it would have fired is not known: the market cap is not kept.":
    "Wie oft er ausgelöst hätte, ist nicht bekannt: Die Marktkapitalisierung wird nicht aufbewahrt.",
  "How often it would have fired is not known: what is kept here could not be read.":
    "Wie oft er ausgelöst hätte, ist nicht bekannt: Was hier aufbewahrt ist, ließ sich nicht lesen.",
  "the price has to be more than 0": "Der Kurs muss größer als 0 sein",
  "the re-arm percentage has to be at least 0 and less than 100":
    "Der Abstand zum Wieder-scharf-Werden muss mindestens 0 und kleiner als 100 Prozent sein",
  "the re-arm points have to be at least 0":
    "Der Abstand zum Wieder-scharf-Werden muss mindestens 0 Punkte sein",
  "the percentage has to be more than 0": "Die Prozentzahl muss größer als 0 sein",
  "a fall has to be less than 100 percent": "Ein Rückgang muss kleiner als 100 Prozent sein",
  "the window has to be at least 1 second": "Die Zeit muss mindestens 1 Sekunde sein",
  "the lower bound has to be at least 0": "Die untere Grenze muss mindestens 0 sein",
  "the lower bound has to be less than the upper bound":
    "Die untere Grenze muss kleiner als die obere sein",
  "the step has to be more than 0": "Die Stufe muss größer als 0 sein",
  "the re-arm percentage of a step has to be more than 0 and less than 100":
    "Der Rückweg einer Stufe muss größer als 0 und kleiner als 100 Prozent sein",
  "the value has to be more than 0": "Der Wert muss größer als 0 sein",
  "the silence has to be at least 1 second": "Die Stille muss mindestens 1 Sekunde dauern",
  "`all` takes exactly two conditions": "Zugleich gelten immer genau zwei Bedingungen",
  "`{0}` cannot be one of two conditions at once: it is not true or false at a tick":
    "„{0}“ kann keine von zwei Bedingungen zugleich sein: Bei einem einzelnen Kurs ist es weder wahr noch falsch",
  "a rule has at most {} tags": "Ein Preisalarm hat höchstens {} Schlagwörter",
  "a tag has 1 to {} characters, no control characters, and no blank at either end":
    "Ein Schlagwort hat 1 bis {} Zeichen, keine Steuerzeichen und keine Leerzeichen am Rand",
  "the tag “{0}” is given twice": "Das Schlagwort „{0}“ steht zweimal da",
  "{written} in the text stands for nothing. What can be filled in: {known}":
    "{written} steht im Text für nichts. Einsetzen lässt sich: {known}",
  "the brace before “{0}” is not closed. A brace itself is written twice":
    "Die Klammer vor „{0}“ ist nicht geschlossen. Eine Klammer selbst schreibt man doppelt",
  "a brace is closed that was not opened. A brace itself is written twice":
    "Eine Klammer wird geschlossen, die nicht offen war. Eine Klammer selbst schreibt man doppelt",
  "a text has at most {} characters": "Ein Text hat höchstens {} Zeichen",
  "a text has no control characters but the ends of its lines":
    "Ein Text hat keine Steuerzeichen außer den Enden seiner Zeilen",
  "An alert is snoozed for 1 to {MOST} minutes. Nothing was changed.":
    "Ein Preisalarm ruht 1 bis {MOST} Minuten lang. Nichts wurde geändert.",
  "An alert is snoozed until a time to come. Nothing was changed.":
    "Ein Preisalarm ruht bis zu einer Zeit, die noch kommt. Nichts wurde geändert.",

  // The cache.
  "No space left on this disk. What was kept before is safe and can be read; this was not kept. Free some space, then try again.":
    "Auf diesem Datenträger ist kein Platz mehr. Was schon da war, ist sicher und lesbar; das hier wurde nicht aufgehoben. Schaffe etwas Platz und versuche es dann noch einmal.",
  "The cache cannot be written: {0}. What was cached before is safe; check the permissions of its directory.":
    "Der lokale Speicher lässt sich nicht schreiben: {0}. Was schon da war, ist sicher; prüfe die Rechte seines Verzeichnisses.",
  "This cache was written by a newer Tidings (schema {found}, this version knows {known}). It was not touched; update Tidings to open it.":
    "Dieser lokale Speicher stammt von einem neueren Tidings (Schema {found}, diese Version kennt {known}). Er ist unberührt; aktualisiere Tidings, um ihn zu öffnen.",
  "The key does not open this cache. It was not touched; unlock the keyring that holds its key, or remove the workspace from this computer to start afresh.":
    "Der Schlüssel öffnet diesen lokalen Speicher nicht. Er ist unberührt; entsperre den Schlüsselbund, der den Schlüssel enthält, oder entferne den Arbeitsbereich von diesem Computer, um neu zu beginnen.",
  "That is no cache key: 64 hexadecimal digits are expected.":
    "Das ist kein Schlüssel des lokalen Speichers: Erwartet werden 64 hexadezimale Ziffern.",
  "The cache is damaged ({0}). Messages on the server are safe; restart Tidings: it sets the file aside, keeps unsent messages where they are readable and fetches the rest again.":
    "Der lokale Speicher ist beschädigt ({0}). Die Nachrichten auf dem Server sind sicher; starte Tidings neu: Es legt die Datei beiseite, behält ungesendete Nachrichten, soweit sie lesbar sind, und holt den Rest neu.",
  "The cache could not be brought up to date (step {step}: {reason}). It is as it was before, with everything unsent in it; go on with the version of Tidings that you had.{}":
    "Der lokale Speicher ließ sich nicht auf den neuen Stand bringen (Schritt {step}: {reason}). Er ist wie zuvor, mit allem, was nicht gesendet ist; arbeite mit der Version von Tidings weiter, die du hattest.{}",
  "The message is empty. Nothing was queued.":
    "Die Nachricht ist leer. Nichts wartet auf das Senden.",
  "The message has {chars} characters, more than the {MAX_CONTENT_CHARS} allowed. Nothing was queued; shorten it or send it in parts.":
    "Die Nachricht hat {chars} Zeichen, erlaubt sind {MAX_CONTENT_CHARS}. Nichts wartet auf das Senden; kürze sie oder sende sie in Teilen.",
  "There is no such {0} on this computer. Nothing was changed.":
    "Das gibt es auf diesem Computer nicht ({0}). Nichts wurde geändert.",
  "This session can no longer be written to. Nothing was queued.":
    "In diese Unterhaltung lässt sich nicht mehr schreiben. Nichts wartet auf das Senden.",
  "A session with this id exists already. Nothing was changed.":
    "Eine Unterhaltung mit dieser Kennung gibt es schon. Nichts wurde geändert.",
  "This is being sent right now. Nothing was changed; try again when it has ended.":
    "Das wird gerade gesendet. Nichts wurde geändert; versuch es danach noch einmal.",
  "Nobody is signed in, so nothing can be queued.":
    "Niemand ist angemeldet, darum kann nichts auf das Senden warten.",
  "The search cannot be read: {0}.": "Die Suche ist nicht lesbar: {0}.",
  "role: is user, assistant or system": "role: ist user, assistant oder system",
  "has: knows link": "has: kennt link",
  "{operator}: wants a date such as 2026-11-22": "{operator}: braucht ein Datum wie 2026-11-22",
  "The cache is closed. What was committed is safe; restart Tidings.":
    "Der lokale Speicher ist geschlossen. Was gespeichert war, ist sicher; starte Tidings neu.",
  "The cache's files cannot be reached: {0}.":
    "Die Dateien des lokalen Speichers sind nicht erreichbar: {0}.",
  "The cache failed: {0}. Nothing was changed by this step.":
    "Der lokale Speicher hat versagt: {0}. Dieser Schritt hat nichts geändert.",

  // Settings.
  "The first wait": "Die erste Wartezeit",
  "The longest wait": "Die längste Wartezeit",
  "The time between heartbeats": "Die Zeit zwischen Lebenszeichen",
  "The presence timeout": "Die Frist der Anwesenheit",
  "The typing timeout": "Die Frist des Tippens",
  "The rate": "Die Zahl der Ereignisse",
  "The longest wait is at least the first one.":
    "Die längste Wartezeit ist mindestens so lang wie die erste.",
  "{} is {} to {} s.": "{} liegt zwischen {} und {} s.",
  "The zoom is {least} to {most} %.": "Der Zoom liegt zwischen {least} und {most} %.",
  "{} is {low} to {high} a second.": "{} liegt zwischen {low} und {high} pro Sekunde.",
  "A schema is named with letters, digits and underscores.":
    "Ein Schema heißt mit Buchstaben, Ziffern und Unterstrichen.",
  "The settings could not be read, so their copy was taken. The old file is {}.":
    "Die Einstellungen waren nicht lesbar; ihre Kopie wurde genommen. Die alte Datei ist {}.",
  "The settings could not be read and are back at their defaults. The old file is {}.":
    "Die Einstellungen waren nicht lesbar und stehen wieder auf ihren Vorgaben. Die alte Datei ist {}.",
  "{path} could not be {action}: {source}": "{path} konnte nicht {action} werden: {source}",
  read: "gelesen",
  written: "geschrieben",
  "set aside": "beiseitegelegt",
  removed: "entfernt",
  "{0} was written by a newer Tidings. Nothing has been changed; start that version.":
    "{0} stammt von einem neueren Tidings. Nichts wurde geändert; starte jene Version.",
  "What was changed counts from the next start: closing this workspace now would lose what is only in memory.":
    "Die Änderung gilt ab dem nächsten Start: Diesen Arbeitsbereich jetzt zu schließen würde verlieren, was nur im Arbeitsspeicher liegt.",

  // Checks of a project.
  "The project answers.": "Das Projekt antwortet.",
  "The key is accepted.": "Der Schlüssel wird angenommen.",
  "Nothing answers there: {error}": "Dort antwortet nichts: {error}",
  "The project cannot answer now: {error}": "Das Projekt kann gerade nicht antworten: {error}",
  "The key is refused: {error}": "Der Schlüssel wird abgelehnt: {error}",
  "The tables could not be looked at: {error}": "Die Tabellen ließen sich nicht ansehen: {error}",
  "The four tables are there.": "Die vier Tabellen sind da.",
  "Missing: {}. Run the SQL in the project's SQL editor.":
    "Es fehlen: {}. Führe das SQL im SQL-Editor des Projekts aus.",
  "The project does not offer the schema {schema}. Add it to the exposed schemas in the project's API settings, or name another in the settings here.":
    "Das Projekt bietet das Schema {schema} nicht an. Füge es in den API-Einstellungen des Projekts den angebotenen Schemas hinzu oder nenne hier in den Einstellungen ein anderes.",
  "Whoever has the key can read or write without signing in: {}. Row level security is off there, or a policy lets everybody in.":
    "Wer den Schlüssel hat, kann ohne Anmeldung lesen oder schreiben: {}. Row Level Security ist dort aus, oder eine Policy lässt alle herein.",
  "It could not be told before signing in for: {}.":
    "Vor der Anmeldung ließ es sich nicht feststellen für: {}.",
  "Without signing in nobody adds rows, and none of yours were shown.":
    "Ohne Anmeldung fügt niemand Zeilen hinzu, und von deinen wurden keine gezeigt.",
  "Not in the publication supabase_realtime: {}. Run the SQL in the project's SQL editor.":
    "Nicht in der Publikation supabase_realtime: {}. Führe das SQL im SQL-Editor des Projekts aus.",
  "Changes of the tables are published.": "Änderungen der Tabellen werden gemeldet.",
  "It could not be told before signing in: {reason}":
    "Vor der Anmeldung ließ es sich nicht feststellen: {reason}",
  "It could not be told: no answer in time":
    "Es ließ sich nicht feststellen: keine Antwort in der vorgesehenen Zeit",
  "It could not be looked at: {error}": "Es ließ sich nicht ansehen: {error}",
  "The server counts changes: what was missed is found at once.":
    "Der Server zählt Änderungen: Verpasstes wird sofort gefunden.",
  "Optional, and not there. With it, what was missed while offline is found sooner, and with less to download.":
    "Nicht nötig und nicht da. Mit ihm wird offline Verpasstes schneller gefunden und weniger geladen.",
  "Sessions can be shared with others.": "Unterhaltungen lassen sich mit anderen teilen.",
  "Optional, and not there. With it, sessions can be shared with others.":
    "Nicht nötig und nicht da. Mit ihm lassen sich Unterhaltungen mit anderen teilen.",
  "no answer in time": "keine Antwort in der vorgesehenen Zeit",
  "Changes can be followed.": "Änderungen kommen an.",
  "Changes cannot be followed: {reason}": "Änderungen kommen nicht an: {reason}",
  "The project did not tell its time.": "Das Projekt hat seine Uhrzeit nicht genannt.",
  "The clocks agree.": "Die Uhren stimmen überein.",
  "Your clock is {minutes} minutes {word}. Times of new messages may look wrong.":
    "Deine Uhr geht {minutes} Minuten {word}. Zeiten neuer Nachrichten können falsch aussehen.",
  fast: "vor",
  slow: "nach",
  "Not looked at yet.": "Noch nicht geprüft.",

  // Addresses and keys.
  "The address is empty.": "Die Adresse ist leer.",
  "This is not a web address: {0}.": "Das ist keine Webadresse: {0}.",
  "The address must start with https://, not {0}://.":
    "Die Adresse muss mit https:// beginnen, nicht mit {0}://.",
  "http:// would send your messages unprotected to {0}: use https://.":
    "Über http:// gingen deine Nachrichten ungeschützt an {0}: Nimm https://.",
  "The address must not contain a user name or a password.":
    "Die Adresse darf keinen Benutzernamen und kein Passwort enthalten.",
  "This is not an address.": "Das ist keine Adresse.",
  "Addresses that begin with {}: are not opened.":
    "Adressen, die mit {}: beginnen, werden nicht geöffnet.",
  "The system could not open the address: {error}":
    "Das System konnte die Adresse nicht öffnen: {error}",
  "The key is empty.": "Der Schlüssel ist leer.",
  "This is a secret key (sb_secret_…). It passes over every access rule of the project and has no place on a desktop: use the publishable key, and if this key was shared, replace it in the project's settings.":
    "Das ist ein geheimer Schlüssel (sb_secret_…). Er übergeht jede Zugriffsregel des Projekts und gehört nicht auf einen Desktop: Nimm den Publishable Key, und falls dieser Schlüssel weitergegeben wurde, ersetze ihn in den Einstellungen des Projekts.",
  "This is the service_role key. It passes over every access rule of the project and has no place on a desktop: use the anon or the publishable key.":
    "Das ist der service_role-Schlüssel. Er übergeht jede Zugriffsregel des Projekts und gehört nicht auf einen Desktop: Nimm den anon- oder den Publishable Key.",
  "This is a personal access token of a Supabase account, not a key of a project: use the project's publishable key.":
    "Das ist ein persönliches Zugriffstoken eines Supabase-Kontos, kein Schlüssel eines Projekts: Nimm den Publishable Key des Projekts.",
  "This is the token of a signed-in user, not a key of a project.":
    "Das ist das Token eines angemeldeten Benutzers, kein Schlüssel eines Projekts.",
  "This token is not a project's anon key: its role is not `anon`.":
    "Dieses Token ist kein anon-Schlüssel eines Projekts: Seine Rolle ist nicht `anon`.",
  "This is not a project key. A publishable key starts with sb_publishable_, an anon key with eyJ.":
    "Das ist kein Schlüssel eines Projekts. Ein Publishable Key beginnt mit sb_publishable_, ein anon-Schlüssel mit eyJ.",

  // The server.
  "The server gave no reason.": "Der Server nannte keinen Grund.",
  "The server could not be reached: {message}": "Der Server ist nicht erreichbar: {message}",
  "The answer did not come from a Supabase project (HTTP {status}).":
    "Die Antwort kam nicht von einem Supabase-Projekt (HTTP {status}).",
  "The project refused the key: {message}": "Das Projekt hat den Schlüssel abgelehnt: {message}",
  "The server's answer could not be read: {0}": "Die Antwort des Servers war nicht lesbar: {0}",
  "The server's answer is too large.": "Die Antwort des Servers ist zu groß.",
  "The request names too much at once.": "Die Anfrage nennt zu viel auf einmal.",
  "The request could not be written: {0}": "Die Anfrage ließ sich nicht schreiben: {0}",
  "The server answered with another user's session.":
    "Der Server hat mit der Anmeldung eines anderen geantwortet.",
  "The HTTP client could not be set up: {0}": "Der HTTP-Client ließ sich nicht einrichten: {0}",
  "The project has seen too many requests and takes none for now. What you wrote is kept; it is tried again by itself.":
    "Das Projekt hat zu viele Anfragen gesehen und nimmt vorerst keine an. Was du geschrieben hast, ist aufgehoben; es wird von selbst erneut versucht.",
  "The project is paused. It can be restored in the Supabase dashboard; what you wrote is kept.":
    "Das Projekt pausiert. Im Supabase-Dashboard lässt es sich wiederherstellen; was du geschrieben hast, ist aufgehoben.",
  "the project is paused; it can be restored in the Supabase dashboard":
    "das Projekt pausiert; im Supabase-Dashboard lässt es sich wiederherstellen",
  "The project has seen too many attempts. Wait some minutes, then try again.":
    "Das Projekt hat zu viele Versuche gesehen. Warte einige Minuten und versuch es dann noch einmal.",

  // Signing in.
  "The mail address or the password is wrong.": "E-Mail-Adresse oder Passwort ist falsch.",
  "There is an account with this mail address already. Sign in with it.":
    "Mit dieser E-Mail-Adresse gibt es schon ein Konto. Melde dich damit an.",
  "This account is blocked in the project. Ask whoever runs it.":
    "Dieses Konto ist im Projekt gesperrt. Frag, wer es betreibt.",
  "Email not confirmed": "Die E-Mail-Adresse ist noch nicht bestätigt",
  "Nobody is signed in.": "Niemand ist angemeldet.",
  "nobody is signed in": "niemand ist angemeldet",
  "The code of the authenticator app is missing.": "Der Code der Authenticator-App fehlt.",
  "Nobody came back from the browser in time. Try again.":
    "Aus dem Browser kam niemand rechtzeitig zurück. Versuch es noch einmal.",
  "Tidings could not listen for the browser on this computer: {0}":
    "Tidings konnte auf diesem Computer nicht auf den Browser warten: {0}",
  "The sign-in in the browser took too long, or another one was begun since. Try again.":
    "Die Anmeldung im Browser hat zu lange gedauert, oder inzwischen wurde eine andere begonnen. Versuch es noch einmal.",
  "This project takes no new accounts. Sign in with one that it knows already.":
    "Dieses Projekt nimmt keine neuen Konten an. Melde dich mit einem an, das es schon kennt.",
  "You were not signed in: it was refused in the browser. Try again, or sign in another way.":
    "Du bist nicht angemeldet: Es wurde im Browser abgelehnt. Versuch es noch einmal, oder melde dich anders an.",
  "The sign-in in the browser failed: {message}":
    "Die Anmeldung im Browser ist fehlgeschlagen: {message}",
  "This code is wrong or no longer valid. Check it, or ask for a new one.":
    "Dieser Code ist falsch oder nicht mehr gültig. Prüfe ihn, oder lass dir einen neuen senden.",
  "No code was sent: nobody has this mail address here, or the project sends no codes. Check the address, or sign in with a password.":
    "Es wurde kein Code gesendet: Niemand hat hier diese Adresse, oder das Projekt sendet keine Codes. Prüfe die Adresse, oder melde dich mit einem Passwort an.",
  "The project sends no more mails for now. Wait a minute, then ask again; if it is still refused, try again in an hour.":
    "Das Projekt sendet vorerst keine Mails mehr. Warte eine Minute und versuch es erneut; wird es dann noch abgelehnt, versuch es in einer Stunde.",
  "This is the password you have already. Choose another one.":
    "Dieses Passwort hast du schon. Wähle ein anderes.",
  "This password is too weak. Choose another one. {}":
    "Dieses Passwort ist zu schwach. Wähle ein anderes. {}",
  "This mail address is not confirmed yet. Ask for a code and sign in with it.":
    "Diese E-Mail-Adresse ist noch nicht bestätigt. Lass dir einen Code senden und melde dich damit an.",
  "You signed in a while ago, so the project asks for a code from a mail before it changes the password. The old one is still good.":
    "Deine Anmeldung ist eine Weile her, darum verlangt das Projekt einen Code aus einer Mail, bevor es das Passwort ändert. Das alte gilt noch.",
  "This code is wrong or no longer valid, and the password is still the old one. Check the code, or ask for a new one.":
    "Dieser Code ist falsch oder nicht mehr gültig, und das Passwort ist noch das alte. Prüfe den Code, oder lass dir einen neuen senden.",
  "This code is wrong, or was used already. Enter the one that the app shows next.":
    "Dieser Code ist falsch oder wurde schon benutzt. Gib den ein, den die App als Nächstes zeigt.",
  "That took too long. Enter the code that the app shows now.":
    "Das hat zu lange gedauert. Gib den Code ein, den die App jetzt zeigt.",
  "The project does not know this authenticator any more.":
    "Das Projekt kennt diesen Authenticator nicht mehr.",
  "You have an authenticator with this name already. Choose another name.":
    "Du hast schon einen Authenticator mit diesem Namen. Wähle einen anderen Namen.",
  "You have as many authenticators as the project allows. Remove one first.":
    "Du hast so viele Authenticators, wie das Projekt erlaubt. Entferne zuerst einen.",
  "This project does not take codes of authenticator apps.":
    "Dieses Projekt nimmt keine Codes von Authenticator-Apps an.",
  "This takes a sign-in with a code of your authenticator app. Sign out, sign in with one, then try again.":
    "Das verlangt eine Anmeldung mit einem Code deiner Authenticator-App. Melde dich ab, mit einem Code wieder an und versuch es dann noch einmal.",
  "Give it a name.": "Gib ihm einen Namen.",
  "A name is one line of at most {most} characters. Yours has not changed.":
    "Ein Name ist eine Zeile mit höchstens {most} Zeichen. Deiner ist unverändert.",
  "There is no such way to sign in.": "So kann man sich nicht anmelden.",
  "It was cancelled.": "Es wurde abgebrochen.",
  "The sign-in could not be kept on this machine: {message}":
    "Die Anmeldung ließ sich auf diesem Computer nicht aufheben: {message}",
  "This workspace keeps the messages of another account. To use this account as well, add the project once more.":
    "Dieser Arbeitsbereich enthält die Nachrichten eines anderen Kontos. Um auch dieses Konto zu verwenden, füge das Projekt noch einmal hinzu.",

  // Key store and workspaces.
  "the system's key store did not answer: {0}":
    "Der Schlüsselspeicher des Systems hat nicht geantwortet: {0}",
  "No key store answers, so messages and sign-in are kept in memory only, until Tidings ends.":
    "Kein Schlüsselspeicher antwortet, darum bleiben Nachrichten und Anmeldung nur im Arbeitsspeicher, bis Tidings beendet wird.",
  "{why}. It stays as it is; {mend}. Until then messages are kept in memory only, and read from the project.":
    "{why}. Es bleibt, wie es ist; {mend}. Bis dahin bleiben Nachrichten nur im Arbeitsspeicher und werden aus dem Projekt gelesen.",
  "What was kept on this computer was damaged, and is read again from the project. {unsent} The damaged file is {}.":
    "Was auf diesem Computer lag, war beschädigt und wird neu aus dem Projekt gelesen. {unsent} Die beschädigte Datei ist {}.",
  "Nothing unsent was in it.": "Es war nichts Ungesendetes darin.",
  "All {saved} unsent changes were saved from it.":
    "Alle {saved} ungesendeten Änderungen wurden daraus gerettet.",
  "{saved} unsent changes were saved from it; others that had not been sent may be lost.":
    "{saved} ungesendete Änderungen wurden daraus gerettet; andere, die nicht gesendet waren, sind vielleicht verloren.",
  "What was kept on this computer is gone, and is read again from the project. Messages that had not been sent are lost.":
    "Was auf diesem Computer lag, ist weg und wird neu aus dem Projekt gelesen. Nachrichten, die nicht gesendet waren, sind verloren.",
  "No space is left on this disk. Everything that was kept before is safe and can be read. New messages are not kept, and nothing can be written, until there is room; Tidings goes on by itself then.":
    "Auf diesem Datenträger ist kein Platz mehr. Was schon da war, ist sicher und lesbar. Neue Nachrichten werden nicht aufgehoben, und nichts lässt sich schreiben, bis Platz ist; dann macht Tidings von selbst weiter.",
  "The disk takes new messages again. What was missed is being read from the project.":
    "Der Datenträger nimmt wieder neue Nachrichten auf. Was fehlte, wird aus dem Projekt gelesen.",
  "You may read this session, but not write in it. Nothing was queued.":
    "Du darfst diese Unterhaltung lesen, aber nicht in ihr schreiben. Nichts wartet auf das Senden.",
  "Only the owner of this session may do that. Nothing was changed.":
    "Das darf nur, wem diese Unterhaltung gehört. Nichts wurde geändert.",
  "{count} changes in this session have not been sent. Nothing was removed; send or discard them first.":
    "{count} Änderungen in dieser Unterhaltung sind nicht gesendet. Nichts wurde entfernt; sende oder verwirf sie zuerst.",
  "No key store answers, so what is kept on this computer cannot be opened":
    "Kein Schlüsselspeicher antwortet, darum lässt sich nicht öffnen, was auf diesem Computer liegt",
  "unlock the key store and start Tidings again":
    "entsperre den Schlüsselspeicher und starte Tidings neu",
  "What the key store has for this workspace is no key":
    "Was der Schlüsselspeicher für diesen Arbeitsbereich hat, ist kein Schlüssel",
  "The key of what is kept on this computer is not in the key store any more":
    "Der Schlüssel dessen, was auf diesem Computer liegt, ist nicht mehr im Schlüsselspeicher",
  "put the key back, or remove the workspace from this computer to start afresh":
    "lege den Schlüssel zurück, oder entferne den Arbeitsbereich von diesem Computer, um neu anzufangen",
  "The workspace could not be opened: {error}":
    "Der Arbeitsbereich ließ sich nicht öffnen: {error}",
  "A workspace could not be opened again: {error}. Nothing of it is lost; select it to try again.":
    "Ein Arbeitsbereich ließ sich nicht wieder öffnen: {error}. Nichts davon ist verloren; wähle ihn aus, um es erneut zu versuchen.",
  "There is no such workspace.": "Diesen Arbeitsbereich gibt es nicht.",
  "No workspace is open.": "Kein Arbeitsbereich ist offen.",
  "Local workspace": "Lokaler Arbeitsbereich",
  "the local workspace could not start: {0}": "Der lokale Arbeitsbereich konnte nicht starten: {0}",
  "the realtime connection could not be set up: {0}":
    "Die Realtime-Verbindung ließ sich nicht einrichten: {0}",
  "a task of the program ended unexpectedly: {0}": "Ein Teil des Programms endete unerwartet: {0}",
  "Tidings is ending.": "Tidings wird beendet.",
  "{path} could not be written: {source}": "{path} ließ sich nicht schreiben: {source}",

  // Chat.
  "There is no such session.": "Diese Unterhaltung gibt es nicht.",
  "This message is not on this device.": "Diese Nachricht ist nicht auf diesem Gerät.",
  "Only your own messages can be changed.": "Nur eigene Nachrichten lassen sich ändern.",
  "Nothing of this message waits to be sent.": "Von dieser Nachricht wartet nichts auf das Senden.",
  "The project does not allow you to change this.": "Das Projekt erlaubt dir nicht, das zu ändern.",
  "It was deleted meanwhile. Your text is kept here.":
    "Es wurde inzwischen gelöscht. Dein Text ist hier aufgehoben.",
  "The project does not allow you to write here.":
    "Das Projekt erlaubt dir nicht, hier zu schreiben.",
  "The session does not exist any more.": "Die Unterhaltung gibt es nicht mehr.",
  "The project does not have this session, or does not show it to you any more. Your text is kept here.":
    "Das Projekt hat diese Unterhaltung nicht oder zeigt sie dir nicht mehr. Dein Text bleibt hier erhalten.",
  "It is longer than the project accepts.": "Es ist länger, als das Projekt annimmt.",
  "An alert fired, but could not be kept yet: {error}. It is tried again while Tidings runs.":
    "Ein Preisalarm hat ausgelöst, ließ sich aber noch nicht aufheben: {error}. Es wird weiter versucht, solange Tidings läuft.",

  // Import and notifications.
  "The file did not arrive in order. Nothing was imported; choose it again.":
    "Die Datei kam nicht der Reihe nach an. Nichts wurde importiert; wähle sie noch einmal.",
  "The file is larger than {most} MiB, which no file of alerts is. Nothing was imported; choose a file that was exported in the Alerts tab.":
    "Die Datei ist größer als {most} MiB, so groß ist keine Datei mit Preisalarmen. Nichts wurde importiert; wähle eine Datei, die unter Preisalarme exportiert wurde.",
  "The file is damaged, or holds no alerts: {error}. Nothing was imported; export them once more, or choose another file.":
    "Die Datei ist beschädigt oder enthält keine Preisalarme: {error}. Nichts wurde importiert; exportiere sie noch einmal oder wähle eine andere Datei.",
  "These alerts were exported by a newer Tidings (version {version} of the format, this one knows {VERSION}). Nothing was imported; update Tidings to import them.":
    "Diese Preisalarme stammen von einem neueren Tidings (Version {version} des Formats, dieses kennt {VERSION}). Nichts wurde importiert; aktualisiere Tidings, um sie zu importieren.",
  "This is no file of alerts that Tidings exported. Nothing was imported.":
    "Das ist keine Datei mit Preisalarmen, die Tidings exportiert hat. Nichts wurde importiert.",
  "{which}: {problem}. Nothing was imported.": "{which}: {problem}. Nichts wurde importiert.",
  "Alert {number} of the file ({})": "Preisalarm {number} der Datei ({})",
  "Alert {number} of the file": "Preisalarm {number} der Datei",
  "The file is larger than {most} MiB. Nothing was imported; export its sessions one by one, and import those files.":
    "Die Datei ist größer als {most} MiB. Nichts wurde importiert; exportiere ihre Unterhaltungen einzeln und importiere diese Dateien.",
  "Exported files are imported into the local workspace: in a project, messages of others cannot be written in their names. Nothing was changed; switch to the local workspace first.":
    "Exportierte Dateien kommen in den lokalen Arbeitsbereich: In einem Projekt lassen sich Nachrichten anderer nicht in ihrem Namen schreiben. Nichts wurde geändert; wechsle zuerst in den lokalen Arbeitsbereich.",
  "The import stopped: {why}. {} sessions and {} messages were imported and are safe; import the file again for the rest, nothing comes twice.":
    "Der Import hielt an: {why}. Importiert und sicher: {} Unterhaltungen und {} Nachrichten. Importiere die Datei für den Rest noch einmal, nichts kommt doppelt.",
  "This file was exported by a newer Tidings (version {version} of the format, this one knows {VERSION}). Nothing was imported; update Tidings to import it.":
    "Diese Datei stammt von einem neueren Tidings (Version {version} des Formats, dieses kennt {VERSION}). Nichts wurde importiert; aktualisiere Tidings, um sie zu importieren.",
  "This is no file that Tidings exported as JSON. Nothing was imported.":
    "Das ist keine Datei, die Tidings als JSON exportiert hat. Nichts wurde importiert.",
  "The file is damaged, or not JSON: {error}. Nothing was imported; export it once more, or choose another file.":
    "Die Datei ist beschädigt oder kein JSON: {error}. Nichts wurde importiert; exportiere sie noch einmal, oder wähle eine andere Datei.",
  "The file cannot be imported: {problem} (line {line}). Nothing was imported.":
    "Die Datei lässt sich nicht importieren: {problem} (Zeile {line}). Nichts wurde importiert.",
  "The desktop did not show the notification: {reason}":
    "Das System hat die Benachrichtigung nicht gezeigt: {reason}",
  "the notification client ended": "das Programm dafür endete",
  "the desktop did not answer": "das System hat nicht geantwortet",
  "This desktop has no settings of notifications that are known.":
    "Die Einstellungen dieses Systems für Benachrichtigungen sind nicht bekannt.",
  "{program} could not be started: {error}": "{program} ließ sich nicht starten: {error}",
  "{} could not be changed: {error}": "{} ließ sich nicht ändern: {error}",

  // Quiet hours, sounds, muted alerts.
  "A time of day lies between 00:00 and 23:59.": "Eine Uhrzeit liegt zwischen 00:00 und 23:59.",
  "Quiet hours begin and end at different times.":
    "Eine Ruhezeit beginnt und endet zu verschiedenen Zeiten.",
  "There is no time zone {0:?}. Its name looks like Europe/Berlin.":
    "Eine Zeitzone {0:?} gibt es nicht. Ihr Name sieht aus wie Europe/Berlin.",
  "A sound has {} MiB at most. The one before stays.":
    "Ein Ton hat höchstens {} MiB. Der bisherige bleibt.",
  "This file holds no sound: WAV, Ogg, FLAC and MP3 do. The one before stays.":
    "Diese Datei enthält keinen Ton: WAV, Ogg, FLAC und MP3 tun das. Der bisherige bleibt.",
  "The file did not arrive whole. Choose it again.":
    "Die Datei kam nicht ganz an. Wähle sie noch einmal.",
  "Alerts can be muted for 1 to {MOST_MINUTES} minutes.":
    "Preisalarme lassen sich für 1 bis {MOST_MINUTES} Minuten stummschalten.",

  // The live connection.
  "Notifications can be paused for 1 to {MOST_MINUTES} minutes.":
    "Benachrichtigungen lassen sich für 1 bis {MOST_MINUTES} Minuten anhalten.",
  "The project does not send changes: {error}": "Das Projekt sendet keine Änderungen: {error}",
  "The project refuses the key. Check it in the project's settings.":
    "Das Projekt lehnt den Schlüssel ab. Prüfe ihn in den Einstellungen des Projekts.",
  "There is no such project at this address.": "Unter dieser Adresse gibt es kein Projekt.",
  "No Realtime service answers at this address.":
    "Unter dieser Adresse antwortet kein Realtime-Dienst.",
  "The project refused to be read: {error}": "Das Projekt ließ sich nicht lesen: {error}",
  "the server answered HTTP {status}: {message}": "der Server antwortete HTTP {status}: {message}",
  "the channel is not joined": "der Kanal ist nicht beigetreten",
  "the server closed the channel": "der Server hat den Kanal geschlossen",
  "the channel crashed": "der Kanal ist abgestürzt",
  "the server does not know the channel any more": "der Server kennt den Kanal nicht mehr",
  "the presence state never came": "der Stand der Anwesenheit kam nie an",
  "no answer to the join in time": "keine rechtzeitige Antwort auf den Beitritt",
  "the server did not subscribe in time": "der Server hat nicht rechtzeitig abonniert",
  "the connection ended ({code})": "die Verbindung endete ({code})",
  "the connection ended ({code}): {reason}": "die Verbindung endete ({code}): {reason}",
  "no answer to the connection in time": "keine rechtzeitige Antwort auf den Verbindungsversuch",
  "no answer to the heartbeat": "keine Antwort auf das Lebenszeichen",
  "the server admits nobody at present ({})": "der Server lässt gerade niemanden zu ({})",
  "the token could not be read in time": "das Token ließ sich nicht rechtzeitig lesen",
  "the token was not there in time": "das Token war nicht rechtzeitig da",

  // Counters of the diagnostics.
  "changes not told": "Änderungen ohne Meldung",
  "frames in": "Frames empfangen",
  "frames out": "Frames gesendet",
  "waited for their turn": "warteten, bis sie dran waren",
  "replaced by a newer state": "durch neueren Stand ersetzt",
  "not sent, channel ended": "nicht gesendet, Kanal beendet",
  "unknown frames": "unbekannte Frames",
  "unreadable frames": "unlesbare Frames",
  "frames of an earlier join": "Frames eines früheren Beitritts",
  "times behind": "Male im Rückstand",
};

export default engine;

/** Before what has no German words: servers say what they like. */
export const failures: Readonly<Record<ErrorCode, string>> = {
  invalid: "Das geht so nicht: {message}",
  not_found: "Das gibt es nicht: {message}",
  no_workspace: "Kein Arbeitsbereich ist offen: {message}",
  signed_out: "Niemand ist angemeldet: {message}",
  offline: "Das Projekt ist nicht erreichbar: {message}",
  refused: "Das Projekt hat abgelehnt: {message}",
  credentials: "Die Anmeldung stimmt nicht: {message}",
  reauthentication: "Das Projekt verlangt zuerst einen Code: {message}",
  key: "Der Schlüssel passt nicht: {message}",
  locked: "Tidings ist gesperrt: {message}",
  passphrase: "Die Passphrase stimmt nicht: {message}",
  too_soon: "Das ist zu früh: {message}",
  storage: "Der lokale Speicher meldet: {message}",
  cancelled: "Abgebrochen: {message}",
  internal: "Ein Fehler im Programm: {message}",
  invite_unknown: "Diesen Code gibt es nicht: {message}",
  invite_used: "Dieser Code ist schon benutzt: {message}",
  invite_expired: "Dieser Code gilt nicht mehr: {message}",
  not_owner: "Das darf nur, wem die Unterhaltung gehört: {message}",
  not_shared: "Dieses Projekt kennt keine gemeinsamen Unterhaltungen: {message}",
};
