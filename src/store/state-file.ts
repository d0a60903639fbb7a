/** Saves the state of a server that stops for the next start: one sealed file, written atomically, used once. */
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Packr } from 'msgpackr'
import type { Keyring } from '../identity/keyring.ts'
import { StartError } from '../start-error.ts'
import { plainly } from '../trouble.ts'

export const STATE_FILE = 'running.state'

export interface SavedState {
  /** When it was written, in milliseconds since the epoch. */
  readonly at: number
  /** The format of the rest, which another version of the program may not know. */
  readonly version: number
  readonly state: unknown
}

export type FoundState = SavedState | 'none' | 'unreadable'

/** MessagePack that keeps `undefined`, bytes and text apart. Copies what it reads, so that the file's buffer can be freed. */
const packr = new Packr({
  useRecords: true,
  mapsAsObjects: true,
  moreTypes: true,
  copyBuffers: true,
})

/** Sealed, because it contains connection keys and messages. */
export function writeState(folder: string, keyring: Keyring, saved: SavedState): void {
  const path = join(folder, STATE_FILE)
  writeFileSync(`${path}.new`, keyring.seal(packr.pack(saved)), { mode: 0o600 })
  // A rename is atomic: a reader never finds half of the file.
  renameSync(`${path}.new`, path)
}

export function readState(folder: string, keyring: Keyring): FoundState {
  const path = join(folder, STATE_FILE)
  const found = statSync(path, { throwIfNoEntry: false })
  if (!found) return 'none'
  // Only regular files: reading from a pipe would block.
  if (!found.isFile()) return 'unreadable'
  try {
    const opened = keyring.openBytes(readFileSync(path))
    return opened ? (packr.unpack(opened) as SavedState) : 'unreadable'
  } catch {
    return 'unreadable'
  }
}

/**
 * To be called once a server has restored it, or knows that it cannot be restored: it describes one moment only.
 * @throws StartError where something lies in its place that cannot be removed
 */
export function removeState(folder: string): void {
  const path = join(folder, STATE_FILE)
  for (const file of [path, `${path}.new`]) {
    try {
      rmSync(file, { force: true })
    } catch (error) {
      throw new StartError(`${file} cannot be removed: ${plainly(error)}`, { cause: error })
    }
  }
}
