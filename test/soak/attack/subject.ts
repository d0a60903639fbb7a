/** The server that is attacked: out of a checkout or an executable, with two apps that know nothing of each other. */
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

/** What is attacked: a command of which the arguments are those of `latchkey`. */
export type Program = readonly string[]

export function checkoutProgram(folder: string): Program {
  return [process.execPath, join(resolve(folder), 'src/main.ts')]
}

/** The same, writing a CPU profile into a folder when it ends in order. */
export function profiled([bun, ...rest]: Program, folder: string): Program {
  return [bun!, '--cpu-prof', `--cpu-prof-dir=${resolve(folder)}`, ...rest]
}

export interface Keys {
  readonly attacker: string
  readonly attackerRevocable: string
  readonly neighbour: string
}

/** A data folder as it is before any attack, of which each server gets a copy. */
export class Stage {
  readonly keys: Keys
  readonly #program: Program
  readonly #folder: string

  private constructor(program: Program, folder: string, keys: Keys) {
    this.#program = program
    this.#folder = folder
    this.keys = keys
  }

  static async make(program: Program): Promise<Stage> {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-attack-'))
    const data = ['--data', folder, '--json']
    const run = (...command: readonly string[]) => runJson(program, [...command, ...data])
    const capability = ['--capability', '{"[*]*":["*"]}']
    const keyOf = async (app: string, ...more: readonly string[]) =>
      ((await run('keys', 'add', '--app', app, ...capability, ...more)) as { key: string }).key
    for (const app of ['attacker', 'neighbour']) {
      await run('apps', 'add', app)
      await run('rules', 'add', 'kept', '--persisted', '--app', app)
    }
    await run('rules', 'add', 'edited', '--mutable-messages', '--app', 'attacker')
    await run('rules', 'add', 'pushed', '--push-enabled', '--app', 'attacker')
    const keys = {
      attacker: await keyOf('attacker'),
      attackerRevocable: await keyOf('attacker', '--revocable-tokens'),
      neighbour: await keyOf('neighbour'),
    }
    return new Stage(program, folder, keys)
  }

  /**
   * @param flags beyond the defaults
   * @param program what serves, if it is not what made the folder
   */
  async start(flags: readonly string[], program = this.#program): Promise<Subject> {
    const data = mkdtempSync(join(tmpdir(), 'latchkey-attack-'))
    cpSync(this.#folder, data, { recursive: true })
    // So that an attacker has an address of its own: all that is done here comes from the loopback.
    const settings = ['--data', data, '--trusted-proxies', 'loopback', '--json', ...flags]
    const where = ['--host', '127.0.0.1', '--port', '0']
    const child = Bun.spawn([...program, 'serve', ...where, ...settings], {
      cwd: data,
      env: environment(),
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
    })
    return Subject.announced(child, data)
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

export class Subject implements AsyncDisposable {
  readonly port: number
  readonly #child: Bun.Subprocess<'ignore', 'pipe', 'pipe'>
  readonly #data: string
  /** Bytes of log so far. */
  logged = 0

  private constructor(child: Bun.Subprocess<'ignore', 'pipe', 'pipe'>, data: string, port: number) {
    this.#child = child
    this.#data = data
    this.port = port
  }

  static async announced(
    child: Bun.Subprocess<'ignore', 'pipe', 'pipe'>,
    data: string,
  ): Promise<Subject> {
    const told = Promise.withResolvers<Subject>()
    let output = ''
    let subject: Subject | undefined
    const read = async (stream: ReadableStream<Uint8Array>) => {
      for await (const chunk of stream) {
        if (subject) {
          subject.logged += chunk.length
          continue
        }
        output += Buffer.from(chunk).toString()
        const port = /"port": ?(\d+)/.exec(output)?.[1]
        if (port !== undefined) told.resolve((subject = new Subject(child, data, Number(port))))
      }
    }
    void Promise.all([read(child.stdout), read(child.stderr)]).then(() =>
      told.reject(new Error(`the server did not start: ${output}`)),
    )
    return told.promise
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  get pid(): number {
    return this.#child.pid
  }

  /** Processor time of the thread that serves, in milliseconds; the kernel counts nanoseconds. */
  workMs(): number {
    const { pid } = this.#child
    try {
      return (
        Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ', 1)[0]) / 1e6
      )
    } catch {
      // It is gone, and works no more.
      return 0
    }
  }

  /** Resident memory now and at the most since the start, in bytes. */
  memory(): { readonly now: number; readonly most: number } {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8')
    const bytes = (field: string) =>
      Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1] ?? 0) * 1024
    return { now: bytes('VmRSS'), most: bytes('VmHWM') }
  }

  /** Ends it as a service manager would. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM')
    await this.#child.exited
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#child.exited
    rmSync(this.#data, { recursive: true, force: true })
  }
}

async function runJson(program: Program, command: readonly string[]): Promise<unknown> {
  const child = Bun.spawn([...program, ...command], { env: environment(), stderr: 'inherit' })
  const text = await new Response(child.stdout).text()
  if ((await child.exited) !== 0) throw new Error(`"${command.join(' ')}" failed`)
  return JSON.parse(text) as unknown
}

/** Settings of the caller must not change what is attacked. */
function environment(): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '' }
}
