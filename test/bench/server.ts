/** Starts and stops the servers under measurement, each as a process of its own, and reads what they use from /proc. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Variant } from './benchmark.ts'

/** The checkout that this file belongs to. */
export const THIS_CHECKOUT = join(import.meta.dir, '../..')

const READY_WITHIN_MS = 15_000
const TICKS_PER_SECOND = 100

// No limit may stand between the generator and the server; pings would mix with the counted bytes.
const NO_LIMITS = [
  '--connection-rate',
  '--message-rate',
  '--push-rate',
  '--max-address-connections',
  '--max-connections',
  '--max-members',
  '--max-channels',
  '--channel-rate',
  '--frame-rate',
  '--key-rate',
  '--attempt-rate',
].map((flag) => [flag, '0'] as const)
const SETTINGS = [
  ...NO_LIMITS,
  ['--idle-timeout', '960'],
  ['--drain-seconds', '1'],
  ['--log-level', 'error'],
] as const

let profiles: string | undefined

/** Makes all servers of ours write a CPU profile into a folder when they stop. */
export function profileInto(folder: string): void {
  profiles = resolve(folder)
}

const running = new Set<Bun.Subprocess>()

/** Leaves no server behind when the benchmark ends early. */
export function killServers(): void {
  for (const child of running) child.kill('SIGKILL')
}

export class ServerProcess implements AsyncDisposable {
  readonly port: number
  readonly #child: Bun.Subprocess
  readonly #data: string

  constructor(port: number, child: Bun.Subprocess, data: string) {
    this.port = port
    this.#child = child
    this.#data = data
    running.add(child)
  }

