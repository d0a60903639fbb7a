/**
 * Backups that are made while the server runs, in a folder beside its databases. The work is done by a process of its
 * own, because copying a large history takes longer than anybody on a channel would like to wait.
 */
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../../core/clock.ts'
import { type Result, fail, ok } from '../../failure.ts'
import type { BackupReport } from './backup.ts'
import { historyPart } from './history-backup.ts'

export interface BackupFolderParts {
  /** The data folder; undefined where everything is in memory. */
  readonly folder: string | undefined
  /** From the environment, if set. */
  readonly masterKey: string | undefined
  readonly clock: Clock
}

export type BackupPart = 'settings' | 'history'

export interface StoredBackup {
  readonly name: string
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly bytes: number
  /** Undefined for a backup without history. */
  readonly historyBytes: number | undefined
  /** What the last check said; undefined where there was none since the server started. */
  readonly checked: Result<BackupReport> | undefined
}

const FOLDER = 'backups'
const NAME = /^latchkey-\d{8}-\d{6}\.backup$/

export class BackupFolder {
  readonly #parts: BackupFolderParts
  readonly #checks = new Map<string, Result<BackupReport>>()
  #isWorking = false

  constructor(parts: BackupFolderParts) {
    this.#parts = parts
  }

  /** Undefined where everything is in memory, and nothing could be backed up. */
  get folder(): string | undefined {
    const { folder } = this.#parts
    return folder === undefined ? undefined : join(folder, FOLDER)
  }

  get isWorking(): boolean {
    return this.#isWorking
  }

  /** The newest first. */
  list(): StoredBackup[] {
    const { folder } = this
    if (folder === undefined) return []
    const names = readdirQuietly(folder).filter((name) => NAME.test(name))
    return names
      .toSorted()
      .toReversed()
      .map((name) => this.#describe(join(folder, name), name))
  }

  find(name: string): StoredBackup | undefined {
    return this.list().find((backup) => backup.name === name)
  }

  /** Makes one and checks it. */
  async create(withHistory: boolean): Promise<Result<StoredBackup>> {
    const { folder } = this
    if (folder === undefined) return fail('invalid', 'everything is in memory, and ends with it')
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const time = new Date(this.#parts.clock.now()).toISOString().replaceAll(/[-:]/g, '')
    const name = `latchkey-${time.slice(0, 8)}-${time.slice(9, 15)}.backup`
    const options = withHistory ? [] : ['--without-history']
    const made = await this.#run(['create', join(folder, name), ...options])
    if (!made.ok) return made
    this.#checks.set(name, made)
    return ok(this.#describe(join(folder, name), name))
  }

  async check(name: string): Promise<Result<BackupReport>> {
    const path = this.path(name, 'settings')
    if (path === undefined) return fail('backup_unknown')
    const checked = await this.#run(['verify', path])
    this.#checks.set(name, checked)
    return checked
  }

  remove(name: string): Result<void> {
    const path = this.path(name, 'settings')
    if (path === undefined) return fail('backup_unknown')
    for (const file of [path, historyPart(path)]) rmSync(file, { force: true })
    this.#checks.delete(name)
    return ok(undefined)
  }

  /** Where a part of a backup lies; undefined where there is none. */
  path(name: string, part: BackupPart): string | undefined {
    const found = this.find(name)
    if (!found) return undefined
    const path = join(this.folder!, found.name)
    if (part === 'settings') return path
    return found.historyBytes === undefined ? undefined : historyPart(path)
  }

  #describe(path: string, name: string): StoredBackup {
    const { size, mtimeMs } = statSync(path)
    const historyBytes = statSync(historyPart(path), { throwIfNoEntry: false })?.size
    return { name, at: mtimeMs, bytes: size, historyBytes, checked: this.#checks.get(name) }
  }

  /** One at a time: two would only take the disk from each other. */
  async #run(command: readonly string[]): Promise<Result<BackupReport>> {
    if (this.#isWorking) return fail('backup_busy')
    this.#isWorking = true
    try {
      return await this.#latchkey(['backup', ...command])
    } finally {
      this.#isWorking = false
    }
  }

  async #latchkey(command: readonly string[]): Promise<Result<BackupReport>> {
    const { folder, masterKey } = this.#parts
    const child = Bun.spawn([...ownProgram(), ...command, '--data', folder!, '--json'], {
      env: { ...(masterKey !== undefined && { LATCHKEY_MASTER_KEY: masterKey }) },
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
    })
    const [out, err] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ])
    if (out !== '') return ok(JSON.parse(out) as BackupReport)
    return fail('invalid', complaintIn(err))
  }
}

/** This same program: the executable that it was built into, or its source. */
function ownProgram(): string[] {
  const isBuilt = /^(?:\/\$bunfs\/|[A-Z]:[/\\]~BUN[/\\])/.test(import.meta.path)
  return isBuilt ? [process.execPath] : [process.execPath, join(import.meta.dir, '../../main.ts')]
}

function complaintIn(err: string): string {
  try {
    return (JSON.parse(err) as { error: string }).error
  } catch {
    return 'the backup could not be made or read'
  }
}

function readdirQuietly(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    // The folder is made with the first backup.
    return []
  }
}
