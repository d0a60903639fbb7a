/** Channels and connections of both kinds as they are now: listed, explained and disconnected, as far as an account may. */
import type { Registry } from '../../core/registry/registry.ts'
import type { Channel } from '../../core/channel/channel.ts'
import type { Clock } from '../../core/clock.ts'
import { type Listing, firstOf } from '../../core/first-of.ts'
import type { CommonsAdmission } from '../../core/commons/admission.ts'
import type { Commons } from '../../core/commons/commons.ts'
import { membershipsHere } from '../../core/commons/membership.ts'
import { COMMONS, type ChannelRef, channelRef } from '../../core/types.ts'
import { type Result, fail, ok } from '../../failure.ts'
import type { CommonsRules } from '../../policy/channel-access.ts'
import type { Keys } from '../../policy/channel-keys.ts'
import { linkedApp } from '../../policy/names.ts'
import { type Explanation, explain, withoutGuests } from '../explanations/access-explanation.ts'
import type { Account, AccountService } from '../accounts/accounts.ts'
import type { AppService } from '../apps/apps.ts'
import type { AuditService } from '../audit/audit.ts'
import {
  type AppConnections,
  type LiveChannel,
  type LiveConnection,
  appChannelView,
  commonsChannelView,
  connectionId,
  connectionView,
  shownConnection,
  wordsOf,
} from './live-views.ts'
import type { Conceal } from './misplaced-keys.ts'

export type { Listing } from '../../core/first-of.ts'

export interface LiveParts {
  readonly admission: CommonsAdmission
  readonly commons: Commons
  readonly registry: Registry
  readonly rules: CommonsRules
  readonly connections: AppConnections
  /** Open connections of an app, event streams included, as its statistics count them. */
  readonly openOf: (appId: string) => number
  readonly accounts: AccountService
  readonly apps: AppService
  readonly audit: AuditService
  readonly clock: Clock
  readonly conceal: Conceal
}

export interface ChannelSearch {
  /** Part of the name. */
  readonly text?: string | undefined
  readonly limit?: number | undefined
}

export interface ConnectionSearch extends ChannelSearch {
  /** Only connections on the channel of this name. `text` matches part of anything else known of a connection. */
  readonly channel?: string | undefined
  /** Only those of this app. */
  readonly appId?: string | undefined
}

export interface LiveFigures {
  readonly channels: number
  /** Open connections, as statistics count them. */
  readonly connections: number
  /** Those of them that are event streams of apps, which are in no list of connections. */
  readonly streams: number
  /** Connections that are disconnected and may still resume. */
  readonly away: number
  /** Messages a second, lately. */
  readonly rate: number
}

export class LiveService {
  readonly #parts: LiveParts

  constructor(parts: LiveParts) {
    this.#parts = parts
  }

