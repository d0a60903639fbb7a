/** The itty-sockets protocol: WebSockets under `/c/`, HTTP push under `/push/`. */
import type { Place } from '../../core/access/caller.ts'
import type { AppCount, AppCounters } from '../../core/counting/app-counters.ts'
import type { Clock, Randomness } from '../../core/clock.ts'
import { COMMONS, type Member, type Socket } from '../../core/types.ts'
import { type Failure, failure } from '../../failure.ts'
import type { Registry } from '../../core/registry/registry.ts'
import type { Channel } from '../../core/channel/channel.ts'
import type { CommonsAdmission } from '../../core/commons/admission.ts'
import type { Admitted } from '../../core/commons/commons.ts'
import { membersOf, totalOf } from '../../core/commons/membership.ts'
import type { AccessDecision } from '../../policy/channel-access.ts'
import { type Keys, NO_KEYS } from '../../policy/channel-keys.ts'
import type { Opening, Protocol, Session, SocketEndpoint, Visit } from '../protocol.ts'
import { CURRENT, LEGACY, encode, ownJoinFrame } from './frames.ts'
import { type IttyOptions, channelName, parseOptions } from './options.ts'
import {
  PUSH_PREFIX,
  type HttpPushParts,
  pushRefusal,
  serveHttpPush,
  showsSendKey,
} from './http-push.ts'
import { explainedRefusal, inWords, refusalResponse } from './refusal.ts'
import { IttySession, type SessionParts } from './session.ts'
import { UidSource } from './uid.ts'

const PROTOCOL = 'itty'
const SOCKET_PREFIX = '/c/'

/** What the log may contain about a refused join: never a key or the query. */
export interface JoinDetail {
  readonly channel: string | undefined
  readonly address: string
  readonly rule: string | undefined
  readonly because: string | undefined
}

interface IttyParts extends Omit<SessionParts, 'traffic'> {
  readonly registry: Registry
  readonly commonsAdmission: CommonsAdmission
  readonly appCounters: AppCounters
  readonly clock: Clock
  readonly random: Randomness
  /** The digest of a presented key, which the policy compares. */
  readonly digest: (key: string) => Uint8Array
  readonly mayPush: HttpPushParts['mayPush']
  readonly onRefusal: (why: Failure, detail: JoinDetail) => void
  readonly maxChannelBytes: number
  readonly maxMessageBytes: number
  readonly maxAliasLength: number
  /** Whether a path under `/push/` belongs to another protocol; there only requests with a send key are pushes. */
  readonly isClaimed: (path: string) => boolean
  readonly explainRefusals: boolean
  readonly legacyUsers: boolean
}

/** The channel that a client joins, and the keys that it presents. */
interface JoinRequest {
  readonly place: Place
  readonly presented: Keys
}

/** What the protocol needs of the server. */
export interface IttyCore extends Pick<
  IttyParts,
  | 'registry'
  | 'commonsAdmission'
  | 'commons'
  | 'clock'
  | 'random'
  | 'counters'
  | 'appCounters'
  | 'digest'
  | 'isClaimed'
  | 'mayPush'
  | 'onMessageRefused'
  | 'onRefusal'
> {
  readonly config: IttySettings
}

/** Settings of the server, by the names of its options. */
type IttySettings = Pick<
  IttyParts,
  | 'maxChannelBytes'
  | 'maxMessageBytes'
  | 'maxAliasLength'
  | 'guardEvents'
  | 'explainRefusals'
  | 'legacyUsers'
> & {
  readonly messageRate: number
  readonly messageBurst: number
  readonly maxWarnings: number
}

export const itty: Protocol<IttyCore> = {
  name: PROTOCOL,
  formats: { [PROTOCOL]: encode },
  make: (core) => ({ endpoints: [new IttyProtocol(partsOf(core))] }),
}

function partsOf(core: IttyCore): IttyParts {
  const { maxWarnings, messageBurst, messageRate } = core.config
  return {
    ...core.config,
    ...core,
    limits: { messages: { perSecond: messageRate, burst: messageBurst }, maxWarnings },
  }
}

class IttyProtocol implements SocketEndpoint {
  readonly name = PROTOCOL
  readonly #parts: IttyParts
  readonly #uids: UidSource
  readonly #push: HttpPushParts
  readonly #session: SessionParts
  readonly #commons: AppCount

