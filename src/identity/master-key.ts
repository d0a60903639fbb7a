/** Where the master key comes from: the environment, or a file that the first start makes. */
import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { StartError } from '../start-error.ts'
import { plainly } from '../trouble.ts'

export const MASTER_KEY_FILE = 'master.key'
const KEY_BYTES = 32

/**
 * The 32 bytes of the master key.
 * @param given the base64 text of `LATCHKEY_MASTER_KEY`, already checked for its length
 * @param mayCreate false for a database that has secrets already: a new key could not open them
 * @throws StartError if the file cannot be read, made or understood
 */
export function loadMasterKey(
  folder: string,
  given: string | undefined,
  mayCreate: boolean,
): Uint8Array {
  if (given !== undefined) return newMasterKey(given)
  const path = join(folder, MASTER_KEY_FILE)
  const text = read(path) ?? (mayCreate ? create(path) : missing(path))
  const key = Buffer.from(text.trim(), 'base64')
  if (key.length !== KEY_BYTES)
    throw new StartError(`${path} does not hold a master key of 32 bytes in base64`)
  return key
}

/** A master key that is kept nowhere: the given one, or one that ends with the process. */
export function newMasterKey(given: string | undefined): Uint8Array {
  return given === undefined ? randomBytes(KEY_BYTES) : Buffer.from(given, 'base64')
}

function missing(path: string): never {
  throw new StartError(
    `the master key is missing: put it back at ${path} or in LATCHKEY_MASTER_KEY`,
  )
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new StartError(`${path} cannot be read: ${plainly(error)}`)
  }
}

/** Written whole beside its place and then linked there, so that two first starts cannot make two keys. */
function create(path: string): string {
  const text = `${randomBytes(KEY_BYTES).toString('base64')}\n`
  // Random, because the draft of a start that was killed may still lie there.
  const draft = `${path}.${randomBytes(6).toString('hex')}.new`
  try {
    const file = openSync(draft, 'wx', 0o600)
    writeSync(file, text)
    fsyncSync(file)
    closeSync(file)
    return publish(draft, path) ? text : read(path)!
  } catch (error) {
    throw new StartError(`${path} cannot be written: ${plainly(error)}`)
  } finally {
    rmSync(draft, { force: true })
  }
}

/** @returns false if another start has made the key meanwhile */
function publish(draft: string, path: string): boolean {
  try {
    linkSync(draft, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    // Some file systems have no links; only there could two first starts at once still collide.
    renameSync(draft, path)
    return true
  }
}
