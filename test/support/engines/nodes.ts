/** Servers on an engine of the tests: one on which all clients are, or two that share an order. */
import { cpSync } from 'node:fs'
import { systemClock } from '../../../src/core/clock.ts'
import type { Result } from '../../../src/failure.ts'
import { openServices } from '../../../src/service/services.ts'
import { type TestServer, startTestServer, temporaryFolder, testConfig } from '../server.ts'
import { type EngineName, makerOf } from './chosen.ts'
import { Pair } from './pair.ts'

export type SuiteEngine = EngineName | 'pair'

export interface Nodes {
  /** The same server twice, where there is only one. */
  readonly a: TestServer
  readonly b: TestServer
  /** Of an app with the rules `mutable` and `kept`. The namespace `linked` is reserved and linked to it. */
  readonly key: string
  end(): Promise<void>
}

export async function startNodes(name: SuiteEngine): Promise<Nodes> {
  const first = temporaryFolder()
  const key = prepare(first.path)
  if (name !== 'pair') {
    const server = await startTestServer({ data: first.path }, {}, makerOf(name))
    return { a: server, b: server, key, end: () => endAll([server], [first]) }
  }
  const second = temporaryFolder()
  cpSync(first.path, second.path, { recursive: true })
  const { make } = new Pair()
  const a = await startTestServer({ data: first.path }, {}, make)
  const b = await startTestServer({ data: second.path }, {}, make)
  return { a, b, key, end: () => endAll([a, b], [first, second]) }
}

/** @returns a key that may do everything */
function prepare(data: string): string {
  const services = openServices(testConfig({ data }), systemClock, false)
  try {
    const { accounts, apiKeys, apps, channelRules, reservations } = services
    const app = must(apps.find(undefined))
    must(channelRules.add(app, 'mutable', { mutableMessages: true }))
    must(channelRules.add(app, 'kept', { persisted: true }))
    must(reservations.add(accounts.ensureOwner(), 'linked', { app: app.id }))
    return must(apiKeys.add(app, { capability: { capability: { '[*]*': ['*'] } } })).whole
  } finally {
    services.close()
  }
}

async function endAll(
  servers: readonly TestServer[],
  folders: readonly { remove: () => void }[],
): Promise<void> {
  for (const server of servers) await server.end()
  for (const folder of folders) folder.remove()
}

function must<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(result.failure.message)
  return result.value
}
