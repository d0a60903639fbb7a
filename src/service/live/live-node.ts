/** Channels and connections of this node, as it answers about them to all nodes. */
import type { Handlers } from '../../cluster/handlers.ts'
import type { Channel } from '../../core/channel/channel.ts'
import type { Clock } from '../../core/clock.ts'
import type { Commons } from '../../core/commons/commons.ts'
import { membershipsHere } from '../../core/commons/membership.ts'
import { type Listing, firstOf } from '../../core/first-of.ts'
import type { Registry } from '../../core/registry/registry.ts'
import { COMMONS, channelRef } from '../../core/types.ts'
import { linkedApp } from '../../policy/names.ts'
import type { LiveRights } from './live-rights.ts'
import { newestFirst } from './live-merging.ts'
import {
  CHANNEL,
  CHANNELS,
  CONNECTIONS,
  type ChannelName,
  type ChannelSearch,
  type ConnectionSearch,
  DISCONNECT,
  DISCONNECT_CHANNEL,
  type EndedConnection,
  FIGURES,
  IN_USE,
  type LiveFigures,
  type NodeChannel,
  type Viewed,
} from './live-questions.ts'
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

export interface LiveNodeParts {
  readonly rights: LiveRights
  readonly commons: Commons
  readonly registry: Registry
  readonly connections: AppConnections
  /** Of the ids of connections of the commons. */
  readonly idPrefix: string
  /** Open connections of an app, event streams included, or of the commons, as statistics count them. */
  readonly openOf: (realm: string) => number
  readonly clock: Clock
  readonly conceal: Conceal
}

export class LiveNode {
  readonly #parts: LiveNodeParts

  constructor(parts: LiveNodeParts) {
    this.#parts = parts
  }

