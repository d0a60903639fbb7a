/** The wire protocols that the server speaks: one line of a list each, whatever else they are is in their folders. */
import type { Cluster } from '../cluster/cluster.ts'
import type { Handlers } from '../cluster/handlers.ts'
import type { Config } from '../config.ts'
import type { AppCounters } from '../core/counting/app-counters.ts'
import type { Clock, Randomness } from '../core/clock.ts'
import type { Counters } from '../core/counting/counters.ts'
import type { Encode } from '../core/delivery/delivery.ts'
import type { Owners } from '../core/owners.ts'
import type { TimerWheel } from '../core/time/timer-wheel.ts'
import type { Failure, Result } from '../failure.ts'
import { AblyServer, ably } from '../protocol/ably/ably.ts'
import type { MakeFinder } from '../protocol/ably/connection/live-connections.ts'
import { itty } from '../protocol/itty/itty.ts'
import type {
  Endpoint,
  HttpAdmission,
  Protocol,
  ProtocolServer,
  Session,
  SocketEndpoint,
  Visit,
} from '../protocol/protocol.ts'
import { Sandbox, type SandboxWish } from '../service/apps/sandbox.ts'
import type { StoredRevocation } from '../identity/revocation-request.ts'
import type { Services } from '../service/services.ts'
import type { Admission } from '../transport/admission.ts'
import type { Channels } from './channels.ts'
import type { AppCredentials } from './credentials.ts'
import type { LiveSettings } from './live-settings.ts'

export interface ProtocolParts {
  readonly config: Config
  readonly clock: Clock
  readonly random: Randomness
  readonly wheel: TimerWheel
  readonly services: Services
  readonly settings: LiveSettings
  readonly credentials: AppCredentials
  readonly channels: Channels
  readonly owners: Owners
  readonly counters: Counters
  readonly appCounters: AppCounters
  readonly admission: Admission
  /** For clients without a WebSocket. */
  readonly httpAdmission: HttpAdmission
  readonly cluster: Cluster
  readonly handlers: Handlers
  /** Left out where there are no other nodes. */
  readonly makeFinder?: MakeFinder | undefined
  readonly onRefusal: (why: Failure, detail: object) => void
  /** Told of a message that was turned away, which is not worth a line in the log. */
  readonly onMessageRefused: (why: Failure, detail: object) => void
  readonly onNotice: (text: string) => void
  readonly onBug: (error: unknown) => void
}

/** What `make` of each protocol may use; each names the part that it needs. */
export type Core = ReturnType<typeof coreOf> & {
  /** Whether a path is claimed by another protocol. */
  readonly isClaimed: (path: string) => boolean
}

/** In the order in which they are asked whether a request is theirs. A new protocol is a line here. */
export const PROTOCOLS: readonly Protocol<Core>[] = [itty, ably]

/** How each wire format writes what happens on a channel. */
export const ENCODERS: ReadonlyMap<string, Encode> = new Map(
  PROTOCOLS.flatMap(({ formats }) => Object.entries(formats)),
)

/**
 * What clients of a protocol are told of a path that nobody serves; undefined for everybody else.
 * @param base as `Visit` has it
 */
export function notFound(request: Request, base: string): Response | undefined {
  for (const protocol of PROTOCOLS) {
    const told = protocol.notFound?.(request, base)
    if (told) return told
  }
  return undefined
}

export class Protocols {
  /** Its connections outlive their sockets, and pages of the dashboard speak it. */
  readonly ably: AblyServer
  readonly #all: readonly ProtocolServer[]

  constructor(parts: ProtocolParts) {
    const core = coreOf(parts)
    this.#all = PROTOCOLS.map((protocol) =>
      protocol.make({ ...core, isClaimed: claimedByOthers(protocol) }),
    )
    const found = this.#all.find((server) => server instanceof AblyServer)
    if (!found) throw new Error('the list of protocols lacks those of Ably')
    this.ably = found
  }

  get endpoints(): (SocketEndpoint | Endpoint)[] {
    return this.#all.flatMap(({ endpoints }) => endpoints)
  }

  /** Sessions without a WebSocket. */
  get sessions(): Session[] {
    return this.#all.flatMap((server) => server.sessions?.() ?? [])
  }

  start(): void {
    for (const server of this.#all) server.start?.()
  }

  hold(): void {
    for (const server of this.#all) server.hold?.()
  }

  endStreams(): void {
    for (const server of this.#all) server.endStreams?.()
  }

  stop(): void {
    for (const server of this.#all) server.stop?.()
  }
}

/** One function where one other protocol claims anything, because many requests are asked about. */
function claimedByOthers(protocol: Protocol<Core>): (path: string) => boolean {
  const claims = PROTOCOLS.flatMap((other) => (other !== protocol && other.claims) || [])
  const [first] = claims
  return claims.length === 1 && first ? first : (path) => claims.some((claim) => claim(path))
}

function coreOf(parts: ProtocolParts) {
  const { admission, channels, config, credentials, httpAdmission, services, settings } = parts
  const { acts, attachments, commons, connectionPool, histories, ids, presence } = channels
  const { objects, publisher, registry, time, watchers } = channels
  const { keyring, ledger, pushDevices, pushSubscriptions, revocations, stats, tokenOrder } =
    services
  return {
    ...parts,
    acts,
    attachments,
    histories,
    registry,
    watchers,
    commons,
    commonsAdmission: channels.admission,
    connectionPool,
    ids,
    objects,
    presence,
    publisher,
    time,
    authenticator: credentials.authenticator,
    issuer: credentials.issuer,
    directory: settings.apps,
    admission: httpAdmission,
    mayPush: (client: Client) => admission.mayPush(client),
    digest: (key: string) => keyring.digest(key),
    ledger,
    // A key may revoke only tokens that were made with it, so it is the key that does.
    revoke: (appId: string, list: readonly StoredRevocation[]) => {
      const by = { kind: 'key', name: `${appId}.${list[0]?.keyId}` } as const
      revocations.add(appId, list, by)
      settings.refresh()
    },
    stats: {
      read: stats.read.bind(stats),
      addFixtures: config.sandbox ? stats.addFixtures.bind(stats) : undefined,
    },
    sandbox: config.sandbox ? sandboxOf(parts) : undefined,
    push: { devices: pushDevices, subscriptions: pushSubscriptions, numbers: tokenOrder },
  }
}

type Client = Pick<Visit, 'address'>

function sandboxOf({ admission, config, services, settings }: ProtocolParts) {
  const sandbox = new Sandbox(services, config)
  const known = <T>(result: Result<T>): Result<T> => {
    if (result.ok) settings.refresh()
    return result
  }
  return {
    mayMake: (client: Client) => admission.mayPush(client),
    charge: (client: Client, cost: number) => admission.chargePushes(client, cost),
    make: (request: SandboxWish) => known(sandbox.add(request)),
    remove: (appId: string) => known(sandbox.remove(appId)),
  }
}
