/**
 * Backups: one SQLite file with everything that is set, taken while the server runs, and beside it one with the
 * history of channels. Keys stay encrypted, so a backup is of use only together with the master key, which is
 * kept apart on purpose.
 */
import type { Database } from 'bun:sqlite'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Result, fail, ok } from '../../failure.ts'
import { Keyring } from '../../identity/keyring.ts'
import { loadMasterKey, MASTER_KEY_FILE } from '../../identity/master-key.ts'
import { DATABASE_FILE, SCHEMA_VERSION, type Store } from '../../store/database.ts'
import { HISTORY_FILE } from '../../store/history/history-file.ts'
import { opensProof, PROOF } from '../../store/proof.ts'
import {
  type HistoryReport,
  draftHistory,
  historyPart,
  restoreHistory,
  verifyHistory,
} from './history-backup.ts'
import { draftCopy, inspectCopy, putInPlace, readableSchema, single } from './sqlite-copy.ts'

export interface BackupReport {
  readonly file: string
  readonly bytes: number
  readonly schema: number
  readonly accounts: number
  readonly reservations: number
  readonly accessTokens: number
  readonly apps: number
  readonly apiKeys: number
  /** Whether the folder's master key opens the keys in it; undefined where there is no master key to try. */
  readonly masterKeyFits: boolean | undefined
  /** Undefined for a backup without history. */
  readonly history: HistoryReport | undefined
}

export interface KeySource {
  readonly folder: string
  /** From the environment, if set. */
  readonly masterKey: string | undefined
}

/**
 * Consistent copies, while others read and write; the files must not exist yet.
 * @param folder where the history lies; undefined for a backup without it
 */
export function createBackup(
  { sqlite }: Store,
  file: string,
  folder: string | undefined,
): Result<true> {
  if (existsSync(historyPart(file))) return fail('invalid', `${historyPart(file)} exists already`)
  const hasHistory = folder !== undefined && existsSync(join(folder, HISTORY_FILE))
  const settings = draftCopy(sqlite, file, (copy) => markParts(copy, hasHistory))
  if (!settings.ok) return settings
  // After the settings: history of an app that is missing from the settings does no harm, the reverse would.
  const history = hasHistory ? draftHistory(folder, historyPart(file)) : ok(undefined)
  if (!history.ok) {
    settings.value.discard()
    return history
  }
  // The settings last: a run that is killed before leaves no file that looks like a backup.
  history.value?.publish()
  settings.value.publish()
  return ok(true)
}

/** The fact in a backup that tells which files it has; that of a folder is of the backup that it came from. */
const PARTS = 'backup-parts'
const WITH_HISTORY = 'settings,history'

function markParts(copy: Database, hasHistory: boolean): void {
  copy
    .query('INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)')
    .run(PARTS, Buffer.from(hasHistory ? WITH_HISTORY : 'settings'))
}

/** Opens a backup without changing it, checks every page, and tries the master key on it. */
export function verifyBackup(file: string, keys: KeySource): Result<BackupReport> {
  const settings = inspectCopy(file, (database) => inspect(database, file, keys))
  if (!settings.ok) return settings
  const { needsHistory, ...report } = settings.value
  if (!existsSync(historyPart(file))) {
    return needsHistory
      ? fail('invalid', `${historyPart(file)} is missing: the backup was made with it`)
      : ok({ ...report, history: undefined })
  }
  const history = verifyHistory(historyPart(file))
  return history.ok ? ok({ ...report, history: history.value }) : history
}

function inspect(
  database: Database,
  file: string,
  keys: KeySource,
): Result<Omit<BackupReport, 'history'> & { readonly needsHistory: boolean }> {
  const readable = readableSchema(database, file, SCHEMA_VERSION)
  if (!readable.ok) return readable
  const schema = readable.value
  const count = (table: string) => Number(single(database, `SELECT count(*) FROM ${table}`))
  const proof = database.query('SELECT value FROM facts WHERE name = ?').get(PROOF) as {
    value: Uint8Array
  } | null
  const keyring = findKeyring(keys)
  const fits = keyring && proof !== null && opensProof(proof.value, keyring)
  const damaged = keyring && fits ? damagedKey(database, keyring, schema) : undefined
  if (damaged !== undefined) return fail('invalid', `${file} is damaged: a key of ${damaged}`)
  return ok({
    file,
    bytes: Bun.file(file).size,
    schema,
    accounts: count('accounts'),
    reservations: count('reservations'),
    accessTokens: count('access_tokens'),
    apps: schema < APPS_SINCE ? 0 : count('apps'),
    apiKeys: schema < APPS_SINCE ? 0 : count('api_keys'),
    masterKeyFits: fits,
    needsHistory: hasParts(database, WITH_HISTORY),
  })
}

/** Backups of older versions do not say which files they have. */
function hasParts(database: Database, parts: string): boolean {
  const found = database.query('SELECT value FROM facts WHERE name = ?').get(PARTS) as {
    value: Uint8Array
  } | null
  return found !== null && Buffer.from(found.value).toString() === parts
}

/** The master key to try on a backup, if there is one. */
function findKeyring({ folder, masterKey }: KeySource): Keyring | undefined {
  if (masterKey === undefined && !existsSync(join(folder, MASTER_KEY_FILE))) return undefined
  return new Keyring(loadMasterKey(folder, masterKey, false))
}

/** Older backups have no apps; they are migrated when they are opened after a restore. */
const APPS_SINCE = 2

/** Where sealed secrets are, and since which schema version. */
const SEALED = [
  {
    since: 1,
    sql: 'SELECT namespace AS name, join_key AS one, send_key AS other FROM reservations',
  },
  {
    since: APPS_SINCE,
    sql: "SELECT app_id || '.' || id AS name, secret AS one, old_secret AS other FROM api_keys",
  },
]

interface SealedRow {
  readonly name: string
  readonly one: Uint8Array | null
  readonly other: Uint8Array | null
}

/** SQLite checks its own structure and not the bytes of a value, so each sealed key is opened. */
function damagedKey(database: Database, keyring: Keyring, schema: number): string | undefined {
  const isDamaged = (sealed: Uint8Array | null) => sealed && keyring.open(sealed) === undefined
  return SEALED.filter(({ since }) => since <= schema)
    .flatMap(({ sql }) => database.query(sql).all() as SealedRow[])
    .find(({ one, other }) => isDamaged(one) || isDamaged(other))?.name
}

/**
 * Puts a verified backup in the place of the databases; what was there is kept beside it. Without a history in the
 * backup, that of the folder stays. No server and no command may be using the folder.
 * @returns the names under which the replaced databases were kept
 */
export function restoreBackup(
  file: string,
  keys: KeySource,
  now: number,
): Result<readonly string[]> {
  const verified = verifyBackup(file, keys)
  if (!verified.ok) return verified
  const { masterKeyFits, history } = verified.value
  if (masterKeyFits !== true) {
    return fail(
      'invalid',
      `the master key of this backup is not here; put it at ${join(keys.folder, MASTER_KEY_FILE)} or in LATCHKEY_MASTER_KEY`,
    )
  }
  const settingsKept = putInPlace(file, join(keys.folder, DATABASE_FILE), now)
  const historyKept = history && restoreHistory(history.file, keys.folder, now)
  return ok([settingsKept, historyKept].filter((name) => name !== undefined))
}
