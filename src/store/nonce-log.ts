/**
 * Which token requests were answered in the last minutes, kept in two files of the data folder: one is written until
 * everything in the other is out of date, which is then written over from its beginning. They keep the room that they
 * have, so that a disk that fills up does not keep anybody from getting a token. What comes while the disk is busy is
 * written together, and nobody but those who wait for it waits.
 */
import { constants, readFileSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../core/clock.ts'
import type { KeptNonce, NonceLog } from '../identity/nonce-store.ts'
import { StartError } from '../start-error.ts'
import { plainly } from '../trouble.ts'

export const NONCE_FILES = ['nonces.0', 'nonces.1'] as const

/** Of each file, from its first use on: some ten requests a second. */
const ROOM_BYTES = 131_072
/** Of a file that has grown and is written over. */
const MAX_ROOM_BYTES = 1_048_576

/** When it came, the name of the key, and what stands for the request: as none of them has a space, each is whole. */
const LINE = /^(\d{1,16}) ([\w.-]{1,200}) ([\w+/]{1,64})$/

interface Waiting {
  readonly line: string
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** What a file has that is not out of date. */
interface Found {
  readonly nonces: readonly KeptNonce[]
  /** Of bytes, up to where it has that. */
  readonly end: number
}

export interface NonceLogParts {
  readonly folder: string
  /** For how long each is of use, in milliseconds. */
  readonly keepMs: number
  readonly clock: Clock
  /** Told why something could not be written. */
  readonly onFault: (fault: Error) => void
}

export class FileNonceLog implements NonceLog {
  readonly #parts: NonceLogParts
  readonly #paths: readonly string[]
  #active = 0
  /** When the active file was begun, by the clock's elapsed time, and up to where it is written. */
  #since: number
  #end = 0
  #files: readonly FileHandle[] = []
  #waiting: Waiting[] = []
  #isWriting = false
  #writing: Promise<void> | undefined
  #isClosed = false

  constructor(parts: NonceLogParts) {
    this.#parts = parts
    this.#paths = NONCE_FILES.map((name) => join(parts.folder, name))
    this.#since = parts.clock.elapsed()
  }

  /**
   * What there is that is not out of date; to be called before anything is appended.
   * @throws StartError if it cannot be read
   */
  read(): KeptNonce[] {
    const now = this.#parts.clock.now()
    const found = this.#paths.map((path) => readNonces(path, now - this.#parts.keepMs))
    const [first, second] = found.map(({ nonces }) => nonces.at(-1)?.at ?? 0)
    this.#active = second! > first! ? 1 : 0
    const { end } = found[this.#active]!
    // As if it had been begun now: what is in the other one is kept for longer than it has to be.
    this.#since = this.#parts.clock.elapsed()
    this.#end = end
    return found.flatMap((file) => file.nonces)
  }

  append({ at, keyName, short }: KeptNonce): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    if (this.#isClosed) reject(new Error('it is closed'))
    else {
      this.#waiting.push({ line: `${at} ${keyName} ${short}\n`, resolve, reject })
      if (!this.#isWriting) this.#writing = this.#writeAll()
    }
    return promise
  }

  /** Writes what is waiting; what comes later is refused. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#writing
    await this.#release()
  }

  /** Only ever once at a time: the end is told in the turn in which nothing is waiting. */
  async #writeAll(): Promise<void> {
    this.#isWriting = true
    while (this.#waiting.length > 0) {
      const batch = this.#waiting
      this.#waiting = []
      try {
        await this.#write(batch.map(({ line }) => line).join(''))
        for (const { resolve } of batch) resolve()
      } catch (error) {
        this.#parts.onFault(
          new Error(`${this.#paths[this.#active]} cannot be written: ${plainly(error)}`),
        )
        for (const { reject } of batch) reject(error)
        await this.#release()
      }
    }
    this.#isWriting = false
  }

  async #write(text: string): Promise<void> {
    if (this.#files.length === 0) await this.#open()
    await this.#turn()
    const file = this.#files[this.#active]!
    // A line break first, for the line before may have been cut off.
    const bytes = Buffer.from(`\n${text}`)
    await writeWhole(file, bytes, this.#end)
    await file.datasync()
    this.#end += bytes.length
  }

  /** Goes on with the other file, once nothing in it can be of use. */
  async #turn(): Promise<void> {
    const now = this.#parts.clock.elapsed()
    if (now - this.#since <= this.#parts.keepMs) return
    const file = this.#files[1 - this.#active]!
    if ((await file.stat()).size > MAX_ROOM_BYTES) await file.truncate(MAX_ROOM_BYTES)
    this.#active = 1 - this.#active
    this.#since = now
    this.#end = 0
  }

  async #open(): Promise<void> {
    const files: FileHandle[] = []
    this.#files = files
    for (const path of this.#paths) {
      const file = await open(path, constants.O_RDWR | constants.O_CREAT, 0o600)
      files.push(file)
      await takeRoom(file)
    }
    // The names of new files have to be there for good, too.
    const folder = await open(this.#parts.folder, 'r')
    await folder.sync().finally(() => folder.close())
  }

  async #release(): Promise<void> {
    const files = this.#files
    this.#files = []
    for (const file of files) await file.close().catch(() => {})
  }
}

/** Fills a small file up with empty lines; where there is no room for them, it goes on without. */
async function takeRoom(file: FileHandle): Promise<void> {
  const { size } = await file.stat()
  if (size >= ROOM_BYTES) return
  const filler = Buffer.alloc(ROOM_BYTES - size, '\n')
  await writeWhole(file, filler, size)
    .then(() => file.datasync())
    .catch(() => {})
}

async function writeWhole(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done)
    done += bytesWritten
  }
}

/** What is left of lines that were written over in part is none, or one of long ago. */
function readNonces(path: string, oldest: number): Found {
  const nonces: KeptNonce[] = []
  let end = 0
  let position = 0
  for (const line of readText(path).split('\n')) {
    position += line.length + 1
    const [, at, keyName, short] = LINE.exec(line) ?? []
    if (keyName === undefined || short === undefined || Number(at) < oldest) continue
    nonces.push({ at: Number(at), keyName, short })
    end = position
  }
  return { nonces, end }
}

/** Letter for byte. */
function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw new StartError(`${path} cannot be read: ${plainly(error)}`)
  }
}