  /** User and system time of the process since its start, in seconds; the kernel counts in steps of 10 ms. */
  cpuSeconds(): number {
    const [user, system] = statTicks(this.#child.pid)
    return (user! + system!) / TICKS_PER_SECOND
  }

  /** Resident memory in bytes; the kernel's socket buffers are not in it. */
  residentBytes(): number {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8')
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill(profiles === undefined ? 'SIGKILL' : 'SIGTERM')
    await this.#child.exited
    running.delete(this.#child)
    rmSync(this.#data, { recursive: true, force: true })
  }
}

/** A data folder and whose commands are run on it: those of the checkout that will serve it. */
export interface DataFolder {
  readonly path: string
  readonly checkout: string
}

export interface StartOptions {
  /** Puts into the data folder what is to be there before; of the bare server nobody reads it. */
  readonly prepare?: (data: DataFolder) => Promise<void>
  /** Never collects garbage, so that all that is allocated stays in its resident memory. */
  readonly keepsGarbage?: boolean
}

/** Starts a fresh server and waits until it answers `GET /ready`. */
export async function startServer(
  variant: Variant,
  { prepare, keepsGarbage = false }: StartOptions = {},
): Promise<ServerProcess> {
  const { checkout } = variant
  const path = mkdtempSync(join(tmpdir(), 'latchkey-bench-'))
  const port = freePort()
  await prepare?.({ path, checkout })
  const command =
    variant.kind === 'bare'
      ? ['test/bench/bare.ts', String(port)]
      : await serveCommand(checkout, port, path)
  const child = Bun.spawn([...pin('0'), process.execPath, ...profiling(variant), ...command], {
    cwd: checkout,
    env: { ...environment(), ...(keepsGarbage && { BUN_JSC_useGC: '0' }) },
    stdout: 'ignore',
    stderr: 'inherit',
  })
  const server = new ServerProcess(port, child, path)
  try {
    await ready(child, port)
  } catch (error) {
    await server[Symbol.asyncDispose]()
    throw error
  }
  return server
}

async function serveCommand(checkout: string, port: number, data: string): Promise<string[]> {
  const where = ['--host', '127.0.0.1', '--port', String(port), '--data', data]
  return ['src/main.ts', 'serve', ...where, ...(await settingsFor(checkout))]
}

const settings = new Map<string, readonly string[]>()

/** Those of the settings that a checkout has; a limit that it does not know does not hold it back. */
async function settingsFor(checkout: string): Promise<readonly string[]> {
  let known = settings.get(checkout)
  if (known === undefined) {
    const help = await output(checkout, ['src/main.ts', 'serve', '--help'])
    const flags = new Set(help.match(/--[a-z-]+/g))
    known = SETTINGS.filter(([flag]) => flags.has(flag)).flat()
    settings.set(checkout, known)
  }
  return known
}

/**
 * Runs a TypeScript file of a checkout's folder of benchmarks and returns what it prints, parsed as JSON. It may use every core:
 * nothing generates load beside it, and the collector of its large heap works on another core, as in a server.
 */
export async function runWorker(
  checkout: string,
  file: string,
  parameters: readonly string[],
): Promise<unknown> {
  const path = join(checkout, 'test/bench', file)
  const child = Bun.spawn(
    [...pin(`0-${navigator.hardwareConcurrency - 1}`), process.execPath, path, ...parameters],
    {
      env: environment(),
      stderr: 'inherit',
    },
  )
  const text = await new Response(child.stdout).text()
  if ((await child.exited) !== 0) throw new Error(`${file} failed`)
  return JSON.parse(text)
}

/** Runs a command of our command line on a data folder and returns what it prints. */
export function runCommand(data: DataFolder, ...command: readonly string[]): Promise<string> {
  return output(data.checkout, ['src/main.ts', ...command, '--data', data.path])
}

async function output(checkout: string, command: readonly string[]): Promise<string> {
  const child = Bun.spawn([process.execPath, ...command], {
    cwd: checkout,
    env: environment(),
    stderr: 'inherit',
  })
  const text = await new Response(child.stdout).text()
  if ((await child.exited) !== 0) throw new Error(`"${command.join(' ')}" failed in ${checkout}`)
  return text
}

/** Whether server and generator can be given a core each. */
export function canPin(): boolean {
  return navigator.hardwareConcurrency > 1 && Bun.which('taskset') !== null
}

/** Moves this process, with all its threads, to the generator's core. */
export function pinGenerator(): void {
  if (canPin()) Bun.spawnSync(['taskset', '-a', '-p', '-c', '1', String(process.pid)])
}

/** User and system time of this process and of the children that it has outlived, in seconds. */
export function familyCpuSeconds(): number {
  const ticks = statTicks('self')
  return (ticks[0]! + ticks[1]! + ticks[2]! + ticks[3]!) / TICKS_PER_SECOND
}

/** Time that all processors together have been busy since the machine started, in seconds. */
export function machineCpuSeconds(): number {
  const fields = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0]!.split(/\s+/)
  const [user, nice, system, , , interrupt, soft] = fields.slice(1).map(Number)
  return (user! + nice! + system! + interrupt! + soft!) / TICKS_PER_SECOND
}

/** utime, stime, cutime and cstime of proc(5). */
function statTicks(process: number | 'self'): number[] {
  const stat = readFileSync(`/proc/${process}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields.slice(11, 15).map(Number)
}

async function ready(child: Bun.Subprocess, port: number): Promise<void> {
  const deadline = performance.now() + READY_WITHIN_MS
  while (performance.now() < deadline && child.exitCode === null) {
    const answer = await fetch(`http://127.0.0.1:${port}/ready`).catch(() => undefined)
    if (answer?.ok) return
    await Bun.sleep(20)
  }
  throw new Error('the server did not become ready')
}

/** Settings of the caller must not change what is measured. */
function environment(): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('LATCHKEY_')),
  )
}

function profiling(variant: Variant): string[] {
  return profiles === undefined || variant.kind === 'bare'
    ? []
    : ['--cpu-prof', `--cpu-prof-dir=${profiles}`]
}

function pin(core: string): string[] {
  return canPin() ? ['taskset', '-c', core] : []
}

function freePort(): number {
  const probe = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data: () => undefined } })
  probe.stop(true)
  return probe.port
}

/** The figures come from the /proc file system, so there is nothing to measure with elsewhere. */
export function hasProc(): boolean {
  return existsSync('/proc/self/stat')
}