  /**
   * Channels in use, the fullest first.
   * @param account sees only its apps' channels and those under its own reservations; the owner (undefined) sees all
   */
  channels(
    account: Account | undefined,
    { text = '', limit }: ChannelSearch = {},
  ): Listing<LiveChannel> {
    const wanted = text.toLowerCase()
    const found = firstOf(this.#channels(account, wanted), fullestFirst, limit)
    return { total: found.total, items: found.items.map((channel) => this.#view(channel)) }
  }

  /** Totals of everything that the account may see. */
  figures(account: Account | undefined): LiveFigures {
    const { clock, connections } = this.#parts
    const now = clock.elapsed()
    const figures = { channels: 0, connections: 0, streams: 0, away: 0, rate: 0 }
    for (const channel of this.#channels(account, '')) {
      figures.channels++
      figures.rate += channel.meter.rate(now)
    }
    for (const channel of this.#parts.registry.withMembers())
      if (this.maySee(account, channel.ref)) figures.connections += channel.joinedSize
    for (const id of this.#appIds(account)) {
      const away = connections.awayOf(id)
      const open = this.#parts.openOf(id)
      figures.away += away
      figures.connections += open
      figures.streams += Math.max(0, open - (connections.countOf(id) - away))
    }
    return figures
  }

  /** A channel in use, if the account may see it. */
  channel(account: Account | undefined, ref: ChannelRef): LiveChannel | undefined {
    const found = this.#parts.registry.channel(ref)
    return found && this.maySee(account, ref) ? this.#view(found) : undefined
  }

  /** The newest first. */
  connections(
    account: Account | undefined,
    { text = '', channel, appId, limit }: ConnectionSearch = {},
  ): Listing<LiveConnection> {
    const wanted = text.toLowerCase()
    const all = this.#connections(account, channel, appId)
    const fitting = wanted === '' ? all : all.filter((one) => wordsOf(one).includes(wanted))
    const { items, total } = firstOf(fitting, newestFirst, limit)
    return { items: items.map((one) => this.#shown(one)), total }
  }

  /** Disconnects one connection by its id. */
  disconnect(account: Account | undefined, id: string): Result<LiveConnection> {
    const found = this.#evict(account, id) ?? this.#expel(account, id)
    return found ? ok(this.#shown(found)) : fail('connection_unknown')
  }

  /** Disconnects everybody on a channel; returns how many there were. */
  disconnectChannel(account: Account | undefined, ref: ChannelRef): number {
    if (!this.maySee(account, ref)) return 0
    const { registry, commons, connections } = this.#parts
    const channel = registry.channel(ref)
    if (!channel) return 0
    const guests = [...membershipsHere(channel)]
    for (const membership of guests) commons.evict(membership, 'disconnected')
    const ids = new Set(Array.from(channel.attachments, ({ connectionId: id }) => id))
    const clients = [...ids].filter((id) => connections.disconnect(ref.realm, id))
    const count = guests.length + clients.length
    if (count > 0) this.#note(ref, 'channel', ref.name, `all ${count} on ${ref.name}`)
    return count
  }

  explain(name: string, presented: Keys): Explanation {
    const { admission, rules } = this.#parts
    const ref = admission.refOf(name)
    const explained = explain(name, presented, admission.facts(ref), rules)
    const explanation = { ...explained, live: true }
    const why = explanation.join ? admission.guestRefusal(ref, true) : undefined
    if (why) return withoutGuests(explanation, why)
    const isOpen = !explanation.join || admission.guestRefusal(ref, false) === undefined
    return isOpen ? explanation : { ...explanation, detail: `${explanation.detail}, over TLS only` }
  }

  /** The account whose reservation covers a channel of the commons. */
  ownerOf(name: string): string | undefined {
    return this.#parts.admission.facts(channelRef(COMMONS, name)).match?.best.accountId
  }

  /** The channel of an app where one is named, otherwise the channel that a client of the commons would reach. */
  refOf(name: string, appId: string | undefined): ChannelRef {
    return appId === undefined ? this.#parts.admission.refOf(name) : channelRef(appId, name)
  }

  /** Whether an account may see what happens on a channel, be it in use or not. */
  maySee(account: Account | undefined, { realm, name }: ChannelRef): boolean {
    if (account === undefined) return true
    if (realm === COMMONS) return this.ownerOf(name) === account.id
    const app = this.#parts.apps.find(realm)
    return app.ok && app.value.accountId === account.id
  }

  *#channels(account: Account | undefined, text: string): Iterable<Channel> {
    const { registry } = this.#parts
    const isWanted = ({ ref }: Channel) => text === '' || ref.name.toLowerCase().includes(text)
    for (const channel of registry.channels(COMMONS).values())
      if (isWanted(channel) && this.maySee(account, channel.ref)) yield channel
    for (const appId of this.#appIds(account))
      for (const channel of registry.channels(appId).values()) if (isWanted(channel)) yield channel
  }

  *#connections(
    account: Account | undefined,
    name: string | undefined,
    appId: string | undefined,
  ): Generator<LiveConnection> {
    const { registry, connections } = this.#parts
    for (const channel of registry.withMembers()) {
      const { ref } = channel
      if (name !== undefined && ref.name !== name) continue
      if (appId !== undefined && ref.realm !== appId) continue
      if (!this.maySee(account, ref)) continue
      for (const membership of membershipsHere(channel)) yield connectionView(membership)
    }
    for (const id of this.#appIds(account)) {
      if (appId !== undefined && id !== appId) continue
      for (const one of connections.of(id)) {
        if (name === undefined || one.channels.includes(name)) yield { ...one, protocol: 'ably' }
      }
    }
  }

  #appIds(account: Account | undefined): string[] {
    return this.#parts.apps.list(account).map(({ id }) => id)
  }

  #view(channel: Channel): LiveChannel {
    const { admission, clock } = this.#parts
    const now = clock.elapsed()
    const facts = admission.facts(channel.ref)
    if (channel.ref.realm === COMMONS) {
      const view = commonsChannelView(channel, facts, now)
      return { ...view, name: this.#parts.conceal(view.name, channel.ref.name) }
    }
    const [guest] = membershipsHere(channel)
    const { name, realm } = channel.ref
    const isShared = linkedApp(facts.match?.best, name) === realm
    const shared = isShared ? { rule: guest?.because.rule ?? 'parent', facts } : undefined
    return appChannelView(channel, shared, now)
  }

  /** Without secrets. */
  #shown(connection: LiveConnection): LiveConnection {
    const shown = shownConnection(connection)
    if (connection.protocol !== 'itty' || shown.protocol !== 'itty') return shown
    const { conceal } = this.#parts
    return {
      ...shown,
      channel: conceal(shown.channel, connection.channel),
      alias: shown.alias && conceal(shown.alias, connection.channel),
    }
  }

  #evict(account: Account | undefined, id: string): LiveConnection | undefined {
    const { registry, commons } = this.#parts
    for (const channel of registry.withMembers()) {
      for (const membership of membershipsHere(channel)) {
        if (connectionId(membership) !== id) continue
        if (!this.maySee(account, channel.ref)) return undefined
        const view = connectionView(membership)
        commons.evict(membership, 'disconnected')
        this.#note(channel.ref, 'connection', id, `${view.alias ?? view.uid} on ${view.channel}`)
        return view
      }
    }
    return undefined
  }

  #expel(account: Account | undefined, id: string): LiveConnection | undefined {
    const { connections } = this.#parts
    for (const appId of this.#appIds(account)) {
      const found = connections.byId(appId, id)
      if (!found || !connections.disconnect(appId, id)) continue
      this.#note(channelRef(appId, ''), 'connection', id, `${found.clientId ?? id} of ${found.key}`)
      return { ...found, protocol: 'ably' }
    }
    return undefined
  }

  #note(ref: ChannelRef, kind: 'channel' | 'connection', id: string, name: string): void {
    this.#parts.audit.record({
      action: 'disconnect',
      kind,
      id: this.told(id, ref),
      name: this.told(name, ref),
      accountId: this.accountOf(ref),
    })
  }

  /** Hides the keys of a channel in a text about it. */
  told(text: string, { name }: ChannelRef): string {
    return this.#parts.conceal(text, name)
  }

  /** Id of the account that a channel belongs to; the owner account for an open one. */
  accountOf({ realm, name }: ChannelRef): string {
    const { accounts, apps } = this.#parts
    const app = realm === COMMONS ? undefined : apps.find(realm)
    const owner = app?.ok ? app.value.accountId : this.ownerOf(name)
    return owner ?? accounts.ensureOwner().id
  }
}

function fullestFirst(a: Channel, b: Channel): number {
  return b.readers - a.readers || (a.ref.name < b.ref.name ? -1 : 1)
}

function newestFirst(a: LiveConnection, b: LiveConnection): number {
  return b.since - a.since
}