  constructor(parts: IttyParts) {
    this.#parts = parts
    this.#uids = new UidSource(parts.random)
    this.#commons = parts.appCounters.of(COMMONS)
    this.#session = { ...parts, traffic: this.#commons.inbound.realtime.messages }
    this.#push = {
      ...parts,
      onRefusal: (why, detail) => {
        this.#commons.inbound.rest.messages.refused++
        parts.onRefusal(why, { ...detail, rule: undefined })
      },
    }
  }

  owns(path: string, _isUpgrade: boolean, request: Request): boolean {
    if (path.startsWith(SOCKET_PREFIX)) return true
    if (!path.startsWith(PUSH_PREFIX)) return false
    return !this.#parts.isClaimed(path) || showsSendKey(request)
  }

  serve(visit: Visit): Response | Promise<Response> {
    if (visit.path.startsWith(PUSH_PREFIX)) return serveHttpPush(this.#push, visit)
    const name = visit.request.method === 'GET' ? 'upgrade_required' : 'method_not_allowed'
    return refusalResponse(failure(name))
  }

  refuse({ path }: Visit, why: Failure): Response {
    return path.startsWith(PUSH_PREFIX) ? pushRefusal(why) : refusalResponse(why)
  }

  /** Decides in the order of AC-34; bans, rates and origins are checked before, in the transport. */
  connect(visit: Visit): Response | Opening {
    if (!visit.path.startsWith(SOCKET_PREFIX)) return refusalResponse(failure('not_found'))
    const named = channelName(visit.path.slice(SOCKET_PREFIX.length), this.#parts.maxChannelBytes)
    if (!named.ok) return this.#refuse(visit, named.failure, undefined)
    const parsed = parseOptions(visit.query, this.#parts.maxAliasLength)
    if (!parsed.ok) return this.#refuse(visit, parsed.failure, named.value)
    const ref = this.#parts.commonsAdmission.refOf(named.value)
    const full = this.#parts.commonsAdmission.room(ref)
    if (full) return this.#refuse(visit, failure(full), named.value)
    const presented = this.#presented(parsed.value)
    const origin = visit.request.headers.get('origin')
    const place = { channel: ref, resource: ref.name, secure: visit.secure, origin }
    const verdict = this.#parts.commonsAdmission.admit(place, presented)
    if (!verdict.join) return this.#refuse(visit, failure(verdict.failure), named.value, verdict)
    return (socket) => this.#open(socket, { place, presented }, parsed.value, verdict)
  }

  #presented({ joinKey, sendKey }: IttyOptions): Keys {
    if (joinKey === undefined && sendKey === undefined) return NO_KEYS
    return {
      ...(joinKey !== undefined && { join: this.#parts.digest(joinKey) }),
      ...(sendKey !== undefined && { send: this.#parts.digest(sendKey) }),
    }
  }

  #refuse(
    visit: Visit,
    why: Failure,
    channel: string | undefined,
    verdict?: AccessDecision,
  ): Response | Opening {
    const because = verdict?.because
    this.#commons.connections.refuse(visit.secure)
    this.#parts.onRefusal(why, {
      channel,
      address: visit.address,
      rule: because?.rule,
      because: because?.detail,
    })
    const explains = because?.reservation?.options.explainRefusals ?? this.#parts.explainRefusals
    const told = inWords(why)
    // Only decisions of the policy are explained, because apps can act on them.
    if (verdict && explains) return explainedRefusal(told, () => this.#parts.clock.now())
    return refusalResponse(told)
  }

  #open(
    socket: Socket,
    { place, presented }: JoinRequest,
    options: IttyOptions,
    verdict: Admitted,
  ): Session {
    const { registry, commons } = this.#parts
    const taken = registry.channel(place.channel)?.joined
    const member: Member = {
      connectionId: this.#uids.next((uid) => taken?.has(uid) === true),
      clientId: options.alias,
      listed: options.announce,
    }
    const session = new IttySession(this.#session, socket)
    const legacy = options.legacy || this.#legacyUsers(verdict)
    const format = { protocol: PROTOCOL, variant: legacy && !options.list ? LEGACY : CURRENT }
    const welcome = (channel: Channel, timestamp: number) => {
      const users = options.list ? membersOf(channel) : undefined
      const total = totalOf(channel)
      socket.send(ownJoinFrame({ member, users, total, timestamp, legacy }))
    }
    const { echo } = options
    const newcomer = { place, socket, member, owner: session, presented, format, echo, welcome }
    session.begin(commons.join(newcomer, verdict))
    return session
  }

  #legacyUsers({ because }: Admitted): boolean {
    return because.reservation?.options.legacyUsers ?? this.#parts.legacyUsers
  }
}
