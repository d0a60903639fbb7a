/** What a machine does to the files of a server: other programs lock them, disks fill up, pages go bad. */
import { closeSync, fstatSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { Database } from 'bun:sqlite'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A lock of another process. */
export interface Lock {
  /** Lets the other process run more statements. */
  run(...statements: readonly string[]): Promise<void>
  /** Once it is let go. */
  release(): Promise<void>
}

const HOLDER = `
const { Database } = require('bun:sqlite')
const database = new Database(process.argv[1])
database.run('PRAGMA busy_timeout = 10000')
const run = (list) => {
  for (const sql of list) database.run(sql)
  process.stdout.write('done')
}
run(process.argv.slice(2))
process.stdin.on('data', (text) => run(JSON.parse(String(text))))
process.stdin.on('end', () => process.exit())
`

/** Lets another process run statements on a database, such as `BEGIN EXCLUSIVE`, and keep what they took. */
export async function lock(path: string, ...statements: readonly string[]): Promise<Lock> {
  const child = Bun.spawn([process.execPath, '-e', HOLDER, path, ...statements], {
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'inherit',
  })
  const reader = child.stdout.getReader()
  const done = async () => {
    const { value } = await reader.read()
    if (!value) throw new Error(`${path} could not be locked`)
  }
  await done()
  return {
    run: async (...more) => {
      child.stdin.write(JSON.stringify(more))
      await child.stdin.flush()
      await done()
    },
    release: async () => {
      await child.stdin.end()
      await child.exited
    },
  }
}

/** A small disk of its own, for whoever may mount one. */
export class SmallDisk {
  readonly path: string

  private constructor(path: string) {
    this.path = path
  }

  /** @returns undefined where this user may mount nothing */
  static mount(kib: number): SmallDisk | undefined {
    const path = mkdtempSync(join(tmpdir(), 'latchkey-disk-'))
    if (process.platform === 'linux') {
      const command = ['mount', '-t', 'tmpfs', '-o', `size=${kib}k`, 'tmpfs', path]
      if (Bun.spawnSync(command, { stderr: 'ignore' }).exitCode === 0) return new SmallDisk(path)
    }
    rmSync(path, { recursive: true })
    return undefined
  }

  /** Leaves so much room and no more. */
  fill(freeKib: number): void {
    this.clear()
    const file = openSync(join(this.path, 'filler'), 'w')
    // The last bytes in small pieces, so that nothing is left.
    for (const bytes of [1_048_576, 1024]) fillWith(file, new Uint8Array(bytes))
    const { size } = fstatSync(file)
    closeSync(file)
    Bun.spawnSync([
      'truncate',
      '-s',
      String(Math.max(0, size - freeKib * 1024)),
      join(this.path, 'filler'),
    ])
  }

  clear(): void {
    rmSync(join(this.path, 'filler'), { force: true })
  }

  unmount(): void {
    Bun.spawnSync(['umount', '-l', this.path])
    rmSync(this.path, { recursive: true, force: true })
  }
}

/** Writes until the disk is full. */
function fillWith(file: number, block: Uint8Array): void {
  try {
    while (writeSync(file, block) === block.byteLength);
  } catch {
    // The disk is full now, as intended.
  }
}

/** Whether this user may mount disks and act as others. */
export const isRoot = process.getuid?.() === 0

/** Overwrites a part of a file with meaningless bytes. */
export function damage(path: string, offset: number, bytes: number): void {
  const file = openSync(path, 'r+')
  writeSync(file, new Uint8Array(bytes).fill(0xa5), 0, bytes, offset)
  closeSync(file)
}

interface VersionRow {
  readonly user_version: number
}

/** Overwrites every page of a table or index, of a database that others may have open and of which no log is left. */
export function damageTable(path: string, name: string): void {
  const database = new Database(path, { readwrite: true })
  const pages = database
    .query<{ offset: number; bytes: number }, [string]>(
      'SELECT pgoffset AS offset, pgsize AS bytes FROM dbstat WHERE name = ?',
    )
    .all(name)
  if (pages.length === 0) throw new Error(`${path} has no ${name}`)
  for (const { bytes, offset } of pages) damage(path, offset, bytes)
  // A process reads cached pages again after another process has written.
  const { user_version: version } = database.query('PRAGMA user_version').get() as VersionRow
  database.run(`PRAGMA user_version = ${version}`)
  database.close()
}

/** Puts a folder where a file should be. */
export function replaceByFolder(path: string): void {
  rmSync(path, { force: true })
  mkdirSync(path)
}