  answerTo(handlers: Handlers): void {
    handlers.answer(CHANNELS, (question) => this.#listChannels(question))
    handlers.answer(CHANNEL, (question) => this.#channel(question))
    handlers.answer(IN_USE, (names) => this.#inUse(names))
    handlers.answer(FIGURES, (question) => this.#figures(question))
    handlers.answer(CONNECTIONS, (question) => this.#listConnections(question))
    handlers.answer(DISCONNECT, (question) => this.#evict(question) ?? this.#expel(question))
    handlers.answer(DISCONNECT_CHANNEL, (question) => this.#disconnectChannel(question))
  }

  #listChannels({ limit, text = '', viewer }: Viewed & ChannelSearch): Listing<NodeChannel> {
    const { items, total } = firstOf(
      this.#channels(viewer, text.toLowerCase()),
      fullestFirst,
      limit,
    )
    return { total, items: items.map((channel) => this.#view(channel)) }
  }

  #channel({ name, realm, viewer }: Viewed & ChannelName): NodeChannel | null {
    const ref = channelRef(realm, name)
    const found = this.#parts.registry.channel(ref)
    return found && this.#parts.rights.maySee(viewer, ref) ? this.#view(found) : null
  }

  #inUse(names: readonly ChannelName[]): readonly number[] {
    const { registry } = this.#parts
    const found: number[] = []
    for (const [place, { name, realm }] of names.entries())
      if (registry.channel(channelRef(realm, name))) found.push(place)
    return found
  }

  #figures({ viewer }: Viewed): LiveFigures {
    const { clock, connections, openOf, rights } = this.#parts
    const now = clock.now()
    const figures = { channels: 0, connections: 0, streams: 0, away: 0, rate: 0 }
    for (const channel of this.#channels(viewer, '')) {
      figures.channels++
      figures.rate += channel.meter.rate(now)
    }
    figures.connections += viewer === undefined ? openOf(COMMONS) : this.#membersFor(viewer)
    for (const id of rights.appIds(viewer)) {
      const away = connections.awayOf(id)
      const open = openOf(id)
      figures.away += away
      figures.connections += open
      figures.streams += Math.max(0, open - (connections.countOf(id) - away))
    }
    return figures
  }

  #membersFor(viewer: Viewed['viewer']): number {
    let members = 0
    for (const channel of this.#parts.registry.withMembers())
      if (this.#parts.rights.maySee(viewer, channel.ref))
        for (const _ of membershipsHere(channel)) members++
    return members
  }

  #listConnections(question: Viewed & ConnectionSearch): Listing<LiveConnection> {
    const { limit, text = '' } = question
    const wanted = text.toLowerCase()
    const all = this.#connections(question)
    const fitting = wanted === '' ? all : all.filter((one) => wordsOf(one).includes(wanted))
    const { items, total } = firstOf(fitting, newestFirst, limit)
    return { items: items.map((one) => this.#shown(one)), total }
  }

  #disconnectChannel({ name, realm, viewer }: Viewed & ChannelName): number {
    const ref = channelRef(realm, name)
    const { commons, connections, registry, rights } = this.#parts
    const channel = rights.maySee(viewer, ref) ? registry.channel(ref) : undefined
    if (!channel) return 0
    const guests = [...membershipsHere(channel)]
    for (const membership of guests) commons.evict(membership, 'disconnected')
    const ids = new Set(Array.from(channel.attachments, ({ connectionId: id }) => id))
    const clients = [...ids].filter((id) => connections.disconnect(realm, id))
    return guests.length + clients.length
  }

  *#channels(viewer: Viewed['viewer'], text: string): Iterable<Channel> {
    const { registry } = this.#parts
    const isWanted = ({ ref }: Channel) => text === '' || ref.name.toLowerCase().includes(text)
    for (const channel of registry.channels(COMMONS).values())
      if (isWanted(channel) && this.#parts.rights.maySee(viewer, channel.ref)) yield channel
    for (const appId of this.#parts.rights.appIds(viewer))
      for (const channel of registry.channels(appId).values()) if (isWanted(channel)) yield channel
  }

  *#connections({
    appId,
    channel: name,
    viewer,
  }: Viewed & ConnectionSearch): Generator<LiveConnection> {
    const { connections, idPrefix, registry, rights } = this.#parts
    for (const channel of registry.withMembers()) {
      const { ref } = channel
      if (name !== undefined && ref.name !== name) continue
      if (appId !== undefined && ref.realm !== appId) continue
      if (!rights.maySee(viewer, ref)) continue
      for (const membership of membershipsHere(channel)) yield connectionView(membership, idPrefix)
    }
    for (const id of rights.appIds(viewer)) {
      if (appId !== undefined && id !== appId) continue
      for (const one of connections.of(id)) {
        if (name === undefined || one.channels.includes(name)) yield { ...one, protocol: 'ably' }
      }
    }
  }

  #view(channel: Channel): NodeChannel {
    return { key: channel.key, view: this.#channelView(channel) }
  }

  #channelView(channel: Channel): LiveChannel {
    const { clock, rights } = this.#parts
    const now = clock.now()
    const facts = rights.factsOf(channel.ref)
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

  #evict({ id, viewer }: Viewed & { readonly id: string }): EndedConnection | null {
    const { commons, idPrefix, registry, rights } = this.#parts
    if (!id.startsWith(idPrefix)) return null
    for (const channel of registry.withMembers()) {
      for (const membership of membershipsHere(channel)) {
        if (connectionId(membership, idPrefix) !== id) continue
        if (!rights.maySee(viewer, channel.ref)) return null
        const view = connectionView(membership, idPrefix)
        commons.evict(membership, 'disconnected')
        const { name, realm } = channel.ref
        const words = `${view.alias ?? view.uid} on ${view.channel}`
        return { view: this.#shown(view), channel: { realm, name }, words }
      }
    }
    return null
  }

  #expel({ id, viewer }: Viewed & { readonly id: string }): EndedConnection | null {
    const { connections, rights } = this.#parts
    for (const appId of rights.appIds(viewer)) {
      const found = connections.byId(appId, id)
      if (!found || !connections.disconnect(appId, id)) continue
      const words = `${found.clientId ?? id} of ${found.key}`
      const view = this.#shown({ ...found, protocol: 'ably' })
      return { view, channel: { realm: appId, name: '' }, words }
    }
    return null
  }
}

function fullestFirst(a: Channel, b: Channel): number {
  return b.readers - a.readers || (a.ref.name < b.ref.name ? -1 : 1)
}
