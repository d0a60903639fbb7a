/** Imports between folders point one way. */
import { describe, expect, test } from 'bun:test'
import { sourceFiles } from './support/imports.ts'

/**
 * What the files of each room may import besides each other: rooms, single files of a room, packages.
 * The first entry whose name begins a path is its room.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'main.ts': ['cli/cli.ts', 'cli/streams.ts'],
  'build.ts': ['version.ts', 'dashboard/bundle.ts', 'node:util'],
  'dev.ts': ['node:fs', 'node:path'],
  'failure.ts': ['failure-table.ts'],
  'failure-table.ts': [],
  'start-error.ts': [],
  'trouble.ts': ['failure.ts'],
  'closing.ts': [],
  'version.ts': ['../package.json'],
  'config.ts': ['policy/address.ts', 'policy/origin.ts', 'zod'],
  // What strangers wrote, made fit to be shown or taken apart; it knows nothing of what the text is about.
  'text/': [],

  'policy/': ['failure.ts', 'node:crypto', '@jmespath-community/jmespath'],
  'identity/': [
    'core/clock.ts',
    'core/soon.ts',
    'core/time/settled-date.ts',
    'policy/',
    'failure.ts',
    'start-error.ts',
    'trouble.ts',
    'jose',
    'node:crypto',
    'node:fs',
    'node:path',
  ],

  // What statistics mean, without where they come from and where they are kept.
  'stats/': ['failure.ts'],

  // All of device push but its tables and its routes. A protocol sees what a device is, and not how it is kept.
  'device-push/device.ts': ['identity/revocation.ts', 'policy/capability/', 'failure.ts'],
  'device-push/device-rights.ts': ['device-push/device.ts', 'identity/', 'policy/', 'failure.ts'],
  'device-push/notification.ts': ['text/'],
  'device-push/': [
    'device-push/device.ts',
    'core/clock.ts',
    'identity/',
    'policy/',
    'store/database.ts',
    'store/ledger/ledger.ts',
    'store/tables/',
    'text/',
    'failure.ts',
  ],

  // The core knows what carries and what orders events only by their seams.
  'core/': ['policy/', 'failure.ts', 'engine/engine.ts', 'fanout/fanout.ts'],
  'engine/engine.ts': ['core/channel/', 'core/soon.ts', 'core/types.ts', 'failure.ts'],
  'engine/': [
    'core/clock.ts',
    'core/channel/entry.ts',
    'core/channel/position.ts',
    'core/soon.ts',
    'core/types.ts',
    'failure.ts',
  ],
  // What nodes ask and tell each other means something to those alone who do.
  'cluster/cluster.ts': ['core/soon.ts', 'failure.ts'],
  'cluster/': ['core/soon.ts', 'core/types.ts', 'failure.ts'],
  'fanout/fanout.ts': ['core/types.ts'],
  'fanout/': ['core/types.ts', 'bun'],

  'delta/': [],

  'protocol/protocol.ts': ['core/', 'failure.ts'],
  // How things look on the wire, whoever sends or reads them.
  'protocol/ably/wire/': [
    'core/types.ts',
    'core/channel/message-size.ts',
    'core/modes.ts',
    'core/objects/',
    'identity/base64-text.ts',
    'identity/object-hash.ts',
    'text/',
    'failure.ts',
    'node:buffer',
  ],
  // What the ways of Ably's SDKs into the server share. Below, each of these ways is a room that knows no other.
  'protocol/ably/errors/': ['failure.ts'],
  'protocol/ably/connection/': ['core/', 'identity/', 'failure.ts'],
  'protocol/ably/subscription/': [
    'protocol/ably/wire/',
    'core/',
    'identity/text-cache.ts',
    'policy/',
    'failure.ts',
  ],
  'protocol/ably/http/': [
    'cluster/app-channels.ts',
    'protocol/ably/connection/',
    'protocol/ably/errors/',
    'protocol/ably/wire/',
    'core/',
    'identity/',
    'policy/',
    'stats/interval.ts',
    'text/',
    'failure.ts',
    'trouble.ts',
    'version.ts',
    'protocol/protocol.ts',
  ],
  'protocol/ably/realtime/': [
    'protocol/ably/connection/',
    'protocol/ably/errors/',
    'protocol/ably/subscription/',
    'protocol/ably/wire/',
    'core/',
    'delta/',
    'identity/',
    'policy/',
    'text/',
    'failure.ts',
    'protocol/protocol.ts',
  ],
  'protocol/ably/rest/': [
    'cluster/app-channels.ts',
    'cluster/handlers.ts',
    'protocol/ably/connection/',
    'protocol/ably/errors/',
    'protocol/ably/http/',
    'protocol/ably/wire/',
    'core/',
    'identity/',
    'policy/',
    'device-push/device.ts',
    'device-push/device-rights.ts',
    'device-push/notification.ts',
    'stats/',
    'text/',
    'failure.ts',
    'node:buffer',
  ],
  'protocol/ably/chat/': [
    'protocol/ably/connection/',
    'protocol/ably/http/',
    'protocol/ably/wire/',
    'core/',
    'policy/',
    'text/',
    'failure.ts',
  ],
  'protocol/ably/comet/': [
    'protocol/ably/errors/',
    'protocol/ably/http/',
    'protocol/ably/wire/',
    'core/',
    'text/',
    'failure.ts',
    'version.ts',
    'protocol/protocol.ts',
  ],
  'protocol/ably/stream/': [
    'protocol/ably/connection/',
    'protocol/ably/errors/',
    'protocol/ably/http/',
    'protocol/ably/subscription/',
    'protocol/ably/wire/',
    'core/',
    'identity/',
    'policy/',
    'failure.ts',
    'protocol/protocol.ts',
  ],
  // What composes them: the only file that knows them all.
  'protocol/ably/': [
    'cluster/',
    'protocol/ably/',
    'core/',
    'identity/',
    'policy/',
    'failure.ts',
    'protocol/protocol.ts',
  ],
  'protocol/itty/': [
    'core/',
    'policy/',
    'text/',
    'failure.ts',
    'version.ts',
    'protocol/protocol.ts',
  ],

  // An implementation of a seam of the core.
  'store/history/': [
    'store/sqlite-file.ts',
    'store/ledger/durability.ts',
    'failure.ts',
    'start-error.ts',
    'trouble.ts',
    'core/clock.ts',
    'core/history/history.ts',
    'core/objects/',
    'core/channel/position.ts',
    'core/time/settled-date.ts',
    'core/types.ts',
    'policy/shares.ts',
    'bun:sqlite',
    'node:path',
    'msgpackr',
  ],
  'store/': [
    'core/clock.ts',
    'core/soon.ts',
    'identity/keyring.ts',
    'failure.ts',
    'identity/nonce-store.ts',
    'start-error.ts',
    'trouble.ts',
    'bun:sqlite',
    'drizzle-orm',
    'msgpackr',
    'node:fs',
    'node:path',
    'node:worker_threads',
  ],
  'service/': [
    'cluster/cluster.ts',
    'cluster/handlers.ts',
    'cluster/app-channels.ts',
    'core/',
    'policy/',
    'device-push/',
    'identity/',
    'stats/',
    'store/',
    'text/',
    'config.ts',
    'failure.ts',
    'start-error.ts',
    'trouble.ts',
    'node:',
  ],
  'api/': [
    'core/soon.ts',
    'service/',
    'identity/keyring.ts',
    'policy/app-limits.ts',
    'policy/channel-keys.ts',
    'stats/interval.ts',
    'failure.ts',
    'version.ts',
    'hono',
    'zod',
  ],

  // Pages call the services that the API calls; like a protocol, they know the seam to the transport only.
  'dashboard/bundle.ts': ['node:path'],
  // The script shares with the server what it is told, and nothing that runs.
  'dashboard/live/updates.ts': [],
  'dashboard/client/': ['dashboard/live/updates.ts', 'uplot'],
  'dashboard/': [
    'dashboard/live/updates.ts',
    'protocol/protocol.ts',
    'service/',
    'policy/',
    'identity/web-secret.ts',
    'identity/providers/provider.ts',
    'api/access.ts',
    'core/soon.ts',
    'core/clock.ts',
    'core/history/history.ts',
    'trouble.ts',
    'core/types.ts',
    'ops/backup/',
    'ops/health.ts',
    'text/',
    'failure.ts',
    'version.ts',
    'dashboard/bundle.ts',
    'hono',
    'node:crypto',
    'zod',
  ],

  // Doctor looks at a server from outside, so it may not use what the server is made of.
  'ops/doctor/': ['config.ts', 'failure.ts', 'ops/open-files.ts', 'text/', 'node:'],
  'ops/backup/': [
    'core/clock.ts',
    'identity/',
    'store/',
    'failure.ts',
    'trouble.ts',
    'bun:sqlite',
    'node:',
  ],
  'ops/': [
    'core/clock.ts',
    'core/counting/counters.ts',
    'policy/address.ts',
    'policy/rate-limits.ts',
    'policy/origin.ts',
    // What it keeps for people to look at, it keeps as they are shown it.
    'service/live/recent-refusals.ts',
    'config.ts',
    'failure.ts',
    'text/',
    'node:',
    '@logtape/logtape',
    'prom-client',
  ],
  'docs/': ['config.ts'],

  // The front door of any protocol: it knows the seam and no implementation.
  'transport/listen.ts': [
    'config.ts',
    'ops/metrics.ts',
    'service/control/control-socket.ts',
    'start-error.ts',
    'trouble.ts',
    'bun',
    'node:',
  ],
  'transport/http.ts': [
    'core/history/history.ts',
    'trouble.ts',
    'api/',
    'docs/',
    'ops/metrics.ts',
    'protocol/protocol.ts',
    'failure.ts',
    'version.ts',
    'hono',
  ],
  'transport/': [
    'version.ts',
    'core/clock.ts',
    'core/counting/counters.ts',
    'core/history/queue.ts',
    'core/time/timer-wheel.ts',
    'core/types.ts',
    'policy/',
    'protocol/protocol.ts',
    'fanout/topics.ts',
    'failure.ts',
    'bun',
  ],

  // The composition root and its parts: the only place that sees everything but the command line.
  'assembly/': [
    'cluster/',
    'config.ts',
    'core/',
    'dashboard/',
    'engine/',
    'fanout/',
    'identity/',
    'ops/',
    'policy/',
    'protocol/',
    'service/',
    'store/',
    'transport/',
    'failure.ts',
    'start-error.ts',
    'trouble.ts',
    'version.ts',
    'node:fs',
    'node:os',
  ],
  'server.ts': [
    'assembly/',
    'closing.ts',
    'config.ts',
    'core/clock.ts',
    'policy/shares.ts',
    'service/',
    'transport/listen.ts',
  ],
  // Commands call the services that the API calls, and never the parts of a running server.
  'cli/': [
    'server.ts',
    'service/',
    'api/',
    'ops/',
    'core/clock.ts',
    'policy/app-limits.ts',
    'policy/origin.ts',
    'stats/record.ts',
    'store/database.ts',
    'closing.ts',
    'config.ts',
    'failure.ts',
    'start-error.ts',
    'text/',
    'trouble.ts',
    'version.ts',
    'node:',
  ],
}

const begins = (path: string, entry: string) =>
  path === entry || (/[/:]$/.test(entry) ? path.startsWith(entry) : path.startsWith(`${entry}/`))

/** The room of a file, such as `core/`, or undefined where nobody has thought about it. */
function roomOf(path: string): string | undefined {
  return Object.keys(MAY_IMPORT).find((room) => begins(path, room))
}

