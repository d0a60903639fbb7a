/** The command line as tests use it: inside this process for many small cases, and a server as a process of its own. */
import { runCommandLine } from '../../src/cli/cli.ts'
import { eventually } from '../support/client.ts'
import { type CommandResult, MAIN } from '../support/server.ts'

/** Runs a command in this process on a real data folder. `latchkey` runs one in a process of its own. */
export async function run(
  argv: readonly string[],
  environment: Record<string, string> = {},
): Promise<CommandResult> {
  let out = ''
  let err = ''
  const code = await runCommandLine(argv, environment, {
    out: (text) => void (out += text),
    err: (text) => void (err += text),
  })
  return { code, out, err }
}

/** Runs a command with `--json` and reads what it prints. */
export async function runJson<T>(argv: readonly string[]): Promise<T> {
  const { code, out, err } = await run([...argv, '--json'])
  if (code !== 0) throw new Error(`${argv.join(' ')} failed: ${err}`)
  return JSON.parse(out) as T
}

/** What is tried: this checkout, or the executable that `test/soak/run.ts --binary` was given. */
const BINARY = process.env['LATCHKEY_TEST_BINARY']
const PROGRAM = BINARY === undefined ? [process.execPath, MAIN] : [BINARY]

export class ServerProcess {
  readonly #child: Bun.Subprocess<'ignore', 'pipe', 'pipe'>
  /** Everything printed so far. */
  out = ''
  err = ''

  /** @param maxFiles how many files it may open, where that is to be few */
  constructor(
    flags: readonly string[],
    environment: Record<string, string> = {},
    maxFiles?: number,
  ) {
    const argv = ['serve', '--host', '127.0.0.1', '--port', '0', '--log-format', 'json', ...flags]
    const bounded =
      maxFiles === undefined ? [] : ['sh', '-c', `ulimit -n ${maxFiles}; exec "$@"`, 'sh']
    this.#child = Bun.spawn([...bounded, ...PROGRAM, ...argv], {
      env: { PATH: process.env['PATH'] ?? '', ...environment },
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
    })
    void this.#collect(this.#child.stdout, (text) => (this.out += text))
    void this.#collect(this.#child.stderr, (text) => (this.err += text))
  }

  /** Starts one and waits until it listens. */
  static async start(
    flags: readonly string[],
    environment?: Record<string, string>,
    maxFiles?: number,
  ): Promise<ServerProcess> {
    const server = new ServerProcess(flags, environment, maxFiles)
    try {
      await eventually(() => server.#url() !== undefined || server.hasExited, 'the server listens')
      if (server.#url() === undefined) throw new Error(`no start: ${server.out}${server.err}`)
      return server
    } catch (error) {
      await server.end()
      throw error
    }
  }

  #url(): string | undefined {
    return /https?:\/\/[^"/\s]+:\d+/.exec(this.out)?.[0]
  }

  async #collect(stream: ReadableStream<Uint8Array>, add: (text: string) => void): Promise<void> {
    const decoder = new TextDecoder()
    for await (const bytes of stream) add(decoder.decode(bytes, { stream: true }))
  }

  /** Without the base path. */
  get url(): string {
    return this.#url()!
  }

  get port(): number {
    return Number(new URL(this.url).port)
  }

  get sockets(): string {
    return `${this.url.replace(/^http/, 'ws')}/c/`
  }

  get hasExited(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  /** The lines on standard output that are logs, parsed. */
  get logs(): Record<string, unknown>[] {
    const lines = this.out.split('\n').filter((line) => line !== '')
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  }

  signal(name: 'SIGTERM' | 'SIGINT' | 'SIGKILL'): void {
    this.#child.kill(name)
  }

  /** The exit code, once it has ended. */
  async exited(withinMs = 10_000): Promise<number | null> {
    await eventually(() => this.hasExited, 'the server process ends', withinMs)
    return this.#child.exitCode
  }

  /** Ends it, whatever state it is in. */
  async end(): Promise<void> {
    if (!this.hasExited) this.signal('SIGKILL')
    await this.#child.exited
  }
}
