/** Channels and connections as operators see them. */
import type { Channel } from '../../core/channel/channel.ts'
import { type Membership, membershipsHere } from '../../core/commons/membership.ts'
import type { Occupancy } from '../../core/types.ts'
import type { ChannelFacts } from '../../policy/channel-access.ts'
import { withoutSecrets } from '../../text/secrets.ts'

export interface LiveChannel {
  readonly name: string
  /** Whose channel it is; undefined for one of the commons. */
  readonly appId: string | undefined
  /** Connections on it. */
  readonly members: number
  /** Of a channel of an app. */
  readonly occupancy: Occupancy | undefined
  /** Messages a second, lately. */
  readonly rate: number
  readonly since: number
  /** The rule that decides access for clients of the commons; `app` where only an app's keys and tokens do. */
  readonly rule: string
  /** The reserved namespace that covers it. */
  readonly namespace: string | undefined
  readonly hasJoinKey: boolean
  readonly hasSendKey: boolean
}

/** A connection of the commons, which is on one channel for its whole life. */
export interface CommonsConnection {
  readonly id: string
  readonly protocol: 'itty'
  readonly channel: string
  readonly uid: string
  readonly alias: string | undefined
  readonly address: string
  readonly since: number
  readonly maySend: boolean
  readonly rule: string
}

/** A connection of an app. */
export interface AppConnection {
  readonly id: string
  readonly protocol: 'ably'
  readonly appId: string
  /** `appId.keyId` of the key that it was opened with, or that its token is of. */
  readonly key: string
  readonly clientId: string | undefined
  /** Undefined while the client is disconnected and may resume. */
  readonly address: string | undefined
  readonly since: number
  readonly secure: boolean
  readonly channels: readonly string[]
}

export type LiveConnection = CommonsConnection | AppConnection

/** The connections of apps. The protocol that holds them implements this. */
export interface AppConnections {
  of(appId: string): Iterable<Omit<AppConnection, 'protocol'>>
  countOf(appId: string): number
  /** Those of them that are disconnected and may still resume. */
  awayOf(appId: string): number
  byId(appId: string, id: string): Omit<AppConnection, 'protocol'> | undefined
  /** @returns whether there was such a connection */
  disconnect(appId: string, id: string): boolean
}

export function commonsChannelView(
  channel: Channel,
  facts: ChannelFacts,
  now: number,
): LiveChannel {
  const [first] = membershipsHere(channel)
  return {
    name: withoutSecrets(channel.ref.name),
    appId: undefined,
    members: channel.joinedSize,
    occupancy: undefined,
    rate: channel.meter.rate(now),
    since: channel.since,
    rule: first?.because.rule ?? 'open',
    ...reservationView(facts),
  }
}

/** @param shared the rule for clients of the commons, on a linked channel */
export function appChannelView(
  channel: Channel,
  shared: { readonly rule: string; readonly facts: ChannelFacts } | undefined,
  now: number,
): LiveChannel {
  return {
    name: withoutSecrets(channel.ref.name),
    appId: channel.ref.realm,
    members: channel.attachments.size,
    occupancy: channel.occupancy,
    rate: channel.meter.rate(now),
    since: channel.since,
    rule: shared?.rule ?? 'app',
    ...reservationView(shared?.facts),
  }
}

function reservationView(
  facts: ChannelFacts | undefined,
): Pick<LiveChannel, 'namespace' | 'hasJoinKey' | 'hasSendKey'> {
  const keys = facts?.match?.best.keys ?? facts?.ephemeral ?? {}
  return {
    namespace: facts?.match?.best.namespace,
    hasJoinKey: keys.join !== undefined,
    hasSendKey: keys.send !== undefined,
  }
}

/** @param idPrefix of ids on this node */
export function connectionView(membership: Membership, idPrefix = ''): CommonsConnection {
  return {
    id: connectionId(membership, idPrefix),
    protocol: 'itty',
    channel: membership.channel.ref.name,
    uid: membership.member.connectionId,
    alias: membership.member.clientId,
    address: membership.socket.address,
    since: membership.since,
    maySend: membership.maySend,
    rule: membership.because.rule,
  }
}

/** Hides secrets that a client has put in the place of a name. */
export function shownConnection(connection: CommonsConnection): CommonsConnection
export function shownConnection(connection: LiveConnection): LiveConnection
export function shownConnection(connection: LiveConnection): LiveConnection {
  if (connection.protocol === 'itty') {
    const { alias, channel } = connection
    return { ...connection, channel: withoutSecrets(channel), alias: shownName(alias) }
  }
  const { channels, clientId } = connection
  return { ...connection, channels: channels.map(withoutSecrets), clientId: shownName(clientId) }
}

function shownName(name: string | undefined): string | undefined {
  return name === undefined ? undefined : withoutSecrets(name)
}

export function connectionId({ socket }: Membership, idPrefix: string): string {
  return `${idPrefix}${socket.id.toString(36)}`
}

/** The text that a search in connections matches. */
export function wordsOf(connection: LiveConnection): string {
  const own =
    connection.protocol === 'itty'
      ? [connection.channel, connection.uid, connection.alias]
      : [connection.clientId, connection.key, ...connection.channels]
  return [connection.id, connection.address, ...own].join('\n').toLowerCase()
}
