/**
 * The measured process of `policy.ts`, with a heap of its own: `policy-worker.ts RESERVATIONS SECONDS` prints
 * the ns per resolution of channels below the first 1,000 namespaces (`hot`) and below all (`uniform`).
 */
import { decideJoin, type Reservation } from '../../src/policy/channel-access.ts'
import { type Keys, NO_KEYS } from '../../src/policy/channel-keys.ts'
import { NamespaceIndex } from '../../src/policy/namespaces.ts'

const HOT = 1000
/** As many channels as a busy server has people on at a time. */
const NAMES = 10_000
const RULES = { openChannels: true, strictKeys: false }
const SEND_KEY: Keys = { send: new Uint8Array(32).fill(7) }

const reservations = Number(process.argv[2])
const seconds = Number(process.argv[3])

const index = new NamespaceIndex<Reservation>(Math.trunc(Math.random() * 0x7fff_ffff))
for (let number = 0; number < reservations; number++) {
  const namespace = namespaceOf(number)
  const keys = number % 2 === 0 ? NO_KEYS : SEND_KEY
  index.set(namespace, { id: `r${number}`, accountId: 'a', namespace, keys, options: {} })
}
// What building left behind would otherwise be collected at the expense of the first resolutions.
Bun.gc(true)
const hot = nanoseconds(channels(HOT))
const uniform = nanoseconds(channels(reservations))
console.log(JSON.stringify({ hot, uniform }))

/** Four reservations a team: its root and three vaults below it, so that lookups go two levels deep. */
function namespaceOf(number: number): string {
  const team = Math.floor(number / 4)
  const part = number % 4
  return part === 0 ? `team-${team}` : `team-${team}/vault:${part}`
}

/** Channel names below the first `among` namespaces; every third lies under a root that nobody reserved. */
function channels(among: number): string[] {
  const names: string[] = []
  for (let i = 0; i < NAMES; i++) {
    const number = Math.floor(Math.random() * among)
    const team = i % 3 === 0 ? `guest-${number}` : `team-${Math.floor(number / 4)}`
    names.push(`${team}/vault:${number % 4}/room-${i % 100}`)
  }
  return names
}

/** The second run counts: by then the code is compiled and the memory that building left behind is swept. */
function nanoseconds(names: readonly string[]): number {
  run(names)
  return run(names)
}

function run(names: readonly string[]): number {
  const start = performance.now()
  let resolved = 0
  while (performance.now() - start < seconds * 1000) resolved += resolveAll(names)
  return ((performance.now() - start) * 1e6) / resolved
}

function resolveAll(names: readonly string[]): number {
  let joined = 0
  for (const name of names) {
    const facts = { match: index.match(name), ephemeral: undefined }
    if (decideJoin(NO_KEYS, facts, RULES).join) joined++
  }
  if (joined !== names.length) throw new Error('every channel of this benchmark is open to join')
  return joined
}
