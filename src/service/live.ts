/** What happens on the server right now: channels, connections, and who may join what. */
import { type Attachment, type Channel } from '../core/channel.ts'
import type { Hub } from '../core/hub.ts'
import { COMMONS, channelRef } from '../core/types.ts'
import { type Result, fail, ok } from '../failure.ts'
import type { ChannelFacts, CommonsRules, Verdict } from '../policy/channel-access.ts'
import { decideJoin } from '../policy/channel-access.ts'
import type { Keys } from '../policy/keys.ts'
import type { Account } from './accounts.ts'

export interface LiveChannel {
  readonly name: string
  readonly members: number
  readonly since: number
  readonly rule: string
  /** The reserved namespace that covers it. */
  readonly namespace: string | undefined
  readonly hasJoinKey: boolean
  readonly hasSendKey: boolean
}

export interface LiveConnection {
  readonly id: string
  readonly protocol: string
  readonly channel: string
  readonly uid: string
  readonly alias: string | undefined
  readonly address: string
  readonly since: number
  readonly maySend: boolean
  readonly rule: string
}

/** Why somebody with these keys could or could not join and send. */
export interface Explanation {
  readonly channel: string
  readonly join: boolean
  readonly send: boolean
  readonly rule: string
  readonly namespace: string | undefined
  readonly overrides: string | undefined
  readonly detail: string
  /** The smallest change that would allow more; undefined where everything is allowed. */
  readonly advice: string | undefined
  /** Whether a server answered that knows who is on the channel now. */
  readonly live: boolean
}

export class LiveService {
  readonly #hub: Hub
  readonly #rules: CommonsRules

  constructor(hub: Hub, rules: CommonsRules) {
    this.#hub = hub
    this.#rules = rules
  }

  /** @param account sees only channels under its own reservations; the owner (undefined) sees all */
  channels(account: Account | undefined): LiveChannel[] {
    return [...this.#hub.channels.values()]
      .map((channel) => this.#describe(channel))
      .filter(({ owner }) => account === undefined || owner === account.id)
      .map(({ view }) => view)
      .toSorted((a, b) => b.members - a.members || (a.name < b.name ? -1 : 1))
  }

  connections(account: Account | undefined, channelName: string | undefined): LiveConnection[] {
    const views: LiveConnection[] = []
    for (const channel of this.#hub.channels.values()) {
      if (channelName !== undefined && channel.ref.name !== channelName) continue
      if (account !== undefined && this.#describe(channel).owner !== account.id) continue
      for (const attachment of channel.attachments.values()) views.push(connectionView(attachment))
    }
    return views
  }

  /** Disconnects one connection by its id. */
  disconnect(account: Account | undefined, id: string): Result<LiveConnection> {
    for (const channel of this.#hub.channels.values()) {
      for (const attachment of channel.attachments.values()) {
        if (connectionId(attachment) !== id) continue
        if (account !== undefined && this.#describe(channel).owner !== account.id) break
        const view = connectionView(attachment)
        this.#hub.evict(attachment, 'disconnected')
        return ok(view)
      }
    }
    return fail('connection_unknown')
  }

  /** Disconnects everybody on a channel; returns how many there were. */
  disconnectChannel(account: Account | undefined, name: string): number {
    const channel = this.#hub.channel(channelRef(COMMONS, name))
    if (!channel) return 0
    if (account !== undefined && this.#describe(channel).owner !== account.id) return 0
    const attachments = [...channel.attachments.values()]
    for (const attachment of attachments) this.#hub.evict(attachment, 'disconnected')
    return attachments.length
  }

  explain(name: string, presented: Keys): Explanation {
    return explain(name, presented, this.#hub.facts(channelRef(COMMONS, name)), this.#rules, true)
  }

  /** The account whose reservation covers a channel. */
  ownerOf(name: string): string | undefined {
    return this.#hub.facts(channelRef(COMMONS, name)).match?.best.accountId
  }

  #describe(channel: Channel): { view: LiveChannel; owner: string | undefined } {
    const { match, ephemeral } = this.#hub.facts(channel.ref)
    const keys = match?.best.keys ?? ephemeral ?? {}
    const first = channel.attachments.values().next().value
    return {
      owner: match?.best.accountId,
      view: {
        name: channel.ref.name,
        members: channel.total,
        since: channel.since,
        rule: first?.because.rule ?? 'open',
        namespace: match?.best.namespace,
        hasJoinKey: keys.join !== undefined,
        hasSendKey: keys.send !== undefined,
      },
    }
  }
}

/** The policy's decision in words; `live` is false where nobody knows who is on the channel. */
export function explain(
  channel: string,
  presented: Keys,
  facts: ChannelFacts,
  rules: CommonsRules,
  live: boolean,
): Explanation {
  const verdict: Verdict = decideJoin(presented, facts, rules)
  const { rule, reservation, overrides, detail } = verdict.because
  return {
    channel,
    join: verdict.join,
    send: verdict.join && verdict.send,
    rule,
    namespace: reservation?.namespace,
    overrides: overrides?.namespace,
    detail,
    advice: adviceOf(verdict, presented),
    live,
  }
}

function adviceOf(verdict: Verdict, presented: Keys): string | undefined {
  if (verdict.join && verdict.send) return undefined
  const { rule, reservation } = verdict.because
  if (rule === 'closed') return 'reserve a name that covers the channel, or allow open channels'
  const failure = verdict.join ? 'send_key_required' : verdict.failure
  if (failure === 'keys_refused') return 'leave out the key that the channel does not ask for'
  const kind = failure === 'join_refused' ? 'join' : 'send'
  const bring = presented[kind] ? `bring the right ${kind} key` : `bring the ${kind} key`
  return reservation
    ? `${bring}, or take the ${kind} key of ${reservation.namespace} away`
    : `${bring} of whoever was first on the channel`
}

function connectionId({ socket }: Attachment): string {
  return socket.id.toString(36)
}

/** A connection as operators see it. */
export function connectionView(attachment: Attachment): LiveConnection {
  return {
    id: connectionId(attachment),
    protocol: attachment.group.format.protocol,
    channel: attachment.channel.ref.name,
    uid: attachment.member.connectionId,
    alias: attachment.member.clientId,
    address: attachment.socket.address,
    since: attachment.since,
    maySend: attachment.maySend,
    rule: attachment.because.rule,
  }
}
