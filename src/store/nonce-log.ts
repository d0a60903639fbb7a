/**
 * Which token requests were answered in the last minutes, kept in two files of the data folder: one is written until
 * everything in the other is out of date, which is then begun anew. What comes while the disk is busy is written
 * together, and nobody but those who wait for it waits.
 */
import { readFileSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../core/clock.ts'
import type { KeptNonce, NonceLog } from '../identity/nonce-store.ts'
import { StartError } from '../start-error.ts'
import { plainly } from '../trouble.ts'

export const NONCE_FILES = ['nonces.0', 'nonces.1'] as const

/** When it came, the name of the key, and what stands for the request: as none of them has a space, each is whole. */
const LINE = /^(\d{1,16}) ([\w.-]{1,200}) ([\w+/]{1,64})$/

interface Waiting {
  readonly line: string
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
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
  /** When the active file was begun. */
  #since: number
  #file: FileHandle | undefined
  #waiting: Waiting[] = []
  #isWriting = false
  #writing: Promise<void> | undefined
  #isClosed = false

  constructor(parts: NonceLogParts) {
    this.#parts = parts
    this.#paths = NONCE_FILES.map((name) => join(parts.folder, name))
    this.#since = parts.clock.now()
  }

  /**
   * What there is that is not out of date; to be called before anything is appended.
   * @throws StartError if it cannot be read
   */
  read(): KeptNonce[] {
    const oldest = this.#parts.clock.now() - this.#parts.keepMs
    const files = this.#paths.map((path) => readNonces(path))
    const begun = files.map(([first]) => first?.at ?? Number.NEGATIVE_INFINITY)
    this.#active = begun[1]! > begun[0]! ? 1 : 0
    const since = begun[this.#active]!
    if (Number.isFinite(since)) this.#since = since
    return files.flat().filter(({ at }) => at >= oldest)
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
    const now = this.#parts.clock.now()
    if (now - this.#since > this.#parts.keepMs) {
      await this.#release()
      this.#file = await this.#begin(1 - this.#active, 'w')
      this.#active = 1 - this.#active
      this.#since = now
    }
    this.#file ??= await this.#begin(this.#active, 'a')
    // A line break first, for the line before may have been cut off.
    await this.#file.appendFile(`\n${text}`)
    await this.#file.datasync()
  }

  async #begin(place: number, flags: 'a' | 'w'): Promise<FileHandle> {
    const file = await open(this.#paths[place]!, flags, 0o600)
    // The name of a new file has to be there for good, too.
    const folder = await open(this.#parts.folder, 'r')
    await folder.sync().finally(() => folder.close())
    return file
  }

  async #release(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    await file?.close().catch(() => {})
  }
}

function readNonces(path: string): KeptNonce[] {
  const nonces: KeptNonce[] = []
  for (const line of readText(path).split('\n')) {
    const [, at, keyName, short] = LINE.exec(line) ?? []
    if (keyName !== undefined && short !== undefined)
      nonces.push({ at: Number(at), keyName, short })
  }
  return nonces
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw new StartError(`${path} cannot be read: ${plainly(error)}`)
  }
}