/** Whether the file may import that. Files of one folder may import each other, but no seam its implementations. */
function isAllowed(path: string, from: string): boolean {
  const room = roomOf(path)!
  const seam = /^(cluster|engine|fanout|protocol)\/\1\.ts$/
  const own = room.replace(/[^/]+\.ts$/, '')
  if (own !== '' && begins(from, own) && roomOf(from) !== undefined) {
    if (seam.test(path)) return false
    if (roomOf(from) === room || seam.test(from) || own.startsWith('transport/')) return true
  }
  return MAY_IMPORT[room]!.some((entry) => begins(from, entry))
}

const files = sourceFiles()

describe('imports', () => {
  test('every file is in a room', () => {
    expect(files.length).toBeGreaterThan(80)
    expect(files.map((file) => file.path).filter((path) => roomOf(path) === undefined)).toEqual([])
  })

  test('point one way', () => {
    const wrong = files.flatMap(({ path, imports }) =>
      imports.filter(({ from }) => !isAllowed(path, from)).map(({ from }) => `${path} → ${from}`),
    )
    expect(wrong).toEqual([])
  })

  test.each([
    ['policy/channel-keys.ts', 'core/types.ts'],
    ['core/commons/commons.ts', 'engine/embedded.ts'],
    ['core/commons/commons.ts', 'fanout/topics.ts'],
    ['core/commons/commons.ts', 'protocol/protocol.ts'],
    ['core/types.ts', 'bun'],
    ['engine/engine.ts', 'engine/embedded.ts'],
    ['fanout/fanout.ts', 'fanout/topics.ts'],
    ['cluster/cluster.ts', 'cluster/single.ts'],
    ['cluster/single.ts', 'service/live/live.ts'],
    ['cluster/single.ts', 'core/clock.ts'],
    ['protocol/protocol.ts', 'protocol/itty/itty.ts'],
    ['protocol/itty/session.ts', 'transport/connection.ts'],
    ['protocol/itty/itty.ts', 'service/live/live.ts'],
    ['protocol/itty/itty.ts', 'store/tables/reservations.ts'],
    ['protocol/itty/itty.ts', 'protocol/ably/session.ts'],
    ['protocol/ably/wire/values.ts', 'protocol/ably/errors/codes.ts'],
    ['protocol/ably/errors/codes.ts', 'protocol/ably/http/answer.ts'],
    ['protocol/ably/http/router.ts', 'protocol/ably/rest/status-routes.ts'],
    ['protocol/ably/subscription/filtering.ts', 'protocol/ably/realtime/encoding/encode.ts'],
    ['protocol/ably/rest/batch-routes.ts', 'protocol/ably/subscription/last-messages.ts'],
    ['transport/front.ts', 'protocol/itty/itty.ts'],
    ['server.ts', 'protocol/itty/itty.ts'],
    ['transport/websocket.ts', 'core/commons/commons.ts'],
    ['service/live/live.ts', 'api/shapes.ts'],
    ['store/database.ts', 'service/services.ts'],
    ['cli/commands/serve.ts', 'transport/listen.ts'],
    ['dashboard/pages/home.tsx', 'store/tables/people.ts'],
    ['dashboard/pages/home.tsx', 'core/commons/commons.ts'],
    ['dashboard/pages/home.tsx', 'dashboard/client/main.ts'],
    ['dashboard/client/main.ts', 'service/services.ts'],
    ['ops/doctor/tls.ts', 'server.ts'],
  ])('%s may not import %s', (path, from) => {
    expect(isAllowed(path, from)).toBe(false)
  })

  const WAYS = ['realtime', 'rest', 'comet', 'stream', 'chat']

  test.each(WAYS)("the room %s of Ably's protocols knows none of the others", (way) => {
    const others = WAYS.filter((other) => other !== way)
    expect(files.some(({ path }) => path.startsWith(`protocol/ably/${way}/`))).toBe(true)
    for (const other of others)
      expect(isAllowed(`protocol/ably/${way}/a.ts`, `protocol/ably/${other}/b.ts`)).toBe(false)
  })

  test('form no cycle', () => {
    const needs = new Map(
      files.map(({ path, imports }) => [
        path,
        imports.filter((item) => item.isNeededAtRunTime).map(({ from }) => from),
      ]),
    )
    const done = new Set<string>()
    const visit = (path: string, above: readonly string[]): void => {
      if (above.includes(path)) throw new Error(`a circle: ${[...above, path].join(' → ')}`)
      if (done.has(path)) return
      for (const next of needs.get(path) ?? []) visit(next, [...above, path])
      done.add(path)
    }
    for (const path of needs.keys()) visit(path, [])
    expect(done.size).toBeGreaterThanOrEqual(files.length)
  })
})
