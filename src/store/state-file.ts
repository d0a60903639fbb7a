/** What a server that stops leaves for the one that starts after it: one file, written whole, good for one start. */
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
  /** Which shape the rest has; another program version may not know it. */
  readonly version: number
  readonly state: unknown
}

export type FoundState = SavedState | 'none' | 'unreadable'

/** Keeps `undefined`, bytes and text apart, and writes the names of members once. What it reads holds on to nothing of the file. */
const packr = new Packr({
  useRecords: true,
  mapsAsObjects: true,
  moreTypes: true,
  copyBuffers: true,
})

/** Sealed, because it holds the keys of connections and what was said to them. */
export function writeState(folder: string, keyring: Keyring, saved: SavedState): void {
  const path = join(folder, STATE_FILE)
  writeFileSync(`${path}.new`, keyring.seal(packr.pack(saved)), { mode: 0o600 })
  // A rename is all or nothing: a reader never finds half of it.
  renameSync(`${path}.new`, path)
}

export function readState(folder: string, keyring: Keyring): FoundState {
  const path = join(folder, STATE_FILE)
  const found = statSync(path, { throwIfNoEntry: false })
  if (!found) return 'none'
  // Whoever reads from a pipe would wait for somebody to write.
  if (!found.isFile()) return 'unreadable'
  try {
    const opened = keyring.openBytes(readFileSync(path))
    return opened ? (packr.unpack(opened) as SavedState) : 'unreadable'
  } catch {
    return 'unreadable'
  }
}

/**
 * To be called once a server goes on from it, or knows that none can: it is true once only.
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
