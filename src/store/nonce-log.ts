/**
 * Stores which token requests were answered in the last minutes, so that none is accepted twice, after a restart
 * either. Two files take turns: one is appended to until everything in the other has expired, which is then overwritten
 * from its beginning. Their disk space is allocated in advance, so that a full disk does not stop tokens from being
 * issued. Requests that arrive while the disk is busy are written together.
 */
import { constants, readFileSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../core/clock.ts'
import type { KeptNonce, NonceLog } from '../identity/nonce-store.ts'
import { StartError } from '../start-error.ts'
import { plainly } from '../trouble.ts'

export const NONCE_FILES = ['nonces.0', 'nonces.1'] as const

/** Allocated for each file at its first use: enough for some ten requests a second. */
const ROOM_BYTES = 131_072
/** A file that has grown beyond this is cut when its turn comes again. */
const MAX_ROOM_BYTES = 1_048_576

/** Time, name of the key, and digest of the request; none contains a space, so a torn line does not match. */
const LINE = /^(\d{1,16}) ([\w.-]{1,200}) ([\w+/]{1,64})$/

interface Waiting {
  readonly line: string
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** The entries of a file that have not expired. */
interface Found {
  readonly nonces: readonly KeptNonce[]
  /** Offset behind the last of them, in bytes. */
  readonly end: number
}

export interface NonceLogParts {
  readonly folder: string
  /** How long an entry is needed, in milliseconds. */
  readonly keepMs: number
  readonly clock: Clock
  /** Called when writing fails. */
  readonly onFault: (fault: Error) => void
}

export class FileNonceLog implements NonceLog {
  readonly #parts: NonceLogParts
  readonly #paths: readonly string[]
  #active = 0
  /** When the active file was begun (elapsed time), and the offset of its end. */
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
   * Reads the entries that have not expired. To be called before the first append.
   * @throws StartError if it cannot be read
   */
  read(): KeptNonce[] {
    const now = this.#parts.clock.now()
    const found = this.#paths.map((path) => readNonces(path, now - this.#parts.keepMs))
    const [first, second] = found.map(({ nonces }) => nonces.at(-1)?.at ?? 0)
    this.#active = second! > first! ? 1 : 0
    const { end } = found[this.#active]!
    // Counts the active file as begun now, so the other one is kept for longer than needed, never shorter.
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

  /** Writes what is waiting; later appends are refused. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#writing
    await this.#release()
  }

  /** Runs once at a time: `#isWriting` is reset in the turn in which nothing is waiting any more. */
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
    // Begins with a line break, because the previous line may have been torn by a crash.
    const bytes = Buffer.from(`\n${text}`)
    await writeWhole(file, bytes, this.#end)
    await file.datasync()
    this.#end += bytes.length
  }

  /** Switches to the other file once everything in it has expired. */
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
    // Makes the names of new files durable too.
    const folder = await open(this.#parts.folder, 'r')
    await folder.sync().finally(() => folder.close())
  }

  async #release(): Promise<void> {
    const files = this.#files
    this.#files = []
    for (const file of files) await file.close().catch(() => {})
  }
}

/** Allocates space by filling the file with empty lines; a full disk is tolerated. */
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

/** Partly overwritten lines do not match, or are old and have expired. */
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

/** One character for each byte. */
function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw new StartError(`${path} cannot be read: ${plainly(error)}`)
  }
}
