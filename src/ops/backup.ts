/**
 * Backups of `latchkey.db`: one SQLite file, taken while the server runs. Keys in it stay encrypted, so a
 * backup is of use only together with the master key, which is kept apart on purpose.
 */
import { Database } from 'bun:sqlite'
import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { type Result, fail, ok } from '../failure.ts'
import { Keyring } from '../identity/keyring.ts'
import { loadMasterKey, MASTER_KEY_FILE } from '../identity/master-key.ts'
import { DATABASE_FILE, SCHEMA_VERSION, type Store } from '../store/database.ts'
import { opensProof, PROOF } from '../store/proof.ts'

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
}

export interface KeySource {
  readonly folder: string
  /** From the environment, if set. */
  readonly masterKey: string | undefined
}

/** A consistent copy, while others read and write; the file must not exist yet. */
export function createBackup({ sqlite }: Store, file: string): Result<true> {
  if (existsSync(file)) return fail('invalid', `${file} exists already`)
  const draft = `${file}.${process.pid}.new`
  try {
    sqlite.query('VACUUM INTO ?').run(draft)
    chmodSync(draft, 0o600)
    sync(draft)
    renameSync(draft, file)
    return ok(true)
  } catch (error) {
    return fail('invalid', `${file} cannot be written: ${(error as Error).message}`)
  } finally {
    rmSync(draft, { force: true })
  }
}

/** Opens a backup without changing it, checks every page, and tries the master key on it. */
export function verifyBackup(file: string, keys: KeySource): Result<BackupReport> {
  if (!existsSync(file)) return fail('invalid', `${file} does not exist`)
  // On a copy, because SQLite may write beside a file that it opens.
  const copy = `${file}.${process.pid}.check`
  let database: Database | undefined
  try {
    copyFileSync(file, copy)
    database = new Database(copy, { readwrite: true })
    return inspect(database, file, keys)
  } catch (error) {
    return fail('invalid', `${file} is not a usable backup: ${(error as Error).message}`)
  } finally {
    database?.close()
    for (const suffix of ['', '-wal', '-shm']) rmSync(copy + suffix, { force: true })
  }
}

function inspect(database: Database, file: string, keys: KeySource): Result<BackupReport> {
  const one = (sql: string): unknown => Object.values(database.query(sql).get() as object)[0]
  const integrity = one('PRAGMA integrity_check')
  if (integrity !== 'ok') {
    // It lists every page that is wrong; one line tells enough.
    const first = String(integrity).split('\n').at(-1)
    return fail('invalid', `${file} is damaged: ${first}`)
  }
  const schema = Number(one('PRAGMA user_version'))
  if (schema === 0) return fail('invalid', `${file} is a database, but not one of latchkey`)
  if (schema > SCHEMA_VERSION)
    return fail('invalid', `${file} comes from a newer version of latchkey`)
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
    accounts: Number(one('SELECT count(*) FROM accounts')),
    reservations: Number(one('SELECT count(*) FROM reservations')),
    accessTokens: Number(one('SELECT count(*) FROM access_tokens')),
    apps: schema < APPS_SINCE ? 0 : Number(one('SELECT count(*) FROM apps')),
    apiKeys: schema < APPS_SINCE ? 0 : Number(one('SELECT count(*) FROM api_keys')),
    masterKeyFits: fits,
  })
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
 * Puts a verified backup in the place of the database; what was there is kept beside it.
 * No server and no command may be using the folder.
 * @returns the name under which the replaced database was kept, if there was one
 */
export function restoreBackup(
  file: string,
  keys: KeySource,
  now: number,
): Result<string | undefined> {
  const verified = verifyBackup(file, keys)
  if (!verified.ok) return verified
  if (verified.value.masterKeyFits !== true) {
    return fail(
      'invalid',
      `the master key of this backup is not here; put it at ${join(keys.folder, MASTER_KEY_FILE)} or in LATCHKEY_MASTER_KEY`,
    )
  }
  mkdirSync(keys.folder, { recursive: true, mode: 0o700 })
  const target = join(keys.folder, DATABASE_FILE)
  const draft = `${target}.${process.pid}.new`
  copyFileSync(file, draft)
  chmodSync(draft, 0o600)
  sync(draft)
  const kept = keepOld(target, now)
  renameSync(draft, target)
  sync(dirname(target))
  return ok(kept)
}

/** Its log must go with it: left in place, SQLite would play it into the restored file. */
function keepOld(target: string, now: number): string | undefined {
  if (!existsSync(target)) return undefined
  const kept = `${target}.replaced-${now}`
  for (const suffix of ['', '-wal', '-shm']) {
    if (existsSync(target + suffix)) renameSync(target + suffix, kept + suffix)
  }
  return kept
}

function sync(path: string): void {
  const file = openSync(path, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}
