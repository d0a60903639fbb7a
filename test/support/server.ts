/** Starts real servers for tests: in this process, or as a process of its own through the command line. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MakeEngine } from '../../src/engine/embedded.ts'
import { type Config, readConfig } from '../../src/config.ts'
import { systemClock, systemRandomness } from '../../src/core/clock.ts'
import type { Result } from '../../src/failure.ts'
import { startLogs } from '../../src/ops/logs.ts'
import { type RunningServer, startServer } from '../../src/server.ts'
import type { ApiKeyChange } from '../../src/service/apps/api-keys.ts'
import type { ReservationChange } from '../../src/service/reservations/reservation-fields.ts'
import { openServices } from '../../src/service/services.ts'
import { type TestNodes, chosenEngine, chosenNodes } from './engines/chosen.ts'

export const MAIN = join(import.meta.dir, '../../src/main.ts')

/** A fresh folder that is removed with `remove`. */
export function temporaryFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'latchkey-test-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

/** Settings for tests: a free port, nothing logged, no limit in the way unless a test sets it. */
const QUIET: Record<string, string> = {
  host: '127.0.0.1',
  port: '0',
  'log-level': 'fatal',
  'connection-rate': '0',
  'message-rate': '0',
  'push-rate': '0',
  'attempt-rate': '0',
  'drain-seconds': '1',
  'sandbox-latency': '0',
}

/** @throws when a flag is wrong, which in a test is a mistake */
export function testConfig(
  flags: Record<string, string>,
  environment: Record<string, string> = {},
): Config {
  const read = readConfig({ ...QUIET, ...flags }, environment)
  if (!read.ok) throw new Error(read.complaint)
  return read.config
}

export interface TestServer extends RunningServer {
  readonly config: Config
  readonly folder: string
  /** `ws://127.0.0.1:1234/c/`, to which a channel is appended. */
  readonly sockets: string
  /** Stops the server and removes its folder. */
  end(): Promise<void>
  /** Reserves a namespace for the owner, as another process would. */
  reserve(namespace: string, change?: ReservationChange): void
  change(namespace: string, change: ReservationChange): void
  unreserve(namespace: string): void
  /** Makes an API key of the default app, as another process would; returns it whole. */
  addKey(wish?: ApiKeyChange): string
  revokeKey(key: string): void
}

/**
 * Starts a server in this process, on a free port of the loopback and a fresh data folder.
 * @param engine the one of the test run, where left out
 * @param nodes what it has to do with other nodes
 */
export async function startTestServer(
  flags: Record<string, string> = {},
  environment: Record<string, string> = {},
  engine: MakeEngine = chosenEngine(),
  nodes: TestNodes = chosenNodes(),
): Promise<TestServer> {
  const folder = temporaryFolder()
  const config = testConfig({ data: folder.path, ...flags }, environment)
  startLogs(config)
  const server = await startServer(config, {
    clock: systemClock,
    random: systemRandomness,
    engine,
    ...nodes,
  })
  const withServices = <T>(action: (services: ReturnType<typeof openServices>) => T): T => {
    const services = openServices(config, systemClock, false)
    try {
      return action(services)
    } finally {
      services.close()
    }
  }
  const got = <T>(result: Result<T>): T => {
    if (!result.ok) throw new Error(result.failure.message)
    return result.value
  }
  return {
    ...server,
    config,
    folder: folder.path,
    sockets: `${server.url.replace('http', 'ws')}${config.basePath}/c/`,
    end: async () => {
      await server.stop()
      folder.remove()
    },
    reserve: (namespace, change = {}) =>
      withServices(
        (s) => void got(s.reservations.add(s.accounts.ensureOwner(), namespace, change)),
      ),
    change: (namespace, change) =>
      withServices((s) => void got(s.reservations.change(namespace, change))),
    addKey: (wish = {}) =>
      withServices(({ apps, apiKeys }) => got(apiKeys.add(got(apps.find(undefined)), wish)).whole),
    revokeKey: (key) =>
      withServices(({ apps, apiKeys }) => {
        const id = key.slice(key.indexOf('.') + 1, key.indexOf(':'))
        got(apiKeys.revoke(got(apps.find(undefined)), id))
      }),
    unreserve: (namespace) => withServices((s) => void got(s.reservations.remove(namespace))),
  }
}

/** Makes the data folder of a server that has never run: its database, its owner and its default app. */
export function beginFolder(data: string): void {
  openServices(testConfig({ data }), systemClock, false).close()
}

export interface CommandResult {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs the command line in a process of its own. */
export async function latchkey(
  argv: readonly string[],
  environment: Record<string, string> = {},
): Promise<CommandResult> {
  const child = Bun.spawn([process.execPath, MAIN, ...argv], {
    env: { PATH: process.env['PATH'] ?? '', ...environment },
    stdout: 'pipe',
    stderr: 'pipe',
    stdin: 'ignore',
  })
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ])
  return { code, out, err }
}
